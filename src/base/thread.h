/* What bide needs of the system's threads. */
#ifndef BASE_THREAD_H
#define BASE_THREAD_H

#include "base/stretch.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Start a thread with that much stack (EINVAL: less than the system allows) that blocks all signals but those a fault of
 * its own raises, and SIGPROF. EAGAIN, ENOMEM: none to be had. */
int thread_create(pthread_t *thread, size_t stack_size, void *(*body)(void *), void *arg);

/* Name the calling thread base-index; the base is cut so that the whole fits the system's limit. */
void thread_name(const char *base, unsigned index);

/* Let the calling thread's timers fire as exactly as the system can, and nobody cancel it. */
void thread_be_worker(void);

/* Let handlers with SA_ONSTACK run there on the calling thread, so that they can tell of a stack that is overrun. false: the
 * thread has such a stack, or the size is too small. */
bool thread_set_signal_stack(void *stack, size_t size);

/* If that is still the thread's: no more. */
void thread_unset_signal_stack(const void *stack);

/* The address at which three quarters of the calling thread's stack are used; stacks grow down. */
uintptr_t thread_stack_reserve(void);

/* Where the calling thread's stack is just now. */
uintptr_t thread_stack_here(void);

/* What a function may change on its thread and should find as it was: errno, signal mask, cancellation, and the control
 * part of the floating-point state (rounding, precision, masked exceptions). */
struct thread_state {
    sigset_t signals;
    bool has_signals, has_cancellation,
        has_float_control; /* of its own; else they are those of the state it was exchanged for */
    int error, cancel_state, cancel_type;
    uint64_t float_control;
};

void thread_state_save(struct thread_state *state);

/* Make it that state again after a stretch that began in it. */
void thread_state_restore(const struct thread_state *state, struct stretch *stretch);

/* The same, but for what a context keeps, where a switch, or the end of a call on a context, comes next. */
void thread_state_restore_for_switch(const struct thread_state *state, struct stretch *stretch);

/* Save what a switch of contexts does not keep, which is the signal mask and cancellation, and make it that of another state.
 * The stretch began with the signal mask of the other, or is long. */
void thread_state_exchange(struct thread_state *saved, const struct thread_state *next, struct stretch *stretch);

/* Restore what was saved by an exchange, whose other state it is. The stretch goes on from where the last one ended. */
void thread_state_return(const struct thread_state *saved, struct stretch *stretch);

#endif
