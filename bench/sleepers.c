/* Many tasks that each wait a random time: how much longer it takes than the longest of them, and what it costs.
 *
 *     bench_sleepers stack|scheduled N [WORKERS [MAX_DELAY]]
 *
 * prints: kind n over_ms cpu_s peak_mb delay_inversions end_inversions. `stack`: tasks that have started and sleep, as
 * in bide_wait_n(); `scheduled`: tasks whose time has not come, as in bide_task_wait_n(). Here the delays are drawn
 * before the clock starts, and each task notes when it should end: inversions are neighbours, in the order in which the
 * ends are collected, whose delays (ends) stand in the other order. Delays must, where starting n takes longer than the
 * gap between two of them; ends should not. */
#include "measure.h"

#include <string.h>

struct nap {
    double delay;
    bide_time end;
};

struct score {
    size_t ends, delay_inversions, end_inversions;
};

static int sleep_on(void *arg, bide_value *result)
{
    struct nap *nap = arg;
    result->f64 = nap->delay;
    nap->end = bide_in(nap->delay);
    return bide_sleep_until(nap->end);
}

static int give_delay(void *arg, bide_value *result)
{
    result->f64 = ((const struct nap *)arg)->delay;
    return 0;
}

static void submit_stack(bide_completions *done, bide_pool *pool, struct nap *nap)
{
    check(bide_completions_submit(done, pool, sleep_on, nap, nap));
}

static void submit_scheduled(bide_completions *done, bide_pool *pool, struct nap *nap)
{
    bide_future *future;
    nap->end = bide_in(nap->delay);
    check(bide_submit_at(pool, nap->end, give_delay, nap, &future));
    check(bide_completions_add(done, future, nap));
    bide_future_release(future);
}

static double draw_all(struct nap naps[], size_t n, double max_delay)
{
    double longest = 0;
    for (size_t i = 0; i < n; i++) {
        naps[i].delay = drand48() * max_delay;
        longest = naps[i].delay > longest ? naps[i].delay : longest;
    }
    return longest;
}

static struct score collect(bide_completions *done)
{
    struct nap last = {0};
    struct score score = {0};
    bide_future *future;
    void *nap;
    for (; bide_completions_next(done, BIDE_FOREVER, &future, &nap) == 0; score.ends++) {
        check(bide_join(future, NULL));
        score.delay_inversions += ((struct nap *)nap)->delay < last.delay;
        score.end_inversions += ((struct nap *)nap)->end < last.end;
        last = *(struct nap *)nap;
    }
    return score;
}

static void measure(const char *kind, size_t n, unsigned workers, double max_delay)
{
    bide_pool *pool;
    bide_completions *done;
    struct nap *naps = calloc(n, sizeof *naps);
    check(!naps);
    check(bide_pool_create(&pool, &(bide_pool_options){.workers = workers}));
    check(bide_completions_create(&done));
    double longest = draw_all(naps, n, max_delay);
    bide_time start = bide_clock();
    for (size_t i = 0; i < n; i++)
        (strcmp(kind, "stack") == 0 ? submit_stack : submit_scheduled)(done, pool, &naps[i]);
    struct score score = collect(done);
    double over = seconds_since(start) - longest;
    check(score.ends != n);
    printf("%s %zu %.1f %.2f %.1f %zu %zu\n", kind, n, over * 1e3, cpu_seconds(used()), peak_mb(used()),
           score.delay_inversions, score.end_inversions);
    bide_completions_destroy(done);
    bide_pool_destroy(pool);
    free(naps);
}

int main(int argc, char **argv)
{
    if (argc < 3 || (strcmp(argv[1], "stack") != 0 && strcmp(argv[1], "scheduled") != 0)) {
        fputs("usage: bench_sleepers stack|scheduled N [WORKERS [MAX_DELAY]]\n", stderr);
        return 2;
    }
    measure(argv[1], strtoull(argv[2], NULL, 10), argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : 2,
            argc > 4 ? strtod(argv[4], NULL) : 1);
    return 0;
}
