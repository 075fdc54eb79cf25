#include <bide/base.h>

#include "base/clock.h"

#define NANOSECONDS 1e9
#define TEXT(number) #number
#define DOTTED(major, minor, patch) TEXT(major) "." TEXT(minor) "." TEXT(patch)

_Static_assert(sizeof(bide_value) == 8, "a value is eight bytes");

bide_time bide_clock(void)
{
    return clock_now();
}

bide_time clock_after(bide_time start, double seconds)
{
    double nanoseconds = seconds * NANOSECONDS;
    if (nanoseconds >= (double)(BIDE_FOREVER - start))
        return BIDE_FOREVER;
    bide_time whole = (bide_time)nanoseconds;
    return start + whole + ((double)whole < nanoseconds);
}

bide_time bide_in(double seconds)
{
    return seconds >= 0 ? clock_after(clock_now(), seconds) : BIDE_NOW;
}

const char *bide_version(void)
{
    return DOTTED(BIDE_VERSION_MAJOR, BIDE_VERSION_MINOR, BIDE_VERSION_PATCH);
}
