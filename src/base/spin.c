#include "base/spin.h"

#include <pthread.h>
#include <sched.h>
#include <time.h>

#define TRIES_SPINNING 64
#define TRIES_YIELDING 256
#define MOST_LOOKS 128u
#define LEAST_LOOKS 2u
#define NEW_HOPE 16u /* after so many failures it is tried in full again */

void spin_relax(void)
{
#if defined __x86_64__ || defined __i386__
    __builtin_ia32_pause();
#elif defined __aarch64__
    __asm__ volatile("yield");
#endif
}

/* No cancellation point: the caller may hold a lock. */
static void nap(void)
{
    int cancel_state;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
    clock_nanosleep(CLOCK_MONOTONIC, 0, &(struct timespec){.tv_nsec = 50000}, NULL);
    pthread_setcancelstate(cancel_state, &cancel_state);
}

void spin_wait(unsigned *tries)
{
    unsigned n = (*tries)++;
    if (n < TRIES_SPINNING)
        spin_relax();
    else if (n < TRIES_YIELDING)
        sched_yield();
    else
        nap();
}

unsigned patience_tries(const struct patience *patience)
{
    return patience->failures % NEW_HOPE == 0 ? MOST_LOOKS : patience->tries;
}

void patience_learn(struct patience *patience, bool paid)
{
    patience->failures = paid ? 0 : patience->failures + 1;
    patience->tries = paid ? MOST_LOOKS : patience->tries / 2 > LEAST_LOOKS ? patience->tries / 2 : LEAST_LOOKS;
}
