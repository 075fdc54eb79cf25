#include "support/asleep.h"
#include "support/fixture.h"

#include <stdatomic.h>

#define THREADS 4

static void a_promise_is_pending_until_it_is_settled(void **state)
{
    (void)state;
    bide_value value = bide_u64(7);
    bide_future *promise = make_promise();
    assert_int_equal(bide_future_state(promise), BIDE_PENDING);
    assert_int_equal(bide_future_result(promise, &value), EBUSY);
    assert_int_equal(bide_future_wait(promise, BIDE_NOW), ETIMEDOUT);
    assert_int_equal(bide_promise_resolve(promise, bide_f64(0.5)), 0);
    assert_int_equal(bide_future_state(promise), BIDE_DONE);
    assert_int_equal(bide_future_wait(promise, BIDE_NOW), 0);
    assert_int_equal(bide_join(promise, &value), 0);
    assert_true(value.f64 == 0.5);
}

static void a_promise_can_be_failed(void **state)
{
    (void)state;
    bide_value value = bide_u64(7);
    bide_future *promise = make_promise();
    assert_int_equal(bide_promise_fail(promise, EIO), 0);
    assert_int_equal(bide_future_state(promise), BIDE_FAILED);
    assert_int_equal(bide_future_wait(promise, BIDE_FOREVER), 0);
    assert_int_equal(bide_join(promise, &value), EIO);
    assert_true(value.u64 == 7);
}

static void any_number_but_0_is_an_error(void **state)
{
    (void)state;
    const int numbers[] = {ECANCELED, EBUSY, -1, INT32_MAX, INT32_MIN};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        bide_future *promise = make_promise();
        assert_int_equal(bide_promise_fail(promise, 0), EINVAL);
        assert_int_equal(bide_future_state(promise), BIDE_PENDING);
        assert_int_equal(bide_promise_fail(promise, numbers[i]), 0);
        assert_int_equal(bide_future_state(promise), BIDE_FAILED);
        assert_int_equal(bide_join(promise, NULL), numbers[i]);
    }
}

static void a_promise_ends_cancelled_at_once(void **state)
{
    (void)state;
    bide_future *promise = make_promise();
    assert_int_equal(bide_future_cancel(promise), 0);
    assert_int_equal(bide_future_state(promise), BIDE_CANCELLED);
    assert_int_equal(bide_future_wait(promise, BIDE_NOW), 0);
    assert_int_equal(bide_join(promise, NULL), ECANCELED);
}

static void settle_in_vain(bide_future *promise, enum bide_state expected)
{
    assert_int_equal(bide_promise_resolve(promise, bide_u64(2)), EALREADY);
    assert_int_equal(bide_promise_fail(promise, EIO), EALREADY);
    assert_int_equal(bide_future_cancel(promise), EALREADY);
    assert_int_equal(bide_future_state(promise), expected);
}

static void the_first_end_stands(void **state)
{
    (void)state;
    bide_value value;
    bide_future *done = make_promise(), *failed = make_promise(), *cancelled = make_promise();
    assert_int_equal(bide_promise_resolve(done, bide_u64(1)), 0);
    assert_int_equal(bide_promise_fail(failed, EPERM), 0);
    assert_int_equal(bide_future_cancel(cancelled), 0);
    settle_in_vain(done, BIDE_DONE);
    settle_in_vain(failed, BIDE_FAILED);
    settle_in_vain(cancelled, BIDE_CANCELLED);
    assert_int_equal(bide_join(done, &value), 0);
    assert_true(value.u64 == 1);
    assert_int_equal(bide_join(failed, NULL), EPERM);
    assert_int_equal(bide_join(cancelled, NULL), ECANCELED);
}

static void expect_not_a_promise(bide_future *future)
{
    assert_int_equal(bide_promise_resolve(future, bide_u64(1)), EINVAL);
    assert_int_equal(bide_promise_fail(future, EIO), EINVAL);
}

static void a_tasks_own_future_cannot_be_settled(void **state)
{
    struct fixture *at = *state;
    struct gate gate = GATE_INIT;
    occupy(at->pool, at->workers - 1, &gate);
    bide_future *running = submit(at->pool, stand_at, &gate);
    gate_await(&gate, at->workers);
    bide_future *queued = submit(at->pool, stand_at, &gate);
    expect_not_a_promise(running);
    expect_not_a_promise(queued);
    vacate(at->pool, &gate);
    expect_not_a_promise(queued);
    assert_int_equal(bide_join(running, NULL), 0);
    assert_int_equal(bide_join(queued, NULL), 0);
}

static void null_is_einval(void **state)
{
    (void)state;
    assert_int_equal(bide_promise_create(NULL), EINVAL);
    assert_int_equal(bide_promise_resolve(NULL, bide_u64(1)), EINVAL);
    assert_int_equal(bide_promise_fail(NULL, EIO), EINVAL);
}

static void a_promise_without_memory_is_enomem(void **state)
{
    (void)state;
    bide_future *untouched = NULL;
    seams_fail_memory(1);
    assert_int_equal(bide_promise_create(&untouched), ENOMEM);
    assert_true(seams_memory_failed());
    assert_null(untouched);
}

static void note_state(bide_future *future, void *state)
{
    *(enum bide_state *)state = bide_future_state(future);
}

static void the_last_release_cancels_what_is_not_settled(void **state)
{
    (void)state;
    enum bide_state seen = BIDE_PENDING;
    bide_future *promise = make_promise();
    assert_int_equal(bide_future_on_done(promise, note_state, &seen), 0);
    bide_future_retain(promise);
    bide_future_release(promise);
    assert_int_equal(seen, BIDE_PENDING);
    bide_future_release(promise);
    assert_int_equal(seen, BIDE_CANCELLED);
}

