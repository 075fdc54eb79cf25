/* Proof that a process does nothing: by the processor time it takes, and how often its threads wake. */
#ifndef SUPPORT_USAGE_H
#define SUPPORT_USAGE_H

#include "support/fixture.h"

#include <sys/resource.h>
#include <time.h>

struct usage {
    double cpu;
    long switches;
};

static inline struct usage usage(void)
{
    struct rusage used;
    assert_int_equal(getrusage(RUSAGE_SELF, &used), 0);
    return (struct usage){(double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
                              (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6,
                          used.ru_nvcsw + used.ru_nivcsw};
}

static inline struct usage usage_of_a_quarter_second(void)
{
    struct usage before = usage();
    nanosleep(&(struct timespec){.tv_nsec = 250000000}, NULL);
    struct usage after = usage();
    return (struct usage){after.cpu - before.cpu, after.switches - before.switches};
}

/* A worker that looks every 10 ms would be seen as 200 switches. Workers may still be on their way to bed in the first
 * quarter; and the tools that watch the tests have threads of their own. */
static inline void assert_idle(void)
{
    struct usage first = usage_of_a_quarter_second(), second = usage_of_a_quarter_second();
    long switches = first.switches < second.switches ? first.switches : second.switches;
    double cpu = first.cpu < second.cpu ? first.cpu : second.cpu;
    assert_in_range(switches, 0, 40);
    assert_true(cpu < 0.05);
}

#endif
