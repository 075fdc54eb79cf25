/* Fair: the pool's threads are there before, as with every other; a future is a mutex and a condition on the stack. */
#include "../glib.h"
#include "workload.h"

static void run(gpointer data, gpointer unused)
{
    (void)unused;
    future_settle(data, 0);
}

static void trip(void *pool)
{
    struct future future;
    future_init(&future);
    push(pool, &future);
    future_join(&future);
}

int main(int argc, char **argv)
{
    struct arguments arguments = parse(argc, argv, 20000);
    GThreadPool *pool = make_pool(run, arguments.workers);
    measure_trips(trip, pool, arguments.size);
    g_thread_pool_free(pool, FALSE, TRUE);
    return 0;
}
