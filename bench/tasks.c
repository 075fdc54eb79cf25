/* What a task costs, seen from a plain thread outside the pool.
 *
 *   collect     submit empty tasks and read each one's result from its own future
 *   fire        submit empty tasks that nobody asks after, and drain
 *   round trip  submit one empty task and wait for it, again and again
 *
 * Absolute figures say as much about the machine as about bide: compare runs of one hour on one machine. */
#include "measure.h"

static int empty(void *arg, bide_value *result)
{
    result->ptr = arg;
    return 0;
}

static double collect(bide_pool *pool, size_t n)
{
    bide_future **futures = malloc(n * sizeof(bide_future *));
    bide_value value;
    bide_time start = bide_clock();
    for (size_t i = 0; i < n; i++)
        check(bide_submit(pool, empty, &futures[i], &futures[i]));
    for (size_t i = 0; i < n; i++) {
        check(bide_join(futures[i], &value));
        if (value.ptr != &futures[i])
            check(-1);
    }
    double seconds = seconds_since(start);
    free(futures);
    return seconds;
}

static double fire(bide_pool *pool, size_t n)
{
    bide_time start = bide_clock();
    for (size_t i = 0; i < n; i++)
        check(bide_submit(pool, empty, NULL, NULL));
    check(bide_pool_drain(pool, BIDE_FOREVER));
    return seconds_since(start);
}

static double round_trip(bide_pool *pool, size_t n)
{
    bide_time start = bide_clock();
    for (size_t i = 0; i < n; i++) {
        bide_future *future;
        check(bide_submit(pool, empty, NULL, &future));
        check(bide_join(future, NULL));
    }
    return seconds_since(start);
}

static int ascending(const void *a, const void *b)
{
    double difference = *(const double *)a - *(const double *)b;
    return (difference > 0) - (difference < 0);
}

static void measure(const char *name, double (*workload)(bide_pool *, size_t), bide_pool *pool, size_t n)
{
    enum { ROUNDS = 5 };
    double seconds[ROUNDS];
    for (int i = 0; i < ROUNDS; i++)
        seconds[i] = workload(pool, n);
    qsort(seconds, ROUNDS, sizeof *seconds, ascending);
    double median = seconds[ROUNDS / 2];
    printf("%-12s %9zu %10.3f %12.0f\n", name, n, median, median / (double)n * 1e9);
}

int main(int argc, char **argv)
{
    long tasks = argc > 1 ? strtol(argv[1], NULL, 10) : 1000000;
    if (tasks < 100) {
        fputs("usage: bench_tasks [TASKS, at least 100]\n", stderr);
        return 2;
    }
    bide_pool *pool;
    check(bide_pool_create(&pool, &(bide_pool_options){.workers = 2}));
    printf("%-12s %9s %10s %12s\n", "2 workers", "tasks", "seconds", "ns per task");
    measure("collect", collect, pool, (size_t)tasks);
    measure("fire", fire, pool, (size_t)tasks);
    measure("round trip", round_trip, pool, (size_t)tasks / 10);
    return bide_pool_destroy(pool);
}
