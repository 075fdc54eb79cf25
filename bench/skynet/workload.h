/* A tree of tasks, ten below each: a leaf returns its ordinal, a node the sum of its children. */
#ifndef BENCH_SKYNET_WORKLOAD_H
#define BENCH_SKYNET_WORKLOAD_H

#include "../measure.h"

enum { SKYNET_CHILDREN = 10 };

/* The sum of `leaves` leaves, a power of ten, from the first on. */
typedef uint64_t skynet_fn(void *pool, uint64_t first, uint64_t leaves);

static inline double time_skynet(skynet_fn *skynet, void *pool, uint64_t leaves)
{
    int64_t start = clock_ns();
    uint64_t sum = skynet(pool, 0, leaves);
    double seconds = seconds_since(start);
    expect(sum == leaves * (leaves - 1) / 2, "sum of the leaves");
    return seconds;
}

static inline void measure_skynet(skynet_fn *skynet, void *pool, size_t depth)
{
    uint64_t leaves = 1;
    for (size_t i = 0; i < depth; i++)
        leaves *= SKYNET_CHILDREN;
    time_skynet(skynet, pool, leaves / SKYNET_CHILDREN);
    double seconds = time_skynet(skynet, pool, leaves);
    print("ms", seconds * 1e3);
    print("ns_per_spawn", seconds * 1e9 / (double)(leaves - 1));
}

#endif
