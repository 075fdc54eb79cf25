/* What bide's own programs have in common. */
#ifndef BENCH_BIDE_H
#define BENCH_BIDE_H

#include "measure.h"

#include <bide/bide.h>

static inline void check(int error)
{
    if (error) {
        fprintf(stderr, "error %d\n", error);
        exit(1);
    }
}

static inline void *allocate(size_t n, size_t size)
{
    void *memory = calloc(n, size);
    expect(memory, "memory");
    return memory;
}

static inline bide_pool *make_pool(unsigned workers)
{
    bide_pool *pool;
    check(bide_pool_create(&pool, &(bide_pool_options){.workers = workers}));
    return pool;
}

/* The value of one task of the pool. */
static inline uint64_t run_task(bide_pool *pool, bide_task_fn *fn, void *arg)
{
    bide_future *future;
    bide_value value;
    check(bide_submit(pool, fn, arg, &future));
    check(bide_join(future, &value));
    return value.u64;
}

static inline double peak_mb(struct rusage usage)
{
    return (double)usage.ru_maxrss / 1024;
}

#endif
