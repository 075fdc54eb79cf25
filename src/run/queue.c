#include "run/pool.h"

#define SWEPT_LEAST 64 /* dead entries: fewer are not worth a walk */

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

/* Cancellers and claimers may be at work: what is dead a moment later stays for the next time. */
static void sweep(bide_pool *pool, struct swept *swept)
{
    bide_future *entry = pool->first, *next;
    struct list submitters = {NULL};
    struct link *submitter;
    pool->first = pool->last = NULL;
    pool->queued = pool->dead = 0;
    for (; entry; entry = next) {
        next = entry->link;
        if (bide_future_state(entry) == BIDE_PENDING) {
            pool_push(pool, entry);
            continue;
        }
        entry->link = swept->first;
        swept->first = entry;
        if ((submitter = list_take_first(&pool->for_room)))
            list_append(&submitters, submitter);
    }
    swept->submitters = list_take_all(&submitters);
}

void pool_count_dead(bide_pool *pool, struct swept *swept)
{
    if (++pool->dead >= SWEPT_LEAST && pool->dead > pool->queued / 2)
        sweep(pool, swept);
}

void pool_throw_out(struct swept *swept)
{
    waiters_fire(swept->submitters);
    for (bide_future *entry = swept->first, *next; entry; entry = next) {
        next = entry->link;
        bide_future_release(entry);
    }
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
