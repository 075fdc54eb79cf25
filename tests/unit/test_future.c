#include "support/fixture.h"

#include <stdatomic.h>
#include <stdlib.h>

#define THREADS 4

static int give(void *arg, bide_value *result)
{
    *result = *(const bide_value *)arg;
    return 0;
}

static int fail_with(void *arg, bide_value *result)
{
    result->u64 = 99;
    return *(const int *)arg;
}

static int refuse(void *arg, bide_value *result)
{
    (void)arg, (void)result;
    return EIO;
}

static int leave_alone(void *arg, bide_value *result)
{
    (void)arg;
    return CHECK_EQUAL(result->u64, 0) ? 0 : EIO;
}

/* Counts its runs in its argument. */
static int count(void *arg, bide_value *result)
{
    (void)result;
    atomic_fetch_add((atomic_uint *)arg, 1);
    return 0;
}

static bide_future *ended(bide_pool *pool, bide_task_fn *fn, void *arg)
{
    bide_future *future = submit(pool, fn, arg);
    assert_int_equal(bide_future_wait(future, BIDE_FOREVER), 0);
    return future;
}

/* States and results */

static void a_task_is_pending_then_running_then_done(void **state)
{
    struct fixture *at = *state;
    struct gate others = GATE_INIT, own = GATE_INIT;
    occupy(at->pool, at->workers, &others);
    bide_future *future = submit(at->pool, stand_at, &own);
    assert_int_equal(bide_future_state(future), BIDE_PENDING);
    gate_open(&others);
    gate_await(&own, 1);
    assert_int_equal(bide_future_state(future), BIDE_RUNNING);
    vacate(at->pool, &own);
    assert_int_equal(bide_future_state(future), BIDE_DONE);
    bide_future_release(future);
}

static void a_result_is_busy_until_the_end(void **state)
{
    struct fixture *at = *state;
    struct gate others = GATE_INIT, own = GATE_INIT;
    bide_value value = bide_u64(7);
    occupy(at->pool, at->workers, &others);
    bide_future *future = submit(at->pool, stand_at, &own);
    assert_int_equal(bide_future_result(future, &value), EBUSY);
    gate_open(&others);
    gate_await(&own, 1);
    assert_int_equal(bide_future_result(future, &value), EBUSY);
    assert_true(value.u64 == 7);
    vacate(at->pool, &own);
    assert_int_equal(bide_future_result(future, &value), 0);
    assert_true(value.u64 == 0);
    bide_future_release(future);
}

static void returning_0_makes_done(void **state)
{
    struct fixture *at = *state;
    bide_value given = bide_f64(2.5), value;
    bide_future *future = ended(at->pool, give, &given);
    assert_int_equal(bide_future_state(future), BIDE_DONE);
    assert_int_equal(bide_future_result(future, &value), 0);
    assert_true(value.f64 == 2.5);
    assert_int_equal(bide_future_result(future, NULL), 0);
    bide_future_release(future);
}

static void returning_a_number_makes_failed_with_it(void **state)
{
    struct fixture *at = *state;
    int numbers[] = {EIO, EBUSY, ETIMEDOUT, EINVAL, EDEADLK, -1, INT32_MAX, INT32_MIN};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        bide_value value = bide_u64(7);
        bide_future *future = ended(at->pool, fail_with, &numbers[i]);
        assert_int_equal(bide_future_state(future), BIDE_FAILED);
        assert_int_equal(bide_future_result(future, &value), numbers[i]);
        assert_true(value.u64 == 7);
        assert_int_equal(bide_join(future, &value), numbers[i]);
        assert_true(value.u64 == 7);
    }
}

static void returning_ecanceled_unasked_makes_failed(void **state)
{
    struct fixture *at = *state;
    int number = ECANCELED;
    bide_future *future = ended(at->pool, fail_with, &number);
    assert_int_equal(bide_future_state(future), BIDE_FAILED);
    assert_int_equal(bide_join(future, NULL), ECANCELED);
}

static void a_result_left_alone_is_zero(void **state)
{
    struct fixture *at = *state;
    bide_value value = bide_u64(7);
    assert_int_equal(bide_join(submit(at->pool, leave_alone, NULL), &value), 0);
    assert_true(value.u64 == 0);
}

