/**
 * @file
 * Futures: the one result of a task, or of a promise that anybody may keep.
 *
 *     bide_future *future;
 *     bide_value value;
 *     int error = bide_submit(pool, work, arg, &future);
 *     if (!error)
 *         error = bide_join(future, &value);              waits, reads, gives the reference back
 *
 * A future is pending, then (a task that has been started) running, then for good one of done, failed or cancelled.
 * Returning 0 makes a task done. Returning ECANCELED after it was asked to stop makes it cancelled. Returning anything
 * else makes it failed with that number.
 *
 * Ownership: a `bide_future **` gives you a reference, which you hand back once, with bide_future_release() or
 * bide_join(). A `bide_future *` is borrowed for the call, and must stay yours until it returns. A future may outlive
 * its pool; its result can be read, by any number of threads, until the last reference is gone. Releasing cancels
 * nothing. Any function here may be called from a task or from a plain thread, for the same future at the same time.
 *
 * In a pool with #BIDE_HOLD a task that runs another one in place (see bide_future_wait()) sees a request to stop, and
 * passes it on where a function promises that, when the other one has ended.
 *
 * After fork(), in the child, a future of the parent's pool that has not ended will not end there: what would have to
 * wait for it, change it or be told of its end gives ESHUTDOWN.
 */
#ifndef BIDE_FUTURE_H
#define BIDE_FUTURE_H

#include <bide/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The result-to-be of a task or promise. */
typedef struct bide_future bide_future;

/** See pool.h. */
typedef struct bide_pool bide_pool;

/** Where a future stands; the last three are final. */
enum bide_state {
    BIDE_PENDING,  /**< A task that has not started, or a promise that is not settled. */
    BIDE_RUNNING,  /**< A task that has started. */
    BIDE_DONE,     /**< Ended with a value. */
    BIDE_FAILED,   /**< Ended with an error. */
    BIDE_CANCELLED /**< Ended because somebody asked. */
};

/**
 * Wait until a future has ended, in whatever way. Tasks may wait for tasks of their own pool: that cannot deadlock it. With
 * #BIDE_FOREVER one that has not started is the next that the caller's worker starts; in a pool with #BIDE_HOLD it is run
 * here and now, on the caller's stack. A task that always finds what it waits for ready lets others run now and then.
 * @param future the future, borrowed
 * @param deadline when to give up
 * @return 0: it has ended. ETIMEDOUT. ECANCELED: the calling task was asked to stop. EDEADLK: the caller is that task, or
 *         is a callback (see bide_future_on_done()), or, with #BIDE_HOLD, runs on the stack of that task's wait, or has less
 *         than a quarter of its stack left and the task has not started. EINVAL: NULL. ESHUTDOWN: see above
 */
BIDE_API int bide_future_wait(bide_future *future, bide_time deadline);

/**
 * Wait for a future, and cancel it if it is late: asyncio.wait_for(). Returns only when it has really ended.
 * @param future the future, borrowed
 * @param deadline when to cancel it; if it has passed and the task has not started, the task never runs
 * @return 0: it ended in time, or is done or failed all the same. ETIMEDOUT: it was late and has ended cancelled.
 *         ECANCELED: the calling task was asked to stop; the request was passed on and the end awaited, which is not
 *         interrupted again. EDEADLK, EINVAL, ESHUTDOWN: as bide_future_wait(), nothing was cancelled
 */
BIDE_API int bide_future_wait_or_cancel(bide_future *future, bide_time deadline);

/**
 * Read the outcome without waiting.
 * @param future the future, borrowed
 * @param[out] value the value, written only on return 0; NULL: not wanted
 * @return 0: done. EBUSY: not ended. ECANCELED: cancelled. Otherwise the task's own error; bide_future_state() tells a
 *         task that failed with one of these numbers from the rest. EINVAL: NULL future
 */
BIDE_API int bide_future_result(const bide_future *future, bide_value *value);

/**
 * Wait for the end, read the outcome and release: the usual last call on a future. It does not return before the task
 * has ended, so what the task points to may live on the caller's stack. It is not interrupted: a request to stop the
 * calling task is passed on to the future, and kept for the caller's next wait.
 * @param future the future; the reference is taken, except on EINVAL and on EDEADLK because the calling task is that task
 *        or, with #BIDE_HOLD, runs on the stack of its wait
 * @param[out] value the value, written only on return 0; NULL: not wanted
 * @return the outcome, as bide_future_result(). EINVAL: NULL. EDEADLK: as bide_future_wait(); a task that has not
 *         started and, with #BIDE_HOLD, cannot be run for want of stack has been cancelled. ESHUTDOWN: see above
 */
BIDE_API int bide_join(bide_future *future, bide_value *value);

/**
 * Tell where a future stands.
 * @param future the future, borrowed, not NULL
 * @return its state; what it says may be past by then, unless it is final
 */
