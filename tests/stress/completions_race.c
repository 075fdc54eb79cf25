/* Several threads add to, take from and cancel one completion queue, of which other queues are destroyed with
 * futures on their way. Hunted: an end that is handed out twice or not at all, a taker that is not told that nothing
 * is left (the program hangs), a fire into a queue that is gone. */
#include "support/check.h"

#include <bide/bide.h>

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>

enum { ADDERS = 2, TAKERS = 2, EACH = 32 };

struct race {
    bide_pool *pool;
    bide_completions *done;
    pthread_barrier_t begin;
    atomic_int taken[ADDERS * EACH];
    atomic_int left, added;
    uint64_t seeds[ADDERS + TAKERS];
    atomic_int names;
};

static int sleep_until_asked(void *arg, bide_value *result)
{
    (void)arg;
    (void)result;
    return bide_sleep(INFINITY);
}

static int end_at_once(void *arg, bide_value *result)
{
    result->ptr = arg;
    return 0;
}

static void add_promise(struct race *race, void *tag)
{
    bide_future *promise;
    CHECK_EQUAL(bide_promise_create(&promise), 0);
    CHECK_EQUAL(bide_completions_add(race->done, promise, tag), 0);
    int error = bide_promise_resolve(promise, bide_ptr(tag));
    CHECK(error == 0 || error == EALREADY);
    bide_future_release(promise);
}

/* A queue of its own that is gone before its futures have ended. */
static void add_and_forget(struct race *race)
{
    bide_completions *forgotten;
    CHECK_EQUAL(bide_completions_create(&forgotten), 0);
    for (int i = 0; i < 4; i++)
        CHECK_EQUAL(bide_completions_submit(forgotten, race->pool, end_at_once, NULL, NULL), 0);
    bide_completions_destroy(forgotten);
}

static void *add(void *arg)
{
    struct race *race = arg;
    int name = atomic_fetch_add(&race->names, 1);
    uint64_t *seed = &race->seeds[name];
    pthread_barrier_wait(&race->begin);
    for (int i = 0; i < EACH; i++) {
        void *tag = &race->taken[name * EACH + i];
        uint64_t kind = test_random(seed) % 8;
        if (kind == 0)
            add_promise(race, tag);
        else
            CHECK_EQUAL(
                bide_completions_submit(race->done, race->pool, kind < 3 ? sleep_until_asked : end_at_once, tag, tag),
                0);
        if (kind == 7)
            add_and_forget(race);
        if (kind == 1)
            CHECK_EQUAL(bide_completions_cancel(race->done), 0);
    }
    atomic_fetch_add(&race->added, 1);
    CHECK_EQUAL(bide_completions_cancel(race->done), 0);
    return NULL;
}

/* Until everything has been taken, by whomever. */
static void *take(void *arg)
{
    struct race *race = arg;
    uint64_t seed = race->seeds[ADDERS];
    pthread_barrier_wait(&race->begin);
    while (atomic_load(&race->left) > 0) {
        void *tag;
        bide_future *future;
        bide_time deadline = test_random(&seed) % 2 ? BIDE_FOREVER : bide_in(1e-5);
        int error = bide_completions_next(race->done, deadline, &future, &tag);
        CHECK(error == 0 || error == ENOENT || error == ETIMEDOUT);
        if (error)
            continue;
        bide_value value = {0};
        int outcome = bide_join(future, &value);
        CHECK(outcome == ECANCELED || (outcome == 0 && value.ptr == tag));
        CHECK_EQUAL(atomic_fetch_add((atomic_int *)tag, 1), 0);
        atomic_fetch_sub(&race->left, 1);
    }
    return NULL;
}

static void run(unsigned workers, uint64_t *seed)
{
    static struct race race;
    pthread_t threads[ADDERS + TAKERS];
    atomic_store(&race.left, ADDERS * EACH);
    atomic_store(&race.names, 0);
    atomic_store(&race.added, 0);
    for (int i = 0; i < ADDERS * EACH; i++)
        atomic_store(&race.taken[i], 0);
    for (int i = 0; i < ADDERS + TAKERS; i++)
        race.seeds[i] = test_random(seed) | 1;
    pthread_barrier_init(&race.begin, NULL, ADDERS + TAKERS);
    CHECK_EQUAL(bide_completions_create(&race.done), 0);
    CHECK_EQUAL(bide_pool_create(&race.pool, &(bide_pool_options){.workers = workers,
                                                                  .waiting = test_holds() ? BIDE_HOLD : BIDE_PARK}),
                0);
    for (int i = 0; i < ADDERS + TAKERS; i++)
        pthread_create(&threads[i], NULL, i < ADDERS ? add : take, &race);
    for (int i = 0; i < ADDERS + TAKERS; i++)
        pthread_join(threads[i], NULL);
    CHECK_EQUAL(bide_completions_next(race.done, BIDE_NOW, NULL, NULL), ENOENT);
    bide_completions_destroy(race.done);
    CHECK_EQUAL(bide_pool_destroy(race.pool), 0);
    pthread_barrier_destroy(&race.begin);
    for (int i = 0; i < ADDERS * EACH; i++)
        CHECK_EQUAL(atomic_load(&race.taken[i]), 1);
}

int main(int argc, char **argv)
{
    uint64_t seed = test_seed(argc, argv);
    unsigned long rounds = test_scale(200);
    for (unsigned workers = 1; workers <= 4; workers *= 2)
        for (unsigned long i = 0; i < rounds; i++)
            run(workers, &seed);
    return check_failures() != 0;
}
