/* Submit from a plain thread without futures, then drain. */
#include "../bide.h"

#include <stdatomic.h>

static atomic_size_t ran;

static int count(void *arg, bide_value *result)
{
    result->ptr = arg;
    atomic_fetch_add(&ran, 1);
    return 0;
}

static double fire(bide_pool *pool, size_t n)
{
    int64_t start = clock_ns();
    atomic_store(&ran, 0);
    for (size_t i = 0; i < n; i++)
        check(bide_submit(pool, count, NULL, NULL));
    check(bide_pool_drain(pool, BIDE_FOREVER));
    expect(atomic_load(&ran) == n, "each task has run");
    return seconds_since(start);
}

int main(int argc, char **argv)
{
    struct arguments arguments = parse(argc, argv, 1000000);
    bide_pool *pool = make_pool(arguments.workers);
    fire(pool, arguments.size / 10);
    print("ns_per_task", fire(pool, arguments.size) / (double)arguments.size * 1e9);
    for (int i = 0; i < 8; i++)
        fire(pool, arguments.size);
    print("tenth_ns_per_task", fire(pool, arguments.size) / (double)arguments.size * 1e9);
    return bide_pool_destroy(pool);
}
