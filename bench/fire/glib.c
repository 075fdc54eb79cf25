/* Fair: one atomic counter, whose last step alone takes a mutex. */
#include "../glib.h"

static void count(gpointer data, gpointer unused)
{
    (void)unused;
    countdown_count(data);
}

static double fire(GThreadPool *pool, size_t n)
{
    struct countdown countdown;
    int64_t start = clock_ns();
    countdown_init(&countdown, n);
    for (size_t i = 0; i < n; i++)
        push(pool, &countdown);
    future_join(&countdown.end);
    return seconds_since(start);
}

int main(int argc, char **argv)
{
    struct arguments arguments = parse(argc, argv, 1000000);
    GThreadPool *pool = make_pool(count, arguments.workers);
    fire(pool, arguments.size > 10 ? arguments.size / 10 : 1);
    print("ns_per_task", fire(pool, arguments.size) * 1e9 / (double)arguments.size);
    for (int i = 0; i < 8; i++)
        fire(pool, arguments.size);
    print("tenth_ns_per_task", fire(pool, arguments.size) * 1e9 / (double)arguments.size);
    g_thread_pool_free(pool, FALSE, TRUE);
    return 0;
}
