/* The pool: a monitor over a queue of futures, the list of running tasks, and who waits for either.
 *
 * The monitor guards every field but those set once at creation. Futures are settled, and everybody fired, outside it.
 *
 *   running    entries taken out of the queue whose end has not been seen to: tasks, and what a close cancels
 *   scheduled  entries that are to be taken out from a time of theirs on. The timekeeper does that; it keeps the role while it
 *              runs them, so that short tasks end in the order of their times and no other worker is woken for each. What is
 *              late is anybody's, who thereby becomes the timekeeper; the deputy, an idle one, is awake then. But while the
 *              timekeeper starts many in that time it is left alone
 *   drained    queued = 0, running = 0 and nothing is scheduled. It stays so unless somebody outside submits: what is queued
 *              by a task is queued while that task runs
 *   room       queued < max_pending. Each entry that leaves fires the first who waits for room, who then looks again, and if
 *              another was faster waits again in front */
#ifndef RUN_POOL_H
#define RUN_POOL_H

#include "base/heap.h"
#include "base/thread.h"
#include "run/fiber.h"
#include "run/task.h"
#include "wait/monitor.h"

#include <bide/pool.h>

#include <pthread.h>

struct worker {
    struct bide_pool *pool;
    unsigned index;
    pthread_t thread;
    struct waiter idle;        /* listed in for_work while it sleeps */
    uintptr_t stack_reserve;   /* nothing more is run in place below here */
    struct thread_state clean; /* what every task finds */
    struct fibers fibers;      /* of a parking pool; its own thread's */
    bide_future *next;         /* to be started first, for a task that waits for it; a reference; its own thread's */
    bide_time now;             /* the clock as it was when last asked for the schedule */
    bool sees_due;             /* for as long as it has the monitor: something is due, and its to take */
    bool due_is_next;          /* not what is queued, if there are both */
    bool is_waking;            /* fired, and has not looked at the queue yet */
    bool starves;              /* has no memory to start a task */
    struct list inbox;         /* fibers that others have made ready */
    size_t live;               /* tasks that have started and not ended */
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
    struct monitor monitor;
    bide_pool_options options;
    char name[16];
    uint32_t generation; /* of the process that made it */

    bide_future *first, *last; /* the queue, by link */
    size_t queued, running;
    size_t dead; /* about so many of those queued have started, or ended, without having been taken out */
    struct heap scheduled;
    struct list tasks; /* running ones; those that the last close has not asked to stop stand in front */

    struct list for_work;      /* idle workers; the timekeeper is the last */
    unsigned waking;           /* workers that were fired and have not come to the monitor yet */
    size_t live;               /* those of all workers */
    struct worker *timekeeper; /* when idle it sleeps no longer than to the first scheduled time */
    struct worker *deputy;     /* an idle one that sleeps a little longer, */
    bide_time deputy_until;    /* until then */
    unsigned due_count;        /* scheduled tasks that were taken out because they were due */
    bide_time asked_at;        /* when somebody asked how the timekeeper gets on, */
    unsigned asked_count;      /* and how many it was then */
    bide_time brisk_until;     /* what is due is left to the timekeeper */
    struct list for_room;      /* submitters */
    struct list for_event;     /* who drains, closes, or creates the pool */

    word closes;                      /* how often running tasks were asked to stop by a close */
    bool closed, cancelled, stopping; /* takes no tasks from outside; none at all; workers leave */
    unsigned started;                 /* workers past worker_start */
    int start_error;
    struct blocking blocking;
    struct worker workers[];
};

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

/* Is there stack enough to run a task in place? */
bool worker_has_stack(const struct worker *self);

/* Under the monitor, which it unlocks: take the oldest entry and run it on the calling worker, in place. */
void worker_run_oldest(struct worker *self);

/* The pool's side of future_run_here(), of a holding pool, and of a parking one: which starts it next instead. */
enum run_here worker_run_here(struct runner *runner, bide_future *future);
enum run_here worker_run_next(struct runner *runner, bide_future *future);

/* A fiber that is parked on a worker, and whose strand's PARKED was taken, may go on. Any thread. */
void worker_make_ready(struct worker *worker, struct link *fiber);

/* How an entry comes in, by a deadline or at a time. */
typedef int pool_enter(bide_pool *pool, bide_future *entry, bide_time time);

/* What the ways to submit have in common. */
int pool_submit(bide_pool *pool, bide_task_fn *fn, void *arg, bide_future **future, pool_enter *come_in,
                bide_time time);

/* What counted as running does not any more. */
void pool_retire(bide_pool *pool);

/* What counted as a pin does not any more: the last touch of the pool. */
void pool_unpin(bide_pool *pool);

/* The pool's side of cancelling what has not started. */
void pool_forget(struct runner *runner, bide_future *future);

/* What was taken out of the queue because it is dead, by link, and submitters that got room by that. */
struct swept {
    bide_future *first;
    struct link *submitters;
};

/* After the monitor was unlocked. */
void pool_throw_out(struct swept *swept);

/* The rest is called under the monitor. */

/* One more of the queue is dead. When half of it is, all dead ones are taken out. */
void pool_count_dead(bide_pool *pool, struct swept *swept);

/* Does it take no tasks from the calling thread? */
bool pool_refuses(const bide_pool *pool);

/* Put an entry at the end of the queue. */
void pool_push(bide_pool *pool, bide_future *future);

/* Has it more than its share of the tasks that have started? */
bool worker_is_laden(const struct worker *worker);

/* Is there an idle worker, or one on its way, that has not, and memory to start one? */
bool pool_has_better(const struct worker *self);

/* An idle worker to fire once the monitor is unlocked, or NULL. */
struct link *pool_wake(bide_pool *pool);

/* The same if what is queued or scheduled needs one and none is on its way. */
struct link *pool_wake_if_needed(bide_pool *pool);

/* Wake that worker, if it sleeps; what to fire once the monitor is unlocked, or NULL. */
struct link *pool_wake_worker(struct worker *worker);

/* Sleep until fired, or until the deadline, or until something that was scheduled may be due. false: fired. */
bool pool_sleep(struct worker *self, bide_time deadline);

/* Set sees_due: is the time of something that was scheduled there, and is it this worker's to take? */
void worker_look_for_due(struct worker *self);

/* Take that out; it then counts as running. Who does is the timekeeper. */
bide_future *worker_pop_due(struct worker *self);

/* It does not see to what is due. */
void pool_leave_role(const struct worker *self);

/* Take a future out of what is scheduled, and give its time; BIDE_NOW: it was not scheduled. */
bide_time pool_unschedule(bide_pool *pool, bide_future *future);

/* Put everything that is scheduled into the queue. */
void pool_enqueue_scheduled(bide_pool *pool);

/* Take the first entry, which then counts as running; NULL: none. *submitter is to be fired once the monitor is unlocked. */
bide_future *pool_pop(bide_pool *pool, struct link **submitter);

bool pool_is_drained(const bide_pool *pool);

#endif
