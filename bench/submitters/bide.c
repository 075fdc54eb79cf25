/* Without futures; then drain. */
#include "../bide.h"
#include "workload.h"

#include <stdatomic.h>

static atomic_size_t ran;

static int count(void *arg, bide_value *result)
{
    result->ptr = arg;
    atomic_fetch_add(&ran, 1);
    return 0;
}

static void submit(void *pool, size_t n)
{
    for (size_t i = 0; i < n; i++)
        check(bide_submit(pool, count, NULL, NULL));
}

static void await(void *pool, size_t n)
{
    check(bide_pool_drain(pool, BIDE_FOREVER));
    expect(atomic_exchange(&ran, 0) == n, "each task has run");
}

int main(int argc, char **argv)
{
    struct arguments arguments = parse(argc, argv, 1000000);
    bide_pool *pool = make_pool(arguments.workers);
    measure_submitters(submit, await, pool, arguments.size);
    return bide_pool_destroy(pool);
}
