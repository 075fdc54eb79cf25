/* Tells a process from the child it forks, at the cost of one load. */
#ifndef BASE_PROCESS_H
#define BASE_PROCESS_H

#include <stdint.h>

/* A number that is not 0, the same in every call of one process, and another one in a child made by fork(). */
uint32_t process_generation(void);

#endif
