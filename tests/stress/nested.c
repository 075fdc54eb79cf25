/* Random trees of tasks that wait for their children, in every way there is, on few workers. Hunted: a pool that
 * deadlocks because its tasks wait for tasks of its own, a task run in place and by a worker as well, a lost
 * reference. */
#include "support/check.h"

#include <bide/bide.h>

#include <errno.h>
#include <stdatomic.h>

enum { MAX_CHILDREN = 4, DEPTH = 5 };

struct node {
    uint64_t seed;
    unsigned depth;
    atomic_int starts;
};

static int visit(void *arg, bide_value *result);

static uint64_t join_each(struct node *children, uint64_t n)
{
    bide_future *futures[MAX_CHILDREN];
    uint64_t size = 0;
    for (uint64_t i = 0; i < n; i++)
        CHECK_EQUAL(bide_submit(bide_current_pool(), visit, &children[i], &futures[i]), 0);
    for (uint64_t i = 0; i < n; i++) {
        bide_value value = {0};
        CHECK_EQUAL(bide_join(futures[n - 1 - i], &value), 0);
        size += value.u64;
    }
    return size;
}

static uint64_t take_each(struct node *children, uint64_t n)
{
    bide_completions *done;
    bide_future *future;
    uint64_t size = 0, taken = 0;
    CHECK_EQUAL(bide_completions_create(&done), 0);
    for (uint64_t i = 0; i < n; i++)
        CHECK_EQUAL(bide_completions_submit(done, bide_current_pool(), visit, &children[i], NULL), 0);
    while (bide_completions_next(done, BIDE_FOREVER, &future, NULL) == 0) {
        bide_value value = {0};
        CHECK_EQUAL(bide_join(future, &value), 0);
        size += value.u64;
        taken++;
    }
    CHECK_EQUAL(taken, n);
    bide_completions_destroy(done);
    return size;
}

/* Children that are waited for with a deadline first, then without: the first never runs them in place. */
static uint64_t wait_each(struct node *children, uint64_t n)
{
    uint64_t size = 0;
    for (uint64_t i = 0; i < n; i++) {
        bide_future *future;
        bide_value value = {0};
        CHECK_EQUAL(bide_submit(bide_current_pool(), visit, &children[i], &future), 0);
        int error = bide_future_wait(future, bide_in(1e-6));
        CHECK(error == 0 || error == ETIMEDOUT);
        CHECK_EQUAL(bide_future_wait(future, BIDE_FOREVER), 0);
        CHECK_EQUAL(bide_join(future, &value), 0);
        size += value.u64;
    }
    return size;
}

static void wait_a_little(void)
{
    double delays[3];
    CHECK_EQUAL(bide_wait_n(bide_current_pool(), 3, 1e-5, delays), 0);
}

/* The size of the tree below, this node included. */
static int visit(void *arg, bide_value *result)
{
    struct node *node = arg, children[MAX_CHILDREN];
    uint64_t kind = test_random(&node->seed) % 4, n = node->depth ? 1 + test_random(&node->seed) % MAX_CHILDREN : 0;
    CHECK_EQUAL(atomic_fetch_add(&node->starts, 1), 0);
    for (uint64_t i = 0; i < n; i++) {
        children[i].seed = test_random(&node->seed) | 1;
        children[i].depth = node->depth - 1;
        atomic_init(&children[i].starts, 0);
    }
    if (kind == 3)
        wait_a_little();
    result->u64 = 1 + (kind == 0   ? wait_each(children, n)
                       : kind == 1 ? take_each(children, n)
                                   : join_each(children, n));
    return 0;
}

/* What visit() must come to. */
static uint64_t size_of(uint64_t seed, unsigned depth)
{
    uint64_t size = 1, children[MAX_CHILDREN];
    test_random(&seed);
    uint64_t n = depth ? 1 + test_random(&seed) % MAX_CHILDREN : 0;
    for (uint64_t i = 0; i < n; i++)
        children[i] = test_random(&seed) | 1;
    for (uint64_t i = 0; i < n; i++)
        size += size_of(children[i], depth - 1);
    return size;
}

int main(int argc, char **argv)
{
    uint64_t seed = test_seed(argc, argv);
    unsigned long rounds = test_scale(100);
    for (unsigned workers = 1; workers <= 4; workers *= 2)
        for (unsigned long i = 0; i < rounds; i++) {
            struct node root = {.seed = test_random(&seed) | 1, .depth = DEPTH};
            uint64_t expected = size_of(root.seed, DEPTH);
            bide_value size = {0};
            CHECK_EQUAL(
                bide_run(&(bide_pool_options){.workers = workers, .waiting = test_holds() ? BIDE_HOLD : BIDE_PARK},
                         visit, &root, &size),
                0);
            CHECK_EQUAL(size.u64, expected);
        }
    return check_failures() != 0;
}
