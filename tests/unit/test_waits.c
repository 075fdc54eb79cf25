#include "support/asleep.h"
#include "support/fixture.h"

#include "run/pool.h"

#include <math.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define MANY 100
#define TINY 1e-6 /* seconds: delays that are drawn, and hardly waited */
#define LONG 1e6  /* seconds: delays that nobody waits to the end */

typedef int wait_many(bide_pool *pool, size_t n, double max_delay, double delays[]);

static wait_many *const waits[] = {bide_wait_n, bide_task_wait_n};

static const double bad_delays[] = {-1, -1e-300, -(double)INFINITY, (double)INFINITY, (double)NAN};

#define BAD_DELAYS (sizeof bad_delays / sizeof *bad_delays)

static double seconds_since(bide_time start)
{
    return (double)(bide_clock() - start) / 1e9;
}

/* What a thread with this seed draws, in the order in which it draws. */
static void draw(uint64_t seed, double max_delay, size_t n, double delays[])
{
    bide_random_seed(seed);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(bide_wait_random(TINY, &delays[i]), 0);
        delays[i] *= max_delay / TINY;
    }
}

static int compare(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static void sort(size_t n, double delays[])
{
    qsort(delays, n, sizeof *delays, compare);
}

static void assert_close(double actual, double expected)
{
    if (fabs(actual - expected) > 1e-9 * fabs(expected))
        fail_msg("%.17g, expected %.17g", actual, expected);
}

static void assert_all_close(size_t n, const double actual[], const double expected[])
{
    for (size_t i = 0; i < n; i++)
        assert_close(actual[i], expected[i]);
}

/* One wait */

static void a_random_wait_is_never_early(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        double delay = -1;
        bide_time start = bide_clock();
        assert_int_equal(bide_wait_random(0.004, &delay), 0);
        assert_true(seconds_since(start) >= delay);
        assert_true(delay >= 0 && delay <= 0.004);
    }
}

static void at_most_0_is_0(void **state)
{
    (void)state;
    double delay = -1;
    assert_int_equal(bide_wait_random(0, &delay), 0);
    assert_true(delay == 0);
    assert_int_equal(bide_wait_random(0, NULL), 0);
}

static void delays_are_uniform(void **state)
{
    (void)state;
    enum { DRAWS = 4000, BINS = 10 };
    unsigned bins[BINS] = {0};
    bide_random_seed(1);
    for (int i = 0; i < DRAWS; i++) {
        double delay;
        assert_int_equal(bide_wait_random(1e-9, &delay), 0);
        assert_true(delay >= 0 && delay <= 1e-9);
        bins[delay == 1e-9 ? BINS - 1 : (int)(delay / 1e-9 * BINS)]++;
    }
    for (int i = 0; i < BINS; i++)
        assert_in_range(bins[i], DRAWS / BINS * 4 / 5, DRAWS / BINS * 6 / 5);
}

static int measure_random_wait(void *arg, bide_value *result)
{
    (void)arg;
    bide_time start = bide_clock();
    CHECK_EQUAL(bide_wait_random(0.01, &result->f64), 0);
    CHECK(seconds_since(start) >= result->f64);
    return 0;
}

static void a_random_wait_in_a_task_is_never_early(void **state)
{
    struct fixture *at = *state;
    bide_future *futures[8];
    for (int i = 0; i < 8; i++)
        futures[i] = submit(at->pool, measure_random_wait, NULL);
    for (int i = 0; i < 8; i++) {
        bide_value delay;
        assert_int_equal(bide_join(futures[i], &delay), 0);
        assert_true(delay.f64 >= 0 && delay.f64 <= 0.01);
    }
}

