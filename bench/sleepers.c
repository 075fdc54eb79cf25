/* Many tasks that each sleep a random time: how much longer it takes than the longest of them, and what it costs.
 *
 *     bench_sleepers stack|scheduled N [WORKERS [MAX_DELAY]]
 *
 * prints: kind n over_ms cpu_s peak_mb inversions. `stack`: tasks that have started and sleep; `scheduled`: tasks whose time has
 * not come. Inversions: neighbours in the order of the ends that began + slept in the other order. */
#include <bide/bide.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

struct nap {
    bide_time over;
    double delay;
};

static int sleep_on(void *arg, bide_value *result)
{
    struct nap *nap = arg;
    nap->over = bide_in(nap->delay);
    result->ptr = nap;
    return bide_sleep_until(nap->over);
}

static int be_over(void *arg, bide_value *result)
{
    result->ptr = arg;
    return 0;
}

static int submit(bide_completions *done, bide_pool *pool, struct nap *nap, int scheduled)
{
    bide_future *future;
    if (!scheduled)
        return bide_completions_submit(done, pool, sleep_on, nap, NULL);
    nap->over = bide_in(nap->delay);
    int error = bide_submit_at(pool, nap->over, be_over, nap, &future);
    if (!error)
        error = bide_completions_add(done, future, NULL);
    bide_future_release(future);
    return error;
}

static size_t count_inversions(bide_completions *done)
{
    bide_future *future;
    bide_value value;
    bide_time last = 0;
    size_t inversions = 0;
    while (bide_completions_next(done, BIDE_FOREVER, &future, NULL) == 0) {
        if (bide_join(future, &value))
            exit(1);
        const struct nap *nap = value.ptr;
        inversions += nap->over < last;
        last = nap->over;
    }
    return inversions;
}

static double cpu_seconds(const struct rusage *usage)
{
    return (double)(usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) +
           (double)(usage->ru_utime.tv_usec + usage->ru_stime.tv_usec) / 1e6;
}

int main(int argc, char **argv)
{
    if (argc < 3)
        return 2;
    int scheduled = strcmp(argv[1], "scheduled") == 0;
    size_t n = strtoull(argv[2], NULL, 10);
    bide_pool_options options = {.workers = argc > 3 ? (unsigned)atoi(argv[3]) : 2};
    double max_delay = argc > 4 ? atof(argv[4]) : 1, longest = 0;
    bide_pool *pool;
    bide_completions *done;
    struct nap *naps = calloc(n, sizeof *naps);
    if (!naps || bide_pool_create(&pool, &options) || bide_completions_create(&done))
        return 1;
    srand48(1);
    for (size_t i = 0; i < n; i++) {
        naps[i].delay = drand48() * max_delay;
        longest = naps[i].delay > longest ? naps[i].delay : longest;
    }
    bide_time start = bide_clock();
    for (size_t i = 0; i < n; i++)
        if (submit(done, pool, &naps[i], scheduled))
            return 1;
    size_t inversions = count_inversions(done);
    double seconds = (double)(bide_clock() - start) / 1e9;
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    printf("%s %zu %.1f %.2f %.1f %zu\n", argv[1], n, (seconds - longest) * 1e3, cpu_seconds(&usage),
           (double)usage.ru_maxrss / 1024, inversions);
    bide_completions_destroy(done);
    bide_pool_destroy(pool);
    free(naps);
    return 0;
}
