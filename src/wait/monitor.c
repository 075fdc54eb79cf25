#include "wait/monitor.h"

#include "base/spin.h"

void monitor_lock(struct monitor *monitor)
{
    unsigned tries = 0;
    word unlocked = 0;
    while (!cas_acquire(&monitor->locked, &unlocked, 1)) {
        while (load_relaxed(&monitor->locked))
            spin_wait(&tries);
        unlocked = 0;
    }
}

void monitor_unlock(struct monitor *monitor)
{
    store_release(&monitor->locked, 0);
}

int monitor_wait_listed(struct monitor *monitor, struct list *condition, struct waiter *waiter, bide_time deadline,
                        word reasons)
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
    return strand_end_wait(self, ended);
}

int monitor_wait(struct monitor *monitor, struct list *condition, bide_time deadline, word reasons)
{
    struct waiter waiter;
    waiter_init(&waiter, strand_current());
    list_append(condition, &waiter.link);
    return monitor_wait_listed(monitor, condition, &waiter, deadline, reasons);
}