static void a_bad_delay_is_einval(void **state)
{
    struct fixture *at = *state;
    bide_future *untouched = NULL;
    double delays[2] = {-1, -1};
    for (size_t i = 0; i < BAD_DELAYS; i++) {
        assert_int_equal(bide_wait_random(bad_delays[i], delays), EINVAL);
        assert_int_equal(bide_task_wait_random(at->pool, bad_delays[i], &untouched), EINVAL);
        assert_int_equal(bide_wait_n(at->pool, 2, bad_delays[i], delays), EINVAL);
        assert_int_equal(bide_task_wait_n(at->pool, 2, bad_delays[i], delays), EINVAL);
        assert_int_equal(bide_measure_time(at->pool, 2, bad_delays[i], delays), EINVAL);
    }
    assert_null(untouched);
    assert_true(delays[0] == -1);
}

static void null_is_einval(void **state)
{
    struct fixture *at = *state;
    bide_future *untouched = NULL;
    double delay = -1;
    assert_int_equal(bide_task_wait_random(NULL, 1, &untouched), EINVAL);
    assert_int_equal(bide_task_wait_random(at->pool, 1, NULL), EINVAL);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(waits[i](NULL, 1, 1, &delay), EINVAL);
        assert_int_equal(waits[i](at->pool, 1, 1, NULL), EINVAL);
    }
    assert_int_equal(bide_measure_time(NULL, 1, 1, &delay), EINVAL);
    assert_int_equal(bide_measure_time(at->pool, 1, 1, NULL), EINVAL);
    assert_int_equal(bide_measure_time(at->pool, 0, 1, &delay), EINVAL);
    assert_null(untouched);
    assert_true(delay == -1);
}

/* Scheduled waits */

static void a_scheduled_wait_gives_its_delay_and_is_never_early(void **state)
{
    struct fixture *at = *state;
    bide_time start = bide_clock();
    bide_future *future = NULL;
    bide_value delay;
    assert_int_equal(bide_task_wait_random(at->pool, 0.05, &future), 0);
    assert_int_equal(bide_join(future, &delay), 0);
    assert_true(delay.f64 >= 0 && delay.f64 <= 0.05);
    assert_true(seconds_since(start) >= delay.f64);
}

static int wait_singly(bide_pool *pool, size_t n, double max_delay, double delays[])
{
    bide_future *futures[MANY];
    bide_value delay;
    for (size_t i = 0; i < n; i++)
        assert_int_equal(bide_task_wait_random(pool, max_delay, &futures[i]), 0);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(bide_join(futures[i], &delay), 0);
        delays[i] = delay.f64;
    }
    return 0;
}

/* One after the other they would take the sum of their delays. */
static bool are_over_together(wait_many *wait, bide_pool *pool, double max_delay)
{
    double delays[MANY], sum = 0;
    bide_time start = bide_clock();
    assert_int_equal(wait(pool, MANY, max_delay, delays), 0);
    double total = seconds_since(start);
    for (int i = 0; i < MANY; i++)
        sum += delays[i];
    return total < sum / 2;
}

/* A machine that stood still is outwaited by longer delays. */
static void assert_over_together(wait_many *wait, bide_pool *pool)
{
    double max_delay = 0.1;
    while (!are_over_together(wait, pool, max_delay))
        max_delay *= 2;
}

static void a_scheduled_wait_has_begun_when_it_is_made(void **state)
{
    struct fixture *at = *state;
    assert_over_together(wait_singly, at->pool);
}

static void many_scheduled_waits_are_over_together(void **state)
{
    struct fixture *at = *state;
    assert_over_together(bide_task_wait_n, at->pool);
}

static void a_scheduled_wait_can_be_cancelled(void **state)
{
    struct fixture *at = *state;
    bide_future *futures[16];
    for (int i = 0; i < 16; i++)
        assert_int_equal(bide_task_wait_random(at->pool, LONG, &futures[i]), 0);
    for (int i = 0; i < 16; i++) {
        assert_int_equal(bide_future_cancel(futures[i]), 0);
        assert_int_equal(bide_join(futures[i], NULL), ECANCELED);
    }
}

