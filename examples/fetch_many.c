/* Fetch many pages, a few at a time, each shown as it arrives: fetchers take URLs from a queue. A fetcher is a task that reads
 * like blocking code, but waits without a thread (curl_client.c), so that a thread or two serve any number of them. */
#include "cli.h"
#include "curl_client.h"

#include <bide/bide.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* What the fetchers share. */
struct job {
    bide_queue urls;
    double patience; /* with one page, in seconds */
    bool first_error;
};

static size_t count(char *data, size_t size, size_t n, void *bytes)
{
    (void)data;
    *(size_t *)bytes += size * n;
    return size * n;
}

static int get(struct curl_client *client, CURL *easy, bide_time deadline, size_t *bytes, CURLcode *code)
{
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, count);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, bytes);
    curl_easy_setopt(easy, CURLOPT_FAILONERROR, 1L);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    return curl_client_perform(client, easy, deadline, code);
}

static void show(const char *url, int error, CURLcode code, size_t bytes)
{
    if (error)
        printf("%s: %s\n", url, error == ECANCELED ? "given up" : strerror(error));
    else if (code != CURLE_OK)
        printf("%s: %s\n", url, curl_easy_strerror(code));
    else
        printf("%s: %zu bytes\n", url, bytes);
}

/* EIO: no page, and the line says why. */
static int fetch(struct curl_client *client, const char *url, bide_time deadline)
{
    size_t bytes = 0;
    CURLcode code = CURLE_OK;
    CURL *easy = curl_easy_init();
    int error = easy && curl_easy_setopt(easy, CURLOPT_URL, url) == CURLE_OK ? 0 : ENOMEM;
    if (!error)
        error = get(client, easy, deadline, &bytes, &code);
    curl_easy_cleanup(easy);
    show(url, error, code, bytes);
    return !error && code != CURLE_OK ? EIO : error;
}

static int fetch_some(void *arg, bide_value *result)
{
    struct job *job = arg;
    struct curl_client client;
    bide_value url;
    int error = curl_client_open(&client);
    (void)result;
    while (!error && (error = bide_queue_get(&job->urls, &url, BIDE_FOREVER)) == 0) {
        error = fetch(&client, url.ptr, bide_in(job->patience));
        if (error != ECANCELED && !job->first_error)
            error = 0;
    }
    curl_client_close(&client);
    return error == ESHUTDOWN ? 0 : error;
}

/* A fetcher that fails stops the others, and the deadline stops all. */
static int run_fetchers(bide_pool *pool, struct job *job, unsigned n, bide_time deadline)
{
    bide_group *group;
    int failure = 0, error = bide_group_create(&group, pool, 0);
    if (error)
        return error;
    for (unsigned i = 0; i < n && !error; i++)
        error = bide_group_spawn(group, fetch_some, job, NULL);
    if (!error || error == ECANCELED)
        error = bide_group_wait(group, deadline, &failure);
    bide_group_destroy(group);
    return failure ? failure : error;
}

static int fetch_many(bide_pool *pool, struct job *job, char *urls[], unsigned at_once, double seconds)
{
    unsigned n = 0;
    bide_value url;
    while (urls[n])
        n++;
    int error = bide_queue_init(&job->urls, n, NULL);
    if (error)
        return error;
    for (unsigned i = 0; i < n; i++)
        bide_queue_try_put(&job->urls, bide_ptr(urls[i]));
    bide_queue_close(&job->urls);
    error = run_fetchers(pool, job, at_once < n ? at_once : n, bide_in(seconds));
    while (bide_queue_try_get(&job->urls, &url) == 0)
        printf("%s: not begun\n", (const char *)url.ptr);
    bide_queue_destroy(&job->urls);
    return error;
}

int main(int argc, char *argv[])
{
    struct job job = {.patience = INFINITY};
    bide_pool_options options = {0};
    unsigned at_once = 8;
    double seconds = INFINITY;
    char **urls = argv + 1;
    const struct cli_arg args[] = {
        {.form = "--workers W", .count = &options.workers, .least = 1},
        {.form = "--at-once N", .count = &at_once, .least = 1},
        {.form = "--patience SECONDS", .seconds = &job.patience},
        {.form = "--deadline SECONDS", .seconds = &seconds},
        {.form = "--first-error", .flag = &job.first_error},
        {.form = "URL...", .words = &urls},
        {0},
    };
    cli_read(
        argc, argv,
        "Fetch pages, N at once (8 unless given), with so much patience for each, until a deadline or the first error.",
        args);
    cli_line_by_line();

    bide_pool *pool;
    int error = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? bide_pool_create(&pool, &options) : ENOMEM;
    if (error)
        return cli_end(error);
    error = fetch_many(pool, &job, urls, at_once, seconds);
    bide_pool_destroy(pool);
    curl_global_cleanup();
    return cli_end(error);
}
