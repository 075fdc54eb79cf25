#include "run/search.h"

#include "base/clock.h"
#include "base/inline.h"

#define LONGEST ((bide_time)30000) /* nanoseconds */
#define LOOKS_APART 16             /* looks between two at what costs more: the clock, and the lookout */
#define OTHERS_ROUND 32            /* every so many times the queue comes first, what others have comes before it */

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

word search_take(struct worker *self, bool backlog_first)
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
static APART void end_search(struct worker *self)
{
    monitor_lock(&self->pool->monitor);
    struct link *other = worker_end_search(self);
    monitor_unlock(&self->pool->monitor);
    waiters_fire(other);
}

word search_quickly(struct worker *self)
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

bool search_look(struct worker *self)
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

bool search_should_last(const struct worker *self)
{
    return !self->has_looked && !load_relaxed(&self->pool->timed) && clock_is_far(fibers_first_time(&self->fibers));
}

static bool sees_something(const struct worker *self)
{
    const bide_pool *pool = self->pool;
    return !injection_is_empty(&pool->injection) || can_steal(self) || load_relaxed(&self->fibers.mail);
}

/* A look takes the longer, the more workers there are, and the more descriptors where there is no epoll. */
void search_longer(struct worker *self)
{
    bide_time until = clock_now() + LONGEST;
    bool comes = false, late = false;
    unsigned looks = 0;
    self->has_looked = true;
    if (!self->searches)
        idle_begin_search(&self->pool->idle);
    self->searches = true;
    for (unsigned most = patience_tries(&self->patience); looks < most && !comes && !late; looks++) {
        spin_relax();
        comes = sees_something(self);
        if (!comes && looks % LOOKS_APART == 0) {
            comes = lookout_is_used(self->lookout) && lookout_look(self->lookout);
            late = clock_now() >= until;
        }
    }
    patience_learn(&self->patience, comes ? looks : 0);
}

bool search_should_steal(struct worker *self, bool has_work, bool to_queue)
{
    if (to_queue)
        self->queue_rounds++;
    return (!has_work || (to_queue && self->queue_rounds % OTHERS_ROUND == 0)) && can_steal(self);
}

word search_steal(struct worker *self)
{
    monitor_unlock(&self->pool->monitor);
    word entry = steal(self);
    if (self->searches || load_relaxed(&self->pool->timed))
        end_search(self);
    stretch_begin(&self->stretch);
    return entry;
}
