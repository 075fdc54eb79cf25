#include "base/spin.h"

#include <pthread.h>
#include <sched.h>
#include <time.h>

#define TRIES_SPINNING 64
#define TRIES_YIELDING 256
#ifdef BIDE_VALGRIND /* where threads run by turns */
#define LOOKS 1u
#define LONG_LOOKS 1u
#else
#define LOOKS 128u       /* some three microseconds: more than a thread needs that is awake */
#define LONG_LOOKS 1024u /* more than one needs that has to be woken first, and then stays awake */
#endif
#define MOST_HALVINGS 6u
#define NEW_HOPE 16u /* so many failures lie between two long looks */

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
    if (patience->failures % NEW_HOPE == NEW_HOPE - 1)
        return LONG_LOOKS;
    unsigned reach = patience->reach > LOOKS ? patience->reach : LOOKS;
    return reach >> (patience->failures < MOST_HALVINGS ? patience->failures : MOST_HALVINGS);
}

/* What took longest is forgotten slowly. */
void patience_learn(struct patience *patience, unsigned looks)
{
    patience->failures = looks ? 0 : patience->failures + 1;
    if (!looks)
        return;
    unsigned faded = patience->reach - patience->reach / 8;
    patience->reach = 2 * looks > faded ? 2 * looks : faded;
    if (patience->reach > LONG_LOOKS)
        patience->reach = LONG_LOOKS;
}
