/* The turn of continuations comes while they are cancelled, or their pool is closed, and who sees their end destroys the pool
 * and lets go of everything at once. Hunted: one that runs though it was cancelled, or twice, one that never ends (the program
 * hangs), and who still touches a pool, or a continuation, that is gone. */
#include "support/check.h"

#include <bide/bide.h>

#include <errno.h>
#include <stdatomic.h>

enum { CHAIN = 3 };

struct race {
    bide_pool *pool;
    bide_future *promise, *next[CHAIN];
    atomic_int ran[CHAIN];
    uint64_t kind; /* of the disturbance: whom to cancel, or CHAIN: close the pool */
    bool drains;
};

static int run_next(bide_future *done, void *arg, bide_value *result)
{
    (void)result;
    CHECK(bide_future_state(done) >= BIDE_DONE);
    CHECK_EQUAL(atomic_fetch_add((atomic_int *)arg, 1), 0);
    return 0;
}

static int give_turn(void *arg, bide_value *result)
{
    struct race *race = arg;
    (void)result;
    CHECK_EQUAL(bide_promise_resolve(race->promise, bide_u64(1)), 0);
    return 0;
}

static int disturb(void *arg, bide_value *result)
{
    struct race *race = arg;
    (void)result;
    if (race->kind == CHAIN) {
        int error = bide_pool_close(race->pool, race->drains ? BIDE_DRAIN : BIDE_CANCEL, BIDE_NOW);
        CHECK(error == 0 || error == ETIMEDOUT);
    } else {
        int error = bide_future_cancel(race->next[race->kind]);
        CHECK(error == 0 || error == EALREADY);
    }
    return 0;
}

static void make_chain(struct race *race)
{
    CHECK_EQUAL(bide_promise_create(&race->promise), 0);
    for (int i = 0; i < CHAIN; i++) {
        bide_future *last = i ? race->next[i - 1] : race->promise;
        atomic_init(&race->ran[i], 0);
        CHECK_EQUAL(bide_future_then(last, race->pool, run_next, &race->ran[i], &race->next[i]), 0);
    }
}

static void check_and_release(struct race *race, int i)
{
    enum bide_state state = bide_future_state(race->next[i]);
    CHECK_EQUAL(atomic_load(&race->ran[i]), state == BIDE_DONE);
    CHECK(state != BIDE_FAILED || bide_future_result(race->next[i], NULL) == ESHUTDOWN);
    bide_future_release(race->next[i]);
}

/* The pool goes before their turn, in it, or as soon as the last has ended; who closes it is done with it then. */
static void run(bide_pool *others, unsigned workers, uint64_t *seed)
{
    struct race race = {.kind = test_random(seed) % (CHAIN + 1), .drains = test_random(seed) % 2};
    bide_pool_options options = {.workers = workers, .waiting = test_holds() ? BIDE_HOLD : BIDE_PARK};
    bide_future *turn, *disturbance;
    CHECK_EQUAL(bide_pool_create(&race.pool, &options), 0);
    make_chain(&race);
    CHECK_EQUAL(bide_submit(others, give_turn, &race, &turn), 0);
    CHECK_EQUAL(bide_submit(others, disturb, &race, &disturbance), 0);
    if (race.kind == CHAIN)
        CHECK_EQUAL(bide_future_wait(disturbance, BIDE_FOREVER), 0);
    if (test_random(seed) % 2)
        CHECK_EQUAL(bide_wait_many(race.next, CHAIN, BIDE_ALL, BIDE_FOREVER, NULL), 0);
    CHECK_EQUAL(bide_pool_destroy(race.pool), 0);
    CHECK_EQUAL(bide_wait_many(race.next, CHAIN, BIDE_ALL, BIDE_FOREVER, NULL), 0);
    CHECK_EQUAL(bide_join(disturbance, NULL), 0);
    for (int i = 0; i < CHAIN; i++)
        check_and_release(&race, i);
    CHECK_EQUAL(bide_join(turn, NULL), 0);
    bide_future_release(race.promise);
}

int main(int argc, char **argv)
{
    uint64_t seed = test_seed(argc, argv);
    unsigned long rounds = test_scale(600);
    bide_pool *others = NULL;
    CHECK_EQUAL(bide_pool_create(&others, &(bide_pool_options){.workers = 2}), 0);
    for (unsigned workers = 1; workers <= 4; workers *= 2)
        for (unsigned long i = 0; i < rounds; i++)
            run(others, workers, &seed);
    CHECK_EQUAL(bide_pool_destroy(others), 0);
    return check_failures() != 0;
}
