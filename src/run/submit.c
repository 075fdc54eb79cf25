#include "run/pool.h"

#include <errno.h>

bool pool_refuses(const bide_pool *pool)
{
    return load_relaxed(&pool->refuses) || (pool->closed && !pool_is_own(pool));
}

static bool has_room(const bide_pool *pool)
{
    return pool->options.max_pending == 0 || pool->queued < pool->options.max_pending;
}

/* A task of a holding pool with no end to its patience goes in all the same, and takes the oldest entry out in the same step: it
 * could wait for ever for a worker, being on one. Unless it should stop. */
static bool goes_in_anyway(const bide_pool *pool, struct strand *self, bide_time deadline)
{
    return deadline == BIDE_FOREVER && pool->runner.holds && self->runner == &pool->runner && !strand_stop_is_due(self);
}

/* Under the monitor, which it lets go of while it waits. Newcomers queue behind those that wait; who was fired and has lost its
 * room to somebody waits in front. */
static int wait_for_room(bide_pool *pool, struct strand *self, bide_time deadline)
{
    struct waiter waiter;
    bool was_fired = false;
    int error = 0;
    waiter_init(&waiter, self);
    while (!error && !pool_refuses(pool) && !(has_room(pool) && (was_fired || list_is_empty(&pool->for_room)))) {
        was_fired ? list_prepend(&pool->for_room, &waiter.link) : list_append(&pool->for_room, &waiter.link);
        error = monitor_wait_listed(&pool->monitor, &pool->for_room, &waiter, deadline, STOP | LATE);
        was_fired = true;
    }
    return error ? error : pool_refuses(pool) ? ESHUTDOWN : 0;
}

/* Under the monitor: wait until an entry may be pushed. EAGAIN: not now, and the deadline is BIDE_NOW. */
static int enter(bide_pool *pool, bide_time deadline)
{
    struct strand *self = strand_current();
    if (pool_refuses(pool))
        return ESHUTDOWN;
    if (has_room(pool) && list_is_empty(&pool->for_room))
        return 0;
    if (deadline == BIDE_NOW)
        return EAGAIN;
    if (!strand_may_wait())
        return EDEADLK;
    if (goes_in_anyway(pool, self, deadline))
        return has_room(pool) || worker_has_stack(worker_current()) ? 0 : EDEADLK;
    return wait_for_room(pool, self, deadline);
}

/* By the monitor. EAGAIN: there is no room and the deadline is BIDE_NOW. */
static int push_to_backlog(bide_pool *pool, bide_future *future, bide_time deadline)
{
    struct link *worker = NULL;
    monitor_lock(&pool->monitor);
    int error = enter(pool, deadline);
    bool is_over = !error && !has_room(pool);
    if (!error) {
        pool->entered++;
        pool_push(pool, future);
        worker = is_over ? NULL : pool_wake(pool);
    }
    if (is_over) {
        worker_run_oldest(worker_current());
    } else {
        monitor_unlock(&pool->monitor);
        waiters_fire(worker);
    }
    return error;
}

static int push(bide_pool *pool, bide_future *future, bide_time deadline)
{
    struct worker *self = worker_current();
    bool is_own = self && self->pool == pool;
    if (pool->options.max_pending)
        return push_to_backlog(pool, future, deadline);
    if (is_own && load_acquire(&pool->refuses))
        return ESHUTDOWN;
    if (is_own && worker_push(self, (word)future))
        return 0;
    if (is_own || !injection_push(&pool->injection, future, future))
        return push_to_backlog(pool, future, deadline);
    if (idle_needs_wake(idle_look(&pool->idle)))
        pool_wake_for_push(pool);
    return 0;
}

int pool_submit(bide_pool *pool, bide_task_fn *fn, void *arg, bide_future **future, pool_enter *come_in, bide_time time)
{
    if (!pool || !fn)
        return EINVAL;
    if (pool_is_inherited(pool))
        return ESHUTDOWN;
    bide_future *entry = future_create(&pool->runner, fn, arg, pool->generation, future ? 2 : 1);
    if (!entry)
        return ENOMEM;
    int error = come_in(pool, entry, time);
    if (error)
        future_discard(entry);
    else if (future)
        *future = entry;
    return error;
}

int bide_submit(bide_pool *pool, bide_task_fn *fn, void *arg, bide_future **future)
{
    return pool_submit(pool, fn, arg, future, push, BIDE_FOREVER);
}

int bide_try_submit(bide_pool *pool, bide_task_fn *fn, void *arg, bide_future **future)
{
    return pool_submit(pool, fn, arg, future, push, BIDE_NOW);
}

int bide_submit_until(bide_pool *pool, bide_task_fn *fn, void *arg, bide_time deadline, bide_future **future)
{
    int error = pool_submit(pool, fn, arg, future, push, deadline);
    return error == EAGAIN ? strand_poll(strand_current()) : error;
}
