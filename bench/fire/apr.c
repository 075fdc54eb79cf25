/* Fair: one atomic counter, whose last step alone takes a mutex. */
#include "../apr.h"

static void *count(apr_thread_t *thread, void *arg)
{
    (void)thread;
    countdown_count(arg);
    return NULL;
}

static double fire(apr_thread_pool_t *pool, size_t n)
{
    struct countdown countdown;
    int64_t start = clock_ns();
    countdown_init(&countdown, n);
    for (size_t i = 0; i < n; i++)
        push(pool, count, &countdown);
    future_join(&countdown.end);
    return seconds_since(start);
}

int main(int argc, char **argv)
{
    struct arguments arguments = parse(argc, argv, 1000000);
    apr_thread_pool_t *pool = make_pool(arguments.workers);
    fire(pool, arguments.size > 10 ? arguments.size / 10 : 1);
    print("ns_per_task", fire(pool, arguments.size) * 1e9 / (double)arguments.size);
    return destroy_pool(pool);
}
