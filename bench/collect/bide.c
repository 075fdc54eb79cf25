/* Submit from a plain thread, keep every future, then wait for each and read its result. */
#include "../bide.h"

static int give_index(void *arg, bide_value *result)
{
    result->u64 = (uintptr_t)arg;
    return 0;
}

static double collect(bide_pool *pool, bide_future *futures[], size_t n)
{
    bide_value value;
    int64_t start = clock_ns();
    for (uintptr_t i = 0; i < n; i++)
        check(bide_submit(pool, give_index, (void *)i, &futures[i]));
    for (size_t i = 0; i < n; i++) {
        check(bide_join(futures[i], &value));
        expect(value.u64 == i, "a result is its task's");
    }
    return seconds_since(start);
}

int main(int argc, char **argv)
{
    struct arguments arguments = parse(argc, argv, 1000000);
    bide_future **futures = allocate(arguments.size, sizeof(bide_future *));
    bide_pool *pool = make_pool(arguments.workers);
    collect(pool, futures, arguments.size / 10);
    print("ns_per_task", collect(pool, futures, arguments.size) / (double)arguments.size * 1e9);
    for (int i = 0; i < 8; i++)
        collect(pool, futures, arguments.size);
    print("tenth_ns_per_task", collect(pool, futures, arguments.size) / (double)arguments.size * 1e9);
    free(futures);
    return bide_pool_destroy(pool);
}
