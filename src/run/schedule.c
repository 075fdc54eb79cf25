#include "base/barrier.h"
#include "base/clock.h"
#include "base/inline.h"
#include "base/spin.h"
#include "run/pool.h"

#include <errno.h>

#define GRACE ((bide_time)100000) /* nanoseconds that what is due may be late before it is anybody's */
#define MOST_UNLOOKED 64
#define LOOKS_BEFORE_WAKE 24 /* less than a microsecond */
#define BRISK 32 /* started within about that time: they are so short that a second worker would only be in the way */

static bide_future *scheduled_future(struct timer *timer)
{
    return LISTED_IN(bide_future, timer, timer);
}

/* Started tasks stay where they are: one with more than its share of them should not start others. */
bool worker_is_laden(const struct worker *worker)
{
    const bide_pool *pool = worker->pool;
    word live = 0;
    for (unsigned i = 0; i < pool->options.workers; i++)
        live += load_relaxed(&pool->workers[i].live);
    return load_relaxed(&worker->live) * pool->options.workers > live;
}

/* The less, the better it is that this worker starts a task. */
static unsigned reluctance(const struct worker *worker)
{
    return worker->starves ? 2 : worker_is_laden(worker) ? 1 : 0;
}

static struct worker *idle_worker(const bide_pool *pool)
{
    struct link *first = pool->for_work.first, *link = first;
    struct worker *best = NULL;
    while (link) {
        struct worker *worker = LISTED_IN(struct worker, idle.link, link);
        if (!best || reluctance(worker) < reluctance(best))
            best = worker;
        link = link->next == first ? NULL : link->next;
    }
    return best;
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
        if (reluctance(other) < reluctance(self) && (other->is_waking || link_is_listed(&other->idle.link)))
            return true;
    }
    return false;
}

/* From when on what is due first is anybody's, not only the timekeeper's. */
static bide_time free_time(const bide_pool *pool)
{
    bide_time first = heap_first_time(&pool->scheduled);
    bide_time late = first < BIDE_FOREVER - GRACE ? first + GRACE : BIDE_FOREVER;
    return late > pool->brisk_until ? late : pool->brisk_until;
}

/* By the clock as the worker last read it. */
static bool is_due_for(const struct worker *self)
{
    const bide_pool *pool = self->pool;
    bool is_anothers = pool->timekeeper && pool->timekeeper != self;
    return (is_anothers ? free_time(pool) : heap_first_time(&pool->scheduled)) <= self->now;
}

/* See to it that somebody sleeps no longer than to the first scheduled time, or little longer. A deputy that is on its way to
 * the monitor will do that. */
static struct link *wake_watcher(bide_pool *pool)
{
    bool is_kept = pool->timekeeper && link_is_listed(&pool->timekeeper->idle.link);
    if (pool->scheduled.length == 0 || is_kept)
        return NULL;
    if (!pool->deputy)
        return pool_wake(pool);
    return pool->deputy_until > free_time(pool) ? pool_wake_worker(pool->deputy) : NULL;
}

/* I4: is there work that nobody is about to take? Other workers that are at work may just be pushing to their deques. */
static bool has_work_left(const bide_pool *pool)
{
    word seen = idle_look(&pool->idle);
    if (!idle_needs_wake(seen))
        return false;
    if (pool->workers->own.asymmetric && idle_sleepers(seen) + 1 < pool->options.workers)
        barrier_heavy();
    return pool_has_queued(pool);
}

struct link *pool_wake_if_needed(bide_pool *pool)
{
    return has_work_left(pool) ? pool_wake(pool) : wake_watcher(pool);
}

/* Is a worker that is awake about to take what was handed in? That is quicker than waking another. Who else lets it in wakes
 * one. */
static bool is_taken_soon(const bide_pool *pool)
{
    bool taken = false;
    if (idle_sleepers(idle_look(&pool->idle)) == pool->options.workers)
        return false;
    for (unsigned tries = LOOKS_BEFORE_WAKE; tries && !taken; tries--) {
        spin_relax();
        taken = !idle_needs_wake(idle_look(&pool->idle)) || injection_is_empty(&pool->injection);
    }
    return taken;
}

