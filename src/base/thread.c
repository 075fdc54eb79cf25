#include "base/thread.h"

#include "base/float.h"
#include "base/inline.h"
#include "base/spawn.h"
#include "base/tools.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define NAME_SIZE 16 /* Linux; with the final 0 */

/* Signals that tell of a fault in the thread itself must reach it; SIGPROF, so that profilers see it. */
static const int open_signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT, SIGPROF};

static size_t whole_pages(size_t size)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    return size > SIZE_MAX - page ? size : (size + page - 1) / page * page;
}

static int spawn_closed_to_signals(pthread_t *thread, const pthread_attr_t *attributes, void *(*body)(void *),
                                   void *arg)
{
    sigset_t closed, own;
    sigfillset(&closed);
    for (size_t i = 0; i < sizeof open_signals / sizeof *open_signals; i++)
        sigdelset(&closed, open_signals[i]);
    pthread_sigmask(SIG_SETMASK, &closed, &own); /* inherited, so that no signal finds a moment in which it is open */
    tools_enter_library(); /* glibc keeps stacks for the next thread: helgrind does not see the lock it does that under */
    int error = spawn_thread(thread, attributes, body, arg);
    tools_leave_library();
    tools_end_calls(); /* drd's pthread_create() hands the thread what it needs on this stack, which may be a task's */
    pthread_sigmask(SIG_SETMASK, &own, NULL);
    return error;
}

int thread_create(pthread_t *thread, size_t stack_size, void *(*body)(void *), void *arg)
{
    pthread_attr_t attributes;
    int error = pthread_attr_init(&attributes);
    if (error)
        return error;
    error = pthread_attr_setstacksize(&attributes, whole_pages(stack_size));
    if (!error)
        error = spawn_closed_to_signals(thread, &attributes, body, arg);
    pthread_attr_destroy(&attributes);
    return error;
}

bool thread_set_signal_stack(void *stack, size_t size)
{
    stack_t present;
    return sigaltstack(NULL, &present) == 0 && (present.ss_flags & SS_DISABLE) &&
           sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = size}, NULL) == 0;
}

void thread_unset_signal_stack(const void *stack)
{
    stack_t present;
    if (sigaltstack(NULL, &present) == 0 && present.ss_sp == stack)
        sigaltstack(&(stack_t){.ss_flags = SS_DISABLE}, NULL);
}

void thread_name(const char *base, unsigned index)
{
    char name[NAME_SIZE], number[NAME_SIZE];
    size_t digits = (size_t)snprintf(number, sizeof number, "-%u", index);
    size_t kept = strnlen(base, NAME_SIZE - 1 - digits);
    memcpy(name, base, kept);
    memcpy(name + kept, number, digits + 1);
    pthread_setname_np(pthread_self(), name);
}

void thread_be_worker(void)
{
    int old;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old);
    prctl(PR_SET_TIMERSLACK, 1UL);
}

uintptr_t thread_stack_reserve(void)
{
    pthread_attr_t attributes;
    void *lowest;
    size_t size;
    if (pthread_getattr_np(pthread_self(), &attributes))
        return thread_stack_here(); /* nothing runs in place on a stack whose end is not known */
    pthread_attr_getstack(&attributes, &lowest, &size);
    pthread_attr_destroy(&attributes);
    return (uintptr_t)lowest + size / 4;
}

uintptr_t thread_stack_here(void)
{
    return (uintptr_t)__builtin_frame_address(0);
}

static void cancellation_get(struct thread_state *state)
{
    int ignored;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state->cancel_state);
    pthread_setcancelstate(state->cancel_state, &ignored);
    pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, &state->cancel_type);
    pthread_setcanceltype(state->cancel_type, &ignored);
}

static void cancellation_set(const struct thread_state *state)
{
    int ignored;
    pthread_setcanceltype(state->cancel_type, &ignored);
    pthread_setcancelstate(state->cancel_state, &ignored);
}

void thread_state_save(struct thread_state *state)
{
    memset(state, 0, sizeof *state);
    state->error = errno;
    state->float_control = float_control_get();
    pthread_sigmask(SIG_SETMASK, NULL, &state->signals);
    cancellation_get(state);
}

static APART void signals_set(const struct thread_state *state, struct stretch *stretch)
{
    pthread_sigmask(SIG_SETMASK, &state->signals, NULL);
    stretch_learn(stretch);
}

void thread_state_restore_for_switch(const struct thread_state *state, struct stretch *stretch)
{
    cancellation_set(state);
    if (!stretch_was_short(stretch))
        signals_set(state, stretch);
}

void thread_state_restore(const struct thread_state *state, struct stretch *stretch)
{
    thread_state_restore_for_switch(state, stretch);
    if (float_control_get() != state->float_control)
        float_control_set(state->float_control);
    errno = state->error;
}

static APART void signals_exchange(struct thread_state *saved, const struct thread_state *next, struct stretch *stretch)
{
    memset(&saved->signals, 0, sizeof saved->signals); /* sigemptyset() leaves what the kernel does not use */
    pthread_sigmask(SIG_SETMASK, &next->signals, &saved->signals);
    stretch_learn(stretch);
    saved->has_signals = memcmp(&saved->signals, &next->signals, sizeof next->signals) != 0;
}

void thread_state_exchange(struct thread_state *saved, const struct thread_state *next, struct stretch *stretch)
{
    saved->has_signals = false;
    if (!stretch_was_short(stretch))
        signals_exchange(saved, next, stretch);
    pthread_setcancelstate(next->cancel_state, &saved->cancel_state);
    saved->has_cancellation = saved->cancel_state != next->cancel_state;
    pthread_setcanceltype(next->cancel_type, &saved->cancel_type);
    saved->has_cancellation |= saved->cancel_type != next->cancel_type;
}

void thread_state_return(const struct thread_state *saved, struct stretch *stretch)
{
    stretch_mark(stretch);
    if (saved->has_signals) {
        pthread_sigmask(SIG_SETMASK, &saved->signals, NULL);
        stretch_make_long(stretch);
    }
    if (saved->has_cancellation)
        cancellation_set(saved);
}
