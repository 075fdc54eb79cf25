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

/* Under the monitor, which it may let go of: the park has ended without a fire. One may be on its way, and wins. */
static APART word give_up(struct monitor *monitor, struct list *condition, struct waiter *waiter, word ended)
{
    if (link_is_listed(&waiter->link)) {
        list_remove(condition, &waiter->link);
        return ended;
    }
    monitor_unlock(monitor);
    strand_await_fire(waiter->strand);
    monitor_lock(monitor);
    return FIRED;
}

int monitor_wait_keeping_stop(struct monitor *monitor, struct list *condition, struct waiter *waiter,
                              bide_time deadline, word reasons)
{
    monitor_unlock(monitor);
    word ended = strand_park(waiter->strand, reasons | FIRED, deadline);
    monitor_lock(monitor);
    if (!(ended & FIRED))
        ended = give_up(monitor, condition, waiter, ended);
    return strand_end_wait_keeping_stop(waiter->strand, ended);
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

APART int monitor_await_fire(struct monitor *monitor, struct list *condition, struct waiter *waiter, bide_time deadline)
{
    word ended = strand_park(waiter->strand, STOP | LATE | FIRED, deadline);
    if (!(ended & FIRED)) {
        monitor_lock(monitor);
        ended = give_up(monitor, condition, waiter, ended);
        monitor_unlock(monitor);
    }
    return strand_end_wait(waiter->strand, ended);
}

static int leave_at_once(struct monitor *monitor, bool ready, bide_time deadline)
{
    monitor_unlock(monitor);
    if (deadline == BIDE_NOW)
        return ready ? 0 : strand_poll(strand_current());
    if (!ready)
        return EDEADLK;
    strand_pass();
    return 0;
}

APART int monitor_finish(struct monitor *monitor, struct list *condition, bool ready, bide_time deadline)
{
    if (ready || deadline == BIDE_NOW || !strand_may_wait())
        return leave_at_once(monitor, ready, deadline);
    struct waiter waiter;
    waiter_init(&waiter, strand_current());
    list_append(condition, &waiter.link);
    monitor_unlock(monitor);
    return monitor_await_fire(monitor, condition, &waiter, deadline);
}
