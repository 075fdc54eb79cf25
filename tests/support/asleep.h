/* Proof that a thread has come to rest inside a call that waits, so that "waiting" is a fact before anything is tested
 * on it. The thread says that it is about to make the call; from then on only the call can put it to sleep, and the
 * kernel tells that it did. (A thread that valgrind holds back stands in read(), or waits for a lock if turns are fair:
 * neither counts.) */
#ifndef SUPPORT_ASLEEP_H
#define SUPPORT_ASLEEP_H

#include "support/fixture.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
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

/* It waits for a lock, which whoever has it may keep for long: by futex(2), or between two tries. A wait of bide, or for a
 * condition, is another kind of futex(2), and a sleep of bide lasts until a time. */
static inline bool sleeper_wants_lock(long call, unsigned long how)
{
    const unsigned long futex_wait_private = 0x80, for_so_long = 0;
    return (call == SYS_futex && how == futex_wait_private) || (call == SYS_clock_nanosleep && how == for_so_long);
}

/* A thread that has ended rests too. */
static inline bool sleeper_rests(const char *path)
{
    char text[64] = "";
    unsigned long how = 0;
    FILE *file = fopen(path, "r");
    if (!file)
        return errno == ENOENT;
    bool tells = fgets(text, sizeof text, file) && sscanf(text, "%*d %*x %lx", &how) == 1;
    fclose(file);
    long call = tells ? atol(text) : -1;
    return call >= 0 && call != SYS_read && !sleeper_wants_lock(call, how);
}

/* Wait until it rests: three looks in a row, as something else inside the call may put it to sleep for a moment too. */
static inline void sleeper_await(struct sleeper *sleeper)
{
    char path[64];
    gate_await(&sleeper->going, 1);
    snprintf(path, sizeof path, "/proc/self/task/%ld/syscall", sleeper->thread);
    for (int looks = 0; looks < 3; looks = sleeper_rests(path) ? looks + 1 : 0)
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
