#include "run/pool.h"

static _Thread_local struct worker *worker_here;

struct worker *worker_current(void)
{
    return worker_here;
}

bool pool_is_own(const bide_pool *pool)
{
    return worker_here && worker_here->pool == pool;
}

bide_pool *bide_current_pool(void)
{
    return strand_current()->future ? worker_here->pool : NULL;
}

int bide_worker_index(void)
{
    return strand_current()->future ? (int)worker_here->index : -1;
}

/* Under the monitor: start a task, if nobody else did and the pool still wants it. */
static bool claim(bide_pool *pool, struct task *task, bide_future *future)
{
    *task = (struct task){.future = NULL};
    if (pool->cancelled || !future_claim(future))
        return false;
    task->future = future;
    list_append(&pool->tasks, &task->link);
    return true;
}

/* Run a task that was claimed. The run's reference goes with it. */
static void run(bide_pool *pool, struct task *task)
{
    bide_value value;
    int error = task_call(task, &pool->runner, &value);
    monitor_lock(&pool->monitor);
    list_remove(&pool->tasks, &task->link); /* a close that asks tasks to stop holds the futures of those listed */
    monitor_unlock(&pool->monitor);
    future_settle(task->future, error, value);
}

/* See to what counts as running: a task that was claimed, or an entry that is dead. */
static void see_to(struct worker *self, struct task *task, bide_future *entry, const struct thread_state *restored)
{
    if (task->future)
        run(self->pool, task);
    else
        bide_future_release(entry);
    tools_end(task, sizeof *task);
    thread_state_restore(restored);
    pool_retire(self->pool);
}

/* The same in the middle of another task, which finds its thread as it left it. */
static void see_to_in_place(struct worker *self, struct task *task, bide_future *entry)
{
    struct thread_state own;
    thread_state_save(&own);
    thread_state_restore(&self->clean);
    see_to(self, task, entry, &own);
}

bool worker_has_stack(const struct worker *self)
{
    return thread_stack_here() > self->stack_reserve;
}

enum run_here worker_run_here(struct runner *runner, bide_future *future)
{
    bide_pool *pool = (bide_pool *)runner;
    struct task task;
    if (!worker_has_stack(worker_here))
        return NO_STACK;
    monitor_lock(&pool->monitor);
    bool claimed = claim(pool, &task, future);
    pool->running += claimed;
    if (claimed)
        task.when = pool_unschedule(pool, future);
    monitor_unlock(&pool->monitor);
    if (!claimed)
        return future_cancel_unstarted(future) ? RAN_HERE : NOT_HERE; /* unstarted: the pool was cancelled */
    if (task.when == BIDE_NOW)
        bide_future_retain(future); /* else the run has the reference of the entry */
    see_to_in_place(worker_here, &task, NULL);
    return RAN_HERE;
}

/* Under the monitor, which it unlocks: take the oldest entry, and claim its task unless it is dead. NULL: there is none. Fires
 * `first` as well. */
static bide_future *take(bide_pool *pool, struct task *task, struct link *first)
{
    struct link *submitter = NULL;
    bide_future *entry = pool_pop(pool, &submitter);
    if (entry)
        claim(pool, task, entry);
    struct link *other = pool_wake_if_needed(pool);
    monitor_unlock(&pool->monitor);
    waiters_fire(first);
    waiters_fire(submitter);
    waiters_fire(other);
    return entry;
}

void worker_run_oldest(struct worker *self, struct link *first)
{
    struct task task = {.future = NULL};
    bide_future *entry = take(self->pool, &task, first);
    see_to_in_place(self, &task, entry);
}

static void work(struct worker *self)
{
    bide_pool *pool = self->pool;
    struct task task;
    bide_future *entry;
    do {
        monitor_lock(&pool->monitor);
        for (pool_enqueue_due(pool); !pool->first && !pool->stopping; pool_enqueue_due(pool))
            pool_sleep(self);
        entry = take(pool, &task, NULL);
        if (entry)
            see_to(self, &task, entry, &self->clean);
    } while (entry);
}

static void report_start(bide_pool *pool, int error)
{
    monitor_lock(&pool->monitor);
    pool->started++;
    if (error)
        pool->start_error = error;
    struct link *chain = list_take_all(&pool->for_event);
    monitor_unlock(&pool->monitor);
    waiters_fire(chain);
}

void *worker_main(void *arg)
{
    struct worker *self = arg;
    const bide_pool_options *options = &self->pool->options;
    worker_here = self;
    thread_be_worker();
    thread_name(options->name, self->index);
    self->stack_reserve = thread_stack_reserve();
    int error = options->worker_start ? options->worker_start(self->index, options->worker_ctx) : 0;
    thread_state_save(&self->clean);
    report_start(self->pool, error);
    if (error)
        return NULL;
    work(self);
    if (options->worker_stop)
        options->worker_stop(self->index, options->worker_ctx);
    return NULL;
}
