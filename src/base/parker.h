/* Where a thread sleeps until it is woken, once. It lives for one sleep: the sleeper may unmake it as soon as it is awake,
 * whatever its waker is still at.
 *
 * On Linux it is a word, and the waker's last touch of it sets that word. The system call by which it wakes the sleeper comes
 * after that, and only names the address: whoever sleeps there meanwhile wakes for nothing, and looks again, as everybody does
 * who sleeps on a futex. So the sleeper never wakes to wait for a lock that its waker holds. Elsewhere it is a condition and
 * its mutex, which the waker holds while it signals.
 *
 * Given a lookout, the thread sleeps there instead, and what it sees ends its sleep as a deadline does. */
#ifndef BASE_PARKER_H
#define BASE_PARKER_H

#include "base/atomic.h"
#include "base/lookout.h"

#include <bide/base.h>

#if defined __linux__ && __SIZEOF_LONG__ == 8 && !defined BIDE_PORTABLE
#define PARKER_IS_FUTEX 1
#else
#define PARKER_IS_FUTEX 0
#include <pthread.h>
#endif

struct parker {
    struct lookout *lookout; /* NULL: none */
#if PARKER_IS_FUTEX
    atomic_word woken;
#else
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool woken;
    int cancel_state; /* of the thread */
#endif
};

/* By who is to sleep, before anybody can wake it, and when it is awake for good. No cancellation point lies between. The lookout
 * is the calling thread's own; NULL: none. */
void parker_make(struct parker *parker, struct lookout *lookout);
void parker_unmake(struct parker *parker);

/* Until woken, or the deadline: then false. */
bool parker_sleep(struct parker *parker, bide_time deadline);

/* After that: until woken, by who is about to. */
void parker_await(struct parker *parker);

/* Once. */
void parker_wake(struct parker *parker);

#endif
