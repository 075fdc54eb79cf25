#include "base/inline.h"
#include "run/entry.h"

#include <errno.h>

bool pool_refuses(const bide_pool *pool)
{
    return load_relaxed(&pool->refuses) || (pool->closed && !pool_is_own(pool));
}

static bool has_room(const bide_pool *pool, size_t n)
{
    size_t most = pool->options.max_pending;
    return most == 0 || (n <= most && pool->queued <= most - n);
}

/* A task of a holding pool with no end to its patience goes in all the same, and takes the oldest entry out in the same step: it
 * could wait for ever for a worker, being on one. Unless it should stop. */
static bool goes_in_anyway(const bide_pool *pool, struct strand *self, bide_time deadline)
{
    return deadline == BIDE_FOREVER && pool->runner.holds && self->runner == &pool->runner && !strand_stop_is_due(self);
}

/* Under the monitor, which it lets go of while it waits. Newcomers queue behind those that wait; who was fired and has lost its
 * room to somebody waits in front. */
static int wait_for_room(bide_pool *pool, size_t n, struct strand *self, bide_time deadline)
{
    struct waiter waiter;
    bool was_fired = false;
    int error = 0;
    waiter_init(&waiter, self);
    while (!error && !pool_refuses(pool) && !(has_room(pool, n) && (was_fired || list_is_empty(&pool->for_room)))) {
        was_fired ? list_prepend(&pool->for_room, &waiter.link) : list_append(&pool->for_room, &waiter.link);
        error = monitor_wait_listed(&pool->monitor, &pool->for_room, &waiter, deadline, STOP | LATE);
        was_fired = true;
    }
    return error ? error : pool_refuses(pool) ? ESHUTDOWN : 0;
}

/* Under the monitor: wait until n entries may be pushed. EAGAIN: not now, and the deadline is BIDE_NOW. */
static int enter(bide_pool *pool, size_t n, bide_time deadline)
{
    struct strand *self = strand_current();
    if (pool_refuses(pool))
        return ESHUTDOWN;
    if (has_room(pool, n) && list_is_empty(&pool->for_room))
        return 0;
    if (deadline == BIDE_NOW)
        return EAGAIN;
    if (!strand_may_wait())
        return EDEADLK;
    if (goes_in_anyway(pool, self, deadline))
        return has_room(pool, n) || worker_has_stack(worker_current()) ? 0 : EDEADLK;
    return wait_for_room(pool, n, self, deadline);
}

/* Under the monitor, which it unlocks: the caller has put more in than there is room for, and takes out as many. Who was woken
 * for what it has put in does not wait for these. */
static void run_surplus(bide_pool *pool, struct link *woken)
{
    struct worker *self = worker_current();
    while (!has_room(pool, 0) && worker_has_stack(self)) {
        worker_run_oldest(self, woken);
        woken = NULL;
        monitor_lock(&pool->monitor);
    }
    monitor_unlock(&pool->monitor);
    waiters_fire(woken);
}

/* Under the monitor. */
static struct link *append(bide_pool *pool, struct batch batch)
{
    pool->entered += batch.length;
    pool_push_batch(pool, batch);
    return pool_wake(pool);
}

/* By the monitor. EAGAIN: there is no room and the deadline is BIDE_NOW. What was too little for one who waited, or is more
 * than it took, may do for the next. */
static APART int push_to_backlog(bide_pool *pool, struct batch batch, bide_time deadline)
{
    struct link *worker = NULL, *submitter = NULL;
    monitor_lock(&pool->monitor);
    int error = enter(pool, batch.length, deadline);
    if (!error)
        worker = append(pool, batch);
    if (error != EAGAIN && has_room(pool, 1))
        submitter = list_take_first(&pool->for_room);
    if (!error && !has_room(pool, 0)) { /* and so none for a submitter */
        run_surplus(pool, worker);
        return 0;
    }
    monitor_unlock(&pool->monitor);
    waiters_fire(submitter);
    waiters_fire(worker);
    return error;
}

static APART void append_apart(bide_pool *pool, struct batch batch)
{
    monitor_lock(&pool->monitor);
    struct link *worker = append(pool, batch);
    monitor_unlock(&pool->monitor);
    waiters_fire(worker);
}

