#include "run/entry.h"

#include "base/inline.h"

APART void entry_refuse(word entry)
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

/* The same for one that it has taken out. */
static void refuse_taken(struct worker *self, word entry)
{
    entry_refuse(entry);
    count(&self->ended);
}

/* A close that comes later is heard of by the task. */
static bool claim(struct worker *self, bide_future *future)
{
    return !load_acquire(&self->pool->runner.closes) && future_claim(future);
}

/* Run a task that was claimed, and has the run's reference. It leaves its thread as it likes. */
static void run_only(struct worker *self, bide_future *future, bide_time when, int refusal)
{
    struct task task;
    task.when = when;
    task.refusal = refusal;
    task_run(&task, self, future);
    tools_end(&task, sizeof task);
}

static void run(struct worker *self, bide_future *future, bide_time when, int refusal,
                const struct thread_state *restored)
{
    run_only(self, future, when, refusal);
    thread_state_restore(restored, &self->stretch);
    count(&self->ended);
}

static APART void see_to_child(struct worker *self, word entry, int refusal)
{
    if (refusal) {
        child_return(entry);
        return;
    }
    child_run(entry, self);
    thread_state_restore(&self->clean, &self->stretch);
}

bool entry_see_to(struct worker *self, word entry, int refusal)
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
        refuse_taken(self, entry); /* which may drop an argument */
        thread_state_restore(&self->clean, &self->stretch);
    }
    return claimed;
}

/* Run a task that was claimed in the middle of another one, which finds its thread as it left it. */
static void run_in_place(struct worker *self, bide_future *future, bide_time when)
{
    struct thread_state own;
    thread_state_save(&own);
    stretch_make_long(&self->stretch);
    thread_state_restore(&self->clean, &self->stretch);
    stretch_make_long(&self->stretch);
    run(self, future, when, 0, &own);
    stretch_make_long(&self->stretch);
}

bool worker_has_stack(const struct worker *self)
{
    return thread_stack_here() > self->stack_reserve;
}

/* It was claimed though its entry stays: it needs a reference of its own, and one that is dead is one too many. */
static APART void leave_entry(struct worker *self, bide_future *future)
{
    bide_pool *pool = self->pool;
    struct swept swept = {NULL, NULL, NULL};
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
    struct worker *self = worker_current();
    bide_pool *pool = (bide_pool *)runner;
    if (!worker_has_stack(self))
        return NO_STACK;
    bool taken = take_newest(self, future);
    if (!claim(self, future)) {
        bool cancelled = future_cancel_unstarted(future); /* unstarted: the pool was cancelled */
        if (taken)
            refuse_taken(self, (word)future);
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

static APART bool is_in_schedule(bide_pool *pool, const bide_future *future)
{
    monitor_lock(&pool->monitor);
    bool scheduled = heap_holds(&pool->scheduled, &future->timer);
    monitor_unlock(&pool->monitor);
    return scheduled;
}

static bool is_scheduled(bide_pool *pool, const bide_future *future)
{
    return load_relaxed(&pool->timed) && is_in_schedule(pool, future);
}

static FLAT void run_called(void *future)
{
    struct worker *self = worker_current();
    run_only(self, future, BIDE_NOW, 0);
    thread_state_restore_for_switch(&self->clean, &self->stretch);
    count(&self->ended);
}

FLAT enum run_here worker_run_at_once(struct runner *runner, bide_future *future)
{
    struct worker *self = worker_current();
    struct strand *strand = strand_current();
    if (is_scheduled((bide_pool *)runner, future) || !fibers_reserve_in_task(&self->fibers, 2))
        return NOT_HERE;
    bool taken = take_newest(self, future), claimed = claim(self, future);
    if (claimed && !taken)
        leave_entry(self, future);
    if (claimed)
        fiber_call(&self->fibers, strand, run_called, future);
    if (taken && !claimed)
        refuse_taken(self, (word)future);
    if (bide_future_state(future) < BIDE_DONE)
        return NOT_HERE;
    if (fibers_are_wanted(&self->fibers))
        strand->operations->yield(strand);
    else
        strand_pass();
    return RAN_HERE;
}

void worker_run_oldest(struct worker *self, struct link *woken)
{
    struct link *submitter = NULL;
    bide_future *future = pool_pop(self->pool, &submitter);
    monitor_unlock(&self->pool->monitor);
    waiters_fire(submitter);
    waiters_fire(woken);
    if (claim(self, future))
        run_in_place(self, future, BIDE_NOW);
    else
        refuse_taken(self, (word)future);
}
