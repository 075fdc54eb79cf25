/* Layers: what waits for n futures need not know how one is made. wait_for_all() is written once, over a function that
 * gives a future; bide_task_wait_random() is such a function, and so is task_wait_twice() below. */
#include "cli.h"

#include <bide/bide.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

typedef int task_factory(bide_pool *pool, double max_delay, bide_future **future);

static int wait_twice(void *arg, bide_value *result)
{
    const double *max_delay = arg;
    double first = 0, second = 0;
    int error = bide_wait_random(*max_delay / 2, &first);
    if (!error)
        error = bide_wait_random(*max_delay / 2, &second);
    *result = bide_f64(first + second);
    return error;
}

/* The argument must live until the task has ended, so it is on the heap, and the future frees it. */
static int task_wait_twice(bide_pool *pool, double max_delay, bide_future **future)
{
    double *arg = malloc(sizeof *arg);
    if (!arg)
        return ENOMEM;
    *arg = max_delay;
    int error = bide_submit(pool, wait_twice, arg, future);
    if (error)
        free(arg);
    else
        bide_future_own(*future, free);
    return error;
}

static int list_one(bide_completions *done, bide_pool *pool, task_factory *make, double max_delay)
{
    bide_future *future;
    int error = make(pool, max_delay, &future);
    if (error)
        return error;
    error = bide_completions_add(done, future, NULL);
    if (error)
        bide_future_cancel(future);
    bide_future_release(future);
    return error;
}

static int wait_for_all(bide_pool *pool, task_factory *make, size_t n, double max_delay)
{
    bide_completions *done;
    bide_future *future;
    bide_value delay;
    int error = bide_completions_create(&done);
    if (error)
        return error;
    for (size_t i = 0; i < n && !error; i++)
        error = list_one(done, pool, make, max_delay);
    if (error)
        bide_completions_cancel(done);
    while (bide_completions_next(done, BIDE_FOREVER, &future, NULL) == 0) {
        int ended = bide_join(future, &delay);
        if (ended == 0)
            printf(" %.3f", delay.f64);
        else if (error == 0)
            error = ended;
    }
    printf("\n");
    bide_completions_destroy(done);
    return error;
}

static int run_both(bide_pool *pool, size_t n, double max_delay)
{
    printf("once: ");
    int error = wait_for_all(pool, bide_task_wait_random, n, max_delay);
    if (error)
        return error;
    printf("twice:");
    return wait_for_all(pool, task_wait_twice, n, max_delay);
}

int main(int argc, char *argv[])
{
    unsigned n = 0, workers = 0;
    double max_delay = 0;
    const struct cli_arg args[] = {
        {.form = "--workers W", .count = &workers, .least = 1},
        {.form = "--seed S", .seed = bide_random_seed},
        {.form = "N", .count = &n},
        {.form = "MAX_DELAY", .seconds = &max_delay},
        {0},
    };
    cli_read(argc, argv, "Wait for N tasks of one kind, then for N of another, by the same function.", args);

    bide_pool *pool;
    bide_pool_options options = {.workers = workers};
    int error = bide_pool_create(&pool, &options);
    if (error)
        return cli_end(error);
    error = run_both(pool, n, max_delay);
    bide_pool_destroy(pool);
    return cli_end(error);
}
