#include "wait/monitor.h"

#include <bide/semaphore.h>

#include <errno.h>

#define MOST (SIZE_MAX / 2)

/* A monitor guards the permits and the list of waiters. Nobody waits while there are permits: a release hands its own to the
 * first waiter, and the fire is the permit. So one that gave up in that instant has it, because ready wins ties. */
struct semaphore {
    struct monitor monitor;
    struct list waiters;
    size_t permits;
    size_t max; /* 0: MOST */
} __attribute__((may_alias));

_Static_assert(sizeof(struct semaphore) <= sizeof(bide_semaphore), "it fits what users allocate");

static struct semaphore *opened_semaphore(bide_semaphore *semaphore)
{
    return (struct semaphore *)semaphore->opaque;
}

int bide_semaphore_init(bide_semaphore *opaque, size_t initial, size_t max)
{
    if (!opaque || max > MOST || initial > (max ? max : MOST))
        return EINVAL;
    struct semaphore *semaphore = opened_semaphore(opaque);
    *semaphore = (struct semaphore){.permits = initial, .max = max};
    word_init(&semaphore->monitor.locked, 0);
    return 0;
}

/* Under the monitor. */
static bool take_permit(struct semaphore *semaphore)
{
    bool taken = semaphore->permits > 0;
    semaphore->permits -= taken;
    return taken;
}

int bide_semaphore_acquire(bide_semaphore *opaque, bide_time deadline)
{
    if (!opaque)
        return EINVAL;
    struct semaphore *semaphore = opened_semaphore(opaque);
    monitor_lock(&semaphore->monitor);
    return monitor_finish(&semaphore->monitor, &semaphore->waiters, take_permit(semaphore), deadline);
}

int bide_semaphore_try(bide_semaphore *opaque)
{
    if (!opaque)
        return EINVAL;
    struct semaphore *semaphore = opened_semaphore(opaque);
    monitor_lock(&semaphore->monitor);
    bool taken = take_permit(semaphore);
    monitor_unlock(&semaphore->monitor);
    return taken ? 0 : EAGAIN;
}

/* Under the monitor. */
static int put_permit(struct semaphore *semaphore)
{
    if (semaphore->permits == (semaphore->max ? semaphore->max : MOST))
        return EOVERFLOW;
    semaphore->permits++;
    return 0;
}

int bide_semaphore_release(bide_semaphore *opaque)
{
    if (!opaque)
        return EINVAL;
    struct semaphore *semaphore = opened_semaphore(opaque);
    monitor_lock(&semaphore->monitor);
    struct link *first = list_take_first(&semaphore->waiters);
    int error = first ? 0 : put_permit(semaphore);
    monitor_unlock(&semaphore->monitor);
    waiters_fire(first);
    return error;
}