static void *read_often(void *future)
{
    for (int i = 0; i < 100; i++) {
        bide_value value;
        CHECK_EQUAL(bide_future_wait(future, BIDE_NOW), 0);
        CHECK_EQUAL(bide_future_state(future), BIDE_DONE);
        CHECK_EQUAL(bide_future_result(future, &value), 0);
        CHECK_EQUAL(value.i64, -5);
    }
    return NULL;
}

static void a_result_can_be_read_often_by_many(void **state)
{
    struct fixture *at = *state;
    bide_value given = bide_i64(-5);
    bide_future *future = ended(at->pool, give, &given);
    pthread_t readers[THREADS];
    for (int i = 0; i < THREADS; i++)
        readers[i] = start_thread(read_often, future);
    for (int i = 0; i < THREADS; i++)
        end_thread(readers[i]);
    bide_future_release(future);
}

static void a_future_outlives_its_pool(void **state)
{
    struct fixture *at = *state;
    bide_value given = bide_u64(11), value;
    bide_future *future = submit(at->pool, give, &given);
    fixture_end_pool(at);
    assert_int_equal(bide_future_wait(future, BIDE_FOREVER), 0);
    assert_int_equal(bide_future_cancel(future), EALREADY);
    assert_int_equal(bide_join(future, &value), 0);
    assert_true(value.u64 == 11);
}

/* References */

static void releasing_does_not_make_a_task_vanish(void **state)
{
    struct fixture *at = *state;
    struct gate gate = GATE_INIT;
    atomic_uint runs = 0;
    occupy(at->pool, at->workers, &gate);
    for (int i = 0; i < 10; i++)
        bide_future_release(submit(at->pool, count, &runs));
    vacate(at->pool, &gate);
    assert_int_equal(atomic_load(&runs), 10);
}

static void releasing_a_running_task_lets_it_end(void **state)
{
    struct fixture *at = *state;
    struct gate gate = GATE_INIT;
    bide_future *future = submit(at->pool, stand_at, &gate);
    gate_await(&gate, 1);
    bide_future_release(future);
    vacate(at->pool, &gate);
}

static void every_reference_keeps_the_result(void **state)
{
    struct fixture *at = *state;
    bide_value given = bide_u64(3), value;
    bide_future *future = submit(at->pool, give, &given);
    bide_future_retain(future);
    assert_int_equal(bide_join(future, NULL), 0);
    fixture_end_pool(at);
    assert_int_equal(bide_future_result(future, &value), 0);
    assert_true(value.u64 == 3);
    bide_future_release(future);
}

static void releasing_null_does_nothing(void **state)
{
    (void)state;
    bide_future_release(NULL);
}

static int touch(void *arg, bide_value *result)
{
    *result = bide_ptr(arg);
    ++*(int *)arg;
    return 0;
}

/* The task's future and argument are gone while its worker may still be on its way back. */
static void a_waiter_may_free_everything_at_once(void **state)
{
    struct fixture *at = *state;
    for (int round = 0; round < (int)test_scale(2000); round++) {
        bide_value value;
        int *arg = calloc(1, sizeof *arg);
        assert_non_null(arg);
        assert_int_equal(bide_join(submit(at->pool, touch, arg), &value), 0);
        assert_ptr_equal(value.ptr, arg);
        free(arg);
    }
}

static void a_waiter_may_destroy_the_pool_at_once(void **state)
{
    (void)state;
    for (int round = 0; round < 100; round++) {
        int touched = 0;
        bide_pool *pool = make_pool(2);
        bide_future *future = submit(pool, touch, &touched);
        assert_int_equal(bide_future_wait(future, BIDE_FOREVER), 0);
        end_pool(pool);
        assert_int_equal(bide_join(future, NULL), 0);
        assert_int_equal(touched, 1);
    }
}

/* Waiting */

struct watch {
    bide_future *future;
    struct gate arrived;
};

static void *await_as_a_thread(void *arg)
{
    struct watch *watch = arg;
    bide_value value;
    gate_arrive(&watch->arrived);
    CHECK_EQUAL(bide_future_wait(watch->future, BIDE_FOREVER), 0);
    CHECK_EQUAL(bide_future_result(watch->future, &value), 0);
    CHECK_EQUAL(value.u64, 21);
    return NULL;
}

static int await_as_a_task(void *arg, bide_value *result)
{
    (void)result;
    return await_as_a_thread(arg) ? EIO : 0;
}

