/**
 * @file
 * What every other bide header uses: the value a task gives back, and time.
 *
 * Functions that can fail return 0 or an errno value, as pthread functions do; they leave errno itself alone.
 * A function that waits takes a deadline, and ends for one of three reasons: what it waited for is ready (0), the
 * deadline has passed (ETIMEDOUT), or the waiting task was asked to stop (ECANCELED). Ready wins ties. No function but
 * bide_sleep() on a plain thread is a cancellation point of pthread_cancel().
 *
 *     bide_future_wait(future, bide_in(0.5));        at most half a second
 *     bide_future_wait(future, BIDE_NOW);            a look, no wait
 *     bide_future_wait(future, BIDE_FOREVER);        until it has ended
 */
#ifndef BIDE_BASE_H
#define BIDE_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Version of this header; bide_version() tells that of the library linked. */
#define BIDE_VERSION_MAJOR 0
#define BIDE_VERSION_MINOR 1 /**< Grows with every addition. */
#define BIDE_VERSION_PATCH 0 /**< Grows with every repair. */

/** Marks what a shared libbide exports. */
#define BIDE_API __attribute__((visibility("default")))

/** The value of a task or a promise: eight bytes, read as what they were written as. */
typedef union bide_value {
    void *ptr;    /**< An address; whose it is, is between the task and its caller. */
    double f64;   /**< A floating-point number. */
    int64_t i64;  /**< A signed integer. */
    uint64_t u64; /**< An unsigned integer; zero in every reading when zero in this one. */
} bide_value;

/**
 * Make a value of an address.
 * @param ptr the address
 * @return the value
 */
static inline bide_value bide_ptr(void *ptr)
{
    bide_value value;
    value.u64 = 0;
    value.ptr = ptr;
    return value;
}

/**
 * Make a value of a floating-point number.
 * @param f64 the number
 * @return the value
 */
static inline bide_value bide_f64(double f64)
{
    bide_value value;
    value.f64 = f64;
    return value;
}

/**
 * Make a value of a signed integer.
 * @param i64 the integer
 * @return the value
 */
static inline bide_value bide_i64(int64_t i64)
{
    bide_value value;
    value.i64 = i64;
    return value;
}

/**
 * Make a value of an unsigned integer.
 * @param u64 the integer
 * @return the value
 */
static inline bide_value bide_u64(uint64_t u64)
{
    bide_value value;
    value.u64 = u64;
    return value;
}

/** A point in time: nanoseconds on CLOCK_MONOTONIC. As a deadline: wait no longer than that. */
typedef int64_t bide_time;

#define BIDE_NOW INT64_C(0)    /**< The deadline that has always passed: look, do not wait. */
#define BIDE_FOREVER INT64_MAX /**< The deadline that never comes. */

/**
 * Read the clock.
 * @return now, in nanoseconds on CLOCK_MONOTONIC
 * @par Threads
 * Any.
 */
BIDE_API bide_time bide_clock(void);

/**
 * Make a deadline from a duration.
 * @param seconds from now; a fraction of a nanosecond counts as a whole one, so that no wait ends early
 * @return that point in time; #BIDE_FOREVER where it lies beyond what a bide_time can hold; #BIDE_NOW for a negative
 *         duration and for NaN
 * @par Threads
 * Any.
 */
BIDE_API bide_time bide_in(double seconds);

/**
 * Tell the version of the library that is linked.
 * @return "major.minor.patch", static
 * @par Threads
 * Any.
 */
BIDE_API const char *bide_version(void);

#ifdef __cplusplus
}
#endif

#endif
