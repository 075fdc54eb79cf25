/* What the benchmarks have in common, whatever they measure; for C and C++. */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

struct arguments {
    unsigned workers;
    size_t size;
};

/* Of `program WORKERS [SIZE]`. */
static inline struct arguments parse(int argc, char **argv, size_t default_size)
{
    struct arguments arguments = {0, default_size};
    if (argc > 1)
        arguments.workers = (unsigned)strtoul(argv[1], NULL, 10);
    if (argc > 2)
        arguments.size = strtoull(argv[2], NULL, 10);
    if (!arguments.workers || !arguments.size) {
        fprintf(stderr, "usage: %s WORKERS [SIZE]\n", argv[0]);
        exit(2);
    }
    return arguments;
}

static inline void expect(bool holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "wrong: %s\n", what);
        exit(1);
    }
}

static inline void print(const char *metric, double figure)
{
    printf("%s %.6g\n", metric, figure);
}

static inline int64_t clock_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static inline double seconds_since(int64_t start_ns)
{
    return (double)(clock_ns() - start_ns) / 1e9;
}

static inline void rest(double seconds)
{
    struct timespec time;
    time.tv_sec = (time_t)seconds;
    time.tv_nsec = (long)((seconds - (double)time.tv_sec) * 1e9);
    nanosleep(&time, NULL);
}

static inline struct rusage used(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage;
}

static inline double cpu_seconds(struct rusage usage)
{
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static inline long switches(struct rusage usage)
{
    return usage.ru_nvcsw + usage.ru_nivcsw;
}

static inline double resident_bytes(void)
{
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    expect(file && fscanf(file, "%*s %ld", &pages) == 1, "/proc/self/statm");
    fclose(file);
    return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

static inline int ascending(const void *a, const void *b)
{
    double difference = *(const double *)a - *(const double *)b;
    return (difference > 0) - (difference < 0);
}

/* Sorts the figures. */
static inline double percentile(double *figures, size_t n, unsigned percent)
{
    qsort(figures, n, sizeof *figures, ascending);
    return figures[n * percent / 100];
}

#endif