static void an_end_is_told_to_all_who_wait(void **state)
{
    struct fixture *at = *state;
    pthread_t threads[THREADS];
    struct watch watch = {make_promise(), GATE_INIT};
    for (int i = 0; i < THREADS; i++)
        threads[i] = start_thread(await_as_a_thread, &watch);
    for (unsigned i = 0; i < at->workers; i++)
        assert_int_equal(bide_submit(at->pool, await_as_a_task, &watch, NULL), 0);
    gate_await(&watch.arrived, THREADS + at->workers);
    assert_int_equal(bide_promise_resolve(watch.future, bide_u64(21)), 0);
    for (int i = 0; i < THREADS; i++)
        end_thread(threads[i]);
    assert_int_equal(bide_pool_drain(at->pool, BIDE_FOREVER), 0);
    bide_future_release(watch.future);
}

static int wait_for(void *arg, bide_value *result)
{
    (void)result;
    return bide_future_wait(arg, BIDE_FOREVER);
}

static void a_task_waits_for_one_that_runs(void **state)
{
    struct fixture *at = *state;
    struct gate gate = GATE_INIT;
    bide_pool *other = make_pool(1);
    bide_future *running = submit(other, stand_at, &gate);
    gate_await(&gate, 1);
    bide_future *waiting = submit(at->pool, wait_for, running);
    vacate(other, &gate);
    assert_int_equal(bide_join(waiting, NULL), 0);
    assert_int_equal(bide_join(running, NULL), 0);
    end_pool(other);
}

static int time_out_never_early(void *arg, bide_value *result)
{
    (void)result;
    bide_time deadline = bide_in(0.02);
    CHECK_EQUAL(bide_future_wait(arg, BIDE_NOW), ETIMEDOUT);
    CHECK_EQUAL(bide_future_wait(arg, 1), ETIMEDOUT);
    CHECK_EQUAL(bide_future_wait(arg, -1), ETIMEDOUT);
    CHECK_EQUAL(bide_future_wait(arg, deadline), ETIMEDOUT);
    CHECK(bide_clock() >= deadline);
    CHECK_EQUAL(bide_future_state(arg), BIDE_PENDING);
    return 0;
}

static void a_wait_times_out_and_never_early(void **state)
{
    struct fixture *at = *state;
    bide_future *promise = make_promise();
    assert_int_equal(time_out_never_early(promise, NULL), 0);
    assert_int_equal(bide_join(submit(at->pool, time_out_never_early, promise), NULL), 0);
    bide_future_release(promise);
}

static void an_ended_future_is_ready_whatever_the_deadline(void **state)
{
    struct fixture *at = *state;
    bide_value given = bide_u64(1);
    bide_future *future = ended(at->pool, give, &given);
    assert_int_equal(bide_future_wait(future, BIDE_NOW), 0);
    assert_int_equal(bide_future_wait(future, 1), 0);
    assert_int_equal(bide_future_wait(future, bide_in(3600)), 0);
    assert_int_equal(bide_future_wait(future, BIDE_FOREVER), 0);
    bide_future_release(future);
}

static void join_gives_the_outcome(void **state)
{
    struct fixture *at = *state;
    bide_value given = bide_u64(8), value = bide_u64(7);
    int number = EPERM;
    assert_int_equal(bide_join(submit(at->pool, fail_with, &number), &value), EPERM);
    assert_true(value.u64 == 7);
    assert_int_equal(bide_join(submit(at->pool, give, &given), &value), 0);
    assert_true(value.u64 == 8);
    assert_int_equal(bide_join(submit(at->pool, give, &given), NULL), 0);
}

/* Running in place */

static int be_run_in_place(void *arg, bide_value *result)
{
    (void)result;
    pthread_t *parent = arg;
    CHECK(pthread_equal(*parent, pthread_self()));
    CHECK_EQUAL(bide_worker_index(), 0);
    CHECK(bide_current_pool() != NULL);
    return 0;
}

