/* How late sleepers wake: the median, the 99th percentile and the worst, in microseconds.
 *
 *     bench_lateness [N [SECONDS]]
 *
 * prints: kind n median_us p99_us worst_us. `stack` and `scheduled`: N tasks on 2 workers that wake at random times
 * within SECONDS, which begin half a second after the first is submitted. `thread`: what the system itself does: one
 * thread that sleeps N random times in a row, in as many seconds, with the timer slack that threads have by default and
 * with the least. (The workers of bide have the least.) */
#include "measure.h"

#include <sys/prctl.h>
#include <time.h>

struct sleeper {
    bide_time due, late;
};

static bide_time nanoseconds(double seconds)
{
    return (bide_time)(seconds * 1e9);
}

static int wake(void *arg, bide_value *result)
{
    struct sleeper *sleeper = arg;
    sleeper->late = bide_clock() - sleeper->due;
    result->i64 = sleeper->late;
    return 0;
}

static int sleep_on(void *arg, bide_value *result)
{
    int error = bide_sleep_until(((struct sleeper *)arg)->due);
    return error ? error : wake(arg, result);
}

static void run_stack(bide_pool *pool, struct sleeper *sleeper)
{
    check(bide_submit(pool, sleep_on, sleeper, NULL));
}

static void run_scheduled(bide_pool *pool, struct sleeper *sleeper)
{
    check(bide_submit_at(pool, sleeper->due, wake, sleeper, NULL));
}

typedef void run_sleeper(bide_pool *pool, struct sleeper *sleeper);

static void sleep_in_tasks(run_sleeper *run, struct sleeper sleepers[], size_t n, double seconds)
{
    bide_pool *pool;
    bide_time begin = bide_in(0.5);
    check(bide_pool_create(&pool, &(bide_pool_options){.workers = 2}));
    for (size_t i = 0; i < n; i++) {
        sleepers[i].due = begin + nanoseconds(drand48() * seconds);
        run(pool, &sleepers[i]);
    }
    check(bide_pool_destroy(pool));
}

static void sleep_in_turn(struct sleeper sleepers[], size_t n, double seconds)
{
    for (size_t i = 0; i < n; i++) {
        bide_time due = bide_clock() + nanoseconds(drand48() * 2 * seconds / (double)n);
        struct timespec until = {due / 1000000000, due % 1000000000};
        check(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL));
        sleepers[i].late = bide_clock() - due;
    }
}

static int by_lateness(const void *a, const void *b)
{
    bide_time left = ((const struct sleeper *)a)->late, right = ((const struct sleeper *)b)->late;
    return (left > right) - (left < right);
}

static double microseconds(const struct sleeper *sleeper)
{
    return (double)sleeper->late / 1e3;
}

static void report(const char *kind, struct sleeper sleepers[], size_t n)
{
    qsort(sleepers, n, sizeof *sleepers, by_lateness);
    check(sleepers[0].late < 0);
    printf("%s %zu %.1f %.1f %.1f\n", kind, n, microseconds(&sleepers[n / 2]), microseconds(&sleepers[n * 99 / 100]),
           microseconds(&sleepers[n - 1]));
}

static void measure_tasks(const char *kind, run_sleeper *run, struct sleeper sleepers[], size_t n, double seconds)
{
    sleep_in_tasks(run, sleepers, n, seconds);
    report(kind, sleepers, n);
}

static void measure_thread(const char *kind, unsigned long slack, struct sleeper sleepers[], size_t n, double seconds)
{
    check(prctl(PR_SET_TIMERSLACK, slack));
    sleep_in_turn(sleepers, n, seconds);
    report(kind, sleepers, n);
}

int main(int argc, char **argv)
{
    size_t n = argc > 1 ? strtoull(argv[1], NULL, 10) : 10000;
    double seconds = argc > 2 ? strtod(argv[2], NULL) : 5;
    if (n == 0) {
        fputs("usage: bench_lateness [N, at least 1 [SECONDS]]\n", stderr);
        return 2;
    }
    struct sleeper *sleepers = calloc(n, sizeof *sleepers);
    check(!sleepers);
    measure_tasks("stack", run_stack, sleepers, n, seconds);
    measure_tasks("scheduled", run_scheduled, sleepers, n, seconds);
    measure_thread("thread", 0, sleepers, n, seconds);
    measure_thread("thread-least-slack", 1, sleepers, n, seconds);
    free(sleepers);
    return 0;
}
