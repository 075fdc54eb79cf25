/* Errors: a task returns 0 or an error number, which its future keeps and anybody may read.
 *
 * bide_future_result() only looks; bide_join() waits and hands the reference back. Both give the task's own error, so
 * where that could be taken for one of theirs, bide_future_state() tells. */
#include "cli.h"

#include <bide/bide.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

struct division {
    int64_t dividend, divisor;
};

static int divide(void *arg, bide_value *result)
{
    const struct division *division = arg;
    if (division->divisor == 0)
        return EDOM;
    *result = bide_i64(division->dividend / division->divisor);
    return 0;
}

static int give_up(void *arg, bide_value *result)
{
    (void)arg, (void)result;
    return ECANCELED;
}

static int wait_for(void *promise, bide_value *result)
{
    int error = bide_future_wait(promise, BIDE_FOREVER);
    return error ? error : bide_future_result(promise, result);
}

static const char *name_of(enum bide_state state)
{
    static const char *const names[] = {"pending", "running", "done", "failed", "cancelled"};
    return names[state];
}

/* Run a task and show its end. */
static int show(bide_pool *pool, const char *what, bide_task_fn *fn, void *arg)
{
    bide_future *future;
    bide_value value;
    int error = bide_submit(pool, fn, arg, &future);
    if (error)
        return error;
    bide_future_wait(future, BIDE_FOREVER);
    printf("%s: %s, ", what, name_of(bide_future_state(future)));
    error = bide_join(future, &value);
    if (error)
        printf("%s\n", strerror(error));
    else
        printf("%jd\n", (intmax_t)value.i64);
    return 0;
}

/* A result can be asked for too early, and read as often as one likes. */
static int show_early(bide_pool *pool)
{
    bide_future *promise, *future;
    bide_value value = bide_i64(0);
    int error = bide_promise_create(&promise);
    if (error)
        return error;
    error = bide_submit(pool, wait_for, promise, &future);
    if (error == 0) {
        printf("a result too early: %s\n", strerror(bide_future_result(future, &value)));
        bide_promise_resolve(promise, bide_i64(7));
        printf("resolved twice: %s\n", strerror(bide_promise_resolve(promise, bide_i64(8))));
        bide_join(future, &value);
        printf("the result in the end: %jd\n", (intmax_t)value.i64);
    }
    bide_future_release(promise);
    return error;
}

static void show_misuse(bide_pool *pool)
{
    struct division good = {84, 2};
    printf("no future: %s\n", strerror(bide_future_wait(NULL, BIDE_FOREVER)));
    printf("no number: %s\n", strerror(bide_sleep(NAN)));
    bide_pool_close(pool, BIDE_DRAIN, BIDE_FOREVER);
    printf("a closed pool: %s\n", strerror(bide_submit(pool, divide, &good, NULL)));
}

static int show_all(bide_pool *pool)
{
    struct division good = {84, 2}, bad = {84, 0};
    int error = show(pool, "84 / 2", divide, &good);
    if (!error)
        error = show(pool, "84 / 0", divide, &bad);
    if (!error)
        error = show(pool, "gave up unasked", give_up, NULL);
    if (!error)
        error = show_early(pool);
    if (!error)
        show_misuse(pool);
    return error;
}

int main(int argc, char *argv[])
{
    bide_pool *pool;
    cli_read(argc, argv, "Show how tasks fail, and what the calls on futures and pools say.", &(struct cli_arg){0});
    int error = bide_pool_create(&pool, NULL);
    if (error)
        return cli_end(error);
    error = show_all(pool);
    bide_pool_destroy(pool);
    return cli_end(error);
}
