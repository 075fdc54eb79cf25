/* SIZE tasks that each wait a random time of at most a second: how much longer it takes than the longest of them, and what
 * it costs. The delays are drawn before the clock starts, and each task notes when it should end: inversions are
 * neighbours, in the order in which the ends are collected, whose delays (ends) stand in the other order. Delays must, where
 * starting SIZE tasks takes longer than the gap between two of them; ends should not. */
#ifndef BENCH_SLEEPERS_BIDE_SLEEPERS_H
#define BENCH_SLEEPERS_BIDE_SLEEPERS_H

#include "../bide.h"

struct nap {
    double delay;
    bide_time end;
};

struct score {
    size_t ends, delay_inversions, end_inversions;
};

typedef void start_nap(bide_completions *done, bide_pool *pool, struct nap *nap);

static inline double draw_all(struct nap naps[], size_t n)
{
    double longest = 0;
    for (size_t i = 0; i < n; i++) {
        naps[i].delay = drand48();
        longest = naps[i].delay > longest ? naps[i].delay : longest;
    }
    return longest;
}

static inline struct score collect(bide_completions *done)
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

static inline void measure(struct arguments arguments, start_nap *start_one)
{
    bide_completions *done;
    struct nap *naps = allocate(arguments.size, sizeof *naps);
    bide_pool *pool = make_pool(arguments.workers);
    check(bide_completions_create(&done));
    double longest = draw_all(naps, arguments.size);
    int64_t start = clock_ns();
    for (size_t i = 0; i < arguments.size; i++)
        start_one(done, pool, &naps[i]);
    struct score score = collect(done);
    double over = seconds_since(start) - longest;
    expect(score.ends == arguments.size, "every nap ends");
    print("over_ms", over * 1e3);
    print("cpu_s", cpu_seconds(used()));
    print("peak_mb", peak_mb(used()));
    print("delay_inversions", (double)score.delay_inversions);
    print("end_inversions", (double)score.end_inversions);
    bide_completions_destroy(done);
    bide_pool_destroy(pool);
    free(naps);
}

#endif
