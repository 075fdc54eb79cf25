#include "base/clock.h"
#include "run/pool.h"

#include <assert.h>
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

/* Under the monitor: start a task, if nobody else did and the pool still wants it. */
static bool claim(struct worker *self, struct task *task, bide_future *future)
{
    *task = (struct task){.future = NULL};
    if (self->pool->cancelled || !future_claim(future))
        return false;
    task->future = future;
    list_append(&self->pool->tasks, &task->link);
    self->live++;
    self->pool->live++;
    return true;
}

/* Run a task that was claimed. The run's reference goes with it. */
static void run(struct worker *self, struct task *task)
{
    bide_pool *pool = self->pool;
    bide_value value;
    int error = task_call(task, self, &value);
    monitor_lock(&pool->monitor);
    list_remove(&pool->tasks, &task->link); /* a close that asks tasks to stop holds the futures of those listed */
    self->live--;
    pool->live--;
    monitor_unlock(&pool->monitor);
    future_settle(task->future, error, value);
}

/* See to what counts as running: a task that was claimed, or an entry that is dead. */
static void see_to(struct worker *self, struct task *task, bide_future *entry, const struct thread_state *restored)
{
    if (task->future)
        run(self, task);
    else
        bide_future_release(entry);
    bide_future_release(self->next);
    self->next = NULL;
    tools_end(task, sizeof *task);
    thread_state_restore(restored);
    pool_retire(self->pool);
}

/* The same in the middle of another task, which finds its thread as it left it. */
static void see_to_in_place(struct worker *self, struct task *task, bide_future *entry)
{
    struct thread_state own;
    thread_state_save(&own);
    thread_state_restore(&self->clean);
    see_to(self, task, entry, &own);
}

bool worker_has_stack(const struct worker *self)
{
    return thread_stack_here() > self->stack_reserve;
}

enum run_here worker_run_here(struct runner *runner, bide_future *future)
{
    bide_pool *pool = (bide_pool *)runner;
    struct task task;
    struct swept swept = {NULL, NULL};
    if (!worker_has_stack(worker_here))
        return NO_STACK;
    monitor_lock(&pool->monitor);
    bool claimed = claim(worker_here, &task, future);
    pool->running += claimed;
    if (claimed)
        task.when = pool_unschedule(pool, future);
    if (claimed && task.when == BIDE_NOW)
        pool_count_dead(pool, &swept);
    monitor_unlock(&pool->monitor);
    pool_throw_out(&swept);
    if (!claimed)
        return future_cancel_unstarted(future) ? RAN_HERE : NOT_HERE; /* unstarted: the pool was cancelled */
    if (task.when == BIDE_NOW)
        bide_future_retain(future); /* else the run has the reference of the entry */
    see_to_in_place(worker_here, &task, NULL);
    return RAN_HERE;
}

enum run_here worker_run_next(struct runner *runner, bide_future *future)
{
    (void)runner;
    struct worker *self = worker_here;
    bide_future *other = self->next;
    bide_future_retain(future);
    self->next = future;
    self->fibers.to_queue = true;
    bide_future_release(other); /* in the queue it stays */
    return NOT_HERE;
}

