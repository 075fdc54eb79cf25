/* Four threads outside the pool that submit at the same time. */
#ifndef BENCH_SUBMITTERS_WORKLOAD_H
#define BENCH_SUBMITTERS_WORKLOAD_H

#include "../measure.h"

#include <pthread.h>

enum { SUBMITTERS = 4 };

typedef void submit_fn(void *pool, size_t n);

/* Waits until n tasks have run, all of which have been submitted. */
typedef void await_fn(void *pool, size_t n);

struct submitter {
    pthread_t thread;
    submit_fn *submit;
    void *pool;
    size_t n;
};

static inline void *submit_share(void *arg)
{
    struct submitter *submitter = (struct submitter *)arg;
    submitter->submit(submitter->pool, submitter->n);
    return NULL;
}

static inline double time_submitters(submit_fn *submit, await_fn *await, void *pool, size_t each)
{
    struct submitter submitters[SUBMITTERS];
    int64_t start = clock_ns();
    for (int i = 0; i < SUBMITTERS; i++) {
        submitters[i].submit = submit;
        submitters[i].pool = pool;
        submitters[i].n = each;
        expect(pthread_create(&submitters[i].thread, NULL, submit_share, &submitters[i]) == 0, "thread");
    }
    for (int i = 0; i < SUBMITTERS; i++)
        pthread_join(submitters[i].thread, NULL);
    await(pool, each * SUBMITTERS);
    return seconds_since(start);
}

static inline void measure_submitters(submit_fn *submit, await_fn *await, void *pool, size_t n)
{
    time_submitters(submit, await, pool, n / 10 / SUBMITTERS);
    print("ns_per_task", time_submitters(submit, await, pool, n / SUBMITTERS) * 1e9 / (double)n);
}

#endif