static void a_release_leaves_what_is_settled(void **state)
{
    (void)state;
    enum bide_state seen = BIDE_PENDING;
    bide_future *promise = make_promise();
    assert_int_equal(bide_future_on_done(promise, note_state, &seen), 0);
    assert_int_equal(bide_promise_fail(promise, EIO), 0);
    seen = BIDE_PENDING;
    bide_future_release(promise);
    assert_int_equal(seen, BIDE_PENDING);
}

/* Between threads and tasks */

struct race {
    bide_future *promise;
    struct gate start;
    atomic_uint settled;
};

static void *settle_somehow(void *arg)
{
    struct race *race = arg;
    unsigned how = gate_arrived(&race->start) % 3;
    gate_pass(&race->start);
    int error = how == 0   ? bide_promise_resolve(race->promise, bide_u64(6))
                : how == 1 ? bide_promise_fail(race->promise, EIO)
                           : bide_future_cancel(race->promise);
    CHECK(error == 0 || error == EALREADY);
    atomic_fetch_add(&race->settled, error == 0);
    return NULL;
}

static void one_of_many_settles_it(void **state)
{
    (void)state;
    for (int round = 0; round < 100; round++) {
        struct race race = {make_promise(), GATE_INIT, 0};
        pthread_t threads[THREADS];
        for (int i = 0; i < THREADS; i++)
            threads[i] = start_thread(settle_somehow, &race);
        gate_await(&race.start, THREADS);
        gate_open(&race.start);
        assert_int_equal(bide_future_wait(race.promise, BIDE_FOREVER), 0);
        enum bide_state end = bide_future_state(race.promise);
        for (int i = 0; i < THREADS; i++)
            end_thread(threads[i]);
        assert_int_equal(atomic_load(&race.settled), 1);
        assert_int_equal(bide_future_state(race.promise), end);
        bide_future_release(race.promise);
    }
}

static int resolve(void *arg, bide_value *result)
{
    (void)result;
    int error = bide_promise_resolve(arg, bide_u64(9));
    bide_future_release(arg);
    return error;
}

/* The waiter's release meets the settler's last touch. */
static void a_task_settles_for_a_thread_which_frees_at_once(void **state)
{
    struct fixture *at = *state;
    for (int round = 0; round < (int)test_scale(1000); round++) {
        bide_value value;
        bide_future *promise = make_promise();
        bide_future_retain(promise);
        assert_int_equal(bide_submit(at->pool, resolve, promise, NULL), 0);
        assert_int_equal(bide_join(promise, &value), 0);
        assert_true(value.u64 == 9);
    }
}

static int join(void *arg, bide_value *result)
{
    return bide_join(arg, result);
}

static void a_thread_settles_for_a_task_which_frees_at_once(void **state)
{
    struct fixture *at = *state;
    for (int round = 0; round < (int)test_scale(1000); round++) {
        bide_value value;
        bide_future *promise = make_promise();
        bide_future_retain(promise);
        bide_future *waiting = submit(at->pool, join, promise);
        assert_int_equal(bide_promise_resolve(promise, bide_u64(9)), 0);
        bide_future_release(promise);
        assert_int_equal(bide_join(waiting, &value), 0);
        assert_true(value.u64 == 9);
    }
}

struct dreamer {
    bide_future *promise;
    struct sleeper sleeper;
};

static int sleep_on_it(void *arg, bide_value *result)
{
    struct dreamer *dreamer = arg;
    sleeper_goes(&dreamer->sleeper);
    CHECK_EQUAL(bide_future_wait(dreamer->promise, BIDE_FOREVER), 0);
    return bide_future_result(dreamer->promise, result);
}

static void *sleep_on_it_as_a_thread(void *arg)
{
    bide_value value;
    CHECK_EQUAL(sleep_on_it(arg, &value), EIO);
    return NULL;
}

static void sleeping_threads_and_tasks_are_told(void **state)
{
    struct fixture *at = *state;
    bide_future *promise = make_promise(), *task;
    struct dreamer thread = {promise, SLEEPER_INIT}, inside = {promise, SLEEPER_INIT};
    pthread_t sleeping = start_thread(sleep_on_it_as_a_thread, &thread);
    task = submit(at->pool, sleep_on_it, &inside);
    sleeper_await(&thread.sleeper);
    sleeper_await(&inside.sleeper);
    assert_int_equal(bide_promise_fail(promise, EIO), 0);
    end_thread(sleeping);
    assert_int_equal(bide_join(task, NULL), EIO);
    bide_future_release(promise);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ALONE(a_promise_is_pending_until_it_is_settled),
        ALONE(a_promise_can_be_failed),
        ALONE(any_number_but_0_is_an_error),
        ALONE(a_promise_ends_cancelled_at_once),
        ALONE(the_first_end_stands),
        ON_POOLS(a_tasks_own_future_cannot_be_settled),
        ALONE(null_is_einval),
        ALONE(a_promise_without_memory_is_enomem),
        ALONE(the_last_release_cancels_what_is_not_settled),
        ALONE(a_release_leaves_what_is_settled),
        ALONE(one_of_many_settles_it),
        ON_POOLS(sleeping_threads_and_tasks_are_told),
        ON_POOLS(a_task_settles_for_a_thread_which_frees_at_once),
        ON_POOLS(a_thread_settles_for_a_task_which_frees_at_once),
    };
    return cmocka_run_group_tests(tests, fixture_begin, NULL);
}
