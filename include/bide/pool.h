/**
 * @file
 * Pools: a fixed number of worker threads that run tasks; and what a task can do: sleep, yield, see that it should stop.
 *
 *     bide_pool *pool;
 *     int error = bide_pool_create(&pool, NULL);           as many workers as this process may use CPUs
 *     if (!error)
 *         error = bide_submit(pool, work, arg, &future);   int work(void *arg, bide_value *result)
 *     ...
 *     bide_pool_destroy(pool);                             runs what was submitted, then joins the workers
 *
 * A task that has started stays on its thread. When it waits, in any call of bide that waits, it gives its worker back, and
 * other tasks run there: any number of tasks wait on a few workers, and tasks wait for tasks of their own pool to any depth.
 * What a wait was for makes it ready at once, and so do a request to stop and a deadline; it goes on when the task that its
 * worker is running next waits, yields or ends. So a task that computes for long keeps those of its worker waiting: let it
 * bide_yield() now and then.
 *
 * The tasks of a worker are one thread to the system. Do not hold a pthread mutex across a wait, nor count on the value of
 * a thread-local after it; a #bide_mutex can be held.
 *
 * In a pool with #BIDE_HOLD a task keeps its worker while it waits, as in the classic pool; a wait with #BIDE_FOREVER for a
 * task of the same pool that has not started runs that task in place, to the depth the stack allows. While a task runs
 * another one in place, a request to stop it is seen, and where a function promises so passed on, when that one has ended. A
 * wait for anything else, or with a deadline, leaves the worker idle: such a pool, all of whose workers wait for a promise,
 * a mutex or a condition that only a queued task would see to, makes no progress.
 *
 * What a task finds changed on its thread is only what tasks of its own making change: errno, the signal mask, the
 * floating-point rounding mode and the cancellation state are for every task as they are for the first, and the same
 * after a wait as before it. Values in thread-locals are shared by the tasks of one worker. A task must return: it must
 * not call pthread_exit() or longjmp() out of its function.
 *
 * Workers block all signals but SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT and SIGPROF. A task that overruns
 * its stack faults in a page below it; a handler of yours for that, with SA_ONSTACK, runs on a stack that each worker has
 * for it, unless with #BIDE_HOLD or your worker_start brought another. Pools share nothing with each other. After fork(), in
 * the child, every call on an inherited pool gives ESHUTDOWN, but destroying it, which only frees memory; a child made
 * inside a task may only exec or _exit.
 */
#ifndef BIDE_POOL_H
#define BIDE_POOL_H

#include <bide/base.h>
#include <bide/future.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A fixed set of worker threads and the tasks submitted to them. */
typedef struct bide_pool bide_pool;

/**
 * A task's function.
 * @param arg what was submitted with it; the caller's, valid until the task has ended; not touched if it never starts
 * @param[out] result all zero on entry; the value of the task if it returns 0
 * @return 0: done. ECANCELED, having been asked to stop: cancelled. Anything else: failed with that number
 */
typedef int bide_task_fn(void *arg, bide_value *result);

/** What a task that waits does with its worker. */
enum bide_waiting {
    BIDE_PARK, /**< Gives it back: any number of tasks wait on a few workers. */
    BIDE_HOLD  /**< Keeps it: the task runs on the worker's own thread stack. */
};

/** How to make a pool. Zero-initialise it: every zero is a default. */
typedef struct bide_pool_options {
    /** Worker threads; 0: as many CPUs as this process may use (affinity mask, then cgroup quota), or $BIDE_WORKERS
     *  where that is a whole number above zero. */
    unsigned workers;
    /** What a task that waits does with its worker. */
    enum bide_waiting waiting;
    /** Bytes of stack for each task; 0: 256 KiB of address space, of which what is touched takes memory, or with #BIDE_HOLD
     *  8 MiB. */
    size_t stack_size;
    /** Tasks that may be queued; 0: unbounded. Otherwise a submit waits for room; with #BIDE_HOLD bide_submit() in a task of
     *  this pool runs the oldest queued task in place instead, so make it while holding no lock that such a task takes. A task
     *  that was cancelled in the queue, or started early for one that waited for it, takes room until a worker comes to its
     *  entry, or until half of the queue is such entries. */
    size_t max_pending;
    /** Helper threads for bide_blocking(), at most; 0: 64. */
    unsigned max_blocking;
    /** Threads are called name-0, name-1, …; cut so that the number fits the system's limit; NULL: "bide". */
    const char *name;
    /** Runs first on each worker; bide_pool_create() fails with what is not zero; NULL: nothing. */
    int (*worker_start)(unsigned index, void *ctx);
    /** Runs last on each worker whose worker_start gave 0; NULL: nothing. */
    void (*worker_stop)(unsigned index, void *ctx);
    /** Handed to both; the caller's. */
    void *worker_ctx;
    /** Zero, or EINVAL. */
    uint64_t reserved[8];
} bide_pool_options;

