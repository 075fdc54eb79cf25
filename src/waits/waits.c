#include <bide/waits.h>

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

/* A delay that began when it was drawn. */
struct scheduled_wait {
    bide_time over;
    double delay;
};

static int wait_scheduled(void *arg, bide_value *result)
{
    const struct scheduled_wait *wait = arg;
    result->f64 = wait->delay;
    return bide_sleep((double)(wait->over - bide_clock()) / 1e9);
}

int bide_task_wait_random(bide_pool *pool, double max_delay, bide_future **future)
{
    if (!pool || !future || !is_delay(max_delay))
        return EINVAL;
    struct scheduled_wait *wait = memory_alloc(sizeof *wait);
    if (!wait)
        return ENOMEM;
    wait->delay = draw(max_delay);
    wait->over = bide_in(wait->delay);
    int error = bide_submit(pool, wait_scheduled, wait, future);
    if (error)
        memory_free(wait);
    else
        bide_future_own(*future, memory_free);
    return error;
}

static int sleep_delay(void *arg, bide_value *result)
{
    result->f64 = *(const double *)arg;
    return bide_sleep(result->f64);
}

/* Submit n waits and list them. `space` is room for n pointers, or numbers, until the last has ended. On an error those that
 * are listed are the caller's to cancel. */
typedef int add_waits(bide_completions *done, bide_pool *pool, size_t n, double max_delay, void *space);

static int add_sleeps(bide_completions *done, bide_pool *pool, size_t n, double max_delay, void *space)
{
    double *drawn = space;
    int error = 0;
    for (size_t i = 0; i < n && !error; i++) {
        drawn[i] = draw(max_delay);
        error = bide_completions_submit(done, pool, sleep_delay, &drawn[i], NULL);
    }
    return error;
}

static void cancel_and_join(bide_future *future)
{
    bide_future_cancel(future);
    bide_join(future, NULL);
}

static int add_scheduled(bide_completions *done, bide_pool *pool, size_t n, double max_delay, void *space)
{
    bide_future **tasks = space;
    size_t made = 0;
    int error = 0;
    while (made < n && !(error = bide_task_wait_random(pool, max_delay, &tasks[made])))
        made++;
    for (size_t i = 0; i < made && !error; i++)
        error = bide_completions_add(done, tasks[i], NULL);
    for (size_t i = 0; i < made; i++)
        error ? cancel_and_join(tasks[i]) : bide_future_release(tasks[i]);
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

static int wait_for_all(add_waits *add, bide_pool *pool, size_t n, double max_delay, double delays[])
{
    bide_completions *done;
    if (!pool || !is_delay(max_delay) || (n && !delays))
        return EINVAL;
    if (n == 0)
        return 0;
    if (!strand_may_wait())
        return EDEADLK;
    void *space = alloc_array(n, sizeof(bide_value));
    int error = space ? bide_completions_create(&done) : ENOMEM;
    if (!error) {
        error = collect(done, add(done, pool, n, max_delay, space), delays);
        bide_completions_destroy(done);
    }
    memory_free(space);
    return error;
}

int bide_wait_n(bide_pool *pool, size_t n, double max_delay, double delays[])
{
    return wait_for_all(add_sleeps, pool, n, max_delay, delays);
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