APART void pool_wake_for_injection(bide_pool *pool)
{
    if (!is_taken_soon(pool))
        pool_wake_for_push(pool);
}

APART void pool_wake_for_push(bide_pool *pool)
{
    struct link *worker = NULL;
    monitor_lock(&pool->monitor);
    if (idle_needs_wake(idle_look(&pool->idle)))
        worker = pool_wake(pool);
    monitor_unlock(&pool->monitor);
    waiters_fire(worker);
}

struct link *worker_end_search(struct worker *self)
{
    if (self->searches)
        idle_end_search(&self->pool->idle);
    self->searches = self->has_looked = false;
    return pool_wake_if_needed(self->pool);
}

/* On its way to the monitor it will look by itself. */
struct link *pool_wake_worker(struct worker *worker)
{
    bide_pool *pool = worker->pool;
    if (!link_is_listed(&worker->idle.link))
        return NULL;
    list_remove(&pool->for_work, &worker->idle.link);
    idle_wake(&pool->idle);
    worker->is_waking = true;
    pool->waking++;
    return &worker->idle.link;
}

/* What the worker sleeps until for the sake of the schedule. Not for what is due: that was left to another one. */
static bide_time take_role(struct worker *self)
{
    bide_pool *pool = self->pool;
    if (self->sees_due) {
        pool_leave_role(self);
        return BIDE_FOREVER;
    }
    if (!pool->timekeeper)
        pool->timekeeper = self;
    if (pool->timekeeper == self)
        return heap_first_time(&pool->scheduled);
    if (pool->deputy)
        return BIDE_FOREVER;
    pool->deputy = self;
    pool->deputy_until = free_time(pool);
    return pool->deputy_until;
}

/* I3, for one that is listed. */
static void announce(struct worker *self)
{
    idle_change(&self->pool->idle, IDLE_SLEEPER - (self->searches ? IDLE_SEARCHER : 0));
    self->searches = false;
}

/* I3: is there work after all? */
static bool has_come(const struct worker *self)
{
    const bide_pool *pool = self->pool;
    if (self->own.asymmetric && idle_sleepers(idle_look(&pool->idle)) < pool->options.workers)
        barrier_heavy();
    return pool_has_queued(pool);
}

bool pool_sleep(struct worker *self, bide_time deadline, bool knows_of_work)
{
    bide_pool *pool = self->pool;
    bide_time alarm = take_role(self);
    bool is_needed = pool->timekeeper == self && pool->scheduled.length;
    waiter_init(&self->idle, strand_current());
    /* the last to sleep is the first to wake: its caches are warm */
    is_needed ? list_append(&pool->for_work, &self->idle.link) : list_prepend(&pool->for_work, &self->idle.link);
    announce(self);
    int error = 0;
    if (!knows_of_work && has_come(self)) {
        list_remove(&pool->for_work, &self->idle.link);
        idle_wake(&pool->idle);
    } else {
        strand_sleep_at(lookout_is_used(self->lookout) ? self->lookout : NULL);
        error = monitor_wait_listed(&pool->monitor, &pool->for_work, &self->idle, alarm < deadline ? alarm : deadline,
                                    LATE);
        strand_sleep_at(NULL);
        error ? (void)idle_change(&pool->idle, (word)0 - IDLE_SLEEPER) : (void)pool->waking--;
    }
    self->searches = !error;
    self->has_looked = false;
    self->is_waking = false;
    if (pool->deputy == self)
        pool->deputy = NULL;
    return error != 0;
}

/* Has the timekeeper started so many since somebody last asked that it should be left alone for a while? */
static bool is_brisk(struct worker *self)
{
    bide_pool *pool = self->pool;
    self->now = clock_now();
    if (self->now - pool->asked_at < GRACE)
        return false;
    bool brisk = pool->due_count - pool->asked_count >= BRISK;
    pool->asked_at = self->now;
    pool->asked_count = pool->due_count;
    if (brisk)
        pool->brisk_until = self->now + GRACE;
    return brisk;
}

