/* A promise is a future that somebody settles by hand. It makes one of anything that calls back: here, of an interface
 * that looks names up on a thread of its own and knows nothing of bide. */
#include "cli.h"

#include <bide/bide.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

/* The foreign interface. */
struct lookup {
    const char *name;
    void (*answer)(int error, int64_t number, void *ctx);
    void *ctx;
    pthread_t thread;
};

static void *lookup_run(void *arg)
{
    const struct lookup *lookup = arg;
    bide_sleep(0.05);
    if (strcmp(lookup->name, "half") == 0)
        lookup->answer(0, 21, lookup->ctx);
    else
        lookup->answer(ENOENT, 0, lookup->ctx);
    return NULL;
}

static int lookup_start(struct lookup *lookup)
{
    return pthread_create(&lookup->thread, NULL, lookup_run, lookup);
}

static void lookup_finish(struct lookup *lookup)
{
    pthread_join(lookup->thread, NULL);
}

/* Its answer settles the promise. */
static void keep(int error, int64_t number, void *promise)
{
    if (error)
        bide_promise_fail(promise, error);
    else
        bide_promise_resolve(promise, bide_i64(number));
}

/* A task that waits for a promise; its error becomes the task's own. */
static int twice(void *promise, bide_value *result)
{
    int error = bide_future_wait(promise, BIDE_FOREVER);
    if (!error)
        error = bide_future_result(promise, result);
    result->i64 *= 2;
    return error;
}

/* Runs on the thread that settles, so it must be short and must not wait. */
static void count(bide_future *promise, void *counter)
{
    (void)promise;
    atomic_fetch_add((atomic_uint *)counter, 1);
}

static int show_twice(bide_pool *pool, const char *name, bide_future *promise)
{
    bide_future *task;
    bide_value value;
    int error = bide_submit(pool, twice, promise, &task);
    if (error)
        return error;
    error = bide_join(task, &value);
    if (error)
        printf("twice %s: %s\n", name, strerror(error));
    else
        printf("twice %s: %jd\n", name, (intmax_t)value.i64);
    return 0;
}

static int look_up(bide_pool *pool, const char *name, atomic_uint *settled)
{
    bide_future *promise;
    int error = bide_promise_create(&promise);
    if (error)
        return error;
    struct lookup lookup = {.name = name, .answer = keep, .ctx = promise};
    error = bide_future_on_done(promise, count, settled);
    if (!error)
        error = lookup_start(&lookup);
    if (!error) {
        error = show_twice(pool, name, promise);
        lookup_finish(&lookup);
    }
    bide_future_release(promise);
    return error;
}

int main(int argc, char *argv[])
{
    bide_pool *pool;
    atomic_uint settled = 0;
    cli_read(argc, argv, "Wait in tasks for what an interface with callbacks answers.", &(struct cli_arg){0});
    cli_line_by_line();

    int error = bide_pool_create(&pool, NULL);
    if (error)
        return cli_end(error);
    error = look_up(pool, "half", &settled);
    if (!error)
        error = look_up(pool, "nobody", &settled);
    if (!error)
        printf("settled: %u\n", atomic_load(&settled));
    bide_pool_destroy(pool);
    return cli_end(error);
}
