/* Many waits at once, each shown as it ends: tasks, and a queue that hands their futures out in the order of their ends.
 *
 * bide_wait_n() does this in one call. By hand one sees each result as it comes, and, through what the tasks publish,
 * how far the others are. */
#include "cli.h"
#include "progress.h"

#include <bide/bide.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

struct run {
    bide_pool *pool;
    struct wait *waits; /* as submitted */
    double *delays;     /* as finished */
    size_t finished;
    struct progress progress;
};

static double seconds_since(bide_time start)
{
    return (double)(bide_clock() - start) / 1e9;
}

/* The task. Every slice is measured from the start, so that being late in one does not make the next one late. */
static int wait_in_slices(void *arg, bide_value *delay)
{
    struct wait *wait = arg;
    bide_time start = bide_clock();
    for (unsigned slice = 1; slice <= SLICES; slice++) {
        int error = bide_sleep(wait->delay * slice / SLICES - seconds_since(start));
        if (error)
            return error;
        atomic_store_explicit(&wait->slices, slice, memory_order_relaxed);
    }
    *delay = bide_f64(wait->delay);
    return 0;
}

/* Wait for the next result, but no longer than the bars may stand still. */
static int take_one(struct run *run, bide_completions *done)
{
    bide_future *future;
    bide_value delay;
    void *tag;
    int error = bide_completions_next(done, progress_frame(&run->progress), &future, &tag);
    if (error == 0) {
        struct wait *wait = tag;
        wait->taken = true;
        error = bide_join(future, &delay);
        if (error == 0) {
            run->delays[run->finished++] = delay.f64;
            progress_line(&run->progress, wait);
        }
    }
    progress_draw(&run->progress);
    return error == ETIMEDOUT ? 0 : error;
}

/* Submit the waits from begin to end and take them all. After an error the rest is cancelled, and taken all the same. */
static int finish(struct run *run, size_t begin, size_t end)
{
    bide_completions *done;
    int taken, error = bide_completions_create(&done);
    if (error)
        return error;
    for (struct wait *wait = run->waits + begin; wait < run->waits + end && !error; wait++)
        error = bide_completions_submit(done, run->pool, wait_in_slices, wait, wait);
    if (error)
        bide_completions_cancel(done);
    while ((taken = take_one(run, done)) != ENOENT) {
        if (taken && !error) {
            error = taken;
            bide_completions_cancel(done);
        }
    }
    bide_completions_destroy(done);
    return error;
}

static void show(const struct run *run, double total)
{
    double sum = 0;
    for (size_t i = 0; i < run->finished; i++)
        sum += run->delays[i];
    printf("[");
    for (size_t i = 0; i < run->finished; i++)
        printf("%s%.3f", i ? ", " : "", run->delays[i]);
    printf("]\ntotal %.3f s\nsum %.3f s\nspeed-up %.2f\n", total, sum, sum / total);
}

static int wait_n(struct run *run, size_t n, bool sequential, unsigned workers)
{
    bide_pool_options options = {.workers = workers};
    int error = bide_pool_create(&run->pool, &options);
    if (error)
        return error;
    progress_start(&run->progress, run->waits, n);
    bide_time start = bide_clock();
    for (size_t i = 0, step = sequential ? 1 : n; i < n && !error; i += step)
        error = finish(run, i, i + step);
    if (!error)
        show(run, seconds_since(start));
    bide_pool_destroy(run->pool);
    return error;
}

/* All delays are drawn here, before the first task starts: the same seed gives the same ones with any workers. */
static void seed_delays(uint64_t seed)
{
    srand48((long)seed);
}

int main(int argc, char *argv[])
{
    unsigned n = 0, workers = 0;
    double max_delay = 0;
    bool sequential = false;
    const struct cli_arg args[] = {
        {.form = "--workers W", .count = &workers, .least = 1}, {.form = "--seed S", .seed = seed_delays},
        {.form = "--sequential", .flag = &sequential},          {.form = "N", .count = &n},
        {.form = "MAX_DELAY", .seconds = &max_delay},           {0},
    };
    seed_delays((uint64_t)bide_clock());
    cli_read(argc, argv, "Wait N random delays of up to MAX_DELAY seconds at once, and show each as it ends.", args);

    struct run run = {.waits = calloc(n + (size_t)1, sizeof(struct wait)),
                      .delays = calloc(n + (size_t)1, sizeof(double))};
    int error = run.waits && run.delays ? 0 : ENOMEM;
    for (size_t i = 0; i < n && !error; i++)
        run.waits[i].delay = max_delay * drand48();
    if (!error)
        error = wait_n(&run, n, sequential, workers);
    free(run.waits);
    free(run.delays);
    return cli_end(error);
}
