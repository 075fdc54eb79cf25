/* Proof that a thread has come to rest inside a call that waits, so that "waiting" is a fact before anything is tested
 * on it. The thread says that it is about to make the call; from then on only the call can put it to sleep, and the
 * kernel tells that it did. */
#ifndef SUPPORT_ASLEEP_H
#define SUPPORT_ASLEEP_H

#include "support/fixture.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

struct sleeper {
    struct gate going;
    long thread;
};

#define SLEEPER_INIT                                                                                                   \
    {                                                                                                                  \
        GATE_INIT, 0                                                                                                   \
    }

/* The next call of this thread, or of this task, is the one that waits. */
static inline void sleeper_goes(struct sleeper *sleeper)
{
    sleeper->thread = syscall(SYS_gettid);
    gate_arrive(&sleeper->going);
}

/* The kernel has put it to sleep, and nobody has woken it since: of a thread on its way from one processor to another it still
 * tells the call that it slept in. */
static inline bool sleeper_sleeps(const char *stat)
{
    const char *name_ends = strrchr(stat, ')');
    return name_ends && strncmp(name_ends, ") S", 3) == 0;
}

/* In a call that is neither for valgrind's turn, which is a read() or a lock, nor for a lock, which whoever has it may keep for
 * long: that is a futex(2) of the plain kind, or a nap between two tries. A wait of bide, or for a condition, is another kind of
 * futex(2), and a sleep of bide lasts until a time. (An emulated thread tells the number that its call has outside; and of a
 * poll(2) how many descriptors it watches, which must not be 128.) */
static inline bool sleeper_calls(const char *call)
{
    const unsigned long futex_wait_private = 0x80, for_so_long = 0;
    const long outside_nap = 230; /* on x86-64 */
    unsigned long how = 0;
    if (sscanf(call, "%*d %*x %lx", &how) != 1)
        return false;
    long number = atol(call);
    return number >= 0 && number != SYS_read && how != futex_wait_private &&
           !((number == SYS_clock_nanosleep || number == outside_nap) && how == for_so_long);
}

/* The first line of what the kernel tells of a thread; false: it has ended. */
static inline bool sleeper_look(const struct sleeper *sleeper, const char *name, char *line, int size)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/self/task/%ld/%s", sleeper->thread, name);
    FILE *file = fopen(path, "r");
    if (!file && errno == ENOENT)
        return false;
    if (!file || !fgets(line, size, file))
        *line = '\0';
    if (file)
        fclose(file);
    return true;
}

/* That it sleeps comes first: it cannot leave that sleep for a lock in between unseen. A thread that has ended rests too. */
static inline bool sleeper_rests(const struct sleeper *sleeper)
{
    char stat[512], call[512];
    if (!sleeper_look(sleeper, "stat", stat, sizeof stat) || !sleeper_look(sleeper, "syscall", call, sizeof call))
        return true;
    return sleeper_sleeps(stat) && sleeper_calls(call);
}

/* Wait until it rests: three looks in a row, as something else inside the call may put it to sleep for a moment too. */
static inline void sleeper_await(struct sleeper *sleeper)
{
    gate_await(&sleeper->going, 1);
    for (int looks = 0; looks < 3; looks = sleeper_rests(sleeper) ? looks + 1 : 0)
        sched_yield();
}

/* A thread that makes one call. */
struct caller {
    int (*call)(void *arg);
    void *arg;
    int error;
    struct sleeper sleeper;
    pthread_t thread;
};

static inline void *caller_body(void *arg)
{
    struct caller *caller = arg;
    sleeper_goes(&caller->sleeper);
    caller->error = caller->call(caller->arg);
    return NULL;
}

/* Start it, and return when it waits in its call. */
static inline void caller_start(struct caller *caller, int (*call)(void *arg), void *arg)
{
    *caller = (struct caller){.call = call, .arg = arg, .sleeper = SLEEPER_INIT};
    caller->thread = start_thread(caller_body, caller);
    sleeper_await(&caller->sleeper);
}

/* Wait until it has ended, and give what its call returned. */
static inline int caller_end(struct caller *caller)
{
    end_thread(caller->thread);
    return caller->error;
}

#endif
