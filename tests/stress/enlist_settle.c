/* Waiters of all kinds come to a future in the moment in which it is settled, and the first to be told lets go of
 * it. Hunted: a waiter that is never told (the program hangs), a callback that is called twice or not at all, a
 * future touched after the last reference is gone. */
#include "support/check.h"

#include <bide/bide.h>

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

enum { THREADS = 3 };

struct round {
    bide_future *promise; /* or a task; each side has a reference */
    atomic_int calls, expected;
    uint64_t payload, seed;
    pthread_barrier_t *start;
    pthread_barrier_t referenced; /* of a task and its submitter */
};

struct waiter {
    uint64_t seed;
    pthread_barrier_t *start, *end;
    struct round *round;
    unsigned long rounds;
};

static void dither(uint64_t *seed)
{
    for (uint64_t n = test_random(seed) % 200; n > 0; n--)
        atomic_signal_fence(memory_order_seq_cst);
    if (test_random(seed) % 16 == 0)
        sched_yield();
}

static void count_call(bide_future *future, void *ctx)
{
    struct round *round = ctx;
    bide_value value = {0};
    CHECK_EQUAL(bide_future_result(future, &value), 0);
    CHECK(value.u64 == round->payload);
    atomic_fetch_add(&round->calls, 1);
}

static void take_by_completions(bide_future *promise)
{
    bide_completions *done;
    bide_future *ended = NULL;
    CHECK_EQUAL(bide_completions_create(&done), 0);
    CHECK_EQUAL(bide_completions_add(done, promise, NULL), 0);
    CHECK_EQUAL(bide_completions_next(done, BIDE_FOREVER, &ended, NULL), 0);
    CHECK(ended == promise);
    bide_future_release(ended);
    bide_completions_destroy(done);
}

static void forget_by_completions(bide_future *promise)
{
    bide_completions *done;
    CHECK_EQUAL(bide_completions_create(&done), 0);
    CHECK_EQUAL(bide_completions_add(done, promise, NULL), 0);
    bide_completions_destroy(done);
}

static void wait_in_a_hurry(bide_future *promise, uint64_t *seed)
{
    while (bide_future_wait(promise, bide_clock() + (bide_time)(test_random(seed) % 20000)) == ETIMEDOUT)
        ;
}

static void come(struct waiter *self)
{
    struct round *round = self->round;
    bide_value value = {0};
    dither(&self->seed);
    switch (test_random(&self->seed) % 6) {
    case 0:
        take_by_completions(round->promise);
        break;
    case 1:
        forget_by_completions(round->promise);
        break;
    case 2:
        wait_in_a_hurry(round->promise, &self->seed);
        break;
    case 3:
        atomic_fetch_add(&round->expected, 1);
        CHECK_EQUAL(bide_future_on_done(round->promise, count_call, round), 0);
        break;
    default:
        CHECK_EQUAL(bide_future_wait(round->promise, BIDE_FOREVER), 0);
        CHECK_EQUAL(bide_future_result(round->promise, &value), 0);
        CHECK(value.u64 == round->payload);
    }
    bide_future_release(round->promise);
}

static void *come_each_round(void *arg)
{
    struct waiter *self = arg;
    for (unsigned long i = 0; i < self->rounds; i++) {
        pthread_barrier_wait(self->start);
        come(self);
        pthread_barrier_wait(self->end);
    }
    return NULL;
}

static void settle_promise(struct round *round)
{
    pthread_barrier_wait(round->start);
    dither(&round->seed);
    CHECK_EQUAL(bide_promise_resolve(round->promise, bide_u64(round->payload)), 0);
}

static int settle_by_ending(void *arg, bide_value *result)
{
    struct round *round = arg;
    pthread_barrier_wait(&round->referenced);
    pthread_barrier_wait(round->start);
    dither(&round->seed);
    result->u64 = round->payload;
    return 0;
}

static void settle_one(struct round *round, bide_pool *pool, pthread_barrier_t *end, uint64_t *seed)
{
    bool promised = test_random(seed) % 2;
    round->payload = test_random(seed);
    round->seed = test_random(seed) | 1;
    atomic_store(&round->calls, 0);
    atomic_store(&round->expected, 0);
    CHECK_EQUAL(promised ? bide_promise_create(&round->promise)
                         : bide_submit(pool, settle_by_ending, round, &round->promise),
                0);
    for (int i = 0; i < THREADS; i++)
        bide_future_retain(round->promise);
    if (promised)
        settle_promise(round);
    else
        pthread_barrier_wait(&round->referenced);
    bide_future_release(round->promise);
    pthread_barrier_wait(end);
    CHECK_EQUAL(bide_pool_drain(pool, BIDE_FOREVER), 0);
    CHECK_EQUAL(atomic_load(&round->calls), atomic_load(&round->expected));
}

int main(int argc, char **argv)
{
    uint64_t seed = test_seed(argc, argv);
    unsigned long rounds = test_scale(10000);
    pthread_barrier_t start, end;
    pthread_t threads[THREADS];
    struct waiter waiters[THREADS];
    struct round round = {.start = &start};
    bide_pool *pool;
    CHECK_EQUAL(
        bide_pool_create(&pool, &(bide_pool_options){.workers = 1, .waiting = test_holds() ? BIDE_HOLD : BIDE_PARK}),
        0);
    pthread_barrier_init(&round.referenced, NULL, 2);
    pthread_barrier_init(&start, NULL, THREADS + 1);
    pthread_barrier_init(&end, NULL, THREADS + 1);
    for (int i = 0; i < THREADS; i++) {
        waiters[i] = (struct waiter){test_random(&seed) | 1, &start, &end, &round, rounds};
        pthread_create(&threads[i], NULL, come_each_round, &waiters[i]);
    }
    for (unsigned long i = 0; i < rounds; i++)
        settle_one(&round, pool, &end, &seed);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    CHECK_EQUAL(bide_pool_destroy(pool), 0);
    pthread_barrier_destroy(&round.referenced);
    pthread_barrier_destroy(&start);
    pthread_barrier_destroy(&end);
    return check_failures() != 0;
}
