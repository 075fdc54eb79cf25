/* Handle each reply as it comes, and give up on those that have not come by a deadline. The tag that a future was listed
 * with tells whose it is. */
#include "cli.h"

#include <bide/bide.h>
#include <errno.h>
#include <stdio.h>

struct sensor {
    const char *name;
    double seconds; /* until it replies */
    int64_t reading;
};

static int poll_sensor(void *arg, bide_value *reading)
{
    const struct sensor *sensor = arg;
    *reading = bide_i64(sensor->reading);
    return bide_sleep(sensor->seconds);
}

static int submit_all(bide_completions *replies, bide_pool *pool, struct sensor sensors[], size_t n)
{
    int error = 0;
    for (size_t i = 0; i < n && !error; i++)
        error = bide_completions_submit(replies, pool, poll_sensor, &sensors[i], &sensors[i]);
    return error;
}

/* Show what has ended, until nothing is listed or the deadline has passed. */
static int take_until(bide_completions *replies, bide_time deadline)
{
    bide_future *future;
    bide_value reading;
    void *tag;
    int error;
    while ((error = bide_completions_next(replies, deadline, &future, &tag)) == 0) {
        const struct sensor *sensor = tag;
        if (bide_join(future, &reading) == 0)
            printf("%s: %jd\n", sensor->name, (intmax_t)reading.i64);
        else
            printf("%s: no reply\n", sensor->name);
    }
    return error;
}

/* The tasks look at memory of ours: whatever happens, all of them are taken before we leave. */
static int poll_all(bide_pool *pool, struct sensor sensors[], size_t n, double patience)
{
    bide_completions *replies;
    bide_time deadline = bide_in(patience);
    int error = bide_completions_create(&replies);
    if (error)
        return error;
    error = submit_all(replies, pool, sensors, n);
    if (error || take_until(replies, deadline) == ETIMEDOUT) {
        bide_completions_cancel(replies);
        take_until(replies, BIDE_FOREVER);
    }
    bide_completions_destroy(replies);
    return error;
}

int main(int argc, char *argv[])
{
    struct sensor sensors[] = {
        {"cellar", 0.8, 12},
        {"kitchen", 0.1, 21},
        {"roof", 3600, -4},
        {"garden", 0.4, 9},
    };
    size_t n = sizeof sensors / sizeof *sensors;
    double patience = 1, slower = 1;
    const struct cli_arg args[] = {
        {.form = "--slower TIMES", .seconds = &slower},
        {.form = "[PATIENCE]", .seconds = &patience},
        {0},
    };
    cli_read(argc, argv, "Poll four sensors, one of which is deaf, for PATIENCE seconds (1 unless given).", args);
    cli_line_by_line();
    for (size_t i = 0; i < n; i++)
        sensors[i].seconds *= slower;

    bide_pool *pool;
    bide_pool_options options = {.workers = (unsigned)n};
    int error = bide_pool_create(&pool, &options);
    if (error)
        return cli_end(error);
    error = poll_all(pool, sensors, n, patience * slower);
    bide_pool_destroy(pool);
    return cli_end(error);
}