static int run_in_place(void *arg, bide_value *result)
{
    (void)result;
    int (*const waits[])(bide_future *, bide_time) = {bide_future_wait, bide_future_wait_or_cancel};
    pthread_t self = pthread_self();
    bide_pool *pool = bide_current_pool();
    bide_future *future;
    for (int i = 0; i < 2 && CHECK_EQUAL(bide_submit(pool, be_run_in_place, &self, &future), 0); i++) {
        CHECK_EQUAL(waits[i](future, BIDE_FOREVER), 0);
        CHECK_EQUAL(bide_future_state(future), BIDE_DONE);
        bide_future_release(future);
    }
    if (CHECK_EQUAL(bide_submit(pool, be_run_in_place, &self, &future), 0))
        CHECK_EQUAL(bide_join(future, NULL), 0);
    CHECK_EQUAL(bide_worker_index(), 0);
    CHECK(bide_current_pool() == arg);
    return 0;
}

static void a_wait_runs_an_unstarted_task_in_place(void **state)
{
    struct fixture *at = *state;
    assert_int_equal(bide_join(submit(at->pool, run_in_place, at->pool), NULL), 0);
}

static int wait_beside_others(void *arg, bide_value *result)
{
    (void)arg, (void)result;
    bide_pool *pool = bide_current_pool();
    atomic_uint runs = 0, bystanders = 0;
    bide_future *children[3];
    for (int i = 0; i < 3; i++)
        if (!CHECK_EQUAL(bide_submit(pool, count, i == 1 ? &runs : &bystanders, &children[i]), 0))
            return EIO;
    CHECK_EQUAL(bide_future_wait(children[1], BIDE_FOREVER), 0);
    CHECK_EQUAL(atomic_load(&runs), 1);
    CHECK_EQUAL(atomic_load(&bystanders), 0);
    for (int i = 0; i < 3; i++)
        CHECK_EQUAL(bide_join(children[i], NULL), 0);
    CHECK_EQUAL(atomic_load(&bystanders), 2);
    return 0;
}

/* Another task could want a lock that the waiter holds. */
static void a_wait_runs_no_other_task_in_place(void **state)
{
    struct fixture *at = *state;
    assert_int_equal(bide_join(submit(at->pool, wait_beside_others, NULL), NULL), 0);
}

static int wait_for_a_while(void *arg, bide_value *result)
{
    (void)arg, (void)result;
    atomic_uint runs = 0;
    bide_future *child;
    if (!CHECK_EQUAL(bide_submit(bide_current_pool(), count, &runs, &child), 0))
        return EIO;
    CHECK_EQUAL(bide_future_wait(child, BIDE_NOW), ETIMEDOUT);
    CHECK_EQUAL(bide_future_wait(child, bide_in(0.02)), ETIMEDOUT);
    CHECK_EQUAL(bide_future_state(child), BIDE_PENDING);
    CHECK_EQUAL(atomic_load(&runs), 0);
    CHECK_EQUAL(bide_join(child, NULL), 0);
    CHECK_EQUAL(atomic_load(&runs), 1);
    return 0;
}

static void a_wait_with_a_deadline_runs_nothing_in_place(void **state)
{
    struct fixture *at = *state;
    assert_int_equal(bide_join(submit(at->pool, wait_for_a_while, NULL), NULL), 0);
}

static int tell_pool(void *arg, bide_value *result)
{
    (void)arg;
    *result = bide_ptr(bide_current_pool());
    return 0;
}

static int join_from_elsewhere(void *arg, bide_value *result)
{
    bide_future *future;
    int error = bide_submit(arg, tell_pool, NULL, &future);
    return error ? error : bide_join(future, result);
}

static void a_task_of_another_pool_is_not_run_in_place(void **state)
{
    struct fixture *at = *state;
    bide_pool *other = make_pool(1);
    bide_value value;
    assert_int_equal(bide_join(submit(at->pool, join_from_elsewhere, other), &value), 0);
    assert_ptr_equal(value.ptr, other);
    end_pool(other);
}

/* Gives its argument, a number, back by way of a task for each unit of it. */
static int chain(void *arg, bide_value *result)
{
    unsigned left = *(const unsigned *)arg;
    if (left == 0)
        return 0;
    bide_future *next = NULL;
    bide_value rest = bide_u64(0);
    int error = bide_submit(bide_current_pool(), chain, &(unsigned){left - 1}, &next);
    if (!error)
        error = bide_join(next, &rest);
    result->u64 = rest.u64 + 1;
    return error;
}

static void a_chain_of_joins_does_not_deadlock(void **state)
{
    struct fixture *at = *state;
    unsigned depth = (unsigned)test_scale(1000);
    bide_value value;
    assert_int_equal(bide_join(submit(at->pool, chain, &depth), &value), 0);
    assert_true(value.u64 == depth);
}

