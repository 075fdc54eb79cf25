/* What the system itself does: one thread that sleeps SIZE random times in a row, in as many seconds. */
#ifndef BENCH_LATENESS_THREAD_H
#define BENCH_LATENESS_THREAD_H

#include "workload.h"

#include <sys/prctl.h>

static inline void measure(struct arguments arguments, unsigned long slack)
{
    size_t n = arguments.size;
    struct sleeper *sleepers = malloc(n * sizeof *sleepers);
    expect(sleepers, "memory");
    expect(prctl(PR_SET_TIMERSLACK, slack) == 0, "timer slack");
    for (size_t i = 0; i < n; i++) {
        int64_t due = clock_ns() + (int64_t)(drand48() * 2 * lateness_seconds(n) / (double)n * 1e9);
        struct timespec until = {due / 1000000000, due % 1000000000};
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
        sleepers[i].late = clock_ns() - due;
    }
    report(sleepers, n);
    free(sleepers);
}

#endif
