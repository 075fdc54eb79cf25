#include <bide/waits.h>

#include "base/clock.h"
#include "base/memory.h"
#include "wait/strand.h"
#include "waits/random.h"

#include <bide/completions.h>

#include <errno.h>
#include <math.h>
#include <stdlib.h>

static bool is_delay(double seconds)
{
    return seconds >= 0 && isfinite(seconds);
}

static double draw(double max_delay)
{
    return random_unit() * max_delay;
}

int bide_wait_random(double max_delay, double *delay)
{
    if (!is_delay(max_delay))
        return EINVAL;
    double drawn = draw(max_delay);
    int error = bide_sleep(drawn);
    if (!error && delay)
        *delay = drawn;
    return error;
}

/* When it runs the delay is over. */
static int give_delay(void *arg, bide_value *result)
{
    result->f64 = *(const double *)arg;
    return 0;
}

int bide_task_wait_random(bide_pool *pool, double max_delay, bide_future **future)
{
    if (!pool || !future || !is_delay(max_delay))
        return EINVAL;
    double *delay = memory_alloc(sizeof *delay);
    if (!delay)
        return ENOMEM;
    *delay = draw(max_delay);
    int error = bide_submit_at(pool, bide_in(*delay), give_delay, delay, future);
    if (error)
        memory_free(delay);
    else
        bide_future_own(*future, memory_free);
    return error;
}

static int sleep_delay(void *arg, bide_value *result)
{
    result->f64 = *(const double *)arg;
    return bide_sleep(result->f64);
}

/* Submit a wait, of those that begin at `start` if they can, and list it. *delay stays until it has ended. */
typedef int add_wait(bide_completions *done, bide_pool *pool, bide_time start, double *delay);

static int add_sleep(bide_completions *done, bide_pool *pool, bide_time start, double *delay)
{
    (void)start;
    return bide_completions_submit(done, pool, sleep_delay, delay, NULL);
}

static int add_scheduled(bide_completions *done, bide_pool *pool, bide_time start, double *delay)
{
    bide_future *task;
    int error = bide_submit_at(pool, clock_after(start, *delay), give_delay, delay, &task);
    if (error)
        return error;
    error = bide_completions_add(done, task, NULL);
    if (error)
        bide_future_cancel(task);
    error ? (void)bide_join(task, NULL) : bide_future_release(task);
    return error;
}

/* Take all ends, in their order. After the first error the rest are cancelled, and taken all the same. */
static int collect(bide_completions *done, int error, double delays[])
{
    bide_future *first_done;
    bide_value delay;
    int ended;
    if (error)
        bide_completions_cancel(done);
    while ((ended = bide_completions_next(done, BIDE_FOREVER, &first_done, NULL)) != ENOENT) {
        if (!ended)
            ended = bide_join(first_done, &delay);
        if (!ended)
            *delays++ = delay.f64;
        if (ended && !error) {
            error = ended;
            bide_completions_cancel(done);
        }
    }
    return error;
}

static void *alloc_array(size_t n, size_t size)
{
    size_t whole;
    return __builtin_mul_overflow(n, size, &whole) || whole > PTRDIFF_MAX ? NULL : memory_alloc(whole);
}

/* On an error those that are listed are the caller's to cancel. */
static int add_all(add_wait *add, bide_completions *done, bide_pool *pool, size_t n, double max_delay, double drawn[])
{
    bide_time start = clock_now();
    int error = 0;
    for (size_t i = 0; i < n && !error; i++) {
        drawn[i] = draw(max_delay);
        error = add(done, pool, start, &drawn[i]);
    }
    return error;
}

static int wait_for_all(add_wait *add, bide_pool *pool, size_t n, double max_delay, double delays[])
{
    bide_completions *done;
    if (!pool || !is_delay(max_delay) || (n && !delays))
        return EINVAL;
    if (n == 0)
        return 0;
    if (!strand_may_wait())
        return EDEADLK;
    double *drawn = alloc_array(n, sizeof *drawn);
    int error = drawn ? bide_completions_create(&done) : ENOMEM;
    if (!error) {
        error = collect(done, add_all(add, done, pool, n, max_delay, drawn), delays);
        bide_completions_destroy(done);
    }
    memory_free(drawn);
    return error;
}

int bide_wait_n(bide_pool *pool, size_t n, double max_delay, double delays[])
{
    return wait_for_all(add_sleep, pool, n, max_delay, delays);
}

int bide_task_wait_n(bide_pool *pool, size_t n, double max_delay, double delays[])
{
    return wait_for_all(add_scheduled, pool, n, max_delay, delays);
}

int bide_measure_time(bide_pool *pool, size_t n, double max_delay, double *seconds_per_wait)
{
    if (n == 0 || !seconds_per_wait)
        return EINVAL;
    double *delays = alloc_array(n, sizeof *delays);
    if (!delays)
        return ENOMEM;
    bide_time start = bide_clock();
    int error = bide_wait_n(pool, n, max_delay, delays);
    if (!error)
        *seconds_per_wait = (double)(bide_clock() - start) / 1e9 / (double)n;
    memory_free(delays);
    return error;
}
