#include "base/clock.h"
#include "base/inline.h"
#include "run/entry.h"
#include "run/search.h"

#include <errno.h>

#define STARVING_SECONDS 0.01 /* until the next look for memory */
#define SIGNAL_STACK_SIZE ((size_t)64 << 10)

static _Thread_local struct worker *worker_here;

struct worker *worker_current(void)
{
    return worker_here;
}

bool pool_is_own(const bide_pool *pool)
{
    return (worker_here && worker_here->pool == pool) || blocking_is_helper_of(pool);
}

bide_pool *bide_current_pool(void)
{
    return strand_current()->future ? worker_here->pool : NULL;
}

int bide_worker_index(void)
{
    return strand_current()->future ? (int)worker_here->index : -1;
}

bool worker_push(struct worker *self, word entry)
{
    word created = load_relaxed(&self->created);
    store_release(&self->created, created + 1); /* before anybody can end it */
    if (!deque_push(&self->own, entry)) {
        store_release(&self->created, created);
        return false;
    }
    worker_tell_of_push(self);
    return true;
}

void worker_make_ready(struct worker *worker, struct link *fiber)
{
    if (worker_here)
        stretch_mark(&worker_here->stretch);
    if (worker == worker_here) {
        fiber_make_ready(fiber);
        return;
    }
    bide_pool *pool = worker->pool;
    monitor_lock(&pool->monitor);
    list_append(&worker->inbox, fiber);
    store_release(&worker->fibers.mail, 1);
    struct link *sleeper = pool_wake_worker(worker);
    monitor_unlock(&pool->monitor);
    waiters_fire(sleeper);
}

/* Under the monitor, which it lets go of for what it fires. */
static void tell_drained(bide_pool *pool)
{
    struct link *drainers = pool_tell_drained(pool);
    if (!drainers)
        return;
    monitor_unlock(&pool->monitor);
    waiters_fire(drainers);
    monitor_lock(&pool->monitor);
}

/* The next entry, or none for now; 0 with *ends: for ever. */
static APART word await_entry(struct worker *self, bool to_queue, bool *ends)
{
    bide_pool *pool = self->pool;
    monitor_lock(&pool->monitor);
    *ends = pool->stopping;
    bool has_work = search_look(self);
    if (!*ends && search_should_steal(self, has_work, to_queue))
        return search_steal(self);
    if (has_work)
        return search_take(self, to_queue);
    tell_drained(pool);
    if (!*ends && !search_look(self) && !pool->stopping)
        pool_sleep(self, BIDE_FOREVER, false);
    monitor_unlock(&pool->monitor);
    return 0;
}

static void work_holding(struct worker *self)
{
    bool ends = false;
    while (!ends) {
        bool to_queue = ++self->rounds % QUEUE_ROUND == 0;
        word entry = to_queue ? 0 : search_quickly(self);
        if (!entry)
            entry = await_entry(self, to_queue, &ends);
        if (entry)
            entry_see_to(self, entry, 0);
    }
}

/* Do its fibers wait for something that comes without another thread? */
static bool awaits_outside(const struct worker *worker)
{
    return lookout_is_used(worker->lookout) || fibers_first_time(&worker->fibers) != BIDE_FOREVER;
}

static bool is_at_end(const struct worker *worker, const struct worker *self)
{
    return (worker == self || (worker->starves && link_is_listed(&worker->idle.link))) && !awaits_outside(worker);
}

/* With no memory for a fiber to park on, tasks wait until one is free; but not if no task can move that could free one. */
static bool is_stuck(const struct worker *self, bool has_work)
{
    const bide_pool *pool = self->pool;
    bool stuck = has_work && list_is_empty(&self->fibers.ready);
    for (unsigned i = 0; i < pool->options.workers && stuck; i++)
        stuck = is_at_end(&pool->workers[i], self);
    return stuck;
}

/* Nobody tells when there is memory again. */
static bide_time next_look(const struct worker *self, bool has_work)
{
    bide_time first = fibers_first_time(&self->fibers);
    bide_time retry = self->starves && has_work ? bide_in(STARVING_SECONDS) : BIDE_FOREVER;
    return retry < first ? retry : first;
}

/* Under the monitor: is one of its fibers to go on? */
static bool will_resume(const struct worker *self)
{
    bide_time first = fibers_first_time(&self->fibers);
    return !list_is_empty(&self->inbox) || (first != BIDE_FOREVER && first <= clock_now()) ||
           (lookout_is_used(self->lookout) && lookout_has_seen(self->lookout));
}

/* Sleep, and say who is to be woken because this one will be busy with its fibers. If none is to go on yet, the next look is
 * at the queue, whatever gets ready meanwhile: whoever fired counts on that, and who has kept the time counts on nobody. */
