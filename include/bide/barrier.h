/**
 * @file
 * A barrier: a number of parties, tasks and plain threads alike, wait until all have arrived, round after round;
 * threading.Barrier and asyncio.Barrier.
 *
 *     bide_barrier barrier;
 *     bide_barrier_init(&barrier, 4);                      nothing to destroy
 *     if (bide_barrier_wait(&barrier, BIDE_FOREVER, &serial) == 0 && serial)
 *         ...                                              one of the four does this
 *
 * What the parties did before they arrived is seen by all who return 0. A party that gives up, late or asked to stop, breaks
 * the barrier: it returns that reason, and all others, those that wait and those that come later, ECONNABORTED at once. A
 * round that is complete in the same instant stays complete: all its parties return 0. Broken, a barrier remains
 * so until it is made again. It must not move, end or be made again while anybody is in a call on it: that one party has
 * returned does not mean that all have. After fork() the child has a copy, to be used if nobody was in a call then. In a pool
 * with #BIDE_HOLD a waiting task keeps its worker: more parties than workers wait for ever. Any thread, any task.
 */
#ifndef BIDE_BARRIER_H
#define BIDE_BARRIER_H

#include <bide/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A barrier. */
typedef struct bide_barrier {
    uintptr_t opaque[6]; /**< Not yours. */
} bide_barrier;

/**
 * Make a barrier, or make a broken one whole again.
 * @param[out] barrier the barrier
 * @param n how many parties make a round
 * @return 0. EINVAL: NULL, or n is 0
 */
BIDE_API int bide_barrier_init(bide_barrier *barrier, size_t n);

/**
 * Arrive, and wait for the others of the round.
 * @param barrier the barrier
 * @param deadline when to give up, which breaks it; #BIDE_NOW: at once, unless all others have arrived
 * @param[out] serial on return 0: true for exactly one of the round; NULL: not wanted
 * @return 0. ECONNABORTED: it is broken. ETIMEDOUT. ECANCELED: the calling task was asked to stop. EDEADLK: it would
 *         have to wait in a callback, and has not arrived. EINVAL: NULL, or all zero
 */
BIDE_API int bide_barrier_wait(bide_barrier *barrier, bide_time deadline, bool *serial);

#ifdef __cplusplus
}
#endif

#endif
