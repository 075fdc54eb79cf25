/* The same as bide_sleepers.h by one call, that gives the delays in the order of their ends. */
#ifndef BENCH_SLEEPERS_BIDE_WAITS_H
#define BENCH_SLEEPERS_BIDE_WAITS_H

#include "../bide.h"

typedef int wait_many(bide_pool *, size_t, double, double *);

/* Returns the inversions of the delays. */
static inline size_t measure(struct arguments arguments, wait_many *wait)
{
    double longest = 0, *delays = allocate(arguments.size, sizeof *delays);
    size_t inversions = 0;
    bide_pool *pool = make_pool(arguments.workers);
    int64_t start = clock_ns();
    check(wait(pool, arguments.size, 1.0, delays));
    double seconds = seconds_since(start);
    for (size_t i = 0; i < arguments.size; i++) {
        longest = delays[i] > longest ? delays[i] : longest;
        inversions += i && delays[i] < delays[i - 1];
    }
    print("over_ms", (seconds - longest) * 1e3);
    print("cpu_s", cpu_seconds(used()));
    print("peak_mb", peak_mb(used()));
    print("delay_inversions", (double)inversions);
    bide_pool_destroy(pool);
    free(delays);
    return inversions;
}

#endif