/** What closing a pool does with its tasks. */
enum bide_close {
    BIDE_DRAIN, /**< Run them all. */
    BIDE_CANCEL /**< Cancel what has not started, ask the rest to stop. */
};

/**
 * Make a pool and start its workers.
 * @param[out] pool the pool, on return 0
 * @param options how; read only during the call; NULL: all defaults
 * @return 0. EINVAL: pool is NULL, a reserved word is not zero, `waiting` is neither, or the stack is smaller than
 *         PTHREAD_STACK_MIN. ENOMEM. EAGAIN: no thread to be had. What worker_start returned
 * @par Threads
 * Any, also in a callback. On failure every worker that was started has been joined.
 */
BIDE_API int bide_pool_create(bide_pool **pool, const bide_pool_options *options);

/**
 * Wait until nothing is queued, scheduled or running. The pool stays open; several threads may wait.
 * @param pool the pool
 * @param deadline when to give up
 * @return 0. ETIMEDOUT. ECANCELED: the calling task, of another pool, was asked to stop. EDEADLK: called on a worker of
 *         this pool, or from a callback. EINVAL: NULL. ESHUTDOWN: inherited by fork()
 */
BIDE_API int bide_pool_drain(bide_pool *pool, bide_time deadline);

/**
 * Take no more tasks and wait until the last has ended. While it drains, tasks of the pool may go on submitting; after
 * #BIDE_CANCEL they may not, and a later close that drains does not undo that. Submits that wait for room end with
 * ESHUTDOWN.
 * @param pool the pool
 * @param how what becomes of the tasks
 * @param deadline how long to wait for their end; the pool is closed all the same
 * @return 0. ETIMEDOUT: call again. ECANCELED, EDEADLK, EINVAL, ESHUTDOWN: as bide_pool_drain(); on EDEADLK from a worker
 *         of this pool, and on EINVAL and ESHUTDOWN, nothing was done
 */
BIDE_API int bide_pool_close(bide_pool *pool, enum bide_close how, bide_time deadline);

/**
 * Close with #BIDE_DRAIN, join the workers and free the pool. Its futures stay valid. Not interrupted: a request to stop
 * the calling task is kept for its next wait. No other thread may still be inside a call on this pool; waiting for,
 * cancelling and releasing its futures is always safe.
 * @param pool the pool, gone on return 0; NULL: nothing is done
 * @return 0. EDEADLK: called on a worker of this pool, or from a callback; nothing was done
 */
BIDE_API int bide_pool_destroy(bide_pool *pool);

/**
 * Make a pool, run one task and all that it submits, destroy the pool: asyncio.run().
 * @param options as for bide_pool_create()
 * @param fn the task
 * @param arg handed to it
 * @param[out] result its value, written only on return 0; NULL: not wanted
 * @return what the task returned, 0 for success; or, if it could not be started, an error of bide_pool_create() or
 *         bide_submit(), or EDEADLK: called from a callback
 */
BIDE_API int bide_run(const bide_pool_options *options, bide_task_fn *fn, void *arg, bide_value *result);

/**
 * Hand a task to the pool; it starts when a worker is free. What is submitted outside the pool starts in that order; what a
 * task submits, its worker starts in that order, as long as not thousands are waiting, and workers without work help, with the
 * oldest first. Where memory for its stack is not to be had it stays queued until another task gives a stack back; it fails
 * with ENOMEM, without having started, if no worker has a stack to spare and no task waits with a deadline or for a
 * descriptor.
 * @param pool the pool
 * @param fn the task
 * @param arg handed to it; the caller's, until the task has ended
 * @param[out] future a reference to its future, on return 0; NULL: nobody will ask
 * @return 0. ENOMEM. ESHUTDOWN: the pool is closed, or inherited by fork(). EINVAL: pool or fn is NULL. With
 *         max_pending: ECANCELED: the calling task was asked to stop while it waited for room; EDEADLK: it would have to
 *         wait in a callback, or, with #BIDE_HOLD, to run a task with less than a quarter of the stack left. On any error
 *         nothing is queued and arg was not touched
 */
BIDE_API int bide_submit(bide_pool *pool, bide_task_fn *fn, void *arg, bide_future **future);

/**
 * Submit if there is room: never waits.
 * @param pool the pool
 * @param fn the task
 * @param arg handed to it
 * @param[out] future as for bide_submit()
 * @return 0. EAGAIN: max_pending tasks are queued. ENOMEM, ESHUTDOWN, EINVAL: as bide_submit()
 */
BIDE_API int bide_try_submit(bide_pool *pool, bide_task_fn *fn, void *arg, bide_future **future);

