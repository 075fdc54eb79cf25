/* A task submits one of the two calls, makes the other and joins. */
#include "../bide.h"
#include "../fib/workload.h"

static int fib(void *arg, bide_value *result)
{
    uintptr_t n = (uintptr_t)arg;
    bide_future *future;
    bide_value submitted, called;
    if (n < 2) {
        result->u64 = n;
        return 0;
    }
    check(bide_submit(bide_current_pool(), fib, (void *)(n - 1), &future));
    check(fib((void *)(n - 2), &called));
    check(bide_join(future, &submitted));
    result->u64 = submitted.u64 + called.u64;
    return 0;
}

static uint64_t fib_in_pool(void *pool, unsigned n)
{
    return run_task(pool, fib, (void *)(uintptr_t)n);
}

int main(int argc, char **argv)
{
    struct arguments arguments = parse(argc, argv, 30);
    unsigned n = (unsigned)arguments.size;
    bide_pool *pool = make_pool(arguments.workers);
    print("ns_per_spawn", measure_fib(fib_in_pool, pool, n) * 1e9 / fib_spawns(n));
    return bide_pool_destroy(pool);
}
