/* What a pool costs that has run some tasks and has nothing to do. */
#ifndef BENCH_IDLE_WORKLOAD_H
#define BENCH_IDLE_WORKLOAD_H

#include "../measure.h"

enum { IDLE_TASKS = 1000 };

/* Workers may look for work for a while before they sleep. One switch is this thread's own sleep. */
static inline void measure_idle(size_t seconds)
{
    rest(0.5);
    struct rusage before = used();
    rest((double)seconds);
    struct rusage after = used();
    print("cpu_ms", (cpu_seconds(after) - cpu_seconds(before)) * 1e3);
    print("switches", (double)(switches(after) - switches(before)));
}

#endif