static void a_closed_pool_schedules_nothing(void **state)
{
    struct fixture *at = *state;
    bide_future *untouched = NULL;
    double delays[3];
    assert_int_equal(bide_pool_close(at->pool, BIDE_DRAIN, BIDE_FOREVER), 0);
    assert_int_equal(bide_task_wait_random(at->pool, 1, &untouched), ESHUTDOWN);
    assert_null(untouched);
    assert_int_equal(bide_wait_n(at->pool, 3, 1, delays), ESHUTDOWN);
    assert_int_equal(bide_task_wait_n(at->pool, 3, 1, delays), ESHUTDOWN);
    assert_int_equal(bide_measure_time(at->pool, 3, 1, delays), ESHUTDOWN);
}

/* Many waits */

static void n_0_is_0_at_once(void **state)
{
    struct fixture *at = *state;
    double delay = -1;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(waits[i](at->pool, 0, 10, &delay), 0);
        assert_int_equal(waits[i](at->pool, 0, 10, NULL), 0);
    }
    assert_true(delay == -1);
}

static void all_delays_are_given_and_within_bounds(void **state)
{
    struct fixture *at = *state;
    for (int i = 0; i < 2; i++) {
        double delays[MANY], longest = 0;
        memset(delays, 0xff, sizeof delays);
        bide_time start = bide_clock();
        assert_int_equal(waits[i](at->pool, MANY, 0.0005, delays), 0);
        double total = seconds_since(start);
        for (int k = 0; k < MANY; k++) {
            assert_true(delays[k] >= 0 && delays[k] <= 0.0005);
            longest = fmax(longest, delays[k]);
        }
        assert_true(total >= longest);
    }
}

static void the_same_seed_gives_the_same_delays(void **state)
{
    struct fixture *at = *state;
    double drawn[MANY], delays[MANY];
    draw(42, 0.0003, MANY, drawn);
    sort(MANY, drawn);
    for (int i = 0; i < 2; i++) {
        bide_random_seed(42);
        assert_int_equal(waits[i](at->pool, MANY, 0.0003, delays), 0);
        sort(MANY, delays);
        assert_all_close(MANY, delays, drawn);
    }
}

static void a_scheduled_wait_draws_the_same_from_the_same_seed(void **state)
{
    struct fixture *at = *state;
    double drawn[10];
    bide_future *futures[10];
    draw(7, 0.001, 10, drawn);
    bide_random_seed(7);
    for (int i = 0; i < 10; i++)
        assert_int_equal(bide_task_wait_random(at->pool, 0.001, &futures[i]), 0);
    for (int i = 0; i < 10; i++) {
        bide_value delay;
        assert_int_equal(bide_join(futures[i], &delay), 0);
        assert_close(delay.f64, drawn[i]);
    }
}

static void another_seed_gives_other_delays(void **state)
{
    (void)state;
    double one[MANY], other[MANY];
    draw(1, 1, MANY, one);
    draw(2, 1, MANY, other);
    for (int i = 0; i < MANY; i++)
        assert_true(one[i] != other[i]);
    draw(0, 1, MANY, one);
    for (int i = 1; i < MANY; i++)
        assert_true(one[i] != one[i - 1]);
}

/* One worker ends them in the order in which it starts them: not sorted. */
static void delays_come_in_the_order_of_the_ends(void **state)
{
    struct fixture *at = *state;
    double drawn[20], delays[20];
    draw(3, 0.001, 20, drawn);
    bide_random_seed(3);
    assert_int_equal(bide_wait_n(at->pool, 20, 0.001, delays), 0);
    assert_all_close(20, delays, drawn);
    sort(20, delays);
    assert_true(memcmp(delays, drawn, sizeof delays) != 0);
}

