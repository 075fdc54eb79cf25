/* The clock: replace clock.c to bring another. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <bide/base.h>

#include <stdbool.h>
#include <time.h>

bide_time clock_now(void);

/* So many seconds after that, never less; they are not negative. */
bide_time clock_after(bide_time start, double seconds);

/* Is it at least a tenth of a millisecond away? Then there is time to look for something else before sleeping until then. */
static inline bool clock_is_far(bide_time when)
{
    return when == BIDE_FOREVER || when > clock_now() + 100000;
}

static inline struct timespec clock_timespec(bide_time time)
{
    bide_time seconds = time < 0 ? 0 : time / 1000000000;
    if (sizeof(time_t) < sizeof(bide_time) && seconds > INT32_MAX)
        seconds = INT32_MAX;
    return (struct timespec){.tv_sec = (time_t)seconds, .tv_nsec = time < 0 ? 0 : (long)(time % 1000000000)};
}

#endif
