/* Fair: any thread may push; one atomic counter, whose last step alone takes a mutex. */
#include "../glib.h"
#include "workload.h"

static struct countdown countdown;

static void count(gpointer data, gpointer unused)
{
    (void)unused;
    countdown_count(data);
}

static void submit(void *pool, size_t n)
{
    for (size_t i = 0; i < n; i++)
        push(pool, &countdown);
}

static double submit_and_wait(GThreadPool *pool, size_t each)
{
    int64_t start = clock_ns();
    countdown_init(&countdown, each * SUBMITTERS);
    submit_from_outside(submit, pool, each);
    future_join(&countdown.end);
    return seconds_since(start);
}

int main(int argc, char **argv)
{
    struct arguments arguments = parse(argc, argv, 1000000);
    size_t each = arguments.size / SUBMITTERS;
    GThreadPool *pool = make_pool(count, arguments.workers);
    submit_and_wait(pool, each > 10 ? each / 10 : 1);
    print("ns_per_task", submit_and_wait(pool, each) * 1e9 / (double)(each * SUBMITTERS));
    for (int i = 0; i < 8; i++)
        submit_and_wait(pool, each);
    print("tenth_ns_per_task", submit_and_wait(pool, each) * 1e9 / (double)(each * SUBMITTERS));
    g_thread_pool_free(pool, FALSE, TRUE);
    return 0;
}
