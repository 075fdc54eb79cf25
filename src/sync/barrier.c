#include "wait/monitor.h"

#include <bide/barrier.h>

#include <errno.h>

/* A monitor guards all of it. A round ends when the last has arrived, or never: then the barrier is broken, and there is no
 * next one. So a waiter that was fired knows by the count of rounds which of the two it was, however late it looks. */
struct barrier {
    struct monitor monitor;
    struct list waiters;
    size_t parties;
    size_t missing; /* of this round */
    size_t rounds;  /* that were complete */
    bool broken;
} __attribute__((may_alias));

_Static_assert(sizeof(struct barrier) <= sizeof(bide_barrier), "it fits what users allocate");

static struct barrier *opened_barrier(bide_barrier *barrier)
{
    return (struct barrier *)barrier->opaque;
}

int bide_barrier_init(bide_barrier *opaque, size_t n)
{
    if (!opaque || !n)
        return EINVAL;
    struct barrier *barrier = opened_barrier(opaque);
    *barrier = (struct barrier){.parties = n, .missing = n};
    word_init(&barrier->monitor.locked, 0);
    return 0;
}

/* Under the monitor. */
static int await_others(struct barrier *barrier, bide_time deadline)
{
    if (deadline == BIDE_NOW)
        return strand_poll(strand_current());
    return strand_may_wait() ? monitor_wait(&barrier->monitor, &barrier->waiters, deadline, STOP | LATE) : EDEADLK;
}

/* Under the monitor: one that gives up is still listed, so its round cannot be complete. */
static int await_round(struct barrier *barrier, bide_time deadline)
{
    size_t round = barrier->rounds;
    barrier->missing--;
    int error = await_others(barrier, deadline);
    if (error == EDEADLK)
        barrier->missing++;
    else if (error)
        barrier->broken = true;
    else if (barrier->rounds == round)
        error = ECONNABORTED;
    return error;
}

/* Under the monitor. */
static int arrive_at(struct barrier *barrier, bide_time deadline, bool *is_last)
{
    if (barrier->broken)
        return ECONNABORTED;
    *is_last = barrier->missing == 1;
    if (!*is_last)
        return await_round(barrier, deadline);
    barrier->missing = barrier->parties;
    barrier->rounds++;
    return 0;
}

int bide_barrier_wait(bide_barrier *opaque, bide_time deadline, bool *serial)
{
    struct barrier *barrier = opaque ? opened_barrier(opaque) : NULL;
    struct link *others = NULL;
    bool is_last = false;
    if (!barrier || !barrier->parties)
        return EINVAL;
    monitor_lock(&barrier->monitor);
    int error = arrive_at(barrier, deadline, &is_last);
    if (is_last || barrier->broken)
        others = list_take_all(&barrier->waiters);
    monitor_unlock(&barrier->monitor);
    waiters_fire(others);
    if (!error && serial)
        *serial = is_last;
    return error;
}
