/* An empty task submitted from outside and waited for, again and again: back to back, and with pauses between. */
#ifndef BENCH_ROUND_TRIP_WORKLOAD_H
#define BENCH_ROUND_TRIP_WORKLOAD_H

#include "../measure.h"

/* Submits one empty task and waits for it. */
typedef void trip_fn(void *pool);

static inline void make_trips(trip_fn *trip, void *pool, size_t n, double pause, double *us)
{
    for (size_t i = 0; i < n; i++) {
        if (pause > 0)
            rest(pause);
        int64_t start = clock_ns();
        trip(pool);
        us[i] = seconds_since(start) * 1e6;
    }
}

static inline void measure_trips(trip_fn *trip, void *pool, size_t n)
{
    size_t paused = n > 20 ? n / 20 : 1;
    double *us = (double *)malloc(n * sizeof *us);
    expect(us != NULL, "memory");
    make_trips(trip, pool, n / 10, 0, us);
    make_trips(trip, pool, n, 0, us);
    print("back_to_back_us", percentile(us, n, 50));
    print("back_to_back_p99_us", percentile(us, n, 99));
    double cpu = cpu_seconds(used());
    make_trips(trip, pool, paused, 200e-6, us);
    cpu = cpu_seconds(used()) - cpu;
    print("paused_us", percentile(us, paused, 50));
    print("paused_p99_us", percentile(us, paused, 99));
    print("paused_cpu_us", cpu * 1e6 / (double)paused);
    free(us);
}

#endif