/* The shorter its tasks are, the more it starts until it looks at the clock again. */
static void read_clock(struct worker *self)
{
    bide_time last = self->now;
    self->now = clock_now();
    bool is_early = self->now - last < GRACE / 2;
    self->look_after = is_early && self->look_after < MOST_UNLOOKED ? self->look_after + self->unlooked : 1;
    self->unlooked = 0;
}

void worker_look_for_due(struct worker *self)
{
    bide_pool *pool = self->pool;
    if (!is_due_for(self) && heap_first_time(&pool->scheduled) != BIDE_FOREVER)
        read_clock(self);
    bool is_anothers = pool->timekeeper && pool->timekeeper != self;
    self->sees_due = is_due_for(self) && !(is_anothers && is_brisk(self));
}

bool worker_should_look_for_due(struct worker *self)
{
    return load_relaxed(&self->pool->timed) && ++self->unlooked >= self->look_after;
}

static void heap_has_changed(bide_pool *pool)
{
    heap_trim(&pool->scheduled);
    store_relaxed(&pool->timed, pool->scheduled.length);
}

bide_future *worker_pop_due(struct worker *self)
{
    bide_pool *pool = self->pool;
    bide_future *future = scheduled_future(heap_take_until(&pool->scheduled, BIDE_FOREVER));
    heap_has_changed(pool);
    pool->due_count++;
    pool->timekeeper = self;
    return future;
}

void pool_leave_role(const struct worker *self)
{
    if (self->pool->timekeeper == self)
        self->pool->timekeeper = NULL;
}

void pool_enqueue_scheduled(bide_pool *pool)
{
    for (struct timer *timer; (timer = heap_take_until(&pool->scheduled, BIDE_FOREVER));)
        pool_push(pool, scheduled_future(timer));
    heap_has_changed(pool);
}

bide_time pool_unschedule(bide_pool *pool, bide_future *future)
{
    if (!heap_holds(&pool->scheduled, &future->timer))
        return BIDE_NOW;
    bide_time when = heap_time_of(&pool->scheduled, &future->timer);
    heap_remove(&pool->scheduled, &future->timer);
    heap_has_changed(pool);
    return when > BIDE_NOW ? when : BIDE_NOW + 1;
}

void pool_unpin(bide_pool *pool)
{
    add_release(&pool->runner.pins, (word)-1);
}

void pool_forget(struct runner *runner, bide_future *future)
{
    bide_pool *pool = (bide_pool *)runner;
    struct swept swept = {NULL, NULL, NULL};
    monitor_lock(&pool->monitor);
    bool scheduled = pool_unschedule(pool, future) != BIDE_NOW;
    pool->entered -= scheduled;
    if (!scheduled)
        pool_count_dead(pool, &swept);
    struct link *drainers = pool_tell_drained(pool);
    monitor_unlock(&pool->monitor);
    pool_unpin(pool);
    waiters_fire(drainers);
    pool_throw_out(&swept);
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
    bool is_first = when < heap_first_time(&pool->scheduled);
    heap_add(&pool->scheduled, when, &future->timer);
    heap_has_changed(pool);
    pool->entered++;
    if (is_first && pool->timekeeper)
        *worker = pool_wake_worker(pool->timekeeper);
    if (is_first && !*worker)
        *worker = wake_watcher(pool);
    return 0;
}

static int schedule_and_wake(bide_pool *pool, bide_future *future, bide_time when)
{
    struct link *worker = NULL;
    monitor_lock(&pool->monitor);
    int error = schedule(pool, future, when, &worker);
    monitor_unlock(&pool->monitor);
    waiters_fire(worker);
    return error;
}

int bide_submit_at(bide_pool *pool, bide_time when, bide_task_fn *fn, void *arg, bide_future **future)
{
    return pool_submit(pool, fn, arg, future, schedule_and_wake, when);
}
