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

static double submit_and_drain(bide_pool *pool, size_t each)
{
    int64_t start = clock_ns();
    atomic_store(&ran, 0);
    submit_from_outside(submit, pool, each);
    check(bide_pool_drain(pool, BIDE_FOREVER));
    expect(atomic_load(&ran) == each * SUBMITTERS, "number of tasks that ran");
    return seconds_since(start);
}

int main(int argc, char **argv)
{
    struct arguments arguments = parse(argc, argv, 1000000);
    size_t each = arguments.size / SUBMITTERS;
    bide_pool *pool = make_pool(arguments.workers);
    submit_and_drain(pool, each / 10);
    print("ns_per_task", submit_and_drain(pool, each) * 1e9 / (double)(each * SUBMITTERS));
    for (int i = 0; i < 8; i++)
        submit_and_drain(pool, each);
    print("tenth_ns_per_task", submit_and_drain(pool, each) * 1e9 / (double)(each * SUBMITTERS));
    return bide_pool_destroy(pool);
}
