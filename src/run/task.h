/* A task that has been claimed, on its way through a worker: the record lives in the frame that runs it. */
#ifndef RUN_TASK_H
#define RUN_TASK_H

#include "sync/future.h"

struct worker;

struct task {
    struct link link; /* among those of its worker that have parked; guarded by the monitor of that list */
    bide_time when;   /* not before; BIDE_NOW: at once */
    int refusal;      /* why it cannot be called; 0: it can */
    struct worker *worker;
    struct link *fiber; /* where it runs, in a parking pool */
    struct strand strand;
};

/* Call the function of a task that was claimed, as a strand of its own, when its time has come; then settle its future, and
 * drop the run's reference. It ends with what it returned, or ECANCELED if it was asked to stop before, or its refusal. */
void task_run(struct task *task, struct worker *worker, bide_future *future);

/* Around what a child does that was stolen: a strand of its own, in the name of the task that forked it. */
void task_begin_child(struct task *task, struct worker *worker, bide_future *future);
void task_end_child(struct task *task);

/* Where the task of that strand runs. */
static inline struct worker *task_worker(const struct strand *strand)
{
    return LISTED_IN(struct task, strand, strand)->worker;
}

/* Of those of that worker that have parked, one that the last close has not asked to stop yet; a reference to its future. NULL:
 * there is none. */
bide_future *task_next_unasked(struct worker *worker);

#endif
