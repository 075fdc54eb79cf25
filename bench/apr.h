/* What users of apr_thread_pool add to it: futures, and a counter to wait for. A mutex and a condition of APR are too large for
 * each future to have its own: all share one of each, and only what the main thread waits for is signalled. */
#ifndef BENCH_APR_H
#define BENCH_APR_H

#include "measure.h"

#include <apr_atomic.h>
#include <apr_general.h>
#include <apr_thread_cond.h>
#include <apr_thread_mutex.h>
#include <apr_thread_pool.h>

struct future {
    bool done;
    size_t result;
};

static apr_pool_t *memory;
static apr_thread_mutex_t *mutex;
static apr_thread_cond_t *ended;
static struct future *awaited;

static inline void check(apr_status_t status)
{
    expect(status == APR_SUCCESS, "status");
}

static inline void future_settle(struct future *future, size_t result)
{
    apr_thread_mutex_lock(mutex);
    future->result = result;
    future->done = true;
    if (future == awaited)
        apr_thread_cond_signal(ended);
    apr_thread_mutex_unlock(mutex);
}

static inline size_t future_join(struct future *future)
{
    apr_thread_mutex_lock(mutex);
    awaited = future;
    while (!future->done)
        apr_thread_cond_wait(ended, mutex);
    apr_thread_mutex_unlock(mutex);
    return future->result;
}

struct countdown {
    apr_uint32_t left;
    struct future end;
};

static inline void countdown_init(struct countdown *countdown, size_t n)
{
    *countdown = (struct countdown){.left = (apr_uint32_t)n};
}

static inline void countdown_count(struct countdown *countdown)
{
    if (apr_atomic_dec32(&countdown->left) == 0)
        future_settle(&countdown->end, 0);
}

static inline apr_thread_pool_t *make_pool(unsigned workers)
{
    apr_thread_pool_t *pool;
    check(apr_initialize());
    check(apr_pool_create(&memory, NULL));
    check(apr_thread_mutex_create(&mutex, APR_THREAD_MUTEX_DEFAULT, memory));
    check(apr_thread_cond_create(&ended, memory));
    check(apr_thread_pool_create(&pool, workers, workers, memory));
    return pool;
}

static inline void push(apr_thread_pool_t *pool, apr_thread_start_t run, void *task)
{
    check(apr_thread_pool_push(pool, run, task, APR_THREAD_TASK_PRIORITY_NORMAL, NULL));
}

static inline int destroy_pool(apr_thread_pool_t *pool)
{
    check(apr_thread_pool_destroy(pool));
    apr_terminate();
    return 0;
}

#endif
