/* The pool: workers with deques of their own, and a monitor over all that is not hot: the backlog, what is scheduled, who
 * sleeps, who waits.
 *
 * The way of an entry, which is a future with a reference: handed in from outside, or scheduled, it comes by the injection or
 * the heap into the backlog, from where a worker takes some at a time into its batch; handed in by a task, into the deque of
 * its worker. Workers without either steal from those that have. A pool with max_pending has a backlog only.
 *
 * The monitor guards every field but those set once at creation and those that are lock-free by themselves. Futures are settled,
 * and everybody fired, outside it.
 *
 *   entered    entries that came into the backlog or the heap from outside, but for those that left without a worker
 *   created    by worker: entries that were put into its own deque, or that are run though another one stays
 *   ended      by worker: entries whose end it has seen to
 *   drained    the sum of ended, read first, is entered and the sum of created, read after that, and the injection is empty:
 *              so at the moment in between everything had ended. It stays so unless somebody outside submits
 *   scheduled  entries that are to be taken out from a time of theirs on. The timekeeper does that; it keeps the role while it
 *              runs them, so that short tasks end in the order of their times and no other worker is woken for each. What is
 *              late is anybody's, who thereby becomes the timekeeper; the deputy, an idle one, is awake then. But while the
 *              timekeeper starts many in that time it is left alone
 *   room       queued < max_pending. Each entry that leaves fires the first who waits for room, who then looks again, and if
 *              another was faster waits again in front */
#ifndef RUN_POOL_H
#define RUN_POOL_H

#include "base/heap.h"
#include "base/spin.h"
#include "base/thread.h"
#include "run/child.h"
#include "run/deque.h"
#include "run/fiber.h"
#include "run/idle.h"
#include "run/injection.h"
#include "run/task.h"
#include "wait/monitor.h"

#include <bide/pool.h>

#include <pthread.h>

#define OWN_SLOTS 4096
#define BATCH_SLOTS 64

struct worker {
    struct bide_pool *pool;
    unsigned index;
    pthread_t thread;
    struct deque own;          /* entries that its tasks have handed in */
    struct deque batch;        /* from the backlog, the oldest at the owner's end */
    atomic_word created;       /* by its own thread */
    atomic_word ended;         /* by its own thread */
    struct waiter idle;        /* listed in for_work while it sleeps */
    uintptr_t stack_reserve;   /* nothing more is run in place below here */
    struct thread_state clean; /* what every task finds */
    struct stretch stretch;    /* since a task has begun, or gone on; its own thread's */
    struct fibers fibers;      /* of a parking pool; its own thread's */
    struct lookout *lookout;   /* the same; NULL: no task of its has polled yet */
    bide_time now;             /* the clock as it was when last asked for the schedule */
    unsigned rounds;           /* through its loop, in a holding pool */
    unsigned victim;           /* whom it asks first for an entry to steal, counted on */
    unsigned unlooked;         /* tasks started since then, */
    unsigned look_after;       /* of so many at most */
    struct patience patience;  /* of a searcher */
    bool has_looked;           /* for as long as that says, since it last had work */
    bool searches;             /* counts as a searcher; its own thread's */
    bool sees_due;             /* for as long as it has the monitor: something is due, and its to take */
    bool due_is_next;          /* not what is queued, if there are both */
    unsigned queue_rounds;     /* times that the queue came first */
    bool is_waking;            /* fired, and has not looked at the queue yet */
    bool starves;              /* has no memory to start a task */
    struct list inbox;         /* fibers that others have made ready */
    struct monitor tasks_monitor;
    struct list
        tasks; /* that have parked and not ended; those that the last close has not asked to stop stand in front */
    atomic_word live; /* how many that are; written under that monitor */
};

/* Helper threads for calls that block theirs: a monitor of its own. */
struct blocking {
    struct monitor monitor;
    struct list calls;     /* not started */
    struct list for_calls; /* idle helpers */
    struct list for_end;   /* who destroys the pool */
    struct list gone;      /* helpers that have left and were not joined */
    size_t queued;         /* calls that have not started */
    size_t free;           /* helpers that run none */
    unsigned helpers;      /* that have not left, or are being made */
    bool ends;             /* helpers leave */
};

struct bide_pool {
    struct runner runner; /* first: what a future knows of its pool */
    bide_pool_options options;
    char name[16];
    atomic_word timed;   /* how many are scheduled, for who has not the monitor */
    atomic_word refuses; /* no tasks at all: cancelled or stopping */
    char apart[CACHE_LINE - sizeof(atomic_word)];

    struct injection injection;
    struct idle idle;
    struct monitor monitor;
    bide_future *first, *last; /* the backlog, by link */
    size_t queued;
    size_t entered;
    size_t dead; /* about so many of those queued have started, or ended, without having been taken out */
    struct heap scheduled;

    struct list for_work;      /* idle workers; the timekeeper is the last */
    unsigned waking;           /* workers that were fired and have not come to the monitor yet */
    struct worker *timekeeper; /* when idle it sleeps no longer than to the first scheduled time */
    struct worker *deputy;     /* an idle one that sleeps a little longer, */
    bide_time deputy_until;    /* until then */
    unsigned due_count;        /* scheduled tasks that were taken out because they were due */
    bide_time asked_at;        /* when somebody asked how the timekeeper gets on, */
    unsigned asked_count;      /* and how many it was then */
    bide_time brisk_until;     /* what is due is left to the timekeeper */
    struct list for_room;      /* submitters */
    struct list for_event;     /* who drains, closes, or creates the pool */

    bool closed, stopping; /* takes no tasks from outside; workers leave */
    unsigned started;      /* workers past worker_start */
    int start_error;
    struct blocking blocking;
    struct worker workers[];
};

