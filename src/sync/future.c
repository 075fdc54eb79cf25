#include "sync/future.h"

#include "base/cells.h"
#include "base/inline.h"
#include "base/memory.h"
#include "base/process.h"
#include "base/spin.h"
#include "sync/callback.h"

#include <assert.h>
#include <errno.h>

#define STATE ((word)7)
#define LOCK ((word)8)
#define WAITERS ((word)16) /* the list of waiters is not empty */
#define ASKED ((word)32)   /* somebody asked the task to stop */
#define DUE ((word)64)     /* and the task has not been told */
#define STRAND ((word)128) /* the slot holds the task's strand */
#define DEFERRED STRAND    /* while pending: its turn has not come */
#define GENERATION_SHIFT 8
#define GENERATIONS ((word)(sizeof(word) > 4 ? 0xffff : 0xf)) /* told apart, from 1 on; 0: any */
#define GENERATION (GENERATIONS << GENERATION_SHIFT)
#define REFERENCE (GENERATION + ((word)1 << GENERATION_SHIFT))

_Static_assert(sizeof(bide_future) <= CELL_SIZE, "a future is a cell");

static enum bide_state state_in(word seen)
{
    return (enum bide_state)(seen & STATE);
}

static bool is_final(word seen)
{
    return state_in(seen) >= BIDE_DONE;
}

word future_generation(void)
{
    return (process_generation() % GENERATIONS + 1) << GENERATION_SHIFT;
}

bide_future *future_create(struct runner *runner, bide_task_fn *fn, void *arg, unsigned references)
{
    bide_future *future = cell_alloc();
    if (!future)
        return NULL;
    *future = (bide_future){.slot.fn = fn, .arg = arg, .runner = runner};
    word generation = runner ? runner->generation : 0;
    word_init(&future->word, BIDE_PENDING + generation + references * REFERENCE);
    return future;
}

void future_discard(bide_future *future)
{
    cell_free(future);
}

/* Those of this thread whose arguments are to be dropped: a drop that lets go of the next one does not recurse. */
static _Thread_local struct {
    bide_future *first;
    bool running;
} doomed;

static APART void drop_doomed(void)
{
    struct strand_excursion excursion = strand_leave();
    doomed.running = true;
    for (bide_future *future; (future = doomed.first);) {
        doomed.first = future->link;
        future->drop(future->arg);
        cell_free(future);
    }
    doomed.running = false;
    strand_return(excursion);
}

static void future_free(bide_future *future)
{
    if (!future->drop) {
        cell_free(future);
        return;
    }
    future->link = doomed.first;
    doomed.first = future;
    if (!doomed.running)
        drop_doomed();
}

void future_forget(bide_future *future)
{
    if (load_acquire(&future->word) < 2 * REFERENCE)
        cell_free(future);
    else
        bide_future_release(future);
}

/* The word as it is under LOCK. */
static word future_lock(bide_future *future)
{
    unsigned tries = 0;
    for (word seen = load_relaxed(&future->word);; seen = load_relaxed(&future->word)) {
        if (!(seen & LOCK) && cas_acquire(&future->word, &seen, seen | LOCK))
            return seen | LOCK;
        spin_wait(&tries);
    }
}

/* Change the bits below the references from what they are, and stay, under LOCK. */
static void future_unlock(bide_future *future, word held, word bits)
{
    add_release(&future->word, (bits & (REFERENCE - 1) & ~LOCK) - (held & (REFERENCE - 1)));
}

static void put_result(bide_future *future, int error, bide_value value)
{
    if (error)
        future->slot.error = error;
    else
        future->slot.result = value;
}

/* S2 to S4. */
static void settle_locked(bide_future *future, word held, enum bide_state state, int error, bide_value value)
{
    put_result(future, error, value);
    struct link *waiters = list_take_all(&future->waiters);
    future_unlock(future, held, (held & ASKED) | (word)state);
    waiters_fire(waiters);
}

static enum bide_state outcome(word seen, int error)
{
    return error == 0 ? BIDE_DONE : error == ECANCELED && (seen & ASKED) ? BIDE_CANCELLED : BIDE_FAILED;
}

