/* Random trees of children, whose parents wait, yield, submit and join between fork and join, some of them by way of loops;
 * several at once on few workers, while somebody asks them to stop. Hunted: a child that is lost, or runs twice; one that is
 * taken out from below others while a thief is after it; a parent that goes on before its child has ended; a request that ends
 * a wait in a child, or is lost on its way to the parent. */
#include "support/check.h"

#include <bide/bide.h>

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>

enum { MAX_CHILDREN = 6, DEPTH = 3, ROOTS = 4, LOOP = 40 };

struct node {
    uint64_t seed;
    unsigned depth;
    atomic_int starts;
};

static int visit(void *arg, bide_value *result);

static void plant(struct node *node, uint64_t *seed, unsigned depth)
{
    node->seed = test_random(seed) | 1;
    node->depth = depth;
    atomic_init(&node->starts, 0);
}

/* What a tree comes to: the number of its nodes. */
static uint64_t size_of(uint64_t seed, unsigned depth)
{
    uint64_t size = 1, n = depth ? test_random(&seed) % (MAX_CHILDREN + 1) : 0;
    struct node child;
    for (uint64_t i = 0; i < n; i++) {
        plant(&child, &seed, depth - 1);
        size += size_of(child.seed, child.depth);
    }
    return size;
}

static void count_each(size_t begin, size_t end, void *ctx)
{
    atomic_fetch_add((atomic_size_t *)ctx, end - begin);
}

static int return_at_once(void *arg, bide_value *result)
{
    result->ptr = arg;
    return 0;
}

static void submit_some(uint64_t *seed, bool joins)
{
    bide_future *futures[3];
    void *args[3] = {futures, seed, args};
    bide_value value = bide_u64(0);
    CHECK_EQUAL(bide_submit_many(bide_current_pool(), return_at_once, args, 3, joins ? futures : NULL), 0);
    for (int i = 0; i < 3 && joins; i++) {
        CHECK_EQUAL(bide_join(futures[i], &value), 0);
        CHECK(value.ptr == args[i]);
    }
}

static void loop(uint64_t *seed)
{
    atomic_size_t sum = 0;
    size_t begin = test_random(seed);
    begin = begin > SIZE_MAX - LOOP ? 0 : begin;
    CHECK_EQUAL(bide_for(bide_current_pool(), begin, begin + LOOP, test_random(seed) % 8, count_each, &sum), 0);
    CHECK_EQUAL(sum, LOOP);
}

/* In a child, where no request ends a wait. */
static void dawdle(uint64_t seed)
{
    switch (test_random(&seed) % 16) {
    case 0:
        CHECK_EQUAL(bide_sleep(1e-5), 0);
        break;
    case 1:
        CHECK_EQUAL(bide_yield(), 0);
        break;
    case 2:
        submit_some(&seed, false);
        break;
    case 3:
        submit_some(&seed, true);
        break;
    case 4:
        loop(&seed);
        break;
    default:
        break;
    }
}

static int visit(void *arg, bide_value *result)
{
    struct node *node = arg, children[MAX_CHILDREN];
    bide_child forked[MAX_CHILDREN];
    uint64_t seed = node->seed, n = node->depth ? test_random(&seed) % (MAX_CHILDREN + 1) : 0;
    CHECK_EQUAL(atomic_fetch_add(&node->starts, 1), 0);
    result->u64 = 1;
    for (uint64_t i = 0; i < n; i++) {
        plant(&children[i], &seed, node->depth - 1);
        bide_fork(&forked[i], visit, &children[i]);
        dawdle(children[i].seed);
    }
    while (n--) {
        bide_value value = bide_u64(0);
        dawdle(test_random(&seed));
        CHECK_EQUAL(bide_fork_join(&forked[n], &value), 0);
        CHECK_EQUAL(atomic_load(&children[n].starts), 1);
        result->u64 += value.u64;
    }
    return 0;
}

/* A task: all of a tree as its child; and the request that has come meanwhile is there after the join. */
static int visit_as_child(void *arg, bide_value *result)
{
    bide_child tree;
    bide_fork(&tree, visit, arg);
    CHECK_EQUAL(bide_fork_join(&tree, result), 0);
    int error = bide_yield();
    CHECK(error == 0 || error == ECANCELED);
    return 0;
}

struct forest {
    struct node roots[ROOTS];
    bide_future *futures[ROOTS];
    atomic_bool ends;
};

static void *ask_all(void *arg)
{
    struct forest *forest = arg;
    while (!atomic_load(&forest->ends))
        for (int i = 0; i < ROOTS && !atomic_load(&forest->ends); i++) {
            if (bide_future_state(forest->futures[i]) == BIDE_RUNNING) {
                int error = bide_future_cancel(forest->futures[i]);
                CHECK(error == 0 || error == EALREADY);
            }
            bide_sleep(1e-5);
        }
    return NULL;
}

static void grow(bide_pool *pool, uint64_t *seed)
{
    struct forest forest = {.ends = false};
    pthread_t canceller;
    for (int i = 0; i < ROOTS; i++) {
        plant(&forest.roots[i], seed, DEPTH);
        CHECK_EQUAL(bide_submit(pool, visit_as_child, &forest.roots[i], &forest.futures[i]), 0);
    }
    CHECK_EQUAL(pthread_create(&canceller, NULL, ask_all, &forest), 0);
    for (int i = 0; i < ROOTS; i++) {
        bide_value size = bide_u64(0);
        CHECK_EQUAL(bide_future_wait(forest.futures[i], BIDE_FOREVER), 0);
        CHECK_EQUAL(bide_future_result(forest.futures[i], &size), 0);
        CHECK_EQUAL(size.u64, size_of(forest.roots[i].seed, DEPTH));
    }
    atomic_store(&forest.ends, true);
    CHECK_EQUAL(pthread_join(canceller, NULL), 0);
    for (int i = 0; i < ROOTS; i++)
        bide_future_release(forest.futures[i]);
}

int main(int argc, char **argv)
{
    uint64_t seed = test_seed(argc, argv);
    unsigned long rounds = test_scale(300);
    for (unsigned workers = 1; workers <= 4; workers++) {
        bide_pool *pool;
        bide_pool_options options = {.workers = workers, .waiting = test_holds() ? BIDE_HOLD : BIDE_PARK};
        if (!CHECK_EQUAL(bide_pool_create(&pool, &options), 0))
            continue;
        for (unsigned long i = 0; i < rounds && !(i % 8 == 0 && check_failures()); i++)
            grow(pool, &seed);
        CHECK_EQUAL(bide_pool_destroy(pool), 0);
    }
    return check_failures() != 0;
}
