/**
 * @file
 * Waiting for several futures at once: asyncio.wait() and asyncio.gather().
 *
 *     bide_future *futures[n];
 *     bide_value values[n];
 *     ...
 *     error = bide_gather(futures, n, values, NULL);           all values, or the first error
 *
 *     error = bide_wait_many(futures, n, BIDE_FIRST_ENDED, bide_in(0.5), &which);
 *
 * Futures of any pools, and promises, mix; the same one may be given more than once. They are borrowed, and so is the array;
 * neither function cancels anything: what has not ended goes on. Any task or plain thread may call them.
 *
 * Both may be called by a task for tasks of its own pool: that cannot deadlock it. In a pool with #BIDE_HOLD and with
 * #BIDE_FOREVER those that have not started are run in place, one after the other, until what is waited for is there;
 * continuations among them after what they follow, in whatever order they are given.
 */
#ifndef BIDE_GATHER_H
#define BIDE_GATHER_H

#include <bide/base.h>
#include <bide/future.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What to wait for. */
enum bide_when {
    BIDE_ALL,         /**< Until all have ended. */
    BIDE_FIRST_ENDED, /**< Until one has ended, in whatever way. */
    BIDE_FIRST_FAILED /**< Until one has failed, or all have ended; a cancelled one has not failed. */
};

/**
 * Wait for several futures: asyncio.wait(). Ready wins ties.
 * @param futures the futures, borrowed
 * @param n how many; 0: nothing is waited for
 * @param when what to wait for
 * @param deadline when to give up
 * @param[out] which on return 0: the index of the one that met it, the lowest of those that had when the call began, else the
 *             first to do so; n: none, as with #BIDE_ALL; NULL: not wanted
 * @return 0. ETIMEDOUT. ECANCELED: the calling task was asked to stop. ENOMEM: not with #BIDE_ALL, nor up to eight futures.
 *         EDEADLK: one that has not ended is the calling task, or the call is in a callback, or, with #BIDE_HOLD, one is a task
 *         on whose stack the caller runs, or there is less than a quarter of the stack left and one has not started.
 *         ESHUTDOWN: one that has not ended was inherited by fork(). EINVAL: NULL futures, or a `when` that is none of these
 */
BIDE_API int bide_wait_many(bide_future *const futures[], size_t n, enum bide_when when, bide_time deadline,
                            size_t *which);

/**
 * Wait for several futures and read their values, in the order in which they are given. A cancelled future counts as one that
 * failed with ECANCELED.
 *
 * Without `errors` the first one to fail ends the wait, at once: asyncio.gather(). With `errors` all are awaited, and no
 * failure is an error of the call: asyncio.gather(return_exceptions=True).
 * @param futures the futures, borrowed
 * @param n how many; 0: nothing is done
 * @param[out] values on return 0: the value of each that is done; others are not written; NULL: not wanted
 * @param[out] errors on return 0: for each 0, or as bide_future_result(); NULL: the first failure is returned instead
 * @return 0. Without `errors`: that of the first that failed. ECANCELED: the calling task was asked to stop. ENOMEM (only
 *         without `errors`), EDEADLK, ESHUTDOWN, EINVAL: as bide_wait_many()
 */
BIDE_API int bide_gather(bide_future *const futures[], size_t n, bide_value values[], int errors[]);

#ifdef __cplusplus
}
#endif

#endif