/* A seed whose first n delays lie apart by at least a share of the longest possible. */
static uint64_t find_separated(size_t n, double share)
{
    double delays[4], least;
    uint64_t seed = 0;
    do {
        draw(++seed, 1, n, delays);
        sort(n, delays);
        least = 1;
        for (size_t i = 1; i < n; i++)
            least = fmin(least, delays[i] - delays[i - 1]);
    } while (least < share);
    return seed;
}

static bool is_ascending(wait_many *wait, bide_pool *pool, uint64_t seed, double max_delay)
{
    double delays[4], expected[4];
    draw(seed, max_delay, 4, expected);
    sort(4, expected);
    bide_random_seed(seed);
    assert_int_equal(wait(pool, 4, max_delay, delays), 0);
    bool ascending = true;
    for (int i = 1; i < 4; i++)
        ascending = ascending && delays[i - 1] < delays[i];
    sort(4, delays);
    assert_all_close(4, delays, expected);
    return ascending;
}

/* A machine under load may start one too late: then they lie farther apart. */
static void assert_ascending(wait_many *wait, bide_pool *pool)
{
    uint64_t seed = find_separated(4, 0.25);
    double max_delay = 0.2;
    while (!is_ascending(wait, pool, seed, max_delay))
        max_delay *= 2;
}

static void with_a_worker_for_each_the_order_is_ascending(void **state)
{
    struct fixture *at = *state;
    for (int i = 0; i < 2; i++)
        assert_ascending(waits[i], at->pool);
}

static void scheduled_waits_need_no_worker_each(void **state)
{
    struct fixture *at = *state;
    assert_ascending(bide_task_wait_n, at->pool);
}

struct long_wait {
    bide_pool *pool;
    size_t n;
    double *delays;
};

static int wait_for_many(void *arg)
{
    struct long_wait *wait = arg;
    return bide_task_wait_n(wait->pool, wait->n, 0.01, wait->delays);
}

static void await_scheduled(const bide_pool *pool, size_t n)
{
    while (load_relaxed(&pool->timed) < n)
        sched_yield();
}

/* The worker comes to the first when all are scheduled. Two may be due in the same nanosecond. */
static void scheduled_waits_all_begin_with_the_call(void **state)
{
    struct fixture *at = *state;
    struct long_wait wait = {.pool = at->pool, .n = test_scale(10000)};
    struct gate gate = GATE_INIT;
    struct caller caller;
    wait.delays = calloc(wait.n, sizeof *wait.delays);
    occupy(at->pool, 1, &gate);
    bide_time start = bide_clock();
    caller_start(&caller, wait_for_many, &wait);
    await_scheduled(at->pool, wait.n);
    gate_open(&gate);
    assert_int_equal(caller_end(&caller), 0);
    assert_true(seconds_since(start) >= wait.delays[wait.n - 1]);
    for (size_t i = 1; i < wait.n; i++)
        assert_true(wait.delays[i - 1] < wait.delays[i] + 1.5e-9);
    free(wait.delays);
}

/* No array of delays can be as long. The armed failure is for a library that goes and tries. */
static void an_n_beyond_all_memory_is_enomem(void **state)
{
    struct fixture *at = *state;
    const size_t numbers[] = {SIZE_MAX, SIZE_MAX / 2, SIZE_MAX / sizeof(double) + 1};
    wait_many *const counted[] = {bide_wait_n, bide_measure_time, bide_task_wait_n};
    double delays[2];
    for (int i = 0; i < 9; i++) {
        seams_fail_memory(1000);
        assert_int_equal(counted[i / 3](at->pool, numbers[i % 3], 0, delays), ENOMEM);
        assert_false(seams_memory_failed());
    }
    seams_fail_memory(0);
}

static int wait_without_memory(bide_pool *pool, wait_many *wait, size_t nth, double max_delay)
{
    double delays[3];
    seams_fail_memory(nth);
    int error = wait(pool, 3, max_delay, delays);
    assert_int_equal(error, seams_memory_failed() ? ENOMEM : 0);
    seams_fail_memory(0);
    return error;
}

