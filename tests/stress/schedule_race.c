/* Tasks are scheduled for about now and cancelled at about that time, and their pool is destroyed the moment they have ended.
 * Hunted: a task that is lost, or both runs and is cancelled; a drain that is not told; a canceller that touches a pool that
 * is gone. */
#include "support/check.h"

#include <bide/bide.h>

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>

enum { CANCELLERS = 2, TASKS = 24 };

struct race {
    pthread_barrier_t barrier;
    atomic_uint ran[TASKS];
    bide_future *futures[TASKS];
    unsigned long rounds;
};

static int run(void *arg, bide_value *result)
{
    (void)result;
    atomic_fetch_add((atomic_uint *)arg, 1);
    return 0;
}

/* Each from its own end. */
static void *cancel_all(struct race *race, unsigned who)
{
    for (unsigned long round = 0; round < race->rounds; round++) {
        pthread_barrier_wait(&race->barrier);
        for (unsigned i = 0; i < TASKS; i++) {
            int error = bide_future_cancel(race->futures[who ? TASKS - 1 - i : i]);
            CHECK(error == 0 || error == EALREADY);
        }
        pthread_barrier_wait(&race->barrier);
    }
    return NULL;
}

static void *cancel_upwards(void *race)
{
    return cancel_all(race, 0);
}

static void *cancel_downwards(void *race)
{
    return cancel_all(race, 1);
}

static void play(struct race *race, uint64_t *seed)
{
    bide_pool *pool;
    bide_pool_options options = {.workers = 1 + (unsigned)(test_random(seed) % 3),
                                 .waiting = test_holds() ? BIDE_HOLD : BIDE_PARK};
    if (!CHECK_EQUAL(bide_pool_create(&pool, &options), 0))
        return;
    for (int i = 0; i < TASKS; i++) {
        bide_time when = bide_clock() + (bide_time)(test_random(seed) % 60000);
        atomic_store(&race->ran[i], 0);
        CHECK_EQUAL(bide_submit_at(pool, when, run, &race->ran[i], &race->futures[i]), 0);
    }
    pthread_barrier_wait(&race->barrier);
    if (test_random(seed) % 2)
        CHECK_EQUAL(bide_pool_drain(pool, BIDE_FOREVER), 0);
    CHECK_EQUAL(bide_pool_destroy(pool), 0);
    pthread_barrier_wait(&race->barrier);
    for (int i = 0; i < TASKS; i++) {
        enum bide_state state = bide_future_state(race->futures[i]);
        CHECK(state == BIDE_DONE || state == BIDE_CANCELLED);
        CHECK_EQUAL(atomic_load(&race->ran[i]), state == BIDE_DONE);
        bide_future_release(race->futures[i]);
    }
}

int main(int argc, char **argv)
{
    static struct race race;
    void *(*const cancels[CANCELLERS])(void *) = {cancel_upwards, cancel_downwards};
    pthread_t threads[CANCELLERS];
    uint64_t seed = test_seed(argc, argv);
    race.rounds = test_scale(2000);
    pthread_barrier_init(&race.barrier, NULL, CANCELLERS + 1);
    for (int i = 0; i < CANCELLERS; i++)
        pthread_create(&threads[i], NULL, cancels[i], &race);
    for (unsigned long round = 0; round < race.rounds; round++)
        play(&race, &seed);
    for (int i = 0; i < CANCELLERS; i++)
        pthread_join(threads[i], NULL);
    pthread_barrier_destroy(&race.barrier);
    return check_failures() != 0;
}
