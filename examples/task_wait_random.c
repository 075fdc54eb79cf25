/* A function that schedules a wait and returns at once with its future, like any other function that gives one. Two such
 * calls wait at the same time: together they take as long as the longer one. */
#include "cli.h"

#include <bide/bide.h>
#include <stdio.h>

static double seconds_since(bide_time start)
{
    return (double)(bide_clock() - start) / 1e9;
}

static int wait_for_two(bide_pool *pool, double max_delay)
{
    bide_future *first, *second;
    bide_value first_delay, second_delay;
    bide_time start = bide_clock();
    int error = bide_task_wait_random(pool, max_delay, &first);
    if (error)
        return error;
    error = bide_task_wait_random(pool, max_delay, &second);
    if (error) {
        bide_future_cancel(first);
        bide_join(first, NULL);
        return error;
    }
    printf("scheduled after %.3f s\n", seconds_since(start));
    error = bide_join(first, &first_delay);
    int second_error = bide_join(second, &second_delay);
    if (error || second_error)
        return error ? error : second_error;
    printf("waited %.3f s and %.3f s\n", first_delay.f64, second_delay.f64);
    printf("total %.3f s\n", seconds_since(start));
    return 0;
}

int main(int argc, char *argv[])
{
    unsigned workers = 2;
    double max_delay = BIDE_DEFAULT_MAX_DELAY;
    const struct cli_arg args[] = {
        {.form = "--workers W", .count = &workers, .least = 1},
        {.form = "--seed S", .seed = bide_random_seed},
        {.form = "[MAX_DELAY]", .seconds = &max_delay},
        {0},
    };
    cli_read(argc, argv, "Schedule two random waits of up to MAX_DELAY seconds (10 unless given), then wait for both.",
             args);
    cli_line_by_line();

    bide_pool *pool;
    bide_pool_options options = {.workers = workers};
    int error = bide_pool_create(&pool, &options);
    if (error)
        return cli_end(error);
    error = wait_for_two(pool, max_delay);
    bide_pool_destroy(pool);
    return cli_end(error);
}
