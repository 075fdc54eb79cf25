/**
 * @file
 * Random waits, many at once: the five functions bide was made for, and each a short example of the rest of it.
 *
 *     double delays[10];
 *     bide_wait_n(pool, 10, 1.0, delays);                  ascending: the order in which they finished
 *
 * The delays come from a generator with its state per thread, seeded by the system or by bide_random_seed(): xoshiro256**
 * by David Blackman and Sebastiano Vigna (2018), its state filled by SplitMix64. bide_wait_n(), bide_task_wait_n() and
 * bide_task_wait_random() draw in the calling thread, in the order of submission: the same seed gives the same delays
 * with any number of workers. The order of their ends is ascending as far as they begin together: those of
 * bide_task_wait_n() do, those of bide_wait_n() when a worker comes to them, and with #BIDE_HOLD each keeps its worker until
 * it has ended.
 */
#ifndef BIDE_WAITS_H
#define BIDE_WAITS_H

#include <bide/base.h>
#include <bide/future.h>
#include <bide/pool.h>

#ifdef __cplusplus
extern "C" {
#endif

#define BIDE_DEFAULT_MAX_DELAY 10.0 /**< What the example programs wait at most, in seconds, unless told. */

/**
 * Sleep a random delay, uniform in [0, max_delay].
 * @param max_delay in seconds
 * @param[out] delay the delay in seconds, on return 0; NULL: not wanted
 * @return 0. EINVAL: max_delay is negative, NaN or infinite. ECANCELED: the calling task was asked to stop. EDEADLK: in a
 *         callback
 */
BIDE_API int bide_wait_random(double max_delay, double *delay);

/**
 * Return at once with a future for a random wait that is already scheduled: it is over when its delay has passed since
 * this call. Its value is the delay, in seconds, as f64.
 * @param pool where it waits
 * @param max_delay in seconds
 * @param[out] future a reference to its future, on return 0
 * @return 0. EINVAL: NULL, or max_delay is negative, NaN or infinite. Errors of bide_submit_at()
 */
BIDE_API int bide_task_wait_random(bide_pool *pool, double max_delay, bide_future **future);

/**
 * Wait n random delays concurrently, and give them in the order in which they finished.
 * @param pool where they wait
 * @param n how many; 0: returns 0 at once
 * @param max_delay in seconds
 * @param[out] delays room for n; unspecified on error
 * @return 0. EINVAL: NULL, or max_delay is negative, NaN or infinite. ENOMEM, also for an n beyond all memory. ECANCELED:
 *         the calling task was asked to stop, or the pool was closed with #BIDE_CANCEL. Errors of bide_submit() and
 *         bide_completions_next(). On any error those that had been submitted have been cancelled and awaited
 */
BIDE_API int bide_wait_n(bide_pool *pool, size_t n, double max_delay, double delays[]);

/**
 * The same as bide_wait_n(), made of scheduled waits as bide_task_wait_random() makes them, which need neither worker nor
 * stack. All delays count from the call.
 * @param pool where they wait
 * @param n how many; 0: returns 0 at once
 * @param max_delay in seconds
 * @param[out] delays room for n; unspecified on error
 * @return as bide_wait_n()
 */
BIDE_API int bide_task_wait_n(bide_pool *pool, size_t n, double max_delay, double delays[]);

/**
 * Measure one bide_wait_n() by the monotonic clock.
 * @param pool where they wait
 * @param n how many
 * @param max_delay in seconds
 * @param[out] seconds_per_wait total time / n, on return 0
 * @return as bide_wait_n(); EINVAL: also n = 0
 */
BIDE_API int bide_measure_time(bide_pool *pool, size_t n, double max_delay, double *seconds_per_wait);

/**
 * Seed the calling thread's generator, so that the delays it draws next can be drawn again.
 * @param seed any number
 */
BIDE_API void bide_random_seed(uint64_t seed);

#ifdef __cplusplus
}
#endif

#endif
