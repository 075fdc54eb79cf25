#include "run/pool.h"

void pool_push(bide_pool *pool, bide_future *future)
{
    future->link = NULL;
    if (pool->last)
        pool->last->link = future;
    else
        pool->first = future;
    pool->last = future;
    pool->queued++;
}

bide_future *pool_pop(bide_pool *pool, struct link **submitter)
{
    bide_future *future = pool->first;
    if (!future)
        return NULL;
    pool->first = future->link;
    if (!pool->first)
        pool->last = NULL;
    future->link = NULL;
    pool->queued--;
    pool->running++;
    *submitter = list_take_first(&pool->for_room);
    return future;
}

void pool_retire(bide_pool *pool)
{
    struct link *drainers = NULL;
    monitor_lock(&pool->monitor);
    pool->running--;
    if (pool_is_drained(pool))
        drainers = list_take_all(&pool->for_event);
    monitor_unlock(&pool->monitor);
    waiters_fire(drainers);
}

bool pool_is_drained(const bide_pool *pool)
{
    return pool->queued == 0 && pool->running == 0 && pool->scheduled.length == 0;
}
