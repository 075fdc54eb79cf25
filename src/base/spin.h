/* How to wait for somebody who is about to be done in a few instructions. */
#ifndef BASE_SPIN_H
#define BASE_SPIN_H

/* The next of a row of tries; start with *tries = 0. First spins, then gives the processor away, and in the end sleeps a
 * little: with real-time priorities the one waited for may never run while this thread only yields. */
void spin_wait(unsigned *tries);

#endif
