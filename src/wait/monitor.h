/* Monitors: a short lock, and conditions to wait for under it. The lock is held for a few lines, never across a wait, a fire
 * or a call of what a user wrote; a condition is a list of waiters.
 *
 *     monitor_lock(m);
 *     while (!ready && !error)
 *         error = monitor_wait(m, &condition, deadline, STOP | LATE);
 *     ...
 *     chain = list_take_all(&condition);        who makes it ready
 *     monitor_unlock(m);
 *     waiters_fire(chain);
 *
 * The order of locks: a monitor, then the LOCK of a future that has not started; the LOCK of a running one, then the monitor
 * of its pool. Never two monitors.
 *
 * All zero is an unlocked monitor and an empty condition. */
#ifndef WAIT_MONITOR_H
#define WAIT_MONITOR_H

#include "wait/strand.h"

struct monitor {
    atomic_word locked;
};

void monitor_lock(struct monitor *monitor);

/* The last touch of the monitor: who locks it next may free it. */
void monitor_unlock(struct monitor *monitor);

/* Unlock, wait to be fired, lock again. 0: fired, which wins ties. ECANCELED, ETIMEDOUT: as far as `reasons` has STOP and
 * LATE; the waiter is not listed any more. The deadline counts only with LATE. */
int monitor_wait(struct monitor *monitor, struct list *condition, bide_time deadline, word reasons);

/* The same for a waiter that the caller made, with waiter_init(), and listed where it wanted. */
int monitor_wait_listed(struct monitor *monitor, struct list *condition, struct waiter *waiter, bide_time deadline,
                        word reasons);

#endif
