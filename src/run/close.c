#include "base/memory.h"
#include "run/pool.h"

#include <errno.h>

/* Under the monitor: wait for the moment in which nothing is queued or running. EAGAIN: it is not now. */
static int await_drained(bide_pool *pool, bide_time deadline, word reasons)
{
    if (pool_is_drained(pool))
        return 0;
    if (deadline == BIDE_NOW)
        return EAGAIN;
    if (!strand_may_wait())
        return EDEADLK;
    return monitor_wait(&pool->monitor, &pool->for_event, deadline, reasons);
}

static int drain(bide_pool *pool, bide_time deadline, word reasons)
{
    monitor_lock(&pool->monitor);
    int error = await_drained(pool, deadline, reasons);
    monitor_unlock(&pool->monitor);
    return error == EAGAIN ? strand_poll(strand_current()) : error;
}

static int refusal(const bide_pool *pool)
{
    return !pool ? EINVAL : pool_is_inherited(pool) ? ESHUTDOWN : pool_is_own(pool) ? EDEADLK : 0;
}

int bide_pool_drain(bide_pool *pool, bide_time deadline)
{
    int error = refusal(pool);
    return error ? error : drain(pool, deadline, STOP | LATE);
}

static void shut(bide_pool *pool)
{
    monitor_lock(&pool->monitor);
    pool->closed = true;
    struct link *submitters = list_take_all(&pool->for_room);
    monitor_unlock(&pool->monitor);
    waiters_fire(submitters);
}

/* From here on nothing starts. The queue, as a chain by link; all of it counts as one running. */
static bide_future *take_queue(bide_pool *pool)
{
    monitor_lock(&pool->monitor);
    pool_enqueue_scheduled(pool);
    bide_future *first = pool->first;
    pool->first = pool->last = NULL;
    pool->queued = 0;
    pool->running++;
    pool->cancelled = true;
    pool->closes++;
    monitor_unlock(&pool->monitor);
    return first;
}

/* Entries of tasks that have started are dead: those tasks are asked to stop with the others. */
static void cancel_queue(bide_pool *pool)
{
    for (bide_future *entry = take_queue(pool), *next; entry; entry = next) {
        next = entry->link;
        future_cancel_unstarted(entry);
        bide_future_release(entry);
    }
    pool_retire(pool);
}

/* A running task that the last close has not asked to stop; a reference to its future. */
static bide_future *next_unasked(bide_pool *pool)
{
    bide_future *future = NULL;
    monitor_lock(&pool->monitor);
    struct link *first = pool->tasks.first;
    struct task *task = first ? LISTED_IN(struct task, link, first) : NULL;
    if (task && task->asked_in != pool->closes) {
        task->asked_in = pool->closes;
        list_remove(&pool->tasks, first);
        list_append(&pool->tasks, first);
        future = task->future;
        bide_future_retain(future);
    }
    monitor_unlock(&pool->monitor);
    return future;
}

static void shut_and_cancel(bide_pool *pool)
{
    cancel_queue(pool);
    shut(pool);
    for (bide_future *task; (task = next_unasked(pool)); bide_future_release(task))
        bide_future_cancel(task);
}

int bide_pool_close(bide_pool *pool, enum bide_close how, bide_time deadline)
{
    int error = refusal(pool);
    if (!error && how != BIDE_DRAIN && how != BIDE_CANCEL)
        error = EINVAL;
    if (error)
        return error;
    if (how == BIDE_CANCEL)
        shut_and_cancel(pool);
    else
        shut(pool);
    return drain(pool, deadline, STOP | LATE);
}

/* In a child: the workers are not there, and the arguments are the parent's to drop. */
static void free_inherited(bide_pool *pool)
{
    pool_enqueue_scheduled(pool);
    for (bide_future *entry = pool->first, *next; entry; entry = next) {
        next = entry->link;
        future_forget(entry);
    }
    for (unsigned i = 0; i < pool->options.workers && !pool->runner.holds; i++) {
        if (pool->workers[i].next)
            future_forget(pool->workers[i].next);
        fibers_forget(&pool->workers[i].fibers);
    }
    memory_free(pool);
}

int bide_pool_destroy(bide_pool *pool)
{
    if (!pool)
        return 0;
    if (pool_is_inherited(pool)) {
        free_inherited(pool);
        return 0;
    }
    if (pool_is_own(pool) || !strand_may_wait())
        return EDEADLK;
    shut(pool);
    drain(pool, BIDE_FOREVER, 0);
    pool_stop(pool, pool->options.workers);
    blocking_end(&pool->blocking);
    pool_free(pool);
    return 0;
}