/* A task runs one in place, which runs one in place, until the stack is too short for one more. */
struct shaft {
    int (*descend)(bide_future *deeper);
    unsigned depth, refused;
};

static int dig(void *arg, bide_value *result)
{
    (void)result;
    struct shaft *shaft = arg;
    volatile char frame[16 * 1024] = {0}; /* so that the end comes soon */
    unsigned depth = ++shaft->depth;
    bide_future *deeper;
    if (!CHECK_EQUAL(bide_submit(bide_current_pool(), dig, shaft, &deeper), 0))
        return EIO;
    int error = shaft->descend(deeper);
    if (error == EDEADLK) {
        shaft->refused++;
        CHECK_EQUAL(shaft->depth, depth);
    } else {
        CHECK_EQUAL(error, 0);
    }
    return frame[0];
}

static int descend_by_join(bide_future *deeper)
{
    bide_future_retain(deeper);
    int error = bide_join(deeper, NULL);
    CHECK_EQUAL(bide_future_state(deeper), error ? BIDE_CANCELLED : BIDE_DONE);
    bide_future_release(deeper);
    return error;
}

static int descend_by(int (*wait)(bide_future *, bide_time), bide_future *deeper)
{
    int error = wait(deeper, BIDE_FOREVER);
    CHECK_EQUAL(bide_future_state(deeper), error ? BIDE_PENDING : BIDE_DONE);
    CHECK_EQUAL(bide_future_cancel(deeper), error ? 0 : EALREADY);
    bide_future_release(deeper);
    return error;
}

static int descend_by_wait(bide_future *deeper)
{
    return descend_by(bide_future_wait, deeper);
}

static int descend_by_wait_or_cancel(bide_future *deeper)
{
    return descend_by(bide_future_wait_or_cancel, deeper);
}

static void dig_until_refused(int (*descend)(bide_future *deeper))
{
    bide_pool *pool =
        make_pool_with(&(bide_pool_options){.workers = 1, .waiting = BIDE_HOLD, .stack_size = 1536 * 1024});
    struct shaft shaft = {descend, 0, 0};
    assert_int_equal(bide_join(submit(pool, dig, &shaft), NULL), 0);
    end_pool(pool);
    assert_int_equal(shaft.refused, 1);
    assert_true(shaft.depth >= 4);
}

static void join_without_stack_cancels_the_unstarted(void **state)
{
    (void)state;
    dig_until_refused(descend_by_join);
}

static void wait_without_stack_leaves_the_unstarted(void **state)
{
    (void)state;
    dig_until_refused(descend_by_wait);
}

static void wait_or_cancel_without_stack_leaves_the_unstarted(void **state)
{
    (void)state;
    dig_until_refused(descend_by_wait_or_cancel);
}

/* Waiting for oneself */

struct self {
    bide_future *future;
    struct gate known; /* open when future is set */
};

static void expect_deadlock(bide_future *future)
{
    CHECK_EQUAL(bide_future_wait(future, BIDE_FOREVER), EDEADLK);
    CHECK_EQUAL(bide_future_wait(future, bide_in(3600)), EDEADLK);
    CHECK_EQUAL(bide_future_wait_or_cancel(future, BIDE_FOREVER), EDEADLK);
    CHECK_EQUAL(bide_future_wait_or_cancel(future, bide_in(3600)), EDEADLK);
    CHECK_EQUAL(bide_join(future, NULL), EDEADLK);
    CHECK_EQUAL(bide_future_state(future), BIDE_RUNNING);
}

static int wait_for_itself(void *arg, bide_value *result)
{
    (void)result;
    struct self *self = arg;
    gate_pass(&self->known);
    expect_deadlock(self->future);
    CHECK(!bide_cancelled());
    return 0;
}

static void run_with_own_future(bide_pool *pool, bide_task_fn *fn)
{
    struct self self = {NULL, GATE_INIT};
    self.future = submit(pool, fn, &self);
    gate_open(&self.known);
    assert_int_equal(bide_join(self.future, NULL), 0);
}

static void a_task_cannot_wait_for_itself(void **state)
{
    struct fixture *at = *state;
    run_with_own_future(at->pool, wait_for_itself);
}

static int wait_for_those_beneath(void *arg, bide_value *result)
{
    (void)result;
    struct self *self = arg;
    expect_deadlock(self->future);
    CHECK(!bide_cancelled());
    return 0;
}

