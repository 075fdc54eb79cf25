#include "sync/mutex.h"

#include "base/clock.h"
#include "wait/monitor.h"

#include <errno.h>

#define PATIENCE ((bide_time)1000000) /* nanoseconds a waiter may be overtaken */

/* A monitor guards the owner and the list of waiters.
 *
 *   L1 lock     nobody owns it: take it, ahead of those that wait
 *   L2 wait     else list a waiter and park
 *   L3 again    fired: made the owner by U1, or nobody owns it: take it. Else the race is lost: list in front, park again
 *   U1 unlock   detach the first waiter. If it has lost a race, or has waited too long: make it the owner; else nobody is
 *   U2 fire     that waiter, outside the monitor
 *
 * Handing over each time would make a convoy, because nobody runs with the mutex until the waiter does. A fire is not lost by
 * a waiter that gives up: it was fired, so it competes; if it loses, the winner's unlock fires the next. */
struct mutex {
    struct monitor monitor;
    struct list waiters;
    struct strand *owner;
} __attribute__((may_alias));

_Static_assert(sizeof(struct mutex) <= sizeof(bide_mutex), "it fits what users allocate");

struct mutex_waiter {
    struct waiter waiter;
    bide_time since;
    bool has_lost;
};

static struct mutex *opened(bide_mutex *mutex)
{
    return (struct mutex *)mutex->opaque;
}

/* Locked on entry and return. */
static int wait_to_own(struct mutex *mutex, struct strand *self, bide_time deadline, word reasons)
{
    struct mutex_waiter waiter = {.since = clock_now()};
    waiter_init(&waiter.waiter, self);
    list_append(&mutex->waiters, &waiter.waiter.link);
    for (;;) {
        int error = monitor_wait_listed(&mutex->monitor, &mutex->waiters, &waiter.waiter, deadline, reasons);
        if (error || mutex->owner == self)
            return error;
        if (!mutex->owner) {
            mutex->owner = self;
            return 0;
        }
        waiter.has_lost = true;
        list_prepend(&mutex->waiters, &waiter.waiter.link);
    }
}

/* In a callback it must not wait; above the owner, on the same stack, it would for ever. */
static bool must_not_wait(const struct mutex *mutex, const struct strand *self, bide_time deadline)
{
    return !strand_may_wait() || (deadline == BIDE_FOREVER && strand_stands_on(self, mutex->owner));
}

static int lock(bide_mutex *opaque, bide_time deadline, word reasons)
{
    if (!opaque)
        return EINVAL;
    struct mutex *mutex = opened(opaque);
    struct strand *self = strand_current();
    bool waits = deadline != BIDE_NOW;
    int error = 0;
    monitor_lock(&mutex->monitor);
    if (!mutex->owner)
        mutex->owner = self;
    else if (mutex->owner == self || (waits && must_not_wait(mutex, self, deadline)))
        error = EDEADLK;
    else if (!waits)
        error = EBUSY;
    else
        error = wait_to_own(mutex, self, deadline, reasons);
    monitor_unlock(&mutex->monitor);
    return error;
}

int bide_mutex_lock(bide_mutex *mutex)
{
    return lock(mutex, BIDE_FOREVER, 0);
}

int bide_mutex_lock_until(bide_mutex *mutex, bide_time deadline)
{
    int error = lock(mutex, deadline, STOP | LATE);
    return error == EBUSY ? strand_poll(strand_current()) : error;
}

int bide_mutex_try(bide_mutex *mutex)
{
    return lock(mutex, BIDE_NOW, 0);
}

/* Who owns the mutex once its owner lets go of it, with the first waiter detached: that one, or nobody yet. */
static struct strand *next_owner(struct link *first)
{
    struct mutex_waiter *waiter = LISTED_IN(struct mutex_waiter, waiter.link, first);
    return waiter->has_lost || clock_now() - waiter->since >= PATIENCE ? waiter->waiter.strand : NULL;
}

int bide_mutex_unlock(bide_mutex *opaque)
{
    if (!opaque)
        return EINVAL;
    struct mutex *mutex = opened(opaque);
    struct link *first = NULL;
    monitor_lock(&mutex->monitor);
    bool owned = mutex->owner == strand_current();
    if (owned) {
        first = list_take_first(&mutex->waiters);
        mutex->owner = first ? next_owner(first) : NULL;
    }
    monitor_unlock(&mutex->monitor);
    waiters_fire(first);
    return owned ? 0 : EPERM;
}

bool mutex_is_owned_by(bide_mutex *opaque, const struct strand *strand)
{
    struct mutex *mutex = opened(opaque);
    monitor_lock(&mutex->monitor);
    bool owned = mutex->owner == strand;
    monitor_unlock(&mutex->monitor);
    return owned;
}
