/* Tasks that check their place in an order. The count is plain: they run on one worker. */
#ifndef SUPPORT_PLACES_H
#define SUPPORT_PLACES_H

#include "support/check.h"

#include <bide/bide.h>

struct place {
    unsigned *count, expected;
};

static inline int count_place(void *arg, bide_value *result)
{
    struct place *place = arg;
    (void)result;
    CHECK_EQUAL((*place->count)++, place->expected);
    return 0;
}

#endif
