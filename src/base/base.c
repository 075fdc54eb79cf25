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

bide_time bide_in(double seconds)
{
    if (!(seconds >= 0))
        return BIDE_NOW;
    bide_time now = clock_now();
    double nanoseconds = seconds * NANOSECONDS;
    if (nanoseconds >= (double)(BIDE_FOREVER - now))
        return BIDE_FOREVER;
    bide_time whole = (bide_time)nanoseconds;
    return now + whole + ((double)whole < nanoseconds);
}

const char *bide_version(void)
{
    return DOTTED(BIDE_VERSION_MAJOR, BIDE_VERSION_MINOR, BIDE_VERSION_PATCH);
}
