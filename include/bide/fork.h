/**
 * @file
 * Fork–join: a task hands half of its own work to whoever is free, without allocating anything, and without a future.
 *
 *     static int fib(void *arg, bide_value *result)
 *     {
 *         uint64_t n = *(const uint64_t *)arg, one = n - 1, two = n - 2;
 *         bide_value a, b;
 *         bide_child child;
 *         if (n < 2)
 *             return *result = bide_u64(n), 0;
 *         bide_fork(&child, fib, &one);
 *         fib(&two, &b);
 *         bide_fork_join(&child, &a);
 *         return *result = bide_u64(a.u64 + b.u64), 0;
 *     }
 *
 * Parent and children are one computation. A child that no other worker has taken by the time of its join runs in the
 * parent, as a plain call; so it should not count on running beside it, nor wait for what the parent does after the join. Every
 * fork is joined exactly once, the last one first, before the function that forked returns; what a child uses of its parent's
 * frame stays valid until then.
 *
 * In a child, wherever it runs, bide_cancelled() answers for the task that forked it, and no wait is ended by a request to
 * stop; the request is there for the parent's next wait after the join. A child may wait, fork, and submit like its parent.
 */
#ifndef BIDE_FORK_H
#define BIDE_FORK_H

#include <bide/base.h>
#include <bide/pool.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A part of the calling task's work, from its fork to its join. On the caller's stack; nothing to initialise or destroy. */
typedef struct bide_child {
    uintptr_t opaque[8]; /**< Private. */
} bide_child;

/**
 * Let fn(arg) run beside the caller, if a worker is free for it. Outside a task of a pool, and when thousands are forked and
 * not joined, fn is called at once. Never fails.
 * @param[out] child the caller's, until its join
 * @param fn the work; its value and error are what the join gives
 * @param arg handed to it; the caller's, until the join
 * @par Threads
 * Any; join where it was forked.
 */
BIDE_API void bide_fork(bide_child *child, bide_task_fn *fn, void *arg);

/**
 * Wait until the child has ended; if nobody has taken it, call it. Not ended by a request to stop, nor passes it on.
 * @param child the last that was forked and not joined by this task
 * @param[out] value what the child gave, on return 0; NULL: not wanted
 * @return what the child returned
 */
BIDE_API int bide_fork_join(bide_child *child, bide_value *value);

/**
 * Call body for parts of a range that together are all of it, on as many workers as are free. Returns when all have returned;
 * a request to stop the calling task ends nothing, and is there for its next wait.
 * @param pool where; in a task of that pool the caller takes part
 * @param begin the first index
 * @param end behind the last index; as begin: nothing to do
 * @param grain parts have at most so many indices; 0: as many as are good for balance
 * @param body called with [begin, end) of a part, as a child of the calling task, or as a task or a child of one
 * @param ctx handed to it; the caller's
 * @return 0. EINVAL: pool or body is NULL, or end lies before begin. From elsewhere than a task of the pool also what
 *         bide_submit() gives when it fails; ECANCELED: the pool was closed with #BIDE_CANCEL before a worker was free; ENOMEM:
 *         nor will there be a stack for it; EDEADLK: in a callback. On any error body was not called
 */
BIDE_API int bide_for(bide_pool *pool, size_t begin, size_t end, size_t grain,
                      void (*body)(size_t begin, size_t end, void *ctx), void *ctx);

#ifdef __cplusplus
}
#endif

#endif
