/* What the benchmarks have in common. */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <bide/bide.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

static inline void check(int error)
{
    if (error) {
        fprintf(stderr, "error %d\n", error);
        exit(1);
    }
}

static inline double seconds_since(bide_time start)
{
    return (double)(bide_clock() - start) / 1e9;
}

static inline struct rusage used(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage;
}

static inline double cpu_seconds(struct rusage usage)
{
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static inline double peak_mb(struct rusage usage)
{
    return (double)usage.ru_maxrss / 1024;
}

#endif
