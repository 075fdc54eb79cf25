#include "base/cells.h"
#include "base/inline.h"
#include "base/memory.h"
#include "run/entry.h"

#include <errno.h>

/* Under the monitor: wait for a moment in which nothing is queued, scheduled or running. EAGAIN: it is not now. */
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
    struct batch late = injection_close(&pool->injection);
    pool->entered += late.length;
    pool_push_batch(pool, late);
    struct link *submitters = list_take_all(&pool->for_room);
    struct link *worker = pool_wake_if_needed(pool); /* who handed those in counts on one */
    monitor_unlock(&pool->monitor);
    waiters_fire(submitters);
    waiters_fire(worker);
}

/* From here on nothing starts. Who pushes to its deque pushes, BARRIER, looks here; who closes writes here, BARRIER, looks at
 * the deques: so one of them sees what has come in the same moment. */
static void refuse(bide_pool *pool)
{
    monitor_lock(&pool->monitor);
    exchange_seq(&pool->refuses, 1);
    add_release(&pool->runner.closes, 1);
    monitor_unlock(&pool->monitor);
    if (pool->workers->own.asymmetric)
        barrier_heavy();
}

/* As a chain by link, with what was scheduled. */
static bide_future *take_backlog(bide_pool *pool)
{
    monitor_lock(&pool->monitor);
    pool_enqueue_scheduled(pool);
    bide_future *first = pool->first;
    pool->first = pool->last = NULL;
    pool->queued = 0;
    monitor_unlock(&pool->monitor);
    return first;
}

/* Of what is in the deques, the same as a thief. */
static void cancel_deque(bide_pool *pool, struct deque *deque)
{
    word entry;
    while (deque_length(deque))
        if ((entry = deque_steal(deque))) {
            entry_refuse(entry);
            pool_retire(pool, !entry_is_child(entry));
        }
}

/* Entries of tasks that have started are dead: those tasks are asked to stop with the others. */
APART void pool_cancel_queued(bide_pool *pool)
{
    size_t count = 0;
    for (bide_future *entry = take_backlog(pool), *next; entry; entry = next, count++) {
        next = entry->link;
        entry_refuse((word)entry);
    }
    pool_retire(pool, count);
    for (unsigned i = 0; i < pool->options.workers; i++) {
        cancel_deque(pool, &pool->workers[i].own);
        cancel_deque(pool, &pool->workers[i].batch);
    }
}

static void shut_and_cancel(bide_pool *pool)
{
    shut(pool);
    refuse(pool);
    pool_cancel_queued(pool);
    for (unsigned i = 0; i < pool->options.workers; i++)
        for (bide_future *task; (task = task_next_unasked(&pool->workers[i])); bide_future_release(task))
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

static void forget_chain(bide_future *first)
{
    for (bide_future *entry = first, *next; entry; entry = next) {
        next = entry->link;
        future_forget(entry);
    }
}

static void forget_deque(struct deque *deque)
{
    for (word entry; (entry = deque_shift(deque));)
        if (!entry_is_child(entry))
            future_forget((bide_future *)entry);
}

/* In a child: the workers are not there, and the arguments are the parent's to drop. */
static void free_inherited(bide_pool *pool)
{
    pool_enqueue_scheduled(pool);
    forget_chain(pool->first);
    forget_chain(injection_take(&pool->injection).first);
    for (unsigned i = 0; i < pool->options.workers; i++) {
        forget_deque(&pool->workers[i].own);
        forget_deque(&pool->workers[i].batch);
        if (!pool->runner.holds)
            fibers_forget(&pool->workers[i].fibers);
        lookout_forget(pool->workers[i].lookout);
    }
    memory_free(pool);
    cells_end_use();
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
