/* Fair: the pool keeps the threads that it began with, which wait for the next task. */
#include "../apr.h"
#include "workload.h"

static void *count(apr_thread_t *thread, void *arg)
{
    (void)thread;
    countdown_count(arg);
    return NULL;
}

int main(int argc, char **argv)
{
    struct arguments arguments = parse(argc, argv, 5);
    apr_thread_pool_t *pool = make_pool(arguments.workers);
    struct countdown countdown;
    countdown_init(&countdown, IDLE_TASKS);
    for (int i = 0; i < IDLE_TASKS; i++)
        push(pool, count, &countdown);
    future_join(&countdown.end);
    measure_idle(arguments.size);
    return destroy_pool(pool);
}