/* What finds no room in the deque goes into the backlog. */
static int push_own(struct worker *self, struct batch batch)
{
    bide_pool *pool = self->pool;
    stretch_mark(&self->stretch);
    if (load_acquire(&pool->refuses))
        return ESHUTDOWN;
    while (batch.length) {
        bide_future *next = batch.first->link; /* after the push the entry may be gone */
        if (!worker_push(self, (word)batch.first))
            break;
        batch.first = next;
        batch.length--;
    }
    if (batch.length)
        append_apart(pool, batch);
    if (load_seq(&pool->refuses))
        pool_cancel_queued(pool); /* a close that came meanwhile may have missed them */
    return 0;
}

/* From a thread outside, or in a blocking call of a task. */
static int push_from_outside(bide_pool *pool, struct batch *batch)
{
    struct batch turned = batch_turned(batch->first);
    if (!injection_push(&pool->injection, turned.first, turned.last)) {
        *batch = batch_turned(turned.first);
        return push_to_backlog(pool, *batch, BIDE_FOREVER); /* the closed pool is the judge of who may still come in */
    }
    if (idle_needs_wake(idle_look(&pool->idle)))
        pool_wake_for_injection(pool);
    return 0;
}

static int push_batch(bide_pool *pool, struct batch *batch, bide_time deadline)
{
    struct worker *self = worker_current();
    if (pool->options.max_pending)
        return push_to_backlog(pool, *batch, deadline);
    return self && self->pool == pool ? push_own(self, *batch) : push_from_outside(pool, batch);
}

static int push(bide_pool *pool, bide_future *future, bide_time deadline)
{
    return push_batch(pool, &(struct batch){future, future, 1}, deadline);
}

int pool_admit(struct runner *runner, bide_future *future)
{
    bide_pool *pool = (bide_pool *)runner;
    struct link *worker = NULL;
    monitor_lock(&pool->monitor);
    bool refuses = pool_refuses(pool);
    if (!refuses) {
        future->link = NULL; /* under the monitor: who cancels it looks whether it is scheduled */
        worker = append(pool, (struct batch){future, future, 1});
    }
    monitor_unlock(&pool->monitor);
    waiters_fire(worker);
    return refuses ? ESHUTDOWN : 0;
}

int pool_submit(bide_pool *pool, bide_task_fn *fn, void *arg, bide_future **future, pool_enter *come_in, bide_time time)
{
    if (!pool || !fn)
        return EINVAL;
    if (!pool_is_own(pool) && pool_is_inherited(pool))
        return ESHUTDOWN;
    bide_future *entry = future_create(&pool->runner, fn, arg, future ? 2 : 1);
    if (!entry)
        return ENOMEM;
    int error = come_in(pool, entry, time);
    if (error)
        future_discard(entry);
    else if (future)
        *future = entry;
    return error;
}

FLAT int bide_submit(bide_pool *pool, bide_task_fn *fn, void *arg, bide_future **future)
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

static void discard_all(bide_future *first)
{
    for (bide_future *future = first, *next; future; future = next) {
        next = future->link;
        future_discard(future);
    }
}

/* false: no memory, and none are left. */
static bool create_all(bide_pool *pool, bide_task_fn *fn, void *const args[], struct batch *batch,
                       bide_future *futures[])
{
    bide_future *newest = NULL;
    for (size_t i = 0; i < batch->length; i++) {
        bide_future *future = future_create(&pool->runner, fn, args ? args[i] : NULL, futures ? 2 : 1);
        if (!future) {
            discard_all(newest);
            return false;
        }
        future->link = newest;
        newest = future;
        if (futures)
            futures[i] = future;
    }
    *batch = batch_turned(newest);
    return true;
}

int bide_submit_many(bide_pool *pool, bide_task_fn *fn, void *const args[], size_t n, bide_future *futures[])
{
    struct batch batch = {NULL, NULL, n};
    if (!pool || !fn || (pool->options.max_pending && n > pool->options.max_pending))
        return EINVAL;
    if (pool_is_inherited(pool))
        return ESHUTDOWN;
    if (n == 0)
        return 0;
    if (!create_all(pool, fn, args, &batch, futures))
        return ENOMEM;
    int error = push_batch(pool, &batch, BIDE_FOREVER);
    if (error)
        discard_all(batch.first);
    return error;
}
