/* Bytes per task queued while all workers are blocked, with its future or handle. */
#ifndef BENCH_QUEUED_WORKLOAD_H
#define BENCH_QUEUED_WORKLOAD_H

#include "../measure.h"

#include <semaphore.h>

/* Blocks threads, which not every pool's own means to wait do. */
struct gate {
    sem_t reached, open;
};

static inline void gate_init(struct gate *gate)
{
    sem_init(&gate->reached, 0, 0);
    sem_init(&gate->open, 0, 0);
}

static inline void gate_pass(struct gate *gate)
{
    sem_post(&gate->reached);
    sem_wait(&gate->open);
}

static inline void gate_await(struct gate *gate, unsigned workers)
{
    while (workers-- > 0)
        sem_wait(&gate->reached);
}

static inline void gate_open(struct gate *gate, unsigned workers)
{
    while (workers-- > 0)
        sem_post(&gate->open);
}

#endif
