/* Tasks and a thread acquire permits one by one, with deadlines that pass, while one thread releases and another asks the
 * tasks to stop: releases, deadlines and requests meet. Hunted: a permit that is lost or doubled (they are counted at the
 * end), a waiter that is passed over (the program hangs), a request that is swallowed by a deadline or told twice. */
#include "support/check.h"

#include <bide/bide.h>

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

enum { TASKS = 4, MAX = 2 };

struct taker {
    uint64_t seed;
    bide_future *task;
    atomic_ulong asked, told;
    unsigned long acquired;
};

static struct {
    bide_semaphore semaphore;
    struct taker takers[TASKS + 1]; /* the last one is a thread */
    uint64_t canceller_seed;
    unsigned long released;
    atomic_bool asks, takes;
} race;

static bide_time some_deadline(uint64_t *seed)
{
    uint64_t choice = test_random(seed) % 8;
    return choice < 4 ? BIDE_FOREVER : choice < 7 ? bide_clock() + (bide_time)(test_random(seed) % 30000) : BIDE_NOW;
}

static void hear(struct taker *taker)
{
    CHECK(atomic_fetch_add(&taker->told, 1) < atomic_load(&taker->asked));
}

static int take(void *arg, bide_value *result)
{
    struct taker *taker = arg;
    (void)result;
    while (atomic_load(&race.takes)) {
        int error = bide_semaphore_acquire(&race.semaphore, some_deadline(&taker->seed));
        CHECK(error == 0 || error == ETIMEDOUT || error == ECANCELED);
        taker->acquired += error == 0;
        if (error == ECANCELED)
            hear(taker);
    }
    if (bide_yield() == ECANCELED)
        hear(taker);
    return 0;
}

static void *take_as_thread(void *taker)
{
    take(taker, NULL);
    return NULL;
}

/* Ask one again only when it was told the last time. */
static void *ask(void *arg)
{
    (void)arg;
    while (atomic_load(&race.asks)) {
        struct taker *taker = &race.takers[test_random(&race.canceller_seed) % TASKS];
        sched_yield();
        if (atomic_load(&taker->asked) != atomic_load(&taker->told))
            continue;
        atomic_fetch_add(&taker->asked, 1);
        CHECK_EQUAL(bide_future_cancel(taker->task), 0);
    }
    return NULL;
}

static void release(void)
{
    int error = bide_semaphore_release(&race.semaphore);
    CHECK(error == 0 || error == EOVERFLOW);
    race.released += error == 0;
    if (error)
        sched_yield();
}

static void begin(bide_pool *pool, uint64_t *seed)
{
    race.released = 0;
    race.canceller_seed = test_random(seed) | 1;
    atomic_store(&race.asks, true);
    atomic_store(&race.takes, true);
    CHECK_EQUAL(bide_semaphore_init(&race.semaphore, 0, MAX), 0);
    for (int i = 0; i <= TASKS; i++) {
        race.takers[i] = (struct taker){.seed = test_random(seed) | 1};
        if (i < TASKS)
            CHECK_EQUAL(bide_submit(pool, take, &race.takers[i], &race.takers[i].task), 0);
    }
    for (int i = 0; i < TASKS; i++)
        while (bide_future_state(race.takers[i].task) == BIDE_PENDING)
            release();
}

static void end(pthread_t thread)
{
    unsigned long acquired = 0, left = 0;
    atomic_store(&race.takes, false);
    for (int i = 0; i < TASKS; i++) {
        while (bide_future_wait(race.takers[i].task, BIDE_NOW) != 0)
            release();
        CHECK_EQUAL(bide_join(race.takers[i].task, NULL), 0);
        CHECK_EQUAL(atomic_load(&race.takers[i].told), atomic_load(&race.takers[i].asked));
    }
    release(); /* for the thread: there is none, or one, as no other takes any more */
    pthread_join(thread, NULL);
    for (int i = 0; i <= TASKS; i++)
        acquired += race.takers[i].acquired;
    while (bide_semaphore_try(&race.semaphore) == 0)
        left++;
    CHECK_EQUAL(acquired + left, race.released);
}

static void run(unsigned workers, unsigned long rounds, uint64_t *seed)
{
    bide_pool *pool;
    pthread_t thread, canceller;
    CHECK_EQUAL(bide_pool_create(
                    &pool, &(bide_pool_options){.workers = workers, .waiting = test_holds() ? BIDE_HOLD : BIDE_PARK}),
                0);
    begin(pool, seed);
    pthread_create(&thread, NULL, take_as_thread, &race.takers[TASKS]);
    pthread_create(&canceller, NULL, ask, NULL);
    while (race.released < rounds)
        release();
    atomic_store(&race.asks, false);
    pthread_join(canceller, NULL);
    end(thread);
    CHECK_EQUAL(bide_pool_destroy(pool), 0);
}

/* A task that holds its worker keeps it to the end. */
int main(int argc, char **argv)
{
    uint64_t seed = test_seed(argc, argv);
    unsigned long rounds = test_scale(20000);
    for (unsigned workers = test_holds() ? TASKS : 1; workers <= TASKS; workers *= 2)
        run(workers, rounds, &seed);
    return check_failures() != 0;
}
