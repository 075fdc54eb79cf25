#include "base/trail.h"
#include "run/pool.h"

#define SWEPT_LEAST 64 /* dead entries: fewer are not worth a walk */

void pool_push(bide_pool *pool, bide_future *future)
{
    future->link = NULL;
    pool_push_batch(pool, (struct batch){future, future, 1});
}

void pool_push_batch(bide_pool *pool, struct batch batch)
{
    if (!batch.first)
        return;
    if (pool->last)
        pool->last->link = batch.first;
    else
        pool->first = batch.first;
    pool->last = batch.last;
    pool->queued += batch.length;
}

void pool_take_in(bide_pool *pool)
{
    struct batch batch = injection_take(&pool->injection);
    pool->entered += batch.length;
    pool_push_batch(pool, batch);
}

static bide_future *take_oldest(bide_pool *pool)
{
    bide_future *future = pool->first;
    pool->first = future->link;
    trail_follow(future->ahead);
    if (!pool->first)
        pool->last = NULL;
    future->link = NULL;
    pool->queued--;
    return future;
}

bide_future *pool_pop(bide_pool *pool, struct link **submitter)
{
    if (!pool->first)
        return NULL;
    *submitter = list_take_first(&pool->for_room);
    return take_oldest(pool);
}

/* Pushed the newest first, so that the owner, at the other end from the thieves, takes the oldest first. */
void worker_fill_batch(struct worker *self)
{
    bide_pool *pool = self->pool;
    size_t share = pool->queued / pool->options.workers;
    bide_future *taken[BATCH_SLOTS];
    size_t n = 0;
    while (n < BATCH_SLOTS && n < share)
        taken[n++] = take_oldest(pool);
    while (n)
        deque_push(&self->batch, (word)taken[--n]);
}

bool worker_has_queued(const struct worker *worker)
{
    return deque_length(&worker->batch) || deque_length(&worker->own);
}

bool pool_has_queued(const bide_pool *pool)
{
    bool has = pool->first || !injection_is_empty(&pool->injection);
    for (unsigned i = 0; i < pool->options.workers && !has; i++)
        has = worker_has_queued(&pool->workers[i]);
    return has;
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
        pool->entered--;
        entry->link = swept->first;
        swept->first = entry;
        if ((submitter = list_take_first(&pool->for_room)))
            list_append(&submitters, submitter);
    }
    swept->submitters = list_take_all(&submitters);
}

void pool_count_dead(bide_pool *pool, struct swept *swept)
{
    if (++pool->dead < SWEPT_LEAST)
        return;
    pool_take_in(pool);
    if (pool->dead > pool->queued / 2)
        sweep(pool, swept);
    swept->worker = pool_wake_if_needed(pool);
}

void pool_throw_out(struct swept *swept)
{
    waiters_fire(swept->submitters);
    waiters_fire(swept->worker);
    for (bide_future *entry = swept->first, *next; entry; entry = next) {
        next = entry->link;
        bide_future_release(entry);
    }
}

void pool_retire(bide_pool *pool, size_t count)
{
    monitor_lock(&pool->monitor);
    pool->entered -= count;
    struct link *drainers = pool_tell_drained(pool);
    monitor_unlock(&pool->monitor);
    waiters_fire(drainers);
}

struct link *pool_tell_drained(bide_pool *pool)
{
    return !list_is_empty(&pool->for_event) && pool_is_drained(pool) ? list_take_all(&pool->for_event) : NULL;
}

bool pool_is_drained(const bide_pool *pool)
{
    word ended = 0, created = pool->entered;
    for (unsigned i = 0; i < pool->options.workers; i++)
        ended += load_acquire(&pool->workers[i].ended);
    for (unsigned i = 0; i < pool->options.workers; i++)
        created += load_acquire(&pool->workers[i].created);
    return ended == created && injection_is_empty(&pool->injection);
}