static bool settle_fast(bide_future *future, int error, bide_value value)
{
    word seen = load_acquire(&future->word);
    while (!(seen & (LOCK | WAITERS | STRAND))) {
        if (seen < 2 * REFERENCE) { /* nobody else can see it any more */
            future_free(future);
            return true;
        }
        put_result(future, error, value);
        word settled = (seen & ~(STATE | DUE)) | (word)outcome(seen, error);
        if (cas_acq_rel(&future->word, &seen, settled - REFERENCE))
            return true;
    }
    return false;
}

static APART void settle_slowly(bide_future *future, int error, bide_value value)
{
    word held = future_lock(future);
    settle_locked(future, held, outcome(held, error), error, value);
    callbacks_run();
    bide_future_release(future);
}

void future_settle(bide_future *future, int error, bide_value value)
{
    if (!settle_fast(future, error, value))
        settle_slowly(future, error, value);
}

bool future_claim(bide_future *future)
{
    unsigned tries = 0;
    for (word seen = load_acquire(&future->word); state_in(seen) == BIDE_PENDING; seen = load_acquire(&future->word)) {
        if (!(seen & LOCK) && cas_acq_rel(&future->word, &seen, seen - BIDE_PENDING + BIDE_RUNNING))
            return true;
        spin_wait(&tries);
    }
    return false;
}

bool future_enlist(bide_future *future, struct waiter *waiter)
{
    if (is_final(load_acquire(&future->word)))
        return false;
    word held = future_lock(future);
    bool ended = is_final(held);
    if (!ended)
        list_append(&future->waiters, &waiter->link);
    future_unlock(future, held, ended ? held : held | WAITERS);
    return !ended;
}

bool future_unlist(bide_future *future, struct waiter *waiter)
{
    word held = future_lock(future);
    bool listed = link_is_listed(&waiter->link);
    if (listed)
        list_remove(&future->waiters, &waiter->link);
    future_unlock(future, held, list_is_empty(&future->waiters) ? held & ~WAITERS : held);
    return listed;
}

APART bool future_has_waiter_of(bide_future *future, const void *owner)
{
    word held = future_lock(future);
    struct link *first = future->waiters.first, *link = first;
    while (link && LISTED_IN(struct waiter, link, link)->owner != owner)
        link = link->next == first ? NULL : link->next;
    future_unlock(future, held, held);
    return link != NULL;
}

bool future_is_inherited(const bide_future *future)
{
    word generation = load_relaxed(&future->word) & GENERATION;
    return generation && generation != future_generation();
}

bool future_could_start(const bide_future *future)
{
    return (load_acquire(&future->word) & (STATE | DEFERRED)) == BIDE_PENDING;
}

enum run_here future_run_here(bide_future *future)
{
    struct runner *runner = strand_current()->runner;
    if (!runner || runner != future->runner || !future_could_start(future))
        return NOT_HERE;
    return runner->run_here(runner, future);
}

void future_publish_strand(struct strand *self)
{
    bide_future *future = self->future;
    word held = future_lock(future);
    future->slot.strand = self;
    if (held & DUE)
        strand_stop(self);
    future_unlock(future, held, held | STRAND);
}

void future_hear_close(struct strand *self)
{
    word closes = load_acquire(&self->runner->closes);
    if (self->published || self->heard == closes)
        return;
    self->heard = closes;
    future_ask_to_stop(self->future);
}

bool future_stop_is_due(struct strand *self)
{
    future_hear_close(self);
    return load_relaxed(&self->future->word) & DUE;
}

bool future_deliver_stop(struct strand *self)
{
    bide_future *future = self->future;
    if (!future_stop_is_due(self))
        return false;
    word held = future_lock(future);
    and_relaxed(&self->word, ~STOP);
    future_unlock(future, held, held & ~DUE);
    return true;
}

bool bide_cancelled(void)
{
    struct strand *self = strand_current();
    if (!self->future)
        return false;
    bool due = self->operations->stop_is_due(self);
    if (due)
        strand_deliver_stop(self);
    return due || load_relaxed(&self->future->word) & ASKED;
}

