/* Fair: the pool's threads are there before, as with every other. */
#include "../apr.h"
#include "workload.h"

static void *run(apr_thread_t *thread, void *arg)
{
    (void)thread;
    future_settle(arg, 0);
    return NULL;
}

static void trip(void *pool)
{
    struct future future = {0};
    push(pool, run, &future);
    future_join(&future);
}

int main(int argc, char **argv)
{
    struct arguments arguments = parse(argc, argv, 20000);
    apr_thread_pool_t *pool = make_pool(arguments.workers);
    measure_trips(trip, pool, arguments.size);
    return destroy_pool(pool);
}
