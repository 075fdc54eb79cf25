/* Fair: any thread may push; one atomic counter, whose last step alone takes a mutex. */
#include "../apr.h"
#include "workload.h"

static struct countdown countdown;

static void *count(apr_thread_t *thread, void *arg)
{
    (void)thread;
    countdown_count(arg);
    return NULL;
}

static void submit(void *pool, size_t n)
{
    for (size_t i = 0; i < n; i++)
        push(pool, count, &countdown);
}

static double submit_and_wait(apr_thread_pool_t *pool, size_t each)
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
    apr_thread_pool_t *pool = make_pool(arguments.workers);
    submit_and_wait(pool, each > 10 ? each / 10 : 1);
    print("ns_per_task", submit_and_wait(pool, each) * 1e9 / (double)(each * SUBMITTERS));
    return destroy_pool(pool);
}