bool future_is_beneath(const struct strand *self, const bide_future *future)
{
    for (; self; self = self->below)
        if (self->future == future)
            return true;
    return false;
}

static APART int park_for(bide_future *future, struct strand *self, bide_time deadline, word reasons, bool keep_stop)
{
    struct waiter waiter;
    waiter_init(&waiter, self);
    if (!future_enlist(future, &waiter))
        return 0;
    word ended = strand_park(self, reasons | FIRED, deadline);
    if (!(ended & FIRED) && !future_unlist(future, &waiter)) {
        strand_await_fire(self);
        ended = FIRED;
    }
    return keep_stop ? strand_end_wait_keeping_stop(self, ended) : strand_end_wait(self, ended);
}

/* Run it here, if that may be: a request to stop would have to end the wait at once. */
static enum run_here run_instead(bide_future *future, struct strand *self, bide_time deadline, word reasons)
{
    if (deadline != BIDE_FOREVER || !self->runner || ((reasons & STOP) && strand_stop_is_due(self)))
        return NOT_HERE;
    return future_run_here(future);
}

/* Wait for the end, for the reasons given. With keep_stop a request to stop ends the wait, but is not delivered. */
static int await(bide_future *future, bide_time deadline, word reasons, bool keep_stop)
{
    if (is_final(load_acquire(&future->word))) {
        if (deadline != BIDE_NOW)
            strand_pass();
        return 0;
    }
    struct strand *self = strand_current();
    if (future_is_beneath(self, future))
        return EDEADLK;
    enum run_here ran = run_instead(future, self, deadline, reasons);
    if (ran != NOT_HERE)
        return ran == RAN_HERE ? 0 : EDEADLK;
    if (future_is_inherited(future))
        return ESHUTDOWN;
    if (deadline == BIDE_NOW)
        return strand_poll(self);
    if (!strand_may_wait())
        return EDEADLK;
    return park_for(future, self, deadline, reasons, keep_stop);
}

int bide_future_wait(bide_future *future, bide_time deadline)
{
    return future ? await(future, deadline, STOP | LATE, false) : EINVAL;
}

int bide_future_wait_or_cancel(bide_future *future, bide_time deadline)
{
    if (future && !strand_may_wait() && bide_future_state(future) < BIDE_DONE)
        return EDEADLK;
    int error = bide_future_wait(future, deadline);
    if (error != ETIMEDOUT && error != ECANCELED)
        return error;
    bide_future_cancel(future);
    await(future, BIDE_FOREVER, 0, false);
    return error == ETIMEDOUT && bide_future_state(future) != BIDE_CANCELLED ? 0 : error;
}

int bide_future_result(const bide_future *future, bide_value *value)
{
    if (!future)
        return EINVAL;
    word seen = load_acquire(&future->word);
    if (!is_final(seen))
        return EBUSY;
    if (state_in(seen) != BIDE_DONE)
        return future->slot.error;
    if (value)
        *value = future->slot.result;
    return 0;
}

static APART int cancel_and_await(bide_future *future)
{
    bide_future_cancel(future);
    return await(future, BIDE_FOREVER, 0, false);
}

/* Wait for the end whatever happens, passing a request to stop on. EDEADLK: it cannot end while the caller waits. */
static int await_end(bide_future *future)
{
    int error = await(future, BIDE_FOREVER, STOP, true);
    return error == ECANCELED ? cancel_and_await(future) : error;
}

/* Until another worker has started it, or it is cancelled, where no wait could end. */
static APART int await_end_elsewhere(bide_future *future)
{
    int error = EDEADLK;
    while (error == EDEADLK && strand_may_wait() && !future_cancel_unstarted(future))
        error = await_end(future);
    return error;
}

FLAT int bide_join(bide_future *future, bide_value *value)
{
    if (!future)
        return EINVAL;
    if (future_is_beneath(strand_current(), future))
        return EDEADLK;
    int error = await_end(future);
    if (error == EDEADLK)
        error = await_end_elsewhere(future);
    if (!error)
        error = bide_future_result(future, value);
    bide_future_release(future);
    return error;
}

