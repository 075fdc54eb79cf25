/* A task is queued at about the time at which a parked one falls due, whose worker then is busy until the queued one has run.
 * Hunted: a worker that was woken for the queue, goes on with its own task, and leaves the queued one lying though another
 * worker is idle (the program hangs). */
#include "support/check.h"
#include "support/gate.h"

#include <bide/bide.h>

enum { AHEAD = 150000, EARLIEST = 70000, SPAN = 90000 }; /* nanoseconds */

struct race {
    bide_time when;
    struct gate parking, gate;
    bide_future *promise;
};

static int sleep_and_stand(void *arg, bide_value *result)
{
    struct race *race = arg;
    (void)result;
    gate_arrive(&race->parking);
    CHECK_EQUAL(bide_sleep_until(race->when), 0);
    gate_pass(&race->gate);
    return 0;
}

/* As many tasks stay on each worker, so that neither is the better one for the next. */
static int stay(void *arg, bide_value *result)
{
    struct race *race = arg;
    (void)result;
    gate_arrive(&race->parking);
    return bide_future_wait(race->promise, BIDE_FOREVER);
}

static int open_gate(void *gate, bide_value *result)
{
    (void)result;
    gate_open(gate);
    return 0;
}

static void spin_until(bide_time when)
{
    while (bide_clock() < when)
        ;
}

static void submit(bide_pool *pool, bide_task_fn *fn, void *arg)
{
    CHECK_EQUAL(bide_submit(pool, fn, arg, NULL), 0);
}

static void play(bide_pool *pool, uint64_t *seed)
{
    struct race race = {.parking = GATE_INIT, .gate = GATE_INIT};
    bide_task_fn *first = test_random(seed) % 2 ? stay : sleep_and_stand;
    CHECK_EQUAL(bide_promise_create(&race.promise), 0);
    race.when = bide_clock() + AHEAD;
    submit(pool, first, &race);
    submit(pool, first == stay ? sleep_and_stand : stay, &race);
    gate_await(&race.parking, 2);
    spin_until(race.when - EARLIEST + (bide_time)(test_random(seed) % SPAN));
    submit(pool, open_gate, &race.gate);
    gate_pass(&race.gate);
    CHECK_EQUAL(bide_promise_resolve(race.promise, bide_u64(0)), 0);
    CHECK_EQUAL(bide_pool_drain(pool, BIDE_FOREVER), 0);
    bide_future_release(race.promise);
}

int main(int argc, char **argv)
{
    uint64_t seed = test_seed(argc, argv);
    bide_pool *pool;
    bide_pool_options options = {.workers = test_holds() ? 3 : 2, .waiting = test_holds() ? BIDE_HOLD : BIDE_PARK};
    if (!CHECK_EQUAL(bide_pool_create(&pool, &options), 0))
        return 1;
    for (unsigned long i = test_scale(3000); i > 0; i--)
        play(pool, &seed);
    CHECK_EQUAL(bide_pool_destroy(pool), 0);
    return check_failures() != 0;
}
