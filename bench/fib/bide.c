/* A task forks one of the two calls, makes the other and joins. */
#include "../bide.h"
#include "workload.h"

static int fib(void *arg, bide_value *result)
{
    uintptr_t n = (uintptr_t)arg;
    bide_child child;
    bide_value forked, called;
    if (n < 2) {
        result->u64 = n;
        return 0;
    }
    bide_fork(&child, fib, (void *)(n - 1));
    check(fib((void *)(n - 2), &called));
    check(bide_fork_join(&child, &forked));
    result->u64 = forked.u64 + called.u64;
    return 0;
}

static uint64_t fib_in_pool(void *pool, unsigned n)
{
    return run_task(pool, fib, (void *)(uintptr_t)n);
}

int main(int argc, char **argv)
{
    struct arguments arguments = parse(argc, argv, 39);
    unsigned n = (unsigned)arguments.size;
    bide_pool *pool = make_pool(arguments.workers);
    double seconds = measure_fib(fib_in_pool, pool, n);
    print("ns_per_spawn", seconds * 1e9 / fib_spawns(n));
    print("ms", seconds * 1e3);
    return bide_pool_destroy(pool);
}
