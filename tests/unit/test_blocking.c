#include "support/asleep.h"

#include <stdatomic.h>

/* A call that stands at a gate, and where it ran. */
struct stand {
    struct gate gate;
    pthread_t thread;
    int number;
};

static int stand_and_return(void *arg)
{
    struct stand *stand = arg;
    stand->thread = pthread_self();
    gate_pass(&stand->gate);
    return stand->number;
}

static int block(void *arg, bide_value *result)
{
    struct stand *stand = arg;
    int returned = -1, error = bide_blocking(stand_and_return, stand, &returned);
    *result = bide_i64(returned);
    return error;
}

static int return_at_once(void *arg, bide_value *result)
{
    (void)arg, (void)result;
    return 0;
}

static void refuses_null(void **state)
{
    (void)state;
    assert_int_equal(bide_blocking(NULL, NULL, NULL), EINVAL);
}

static void is_called_by_a_plain_thread_itself(void **state)
{
    (void)state;
    struct stand stand = {.gate = GATE_INIT, .number = 5};
    int returned = 0;
    gate_open(&stand.gate);
    assert_int_equal(bide_blocking(stand_and_return, &stand, &returned), 0);
    assert_int_equal(returned, 5);
    assert_true(pthread_equal(stand.thread, pthread_self()));
    assert_int_equal(bide_blocking(stand_and_return, &stand, NULL), 0);
}

static int block_here(void *arg, bide_value *result)
{
    struct stand *stand = arg;
    CHECK_EQUAL(block(stand, result), 0);
    CHECK(pthread_equal(stand->thread, pthread_self()));
    return 0;
}

static void is_called_by_a_holding_worker_itself(void **state)
{
    struct fixture *at = *state;
    struct stand stand = {.gate = GATE_INIT};
    gate_open(&stand.gate);
    assert_int_equal(bide_join(submit(at->pool, block_here, &stand), NULL), 0);
}

static void leaves_the_worker_to_others(void **state)
{
    struct fixture *at = *state;
    struct stand stands[16];
    bide_future *futures[16];
    bide_value value;
    for (int i = 0; i < 16; i++) {
        stands[i] = (struct stand){.gate = GATE_INIT, .number = i};
        futures[i] = submit(at->pool, block, &stands[i]);
    }
    for (int i = 0; i < 16; i++)
        gate_await(&stands[i].gate, 1);
    assert_int_equal(bide_join(submit(at->pool, return_at_once, NULL), NULL), 0);
    for (int i = 16; i-- > 0;) {
        gate_open(&stands[i].gate);
        assert_int_equal(bide_join(futures[i], &value), 0);
        assert_int_equal(value.i64, i);
    }
}

static int block_often(void *arg, bide_value *result)
{
    for (int i = 0; i < 100; i++)
        CHECK_EQUAL(block(arg, result), 0);
    return 0;
}

/* A helper that has been idle for seconds leaves, and the next call needs another. */
static void uses_a_helper_again(void **state)
{
    struct fixture *at = *state;
    struct stand stand = {.gate = GATE_INIT};
    gate_open(&stand.gate);
    size_t spawned = seams_spawned();
    bide_time start = bide_clock();
    assert_int_equal(bide_join(submit(at->pool, block_often, &stand), NULL), 0);
    size_t seconds = (size_t)((bide_clock() - start) / 1000000000);
    assert_in_range(seams_spawned() - spawned, 1, 1 + seconds);
}

static int never(void *arg)
{
    (void)arg;
    check_true(false, "a call started that must not", __FILE__, __LINE__);
    return 0;
}

static int block_in_vain(void *arg, bide_value *result)
{
    (void)result;
    int returned = 77;
    gate_arrive(arg);
    CHECK_EQUAL(bide_blocking(never, NULL, &returned), ECANCELED);
    CHECK_EQUAL(returned, 77);
    return ECANCELED;
}

static void starts_no_more_than_asked_for(void **state)
{
    (void)state;
    bide_pool *pool = make_pool_with(&(bide_pool_options){.workers = 2, .max_blocking = 1});
    struct stand first = {.gate = GATE_INIT}, second = {.gate = GATE_INIT};
    struct gate gate = GATE_INIT;
    bide_future *one = submit(pool, block, &first);
    gate_await(&first.gate, 1);
    bide_future *cancelled = submit(pool, block_in_vain, &gate);
    gate_await(&gate, 1);
    bide_future *two = submit(pool, block, &second);
    assert_int_equal(bide_future_cancel(cancelled), 0);
    assert_int_equal(bide_join(cancelled, NULL), ECANCELED);
    assert_int_equal(gate_arrived(&second.gate), 0);
    gate_open(&second.gate);
    gate_open(&first.gate);
    assert_int_equal(bide_join(one, NULL), 0);
    assert_int_equal(bide_join(two, NULL), 0);
    end_pool(pool);
}

static int block_and_yield(void *arg, bide_value *result)
{
    CHECK_EQUAL(block(arg, result), 0);
    CHECK_EQUAL(bide_yield(), ECANCELED);
    CHECK_EQUAL(bide_yield(), 0);
    return 0;
}

