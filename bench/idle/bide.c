/* Drained, all workers asleep. */
#include "../bide.h"
#include "workload.h"

static int empty(void *arg, bide_value *result)
{
    result->ptr = arg;
    return 0;
}

int main(int argc, char **argv)
{
    struct arguments arguments = parse(argc, argv, 5);
    bide_pool *pool = make_pool(arguments.workers);
    for (int i = 0; i < IDLE_TASKS; i++)
        check(bide_submit(pool, empty, NULL, NULL));
    check(bide_pool_drain(pool, BIDE_FOREVER));
    measure_idle(arguments.size);
    return bide_pool_destroy(pool);
}
