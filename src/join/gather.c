#include "base/memory.h"
#include "sync/future.h"
#include "wait/monitor.h"

#include <bide/gather.h>

#include <errno.h>

/* A wait for all waits for one after the other. A wait for the first has a waiter in each future, whose fires meet in a
 * monitor, which tells the caller no more than that one has met what it waits for, or that none is left. It returns when
 * every waiter has been unlisted or has fired, for the monitor lies on its stack. */
struct many {
    struct monitor monitor;
    struct list for_first; /* the caller */
    struct spot *spots;
    size_t n;
    unsigned ends; /* the states that meet it, a bit each */
    size_t left;   /* waiters that are listed, or on their way from there */
    size_t first;  /* the index of the first that has met it; n: none */
};

struct spot {
    struct waiter waiter; /* its owner is the many */
    bide_future *future;
};

#define SPOTS_ON_STACK 8

#define STATE_DONE (1U << BIDE_DONE)
#define STATE_FAILED (1U << BIDE_FAILED)
#define STATE_CANCELLED (1U << BIDE_CANCELLED)

static bool is_one_of(const bide_future *future, unsigned states)
{
    return states >> bide_future_state(future) & 1;
}

static bool has_not_ended(const bide_future *future)
{
    return !is_one_of(future, STATE_DONE | STATE_FAILED | STATE_CANCELLED);
}

/* The last touch of the wait by who settles is the unlock, or the fire. */
static void spot_fire(struct waiter *waiter)
{
    struct spot *spot = LISTED_IN(struct spot, waiter, waiter);
    struct many *many = waiter->owner;
    bool met = is_one_of(spot->future, many->ends);
    monitor_lock(&many->monitor);
    if (met && many->first == many->n)
        many->first = (size_t)(spot - many->spots);
    struct link *caller = --many->left == 0 || met ? list_take_all(&many->for_first) : NULL;
    monitor_unlock(&many->monitor);
    waiters_fire(caller);
}

/* W1: has one met it, or have all ended? */
static bool is_ready(bide_future *const futures[], size_t n, unsigned ends, size_t *first)
{
    size_t ended = 0;
    for (*first = 0; *first < n; ++*first) {
        enum bide_state state = bide_future_state(futures[*first]);
        if (ends >> state & 1)
            return true;
        ended += state >= BIDE_DONE;
    }
    return ended == n;
}

/* W2. */
static void enlist_all(struct many *many, bide_future *const futures[])
{
    for (size_t i = 0; i < many->n; i++) {
        struct spot *spot = &many->spots[i];
        *spot = (struct spot){{.fire = spot_fire, .owner = many}, futures[i]};
        if (!future_enlist(futures[i], &spot->waiter))
            spot_fire(&spot->waiter);
    }
}

/* Under the monitor. */
static bool is_over(const struct many *many)
{
    return many->left == 0 || many->first < many->n;
}

static bool is_over_by_now(struct many *many)
{
    monitor_lock(&many->monitor);
    bool over = is_over(many);
    monitor_unlock(&many->monitor);
    return over;
}

/* A round of run_unstarted(). Another is due when one was run after others that could not be: they may be continuations of it,
 * whose turn has come. */
static int run_in_order(bide_future *const futures[], size_t n, struct many *many, bool *again)
{
    struct strand *self = strand_current();
    bool skipped = false;
    *again = false;
    for (size_t i = 0; self->runner && i < n && !strand_stop_is_due(self) && !(many && is_over_by_now(many)); i++) {
        if (!has_not_ended(futures[i]))
            continue;
        enum run_here ran = future_run_here(futures[i]);
        if (ran == NO_STACK)
            return EDEADLK;
        if (ran == NOT_HERE && !self->runner->holds)
            break;
        *again |= skipped && ran == RAN_HERE;
        skipped |= ran == NOT_HERE;
    }
    return 0;
}

/* Run what has not started, in place or at once. Where that is not needed to get on, the first that waits, or is at work
 * elsewhere, leaves the rest to the workers. EDEADLK: there is no stack for that. */
static int run_unstarted(bide_future *const futures[], size_t n, struct many *many)
{
    bool again = true;
    int error = 0;
    while (again && !error)
        error = run_in_order(futures, n, many, &again);
    return error;
}

/* W3. */
static int await_first(struct many *many, bide_time deadline)
{
    struct waiter waiter;
    int error = 0;
    waiter_init(&waiter, strand_current());
    monitor_lock(&many->monitor);
    if (!is_over(many)) {
        list_append(&many->for_first, &waiter.link);
        error = monitor_wait_keeping_stop(&many->monitor, &many->for_first, &waiter, deadline, STOP | LATE);
    }
    monitor_unlock(&many->monitor);
    return error;
}