static int run_two_deep(void *arg, bide_value *result)
{
    (void)result;
    bide_future *child;
    if (CHECK_EQUAL(bide_submit(bide_current_pool(), wait_for_those_beneath, arg, &child), 0))
        CHECK_EQUAL(bide_join(child, NULL), 0);
    return wait_for_those_beneath(arg, result);
}

static int run_three_deep(void *arg, bide_value *result)
{
    (void)result;
    struct self *self = arg;
    bide_future *child;
    gate_pass(&self->known);
    if (CHECK_EQUAL(bide_submit(bide_current_pool(), run_two_deep, self, &child), 0))
        CHECK_EQUAL(bide_join(child, NULL), 0);
    CHECK(!bide_cancelled());
    return 0;
}

static void a_task_cannot_wait_for_those_beneath_on_its_stack(void **state)
{
    struct fixture *at = *state;
    run_with_own_future(at->pool, run_three_deep);
}

/* Owned arguments */

static atomic_uint drops;

static void drop(void *arg)
{
    atomic_fetch_add(&drops, 1);
    free(arg);
}

static bide_future *submit_owned(bide_pool *pool, bide_task_fn *fn)
{
    bide_value *arg = malloc(sizeof *arg);
    assert_non_null(arg);
    *arg = bide_u64(17);
    bide_future *future = submit(pool, fn, arg);
    assert_int_equal(bide_future_own(future, drop), 0);
    return future;
}

static int give_argument(void *arg, bide_value *result)
{
    *result = bide_ptr(arg);
    return 0;
}

static void end_pool_and_expect_drops(struct fixture *at, unsigned expected)
{
    fixture_end_pool(at);
    assert_int_equal(atomic_exchange(&drops, 0), expected);
}

static void an_owned_argument_is_dropped_once(void **state)
{
    struct fixture *at = *state;
    assert_int_equal(bide_join(submit_owned(at->pool, give), NULL), 0);
    bide_future_release(submit_owned(at->pool, give));
    assert_int_equal(bide_join(submit_owned(at->pool, refuse), NULL), EIO);
    end_pool_and_expect_drops(at, 3);
}

static void an_owned_argument_lives_as_long_as_a_reference(void **state)
{
    struct fixture *at = *state;
    bide_value value;
    bide_future *future = submit_owned(at->pool, give_argument);
    end_pool_and_expect_drops(at, 0);
    assert_int_equal(bide_future_result(future, &value), 0);
    assert_true(((bide_value *)value.ptr)->u64 == 17);
    bide_future_release(future);
    assert_int_equal(atomic_exchange(&drops, 0), 1);
}

static void an_argument_can_be_owned_after_the_end(void **state)
{
    struct fixture *at = *state;
    bide_value *arg = malloc(sizeof *arg);
    assert_non_null(arg);
    *arg = bide_u64(1);
    bide_future *future = ended(at->pool, give, arg);
    assert_int_equal(bide_future_own(future, drop), 0);
    bide_future_release(future);
    end_pool_and_expect_drops(at, 1);
}

static void an_owned_argument_is_dropped_though_never_run(void **state)
{
    struct fixture *at = *state;
    struct gate gate = GATE_INIT;
    occupy(at->pool, at->workers, &gate);
    bide_future *future = submit_owned(at->pool, give);
    assert_int_equal(bide_future_cancel(future), 0);
    assert_int_equal(bide_join(future, NULL), ECANCELED);
    vacate(at->pool, &gate);
    end_pool_and_expect_drops(at, 1);
}

static void an_owned_argument_is_dropped_when_the_pool_is_closed(void **state)
{
    struct fixture *at = *state;
    struct gate gate = GATE_INIT;
    occupy(at->pool, at->workers, &gate);
    bide_future *kept = submit_owned(at->pool, give);
    bide_future_release(submit_owned(at->pool, give));
    assert_int_equal(bide_pool_close(at->pool, BIDE_CANCEL, BIDE_NOW), ETIMEDOUT);
    assert_int_equal(bide_join(kept, NULL), ECANCELED);
    gate_open(&gate);
    end_pool_and_expect_drops(at, 2);
}

/* Each argument is a reference to the future before. */
static struct drop_chain {
    unsigned depth, deepest, drops;
} drop_chain;

