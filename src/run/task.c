#include "run/task.h"

#include "base/inline.h"
#include "run/pool.h"

#include <errno.h>

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

/* From now on a close finds it: see close.c. One that it has missed it hears of here. */
static void task_publish(struct strand *self)
{
    struct worker *worker = task_of(self)->worker;
    monitor_lock(&worker->tasks_monitor);
    list_append(&worker->tasks, &task_of(self)->link);
    store_relaxed(&worker->live, load_relaxed(&worker->live) + 1);
    word closes = load_acquire(&self->runner->closes);
    bool missed = self->heard != closes;
    self->heard = closes;
    monitor_unlock(&worker->tasks_monitor);
    if (missed)
        future_ask_to_stop(self->future);
    future_publish_strand(self);
}

static APART void unlist_task(struct task *task)
{
    struct worker *worker = task->worker;
    monitor_lock(&worker->tasks_monitor);
    list_remove(&worker->tasks, &task->link);
    store_relaxed(&worker->live, load_relaxed(&worker->live) - 1);
    monitor_unlock(&worker->tasks_monitor);
}

static const struct strand_operations holding = {thread_park,  thread_unpark,      thread_yield,
                                                 task_publish, future_stop_is_due, future_deliver_stop};
static const struct strand_operations parking = {task_park,    task_unpark,        task_yield,
                                                 task_publish, future_stop_is_due, future_deliver_stop};

static void publish_no_child(struct strand *self)
{
    (void)self;
}

/* Its parent hears of a close in its own time. */
static bool parent_should_stop(struct strand *self)
{
    return load_acquire(&self->runner->closes) != 0;
}

static const struct strand_operations child_holding = {thread_park,      thread_unpark,      thread_yield,
                                                       publish_no_child, parent_should_stop, future_deliver_stop};
static const struct strand_operations child_parking = {task_park,        task_unpark,        task_yield,
                                                       publish_no_child, parent_should_stop, future_deliver_stop};

static void begin_task(struct task *task, struct worker *worker, bide_future *future,
                       const struct strand_operations *operations)
{
    struct runner *runner = &worker->pool->runner;
    struct strand *outer = strand_current();
    task->worker = worker;
    task->fiber = runner->holds ? NULL : fiber_running(&worker->fibers);
    strand_init(&task->strand, operations);
    task->strand.future = future;
    task->strand.runner = runner;
    task->strand.below = outer->future ? outer : NULL;
    strand_set_current(&task->strand);
}

static APART int await_time(bide_time when)
{
    return bide_sleep_until(when);
}

/* As the strand of the task. */
static int call_in_time(struct task *task, bide_value *value)
{
    bide_future *future = task->strand.future;
    bide_task_fn *fn = future->slot.fn; /* a strand comes there at the first park */
    int error = task->refusal;
    if (!error && task->when != BIDE_NOW)
        error = await_time(task->when);
    return error ? error : fn(future->arg, value);
}

static void end_task(struct task *task, int error)
{
    if (task->strand.published)
        unlist_task(task);
    else if (error == ECANCELED)
        future_hear_close(&task->strand);
    strand_set_current(task->strand.below);
}

void task_run(struct task *task, struct worker *worker, bide_future *future)
{
    bide_value value = bide_u64(0);
    begin_task(task, worker, future, worker->pool->runner.holds ? &holding : &parking);
    int error = call_in_time(task, &value);
    end_task(task, error);
    future_settle(future, error, error ? bide_u64(0) : value);
}

void task_begin_child(struct task *task, struct worker *worker, bide_future *future)
{
    begin_task(task, worker, future, worker->pool->runner.holds ? &child_holding : &child_parking);
    task->strand.shields = 1;
}

void task_end_child(struct task *task)
{
    strand_set_current(task->strand.below);
    tools_end(task, sizeof *task);
}

bide_future *task_next_unasked(struct worker *worker)
{
    bide_future *future = NULL;
    monitor_lock(&worker->tasks_monitor);
    word closes = load_acquire(&worker->pool->runner.closes);
    struct link *first = worker->tasks.first;
    struct task *task = first ? LISTED_IN(struct task, link, first) : NULL;
    if (task && task->strand.heard != closes) {
        task->strand.heard = closes;
        list_remove(&worker->tasks, first);
        list_append(&worker->tasks, first);
        future = task->strand.future;
        bide_future_retain(future);
    }
    monitor_unlock(&worker->tasks_monitor);
    return future;
}