enum bide_state bide_future_state(const bide_future *future)
{
    return state_in(load_acquire(&future->word));
}

int future_keep(bide_future *future, int error, bide_value value)
{
    word held = future_lock(future);
    if (state_in(held) != BIDE_PENDING) {
        future_unlock(future, held, held);
        return EALREADY;
    }
    settle_locked(future, held, error ? BIDE_FAILED : BIDE_DONE, error, value);
    callbacks_run();
    return 0;
}

void future_defer(bide_future *future)
{
    or_relaxed(&future->word, DEFERRED);
    add_relaxed(&future->runner->keepers, 1);
}

void runner_let_go(struct runner *runner)
{
    unsigned tries = 0;
    if (add_acq_rel(&runner->keepers, (word)-1) > 1)
        return;
    while (load_acquire(&runner->pins))
        spin_wait(&tries);
    memory_free(runner);
}

static int admit(struct runner *runner, bide_future *future)
{
    word held = future_lock(future);
    bool pending = state_in(held) == BIDE_PENDING;
    future_unlock(future, held, pending ? held & ~DEFERRED : held);
    return pending ? runner->admit(runner, future) : EALREADY;
}

void future_admit(bide_future *future)
{
    struct runner *runner = future->runner;
    int error = admit(runner, future);
    if (error == ESHUTDOWN)
        future_keep(future, error, bide_u64(0));
    if (error)
        bide_future_release(future);
    runner_let_go(runner);
}

APART bool future_cancel_unstarted(bide_future *future)
{
    word held = future_lock(future);
    if (state_in(held) != BIDE_PENDING) {
        future_unlock(future, held, held);
        return false;
    }
    struct runner *runner = held & DEFERRED ? NULL : future->runner;
    if (runner)
        add_relaxed(&runner->pins, 1);
    settle_locked(future, held, BIDE_CANCELLED, ECANCELED, bide_u64(0));
    if (runner)
        runner->forget(runner, future);
    callbacks_run();
    return true;
}

/* C2 to C4. */
APART bool future_ask_to_stop(bide_future *future)
{
    word held = future_lock(future);
    bool running = state_in(held) == BIDE_RUNNING;
    if (running) {
        or_relaxed(&future->word, ASKED | DUE);
        held |= ASKED | DUE;
        if (held & STRAND)
            strand_stop(future->slot.strand);
    }
    future_unlock(future, held, held);
    return running;
}

int bide_future_cancel(bide_future *future)
{
    if (!future)
        return EINVAL;
    if (is_final(load_acquire(&future->word)))
        return EALREADY;
    if (future_is_inherited(future))
        return ESHUTDOWN;
    return future_cancel_unstarted(future) || future_ask_to_stop(future) ? 0 : EALREADY;
}

int bide_future_own(bide_future *future, void (*drop)(void *))
{
    if (!future || !drop || !future->runner)
        return EINVAL;
    if (!is_final(load_acquire(&future->word)) && future_is_inherited(future))
        return ESHUTDOWN;
    word held = future_lock(future);
    bool owned = future->drop != NULL;
    if (!owned)
        future->drop = drop;
    future_unlock(future, held, held);
    return owned ? EALREADY : 0;
}

void bide_future_retain(bide_future *future)
{
    word before = add_relaxed(&future->word, REFERENCE);
    assert(before >= REFERENCE);
    (void)before;
}

void bide_future_release(bide_future *future)
{
    if (!future)
        return;
    word seen = load_acquire(&future->word);
    for (;;) {
        assert(seen >= REFERENCE);
        bool last = seen < 2 * REFERENCE;
        if (last && is_final(seen)) { /* nobody else can see it any more */
            future_free(future);
            return;
        }
        if (last && !future->runner) {
            bide_future_cancel(future); /* a promise nobody can keep any more */
            seen = load_acquire(&future->word);
        } else if (cas_acq_rel(&future->word, &seen, seen - REFERENCE)) {
            if (last)
                future_free(future);
            return;
        }
    }
}
