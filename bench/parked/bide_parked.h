/* What a pool costs all of whose SIZE tasks wait for an hour, and how soon they end when they are asked to. For two seconds
 * the CPU time and the context switches of the process are counted, of which one switch is the watcher's own sleep. */
#ifndef BENCH_PARKED_BIDE_PARKED_H
#define BENCH_PARKED_BIDE_PARKED_H

#include "../bide.h"

#include <errno.h>
#include <stdatomic.h>

enum { HOUR = 3600, WATCHED = 2 };

static atomic_size_t started;

typedef void park(bide_completions *done, bide_pool *pool);

/* The last one to start may not be asleep yet, and workers look for work a moment before they sleep. */
static inline void settle(size_t n)
{
    while (atomic_load(&started) < n)
        check(bide_sleep(0.01));
    check(bide_sleep(0.2));
}

static inline double cancel_all(bide_completions *done, size_t n)
{
    bide_future *future;
    int64_t start = clock_ns();
    check(bide_completions_cancel(done));
    for (size_t i = 0; i < n; i++) {
        check(bide_completions_next(done, BIDE_FOREVER, &future, NULL));
        expect(bide_join(future, NULL) == ECANCELED, "a parked task is cancelled");
    }
    return seconds_since(start);
}

static inline void measure(struct arguments arguments, park *park_one)
{
    bide_completions *done;
    bide_pool *pool = make_pool(arguments.workers);
    check(bide_completions_create(&done));
    for (size_t i = 0; i < arguments.size; i++)
        park_one(done, pool);
    settle(arguments.size);
    struct rusage before = used();
    check(bide_sleep(WATCHED));
    struct rusage after = used();
    double cancelling = cancel_all(done, arguments.size);
    print("peak_mb", peak_mb(after));
    print("cpu_ms", (cpu_seconds(after) - cpu_seconds(before)) * 1e3);
    print("switches", (double)(switches(after) - switches(before)));
    print("cancel_ms", cancelling * 1e3);
    bide_completions_destroy(done);
    bide_pool_destroy(pool);
}

#endif