/**
 * Submit, waiting for room until a deadline. With a deadline other than #BIDE_FOREVER nothing is run in place.
 * @param pool the pool
 * @param fn the task
 * @param arg handed to it
 * @param deadline when to give up
 * @param[out] future as for bide_submit()
 * @return 0. ETIMEDOUT: no room in time. ENOMEM, ESHUTDOWN, EINVAL, ECANCELED, EDEADLK: as bide_submit()
 */
BIDE_API int bide_submit_until(bide_pool *pool, bide_task_fn *fn, void *arg, bide_time deadline, bide_future **future);

/**
 * Submit n tasks at once, as n calls of bide_submit() would, but all or none, and cheaper.
 * @param pool the pool
 * @param fn what each of them calls
 * @param args what each is handed; NULL: nothing
 * @param n how many; 0: nothing is done
 * @param[out] futures a reference to the future of each, on return 0; what they are on an error means nothing; NULL: nobody
 *             will ask
 * @return 0. ENOMEM, ESHUTDOWN, EINVAL: as bide_submit(). With max_pending it waits until there is room for all of them, so
 *         ECANCELED and EDEADLK as bide_submit(), and EINVAL: n is more than that
 */
BIDE_API int bide_submit_many(bide_pool *pool, bide_task_fn *fn, void *const args[], size_t n, bide_future *futures[]);

/**
 * Schedule a task: it starts from its time on, never early, equal times in the order of submission, by turns with what is
 * queued. While one worker is idle it is late by no more than a fraction of a millisecond, whatever the others do. Until it
 * starts it is #BIDE_PENDING and has no stack. It does not count for max_pending. Draining the pool waits for it;
 * #BIDE_CANCEL cancels it. With #BIDE_HOLD a task of the pool that waits for it with #BIDE_FOREVER keeps its worker until
 * that time, and runs it in place; it is #BIDE_RUNNING from when that wait begins.
 * @param pool the pool
 * @param when its time; one that has passed: now; #BIDE_FOREVER: never, it ends by being cancelled
 * @param fn the task
 * @param arg handed to it; the caller's, until the task has ended
 * @param[out] future a reference to its future, on return 0; NULL: nobody will ask
 * @return 0. ENOMEM. ESHUTDOWN: the pool is closed, or inherited by fork(). EINVAL: pool or fn is NULL. On any error
 *         nothing is scheduled and arg was not touched
 */
BIDE_API int bide_submit_at(bide_pool *pool, bide_time when, bide_task_fn *fn, void *arg, bide_future **future);

/**
 * Tell which pool the calling task belongs to.
 * @return the pool; NULL outside a task
 */
BIDE_API bide_pool *bide_current_pool(void);

/**
 * Tell which worker runs the calling task. It stays the same until the task has ended.
 * @return 0 to workers − 1; −1 outside a task
 */
BIDE_API int bide_worker_index(void);

/**
 * Sleep, never shorter than asked. In a task it can be cancelled, and delivers a request to stop made before. On a plain
 * thread it goes on after signal handlers.
 * @param seconds how long; 0 and less: a bide_yield(); infinity: until cancelled (on a plain thread: for ever)
 * @return 0: slept. ECANCELED: the calling task was asked to stop. EINVAL: NaN. EDEADLK: in a callback, above 0
 */
BIDE_API int bide_sleep(double seconds);

/**
 * Sleep until a point in time, as bide_sleep() does.
 * @param when never back before; a time that has passed: a bide_yield(); #BIDE_FOREVER: until cancelled
 * @return 0: it is that time. ECANCELED: the calling task was asked to stop. EDEADLK: in a callback, for a time to come
 */
BIDE_API int bide_sleep_until(bide_time when);

/**
 * Let others run.
 * @return 0. ECANCELED: the calling task was asked to stop
 */
BIDE_API int bide_yield(void);

/**
 * Run a call that blocks its thread, a look-up or a read(2), without losing a worker: on a helper thread, while the task
 * waits. Helpers are made when they are needed, at most max_blocking, used again, and leave when they have been idle for
 * some seconds. On a plain thread, and in a pool with #BIDE_HOLD, the caller runs it itself. Thread-locals are the helper's.
 * Calls that wait for each other can use max_blocking up.
 * @param fn the call
 * @param arg handed to it
 * @param[out] returned what it returned, on return 0; NULL: not wanted
 * @return 0: it has returned; once it has started a request to stop does not end the wait and is kept for the next.
 *         ECANCELED: the calling task was asked to stop, and the call never started. EAGAIN: no thread to be had; it never
 *         started. EINVAL: fn is NULL
 */
BIDE_API int bide_blocking(int (*fn)(void *arg), void *arg, int *returned);

/**
 * Tell whether the calling task has been asked to stop; for loops that compute. A true answer counts as delivery: waits
 * that follow are not ended by that request.
 * @return true from the first request to the end of the task; false outside a task
 */
BIDE_API bool bide_cancelled(void);

#ifdef __cplusplus
}
#endif

#endif
