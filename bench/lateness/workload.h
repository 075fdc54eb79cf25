/* How late sleepers wake: SIZE of them, at random times, 2,000 a second. */
#ifndef BENCH_LATENESS_WORKLOAD_H
#define BENCH_LATENESS_WORKLOAD_H

#include "../measure.h"

struct sleeper {
    int64_t due, late;
};

static inline double lateness_seconds(size_t n)
{
    return (double)n / 2000;
}

static inline int by_lateness(const void *a, const void *b)
{
    int64_t left = ((const struct sleeper *)a)->late, right = ((const struct sleeper *)b)->late;
    return (left > right) - (left < right);
}

static inline double microseconds(const struct sleeper *sleeper)
{
    return (double)sleeper->late / 1e3;
}

static inline void report(struct sleeper sleepers[], size_t n)
{
    qsort(sleepers, n, sizeof *sleepers, by_lateness);
    expect(sleepers[0].late >= 0, "nobody wakes early");
    print("median_us", microseconds(&sleepers[n / 2]));
    print("p99_us", microseconds(&sleepers[n * 99 / 100]));
    print("worst_us", microseconds(&sleepers[n - 1]));
}

#endif
