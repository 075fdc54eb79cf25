#include "run/task.h"

#include "run/pool.h"

static struct task *task_of(struct strand *strand)
{
    return LISTED_IN(struct task, strand, strand);
}

static void task_park(struct strand *self, word seen, word reasons, bide_time deadline)
{
    fiber_park(&task_of(self)->worker->fibers, self, seen, reasons, deadline);
}

static void task_unpark(struct strand *strand)
{
    struct task *task = task_of(strand);
    worker_make_ready(task->worker, task->fiber);
}

static void task_yield(struct strand *self)
{
    fiber_yield(&task_of(self)->worker->fibers, self);
}

static const struct strand_operations holding = {thread_park,           thread_unpark,      thread_yield,
                                                 future_publish_strand, future_stop_is_due, future_deliver_stop};
static const struct strand_operations parking = {
    task_park, task_unpark, task_yield, future_publish_strand, future_stop_is_due, future_deliver_stop};

/* As a strand of its own. */
static int call_in_time(struct task *task, bide_task_fn *fn, bide_value *value)
{
    int error = task->refusal;
    if (!error && task->when != BIDE_NOW)
        error = bide_sleep_until(task->when);
    return error ? error : fn(task->future->arg, value);
}

int task_call(struct task *task, struct worker *worker, bide_value *value)
{
    struct runner *runner = &worker->pool->runner;
    struct strand *outer = strand_current();
    task->worker = worker;
    task->fiber = runner->holds ? NULL : fiber_running(&worker->fibers);
    strand_init(&task->strand, runner->holds ? &holding : &parking);
    task->strand.future = task->future;
    task->strand.runner = runner;
    task->strand.below = outer->future ? outer : NULL;
    strand_set_current(&task->strand);
    *value = bide_u64(0);
    int error = call_in_time(task, task->future->slot.fn, value);
    strand_set_current(outer);
    if (error)
        *value = bide_u64(0);
    return error;
}
