#include "wait/monitor.h"

#include <bide/event.h>

#include <errno.h>

/* A monitor guards the list of waiters. The event is set under it: so who finds it set under it may free it, because who sets
 * it has done with it. A waiter that was fired does not look again: the event was set, whatever it is now.
 *
 * Who clears takes over what was done before the event was set, and has cleared it before looking at anything: so one that
 * clears, looks and waits either sees what it was set for, or finds it set. */
struct event {
    struct monitor monitor;
    struct list waiters;
    atomic_word is_set;
} __attribute__((may_alias));

_Static_assert(sizeof(struct event) <= sizeof(bide_event), "it fits what users allocate");

static struct event *opened_event(bide_event *event)
{
    return (struct event *)event->opaque;
}

int bide_event_set(bide_event *opaque)
{
    if (!opaque)
        return EINVAL;
    struct event *event = opened_event(opaque);
    monitor_lock(&event->monitor);
    store_release(&event->is_set, true);
    struct link *chain = list_take_all(&event->waiters);
    monitor_unlock(&event->monitor);
    waiters_fire(chain);
    return 0;
}

int bide_event_clear(bide_event *event)
{
    if (!event)
        return EINVAL;
    exchange_seq(&opened_event(event)->is_set, false);
    return 0;
}

int bide_event_wait(bide_event *opaque, bide_time deadline)
{
    if (!opaque)
        return EINVAL;
    struct event *event = opened_event(opaque);
    monitor_lock(&event->monitor);
    return monitor_finish(&event->monitor, &event->waiters, load_relaxed(&event->is_set), deadline);
}

bool bide_event_is_set(const bide_event *event)
{
    return event && load_acquire(&((const struct event *)event->opaque)->is_set);
}
