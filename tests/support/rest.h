/* Proof that a worker sleeps, of what its pool knows: so who starts the next task is a fact, and so is that a task which was
 * alone on it waits. */
#ifndef SUPPORT_REST_H
#define SUPPORT_REST_H

#include "run/pool.h"

#include <sched.h>

static inline bool worker_rests(bide_pool *pool, unsigned index)
{
    monitor_lock(&pool->monitor);
    bool rests = link_is_listed(&pool->workers[index].idle.link);
    monitor_unlock(&pool->monitor);
    return rests;
}

static inline void await_rest_of(bide_pool *pool, unsigned index)
{
    while (!worker_rests(pool, index))
        sched_yield();
}

static inline void await_rest(bide_pool *pool)
{
    for (unsigned i = 0; i < pool->options.workers; i++)
        await_rest_of(pool, i);
}

#endif
