/* The control part of the floating-point state: rounding, precision, which exceptions trap. Not what has been raised. */
#ifndef BASE_FLOAT_H
#define BASE_FLOAT_H

#include <stdint.h>

#if !defined __x86_64__ && !defined __aarch64__
#include <fenv.h>
#endif

static inline uint64_t float_control_get(void)
{
#if defined __x86_64__
    uint32_t sse;
    uint16_t x87;
    __asm__ volatile("stmxcsr %0\n\tfnstcw %1" : "=m"(sse), "=m"(x87));
    return (uint64_t)(sse & ~UINT32_C(0x3f)) << 32 | x87;
#elif defined __aarch64__
    uint64_t control;
    __asm__ volatile("mrs %0, fpcr" : "=r"(control));
    return control;
#else
    return (uint64_t)fegetround();
#endif
}

static inline void float_control_set(uint64_t control)
{
#if defined __x86_64__
    uint32_t sse = (uint32_t)(control >> 32);
    uint16_t x87 = (uint16_t)control;
    __asm__ volatile("ldmxcsr %0\n\tfldcw %1" : : "m"(sse), "m"(x87));
#elif defined __aarch64__
    __asm__ volatile("msr fpcr, %0" : : "r"(control));
#else
    fesetround((int)control);
#endif
}

#endif
