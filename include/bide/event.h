/**
 * @file
 * An event: set or not, for tasks and plain threads alike; asyncio.Event.
 *
 *     static bide_event started;                           all zero is unset; nothing to destroy
 *     bide_event_wait(&started, deadline);                 until somebody has called
 *     bide_event_set(&started);
 *
 * Setting wakes all who wait at that moment, even if the event is cleared at once, and also those who were asked to stop, or
 * late, in the same instant: they return 0. What was done before setting is seen by who returns 0. An event must not
 * move or end while anybody is in a call on it, but the set that has ended the caller's wait: that does not touch it again.
 * After fork() the child has a copy, to be used if nobody was in a call then. In a pool with #BIDE_HOLD a waiting task keeps
 * its worker: tasks that wait can keep out the one that would set. Any thread, any task.
 */
#ifndef BIDE_EVENT_H
#define BIDE_EVENT_H

#include <bide/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/** An event; zero-initialise it. */
typedef struct bide_event {
    uintptr_t opaque[4]; /**< Not yours. */
} bide_event;

/**
 * Set it, and wake all that wait. Set already, it stays so.
 * @param event the event
 * @return 0. EINVAL: NULL
 */
BIDE_API int bide_event_set(bide_event *event);

/**
 * Clear it: who comes from now on waits. What was done before it was set is seen by who clears it: so clearing, looking for
 * work, and waiting if there is none, misses no set that follows on work.
 * @param event the event
 * @return 0. EINVAL: NULL
 */
BIDE_API int bide_event_clear(bide_event *event);

/**
 * Wait until it is set.
 * @param event the event
 * @param deadline when to give up
 * @return 0: it was set; by now it may be cleared again. ETIMEDOUT. ECANCELED: the calling task was asked to stop.
 *         EDEADLK: it would have to wait in a callback. EINVAL: NULL
 */
BIDE_API int bide_event_wait(bide_event *event, bide_time deadline);

/**
 * Is it set? What was done before setting is then seen; but who sets it may still be at it: to free it, wait for it.
 * @param event the event
 * @return whether it is; false: NULL
 */
BIDE_API bool bide_event_is_set(const bide_event *event);

#ifdef __cplusplus
}
#endif

#endif