BIDE_API enum bide_state bide_future_state(const bide_future *future);

/**
 * Ask a task to stop. One that has not started never runs. One that waits in a bide call returns from it at once with
 * ECANCELED (the calls that finish first say so); one that computes finds bide_cancelled() true. It may clean up, and
 * it may return a value or an error all the same, which then stands. Each request is delivered once; a request made
 * after that is delivered again. A promise ends cancelled at once.
 * @param future the future, borrowed
 * @return 0: asked, or ended for good if it had not started. EALREADY: it had ended. EINVAL: NULL. ESHUTDOWN: see above
 */
BIDE_API int bide_future_cancel(bide_future *future);

/**
 * Give a task's argument to its future: drop(arg) is called once, when the last reference is gone, whether the task
 * ran, failed, or was cancelled before it started. So a result of any size can live in arg. The pool's own reference
 * counts: to a task that was cancelled in the queue it is held until a worker comes to it, or until half of the queue is such
 * tasks. A drop that lets go of other
 * futures has theirs called after it has returned, not from within it.
 * @param future a task's future, borrowed
 * @param drop what frees the argument, for example free(); called on the thread that lets go last; may not wait
 * @return 0. EINVAL: NULL, or a promise (it has no argument). EALREADY: it has been given before. ESHUTDOWN: see above
 */
BIDE_API int bide_future_own(bide_future *future, void (*drop)(void *arg));

/**
 * Have a function called when a future has ended. Callbacks run after all waiters were woken, in the order in which
 * they were registered, on the thread that settles the future, outside all locks of bide; one registered after the end
 * runs at once, in the caller. That thread may be one that cancels while it holds locks of its own. What a callback
 * settles has its callbacks called after this one has returned, not from within it.
 *
 * A callback is no task: bide_current_pool() is NULL in it, bide_cancelled() false, and a call that would have to wait
 * returns EDEADLK.
 * @param future the future, borrowed; alive in the callback
 * @param fn the callback
 * @param ctx handed to it; the caller's
 * @return 0: it has run or will run, once. ENOMEM: not registered. EINVAL: NULL. ESHUTDOWN: see above
 */
BIDE_API int bide_future_on_done(bide_future *future, void (*fn)(bide_future *future, void *ctx), void *ctx);

/**
 * Have a task submitted when a future has ended, in whatever way: a continuation. Its function is handed that future, and
 * tells a value from a failure or a cancel itself. The task is one like any other, but that it waits for no room in a pool
 * with max_pending; in a pool that is closed when its turn comes, or gone, it fails with ESHUTDOWN. Cancelled before its turn
 * it never runs. Draining the pool, and destroying it, waits for it from its turn on.
 *
 * To wait for `next` is to wait for `future` too: in a pool with #BIDE_HOLD it is not run in place before its turn, nor `future`
 * for it, so let a task of that pool wait for `future` first, or for both in one call.
 * @param future the future, borrowed
 * @param pool where the task runs
 * @param fn the task; `done` is the future, borrowed; see #bide_task_fn for the rest
 * @param arg handed to it; the caller's, until the task has ended. bide_future_own() of `next` gives EALREADY: let a
 *        callback of `next` see to it
 * @param[out] next a reference to the task's future, on return 0
 * @return 0. ENOMEM. EINVAL: NULL. ESHUTDOWN: the pool was inherited by fork(), or the future was and has not ended
 */
BIDE_API int bide_future_then(bide_future *future, bide_pool *pool,
                              int (*fn)(bide_future *done, void *arg, bide_value *result), void *arg,
                              bide_future **next);

/**
 * Take one more reference.
 * @param future the future, borrowed
 */
BIDE_API void bide_future_retain(bide_future *future);

/**
 * Hand a reference back. The last one of a promise that is not settled cancels it first.
 * @param future the future; NULL: nothing is done
 */
BIDE_API void bide_future_release(bide_future *future);

/**
 * Make a promise: a future that somebody settles by hand. It belongs to no pool.
 * @param[out] promise a reference, on return 0
 * @return 0. ENOMEM. EINVAL: NULL
 */
BIDE_API int bide_promise_create(bide_future **promise);

/**
 * Settle a promise with a value.
 * @param promise the promise, borrowed
 * @param value its value
 * @return 0: it is done. EALREADY: it was settled, or cancelled, before. EINVAL: NULL, or a task's own future
 */
BIDE_API int bide_promise_resolve(bide_future *promise, bide_value value);

/**
 * Settle a promise with an error.
 * @param promise the promise, borrowed
 * @param error any number but 0
 * @return 0: it has failed. EALREADY: it was settled, or cancelled, before. EINVAL: NULL, error 0, or a task's own future
 */
BIDE_API int bide_promise_fail(bide_future *promise, int error);

#ifdef __cplusplus
}
#endif

#endif
