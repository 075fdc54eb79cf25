#include "base/clock.h"
#include "base/spin.h"
#include "run/pool.h"

#include <errno.h>

static bide_future *scheduled_future(struct timer *timer)
{
    return LISTED_IN(bide_future, timer, timer);
}

/* Started tasks stay where they are: one with more than its share of them should not start others. */
bool worker_is_laden(const struct worker *worker)
{
    return worker->live * worker->pool->options.workers > worker->pool->live;
}

static bool suits(const struct worker *worker)
{
    return !worker->starves && !worker_is_laden(worker);
}

static struct worker *idle_worker(const bide_pool *pool)
{
    struct link *first = pool->for_work.first, *link = first;
    while (link) {
        struct worker *worker = LISTED_IN(struct worker, idle.link, link);
        if (suits(worker))
            return worker;
        link = link->next == first ? NULL : link->next;
    }
    return first ? LISTED_IN(struct worker, idle.link, first) : NULL;
}

struct link *pool_wake(bide_pool *pool)
{
    struct worker *worker = idle_worker(pool);
    return worker ? pool_wake_worker(worker) : NULL;
}

bool pool_has_better(const struct worker *self)
{
    const bide_pool *pool = self->pool;
    for (unsigned i = 0; i < pool->options.workers; i++) {
        const struct worker *other = &pool->workers[i];
        if (other != self && suits(other) && (other->is_waking || link_is_listed(&other->idle.link)))
            return true;
    }
    return false;
}

struct link *pool_wake_if_needed(bide_pool *pool)
{
    bool needed = pool->first || (pool->scheduled.length && !pool->timekeeper);
    return needed && pool->waking == 0 ? pool_wake(pool) : NULL;
}

/* On its way to the monitor it will look by itself. */
struct link *pool_wake_worker(struct worker *worker)
{
    bide_pool *pool = worker->pool;
    if (!link_is_listed(&worker->idle.link))
        return NULL;
    list_remove(&pool->for_work, &worker->idle.link);
    worker->is_waking = true;
    pool->waking++;
    return &worker->idle.link;
}

void pool_sleep(struct worker *self, bide_time deadline)
{
    bide_pool *pool = self->pool;
    waiter_init(&self->idle, strand_current());
    if (pool->timekeeper) {
        list_prepend(&pool->for_work,
                     &self->idle.link); /* the last to sleep is the first to wake: its caches are warm */
    } else {
        pool->timekeeper = self;
        bide_time first = heap_first_time(&pool->scheduled);
        if (first < deadline)
            deadline = first;
        list_append(&pool->for_work, &self->idle.link);
    }
    if (monitor_wait_listed(&pool->monitor, &pool->for_work, &self->idle, deadline, LATE) == 0)
        pool->waking--;
    self->is_waking = false;
    if (pool->timekeeper == self)
        pool->timekeeper = NULL;
}

void pool_enqueue_due(bide_pool *pool)
{
    if (pool->scheduled.length == 0)
        return;
    bide_time now = clock_now();
    for (struct timer *timer; (timer = heap_take_until(&pool->scheduled, now));)
        pool_push(pool, scheduled_future(timer));
    heap_trim(&pool->scheduled);
}

void pool_enqueue_scheduled(bide_pool *pool)
{
    for (struct timer *timer; (timer = heap_take_until(&pool->scheduled, BIDE_FOREVER));)
        pool_push(pool, scheduled_future(timer));
    heap_trim(&pool->scheduled);
}

bide_time pool_unschedule(bide_pool *pool, bide_future *future)
{
    if (!heap_holds(&pool->scheduled, &future->timer))
        return BIDE_NOW;
    bide_time when = heap_time_of(&pool->scheduled, &future->timer);
    heap_remove(&pool->scheduled, &future->timer);
    heap_trim(&pool->scheduled);
    return when > BIDE_NOW ? when : BIDE_NOW + 1;
}

void pool_unpin(bide_pool *pool)
{
    add_release(&pool->runner.pins, (word)-1);
}

void pool_forget(struct runner *runner, bide_future *future)
{
    bide_pool *pool = (bide_pool *)runner;
    struct link *drainers = NULL;
    monitor_lock(&pool->monitor);
    bool scheduled = pool_unschedule(pool, future) != BIDE_NOW;
    if (scheduled && pool_is_drained(pool))
        drainers = list_take_all(&pool->for_event);
    monitor_unlock(&pool->monitor);
    pool_unpin(pool);
    waiters_fire(drainers);
    if (scheduled)
        bide_future_release(future);
}

/* Under the monitor. */
static int schedule(bide_pool *pool, bide_future *future, bide_time when, struct link **worker)
{
    if (pool_refuses(pool))
        return ESHUTDOWN;
    if (!heap_reserve(&pool->scheduled, pool->scheduled.length + 1))
        return ENOMEM;
    if (when < heap_first_time(&pool->scheduled))
        *worker = pool->timekeeper ? pool_wake_worker(pool->timekeeper) : NULL;
    heap_add(&pool->scheduled, when, &future->timer);
    return 0;
}

int bide_submit_at(bide_pool *pool, bide_time when, bide_task_fn *fn, void *arg, bide_future **future)
{
    struct link *worker = NULL;
    if (!pool || !fn)
        return EINVAL;
    if (pool_is_inherited(pool))
        return ESHUTDOWN;
    bide_future *entry = future_create(&pool->runner, fn, arg, pool->generation, future ? 2 : 1);
    if (!entry)
        return ENOMEM;
    monitor_lock(&pool->monitor);
    int error = schedule(pool, entry, when, &worker);
    monitor_unlock(&pool->monitor);
    waiters_fire(worker);
    if (error)
        future_discard(entry);
    else if (future)
        *future = entry;
    return error;
}
