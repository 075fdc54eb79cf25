/* The asymmetric barrier: of two threads that each write one word and then read the other's, one sees. A symmetric barrier
 * costs both the same; here one side, which comes often, pays nothing, and the other, which comes rarely, makes a system call
 * that lets every running thread of the process pass a barrier (Linux: membarrier, private expedited).
 *
 *   often    write a; barrier_light(); read b
 *   rarely   write b; barrier_heavy(); read a
 *
 * Where the system has no such call, or a tool watches that does not understand it, there is none: then both sides use
 * sequentially consistent operations instead. */
#ifndef BASE_BARRIER_H
#define BASE_BARRIER_H

#include <stdbool.h>

/* Can barrier_heavy() be called? The answer is the same for the life of the process. */
bool barrier_is_asymmetric(void);

/* The compiler moves no access across it; the processor may. */
static inline void barrier_light(void)
{
    __asm__ volatile("" ::: "memory");
}

/* Microseconds while others run. */
void barrier_heavy(void);

#endif
