/* Fetch many pages, a few at a time; when one cannot be had, the others are of no use: those under way are given up, and the
 * rest is not begun. */
#include "cli.h"

#include <bide/bide.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

struct page {
    const char *name;
    double seconds; /* until it is there */
    int error;      /* or is not */
    bide_future *fetched;
};

static int fetch(void *arg, bide_value *result)
{
    const struct page *page = arg;
    (void)result;
    int error = bide_sleep(page->seconds);
    return error ? error : page->error;
}

/* Whatever happens, none of them looks at a page of ours any more when this returns. */
static int fetch_all(bide_pool *pool, struct page pages[], size_t n, size_t at_once, int *failure)
{
    bide_group *group;
    int error = bide_group_create(&group, pool, at_once), ended;
    if (error)
        return error;
    for (size_t i = 0; i < n && !error; i++)
        error = bide_group_spawn(group, fetch, &pages[i], &pages[i].fetched);
    if (error)
        bide_group_cancel(group);
    ended = bide_group_wait(group, BIDE_FOREVER, failure);
    bide_group_destroy(group);
    return error == ECANCELED ? ended : error;
}

static void show_and_release(const struct page *page)
{
    int error = page->fetched ? bide_future_result(page->fetched, NULL) : 0;
    printf("%s: %s\n", page->name,
           !page->fetched       ? "not begun"
           : error == ECANCELED ? "given up"
           : error              ? strerror(error)
                                : "fetched");
    bide_future_release(page->fetched);
}

int main(int argc, char *argv[])
{
    struct page pages[] = {
        {.name = "index", .seconds = 0.1},
        {.name = "news", .seconds = 0.2},
        {.name = "weather", .seconds = 0.5, .error = ENOENT},
        {.name = "archive", .seconds = 60},
        {.name = "imprint", .seconds = 0.1},
    };
    size_t n = sizeof pages / sizeof *pages;
    unsigned at_once = 2;
    double slower = 1;
    const struct cli_arg args[] = {
        {.form = "--slower TIMES", .seconds = &slower},
        {.form = "[AT_ONCE]", .count = &at_once, .least = 1},
        {0},
    };
    cli_read(argc, argv, "Fetch five pages, of which one is missing, AT_ONCE of them at a time (2 unless given).",
             args);
    for (size_t i = 0; i < n; i++)
        pages[i].seconds *= slower;

    bide_pool *pool;
    int failure = 0, error = bide_pool_create(&pool, NULL);
    if (error)
        return cli_end(error);
    error = fetch_all(pool, pages, n, at_once, &failure);
    for (size_t i = 0; i < n; i++)
        show_and_release(&pages[i]);
    if (failure)
        printf("stopped: %s\n", strerror(failure));
    bide_pool_destroy(pool);
    return cli_end(error);
}
