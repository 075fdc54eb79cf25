/* What a task may change on its thread, and finds later as it left it. */
#ifndef SUPPORT_MACHINE_H
#define SUPPORT_MACHINE_H

#include "support/fixture.h"

#include <fenv.h>
#include <signal.h>
#include <string.h>

struct machine {
    uint64_t float_control;
    int error, rounding, cancel_state, cancel_type;
    bool blocked[65];
};

/* Precision, masked exceptions and what becomes of tiny numbers; without the rounding nothing where that is not known. */
static inline uint64_t float_control_now(void)
{
    uint32_t sse = 0;
    uint16_t x87 = 0;
#ifdef __x86_64__
    __asm__ volatile("stmxcsr %0\n\tfnstcw %1" : "=m"(sse), "=m"(x87));
#endif
    return (uint64_t)(sse & ~UINT32_C(0x3f)) << 16 | x87;
}

/* Compute with less precision and with zero for what is tiny, or with all precision there is. */
static inline void change_float_control(bool precise)
{
#ifdef __x86_64__
    uint32_t sse = precise ? 0x1f80 : 0x9fc0;
    uint16_t x87 = precise ? 0x37f : 0x27f;
    __asm__ volatile("ldmxcsr %0\n\tfldcw %1" : : "m"(sse), "m"(x87));
#endif
    (void)precise;
}

static inline struct machine machine_now(void)
{
    struct machine machine = {.error = errno, .rounding = fegetround(), .float_control = float_control_now()};
    sigset_t set;
    int ignored;
    CHECK_EQUAL(pthread_sigmask(SIG_SETMASK, NULL, &set), 0);
    for (int i = 1; i <= 64; i++)
        machine.blocked[i] = sigismember(&set, i) == 1;
    CHECK_EQUAL(pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &machine.cancel_state), 0);
    CHECK_EQUAL(pthread_setcancelstate(machine.cancel_state, &ignored), 0);
    CHECK_EQUAL(pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, &machine.cancel_type), 0);
    CHECK_EQUAL(pthread_setcanceltype(machine.cancel_type, &ignored), 0);
    return machine;
}

static inline void change_machine(int error, int rounding, int how, int cancel_state, int cancel_type)
{
    sigset_t set;
    int ignored;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    sigaddset(&set, SIGPROF);
    CHECK_EQUAL(pthread_sigmask(how, &set, NULL), 0);
    change_float_control(rounding == FE_UPWARD);
    CHECK_EQUAL(fesetround(rounding), 0);
    CHECK_EQUAL(pthread_setcancelstate(cancel_state, &ignored), 0);
    CHECK_EQUAL(pthread_setcanceltype(cancel_type, &ignored), 0);
    errno = error;
}

static inline void check_same(const struct machine *actual, const struct machine *expected)
{
    CHECK_EQUAL(actual->error, expected->error);
    CHECK_EQUAL(actual->rounding, expected->rounding);
    CHECK_EQUAL(actual->float_control, expected->float_control);
    CHECK_EQUAL(actual->cancel_state, expected->cancel_state);
    CHECK_EQUAL(actual->cancel_type, expected->cancel_type);
    CHECK_EQUAL(memcmp(actual->blocked, expected->blocked, sizeof actual->blocked), 0);
}

#endif
