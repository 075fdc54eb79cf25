/* bide_wait_n() and bide_task_wait_n() themselves: how much longer than the longest delay they take, and what that costs.
 *
 *     bench_waits wait_n|task_wait_n N [WORKERS [MAX_DELAY]]
 *
 * prints: kind n over_ms cpu_s peak_mb delay_inversions end_inversions, as bench_sleepers does. The delays of task_wait_n all
 * begin with the call, so that its ends should stand in the order of the delays; when those of wait_n began only they know: -. */
#include "measure.h"

#include <string.h>

typedef int wait_many(bide_pool *, size_t, double, double *);

static void measure(const char *kind, wait_many *wait, size_t n, unsigned workers, double max_delay)
{
    bide_pool *pool;
    double longest = 0, *delays = malloc(n * sizeof *delays);
    size_t inversions = 0;
    check(!delays);
    check(bide_pool_create(&pool, &(bide_pool_options){.workers = workers}));
    bide_time start = bide_clock();
    check(wait(pool, n, max_delay, delays));
    double seconds = seconds_since(start);
    for (size_t i = 0; i < n; i++) {
        longest = delays[i] > longest ? delays[i] : longest;
        inversions += i && delays[i] < delays[i - 1];
    }
    printf("%s %zu %.1f %.2f %.1f %zu ", kind, n, (seconds - longest) * 1e3, cpu_seconds(used()), peak_mb(used()),
           inversions);
    wait == bide_task_wait_n ? printf("%zu\n", inversions) : printf("-\n");
    bide_pool_destroy(pool);
    free(delays);
}

int main(int argc, char **argv)
{
    bool scheduled = argc > 1 && strcmp(argv[1], "task_wait_n") == 0;
    if (argc < 3 || (!scheduled && strcmp(argv[1], "wait_n") != 0)) {
        fputs("usage: bench_waits wait_n|task_wait_n N [WORKERS [MAX_DELAY]]\n", stderr);
        return 2;
    }
    measure(argv[1], scheduled ? bide_task_wait_n : bide_wait_n, strtoull(argv[2], NULL, 10),
            argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : 2, argc > 4 ? strtod(argv[4], NULL) : 1);
    return 0;
}
