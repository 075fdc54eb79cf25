/* A context is a thread of control that is not a thread: a stack, and what a switch away from it keeps. Each belongs to the
 * thread that made it; no other thread switches to it, so that addresses of thread-locals stay right in it.
 *
 *     context_make_root(&root);
 *     context_make(&loop, stack, size, body, arg);
 *     context_switch(&root, &loop);       runs body(arg) until that switches back
 *     context_end(&loop);                 now the stack may go
 *     context_end(&root);
 *
 * Kept for each context across a switch: the registers that a function must keep; the floating-point control (rounding,
 * masked exceptions), which a new context has from its maker; errno, at first 0; and where C++ is linked, which exceptions
 * are being handled. Not kept: signal mask, cancellation. A switch costs nanoseconds, and with ucontext a system call. */
#ifndef BASE_CONTEXT_H
#define BASE_CONTEXT_H

#include <features.h>
#include <stdbool.h>
#include <stddef.h>

/* Is there a way to switch on this machine? If not, nothing here may be called. */
#if (defined __x86_64__ && !defined __ILP32__) || defined __aarch64__ || defined __GLIBC__
#define CONTEXT_IS_AVAILABLE 1
#else
#define CONTEXT_IS_AVAILABLE 0
#endif

/* As the C++ ABI lays out what __cxa_get_globals() returns. */
struct context_exceptions {
    void *caught;
    unsigned uncaught;
#ifdef __ARM_EABI_UNWINDER__
    void *propagating;
#endif
};

/* All zero where no tool watches. */
struct context_tools {
    void *fiber;              /* ThreadSanitizer's; for as long as the context lives, since making one is dear */
    void *fake_stack;         /* AddressSanitizer's, of a context that was switched away from */
    const void *low;          /* the stack; a root's is known only after the first switch */
    size_t size;              /* in bytes */
    struct context *previous; /* who switched here last */
    unsigned id;              /* valgrind's */
    bool is_root;
};

struct context {
    void *sp;
    struct context_call *call;                    /* to answer when it is switched to; where a call is a switch */
    struct context_exceptions *thread_exceptions; /* NULL: no C++ */
    struct context_exceptions exceptions;
    int error;
    struct context_tools tools;
};

/* entry(arg) runs on that stack, from the first switch to the context on; it never returns. */
void context_make(struct context *context, void *low, size_t size, void (*entry)(void *arg), void *arg);

/* The calling thread on its own stack. */
void context_make_root(struct context *context);

/* From the context that is running to another. Returns when something switches back to it. */
void context_switch(struct context *from, struct context *to);

/* From the context that is running: call fn(arg) on the stack of `to`, below where that was left. Returns when fn has, or when
 * something switches back to `from`. fn returns where to go on: in `from`, unless something has switched to it meanwhile, or
 * else in `to`, where that was left. What a call costs that fn ends is less than two switches: the processor foresees its
 * returns. */
void context_call(struct context *from, struct context *to, struct context *(*fn)(void *arg), void *arg);

/* Nobody will switch to it again; called by the thread that made it, on another context or on its root. */
void context_end(struct context *context);

#endif
