#include "base/clock.h"

bide_time clock_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (bide_time)now.tv_sec * 1000000000 + now.tv_nsec;
}
