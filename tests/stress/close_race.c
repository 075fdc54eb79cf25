/* A pool is closed while threads and tasks submit to it, and destroyed while they wait for its futures. Hunted: a
 * future that comes to no end (the program hangs), a task accepted and not run by a pool that drains, a task that
 * starts after a pool was cancelled, an argument dropped twice or never. */
#include "support/check.h"

#include <bide/bide.h>

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { SUBMITTERS = 3, TASKS = 40 };

struct race {
    bide_pool *pool;
    pthread_barrier_t barrier;
    atomic_ulong accepted, started, drops;
    enum bide_close how;
    unsigned long max_pending;
};

static void drop(void *arg)
{
    struct race *race = *(struct race **)arg;
    atomic_fetch_add(&race->drops, 1);
    free(arg);
}

static int leaf(void *arg, bide_value *result)
{
    struct race *race = *(struct race **)arg;
    (void)result;
    atomic_fetch_add(&race->started, 1);
    return bide_yield();
}

static int parent(void *arg, bide_value *result);

static int give(struct race *race, bide_task_fn *fn, bide_future **future)
{
    struct race **box = malloc(sizeof *box);
    *box = race;
    int error = race->max_pending && fn == leaf ? bide_submit_until(race->pool, fn, box, bide_in(1e-4), future)
                                                : bide_submit(race->pool, fn, box, future);
    if (error) {
        free(box);
        return error;
    }
    atomic_fetch_add(&race->accepted, 1);
    CHECK_EQUAL(bide_future_own(*future, drop), 0);
    return 0;
}

/* Submits while the pool is being closed. While it drains, a task is never refused. */
static int parent(void *arg, bide_value *result)
{
    struct race *race = *(struct race **)arg;
    bide_future *child;
    (void)result;
    atomic_fetch_add(&race->started, 1);
    int error = give(race, leaf, &child);
    CHECK(!error || (error == ESHUTDOWN && race->how == BIDE_CANCEL) || error == ETIMEDOUT || error == ECANCELED);
    if (!error)
        error = bide_join(child, NULL);
    return error;
}

static bool is_end(enum bide_state state)
{
    return state == BIDE_DONE || state == BIDE_CANCELLED || state == BIDE_FAILED;
}

static void *submit_until_closed(void *arg)
{
    struct race *race = arg;
    bide_future *futures[TASKS];
    int n = 0;
    pthread_barrier_wait(&race->barrier);
    for (; n < TASKS; n++) {
        int error = give(race, n % 3 ? leaf : parent, &futures[n]);
        if (error == ETIMEDOUT)
            break;
        if (error) {
            CHECK_EQUAL(error, ESHUTDOWN);
            break;
        }
    }
    pthread_barrier_wait(&race->barrier); /* nobody is inside a call on the pool any more */
    while (n-- > 0) {
        CHECK_EQUAL(bide_future_wait(futures[n], BIDE_FOREVER), 0);
        CHECK(is_end(bide_future_state(futures[n])));
        bide_future_release(futures[n]);
    }
    return NULL;
}

static void close_in_steps(struct race *race, uint64_t choice)
{
    for (uint64_t n = choice % 64; n > 0; n--)
        sched_yield();
    int error = bide_pool_close(race->pool, race->how, choice & 64 ? BIDE_NOW : BIDE_FOREVER);
    CHECK(error == 0 || (error == ETIMEDOUT && choice & 64));
    if (choice & 128)
        CHECK_EQUAL(bide_pool_close(race->pool, BIDE_DRAIN, BIDE_FOREVER), 0);
}

static void run(unsigned workers, uint64_t *seed)
{
    uint64_t choice = test_random(seed);
    pthread_t threads[SUBMITTERS];
    struct race race = {.how = choice & 256 ? BIDE_CANCEL : BIDE_DRAIN, .max_pending = choice & 512 ? 4 : 0};
    bide_pool_options options = {
        .workers = workers, .waiting = test_holds() ? BIDE_HOLD : BIDE_PARK, .max_pending = race.max_pending};
    CHECK_EQUAL(bide_pool_create(&race.pool, &options), 0);
    pthread_barrier_init(&race.barrier, NULL, SUBMITTERS + 1);
    for (int i = 0; i < SUBMITTERS; i++)
        pthread_create(&threads[i], NULL, submit_until_closed, &race);
    pthread_barrier_wait(&race.barrier);
    close_in_steps(&race, choice);
    pthread_barrier_wait(&race.barrier);
    CHECK_EQUAL(bide_pool_destroy(race.pool), 0);
    for (int i = 0; i < SUBMITTERS; i++)
        pthread_join(threads[i], NULL);
    pthread_barrier_destroy(&race.barrier);
    CHECK_EQUAL(atomic_load(&race.drops), atomic_load(&race.accepted));
    if (race.how == BIDE_DRAIN)
        CHECK_EQUAL(atomic_load(&race.started), atomic_load(&race.accepted));
}

int main(int argc, char **argv)
{
    uint64_t seed = test_seed(argc, argv);
    unsigned long rounds = test_scale(300);
    for (unsigned workers = 1; workers <= 8; workers *= 2)
        for (unsigned long i = 0; i < rounds; i++)
            run(workers, &seed);
    return check_failures() != 0;
}