/* W4. Is it ready? */
static bool leave(struct many *many)
{
    size_t unlisted = 0;
    monitor_lock(&many->monitor);
    bool listed = many->left > 0;
    monitor_unlock(&many->monitor);
    for (size_t i = 0; listed && i < many->n; i++)
        unlisted += future_unlist(many->spots[i].future, &many->spots[i].waiter);
    monitor_lock(&many->monitor);
    many->left -= unlisted;
    while (many->left)
        monitor_wait(&many->monitor, &many->for_first, BIDE_FOREVER, 0);
    monitor_unlock(&many->monitor);
    return unlisted == 0 || many->first < many->n;
}

static int wait_at(struct spot *spots, bide_future *const futures[], size_t n, unsigned ends, bide_time deadline,
                   size_t *first)
{
    struct many many = {.spots = spots, .n = n, .ends = ends, .left = n, .first = n};
    word_init(&many.monitor.locked, 0);
    enlist_all(&many, futures);
    int error = deadline == BIDE_FOREVER ? run_unstarted(futures, n, &many) : 0;
    if (!error)
        error = await_first(&many, deadline);
    bool ready = leave(&many);
    if (!ready && error == ECANCELED)
        strand_deliver_stop(strand_current());
    *first = many.first;
    tools_end(&many, sizeof many);
    return ready ? 0 : error;
}

static int wait_for_some(bide_future *const futures[], size_t n, unsigned ends, bide_time deadline, size_t *first)
{
    struct spot few[SPOTS_ON_STACK], *spots = few;
    size_t size;
    if (n > SPOTS_ON_STACK)
        spots = __builtin_mul_overflow(n, sizeof *spots, &size) ? NULL : memory_alloc(size);
    if (!spots)
        return ENOMEM;
    int error = wait_at(spots, futures, n, ends, deadline, first);
    if (spots != few)
        memory_free(spots);
    return error;
}

static int wait_for_each(bide_future *const futures[], size_t n, bide_time deadline)
{
    int error = deadline == BIDE_FOREVER ? run_unstarted(futures, n, NULL) : 0;
    for (size_t i = 0; i < n && !error; i++)
        if (has_not_ended(futures[i]))
            error = bide_future_wait(futures[i], deadline);
    return error;
}

static int refusal_of(bide_future *const futures[], size_t n)
{
    struct strand *self = strand_current();
    for (size_t i = 0; i < n; i++)
        if (has_not_ended(futures[i]) && future_is_beneath(self, futures[i]))
            return EDEADLK;
    for (size_t i = 0; i < n; i++)
        if (has_not_ended(futures[i]) && future_is_inherited(futures[i]))
            return ESHUTDOWN;
    return 0;
}

static bool are_futures(bide_future *const futures[], size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!futures || !futures[i])
            return false;
    return true;
}

/* Wait until one is in one of these states, or all have ended. */
static int await_many(bide_future *const futures[], size_t n, unsigned ends, bide_time deadline, size_t *first)
{
    if (is_ready(futures, n, ends, first)) {
        if (deadline != BIDE_NOW)
            strand_pass();
        return 0;
    }
    int error = refusal_of(futures, n);
    if (error)
        return error;
    if (deadline == BIDE_NOW)
        return strand_poll(strand_current());
    if (!strand_may_wait())
        return EDEADLK;
    return ends ? wait_for_some(futures, n, ends, deadline, first) : wait_for_each(futures, n, deadline);
}

int bide_wait_many(bide_future *const futures[], size_t n, enum bide_when when, bide_time deadline, size_t *which)
{
    static const unsigned ends[] = {
        [BIDE_FIRST_ENDED] = STATE_DONE | STATE_FAILED | STATE_CANCELLED, [BIDE_FIRST_FAILED] = STATE_FAILED};
    size_t first;
    if ((unsigned)when >= sizeof ends / sizeof *ends || !are_futures(futures, n))
        return EINVAL;
    int error = await_many(futures, n, ends[when], deadline, &first);
    if (!error && which)
        *which = first;
    return error;
}

int bide_gather(bide_future *const futures[], size_t n, bide_value values[], int errors[])
{
    size_t first;
    if (!are_futures(futures, n))
        return EINVAL;
    int error = await_many(futures, n, errors ? 0 : STATE_FAILED | STATE_CANCELLED, BIDE_FOREVER, &first);
    if (error)
        return error;
    if (!errors && first < n)
        return bide_future_result(futures[first], NULL);
    for (size_t i = 0; i < n; i++) {
        error = bide_future_result(futures[i], values ? &values[i] : NULL);
        if (errors)
            errors[i] = error;
    }
    return 0;
}
