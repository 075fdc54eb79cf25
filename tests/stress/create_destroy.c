/* Pools that are made and destroyed at once, with no task, one, or one that waits for another. Hunted: a worker that misses
 * the order to leave (the program hangs), a task that is not run, a thread left behind; and, where a tool looks for it, a
 * future that nobody has let go of. */
#include "support/check.h"

#include <bide/bide.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

static atomic_ulong runs;

static int run(void *arg, bide_value *result)
{
    (void)arg;
    (void)result;
    atomic_fetch_add(&runs, 1);
    return 0;
}

static int run_two(void *arg, bide_value *result)
{
    bide_future *other;
    CHECK_EQUAL(bide_submit(bide_current_pool(), run, arg, &other), 0);
    CHECK_EQUAL(bide_join(other, result), 0);
    return run(arg, result);
}

/* With or without a handle, waited for or not. */
static unsigned long give_task(bide_pool *pool, uint64_t choice)
{
    bide_future *future;
    bool two = choice >> 32 & 1;
    if (choice % 4 == 0)
        return 0;
    CHECK_EQUAL(bide_submit(pool, two ? run_two : run, NULL, choice % 4 == 1 ? NULL : &future), 0);
    if (choice % 4 == 2)
        bide_future_release(future);
    if (choice % 4 == 3)
        CHECK_EQUAL(bide_join(future, NULL), 0);
    return two ? 2 : 1;
}

struct maker {
    pthread_t thread;
    uint64_t seed;
    unsigned long rounds, tasks;
};

static void *make_pools(void *arg)
{
    struct maker *self = arg;
    for (unsigned long i = 0; i < self->rounds; i++) {
        bide_pool *pool;
        uint64_t choice = test_random(&self->seed);
        bide_pool_options options = {.workers = 1 + (unsigned)(choice % 3),
                                     .waiting = test_holds() ? BIDE_HOLD : BIDE_PARK,
                                     .stack_size = test_holds() ? 0 : 256 << 10};
        if (!CHECK_EQUAL(bide_pool_create(&pool, &options), 0))
            break;
        self->tasks += give_task(pool, choice >> 8);
        if (choice >> 16 & 1)
            CHECK_EQUAL(bide_pool_close(pool, BIDE_DRAIN, BIDE_FOREVER), 0);
        CHECK_EQUAL(bide_pool_destroy(pool), 0);
    }
    return NULL;
}

int main(int argc, char **argv)
{
    uint64_t seed = test_seed(argc, argv);
    struct maker makers[2];
    unsigned long tasks = 0;
    for (int i = 0; i < 2; i++) {
        makers[i] = (struct maker){.seed = test_random(&seed) | 1, .rounds = test_scale(5000)};
        pthread_create(&makers[i].thread, NULL, make_pools, &makers[i]);
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(makers[i].thread, NULL);
        tasks += makers[i].tasks;
    }
    CHECK_EQUAL(atomic_load(&runs), tasks);
    return check_failures() != 0;
}
