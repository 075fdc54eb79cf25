/* How to wait for somebody who is about to be done in a few instructions. */
#ifndef BASE_SPIN_H
#define BASE_SPIN_H

#include <stdbool.h>

/* The next of a row of tries; start with *tries = 0. First spins, then gives the processor away, and in the end sleeps a
 * little: with real-time priorities the one waited for may never run while this thread only yields. */
void spin_wait(unsigned *tries);

/* How long it is worth to look before going to sleep: twice as long as it took when looking paid, within bounds, and next to
 * nothing where it has not paid of late. All zero is a beginner. */
struct patience {
    unsigned reach;    /* looks, as learned from when it paid */
    unsigned failures; /* since it last paid */
};

/* For how many looks, with spin_relax() between them. */
unsigned patience_tries(const struct patience *patience);

/* How many looks it took until what was looked for has come; 0: it has not. */
void patience_learn(struct patience *patience, unsigned looks);

/* Tell the processor that the thread is looking again and again. */
void spin_relax(void);

#endif
