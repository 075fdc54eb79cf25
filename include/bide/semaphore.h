/**
 * @file
 * A semaphore: a number of permits, for tasks and plain threads alike; asyncio.Semaphore, and with max its BoundedSemaphore.
 *
 *     bide_semaphore connections;
 *     bide_semaphore_init(&connections, 10, 10);           nothing to destroy
 *     if (bide_semaphore_acquire(&connections, deadline) == 0) {
 *         ...                                              at most ten at once are here
 *         bide_semaphore_release(&connections);
 *     }
 *
 * Permits are handed out strictly first come, first served: a release gives its permit to the one that has waited longest,
 * and nobody takes it on the way. A permit given to one that was asked to stop, or late, in the same instant is not lost: that
 * one then returns 0 and has it. A permit belongs to nobody: any task or thread may release it. A semaphore must not
 * move or end while anybody is in a call on it, but the release whose permit the caller has got: that does not touch it
 * again. After fork() the child has a copy, to be used if nobody was in a call then. In a pool with #BIDE_HOLD a waiting task
 * keeps its worker: tasks that wait can keep out the one that would release. Any thread, any task.
 */
#ifndef BIDE_SEMAPHORE_H
#define BIDE_SEMAPHORE_H

#include <bide/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A semaphore; all zero is one without a bound that has no permit. */
typedef struct bide_semaphore {
    uintptr_t opaque[4]; /**< Not yours. */
} bide_semaphore;

/**
 * Make a semaphore, on memory that holds none in use.
 * @param[out] semaphore the semaphore
 * @param initial how many permits it begins with
 * @param max how many it may have at most, those not counted that are acquired; 0: SIZE_MAX / 2
 * @return 0. EINVAL: NULL, more initial than max, or either above SIZE_MAX / 2, as a negative number is
 */
BIDE_API int bide_semaphore_init(bide_semaphore *semaphore, size_t initial, size_t max);

/**
 * Take a permit, behind those that wait already.
 * @param semaphore the semaphore
 * @param deadline when to give up
 * @return 0. ETIMEDOUT. ECANCELED: the calling task was asked to stop. EDEADLK: it would have to wait in a callback.
 *         EINVAL: NULL
 */
BIDE_API int bide_semaphore_acquire(bide_semaphore *semaphore, bide_time deadline);

/**
 * Take a permit if there is one: never waits, and tells of no request to stop.
 * @param semaphore the semaphore
 * @return 0. EAGAIN: there is none. EINVAL: NULL
 */
BIDE_API int bide_semaphore_try(bide_semaphore *semaphore);

/**
 * Give a permit: to the one that has waited longest, or to the semaphore.
 * @param semaphore the semaphore
 * @return 0. EOVERFLOW: it has max already; nothing is done. EINVAL: NULL
 */
BIDE_API int bide_semaphore_release(bide_semaphore *semaphore);

#ifdef __cplusplus
}
#endif

#endif
