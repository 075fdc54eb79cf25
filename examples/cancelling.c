/* Cancelling: a task is asked to stop; what it makes of that is up to it. */
#include "cli.h"

#include <bide/bide.h>
#include <errno.h>
#include <stdio.h>

/* A wait in bide ends at once, and says why. */
static int sleeper(void *arg, bide_value *result)
{
    (void)arg, (void)result;
    return bide_sleep(3600);
}

/* What computes must look now and then. */
static int counter(void *arg, bide_value *result)
{
    (void)arg;
    while (!bide_cancelled())
        result->u64++;
    return ECANCELED;
}

/* A request is delivered once, so that what cleans up may wait; and a value that is returned all the same stands. */
static int careful(void *arg, bide_value *result)
{
    (void)arg;
    int error = bide_sleep(3600);
    if (error == ECANCELED)
        error = bide_sleep(0.01);
    *result = bide_i64(42);
    return error;
}

static int answer(void *arg, bide_value *result)
{
    *result = bide_i64(*(const int *)arg);
    return 0;
}

static void show_and_release(const char *what, bide_future *future)
{
    static const char *const names[] = {"pending", "running", "done", "failed", "cancelled"};
    bide_value value;
    printf("%s: %s", what, names[bide_future_state(future)]);
    if (bide_future_result(future, &value) == 0)
        printf(" with %jd", (intmax_t)value.i64);
    printf("\n");
    bide_future_release(future);
}

/* Cancel a task that has started. */
static int cancel_running(bide_pool *pool, const char *what, bide_task_fn *fn)
{
    bide_future *future;
    int error = bide_submit(pool, fn, NULL, &future);
    if (error)
        return error;
    while (bide_future_state(future) == BIDE_PENDING)
        bide_sleep(0.001);
    bide_future_cancel(future);
    bide_future_wait(future, BIDE_FOREVER);
    show_and_release(what, future);
    return 0;
}

/* The only worker is busy: what is queued behind that task, and cancelled, never runs. */
static int cancel_queued(bide_pool *pool)
{
    bide_future *busy, *queued;
    int error = bide_submit(pool, counter, NULL, &busy);
    if (error)
        return error;
    error = bide_submit(pool, answer, NULL, &queued);
    if (error == 0) {
        bide_future_cancel(queued);
        show_and_release("a queued one", queued);
    }
    bide_future_cancel(busy);
    bide_join(busy, NULL);
    return error;
}

/* Wait for a while, then cancel. */
static int cancel_late(bide_pool *pool, const char *what, bide_task_fn *fn, double patience)
{
    int number = 7;
    bide_future *future;
    int error = bide_submit(pool, fn, &number, &future);
    if (error)
        return error;
    if (bide_future_wait_or_cancel(future, bide_in(patience)) == ETIMEDOUT)
        printf("too late, ");
    show_and_release(what, future);
    return 0;
}

static int show_all(bide_pool *pool)
{
    int error = cancel_running(pool, "a sleeper", sleeper);
    if (!error)
        error = cancel_running(pool, "a counter", counter);
    if (!error)
        error = cancel_running(pool, "a careful one", careful);
    if (!error)
        error = cancel_queued(pool);
    if (!error)
        error = cancel_late(pool, "a sleeper", sleeper, 0.05);
    if (!error)
        error = cancel_late(pool, "an answer", answer, 3600);
    return error;
}

int main(int argc, char *argv[])
{
    bide_pool *pool;
    bide_pool_options options = {.workers = 1};
    cli_read(argc, argv, "Show what becomes of tasks that are asked to stop.", &(struct cli_arg){0});
    cli_line_by_line();

    int error = bide_pool_create(&pool, &options);
    if (error)
        return cli_end(error);
    error = show_all(pool);
    bide_pool_destroy(pool);
    return cli_end(error);
}
