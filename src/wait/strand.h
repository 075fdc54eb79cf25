/* Strands: what can wait. A strand is a thread of control: a plain thread, or a started task. Whatever waits in bide is a
 * strand that parks; whatever wakes it fires.
 *
 * A wait, on any number of things (the lists are the things' own, each under its thing's lock):
 *
 *   W1 look     ready already? done, no lock taken
 *   W2 enlist   lock the thing, look again, append a waiter, unlock
 *   W3 park     until fired, asked to stop, or the deadline, as far as the reasons given say
 *   W4 leave    unless a single waiter has fired: for each thing lock, unlink the waiter if listed, unlock; then park, for
 *               fires only, until as many have fired as were enlisted and not unlinked. If any has: it is ready
 *
 * A wake: lock the thing, detach the waiters, unlock; then for each read `next`, fire, and never touch it again.
 *
 * The strand's word holds a count of fires, whether it was asked to stop or is late, whether it is parked and which reasons
 * end that. It counts fires because a wait on n things has n waiters, and may only return when the last that was detached
 * has fired: until then somebody still holds a pointer into its stack.
 *
 *   F1 fire     one read-modify-write: count + 1, and if the strand is parked and a fire ends that, take PARKED. Who does
 *               not take it has touched the strand for the last time
 *   F2 unpark   only by the one that took PARKED, so once for each time parked; the strand stays until that is over
 *
 * Ready wins ties. When the wait is over the count and LATE are cleared, STOP only if it is the reason reported: a request
 * that was not reported is there for the next wait. */
#ifndef WAIT_STRAND_H
#define WAIT_STRAND_H

#include "base/atomic.h"
#include "base/list.h"

#include <bide/base.h>
#include <bide/future.h>

/* The reasons a park can end for. */
#define FIRED ((word)1)
#define STOP ((word)2)
#define LATE ((word)4)

struct lookout;
struct runner;
struct strand;

struct strand_operations {
    /* Set PARKED in the word, seen as given, with these reasons; wait until someone has taken it, at the latest at the
     * deadline, when LATE is set. If the word is not as seen any more: return. */
    void (*park)(struct strand *self, word seen, word reasons, bide_time deadline);
    /* For who took PARKED: let it go on. */
    void (*unpark)(struct strand *strand);
    /* Let others run. */
    void (*yield)(struct strand *self);
    /* Before the first park of a task: let those find the strand who ask it to stop. */
    void (*publish)(struct strand *self);
    /* Has it been asked to stop, and not been told? */
    bool (*stop_is_due)(struct strand *self);
    /* Tell it: false if that was not so; else clear STOP, and what else says so. */
    bool (*deliver_stop)(struct strand *self);
};

struct strand {
    atomic_word word;
    const struct strand_operations *operations;
    struct parker *parker; /* where its thread sleeps; valid while PARKED is set */
    bide_future *future;   /* the task's; NULL: a plain thread */
    struct runner *runner; /* the task's pool; NULL: a plain thread */
    struct strand *below;  /* the task on whose stack, in whose wait, this one runs; or NULL */
    unsigned passes;       /* waits since the last park that found ready at once */
    unsigned shields;      /* within a child that it has forked: no request ends a wait there */
    bool published;
    const void *spawns_into; /* a group, for as long as the child is not in it */
    word heard;              /* how many of the closes that ask all tasks to stop it has heard of */
};

/* A place in somebody's list, on the waiting strand's stack or in what waits on its behalf. `fire` is called once, by
 * who has detached the waiter, without the thing's lock. It is bounded: it may push on a list under a short lock; it may not
 * wait, allocate, or call what a user wrote. */
struct waiter {
    struct link link; /* first, so that a chain of links is a chain of waiters */
    void (*fire)(struct waiter *self);
    union {
        struct strand *strand;
        void *owner; /* of one that does not fire a strand: its own affair */
    };
};

/* The calling task; NULL: a plain thread. */
extern _Thread_local struct strand *strand_task;

/* The calling strand, and who is to be it: NULL means the plain thread itself. */
struct strand *strand_thread(void);

static inline struct strand *strand_current(void)
{
    return strand_task ? strand_task : strand_thread();
}

static inline void strand_set_current(struct strand *task)
{
    strand_task = task;
}

void strand_init(struct strand *strand, const struct strand_operations *operations);

/* Is it the strand itself, or one beneath it on the same stack? What these wait for, or hold, waits for the strand. */
static inline bool strand_stands_on(const struct strand *self, const struct strand *strand)
{
    while (self && self != strand)
        self = self->below;
    return self != NULL;
}

/* When the calling thread parks it sleeps at once, instead of looking for a moment first: it has looked. */
void strand_be_impatient(void);

/* Where the calling thread sleeps from now on when it parks for no longer than to a deadline. That it sees something there is to
 * be late. NULL: where it does without. */
void strand_sleep_at(struct lookout *lookout);

/* May the calling thread wait? Not within a callback. */
bool strand_may_wait(void);

/* Around what a user wrote and must not wait in: a callback. It runs as the plain thread, not as the task. */
struct strand_excursion {
    struct strand *strand;
    bool may_wait;
};
struct strand_excursion strand_leave(void);
void strand_return(struct strand_excursion excursion);

/* A waiter that fires the calling strand. */
void waiter_init(struct waiter *waiter, struct strand *strand);

/* Fire all of a chain that was detached. */
void waiters_fire(struct link *chain);

/* Ask a strand to stop. The caller sees to it that it stays (see future.c). */
void strand_stop(struct strand *strand);

/* W3. Which of the reasons have come; at least one. */
word strand_park(struct strand *self, word reasons, bide_time deadline);

/* Has it been asked to stop, and is to be told by the next wait? */
bool strand_stop_is_due(struct strand *self);

/* Tell it: false if that was not so. */
bool strand_deliver_stop(struct strand *self);

/* W4 for one waiter that was detached and has not fired. */
void strand_await_fire(struct strand *self);

/* A wait has found ready at once. A task that finds nothing else lets others run now and then. */
void strand_pass(void);

/* A wait has ended for these reasons, after W4. 0, ECANCELED or ETIMEDOUT. */
int strand_end_wait(struct strand *self, word ended);

/* The same, but the request to stop stays for the next wait. */
int strand_end_wait_keeping_stop(struct strand *self, word ended);

/* A look that found nothing ready: ECANCELED, delivered, or ETIMEDOUT. */
int strand_poll(struct strand *self);

/* For park operations. Set PARKED, and the reasons that end it; false: the word is not as seen any more. */
bool strand_set_parked(struct strand *self, word seen, word reasons);

/* For park operations. The deadline has passed: take PARKED and set LATE; false: a waker took it before. */
bool strand_take_back(struct strand *self);

/* The operations by which a thread sleeps, for those of a task that keeps its worker. */
void thread_yield(struct strand *self);
void thread_park(struct strand *self, word seen, word reasons, bide_time deadline);
void thread_unpark(struct strand *strand);

#endif
