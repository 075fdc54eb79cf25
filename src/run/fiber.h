/* Fibers: what the tasks of a parking pool run on. Each worker has its own; a fiber, and so a started task, never leaves its
 * thread, and no other thread touches a stack.
 *
 * Every fiber runs the worker's loop, and the loop calls each task as a plain function: a task that never waits costs no
 * switch and no stack. When a task waits, its fiber is left where it is, and another one goes on with the loop.
 *
 *   running   the one that the thread is on
 *   spare     in its loop, where it left it for a fiber that was ready
 *   parked    in a task that waits; known to the task's strand only
 *   ready     in a task whose wait has ended
 *
 * While a task runs there is a spare one, so that parking never has to make one.
 *
 *   K1 timer    list the deadline
 *   K2 parked   set PARKED in the strand's word, unless something has come
 *   K3 switch   to a fiber that is ready, or to a spare one. Whoever takes PARKED after K2 makes this one ready; only its own
 *               thread switches to it, so nobody can before K3 is over
 *   K4 back     take the timer out, unless it was what ended the park
 *
 * A task that waits for one that has not started calls it on the stack of a spare fiber, below the loop that is left there.
 * When it has ended it returns, and when it waits its fiber switches back, and goes on with the loop in the end: a task that
 * never waits costs its parent a call, and nobody has to be woken. */
#ifndef RUN_FIBER_H
#define RUN_FIBER_H

#include "base/context.h"
#include "base/heap.h"
#include "base/list.h"
#include "base/lookout.h"
#include "base/stack.h"
#include "base/thread.h"
#include "wait/strand.h"

#define QUEUE_ROUND 61 /* every so many rounds the queue comes first; prime, so that no pattern keeps step with it */

struct fibers {
    struct stacks stacks;
    struct context root; /* the thread's own stack */
    struct fiber *running;
    struct list ready, spare;
    struct link *yielded; /* goes behind all that are ready */
    size_t spares;
    struct heap timers;               /* of parked ones; has room for all there are */
    struct lookout *lookout;          /* where descriptors are watched that tasks wait for; NULL: none has yet */
    size_t made;                      /* fibers there are */
    unsigned rounds;                  /* switches, to look at the queue now and then though some are ready */
    atomic_word mail;                 /* not 0: others have made some ready, that are not in `ready` yet */
    bool to_queue;                    /* the next look is at the queue, not at who is ready */
    const struct thread_state *clean; /* what every task finds */
    struct stretch *stretch;
    void (*loop)(void *arg); /* never returns */
    void *arg;
};

/* Make the first two. false: no memory. */
bool fibers_begin(struct fibers *fibers, size_t stack_size, const struct thread_state *clean, struct stretch *stretch);

/* On the thread's own stack: run loop(arg) on a fiber until it calls fibers_leave(). */
void fibers_enter(struct fibers *fibers, void (*loop)(void *arg), void *arg);

/* On a fiber: go back to fibers_enter(). */
void fibers_leave(struct fibers *fibers);

/* On the thread's own stack, with none parked. */
void fibers_end(struct fibers *fibers);

/* In a child, which does not have the thread: free what there is of them. */
void fibers_forget(struct fibers *fibers);

/* See to it that there are so many spare ones; false: no memory. */
bool fibers_reserve(struct fibers *fibers, size_t count);
bool fibers_reserve_in_task(struct fibers *fibers, size_t count);

/* In the loop: go on with those that are ready until there are none, or there is mail, or, then true, it is time to look at the
 * queue. */
bool fibers_resume(struct fibers *fibers);

/* Is there one to go on with, or mail? */
bool fibers_are_wanted(const struct fibers *fibers);

/* In the loop, when nobody can add to the mail: those that others have made ready are, and behind them who has yielded. */
void fibers_admit(struct fibers *fibers, struct list *mail);

/* The first deadline of those that are parked. */
bide_time fibers_first_time(const struct fibers *fibers);

/* A parked one, whose strand's PARKED was taken, is ready. On its own thread. */
void fiber_make_ready(struct link *link);

/* In a task: park the running fiber with the task's strand on it, as strand_operations say. */
void fiber_park(struct fibers *fibers, struct strand *strand, word seen, word reasons, bide_time deadline);

/* In a task: let all others go first. */
void fiber_yield(struct fibers *fibers, struct strand *strand);

/* In a task, with a spare fiber and one more: call fn(arg) on a spare one; back when that has ended, or waits. */
void fiber_call(struct fibers *fibers, struct strand *strand, void (*fn)(void *arg), void *arg);

/* The running one, to be made ready later. */
struct link *fiber_running(struct fibers *fibers);

#endif