_Static_assert(offsetof(struct bide_pool, runner) == 0, "see runner_of()");

/* The worker the calling thread is, of any pool; or NULL. */
struct worker *worker_current(void);

/* Does the calling thread belong to the pool: a task of it, or a callback on a worker of it? */
bool pool_is_own(const bide_pool *pool);

/* Was it made by the process that this one was forked from? */
bool pool_is_inherited(const bide_pool *pool);

void *worker_main(void *arg);

/* Is the calling thread running a blocking call of one of its tasks? */
bool blocking_is_helper_of(const bide_pool *pool);

/* With no task left: let the helpers leave, and join them. */
void blocking_end(struct blocking *blocking);

/* Let that many workers leave, and join them. */
void pool_stop(bide_pool *pool, unsigned workers);

void pool_free(bide_pool *pool);

/* In a task of the worker: put an entry into its own deque, and wake somebody if need be. false: there is no room. */
bool worker_push(struct worker *self, word entry);

/* A fiber that is parked on a worker, and whose strand's PARKED was taken, may go on. Any thread. */
void worker_make_ready(struct worker *worker, struct link *fiber);

/* How an entry comes in, by a deadline or at a time. */
typedef int pool_enter(bide_pool *pool, bide_future *entry, bide_time time);

/* What the ways to submit have in common. */
int pool_submit(bide_pool *pool, bide_task_fn *fn, void *arg, bide_future **future, pool_enter *come_in,
                bide_time time);

/* The pool's side of future_admit(). */
int pool_admit(struct runner *runner, bide_future *future);

/* Cancel all that is queued or scheduled; the pool refuses. */
void pool_cancel_queued(bide_pool *pool);

/* Entries that had entered have left, without a worker. */
void pool_retire(bide_pool *pool, size_t count);

/* Wake a sleeper for work that was published, if nobody searches; for what was handed in from outside, after a moment. */
void pool_wake_for_push(bide_pool *pool);
void pool_wake_for_injection(bide_pool *pool);

/* What counted as a pin does not any more: the last touch of the pool. */
void pool_unpin(bide_pool *pool);

/* Make the calling worker's lookout, unless it has one. 0, ENOMEM, EMFILE, ENFILE. */
int worker_open_lookout(struct worker *self);

/* The pool's side of cancelling what has not started. */
void pool_forget(struct runner *runner, bide_future *future);

/* What was taken out of the queue because it is dead, by link; submitters that got room by that; and a worker for what is queued:
 * who handed that in, and saw it let in, counts on a worker. */
struct swept {
    bide_future *first;
    struct link *submitters;
    struct link *worker;
};

/* After the monitor was unlocked. */
void pool_throw_out(struct swept *swept);

/* Called by a worker for each task that it starts without having looked: is it time to look for what is due? */
bool worker_should_look_for_due(struct worker *self);

/* I1, after a push to its own deque. */
static inline void worker_tell_of_push(struct worker *self)
{
    barrier_light();
    if (idle_needs_wake(idle_look(&self->pool->idle)))
        pool_wake_for_push(self->pool);
}

/* The rest is called under the monitor. */

/* One more of the queue is dead. When half of it is, all dead ones are taken out. */
void pool_count_dead(bide_pool *pool, struct swept *swept);

/* Does it take no tasks from the calling thread? */
bool pool_refuses(const bide_pool *pool);

/* Put entries that have entered at the end of the backlog. */
void pool_push(bide_pool *pool, bide_future *future);
void pool_push_batch(bide_pool *pool, struct batch batch);

/* Let enter what was handed in from outside. */
void pool_take_in(bide_pool *pool);

/* Who is to be fired because it is drained. */
struct link *pool_tell_drained(bide_pool *pool);

/* Is there something in the backlog, or in a deque of any worker? */
bool pool_has_queued(const bide_pool *pool);
bool worker_has_queued(const struct worker *worker);

/* Has it more than its share of the tasks that have started? */
bool worker_is_laden(const struct worker *worker);

/* Is there an idle worker, or one on its way, that has not, and memory to start one? */
bool pool_has_better(const struct worker *self);

/* An idle worker to fire once the monitor is unlocked, or NULL. */
struct link *pool_wake(bide_pool *pool);

/* The same if what is queued or scheduled needs one and nobody searches. */
struct link *pool_wake_if_needed(bide_pool *pool);

/* Wake that worker, if it sleeps; what to fire once the monitor is unlocked, or NULL. */
struct link *pool_wake_worker(struct worker *worker);

/* Sleep until fired, or until the deadline, or until something that was scheduled may be due; or, if the worker knows of no
 * work, not at all if there is some after all. false: fired, or that: now it searches. */
bool pool_sleep(struct worker *self, bide_time deadline, bool knows_of_work);

/* It has found work, or something else to do: it searches no more. What to fire once the monitor is unlocked. */
struct link *worker_end_search(struct worker *self);

/* Set sees_due: is the time of something that was scheduled there, and is it this worker's to take? */
void worker_look_for_due(struct worker *self);

/* Take that out. Who does is the timekeeper. */
bide_future *worker_pop_due(struct worker *self);

/* It does not see to what is due. */
void pool_leave_role(const struct worker *self);

/* Take a future out of what is scheduled, and give its time; BIDE_NOW: it was not scheduled. */
bide_time pool_unschedule(bide_pool *pool, bide_future *future);

/* Put everything that is scheduled into the queue. */
void pool_enqueue_scheduled(bide_pool *pool);

/* Take the first entry of the backlog; NULL: none. *submitter is to be fired once the monitor is unlocked. */
bide_future *pool_pop(bide_pool *pool, struct link **submitter);

/* Take this worker's share of the backlog into its batch, which is empty. */
void worker_fill_batch(struct worker *self);

bool pool_is_drained(const bide_pool *pool);

#endif
