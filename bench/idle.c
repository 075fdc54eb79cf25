/* What a pool costs all of whose tasks wait, and how soon they end when they are asked to.
 *
 *     bench_idle stack|scheduled [N [SECONDS]]
 *
 * prints: kind n peak_mb cpu_ms switches cancel_ms. N tasks wait for an hour on 2 workers; for SECONDS the CPU time and the
 * context switches of the process are counted, of which one switch is this program's own sleep; then all are cancelled. */
#include "measure.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>

enum { HOUR = 3600 };

static atomic_size_t started;

static int sleep_on(void *arg, bide_value *result)
{
    result->ptr = arg;
    atomic_fetch_add(&started, 1);
    return bide_sleep(HOUR);
}

static int never(void *arg, bide_value *result)
{
    result->ptr = arg;
    return 0;
}

static void submit_stack(bide_completions *done, bide_pool *pool)
{
    check(bide_completions_submit(done, pool, sleep_on, NULL, NULL));
}

static void submit_scheduled(bide_completions *done, bide_pool *pool)
{
    bide_future *future;
    check(bide_submit_at(pool, bide_in(HOUR), never, NULL, &future));
    check(bide_completions_add(done, future, NULL));
    bide_future_release(future);
    atomic_fetch_add(&started, 1);
}

/* The last one to start may not be asleep yet, and workers look for work a moment before they sleep. */
static void settle(size_t n)
{
    while (atomic_load(&started) < n)
        check(bide_sleep(0.01));
    check(bide_sleep(0.2));
}

static long switches(struct rusage usage)
{
    return usage.ru_nvcsw + usage.ru_nivcsw;
}

static double cancel_all(bide_completions *done, size_t n)
{
    bide_future *future;
    bide_time start = bide_clock();
    check(bide_completions_cancel(done));
    for (size_t i = 0; i < n; i++) {
        check(bide_completions_next(done, BIDE_FOREVER, &future, NULL));
        check(bide_join(future, NULL) != ECANCELED);
    }
    return seconds_since(start);
}

static void measure(const char *kind, size_t n, double seconds)
{
    bide_pool *pool;
    bide_completions *done;
    check(bide_pool_create(&pool, &(bide_pool_options){.workers = 2}));
    check(bide_completions_create(&done));
    for (size_t i = 0; i < n; i++)
        (strcmp(kind, "stack") == 0 ? submit_stack : submit_scheduled)(done, pool);
    settle(n);
    struct rusage before = used();
    check(bide_sleep(seconds));
    struct rusage after = used();
    double cancelling = cancel_all(done, n);
    printf("%s %zu %.1f %.2f %ld %.1f\n", kind, n, peak_mb(after), (cpu_seconds(after) - cpu_seconds(before)) * 1e3,
           switches(after) - switches(before), cancelling * 1e3);
    bide_completions_destroy(done);
    bide_pool_destroy(pool);
}

int main(int argc, char **argv)
{
    if (argc < 2 || (strcmp(argv[1], "stack") != 0 && strcmp(argv[1], "scheduled") != 0)) {
        fputs("usage: bench_idle stack|scheduled [N [SECONDS]]\n", stderr);
        return 2;
    }
    measure(argv[1], argc > 2 ? strtoull(argv[2], NULL, 10) : 10000, argc > 3 ? strtod(argv[3], NULL) : 5);
    return 0;
}
