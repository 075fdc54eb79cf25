#include "base/memory.h"
#include "run/pool.h"

#include <bide/poll.h>

#include <errno.h>

/* A task never changes thread, so nobody but its own worker can make use of a descriptor that it waits for: each worker has a
 * lookout of its own, and all of this is one thread's affair.
 *
 *   D1 look    poll(2), without waiting: if something is ready, that is the answer. Nothing else ever writes revents
 *   D2 enlist  a waiter for each descriptor in the worker's lookout (O1)
 *   D3 park    the worker goes on. While it has other turns it looks out now and then, and when it has none it sleeps there (O2);
 *              what it has seen it takes, and fires (O3). A worker that keeps its task sleeps there for it
 *   D4 unlist  those that were not taken. Who fires is this same thread, so none of them is on its way
 *   D5 look    as in D1, however the park has ended; if nothing is ready, and it has ended because of a descriptor, D2
 *
 * What gets ready after D1 is seen by O1 or O2; what has been seen is taken before the worker sleeps again. The worker sleeps
 * in the lookout only while something is listed there, and only its own tasks, which are parked then, could list more. So no
 * wake-up is lost, and there is nothing to hand on when a worker leaves its sleep. Whoever wakes it, for work or for a task
 * that was asked to stop, lights the beacon (O4), as it would wake a futex. */
struct poller {
    struct strand *self;
    struct lookout *lookout;
    struct pollfd *fds;
    struct waiter *waiters; /* one for each of those */
    nfds_t n;
    bide_time deadline;
};

#define POLLED_ON_STACK 8

int worker_open_lookout(struct worker *self)
{
    int error = self->lookout ? 0 : lookout_create(&self->lookout);
    if (!self->pool->runner.holds)
        self->fibers.lookout = self->lookout;
    return error;
}

/* ETIMEDOUT: nothing is ready by then. */
static int look_until(struct pollfd *fds, nfds_t n, bide_time deadline, int *ready)
{
    int found = poll_until(fds, n, deadline);
    if (found > 0 && ready)
        *ready = found;
    return found > 0 ? 0 : found == 0 ? ETIMEDOUT : -found;
}

/* D2. EBADF, or another error: not all of them. */
static int enlist_polled(struct poller *poller)
{
    int error = 0;
    for (nfds_t i = 0; i < poller->n && !error; i++)
        if (poller->fds[i].fd >= 0)
            error = lookout_add(poller->lookout, poller->fds[i].fd, poller->fds[i].events, &poller->waiters[i].link);
    return error;
}

/* D4. */
static void unlist_polled(struct poller *poller)
{
    for (nfds_t i = 0; i < poller->n; i++)
        lookout_remove(poller->lookout, poller->fds[i].fd, &poller->waiters[i].link);
}

/* D3. */
static word park_polling(struct poller *poller)
{
    struct strand *self = poller->self;
    if (!self->runner->holds)
        return strand_park(self, FIRED | STOP | LATE, poller->deadline);
    strand_sleep_at(poller->lookout);
    word ended = strand_park(self, FIRED | STOP | LATE, poller->deadline);
    strand_sleep_at(NULL);
    return lookout_take(poller->lookout) ? ended | FIRED : ended;
}

/* D2 to D4. 0: it is worth a look; ECANCELED, not delivered; ETIMEDOUT. */
static int await_polled(struct poller *poller)
{
    for (nfds_t i = 0; i < poller->n; i++)
        waiter_init(&poller->waiters[i], poller->self);
    int error = enlist_polled(poller);
    if (!error)
        error = strand_end_wait_keeping_stop(poller->self, park_polling(poller));
    unlist_polled(poller);
    return error == EBADF ? 0 : error;
}

static int poll_parking(struct poller *poller, int *ready)
{
    int ended, found;
    do {
        ended = await_polled(poller);
        found = look_until(poller->fds, poller->n, BIDE_NOW, ready);
    } while (!ended && found == ETIMEDOUT);
    if (found != ETIMEDOUT)
        return found;
    if (ended == ECANCELED)
        strand_deliver_stop(poller->self);
    return ended;
}

/* As many waiters as there are descriptors. */
static int poll_at(struct lookout *lookout, struct pollfd *fds, nfds_t n, bide_time deadline, int *ready)
{
    struct waiter few[POLLED_ON_STACK];
    struct waiter *waiters = n <= POLLED_ON_STACK ? few : memory_alloc(n * sizeof *waiters);
    if (!waiters)
        return ENOMEM;
    struct poller poller = {strand_current(), lookout, fds, waiters, n, deadline};
    int error = poll_parking(&poller, ready);
    if (waiters != few)
        memory_free(waiters);
    return error;
}

static int poll_in_task(struct pollfd *fds, nfds_t n, bide_time deadline, int *ready)
{
    struct worker *worker = worker_current();
    if (pool_is_inherited(worker->pool))
        return ESHUTDOWN;
    int error = worker_open_lookout(worker);
    return error ? error : poll_at(worker->lookout, fds, n, deadline, ready);
}

int bide_poll(struct pollfd *fds, nfds_t n, bide_time deadline, int *ready)
{
    if (!fds && n)
        return EINVAL;
    struct strand *self = strand_current();
    int error = look_until(fds, n, BIDE_NOW, ready);
    if (!error && deadline != BIDE_NOW)
        strand_pass();
    if (error != ETIMEDOUT)
        return error;
    if (deadline == BIDE_NOW)
        return strand_poll(self);
    if (!strand_may_wait())
        return EDEADLK;
    return self->future ? poll_in_task(fds, n, deadline, ready) : look_until(fds, n, deadline, ready);
}
