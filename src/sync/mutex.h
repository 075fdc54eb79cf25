/* What a condition needs of a mutex. */
#ifndef SYNC_MUTEX_H
#define SYNC_MUTEX_H

#include "wait/strand.h"

#include <bide/mutex.h>

bool mutex_is_owned_by(bide_mutex *mutex, const struct strand *strand);

#endif