void worker_make_ready(struct worker *worker, struct link *fiber)
{
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

/* What was put in front, if anything; else by turns what is due, as seen by the last look, and what is queued. NULL: there is
 * none. */
static bide_future *pop(struct worker *self, struct link **submitter)
{
    bide_pool *pool = self->pool;
    bide_future *next = self->next;
    self->next = NULL;
    if (next) {
        pool->running++;
        return next;
    }
    self->due_is_next = self->sees_due && (self->due_is_next || !pool->first);
    if (!self->due_is_next) {
        self->due_is_next = true;
        return pool_pop(pool, submitter);
    }
    self->due_is_next = false;
    return worker_pop_due(self);
}

/* Under the monitor, which it unlocks: claim the task of an entry that was taken out, unless it is dead, or not due yet. One
 * from the front leaves another in the queue. */
static void start(struct worker *self, struct task *task, bide_future *entry, bool from_front, struct link *submitter)
{
    bide_pool *pool = self->pool;
    bool claimed = entry && !heap_holds(&pool->scheduled, &entry->timer) && claim(self, task, entry);
    struct swept swept = {NULL, NULL};
    if (claimed && from_front)
        pool_count_dead(pool, &swept);
    struct link *other = pool_wake_if_needed(pool);
    monitor_unlock(&pool->monitor);
    waiters_fire(submitter);
    waiters_fire(other);
    pool_throw_out(&swept);
}

static bide_future *take(struct worker *self, struct task *task)
{
    struct link *submitter = NULL;
    bool from_front = self->next != NULL;
    bide_future *entry = pop(self, &submitter);
    start(self, task, entry, from_front, submitter);
    return entry;
}

void worker_run_oldest(struct worker *self)
{
    struct task task = {.future = NULL};
    struct link *submitter = NULL;
    bide_future *entry = pool_pop(self->pool, &submitter);
    start(self, &task, entry, false, submitter);
    see_to_in_place(self, &task, entry);
}

static bool look_for_work(struct worker *self)
{
    worker_look_for_due(self);
    return self->sees_due || self->pool->first;
}

static void work_holding(struct worker *self)
{
    bide_pool *pool = self->pool;
    bide_future *entry;
    do {
        struct task task = {.future = NULL};
        monitor_lock(&pool->monitor);
        while (!look_for_work(self) && !pool->stopping)
            pool_sleep(self, BIDE_FOREVER);
        entry = take(self, &task);
        if (entry)
            see_to(self, &task, entry, &self->clean);
    } while (entry);
}

static bool may_take(const struct worker *self, bool has_work)
{
    return self->next || (has_work && !pool_has_better(self));
}

static bool is_at_end(const struct worker *worker, const struct worker *self)
{
    return (worker == self || (worker->starves && link_is_listed(&worker->idle.link))) &&
           fibers_first_time(&worker->fibers) == BIDE_FOREVER;
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
    return !list_is_empty(&self->inbox) || (first != BIDE_FOREVER && first <= clock_now());
}

/* Sleep, and say who is to be woken because this one will be busy with its fibers. */
static struct link *doze(struct worker *self, bool has_work)
{
    bool late = pool_sleep(self, next_look(self, has_work));
    bool for_queue = !late && list_is_empty(&self->inbox);
    self->fibers.to_queue |= for_queue; /* whoever fired counts on a look at the queue, */
    self->is_waking = for_queue;        /* and so do others until then */
    return !for_queue && will_resume(self) ? pool_wake_if_needed(self->pool) : NULL;
}

static struct link *leave_to_another(struct worker *self)
{
    pool_leave_role(self);
    return self->pool->waking ? NULL : pool_wake(self->pool);
}

/* Under the monitor, which it unlocks: nothing can be started here now. What is queued is for another, who has to be awake
 * before this one sleeps, or goes on with those that are ready. */
static void rest(struct worker *self, bool has_work)
{
    bide_pool *pool = self->pool;
    struct link *other = NULL;
    bool goes_on = !list_is_empty(&self->fibers.ready);
    if (goes_on)
        other = pool_wake_if_needed(pool);
    else if (has_work && pool_has_better(self))
        other = leave_to_another(self);
    if (!goes_on && !other)
        other = doze(self, has_work);
    monitor_unlock(&pool->monitor);
    waiters_fire(other);
}

/* One round: go on with who is ready, then start a task, or sleep until there is something to do. false: that is the end. */
static bool go_round(struct worker *self)
{
    bide_pool *pool = self->pool;
    struct task task = {.future = NULL};
    bool to_queue = fibers_resume(&self->fibers);
    bool has_spare = fibers_reserve(&self->fibers);
    monitor_lock(&pool->monitor);
    fibers_admit(&self->fibers, &self->inbox);
    self->is_waking = false;
    self->starves = !has_spare;
    bool goes_on = !to_queue && !list_is_empty(&self->fibers.ready);
    bool has_work = look_for_work(self);
    if (pool->stopping) {
        monitor_unlock(&pool->monitor);
        return false;
    }
    if (!goes_on && (has_spare ? may_take(self, has_work) : is_stuck(self, has_work))) {
        bide_future *entry = take(self, &task);
        assert(entry);
        task.refusal = has_spare ? 0 : ENOMEM;
        self->fibers.to_queue = !task.future; /* a dead entry was nobody's turn */
        see_to(self, &task, entry, &self->clean);
    } else {
        rest(self, has_work);
    }
    return true;
}

static void loop_on_fiber(void *arg)
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
    thread_name(options->name, self->index);
    self->stack_reserve = thread_stack_reserve();
    int error = options->worker_start ? options->worker_start(self->index, options->worker_ctx) : 0;
    bool started = !error;
    thread_state_save(&self->clean);
    if (started && !holds && !fibers_begin(&self->fibers, options->stack_size, &self->clean))
        error = ENOMEM;
    report_start(self->pool, error);
    if (!error && holds)
        work_holding(self);
    else if (!error)
        work_parking(self);
    if (started && !holds)
        fibers_end(&self->fibers);
    if (started && options->worker_stop)
        options->worker_stop(self->index, options->worker_ctx);
    return NULL;
}
