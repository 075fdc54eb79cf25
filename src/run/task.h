/* A task that has been claimed, on its way through a worker: the record lives in the frame that runs it. */
#ifndef RUN_TASK_H
#define RUN_TASK_H

#include "sync/future.h"

struct worker;

struct task {
    struct link link; /* in the pool's list of running tasks; guarded by the pool's monitor */
    bide_future *future;
    word asked_in;  /* the last close that asked it to stop */
    bide_time when; /* not before; BIDE_NOW: at once */
    int refusal;    /* why it cannot be called; 0: it can */
    struct worker *worker;
    struct link *fiber; /* where it runs, in a parking pool */
    struct strand strand;
};

/* Call the task's function as a strand of its own, when its time has come. Ends with the function's return value, or ECANCELED if
 * it was asked to stop before, or its refusal; the value is zero unless that is 0. */
int task_call(struct task *task, struct worker *worker, bide_value *value);

#endif
