/* What the programs with libuv share. */
#ifndef BENCH_LIBUV_H
#define BENCH_LIBUV_H

#include "measure.h"

#include <uv.h>

/* Before the first request: the threads of the process's one pool are started with that. */
static inline void set_workers(unsigned workers)
{
    char number[16];
    snprintf(number, sizeof number, "%u", workers);
    setenv("UV_THREADPOOL_SIZE", number, 1);
}

static inline void queue_work(uv_loop_t *loop, uv_work_t *request, uv_work_cb work, uv_after_work_cb after)
{
    expect(uv_queue_work(loop, request, work, after) == 0, "request");
}

#endif
