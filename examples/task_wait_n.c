/* The whole of it in one call: bide_task_wait_n() makes n futures with bide_task_wait_random() and gives their delays in
 * the order in which they ended. wait_n.c shows what goes on inside. */
#include "cli.h"

#include <bide/bide.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static int show_waits(bide_pool *pool, size_t n, double max_delay, double delays[])
{
    bide_time start = bide_clock();
    int error = bide_task_wait_n(pool, n, max_delay, delays);
    if (error)
        return error;
    printf("[");
    for (size_t i = 0; i < n; i++)
        printf("%s%.3f", i ? ", " : "", delays[i]);
    printf("]\ntotal %.3f s\n", (double)(bide_clock() - start) / 1e9);
    return 0;
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
    cli_read(argc, argv, "Wait N random delays of up to MAX_DELAY seconds at once, and list them as they ended.", args);

    bide_pool *pool;
    bide_pool_options options = {.workers = workers};
    double *delays = calloc(n + (size_t)1, sizeof *delays);
    if (!delays)
        return cli_end(ENOMEM);
    int error = bide_pool_create(&pool, &options);
    if (!error) {
        error = show_waits(pool, n, max_delay, delays);
        bide_pool_destroy(pool);
    }
    free(delays);
    return cli_end(error);
}