static int return_at_once(void *arg, bide_value *result)
{
    (void)arg;
    (void)result;
    return 0;
}

/* First with delays that end, to see how many allocations there are; then each fails while others wait for long. One that stays
 * keeps the memory for what is scheduled, so that their number is the same whenever those end. */
static void without_memory_all_are_cancelled_and_awaited(void **state)
{
    struct fixture *at = *state;
    bide_future *stays = NULL;
    assert_int_equal(bide_submit_at(at->pool, BIDE_FOREVER - 1, return_at_once, NULL, &stays), 0);
    for (int i = 0; i < 2; i++) {
        size_t nth = 1;
        while (wait_without_memory(at->pool, waits[i], nth, TINY) == ENOMEM)
            nth++;
        assert_true(nth > 5);
        while (--nth > 0)
            assert_int_equal(wait_without_memory(at->pool, waits[i], nth, LONG), ENOMEM);
    }
    assert_int_equal(bide_future_cancel(stays), 0);
    assert_int_equal(bide_join(stays, NULL), ECANCELED);
}

struct many_in_task {
    wait_many *wait;
    bide_pool *pool;
    size_t n;
    double max_delay;
    struct sleeper sleeper;
    struct gate asked;
    int error;
};

static int wait_in_task(void *arg, bide_value *result)
{
    (void)result;
    struct many_in_task *many = arg;
    double delays[MANY];
    sleeper_goes(&many->sleeper);
    many->error = many->wait(many->pool, many->n, many->max_delay, delays);
    return 0;
}

static void cancel_wait_in_task(bide_pool *pool, struct many_in_task *many)
{
    bide_future *future = submit(pool, wait_in_task, many);
    sleeper_await(&many->sleeper);
    assert_int_equal(bide_future_cancel(future), 0);
    assert_int_equal(bide_join(future, NULL), 0);
    assert_int_equal(many->error, ECANCELED);
    assert_int_equal(bide_pool_drain(many->pool, BIDE_FOREVER), 0);
}

static void asked_to_stop_it_cancels_and_awaits_its_waits(void **state)
{
    struct fixture *at = *state;
    bide_pool *other = make_pool(1);
    for (int i = 0; i < 2; i++) {
        struct many_in_task many = {waits[i], at->pool, 20, LONG, SLEEPER_INIT, GATE_INIT, 0};
        cancel_wait_in_task(other, &many);
    }
    end_pool(other);
}

/* The request is seen when the wait that runs in place has ended. */
static int wait_when_asked(void *arg, bide_value *result)
{
    struct many_in_task *many = arg;
    gate_pass(&many->asked);
    return wait_in_task(many, result);
}

/* It is asked before: while it runs one of them in place it would see that only when that one has ended. */
static void asked_to_stop_it_cancels_those_of_its_own_pool(void **state)
{
    struct fixture *at = *state;
    for (int i = 0; i < 2; i++) {
        struct many_in_task many = {waits[i], at->pool, 20, LONG, SLEEPER_INIT, GATE_INIT, 0};
        bide_future *future = submit(at->pool, wait_when_asked, &many);
        gate_await(&many.asked, 1);
        assert_int_equal(bide_future_cancel(future), 0);
        gate_open(&many.asked);
        assert_int_equal(bide_join(future, NULL), 0);
        assert_int_equal(many.error, ECANCELED);
        assert_int_equal(bide_pool_drain(at->pool, BIDE_FOREVER), 0);
    }
}

static int cancelled_random_wait(void *arg, bide_value *result)
{
    (void)result;
    double delay = -1;
    sleeper_goes(arg);
    CHECK_EQUAL(bide_wait_random(LONG, &delay), ECANCELED);
    CHECK(delay == -1);
    return 0;
}

