/* The parts by name: a fixed pool of workers, task objects that call nanosleep() themselves, a future for each, and a
 * queue that hands the futures out in the order in which they were resolved.
 *
 * A task may call anything that blocks its thread. Only what waits in bide is woken by a request to stop. */
#include "cli.h"

#include <bide/bide.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct sleeper {
    double delay;
};

static int sleeper_run(void *arg, bide_value *result)
{
    const struct sleeper *sleeper = arg;
    struct timespec left = {.tv_sec = (time_t)sleeper->delay};
    left.tv_nsec = (long)((sleeper->delay - (double)left.tv_sec) * 1e9);
    while (nanosleep(&left, &left) != 0)
        if (errno != EINTR)
            return errno;
    *result = bide_f64(sleeper->delay);
    return 0;
}

static int submit_all(bide_completions *done, bide_pool *pool, struct sleeper sleepers[], size_t n)
{
    int error = 0;
    for (size_t i = 0; i < n && !error; i++)
        error = bide_completions_submit(done, pool, sleeper_run, &sleepers[i], &sleepers[i]);
    return error;
}

/* The tag of a future is the task object it belongs to. */
static int take_all(bide_completions *done, const struct sleeper sleepers[])
{
    bide_future *future;
    bide_value delay;
    void *tag;
    int error = 0;
    while (bide_completions_next(done, BIDE_FOREVER, &future, &tag) == 0) {
        int ended = bide_join(future, &delay);
        if (ended == 0)
            printf("sleeper %zu: %.3f s\n", (size_t)((const struct sleeper *)tag - sleepers), delay.f64);
        else if (error == 0)
            error = ended;
    }
    return error;
}

static int run(bide_pool *pool, struct sleeper sleepers[], size_t n)
{
    bide_completions *done;
    int error = bide_completions_create(&done);
    if (error)
        return error;
    error = submit_all(done, pool, sleepers, n);
    if (error)
        bide_completions_cancel(done);
    int taken = take_all(done, sleepers);
    bide_completions_destroy(done);
    return error ? error : taken;
}

static void seed_delays(uint64_t seed)
{
    srand48((long)seed);
}

int main(int argc, char *argv[])
{
    unsigned n = 0, workers = 0;
    double max_delay = 0;
    const struct cli_arg args[] = {
        {.form = "--workers W", .count = &workers, .least = 1},
        {.form = "--seed S", .seed = seed_delays},
        {.form = "N", .count = &n},
        {.form = "MAX_DELAY", .seconds = &max_delay},
        {0},
    };
    seed_delays((uint64_t)bide_clock());
    cli_read(argc, argv, "Run N tasks that sleep random delays of up to MAX_DELAY seconds in nanosleep().", args);
    cli_line_by_line();

    bide_pool *pool;
    bide_pool_options options = {.workers = workers ? workers : n};
    struct sleeper *sleepers = calloc(n + (size_t)1, sizeof *sleepers);
    if (!sleepers)
        return cli_end(ENOMEM);
    for (size_t i = 0; i < n; i++)
        sleepers[i].delay = max_delay * drand48();
    int error = bide_pool_create(&pool, &options);
    if (!error) {
        error = run(pool, sleepers, n);
        bide_pool_destroy(pool);
    }
    free(sleepers);
    return cli_end(error);
}
