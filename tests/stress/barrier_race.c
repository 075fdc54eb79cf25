/* Tasks and a thread arrive at a barrier, some with deadlines that pass, some asked to stop, while the last arrives. Hunted:
 * a round that is complete for some and broken for others, none or two serial arrivals, a party that is not told (the program
 * hangs). */
#include "support/check.h"

#include <bide/bide.h>

#include <errno.h>

enum { TASKS = 3, PARTIES = TASKS + 1, ROUNDS = 3 };

struct party {
    bide_barrier *barrier;
    bide_time deadline;
    int error[ROUNDS]; /* -1: never arrived */
    bool serial[ROUNDS];
};

static int arrive(void *arg, bide_value *result)
{
    struct party *party = arg;
    (void)result;
    for (int i = 0; i < ROUNDS; i++)
        party->error[i] = bide_barrier_wait(party->barrier, party->deadline, &party->serial[i]);
    return 0;
}

/* Complete for all, or broken for all: by one at least, and from then on. */
static bool check_round(const struct party *parties, int round, bool was_complete)
{
    int complete = 0, serial = 0, quitters = 0, told = 0, absent = 0;
    for (int i = 0; i < PARTIES; i++) {
        complete += parties[i].error[round] == 0;
        serial += parties[i].error[round] == 0 && parties[i].serial[round];
        quitters += parties[i].error[round] == ETIMEDOUT || parties[i].error[round] == ECANCELED;
        absent += parties[i].error[round] == -1;
        told += parties[i].error[round] == ECONNABORTED;
    }
    if (complete)
        CHECK(was_complete && complete == PARTIES && serial == 1);
    else
        CHECK(told + quitters + absent == PARTIES && (quitters > 0) == was_complete);
    return complete > 0;
}

/* In half of the rounds one is asked to stop, maybe before it has started: then the thread does not wait for ever. */
static void meet(bide_pool *pool, uint64_t *seed)
{
    bide_barrier barrier;
    bide_future *tasks[TASKS];
    struct party parties[PARTIES];
    uint64_t kind = test_random(seed) % 4, moment = test_random(seed) % 20000;
    CHECK_EQUAL(bide_barrier_init(&barrier, PARTIES), 0);
    for (int i = 0; i < PARTIES; i++) {
        bide_time soon = bide_clock() + 10000 + (bide_time)(test_random(seed) % 50000);
        parties[i] = (struct party){&barrier, kind % 2 && i == TASKS ? soon : BIDE_FOREVER, {-1, -1, -1}, {false}};
        if (kind == 2 && i == 0)
            parties[i].deadline = soon;
        if (i < TASKS)
            CHECK_EQUAL(bide_submit(pool, arrive, &parties[i], &tasks[i]), 0);
    }
    for (bide_time until = bide_clock() + (bide_time)moment; bide_clock() < until;)
        ;
    if (kind % 2)
        bide_future_cancel(tasks[moment % TASKS]);
    arrive(&parties[TASKS], NULL);
    for (int i = 0; i < TASKS; i++)
        bide_join(tasks[i], NULL);
    bool complete = true;
    for (int i = 0; i < ROUNDS; i++)
        complete = check_round(parties, i, complete);
}

static void run(unsigned workers, unsigned long rounds, uint64_t *seed)
{
    bide_pool *pool;
    CHECK_EQUAL(bide_pool_create(
                    &pool, &(bide_pool_options){.workers = workers, .waiting = test_holds() ? BIDE_HOLD : BIDE_PARK}),
                0);
    for (unsigned long i = 0; i < rounds; i++)
        meet(pool, seed);
    CHECK_EQUAL(bide_pool_destroy(pool), 0);
}

/* A task that holds its worker keeps it to the end. */
int main(int argc, char **argv)
{
    uint64_t seed = test_seed(argc, argv);
    unsigned long rounds = test_scale(3000);
    for (unsigned workers = test_holds() ? PARTIES : 1; workers <= PARTIES; workers *= 2)
        run(workers, rounds, &seed);
    return check_failures() != 0;
}
