/* The future: one cell for a task's entry, its run and its result, or for a promise.
 *
 * One word holds all that changes: the state, five bits and the count of references; and, to fill no more than a cache line
 * with what an allocator adds, the generation of the process it can end in. LOCK guards the list of waiters, the slot once a
 * strand has been published in it, `drop`, and the change to a final state by any way but the fast one. Under LOCK the
 * others only add and subtract references.
 *
 * Settling what a task returned:
 *
 *   fast  for a task that never parked, with neither LOCK nor WAITERS set: write the result; one compare-and-swap publishes
 *         the state and drops the run's reference, tried again while both stay clear
 *   S1    else take LOCK
 *   S2    write the result, over the strand; detach the waiters
 *   S3    publish the state and unlock, in one step
 *   S4    fire the waiters
 *   S5    run the callbacks that fired, unless one is running on this thread: then that one's caller does
 *   S6    drop the run's reference; the future may be gone
 *
 * Cancelling:
 *
 *   C1    take LOCK. Pending: pin the pool, unless DEFERRED. It is not freed before a worker has claimed or dropped the entry, or
 *         a continuation that it refuses has been settled, for which they need LOCK. Go on at S2 as cancelled; before S5 let
 *         the pool forget the entry, and unpin; no S6, for a canceller borrows. An entry that is queued keeps its reference
 *         until a worker comes to it, or the pool throws the dead ones out
 *   C2    running: set ASKED, which stays, and DUE, which means: not told yet
 *   C3    if the task has published its strand (STRAND), ask that to stop; the strand cannot end meanwhile, for a task
 *         settles under LOCK once it has published
 *   C4    unlock
 *
 * Publishing, before a task parks for the first time: take LOCK, put the strand into the slot, copy DUE into the strand's
 * STOP, unlock with STRAND. Delivering: take LOCK, clear DUE and STOP, unlock.
 *
 * Enlisting: take LOCK; if final, unlock: ready. Append, unlock with WAITERS in the same step, which makes a fast settle that
 * has already looked fail and look again. (A look at the list instead of a bit would not do: the word would be as it was.)
 *
 * A continuation is made before its turn: until then it is DEFERRED, in no queue, and nobody claims it; who cancels it has
 * nothing to tell its pool, which may have ended, though its memory stays. Admitting it: take LOCK; pending: unlock without
 * DEFERRED, and queue it; if the pool refuses, settle it; let go of the pool.
 *
 * References: the entry of a queue owns one. The worker that removes the entry and wins the claim keeps it as the run's; if
 * it loses the claim it drops it. A run in place takes a run's reference of its own and leaves the entry. */
#ifndef SYNC_FUTURE_H
#define SYNC_FUTURE_H

#include "base/heap.h"
#include "wait/strand.h"

#include <bide/pool.h>

/* What became of running a task in place. */
enum run_here {
    RAN_HERE, /* it has ended */
    NOT_HERE, /* it has started, or ended, or is not a task of the calling worker's pool */
    NO_STACK  /* it has not started, and there is too little stack left */
};

/* What a pool is to its futures. */
struct runner {
    enum run_here (*run_here)(struct runner *runner, bide_future *future);
    /* Queue one whose turn has come, without waiting for room: 0, and the entry's reference is taken. ESHUTDOWN. */
    int (*admit)(struct runner *runner, bide_future *future);
    word generation; /* of the process that made it, as a future's word has it */
    bool holds;      /* its tasks keep their workers while they wait */
    /* A future that had not started was cancelled: its entry may go. Takes a pin. */
    void (*forget)(struct runner *runner, bide_future *future);
    atomic_word keepers; /* the pool, and continuations whose turn has not come: who lets go last frees it */
    atomic_word pins;    /* those who keep it from being freed, for a few instructions */
    atomic_word closes;  /* how often all tasks were asked to stop; a task that nobody can find yet looks here itself */
};

struct bide_future {
    atomic_word word;
    union {
        bide_task_fn *fn;      /* until the first park */
        struct strand *strand; /* from then on (STRAND) */
        bide_value result;     /* when done */
        int error;             /* when failed or cancelled */
    } slot;
    void *arg;
    void (*drop)(void *arg);
    struct list waiters;
    union {
        struct bide_future *link; /* in the queue of its pool */
        struct timer timer;       /* or among what the pool has scheduled for later */
    };
    uintptr_t ahead;       /* where a walk along the link comes to later: see trail.h */
    struct runner *runner; /* its pool, which may be gone once it has ended; NULL: a promise */
};

/* NULL: no memory. Holds that many references. */
bide_future *future_create(struct runner *runner, bide_task_fn *fn, void *arg, unsigned references);

/* A pool begins with it. */
static inline struct runner *runner_of(bide_pool *pool)
{
    return (struct runner *)pool;
}

/* Of one that nobody else has seen: keep it from being started until its turn has come, and its pool from being freed. */
void future_defer(bide_future *future);

/* Its turn has come: queue it, unless it was cancelled. It fails if its pool refuses. Takes the entry's reference, and lets go
 * of the pool. */
void future_admit(bide_future *future);

/* The last one frees it. */
void runner_let_go(struct runner *runner);

/* Has it not started, and its turn has come? */
bool future_could_start(const bide_future *future);

/* For the runners that this process makes. */
word future_generation(void);

/* Free one that nobody else has seen. */
void future_discard(bide_future *future);

/* In a child: let go of one that will not end here; the argument of the last reference is the parent's to drop. */
void future_forget(bide_future *future);

/* Pending to running; false: somebody else was faster. */
bool future_claim(bide_future *future);

/* The task that claimed it has returned this. Takes the run's reference. */
void future_settle(bide_future *future, int error, bide_value value);

/* Settle a promise, or a task that has not started; error 0: with the value. EALREADY. */
int future_keep(bide_future *future, int error, bide_value value);

/* Pending to cancelled; false: it has started, or ended. */
bool future_cancel_unstarted(bide_future *future);

/* W2 and W4. Enlist: false: it has ended. Unlist: false: the waiter was detached, and has fired or will. */
bool future_enlist(bide_future *future, struct waiter *waiter);
bool future_unlist(bide_future *future, struct waiter *waiter);

/* Is one of those waiters of this owner? */
bool future_has_waiter_of(bide_future *future, const void *owner);

/* Does its end have to come from the process this one was forked from? */
bool future_is_inherited(const bide_future *future);

/* Is it the task of that strand, or of one beneath it on the same stack? To wait for it is to wait for oneself. */
bool future_is_beneath(const struct strand *self, const bide_future *future);

/* Run it here if it is a task of the calling task's pool that has not started. */
enum run_here future_run_here(bide_future *future);

/* For the strand of a task that keeps its worker. */
void future_publish_strand(struct strand *self);
bool future_stop_is_due(struct strand *self);
bool future_deliver_stop(struct strand *self);

/* C2 to C4. false: it does not run. */
bool future_ask_to_stop(bide_future *future);

/* In a task that has not published its strand: has its pool asked all to stop meanwhile? Then so is this one. */
void future_hear_close(struct strand *self);

#endif
