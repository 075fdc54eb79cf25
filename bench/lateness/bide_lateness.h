#ifndef BENCH_LATENESS_BIDE_LATENESS_H
#define BENCH_LATENESS_BIDE_LATENESS_H

#include "../bide.h"
#include "workload.h"

typedef void start_sleeper(bide_pool *pool, struct sleeper *sleeper);

/* The first is due half a second after it was submitted, when all have been. */
static inline void measure(struct arguments arguments, start_sleeper *start_one)
{
    struct sleeper *sleepers = allocate(arguments.size, sizeof *sleepers);
    bide_time begin = bide_in(0.5);
    bide_pool *pool = make_pool(arguments.workers);
    for (size_t i = 0; i < arguments.size; i++) {
        sleepers[i].due = begin + (bide_time)(drand48() * lateness_seconds(arguments.size) * 1e9);
        start_one(pool, &sleepers[i]);
    }
    check(bide_pool_destroy(pool));
    report(sleepers, arguments.size);
    free(sleepers);
}

#endif
