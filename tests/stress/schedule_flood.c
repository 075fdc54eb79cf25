/* More tasks become due than workers come to start, so that the timekeeper is left alone, is late, and is relieved, again and
 * again; a few of them take long. Hunted: one that is lost, or runs twice, or early; a pool that counts one too many or too few
 * and never drains. */
#include "support/check.h"

#include <bide/bide.h>

#include <stdatomic.h>
#include <stdlib.h>

enum { WORKERS = 4, LONG_ONES = 1000 };

struct drop {
    bide_time when;
    atomic_uint runs;
    bool takes_long;
};

static int run(void *arg, bide_value *result)
{
    struct drop *drop = arg;
    (void)result;
    CHECK(bide_clock() >= drop->when);
    for (bide_time start = bide_clock(); drop->takes_long && bide_clock() < start + 200000;)
        ;
    atomic_fetch_add(&drop->runs, 1);
    return 0;
}

static void flood(bide_pool *pool, struct drop drops[], size_t n, uint64_t *seed)
{
    bide_time start = bide_clock();
    for (size_t i = 0; i < n; i++) {
        uint64_t chance = test_random(seed);
        drops[i].when = start + (bide_time)(chance % (n * 500));
        drops[i].takes_long = (chance >> 40) % LONG_ONES == 0;
        atomic_init(&drops[i].runs, 0);
        CHECK_EQUAL(bide_submit_at(pool, drops[i].when, run, &drops[i], NULL), 0);
    }
}

static void play(unsigned workers, struct drop drops[], size_t n, uint64_t *seed)
{
    bide_pool *pool;
    bide_pool_options options = {.workers = workers, .waiting = test_holds() ? BIDE_HOLD : BIDE_PARK};
    size_t ran = 0;
    if (!CHECK_EQUAL(bide_pool_create(&pool, &options), 0))
        return;
    flood(pool, drops, n, seed);
    CHECK_EQUAL(bide_pool_destroy(pool), 0);
    for (size_t i = 0; i < n; i++)
        ran += atomic_load(&drops[i].runs) == 1;
    CHECK_EQUAL(ran, n);
}

int main(int argc, char **argv)
{
    uint64_t seed = test_seed(argc, argv);
    size_t n = test_scale(60000);
    struct drop *drops = malloc(n * sizeof *drops);
    for (unsigned workers = 1; drops && workers <= WORKERS; workers++)
        for (int round = 0; round < 5; round++)
            play(workers, drops, n, &seed);
    free(drops);
    return !drops || check_failures() != 0;
}
