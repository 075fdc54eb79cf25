/* Four threads outside the pool that submit at the same time. */
#ifndef BENCH_SUBMITTERS_WORKLOAD_H
#define BENCH_SUBMITTERS_WORKLOAD_H

#include "../measure.h"

#include <pthread.h>

enum { SUBMITTERS = 4 };

typedef void submit_fn(void *pool, size_t n);

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

/* Each submits n; returns when all have. */
static inline void submit_from_outside(submit_fn *submit, void *pool, size_t n)
{
    struct submitter submitters[SUBMITTERS];
    for (int i = 0; i < SUBMITTERS; i++) {
        submitters[i].submit = submit;
        submitters[i].pool = pool;
        submitters[i].n = n;
        expect(pthread_create(&submitters[i].thread, NULL, submit_share, &submitters[i]) == 0, "thread");
    }
    for (int i = 0; i < SUBMITTERS; i++)
        pthread_join(submitters[i].thread, NULL);
}

#endif
