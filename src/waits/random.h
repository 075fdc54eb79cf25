/* Random numbers, from a state per thread. */
#ifndef WAITS_RANDOM_H
#define WAITS_RANDOM_H

/* Uniform in [0, 1], both ends included. */
double random_unit(void);

#endif
