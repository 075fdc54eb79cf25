#include "base/clock.h"
#include "run/pool.h"

#include <assert.h>
#include <errno.h>

#define OTHERS_ROUND 8        /* every so many times the queue comes first, what others have comes before it */
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

/* Take an entry that was taken out for its end: nobody will run it, or somebody else does. */
void worker_refuse(word entry)
{
    if (entry_is_child(entry)) {
        child_return(entry);
        return;
    }
    bide_future *future = (bide_future *)entry;
    if (bide_future_state(future) == BIDE_PENDING)
        future_cancel_unstarted(future);
    bide_future_release(future);
}

/* By its own thread. */
static void count(atomic_word *counter)
{
    store_release(counter, load_relaxed(counter) + 1);
}

/* A close that comes later is heard of by the task. */
static bool claim(struct worker *self, bide_future *future)
{
    return !load_acquire(&self->pool->runner.closes) && future_claim(future);
}

/* Run a task that was claimed, and has the run's reference. */
static void run(struct worker *self, bide_future *future, bide_time when, int refusal,
                const struct thread_state *restored)
{
    struct task task;
    task.when = when;
    task.refusal = refusal;
    task_run(&task, self, future);
    tools_end(&task, sizeof task);
    thread_state_restore(restored, &self->stretch);
    count(&self->ended);
}

static void see_to_child(struct worker *self, word entry, int refusal)
{
    if (refusal) {
        child_return(entry);
        return;
    }
    child_run(entry, self);
    thread_state_restore(&self->clean, &self->stretch);
}

/* See to an entry that was taken out. false: it was dead. */
static bool see_to(struct worker *self, word entry, int refusal)
{
    if (entry_is_child(entry)) {
        see_to_child(self, entry, refusal);
        return true;
    }
    bide_future *future = (bide_future *)entry;
    bool claimed = claim(self, future);
    if (claimed) {
        run(self, future, BIDE_NOW, refusal, &self->clean);
    } else {
        worker_refuse(entry); /* which may drop an argument */
        thread_state_restore(&self->clean, &self->stretch);
        count(&self->ended);
    }
    return claimed;
}

/* Run a task that was claimed in the middle of another one, which finds its thread as it left it. */
static void run_in_place(struct worker *self, bide_future *future, bide_time when)
{
    struct thread_state own;
    thread_state_save(&own);
    self->stretch.began = STRETCH_IS_LONG;
    thread_state_restore(&self->clean, &self->stretch);
    self->stretch.began = STRETCH_IS_LONG;
    run(self, future, when, 0, &own);
    self->stretch.began = STRETCH_IS_LONG;
}

bool worker_has_stack(const struct worker *self)
{
    return thread_stack_here() > self->stack_reserve;
}

/* It was claimed though its entry stays: it needs a reference of its own, and one that is dead is one too many. */
static void leave_entry(struct worker *self, bide_future *future)
{
    bide_pool *pool = self->pool;
    struct swept swept = {NULL, NULL};
    bide_future_retain(future);
    count(&self->created);
    monitor_lock(&pool->monitor);
    pool_count_dead(pool, &swept);
    monitor_unlock(&pool->monitor);
    pool_throw_out(&swept);
}

/* The one that its tasks have handed in last is often the one that is waited for. */
static bool take_newest(struct worker *self, bide_future *future)
{
    return deque_pop_that(&self->own, (word)future);
}

enum run_here worker_run_in_place(struct runner *runner, bide_future *future)
{
    struct worker *self = worker_here;
    bide_pool *pool = (bide_pool *)runner;
    if (!worker_has_stack(self))
        return NO_STACK;
    bool taken = take_newest(self, future);
    if (!claim(self, future)) {
        bool cancelled = future_cancel_unstarted(future); /* unstarted: the pool was cancelled */
        if (taken) {
            worker_refuse((word)future);
            count(&self->ended);
        }
        return cancelled ? RAN_HERE : NOT_HERE;
    }
    monitor_lock(&pool->monitor);
    bide_time when = pool_unschedule(pool, future);
    monitor_unlock(&pool->monitor);
    if (!taken && when == BIDE_NOW)
        leave_entry(self, future);
    run_in_place(self, future, when);
    return RAN_HERE;
}

static bool is_scheduled(bide_pool *pool, const bide_future *future)
{
    if (!load_relaxed(&pool->timed))
        return false;
    monitor_lock(&pool->monitor);
    bool scheduled = heap_holds(&pool->scheduled, &future->timer);
    monitor_unlock(&pool->monitor);
    return scheduled;
}

