/* fib(n) by its definition, without a cut-off: every call with n >= 2 spawns one child, calls the other and joins. */
#ifndef BENCH_FIB_WORKLOAD_H
#define BENCH_FIB_WORKLOAD_H

#include "../measure.h"

typedef uint64_t fib_fn(void *pool, unsigned n);

static inline uint64_t fib_number(unsigned n)
{
    uint64_t number = 0, next = 1;
    while (n--) {
        uint64_t sum = number + next;
        number = next;
        next = sum;
    }
    return number;
}

static inline double fib_spawns(unsigned n)
{
    return (double)fib_number(n + 1) - 1;
}

/* Seconds that fib(n) takes. That of n - 5, which is a tenth, goes before. */
static inline double measure_fib(fib_fn *fib, void *pool, unsigned n)
{
    unsigned tenth = n > 5 ? n - 5 : 1;
    expect(fib(pool, tenth) == fib_number(tenth), "fib when warming up");
    int64_t start = clock_ns();
    uint64_t number = fib(pool, n);
    double seconds = seconds_since(start);
    expect(number == fib_number(n), "fib");
    return seconds;
}

#endif