static void drop_next(void *next)
{
    drop_chain.drops++;
    if (++drop_chain.depth > drop_chain.deepest)
        drop_chain.deepest = drop_chain.depth;
    bide_future_release(next);
    drop_chain.depth--;
}

static void a_long_chain_of_drops_does_not_recurse(void **state)
{
    struct fixture *at = *state;
    unsigned length = (unsigned)test_scale(10000);
    bide_future *last = NULL;
    for (unsigned i = 0; i < length; i++) {
        last = submit(at->pool, give_argument, last);
        assert_int_equal(bide_future_own(last, drop_next), 0);
    }
    fixture_end_pool(at);
    drop_chain = (struct drop_chain){0};
    bide_future_release(last);
    assert_int_equal(drop_chain.drops, length);
    assert_int_equal(drop_chain.deepest, 1);
}

static void owning_refuses_what_it_must(void **state)
{
    struct fixture *at = *state;
    bide_future *promise = make_promise(), *future = submit_owned(at->pool, give);
    assert_int_equal(bide_future_own(future, drop), EALREADY);
    assert_int_equal(bide_future_own(future, free), EALREADY);
    assert_int_equal(bide_future_own(promise, drop), EINVAL);
    assert_int_equal(bide_future_own(NULL, drop), EINVAL);
    bide_future_release(promise);
    assert_int_equal(bide_join(future, NULL), 0);
    struct gate gate = GATE_INIT;
    future = submit(at->pool, stand_at, &gate);
    assert_int_equal(bide_future_own(future, NULL), EINVAL);
    vacate(at->pool, &gate);
    bide_future_release(future);
    end_pool_and_expect_drops(at, 1);
}

/* The rest of the contract */

static void null_is_einval(void **state)
{
    (void)state;
    bide_value value = bide_u64(7);
    assert_int_equal(bide_future_wait(NULL, BIDE_NOW), EINVAL);
    assert_int_equal(bide_future_wait(NULL, BIDE_FOREVER), EINVAL);
    assert_int_equal(bide_future_wait_or_cancel(NULL, BIDE_NOW), EINVAL);
    assert_int_equal(bide_future_result(NULL, &value), EINVAL);
    assert_int_equal(bide_join(NULL, &value), EINVAL);
    assert_int_equal(bide_future_cancel(NULL), EINVAL);
    assert_true(value.u64 == 7);
}

static void errno_is_left_alone(void **state)
{
    struct fixture *at = *state;
    bide_future *promise = make_promise();
    errno = EXDEV;
    bide_future *future = submit(at->pool, leave_alone, NULL);
    assert_int_equal(bide_future_wait(promise, bide_in(0.001)), ETIMEDOUT);
    assert_int_equal(bide_future_wait_or_cancel(promise, bide_in(0.001)), ETIMEDOUT);
    assert_int_equal(bide_future_wait(NULL, BIDE_FOREVER), EINVAL);
    assert_int_equal(bide_future_cancel(promise), EALREADY);
    assert_int_equal(bide_join(future, NULL), 0);
    bide_future_release(promise);
    assert_int_equal(errno, EXDEV);
}

static void ignore(bide_future *future, void *ctx)
{
    (void)future, (void)ctx;
}

static void expect_inherited(bide_future *future)
{
    CHECK_EQUAL(bide_future_wait(future, BIDE_FOREVER), ESHUTDOWN);
    CHECK_EQUAL(bide_future_wait(future, bide_in(3600)), ESHUTDOWN);
    CHECK_EQUAL(bide_future_wait_or_cancel(future, BIDE_FOREVER), ESHUTDOWN);
    CHECK_EQUAL(bide_future_cancel(future), ESHUTDOWN);
    CHECK_EQUAL(bide_future_own(future, free), ESHUTDOWN);
    CHECK_EQUAL(bide_future_on_done(future, ignore, NULL), ESHUTDOWN);
    CHECK_EQUAL(bide_future_result(future, NULL), EBUSY);
    bide_future_retain(future);
    CHECK_EQUAL(bide_join(future, NULL), ESHUTDOWN);
}

struct inheritance {
    bide_future *queued, *running, *done, *promise;
};