enum run_here worker_run_at_once(struct runner *runner, bide_future *future)
{
    struct worker *self = worker_here;
    struct strand *strand = strand_current();
    if (is_scheduled((bide_pool *)runner, future) || !fibers_reserve_in_task(&self->fibers, 2))
        return NOT_HERE;
    bool taken = take_newest(self, future), claimed = claim(self, future);
    if (claimed && !taken)
        leave_entry(self, future);
    if (claimed)
        fiber_call(&self->fibers, strand, future);
    if (taken && !claimed) {
        worker_refuse((word)future);
        count(&self->ended);
    }
    if (bide_future_state(future) < BIDE_DONE)
        return NOT_HERE;
    if (fibers_are_wanted(&self->fibers))
        strand->operations->yield(strand);
    else
        strand_pass();
    return RAN_HERE;
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

static word next_of_deques(struct worker *self)
{
    word entry = deque_pop(&self->batch);
    return entry ? entry : deque_shift(&self->own);
}

/* Under the monitor. A batch is older than the backlog. With a new batch, for all but pools that count what is queued. */
static word next_queued(struct worker *self, bool backlog_first, struct link **submitter)
{
    bide_pool *pool = self->pool;
    word entry = deque_pop(&self->batch);
    if (!entry && !backlog_first)
        entry = deque_shift(&self->own);
    if (entry)
        return entry;
    entry = (word)pool_pop(pool, submitter);
    if (!entry)
        return deque_shift(&self->own);
    if (!backlog_first && !pool->options.max_pending)
        worker_fill_batch(self);
    return entry;
}

/* By turns what is due, as seen by the last look, and what is queued; 0: there is none, or it was stolen. */
static word next_entry(struct worker *self, bool backlog_first, struct link **submitter)
{
    word entry = self->sees_due && self->due_is_next ? 0 : next_queued(self, backlog_first, submitter);
    self->due_is_next = entry != 0;
    return entry || !self->sees_due ? entry : (word)worker_pop_due(self);
}

/* Under the monitor, which it unlocks: take an entry out. */
static word take(struct worker *self, bool backlog_first)
{
    struct link *submitter = NULL;
    word entry = next_entry(self, backlog_first, &submitter);
    struct link *other = worker_end_search(self);
    monitor_unlock(&self->pool->monitor);
    waiters_fire(submitter);
    waiters_fire(other);
    stretch_refresh(&self->stretch);
    return entry;
}

void worker_run_oldest(struct worker *self)
{
    struct link *submitter = NULL;
    bide_future *future = pool_pop(self->pool, &submitter);
    monitor_unlock(&self->pool->monitor);
    waiters_fire(submitter);
    if (claim(self, future)) {
        run_in_place(self, future, BIDE_NOW);
    } else {
        worker_refuse((word)future);
        count(&self->ended);
    }
}

/* What a batch holds is older. */
static word steal_from(struct worker *victim)
{
    word entry = deque_steal(&victim->batch);
    return entry ? entry : deque_steal(&victim->own);
}

/* From another worker, each time beginning with the next one, so that none who always has some keeps those of others from
 * being found; 0: none of them has any to spare. */
static word steal(struct worker *self)
{
    bide_pool *pool = self->pool;
    unsigned workers = pool->options.workers;
    word entry = 0;
    self->victim++;
    for (unsigned i = 0; i < workers && !entry; i++) {
        struct worker *victim = &pool->workers[(self->victim + i) % workers];
        entry = victim != self ? steal_from(victim) : 0;
    }
    return entry;
}

/* Without the monitor, which it needs only to wake somebody else. */
static void end_search(struct worker *self)
{
    monitor_lock(&self->pool->monitor);
    struct link *other = worker_end_search(self);
    monitor_unlock(&self->pool->monitor);
    waiters_fire(other);
}

/* An entry for which nobody needs the monitor: 0: there is none, or there is something else to look at. */
static word take_quickly(struct worker *self)
{
    const bide_pool *pool = self->pool;
    if (load_relaxed(&pool->refuses) || worker_should_look_for_due(self))
        return 0;
    if (load_relaxed(&self->live) && idle_look(&pool->idle))
        return 0; /* another worker may be better */
    word entry = next_of_deques(self);
    if (entry && self->searches)
        end_search(self);
    return entry;
}

/* Under the monitor: is there something that this worker can take out? */
static bool look_for_work(struct worker *self)
{
    pool_take_in(self->pool);
    worker_look_for_due(self);
    return self->sees_due || self->pool->first || worker_has_queued(self);
}

static bool can_steal(const struct worker *self)
{
    const bide_pool *pool = self->pool;
    bool can = false;
    for (unsigned i = 0; i < pool->options.workers && !can; i++)
        can = &pool->workers[i] != self && worker_has_queued(&pool->workers[i]);
    return can;
}

/* Before it sleeps it searches for a moment: what comes then needs no waking. Not with an alarm to keep. */
static bool should_look_longer(const struct worker *self)
{
    return !self->has_looked && !load_relaxed(&self->pool->timed) && fibers_first_time(&self->fibers) == BIDE_FOREVER;
}

static void look_longer(struct worker *self)
{
    const bide_pool *pool = self->pool;
    bool comes = false;
    self->has_looked = true;
    if (!self->searches)
        idle_begin_search(&self->pool->idle);
    self->searches = true;
    for (unsigned looks = patience_tries(&self->patience); looks && !comes; looks--) {
        spin_relax();
        comes = !injection_is_empty(&pool->injection) || can_steal(self) || load_relaxed(&self->fibers.mail);
    }
    patience_learn(&self->patience, comes);
}

/* Only if there is nothing here; but now and then when the queue comes first. Those that others have may wait for them for
 * long. */
static bool should_steal(struct worker *self, bool has_work, bool to_queue)
{
    if (to_queue)
        self->queue_rounds++;
    return (!has_work || (to_queue && self->queue_rounds % OTHERS_ROUND == 0)) && can_steal(self);
}

/* Under the monitor, which it unlocks; as take(). It may go on with a fiber if there was nothing: so its search is over, too. If
 * it was the one that watches what is scheduled, another one has to. */
static word steal_and_begin(struct worker *self)
{
    monitor_unlock(&self->pool->monitor);
    word entry = steal(self);
    if (self->searches || load_relaxed(&self->pool->timed))
        end_search(self);
    stretch_begin(&self->stretch);
    return entry;
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
static word await_entry(struct worker *self, bool to_queue, bool *ends)
{
    bide_pool *pool = self->pool;
    monitor_lock(&pool->monitor);
    *ends = pool->stopping;
    bool has_work = look_for_work(self);
    if (!*ends && should_steal(self, has_work, to_queue))
        return steal_and_begin(self);
    if (has_work)
        return take(self, to_queue);
    tell_drained(pool);
    if (!*ends && !look_for_work(self) && !pool->stopping)
        pool_sleep(self, BIDE_FOREVER, false);
    monitor_unlock(&pool->monitor);
    return 0;
}

static void work_holding(struct worker *self)
{
    bool ends = false;
    while (!ends) {
        bool to_queue = ++self->rounds % QUEUE_ROUND == 0;
        word entry = to_queue ? 0 : take_quickly(self);
        if (!entry)
            entry = await_entry(self, to_queue, &ends);
        if (entry)
            see_to(self, entry, 0);
    }
}

static bool may_take(const struct worker *self, bool has_work)
{
    return has_work && !pool_has_better(self);
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
    bool late = pool_sleep(self, next_look(self, has_work), has_work);
    if (late)
        return will_resume(self) ? pool_wake_if_needed(self->pool) : NULL;
    if (!list_is_empty(&self->inbox))
        return worker_end_search(self);
    self->fibers.to_queue = true; /* whoever fired counts on a look at the queue, */
    self->is_waking = true;       /* and so do others until then */
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
static void rest(struct worker *self, bool has_work)
{
    bide_pool *pool = self->pool;
    struct link *other = NULL;
    bool goes_on = !list_is_empty(&self->fibers.ready);
    if (goes_on)
        other = worker_end_search(self);
    else if (has_work && pool_has_better(self))
        other = leave_to_another(self);
    if (!goes_on && !other)
        other = doze(self, has_work);
    monitor_unlock(&pool->monitor);
    waiters_fire(other);
}

/* Under the monitor, which it unlocks. A dead entry was nobody's turn. */
static void start(struct worker *self, bool to_queue, bool steals, int refusal)
{
    word entry = steals ? steal_and_begin(self) : take(self, to_queue);
    if (entry && !see_to(self, entry, refusal))
        self->fibers.to_queue = true;
}

/* By the monitor: start a task, or sleep until there is something to do. false: that is the end. */
static bool look_round(struct worker *self, bool to_queue, bool has_spare)
{
    bide_pool *pool = self->pool;
    monitor_lock(&pool->monitor);
    fibers_admit(&self->fibers, &self->inbox);
    self->is_waking = false;
    self->starves = !has_spare;
    tell_drained(pool);
    bool goes_on = !to_queue && !list_is_empty(&self->fibers.ready);
    bool has_work = look_for_work(self), steals = should_steal(self, has_work, to_queue);
    if (pool->stopping) {
        monitor_unlock(&pool->monitor);
        return false;
    }
    if (!goes_on && (has_spare ? may_take(self, has_work || steals) : is_stuck(self, has_work))) {
        start(self, to_queue, has_spare && steals, has_spare ? 0 : ENOMEM);
    } else if (!has_work && !steals && list_is_empty(&self->fibers.ready) && should_look_longer(self)) {
        monitor_unlock(&pool->monitor);
        look_longer(self);
    } else {
        rest(self, has_work || steals);
    }
    return true;
}

/* One round: go on with who is ready, then start a task, or sleep. false: that is the end. */
static bool go_round(struct worker *self)
{
    bool to_queue = fibers_resume(&self->fibers);
    bide_future *handed = fibers_handed(&self->fibers);
    if (handed) {
        run(self, handed, BIDE_NOW, 0, &self->clean);
        return true;
    }
    bool has_spare = fibers_reserve(&self->fibers, 1);
    word entry = !to_queue && has_spare && !fibers_are_wanted(&self->fibers) ? take_quickly(self) : 0;
    if (entry)
        see_to(self, entry, 0);
    return entry || look_round(self, to_queue, has_spare);
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
    if (started && options->worker_stop)
        options->worker_stop(self->index, options->worker_ctx);
    return NULL;
}
