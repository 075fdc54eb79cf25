/* Ask several at once: the first success wins, and the rest are cancelled. A failure is no reason to stop before all have
 * failed. */
#include "cli.h"

#include <bide/bide.h>
#include <errno.h>
#include <stdio.h>

enum { MOST = 8 };

struct mirror {
    const char *name;
    double seconds; /* until it answers */
    int error;      /* what comes of it */
};

static int fetch(void *arg, bide_value *answer)
{
    struct mirror *mirror = arg;
    int error = bide_sleep(mirror->seconds);
    *answer = bide_ptr(mirror);
    return error ? error : mirror->error;
}

/* Take out of the array what has ended, until that was a success. The error of the last if none was. */
static int await_success(bide_future *tries[], size_t *n, bide_value *answer)
{
    int error = ENOENT;
    while (error && *n) {
        size_t first;
        if ((error = bide_wait_many(tries, *n, BIDE_FIRST_ENDED, BIDE_FOREVER, &first)))
            return error;
        error = bide_join(tries[first], answer);
        tries[first] = tries[--*n];
    }
    return error;
}

/* They look at memory of the caller's: none is left behind. */
static void cancel_all(bide_future *tries[], size_t n)
{
    for (size_t i = 0; i < n; i++)
        bide_future_cancel(tries[i]);
    for (size_t i = 0; i < n; i++)
        if (bide_join(tries[i], NULL) == ECANCELED)
            printf("one was cancelled\n");
}

static int first_success(bide_pool *pool, struct mirror mirrors[], size_t n, bide_value *answer)
{
    bide_future *tries[MOST];
    size_t left = 0;
    int error = n > MOST ? EINVAL : 0;
    for (; left < n && !error; left += !error)
        error = bide_submit(pool, fetch, &mirrors[left], &tries[left]);
    if (!error)
        error = await_success(tries, &left, answer);
    cancel_all(tries, left);
    return error;
}

int main(int argc, char *argv[])
{
    struct mirror mirrors[] = {
        {"nearest", 0.1, ENETUNREACH},
        {"farthest", 3600, 0},
        {"second", 0.2, 0},
        {"deaf", 3600, ETIMEDOUT},
    };
    size_t n = sizeof mirrors / sizeof *mirrors;
    double slower = 1;
    const struct cli_arg args[] = {
        {.form = "--slower TIMES", .seconds = &slower},
        {0},
    };
    cli_read(argc, argv, "Ask four mirrors, of which one fails and one answers soon.", args);
    cli_line_by_line();
    for (size_t i = 0; i < n; i++)
        mirrors[i].seconds *= slower;

    bide_pool *pool;
    bide_value answer;
    int error = bide_pool_create(&pool, NULL);
    if (error)
        return cli_end(error);
    error = first_success(pool, mirrors, n, &answer);
    bide_pool_destroy(pool);
    if (!error)
        printf("%s won\n", ((const struct mirror *)answer.ptr)->name);
    return cli_end(error);
}
