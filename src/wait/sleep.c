#include "base/clock.h"
#include "wait/strand.h"

#include <bide/pool.h>

#include <errno.h>
#include <math.h>

static int thread_sleep(bide_time deadline)
{
    struct timespec until = clock_timespec(deadline);
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
        ;
    return 0;
}

int bide_sleep_until(bide_time when)
{
    if (when <= clock_now())
        return bide_yield();
    if (!strand_may_wait())
        return EDEADLK;
    struct strand *self = strand_current();
    if (!self->future)
        return thread_sleep(when);
    int error = strand_end_wait(self, strand_park(self, STOP | LATE, when));
    return error == ETIMEDOUT ? 0 : error;
}

int bide_sleep(double seconds)
{
    if (isnan(seconds))
        return EINVAL;
    if (seconds <= 0)
        return bide_yield();
    if (!strand_may_wait())
        return EDEADLK;
    return bide_sleep_until(bide_in(seconds));
}

int bide_yield(void)
{
    struct strand *self = strand_current();
    self->operations->yield(self);
    return strand_deliver_stop(self) ? ECANCELED : 0;
}
