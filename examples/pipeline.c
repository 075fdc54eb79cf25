/* A pipeline: tasks that hand numbers on through queues with little room, so that none gets far ahead of the next. A stage
 * that has nothing more to hand on closes its queue, and what is in it still arrives. */
#include "cli.h"

#include <bide/bide.h>
#include <errno.h>
#include <stdio.h>

enum { ROOM = 2 };

struct pipeline {
    unsigned n;
    bide_queue numbers, squares;
};

static int count(void *arg, bide_value *result)
{
    struct pipeline *line = arg;
    int error = 0;
    (void)result;
    for (unsigned i = 1; i <= line->n && !error; i++)
        error = bide_queue_put(&line->numbers, bide_i64(i), BIDE_FOREVER);
    bide_queue_close(&line->numbers);
    return error;
}

/* However it ends, the stages on both sides of it are told. */
static int square(void *arg, bide_value *result)
{
    struct pipeline *line = arg;
    bide_value number;
    int error = 0;
    (void)result;
    while (!error) {
        error = bide_queue_get(&line->numbers, &number, BIDE_FOREVER);
        if (!error)
            error = bide_queue_put(&line->squares, bide_i64(number.i64 * number.i64), BIDE_FOREVER);
    }
    bide_queue_close_now(&line->numbers);
    bide_queue_close(&line->squares);
    return error == ESHUTDOWN ? 0 : error;
}

/* The last stage is this thread. */
static int run(bide_pool *pool, struct pipeline *line)
{
    bide_value number;
    int error = bide_submit(pool, count, line, NULL);
    if (!error)
        error = bide_submit(pool, square, line, NULL);
    if (error)
        bide_queue_close_now(&line->numbers);
    while (!error && (error = bide_queue_get(&line->squares, &number, BIDE_FOREVER)) == 0)
        printf("%jd\n", (intmax_t)number.i64);
    bide_pool_drain(pool, BIDE_FOREVER);
    return error == ESHUTDOWN ? 0 : error;
}

static int run_with_queues(bide_pool *pool, struct pipeline *line)
{
    int error = bide_queue_init(&line->numbers, ROOM, NULL);
    if (error)
        return error;
    error = bide_queue_init(&line->squares, ROOM, NULL);
    if (!error) {
        error = run(pool, line);
        bide_queue_destroy(&line->squares);
    }
    bide_queue_destroy(&line->numbers);
    return error;
}

int main(int argc, char *argv[])
{
    struct pipeline line = {.n = 5};
    bide_pool_options options = {.workers = 0};
    const struct cli_arg args[] = {
        {.form = "--workers W", .count = &options.workers, .least = 1},
        {.form = "[N]", .count = &line.n},
        {0},
    };
    cli_read(argc, argv, "Square the numbers from 1 to N (5 unless given) in a pipeline of tasks.", args);

    bide_pool *pool;
    int error = bide_pool_create(&pool, &options);
    if (error)
        return cli_end(error);
    error = run_with_queues(pool, &line);
    bide_pool_destroy(pool);
    return cli_end(error);
}
