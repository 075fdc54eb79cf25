#include "support/check.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned failures;

static void record(void)
{
    pthread_mutex_lock(&lock);
    failures++;
    pthread_mutex_unlock(&lock);
}

bool check_true(bool condition, const char *text, const char *file, int line)
{
    if (!condition) {
        fprintf(stderr, "%s:%d: check failed: %s\n", file, line, text);
        record();
    }
    return condition;
}

bool check_equal(intmax_t actual, intmax_t expected, const char *text, const char *file, int line)
{
    if (actual != expected) {
        fprintf(stderr, "%s:%d: check failed: %s: %jd, expected %jd\n", file, line, text, actual, expected);
        record();
    }
    return actual == expected;
}

unsigned check_failures(void)
{
    pthread_mutex_lock(&lock);
    unsigned result = failures;
    pthread_mutex_unlock(&lock);
    return result;
}

unsigned long test_scale(unsigned long rounds)
{
    const char *text = getenv("BIDE_TEST_SCALE");
    double scale = text ? strtod(text, NULL) : 1;
    double scaled = (double)rounds * (scale > 0 ? scale : 1);
    return scaled < 1 ? 1 : (unsigned long)scaled;
}

bool test_holds(void)
{
    const char *waiting = getenv("BIDE_TEST_WAITING");
    return waiting && strcmp(waiting, "hold") == 0;
}

uint64_t test_seed(int argc, char **argv)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 0) : (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
    seed += seed == 0;
    printf("seed %llu\n", (unsigned long long)seed);
    fflush(stdout);
    return seed;
}

uint64_t test_random(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(2685821657736338717);
}
