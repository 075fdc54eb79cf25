/* What waiting at once is worth: the time n random waits take together, divided by n. */
#include "cli.h"

#include <bide/bide.h>
#include <stdio.h>

int main(int argc, char *argv[])
{
    unsigned n = 0, workers = 0;
    double max_delay = 0, seconds = 0;
    const struct cli_arg args[] = {
        {.form = "--workers W", .count = &workers, .least = 1},
        {.form = "--seed S", .seed = bide_random_seed},
        {.form = "N", .count = &n, .least = 1},
        {.form = "MAX_DELAY", .seconds = &max_delay},
        {0},
    };
    cli_read(argc, argv, "Measure N random waits of up to MAX_DELAY seconds at once, and show the seconds per wait.",
             args);

    bide_pool *pool;
    bide_pool_options options = {.workers = workers};
    int error = bide_pool_create(&pool, &options);
    if (error)
        return cli_end(error);
    error = bide_measure_time(pool, n, max_delay, &seconds);
    if (!error)
        printf("%.6f s per wait\n", seconds);
    bide_pool_destroy(pool);
    return cli_end(error);
}
