/* What users of GThreadPool add to it: a future, and a counter to wait for. */
#ifndef BENCH_GLIB_H
#define BENCH_GLIB_H

#include "measure.h"

#include <glib.h>

struct future {
    GMutex mutex;
    GCond cond;
    gboolean done;
    size_t result;
};

static inline void future_init(struct future *future)
{
    g_mutex_init(&future->mutex);
    g_cond_init(&future->cond);
    future->done = FALSE;
}

static inline void future_settle(struct future *future, size_t result)
{
    g_mutex_lock(&future->mutex);
    future->result = result;
    future->done = TRUE;
    g_cond_signal(&future->cond);
    g_mutex_unlock(&future->mutex);
}

static inline size_t future_join(struct future *future)
{
    g_mutex_lock(&future->mutex);
    while (!future->done)
        g_cond_wait(&future->cond, &future->mutex);
    g_mutex_unlock(&future->mutex);
    g_mutex_clear(&future->mutex);
    g_cond_clear(&future->cond);
    return future->result;
}

struct countdown {
    gint left;
    struct future end;
};

static inline void countdown_init(struct countdown *countdown, size_t n)
{
    countdown->left = (gint)n;
    future_init(&countdown->end);
}

static inline void countdown_count(struct countdown *countdown)
{
    if (g_atomic_int_dec_and_test(&countdown->left))
        future_settle(&countdown->end, 0);
}

static inline GThreadPool *make_pool(GFunc run, unsigned workers)
{
    GThreadPool *pool = g_thread_pool_new(run, NULL, (gint)workers, TRUE, NULL);
    expect(pool, "pool");
    return pool;
}

static inline void push(GThreadPool *pool, gpointer task)
{
    expect(g_thread_pool_push(pool, task, NULL), "task");
}

#endif