static void is_not_interrupted_once_it_has_started(void **state)
{
    struct fixture *at = *state;
    struct stand stand = {.gate = GATE_INIT};
    bide_future *future = submit(at->pool, block_and_yield, &stand);
    gate_await(&stand.gate, 1);
    assert_int_equal(bide_future_cancel(future), 0);
    assert_int_equal(bide_future_wait(future, bide_in(0.01)), ETIMEDOUT);
    gate_open(&stand.gate);
    assert_int_equal(bide_join(future, NULL), 0);
}

static int close_own_pool(void *pool)
{
    CHECK_EQUAL(bide_pool_drain(pool, BIDE_FOREVER), EDEADLK);
    CHECK_EQUAL(bide_pool_close(pool, BIDE_CANCEL, BIDE_NOW), EDEADLK);
    CHECK_EQUAL(bide_pool_destroy(pool), EDEADLK);
    CHECK(bide_current_pool() == NULL);
    return 0;
}

static int close_from_helper(void *arg, bide_value *result)
{
    (void)arg, (void)result;
    return bide_blocking(close_own_pool, bide_current_pool(), NULL);
}

static void cannot_close_its_own_pool(void **state)
{
    struct fixture *at = *state;
    assert_int_equal(bide_join(submit(at->pool, close_from_helper, NULL), NULL), 0);
}

static int fail_to_block(void *arg, bide_value *result)
{
    (void)result;
    void (*arm)(size_t nth) = *(void (**)(size_t nth))arg;
    arm(1);
    CHECK_EQUAL(bide_blocking(never, NULL, NULL), EAGAIN);
    arm(0);
    return 0;
}

static void without_a_thread_it_is_eagain(void **state)
{
    struct fixture *at = *state;
    void (*fails[])(size_t nth) = {seams_fail_spawn, seams_fail_memory};
    struct stand stand = {.gate = GATE_INIT};
    for (int i = 0; i < 2; i++)
        assert_int_equal(bide_join(submit(at->pool, fail_to_block, &fails[i]), NULL), 0);
    gate_open(&stand.gate);
    assert_int_equal(bide_join(submit(at->pool, block, &stand), NULL), 0);
}

#define CALLERS 4

/* So that all of them have listed their calls, and each counts on a helper of its own. */
static void stand_together(void *gate)
{
    gate_pass(gate);
}

/* All of the callers are about to make a helper. Those before the nth can be had: one is enough for all of the calls. */
static void block_at_once(bide_pool *pool, size_t nth, bool all_that_follow)
{
    struct gate gate = GATE_INIT;
    struct stand stands[CALLERS];
    bide_future *futures[CALLERS];
    bool none = nth == 1 && all_that_follow;
    all_that_follow ? seams_fail_spawn_from(nth) : seams_fail_spawn(nth);
    seams_before_spawn(stand_together, &gate);
    for (int i = 0; i < CALLERS; i++) {
        stands[i] = (struct stand){.gate = {0, true}, .number = i};
        futures[i] = submit(pool, block, &stands[i]);
    }
    gate_await(&gate, CALLERS);
    gate_open(&gate);
    for (int i = 0; i < CALLERS; i++) {
        assert_int_equal(bide_join(futures[i], NULL), none ? EAGAIN : 0);
        assert_int_equal(gate_arrived(&stands[i].gate), !none);
    }
    assert_true(seams_spawn_failed());
    seams_fail_spawn(0);
    seams_before_spawn(NULL, NULL);
}

static void without_threads_none_of_many_is_stranded(void **state)
{
    (void)state;
    for (size_t nth = 1; nth <= CALLERS; nth++) {
        for (int lasts = 0; lasts <= 1; lasts++) {
            bide_pool *pool = make_pool(CALLERS);
            block_at_once(pool, nth, lasts);
            end_pool(pool);
        }
    }
}

/* What could not be had does not count for max_blocking, nor as one that is free. */
static void when_threads_are_back_it_goes_on(void **state)
{
    (void)state;
    bide_pool *pool = make_pool_with(&(bide_pool_options){.workers = CALLERS, .max_blocking = CALLERS});
    struct stand stands[CALLERS];
    bide_future *futures[CALLERS];
    for (int i = 0; i < 10; i++)
        block_at_once(pool, 1, true);
    for (int i = 0; i < CALLERS; i++) {
        stands[i] = (struct stand){.gate = GATE_INIT};
        futures[i] = submit(pool, block, &stands[i]);
    }
    for (int i = 0; i < CALLERS; i++)
        gate_await(&stands[i].gate, 1);
    for (int i = 0; i < CALLERS; i++) {
        gate_open(&stands[i].gate);
        assert_int_equal(bide_join(futures[i], NULL), 0);
    }
    end_pool(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ALONE(refuses_null),
        ALONE(is_called_by_a_plain_thread_itself),
        ON_ONE_HOLDING_WORKER(is_called_by_a_holding_worker_itself),
        ON_POOLS(leaves_the_worker_to_others),
        ON_POOLS(uses_a_helper_again),
        ALONE(starts_no_more_than_asked_for),
        ON_POOLS(is_not_interrupted_once_it_has_started),
        ON_POOLS(cannot_close_its_own_pool),
        ON_ONE_WORKER(without_a_thread_it_is_eagain),
        ALONE(without_threads_none_of_many_is_stranded),
        ALONE(when_threads_are_back_it_goes_on),
    };
    return cmocka_run_group_tests(tests, fixture_begin, NULL);
}