static void a_random_wait_can_be_cancelled(void **state)
{
    struct fixture *at = *state;
    struct sleeper sleeper = SLEEPER_INIT;
    bide_future *future = submit(at->pool, cancelled_random_wait, &sleeper);
    sleeper_await(&sleeper);
    assert_int_equal(bide_future_cancel(future), 0);
    assert_int_equal(bide_join(future, NULL), 0);
}

struct generation {
    wait_many *wait;
    unsigned left;
};

static int wait_and_nest(void *arg, bide_value *result)
{
    (void)result;
    const struct generation *generation = arg;
    double delays[3];
    if (generation->left > 0) {
        bide_future *child;
        struct generation next = {generation->wait, generation->left - 1};
        if (CHECK_EQUAL(bide_submit(bide_current_pool(), wait_and_nest, &next, &child), 0))
            CHECK_EQUAL(bide_join(child, NULL), 0);
    }
    CHECK_EQUAL(generation->wait(bide_current_pool(), 3, 0.001, delays), 0);
    return 0;
}

static void it_nests_in_tasks_of_its_own_pool(void **state)
{
    struct fixture *at = *state;
    for (int i = 0; i < 2; i++) {
        struct generation first = {waits[i], 5};
        bide_future *futures[4];
        for (int k = 0; k < 4; k++)
            futures[k] = submit(at->pool, wait_and_nest, &first);
        for (int k = 0; k < 4; k++)
            assert_int_equal(bide_join(futures[k], NULL), 0);
    }
}

static int arrive(void *gate, bide_value *result)
{
    (void)result;
    gate_arrive(gate);
    return 0;
}

static void it_leaves_the_pools_other_tasks_alone(void **state)
{
    struct fixture *at = *state;
    struct gate gate = GATE_INIT, others = GATE_INIT;
    double delays[10];
    occupy(at->pool, at->workers - 1, &gate);
    for (int i = 0; i < 10; i++)
        assert_int_equal(bide_submit(at->pool, arrive, &others, NULL), 0);
    assert_int_equal(bide_wait_n(at->pool, 10, 0.001, delays), 0);
    assert_int_equal(gate_arrived(&others), 10);
    vacate(at->pool, &gate);
}

/* Measuring */

static void the_measured_time_covers_the_longest_delay(void **state)
{
    struct fixture *at = *state;
    double drawn[8], per_wait = -1;
    draw(11, 0.02, 8, drawn);
    sort(8, drawn);
    bide_random_seed(11);
    bide_time start = bide_clock();
    assert_int_equal(bide_measure_time(at->pool, 8, 0.02, &per_wait), 0);
    double total = seconds_since(start);
    assert_true(per_wait * 8 >= drawn[7] * (1 - 1e-9));
    assert_true(per_wait * 8 <= total * (1 + 1e-9));
}

/* The generator */

struct draws {
    double delays[MANY];
    uint64_t seed; /* 0: the system's */
};

static void *draw_in_thread(void *arg)
{
    struct draws *draws = arg;
    if (draws->seed)
        bide_random_seed(draws->seed);
    for (int i = 0; i < MANY; i++)
        CHECK_EQUAL(bide_wait_random(TINY, &draws->delays[i]), 0);
    return NULL;
}

static void every_thread_has_its_own_generator(void **state)
{
    (void)state;
    double whole[MANY], parts[MANY];
    struct draws other = {.seed = 5};
    draw(5, TINY, MANY, whole);
    bide_random_seed(5);
    for (int i = 0; i < MANY; i++) {
        if (i == MANY / 2)
            end_thread(start_thread(draw_in_thread, &other));
        assert_int_equal(bide_wait_random(TINY, &parts[i]), 0);
    }
    assert_all_close(MANY, parts, whole);
    assert_all_close(MANY, other.delays, whole);
}

