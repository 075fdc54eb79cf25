/* Submit and join. */
#include "../bide.h"
#include "workload.h"

static int empty(void *arg, bide_value *result)
{
    result->ptr = arg;
    return 0;
}

static void submit_and_join(void *pool)
{
    bide_future *future;
    bide_value value;
    check(bide_submit(pool, empty, pool, &future));
    check(bide_join(future, &value));
    expect(value.ptr == pool, "the result is the task's");
}

int main(int argc, char **argv)
{
    struct arguments arguments = parse(argc, argv, 20000);
    bide_pool *pool = make_pool(arguments.workers);
    measure_trips(submit_and_join, pool, arguments.size);
    return bide_pool_destroy(pool);
}
