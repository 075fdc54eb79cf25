#include "support/seams.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/spawn.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

/* One lock for all: the tools that watch the tests know mutexes best. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

struct failure {
    size_t countdown;
    bool reached;
};

static struct failure memory_failure, spawn_failure;
static size_t memory_live, spawned;
static bide_time clock_fixed;

static bool fails(struct failure *failure)
{
    if (failure->countdown == 0 || --failure->countdown > 0)
        return false;
    failure->reached = true;
    return true;
}

static void arm(struct failure *failure, size_t nth)
{
    pthread_mutex_lock(&lock);
    *failure = (struct failure){nth, false};
    pthread_mutex_unlock(&lock);
}

static bool reached(const struct failure *failure)
{
    pthread_mutex_lock(&lock);
    bool result = failure->reached;
    pthread_mutex_unlock(&lock);
    return result;
}

static size_t count(const size_t *counter)
{
    pthread_mutex_lock(&lock);
    size_t result = *counter;
    pthread_mutex_unlock(&lock);
    return result;
}

void *memory_alloc(size_t size)
{
    pthread_mutex_lock(&lock);
    void *memory = fails(&memory_failure) ? NULL : malloc(size);
    memory_live += memory != NULL;
    pthread_mutex_unlock(&lock);
    return memory;
}

void memory_free(void *memory)
{
    pthread_mutex_lock(&lock);
    memory_live -= memory != NULL;
    pthread_mutex_unlock(&lock);
    free(memory);
}

int spawn_thread(pthread_t *thread, const pthread_attr_t *attributes, void *(*body)(void *), void *arg)
{
    pthread_mutex_lock(&lock);
    int error = fails(&spawn_failure) ? EAGAIN : pthread_create(thread, attributes, body, arg);
    spawned += error == 0;
    pthread_mutex_unlock(&lock);
    return error;
}

bide_time clock_now(void)
{
    pthread_mutex_lock(&lock);
    bide_time fixed = clock_fixed;
    pthread_mutex_unlock(&lock);
    if (fixed)
        return fixed;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (bide_time)now.tv_sec * 1000000000 + now.tv_nsec;
}

size_t seams_memory_live(void)
{
    return count(&memory_live);
}

size_t seams_spawned(void)
{
    return count(&spawned);
}

void seams_fail_memory(size_t nth)
{
    arm(&memory_failure, nth);
}

void seams_fail_spawn(size_t nth)
{
    arm(&spawn_failure, nth);
}

bool seams_memory_failed(void)
{
    return reached(&memory_failure);
}

bool seams_spawn_failed(void)
{
    return reached(&spawn_failure);
}

void seams_set_clock(bide_time now)
{
    pthread_mutex_lock(&lock);
    clock_fixed = now;
    pthread_mutex_unlock(&lock);
}
