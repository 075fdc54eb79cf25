/* What the programs have in common, in C and in C++, with bide or without it. */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

struct arguments {
    unsigned workers;
    size_t size;
};

/* program WORKERS [SIZE] */
static inline struct arguments read_arguments(int argc, char **argv, size_t default_size)
{
    struct arguments arguments;
    arguments.workers = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 0;
    arguments.size = argc > 2 ? strtoull(argv[2], NULL, 10) : default_size;
    if (arguments.workers == 0 || arguments.size == 0) {
        fprintf(stderr, "usage: %s WORKERS [SIZE]\n", argv[0]);
        exit(2);
    }
    return arguments;
}

static inline void check(int error)
{
    if (error) {
        fprintf(stderr, "error %d\n", error);
        exit(1);
    }
}

static inline void expect(int holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "not so: %s\n", what);
        exit(1);
    }
}

static inline void *allocate(size_t n, size_t size)
{
    void *memory = calloc(n, size);
    expect(memory != NULL, "there is memory");
    return memory;
}

static inline void print(const char *metric, double figure)
{
    printf("%s %.3f\n", metric, figure);
}

/* Nanoseconds on CLOCK_MONOTONIC. */
static inline int64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static inline double seconds_since(int64_t start)
{
    return (double)(now() - start) / 1e9;
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

static inline double peak_mb(struct rusage usage)
{
    return (double)usage.ru_maxrss / 1024;
}

static inline long switches(struct rusage usage)
{
    return usage.ru_nvcsw + usage.ru_nivcsw;
}

#endif
