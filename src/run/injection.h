/* Where threads from outside hand in futures without a lock: a stack that is only ever emptied whole, so no node can come
 * back to its head while somebody compares with it, and nothing is allocated.
 *
 *   N1 push   link the last to the head as seen; compare-and-swap the head to the first, unless it is CLOSED
 *   N2 take   exchange the head with nothing, unless it is CLOSED; turn the chain round: the oldest is first
 *   N3 close  exchange the head with CLOSED; what was there is taken as in N2
 *
 * N2 and N3 are called under the monitor of the pool. Both sides of N1 and N2 are sequentially consistent: see idle.h. */
#ifndef RUN_INJECTION_H
#define RUN_INJECTION_H

#include "sync/future.h"

struct injection {
    atomic_word head; /* the newest, by link; or CLOSED */
    char apart[CACHE_LINE - sizeof(atomic_word)];
};

/* A chain by link, oldest first. */
struct batch {
    bide_future *first, *last;
    size_t length;
};

/* Turn round a chain. */
struct batch batch_turned(bide_future *first);

/* N1. The newest first, by link, down to the last. false: it is closed. */
bool injection_push(struct injection *injection, bide_future *first, bide_future *last);

/* N2. */
struct batch injection_take(struct injection *injection);

/* N3. */
struct batch injection_close(struct injection *injection);

bool injection_is_empty(const struct injection *injection);

#endif
