/**
 * @file
 * A condition to wait for under a bide_mutex, for tasks and plain threads alike.
 *
 *     static bide_cond changed;                            all zero is empty; nothing to destroy
 *     bide_mutex_lock(&mutex);
 *     while (!ready && !error)
 *         error = bide_cond_wait(&changed, &mutex, deadline);
 *     bide_mutex_unlock(&mutex);
 *
 * A signal goes to the one that has waited longest, and is not lost if that one was asked to stop, or late, in the same
 * instant: it then returns 0. All who wait at one time use the same mutex. A condition must not move or end while it is
 * waited for. Any thread, any task.
 */
#ifndef BIDE_COND_H
#define BIDE_COND_H

#include <bide/base.h>
#include <bide/mutex.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A condition; zero-initialise it. */
typedef struct bide_cond {
    uintptr_t opaque[4]; /**< Not yours. */
} bide_cond;

/**
 * Unlock the mutex and wait to be signalled, in one step; then lock it again, which is not interrupted.
 * @param cond the condition
 * @param mutex a mutex the caller has locked; locked again on every return but EINVAL, EPERM and EDEADLK, which leave
 *        it alone
 * @param deadline when to give up
 * @return 0: signalled; look again at what you wait for. ETIMEDOUT. ECANCELED: the calling task was asked to stop.
 *         EPERM: the caller has not locked the mutex. EDEADLK: in a callback. EINVAL: NULL
 */
BIDE_API int bide_cond_wait(bide_cond *cond, bide_mutex *mutex, bide_time deadline);

/**
 * Wake the one that has waited longest, if any waits.
 * @param cond the condition
 * @return 0. EINVAL: NULL
 */
BIDE_API int bide_cond_signal(bide_cond *cond);

/**
 * Wake all that wait now.
 * @param cond the condition
 * @return 0. EINVAL: NULL
 */
BIDE_API int bide_cond_broadcast(bide_cond *cond);

#ifdef __cplusplus
}
#endif

#endif
