#include "support/seams.h"

#include "base/advice.h"
#include "base/cells.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/pages.h"
#include "base/spawn.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#endif

/* One lock for all: the tools that watch the tests know mutexes best. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void hold(void)
{
    pthread_mutex_lock(&lock);
}

static void let_go(void)
{
    pthread_mutex_unlock(&lock);
}

/* A child would wait for ever for a thread that had it locked and is not there. */
static __attribute__((constructor)) void hold_over_forks(void)
{
    pthread_atfork(hold, let_go, let_go);
}

struct failure {
    size_t countdown;
    bool lasts, reached;
};

static struct failure memory_failure, pages_failure, spawn_failure;
static size_t memory_live, pages_live, pages_protected, spawned;
static bool marks_refused;
static bide_time clock_fixed;
static struct {
    void (*call)(void *arg);
    void *arg;
} before_spawn;

static bool fails(struct failure *failure)
{
    if (failure->countdown == 0 || --failure->countdown > 0)
        return false;
    failure->countdown = failure->lasts;
    failure->reached = true;
    return true;
}

static void arm(struct failure *failure, size_t nth, bool lasts)
{
    pthread_mutex_lock(&lock);
    *failure = (struct failure){nth, lasts, false};
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

/* None is kept, so that each counts, and each can fail. */
void *cell_alloc(void)
{
    return memory_alloc(CELL_SIZE);
}

void cell_free(void *freed)
{
    memory_free(freed);
}

void cells_begin_use(void)
{
}

void cells_end_use(void)
{
}

static size_t in_pages(size_t size)
{
    return size / (size_t)sysconf(_SC_PAGESIZE);
}

void *pages_map(size_t size)
{
    pthread_mutex_lock(&lock);
    void *pages = fails(&pages_failure)
                      ? MAP_FAILED
                      : mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    pages_live += pages != MAP_FAILED ? in_pages(size) : 0;
    pthread_mutex_unlock(&lock);
    if (pages == MAP_FAILED)
        return NULL;
    madvise(pages, size, MADV_NOHUGEPAGE);
    return pages;
}

void pages_unmap(void *pages, size_t size)
{
    pthread_mutex_lock(&lock);
    pages_live -= in_pages(size);
    pthread_mutex_unlock(&lock);
    munmap(pages, size);
}

bool pages_mark(void *pages, size_t size)
{
    pthread_mutex_lock(&lock);
    bool refused = marks_refused;
    pthread_mutex_unlock(&lock);
    return !refused && advise(pages, size, MADV_GUARD_INSTALL);
}

bool pages_mark_row(char *first, size_t size, size_t stride, unsigned count)
{
    unsigned marked = 0;
    while (marked < count && pages_mark(first + marked * stride, size))
        marked++;
    return marked == count;
}

bool pages_protect(void *pages, size_t size)
{
    pthread_mutex_lock(&lock);
    pages_protected += in_pages(size);
    pthread_mutex_unlock(&lock);
    return mprotect(pages, size, PROT_NONE) == 0;
}

void pages_touch(void *pages, size_t size)
{
    (void)pages;
    (void)size;
}

void pages_discard(void *pages, size_t size)
{
    madvise(pages, size, MADV_DONTNEED);
}

static void prepare_spawn(void)
{
    pthread_mutex_lock(&lock);
    void (*call)(void *arg) = before_spawn.call;
    void *arg = before_spawn.arg;
    pthread_mutex_unlock(&lock);
    if (call)
        call(arg);
}

int spawn_thread(pthread_t *thread, const pthread_attr_t *attributes, void *(*body)(void *), void *arg)
{
    prepare_spawn();
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

size_t seams_pages_live(void)
{
    return count(&pages_live);
}

size_t seams_pages_protected(void)
{
    return count(&pages_protected);
}

size_t seams_spawned(void)
{
    return count(&spawned);
}

void seams_fail_memory(size_t nth)
{
    arm(&memory_failure, nth, false);
}

void seams_fail_pages(size_t nth)
{
    arm(&pages_failure, nth, false);
}

void seams_fail_pages_from(size_t nth)
{
    arm(&pages_failure, nth, true);
}

void seams_refuse_marks(bool refuse)
{
    pthread_mutex_lock(&lock);
    marks_refused = refuse;
    pthread_mutex_unlock(&lock);
}

void seams_fail_spawn(size_t nth)
{
    arm(&spawn_failure, nth, false);
}

void seams_fail_spawn_from(size_t nth)
{
    arm(&spawn_failure, nth, true);
}

void seams_before_spawn(void (*call)(void *arg), void *arg)
{
    pthread_mutex_lock(&lock);
    before_spawn.call = call;
    before_spawn.arg = arg;
    pthread_mutex_unlock(&lock);
}

bool seams_memory_failed(void)
{
    return reached(&memory_failure);
}

bool seams_pages_failed(void)
{
    return reached(&pages_failure);
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
