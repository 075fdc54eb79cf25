#include "sync/mutex.h"
#include "wait/monitor.h"

#include <bide/cond.h>

#include <errno.h>

/* A monitor guards the list of waiters: first in, first fired. */
struct cond {
    struct monitor monitor;
    struct list waiters;
} __attribute__((may_alias));

_Static_assert(sizeof(struct cond) <= sizeof(bide_cond), "it fits what users allocate");

static struct cond *opened_cond(bide_cond *cond)
{
    return (struct cond *)cond->opaque;
}

/* Listed before the mutex is unlocked: from then on every signal finds it. */
static int unlock_and_wait(struct cond *cond, bide_mutex *mutex, struct strand *self, bide_time deadline)
{
    struct waiter waiter;
    waiter_init(&waiter, self);
    monitor_lock(&cond->monitor);
    list_append(&cond->waiters, &waiter.link);
    monitor_unlock(&cond->monitor);
    bide_mutex_unlock(mutex);
    return monitor_await_fire(&cond->monitor, &cond->waiters, &waiter, deadline);
}

int bide_cond_wait(bide_cond *cond, bide_mutex *mutex, bide_time deadline)
{
    if (!cond || !mutex)
        return EINVAL;
    struct strand *self = strand_current();
    if (!mutex_is_owned_by(mutex, self))
        return EPERM;
    if (!strand_may_wait())
        return EDEADLK;
    int error = unlock_and_wait(opened_cond(cond), mutex, self, deadline);
    bide_mutex_lock(mutex);
    return error;
}

static int wake(bide_cond *opaque, struct link *(*take)(struct list *))
{
    if (!opaque)
        return EINVAL;
    struct cond *cond = opened_cond(opaque);
    monitor_lock(&cond->monitor);
    struct link *chain = take(&cond->waiters);
    monitor_unlock(&cond->monitor);
    waiters_fire(chain);
    return 0;
}

int bide_cond_signal(bide_cond *cond)
{
    return wake(cond, list_take_first);
}

int bide_cond_broadcast(bide_cond *cond)
{
    return wake(cond, list_take_all);
}
