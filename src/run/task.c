#include "run/task.h"

static const struct strand_operations holding_task_operations = {thread_park, thread_unpark, future_publish_strand,
                                                                 future_stop_is_due, future_deliver_stop};

int task_call(struct task *task, struct runner *runner, bide_value *value)
{
    bide_future *future = task->future;
    struct strand *outer = strand_current();
    strand_init(&task->strand, &holding_task_operations);
    task->strand.future = future;
    task->strand.runner = runner;
    task->strand.below = outer->future ? outer : NULL;
    strand_set_current(&task->strand);
    *value = bide_u64(0);
    bide_task_fn *fn = future->slot.fn;
    int error = task->when == BIDE_NOW ? 0 : bide_sleep_until(task->when);
    if (!error)
        error = fn(future->arg, value);
    strand_set_current(outer);
    if (error)
        *value = bide_u64(0);
    return error;
}
