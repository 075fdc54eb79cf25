/* Tasks with a future each. */
#include "../bide.h"
#include "workload.h"

static struct gate gate;

static int block(void *arg, bide_value *result)
{
    result->ptr = arg;
    gate_pass(&gate);
    return 0;
}

static int give_index(void *arg, bide_value *result)
{
    result->u64 = (uintptr_t)arg;
    return 0;
}

static void collect(bide_future *futures[], size_t n)
{
    bide_value value;
    for (size_t i = 0; i < n; i++) {
        check(bide_join(futures[i], &value));
        expect(value.u64 == i, "a result is its task's");
    }
}

int main(int argc, char **argv)
{
    struct arguments arguments = parse(argc, argv, 1000000);
    bide_future **futures = allocate(arguments.size, sizeof(bide_future *));
    gate_init(&gate);
    bide_pool *pool = make_pool(arguments.workers);
    for (unsigned i = 0; i < arguments.workers; i++)
        check(bide_submit(pool, block, NULL, NULL));
    gate_await(&gate, arguments.workers);
    double before = resident_bytes();
    for (uintptr_t i = 0; i < arguments.size; i++)
        check(bide_submit(pool, give_index, (void *)i, &futures[i]));
    print("bytes_per_task", (resident_bytes() - before) / (double)arguments.size);
    gate_open(&gate, arguments.workers);
    collect(futures, arguments.size);
    free(futures);
    return bide_pool_destroy(pool);
}
