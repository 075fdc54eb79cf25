/* Cancelling against starting against ending, and against another canceller. Hunted: a task that runs after it was
 * cancelled for good, one that ends in two ways, a request that is lost on a sleeper (the program hangs), a strand
 * that is asked to stop after its task has ended. */
#include "support/check.h"

#include <bide/bide.h>

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

enum { AT_ONCE = 16, KINDS = 7, CANCELLERS = 2 };

static bide_future *unsettled; /* a promise, as long as there are tasks */

struct victim {
    atomic_int starts;
    uint64_t kind, payload;
    bide_future *future;
    atomic_int drops;
};

/* Each request is delivered once at the most. */
static int told_again(void)
{
    int told = 0;
    for (int i = 0; i < 2 * CANCELLERS; i++)
        told += bide_sleep(1e-9) == ECANCELED;
    CHECK(bide_cancelled());
    return told;
}

/* By its kind: ends at once; sleeps, computes or yields until asked; is asked and ends well all the same, or in an
 * error of its own; waits until asked. */
static int suffer(void *arg, bide_value *result)
{
    struct victim *victim = arg;
    int error = 0;
    atomic_fetch_add(&victim->starts, 1);
    result->u64 = victim->payload;
    switch (victim->kind) {
    case 1:
        return bide_sleep(INFINITY);
    case 2:
        while (!bide_cancelled())
            ;
        return ECANCELED;
    case 3:
        while (!error)
            error = bide_yield();
        return error;
    case 4:
        CHECK_EQUAL(bide_sleep(INFINITY), ECANCELED);
        CHECK(told_again() < CANCELLERS);
        return 0;
    case 5:
        CHECK_EQUAL(bide_sleep(INFINITY), ECANCELED);
        return EIO;
    case 6:
        return bide_future_wait(unsettled, victim->payload % 2 ? BIDE_FOREVER : bide_in(1e6));
    default:
        return 0;
    }
}

static void count_drop(void *arg)
{
    struct victim *victim = arg;
    atomic_fetch_add(&victim->drops, 1);
}

struct canceller {
    pthread_barrier_t *start;
    struct victim *victims;
    uint64_t seed;
    unsigned long rounds;
};

static void cancel_all(struct victim *victims, uint64_t *seed)
{
    uint64_t first = test_random(seed);
    for (uint64_t i = 0; i < AT_ONCE; i++) {
        int error = bide_future_cancel(victims[(first + i) % AT_ONCE].future);
        CHECK(error == 0 || error == EALREADY);
        if (test_random(seed) % 8 == 0)
            sched_yield();
    }
}

static void *cancel_each_round(void *arg)
{
    struct canceller *self = arg;
    for (unsigned long i = 0; i < self->rounds; i++) {
        pthread_barrier_wait(self->start);
        cancel_all(self->victims, &self->seed);
        pthread_barrier_wait(self->start);
    }
    return NULL;
}

/* The end that its kind and its start allow. */
static void judge(struct victim *victim, enum bide_state state, int error, bide_value value)
{
    bool ended_well = victim->kind == 0 || victim->kind == 4;
    int starts = atomic_load(&victim->starts);
    CHECK(starts == 0 || starts == 1);
    if (starts == 1 && ended_well) {
        CHECK_EQUAL(state, BIDE_DONE);
        CHECK_EQUAL(error, 0);
        CHECK(value.u64 == victim->payload);
    } else if (starts == 1 && victim->kind == 5) {
        CHECK_EQUAL(state, BIDE_FAILED);
        CHECK_EQUAL(error, EIO);
    } else {
        CHECK_EQUAL(state, BIDE_CANCELLED);
        CHECK_EQUAL(error, ECANCELED);
    }
}

static void submit_all(bide_pool *pool, struct victim *victims, uint64_t *seed)
{
    for (int i = 0; i < AT_ONCE; i++) {
        victims[i].kind = test_random(seed) % KINDS;
        victims[i].payload = test_random(seed);
        atomic_store(&victims[i].starts, 0);
        atomic_store(&victims[i].drops, 0);
        CHECK_EQUAL(bide_submit(pool, suffer, &victims[i], &victims[i].future), 0);
        CHECK_EQUAL(bide_future_own(victims[i].future, count_drop), 0);
    }
}

static void judge_all(struct victim *victims)
{
    for (int i = 0; i < AT_ONCE; i++) {
        bide_value value = {0};
        CHECK_EQUAL(bide_future_wait(victims[i].future, BIDE_FOREVER), 0);
        enum bide_state state = bide_future_state(victims[i].future);
        int error = bide_future_result(victims[i].future, &value);
        judge(&victims[i], state, error, value);
        CHECK_EQUAL(bide_future_cancel(victims[i].future), EALREADY);
        bide_future_release(victims[i].future);
    }
}

static void race(unsigned workers, uint64_t *seed, unsigned long rounds)
{
    struct victim victims[AT_ONCE];
    bide_pool *pool;
    pthread_t thread;
    pthread_barrier_t start;
    pthread_barrier_init(&start, NULL, 2);
    struct canceller other = {&start, victims, test_random(seed) | 1, rounds};
    pthread_create(&thread, NULL, cancel_each_round, &other);
    for (unsigned long i = 0; i < rounds; i++) {
        CHECK_EQUAL(bide_pool_create(&pool, &(bide_pool_options){.workers = workers,
                                                                 .waiting = test_holds() ? BIDE_HOLD : BIDE_PARK}),
                    0);
        submit_all(pool, victims, seed);
        pthread_barrier_wait(&start);
        cancel_all(victims, seed);
        pthread_barrier_wait(&start);
        judge_all(victims);
        CHECK_EQUAL(bide_pool_destroy(pool), 0);
        for (int k = 0; k < AT_ONCE; k++)
            CHECK_EQUAL(atomic_load(&victims[k].drops), 1);
    }
    pthread_join(thread, NULL);
    pthread_barrier_destroy(&start);
}

int main(int argc, char **argv)
{
    uint64_t seed = test_seed(argc, argv);
    CHECK_EQUAL(bide_promise_create(&unsettled), 0);
    for (unsigned workers = 1; workers <= 8; workers *= 2)
        race(workers, &seed, test_scale(200));
    bide_future_release(unsettled);
    return check_failures() != 0;
}
