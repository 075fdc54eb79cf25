/* A loop over doubles in place, whose work per element is even, or grows along the range. */
#ifndef BENCH_LOOP_WORKLOAD_H
#define BENCH_LOOP_WORKLOAD_H

#include "../measure.h"

#include <math.h>
#include <string.h>

typedef void loop_fn(void *pool, double *data, size_t n);

static inline double rounds_of(double x, size_t rounds)
{
    while (rounds--)
        x = sqrt(x * x + 1);
    return x;
}

static inline double even_element(double x)
{
    return rounds_of(x, 8);
}

static inline double growing_element(double x, size_t i, size_t n)
{
    return rounds_of(x, 1 + 15 * i / n);
}

static inline void serial_even(void *pool, double *data, size_t n)
{
    (void)pool;
    for (size_t i = 0; i < n; i++)
        data[i] = even_element(data[i]);
}

static inline void serial_growing(void *pool, double *data, size_t n)
{
    (void)pool;
    for (size_t i = 0; i < n; i++)
        data[i] = growing_element(data[i], i, n);
}

static inline double time_loop(loop_fn *loop, void *pool, double *data, size_t n)
{
    for (size_t i = 0; i < n; i++)
        data[i] = (double)i;
    int64_t start = clock_ns();
    loop(pool, data, n);
    return seconds_since(start);
}

/* The loop's time over the serial loop's, and itself: programs of one compiler have the same serial loop. */
static inline void compare_loops(const char *ratio, const char *ms, loop_fn *loop, loop_fn *serial, void *pool,
                                 size_t n)
{
    double *data = (double *)malloc(2 * n * sizeof *data);
    expect(data != NULL, "memory");
    double *serial_data = data + n;
    time_loop(loop, pool, data, n > 10 ? n / 10 : n);
    double serial_seconds = time_loop(serial, pool, serial_data, n);
    double seconds = time_loop(loop, pool, data, n);
    expect(memcmp(data, serial_data, n * sizeof *data) == 0, "result of the loop");
    free(data);
    print(ratio, seconds / serial_seconds);
    print(ms, seconds * 1e3);
}

static inline void measure_loops(loop_fn *even, loop_fn *growing, void *pool, size_t n)
{
    compare_loops("even_over_serial", "even_ms", even, serial_even, pool, n);
    compare_loops("growing_over_serial", "growing_ms", growing, serial_growing, pool, n);
}

#endif