static void look_at_inheritance(void *arg)
{
    const struct inheritance *from_parent = arg;
    bide_value value;
    expect_inherited(from_parent->queued);
    expect_inherited(from_parent->running);
    CHECK_EQUAL(bide_future_state(from_parent->queued), BIDE_PENDING);
    CHECK_EQUAL(bide_future_state(from_parent->running), BIDE_RUNNING);
    CHECK_EQUAL(bide_future_wait(from_parent->done, BIDE_FOREVER), 0);
    CHECK_EQUAL(bide_future_cancel(from_parent->done), EALREADY);
    CHECK_EQUAL(bide_join(from_parent->done, &value), 0);
    CHECK_EQUAL(value.u64, 4);
    CHECK_EQUAL(bide_promise_resolve(from_parent->promise, bide_u64(5)), 0);
    CHECK_EQUAL(bide_join(from_parent->promise, &value), 0);
    CHECK_EQUAL(value.u64, 5);
}

static void a_child_process_cannot_wait_for_the_parents_tasks(void **state)
{
    struct fixture *at = *state;
    struct gate gate = GATE_INIT;
    bide_value four = bide_u64(4);
    struct inheritance futures = {.done = ended(at->pool, give, &four), .promise = make_promise()};
    futures.running = submit(at->pool, stand_at, &gate);
    occupy(at->pool, at->workers - 1, &gate);
    gate_await(&gate, at->workers);
    futures.queued = submit(at->pool, give, &four);
    check_in_child_process(look_at_inheritance, &futures);
    vacate(at->pool, &gate);
    assert_int_equal(bide_join(futures.queued, NULL), 0);
    assert_int_equal(bide_join(futures.running, NULL), 0);
    bide_future_release(futures.done);
    bide_future_release(futures.promise);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_POOLS(a_task_is_pending_then_running_then_done),
        ON_POOLS(a_result_is_busy_until_the_end),
        ON_POOLS(returning_0_makes_done),
        ON_POOLS(returning_a_number_makes_failed_with_it),
        ON_POOLS(returning_ecanceled_unasked_makes_failed),
        ON_POOLS(a_result_left_alone_is_zero),
        ON_POOLS(a_result_can_be_read_often_by_many),
        ON_POOLS(a_future_outlives_its_pool),
        ON_POOLS(releasing_does_not_make_a_task_vanish),
        ON_POOLS(releasing_a_running_task_lets_it_end),
        ON_POOLS(every_reference_keeps_the_result),
        ALONE(releasing_null_does_nothing),
        ON_POOLS(a_waiter_may_free_everything_at_once),
        ALONE(a_waiter_may_destroy_the_pool_at_once),
        ON_POOLS(an_end_is_told_to_all_who_wait),
        ON_POOLS(a_task_waits_for_one_that_runs),
        ON_POOLS(a_wait_times_out_and_never_early),
        ON_POOLS(an_ended_future_is_ready_whatever_the_deadline),
        ON_POOLS(join_gives_the_outcome),
        ON_ONE_HOLDING_WORKER(a_wait_runs_an_unstarted_task_in_place),
        ON_ONE_HOLDING_WORKER(a_wait_runs_no_other_task_in_place),
        ON_ONE_HOLDING_WORKER(a_wait_with_a_deadline_runs_nothing_in_place),
        ON_POOLS(a_task_of_another_pool_is_not_run_in_place),
        ON_POOLS(a_chain_of_joins_does_not_deadlock),
        ALONE(join_without_stack_cancels_the_unstarted),
        ALONE(wait_without_stack_leaves_the_unstarted),
        ALONE(wait_or_cancel_without_stack_leaves_the_unstarted),
        ON_POOLS(a_task_cannot_wait_for_itself),
        ON_ONE_HOLDING_WORKER(a_task_cannot_wait_for_those_beneath_on_its_stack),
        ON_POOLS(an_owned_argument_is_dropped_once),
        ON_POOLS(an_owned_argument_lives_as_long_as_a_reference),
        ON_POOLS(an_argument_can_be_owned_after_the_end),
        ON_POOLS(an_owned_argument_is_dropped_though_never_run),
        ON_POOLS(an_owned_argument_is_dropped_when_the_pool_is_closed),
        ON_ONE_WORKER(a_long_chain_of_drops_does_not_recurse),
        ON_POOLS(owning_refuses_what_it_must),
        ALONE(null_is_einval),
        ON_POOLS(errno_is_left_alone),
        ON_POOLS(a_child_process_cannot_wait_for_the_parents_tasks),
    };
    return cmocka_run_group_tests(tests, fixture_begin, NULL);
}
