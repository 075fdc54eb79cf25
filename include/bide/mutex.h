/**
 * @file
 * A mutex that may be held across a wait, by tasks and plain threads alike. Its owner is the task, not the thread.
 *
 *     static bide_mutex mutex;                             all zero is unlocked; nothing to destroy
 *     bide_mutex_lock(&mutex);
 *     ...
 *     bide_mutex_unlock(&mutex);
 *
 * A running strand may take a free mutex ahead of those that wait; a waiter that has lost such a race, or has waited a
 * millisecond, is handed the mutex at the next unlock, so nobody starves. A mutex must not move or end while it is
 * locked or waited for. Any thread, any task.
 */
#ifndef BIDE_MUTEX_H
#define BIDE_MUTEX_H

#include <bide/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A mutex; zero-initialise it. */
typedef struct bide_mutex {
    uintptr_t opaque[4]; /**< Not yours. */
} bide_mutex;

/**
 * Lock. Not interrupted: a request to stop the calling task is kept for its next wait.
 * @param mutex the mutex
 * @return 0. EDEADLK: the caller holds it, or a task that runs the caller in place, or it would have to wait in a callback.
 *         EINVAL: NULL
 */
BIDE_API int bide_mutex_lock(bide_mutex *mutex);

/**
 * Lock, waiting until a deadline.
 * @param mutex the mutex
 * @param deadline when to give up
 * @return 0. ETIMEDOUT. ECANCELED: the calling task was asked to stop. EDEADLK, EINVAL: as bide_mutex_lock()
 */
BIDE_API int bide_mutex_lock_until(bide_mutex *mutex, bide_time deadline);

/**
 * Lock if nobody holds it: never waits.
 * @param mutex the mutex
 * @return 0. EBUSY: it is locked. EDEADLK: by the caller. EINVAL: NULL
 */
BIDE_API int bide_mutex_try(bide_mutex *mutex);

/**
 * Unlock.
 * @param mutex the mutex, locked by the caller
 * @return 0. EPERM: it is not locked, or by another. EINVAL: NULL
 */
BIDE_API int bide_mutex_unlock(bide_mutex *mutex);

#ifdef __cplusplus
}
#endif

#endif