static struct link *doze(struct worker *self, bool has_work)
{
    bool late = pool_sleep(self, next_look(self, has_work), has_work);
    if (late ? will_resume(self) : !list_is_empty(&self->inbox))
        return worker_end_search(self);
    self->fibers.to_queue = true;
    self->is_waking = !late;
    return NULL;
}

/* Whoever is woken searches in its place: this one may go on with a fiber. */
static struct link *leave_to_another(struct worker *self)
{
    bide_pool *pool = self->pool;
    pool_leave_role(self);
    if (self->searches)
        idle_end_search(&pool->idle);
    self->searches = false;
    return pool->waking ? NULL : pool_wake(pool);
}

/* Under the monitor, which it unlocks: nothing can be started here now. What is queued is for another, who has to be awake
 * before this one sleeps, or goes on with those that are ready. */
static void rest(struct worker *self, bool has_work, bool has_better)
{
    bide_pool *pool = self->pool;
    struct link *other = NULL;
    bool goes_on = !list_is_empty(&self->fibers.ready);
    if (goes_on)
        other = worker_end_search(self);
    else if (has_better)
        other = leave_to_another(self);
    if (!goes_on && !other)
        other = doze(self, has_work);
    monitor_unlock(&pool->monitor);
    waiters_fire(other);
}

/* Under the monitor, which it unlocks. A dead entry was nobody's turn. */
static void start(struct worker *self, bool to_queue, bool steals, int refusal)
{
    word entry = steals ? search_steal(self) : search_take(self, to_queue);
    if (entry && !entry_see_to(self, entry, refusal))
        self->fibers.to_queue = true;
}

/* By the monitor: start a task, or sleep until there is something to do. false: that is the end. */
static APART bool look_round(struct worker *self, bool to_queue, bool has_spare)
{
    bide_pool *pool = self->pool;
    monitor_lock(&pool->monitor);
    fibers_admit(&self->fibers, &self->inbox);
    self->is_waking = false;
    self->starves = !has_spare;
    tell_drained(pool);
    bool goes_on = !to_queue && !list_is_empty(&self->fibers.ready);
    bool has_work = search_look(self), steals = search_should_steal(self, has_work, to_queue);
    if (pool->stopping) {
        monitor_unlock(&pool->monitor);
        return false;
    }
    bool finds = has_work || steals, has_better = finds && pool_has_better(self); /* asked once: it may change */
    if (!goes_on && (has_spare ? finds && !has_better : is_stuck(self, has_work))) {
        start(self, to_queue, has_spare && steals, has_spare ? 0 : ENOMEM);
    } else if (!finds && list_is_empty(&self->fibers.ready) && search_should_last(self)) {
        monitor_unlock(&pool->monitor);
        search_longer(self);
        self->fibers.to_queue = awaits_outside(self); /* who goes on with a fiber searches no more */
    } else {
        rest(self, finds, has_better);
    }
    return true;
}

/* One round: go on with who is ready, then start a task, or sleep. false: that is the end. */
static bool go_round(struct worker *self)
{
    bool to_queue = fibers_resume(&self->fibers);
    bool has_spare = fibers_reserve(&self->fibers, 1);
    word entry = !to_queue && has_spare && !fibers_are_wanted(&self->fibers) ? search_quickly(self) : 0;
    if (entry)
        entry_see_to(self, entry, 0);
    return entry || look_round(self, to_queue, has_spare);
}

static FLAT void loop_on_fiber(void *arg)
{
    struct worker *self = arg;
    while (go_round(self))
        ;
    fibers_leave(&self->fibers);
}

/* The stack for signals lies on the thread's own, which nothing else uses meanwhile. */
static void work_parking(struct worker *self)
{
    char signal_stack[SIGNAL_STACK_SIZE];
    bool set = thread_set_signal_stack(signal_stack, sizeof signal_stack);
    fibers_enter(&self->fibers, loop_on_fiber, self);
    if (set)
        thread_unset_signal_stack(signal_stack);
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
    bool holds = self->pool->runner.holds;
    worker_here = self;
    thread_be_worker();
    strand_be_impatient();
    thread_name(options->name, self->index);
    self->stack_reserve = thread_stack_reserve();
    int error = options->worker_start ? options->worker_start(self->index, options->worker_ctx) : 0;
    bool started = !error;
    thread_state_save(&self->clean);
    stretch_init(&self->stretch);
    if (started && !holds && !fibers_begin(&self->fibers, options->stack_size, &self->clean, &self->stretch))
        error = ENOMEM;
    report_start(self->pool, error);
    if (!error && holds)
        work_holding(self);
    else if (!error)
        work_parking(self);
    if (started && !holds)
        fibers_end(&self->fibers);
    lookout_destroy(self->lookout);
    if (started && options->worker_stop)
        options->worker_stop(self->index, options->worker_ctx);
    return NULL;
}
