#include "run/pool.h"

#include <bide/fork.h>

#include <errno.h>

#define PARTS_PER_WORKER 64 /* so that the last to end is late by no more than a hundredth */

struct loop {
    void (*body)(size_t begin, size_t end, void *ctx);
    void *ctx;
    size_t grain;
};

struct range {
    const struct loop *loop;
    size_t begin, end;
};

static void run_range(const struct loop *loop, size_t begin, size_t end);

static int run_part(void *arg, bide_value *result)
{
    const struct range *range = arg;
    (void)result;
    run_range(range->loop, range->begin, range->end);
    return 0;
}

/* Thieves find the greatest half first. */
static void run_range(const struct loop *loop, size_t begin, size_t end)
{
    if (end - begin <= loop->grain) {
        loop->body(begin, end, loop->ctx);
        return;
    }
    size_t middle = begin + (end - begin) / 2;
    struct range rest = {loop, middle, end};
    bide_child child;
    bide_fork(&child, run_part, &rest);
    run_range(loop, begin, middle);
    bide_fork_join(&child, NULL);
}

static size_t good_grain(const bide_pool *pool, size_t n)
{
    size_t parts = (size_t)pool->options.workers * PARTS_PER_WORKER;
    return n / parts + (n % parts != 0);
}

/* The join passes no request on, which might come before the task has started. */
static int run_elsewhere(bide_pool *pool, struct range *range, struct strand *self)
{
    bide_future *task;
    if (!strand_may_wait())
        return EDEADLK;
    int error = bide_submit(pool, run_part, range, &task);
    if (error)
        return error;
    self->shields++;
    error = bide_join(task, NULL);
    self->shields--;
    return error;
}

int bide_for(bide_pool *pool, size_t begin, size_t end, size_t grain, void (*body)(size_t begin, size_t end, void *ctx),
             void *ctx)
{
    if (!pool || !body || end < begin)
        return EINVAL;
    if (begin == end)
        return 0;
    struct loop loop = {body, ctx, grain ? grain : good_grain(pool, end - begin)};
    struct range range = {&loop, begin, end};
    struct strand *self = strand_current();
    if (self->runner != &pool->runner)
        return run_elsewhere(pool, &range, self);
    self->shields++;
    run_part(&range, NULL);
    self->shields--;
    return 0;
}