static void without_a_seed_every_thread_draws_otherwise(void **state)
{
    (void)state;
    struct draws draws[2] = {{.seed = 0}, {.seed = 0}};
    for (int i = 0; i < 2; i++)
        end_thread(start_thread(draw_in_thread, &draws[i]));
    assert_true(memcmp(draws[0].delays, draws[1].delays, sizeof draws[0].delays) != 0);
}

static void waiting_in_a_callback_is_edeadlk(bide_future *future, void *pool)
{
    (void)future;
    double delays[2] = {-1, -1};
    CHECK_EQUAL(bide_wait_random(1, delays), EDEADLK);
    CHECK_EQUAL(bide_wait_n(pool, 2, 0.001, delays), EDEADLK);
    CHECK_EQUAL(bide_task_wait_n(pool, 2, 0.001, delays), EDEADLK);
    CHECK_EQUAL(bide_measure_time(pool, 2, 0.001, delays), EDEADLK);
    CHECK_EQUAL(bide_wait_n(pool, 0, 0.001, delays), 0);
}

static void a_callback_cannot_wait(void **state)
{
    struct fixture *at = *state;
    bide_future *promise = make_promise();
    assert_int_equal(bide_future_on_done(promise, waiting_in_a_callback_is_edeadlk, at->pool), 0);
    assert_int_equal(bide_promise_resolve(promise, bide_u64(1)), 0);
    bide_future_release(promise);
}

static void the_default_is_ten_seconds(void **state)
{
    (void)state;
    assert_true(BIDE_DEFAULT_MAX_DELAY == 10.0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ALONE(a_random_wait_is_never_early),
        ALONE(at_most_0_is_0),
        ALONE(delays_are_uniform),
        ON_POOLS(a_random_wait_in_a_task_is_never_early),
        ON_ONE_WORKER(a_bad_delay_is_einval),
        ON_ONE_WORKER(null_is_einval),
        ON_POOLS(a_scheduled_wait_gives_its_delay_and_is_never_early),
        ON_ONE_WORKER(a_scheduled_wait_has_begun_when_it_is_made),
        ON_ONE_WORKER(many_scheduled_waits_are_over_together),
        ON_POOLS(a_scheduled_wait_can_be_cancelled),
        ON_POOLS(a_closed_pool_schedules_nothing),
        ON_POOLS(n_0_is_0_at_once),
        ON_POOLS(all_delays_are_given_and_within_bounds),
        ON_POOLS(the_same_seed_gives_the_same_delays),
        ON_POOLS(a_scheduled_wait_draws_the_same_from_the_same_seed),
        ALONE(another_seed_gives_other_delays),
        ON_ONE_HOLDING_WORKER(delays_come_in_the_order_of_the_ends),
        FIXTURE_ENTRY(with_a_worker_for_each_the_order_is_ascending, "a worker for each", 4),
        FIXTURE_ENTRY(with_a_worker_for_each_the_order_is_ascending, "more workers than waits", 8),
        ON_POOLS(scheduled_waits_need_no_worker_each),
        ON_ONE_WORKER(scheduled_waits_all_begin_with_the_call),
        ON_ONE_WORKER(an_n_beyond_all_memory_is_enomem),
        ON_POOLS(without_memory_all_are_cancelled_and_awaited),
        ON_POOLS(asked_to_stop_it_cancels_and_awaits_its_waits),
        ON_POOLS(asked_to_stop_it_cancels_those_of_its_own_pool),
        ON_POOLS(a_random_wait_can_be_cancelled),
        ON_POOLS(it_nests_in_tasks_of_its_own_pool),
        ON_POOLS(it_leaves_the_pools_other_tasks_alone),
        ON_POOLS(the_measured_time_covers_the_longest_delay),
        ALONE(every_thread_has_its_own_generator),
        ALONE(without_a_seed_every_thread_draws_otherwise),
        ON_POOLS(a_callback_cannot_wait),
        ALONE(the_default_is_ten_seconds),
    };
    return cmocka_run_group_tests(tests, fixture_begin, NULL);
}
