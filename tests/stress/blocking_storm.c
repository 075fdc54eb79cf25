/* Thousands of tasks make calls that block, with three threads to run them, while requests to stop come at random. Hunted: a
 * call that runs though its task was told that it did not, or not though it was, or twice; a helper too many; a helper that
 * touches a call whose task has gone on; a call that nobody takes (the program hangs). */
#include "support/check.h"

#include <bide/bide.h>

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum { HELPERS = 3, CALLS = 4 };

#define IDLE ((bide_time)5000000000) /* nanoseconds until a helper without a call leaves */

struct soul {
    uint64_t seed;
    bide_future *future;
};

static struct {
    unsigned long souls;
    struct soul *all;
    atomic_uint inside, helpers;
    atomic_ulong called, refused;
    atomic_bool over;
} storm;

static _Thread_local bool is_known;

/* On the stack of the task. */
struct call {
    uint64_t seed, payload;
    unsigned calls;
};

static int block(void *arg)
{
    struct call *call = arg;
    CHECK(atomic_fetch_add(&storm.inside, 1) < HELPERS);
    if (!is_known)
        atomic_fetch_add(&storm.helpers, 1);
    is_known = true;
    for (uint64_t n = call->seed % 4; n > 0; n--)
        sched_yield();
    call->calls++;
    call->payload = ~call->seed;
    atomic_fetch_sub(&storm.inside, 1);
    return (int)(call->seed % 1000);
}

static void call_once(uint64_t seed)
{
    struct call call = {.seed = seed};
    int returned = -1, error = bide_blocking(block, &call, &returned);
    CHECK(error == 0 || error == ECANCELED);
    CHECK_EQUAL(call.calls, error == 0);
    CHECK_EQUAL(returned, error ? -1 : (int)(seed % 1000));
    CHECK(error || call.payload == ~seed);
    atomic_fetch_add(error ? &storm.refused : &storm.called, 1);
}

static int call_often(void *arg, bide_value *result)
{
    struct soul *soul = arg;
    for (int i = 0; i < CALLS; i++)
        call_once(test_random(&soul->seed));
    *result = bide_ptr(soul);
    return 0;
}

static void *cancel_some(void *arg)
{
    while (!atomic_load(&storm.over)) {
        bide_future *future = storm.all[test_random(arg) % storm.souls].future;
        if (bide_future_state(future) == BIDE_RUNNING)
            bide_future_cancel(future);
        sched_yield();
    }
    return NULL;
}

static void rage(bide_pool *pool, uint64_t *seed)
{
    uint64_t own = test_random(seed) | 1;
    pthread_t thread;
    for (unsigned long i = 0; i < storm.souls; i++) {
        storm.all[i].seed = test_random(seed) | 1;
        CHECK_EQUAL(bide_submit(pool, call_often, &storm.all[i], &storm.all[i].future), 0);
    }
    pthread_create(&thread, NULL, cancel_some, &own);
    for (unsigned long i = 0; i < storm.souls; i++) {
        bide_value value = bide_u64(0);
        CHECK_EQUAL(bide_future_wait(storm.all[i].future, BIDE_FOREVER), 0);
        CHECK_EQUAL(bide_future_result(storm.all[i].future, &value), 0);
        CHECK(value.ptr == &storm.all[i]);
    }
    atomic_store(&storm.over, true);
    pthread_join(thread, NULL);
}

/* One may come in the place of each that has left. */
static unsigned long most_helpers_since(bide_time start)
{
    return HELPERS * (1 + (unsigned long)((bide_clock() - start) / IDLE));
}

int main(int argc, char **argv)
{
    uint64_t seed = test_seed(argc, argv);
    bide_pool *pool;
    bide_time start = bide_clock();
    storm.souls = test_scale(4000);
    storm.all = calloc(storm.souls, sizeof *storm.all);
    CHECK_EQUAL(bide_pool_create(&pool, &(bide_pool_options){.workers = 2, .max_blocking = HELPERS}), 0);
    rage(pool, &seed);
    CHECK_EQUAL(bide_pool_destroy(pool), 0);
    CHECK_EQUAL(atomic_load(&storm.called) + atomic_load(&storm.refused), storm.souls * CALLS);
    CHECK(atomic_load(&storm.helpers) <= most_helpers_since(start));
    for (unsigned long i = 0; i < storm.souls; i++)
        bide_future_release(storm.all[i].future);
    free(storm.all);
    printf("%lu calls, %lu refused\n", atomic_load(&storm.called), atomic_load(&storm.refused));
    return check_failures() != 0;
}
