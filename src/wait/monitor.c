#include "wait/monitor.h"

#include "base/inline.h"
#include "base/spin.h"

#include <errno.h>

static bool try_lock(struct monitor *monitor)
{
    word unlocked = 0;
    return cas_acquire(&monitor->locked, &unlocked, 1);
}

static APART void lock_when_free(struct monitor *monitor)
{
    unsigned tries = 0;
    do {
        while (load_relaxed(&monitor->locked))
            spin_wait(&tries);
    } while (!try_lock(monitor));
}

void monitor_lock(struct monitor *monitor)
{
    if (!try_lock(monitor))
        lock_when_free(monitor);
}

void monitor_unlock(struct monitor *monitor)
{
    store_release(&monitor->locked, 0);
}

int monitor_wait_keeping_stop(struct monitor *monitor, struct list *condition, struct waiter *waiter,
                              bide_time deadline, word reasons)
{
    struct strand *self = waiter->strand;
    monitor_unlock(monitor);
    word ended = strand_park(self, reasons | FIRED, deadline);
    monitor_lock(monitor);
    if (!(ended & FIRED) && link_is_listed(&waiter->link)) {
        list_remove(condition, &waiter->link);
    } else if (!(ended & FIRED)) {
        monitor_unlock(monitor);
        strand_await_fire(self);
        ended = FIRED;
        monitor_lock(monitor);
    }
    return strand_end_wait_keeping_stop(self, ended);
}

APART int monitor_wait_listed(struct monitor *monitor, struct list *condition, struct waiter *waiter,
                              bide_time deadline, word reasons)
{
    int error = monitor_wait_keeping_stop(monitor, condition, waiter, deadline, reasons);
    if (error == ECANCELED)
        strand_deliver_stop(waiter->strand);
    return error;
}

int monitor_wait(struct monitor *monitor, struct list *condition, bide_time deadline, word reasons)
{
    struct waiter waiter;
    waiter_init(&waiter, strand_current());
    list_append(condition, &waiter.link);
    return monitor_wait_listed(monitor, condition, &waiter, deadline, reasons);
}

int monitor_wait_until(struct monitor *monitor, struct list *condition, bide_time deadline)
{
    if (deadline == BIDE_NOW)
        return strand_poll(strand_current());
    return strand_may_wait() ? monitor_wait(monitor, condition, deadline, STOP | LATE) : EDEADLK;
}

APART int monitor_leave(struct monitor *monitor, int error, bide_time deadline)
{
    monitor_unlock(monitor);
    if (!error && deadline != BIDE_NOW)
        strand_pass();
    return error;
}
