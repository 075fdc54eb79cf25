/* Fair: an exclusive pool keeps its threads, which wait for the next task. */
#include "../glib.h"
#include "workload.h"

static void count(gpointer data, gpointer unused)
{
    (void)unused;
    countdown_count(data);
}

int main(int argc, char **argv)
{
    struct arguments arguments = parse(argc, argv, 5);
    GThreadPool *pool = make_pool(count, arguments.workers);
    struct countdown countdown;
    countdown_init(&countdown, IDLE_TASKS);
    for (int i = 0; i < IDLE_TASKS; i++)
        push(pool, &countdown);
    future_join(&countdown.end);
    measure_idle(arguments.size);
    g_thread_pool_free(pool, FALSE, TRUE);
    return 0;
}
