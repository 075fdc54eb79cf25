/* Tasks wait for promises while their pool is drained and destroyed. Plain threads and the tasks of another pool, which is
 * being destroyed too, settle the promises at random moments, and ask tasks to stop. Hunted: a settler that touches a pool, a
 * task or its stack when they are gone; a pool that goes while a task waits; a wake that is lost (the program hangs). */
#include "support/check.h"

#include <bide/bide.h>

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

enum { SETTLERS = 2, TASKS = 24 };

struct waiter {
    bide_future *promise, *future;
    uint64_t choice;
    atomic_uint ends;
};

struct race {
    pthread_barrier_t barrier;
    bide_pool *pool, *other;
    struct waiter waiters[TASKS];
    unsigned long rounds;
};

struct settler {
    struct race *race;
    unsigned who;
    uint64_t seed;
    pthread_t thread;
};

static bool is_reason(int error)
{
    return error == 0 || error == ECANCELED;
}

static int take_end(struct waiter *waiter)
{
    bide_completions *listed;
    CHECK_EQUAL(bide_completions_create(&listed), 0);
    CHECK_EQUAL(bide_completions_add(listed, waiter->promise, NULL), 0);
    int error = bide_completions_next(listed, BIDE_FOREVER, NULL, NULL);
    bide_completions_destroy(listed);
    return error;
}

static int await_promise(void *arg, bide_value *result)
{
    struct waiter *waiter = arg;
    (void)result;
    return bide_future_wait(waiter->promise, waiter->choice & 4 ? BIDE_FOREVER : bide_in(3600));
}

static int join_child(struct waiter *waiter)
{
    bide_future *child;
    if (!CHECK_EQUAL(bide_submit(bide_current_pool(), await_promise, waiter, &child), 0))
        return 0;
    return bide_join(child, NULL);
}

static int await_somehow(void *arg, bide_value *result)
{
    struct waiter *waiter = arg;
    int error = waiter->choice % 4 == 0   ? take_end(waiter)
                : waiter->choice % 4 == 1 ? join_child(waiter)
                                          : await_promise(waiter, result);
    CHECK(is_reason(error));
    atomic_fetch_add(&waiter->ends, 1);
    return 0;
}

static void settle(bide_future *promise, uint64_t choice)
{
    int error = choice % 4 == 0   ? bide_promise_fail(promise, EIO)
                : choice % 4 == 1 ? bide_future_cancel(promise)
                                  : bide_promise_resolve(promise, bide_u64(1));
    CHECK_EQUAL(error, 0);
}

static int settle_in_task(void *arg, bide_value *result)
{
    struct waiter *waiter = arg;
    (void)result;
    if (waiter->choice & 8)
        bide_yield();
    settle(waiter->promise, waiter->choice >> 4);
    return 0;
}

static void linger(uint64_t *seed)
{
    for (uint64_t n = test_random(seed) % 8; n > 0; n--)
        sched_yield();
}

/* Every third is this one's to settle; it asks others to stop meanwhile. */
static void settle_share(struct settler *self)
{
    for (unsigned i = 0; i < TASKS; i++) {
        struct waiter *waiter = &self->race->waiters[self->who ? TASKS - 1 - i : i];
        uint64_t choice = test_random(&self->seed);
        linger(&self->seed);
        if ((waiter - self->race->waiters) % 3 == self->who)
            settle(waiter->promise, choice);
        else if (choice % 4 == 0)
            bide_future_cancel(waiter->future);
    }
}

static void *settle_each_round(void *arg)
{
    struct settler *self = arg;
    for (unsigned long round = 0; round < self->race->rounds; round++) {
        pthread_barrier_wait(&self->race->barrier);
        settle_share(self);
        if (self->who == 0)
            CHECK_EQUAL(bide_pool_destroy(self->race->other), 0);
        pthread_barrier_wait(&self->race->barrier);
    }
    return NULL;
}

static void submit_all(struct race *race, uint64_t *seed)
{
    bide_pool_options options = {.workers = 1 + (unsigned)(test_random(seed) % 3),
                                 .waiting = test_holds() ? BIDE_HOLD : BIDE_PARK};
    CHECK_EQUAL(bide_pool_create(&race->pool, &options), 0);
    CHECK_EQUAL(bide_pool_create(&race->other, &options), 0);
    for (int i = 0; i < TASKS; i++) {
        struct waiter *waiter = &race->waiters[i];
        waiter->choice = test_random(seed);
        atomic_store(&waiter->ends, 0);
        CHECK_EQUAL(bide_promise_create(&waiter->promise), 0);
        CHECK_EQUAL(bide_submit(race->pool, await_somehow, waiter, &waiter->future), 0);
        if (i % 3 == 2)
            CHECK_EQUAL(bide_submit(race->other, settle_in_task, waiter, NULL), 0);
    }
}

static void judge_all(struct race *race)
{
    for (int i = 0; i < TASKS; i++) {
        struct waiter *waiter = &race->waiters[i];
        enum bide_state state = bide_future_state(waiter->future);
        CHECK(state == BIDE_DONE || state == BIDE_CANCELLED);
        CHECK_EQUAL(atomic_load(&waiter->ends), state == BIDE_DONE);
        bide_future_release(waiter->future);
        bide_future_release(waiter->promise);
    }
}

static void play(struct race *race, uint64_t *seed)
{
    uint64_t choice = test_random(seed);
    submit_all(race, seed);
    pthread_barrier_wait(&race->barrier);
    linger(seed);
    if (choice % 3 == 1)
        CHECK_EQUAL(bide_pool_drain(race->pool, BIDE_FOREVER), 0);
    else if (choice % 3 == 2)
        CHECK_EQUAL(bide_pool_close(race->pool, BIDE_DRAIN, BIDE_FOREVER), 0);
    CHECK_EQUAL(bide_pool_destroy(race->pool), 0);
    pthread_barrier_wait(&race->barrier);
    judge_all(race);
}

int main(int argc, char **argv)
{
    static struct race race;
    struct settler settlers[SETTLERS];
    uint64_t seed = test_seed(argc, argv);
    race.rounds = test_scale(500);
    pthread_barrier_init(&race.barrier, NULL, SETTLERS + 1);
    for (unsigned i = 0; i < SETTLERS; i++) {
        settlers[i] = (struct settler){.race = &race, .who = i, .seed = test_random(&seed) | 1};
        pthread_create(&settlers[i].thread, NULL, settle_each_round, &settlers[i]);
    }
    for (unsigned long round = 0; round < race.rounds; round++)
        play(&race, &seed);
    for (unsigned i = 0; i < SETTLERS; i++)
        pthread_join(settlers[i].thread, NULL);
    pthread_barrier_destroy(&race.barrier);
    return check_failures() != 0;
}
