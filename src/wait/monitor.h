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
 * The order of locks: the monitor of who waits for futures, then the LOCK of a future; the LOCK of one that runs, then the
 * monitor of its pool. Never two monitors.
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

/* As monitor_wait_listed() with STOP and LATE, but unlocked before and after: for who needs nothing but the fire. */
int monitor_await_fire(struct monitor *monitor, struct list *condition, struct waiter *waiter, bide_time deadline);

/* The end of a call that waits unless it is ready: unlock, and if need be wait to be fired, or with BIDE_NOW have a look.
 * EDEADLK: it must not wait here. A task that finds everything ready lets others run now and then. The error. */
int monitor_finish(struct monitor *monitor, struct list *condition, bool ready, bide_time deadline);

/* The same as monitor_wait_listed(), but ECANCELED is not delivered: what comes of the wait may still turn out to be ready. */
int monitor_wait_keeping_stop(struct monitor *monitor, struct list *condition, struct waiter *waiter,
                              bide_time deadline, word reasons);

#endif
