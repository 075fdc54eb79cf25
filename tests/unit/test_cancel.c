#include "support/asleep.h"
#include "support/fixture.h"

#include <math.h>
#include <sched.h>
#include <stdatomic.h>

#define FOREVER_SECONDS ((double)INFINITY)

static int set(void *arg, bide_value *result)
{
    (void)result;
    atomic_store((atomic_bool *)arg, true);
    return 0;
}

static void await_end(bide_future *future)
{
    assert_int_equal(bide_future_wait(future, BIDE_FOREVER), 0);
}

/* Not started */

static void a_queued_task_never_runs(void **state)
{
    struct fixture *at = *state;
    struct gate gate = GATE_INIT;
    atomic_bool ran = false;
    occupy(at->pool, at->workers, &gate);
    bide_future *future = submit(at->pool, set, &ran);
    assert_int_equal(bide_future_cancel(future), 0);
    assert_int_equal(bide_future_state(future), BIDE_CANCELLED);
    assert_int_equal(bide_future_wait(future, BIDE_NOW), 0);
    assert_int_equal(bide_future_result(future, NULL), ECANCELED);
    assert_int_equal(bide_future_cancel(future), EALREADY);
    vacate(at->pool, &gate);
    assert_false(atomic_load(&ran));
    assert_int_equal(bide_join(future, NULL), ECANCELED);
    assert_int_equal(bide_join(submit(at->pool, set, &ran), NULL), 0);
    assert_true(atomic_load(&ran));
}

struct audience {
    bide_future *future;
    bide_completions *listed;
    struct gate present;
};

static void *wait_in_thread(void *arg)
{
    struct audience *audience = arg;
    gate_arrive(&audience->present);
    CHECK_EQUAL(bide_future_wait(audience->future, BIDE_FOREVER), 0);
    CHECK_EQUAL(bide_future_state(audience->future), BIDE_CANCELLED);
    return NULL;
}

static void *take_in_thread(void *arg)
{
    struct audience *audience = arg;
    gate_arrive(&audience->present);
    CHECK_EQUAL(bide_completions_next(audience->listed, BIDE_FOREVER, NULL, NULL), 0);
    return NULL;
}

static int wait_in_task(void *arg, bide_value *result)
{
    (void)result;
    return wait_in_thread(arg) ? EIO : 0;
}

/* They are told at once: no worker has come to the cancelled task. */
static void all_who_wait_for_a_queued_task_are_told(void **state)
{
    struct fixture *at = *state;
    struct gate gate = GATE_INIT;
    bide_pool *other = make_pool(1);
    occupy(at->pool, at->workers, &gate);
    struct audience audience = {.future = submit(at->pool, stand_at, &gate), .present = GATE_INIT};
    assert_int_equal(bide_completions_create(&audience.listed), 0);
    assert_int_equal(bide_completions_add(audience.listed, audience.future, NULL), 0);
    pthread_t waiter = start_thread(wait_in_thread, &audience), taker = start_thread(take_in_thread, &audience);
    bide_future *task = submit(other, wait_in_task, &audience);
    gate_await(&audience.present, 3);
    assert_int_equal(bide_future_cancel(audience.future), 0);
    end_thread(waiter);
    end_thread(taker);
    assert_int_equal(bide_join(task, NULL), 0);
    assert_int_equal(gate_arrived(&gate), at->workers);
    bide_completions_destroy(audience.listed);
    bide_future_release(audience.future);
    end_pool(other);
    vacate(at->pool, &gate);
}

static void a_task_is_cancelled_or_runs_never_both(void **state)
{
    struct fixture *at = *state;
    for (int round = 0; round < (int)test_scale(1000); round++) {
        atomic_bool ran = false;
        bide_future *future = submit(at->pool, set, &ran);
        for (int i = 0; i < round % 64; i++)
            sched_yield();
        int error = bide_future_cancel(future);
        await_end(future);
        enum bide_state end = bide_future_state(future);
        assert_true(error == 0 || (error == EALREADY && end == BIDE_DONE));
        assert_true(end == (atomic_load(&ran) ? BIDE_DONE : BIDE_CANCELLED));
        bide_future_release(future);
    }
}

/* Ended */

static int return_number(void *arg, bide_value *result)
{
    (void)result;
    return *(const int *)arg;
}

static void what_has_ended_is_ealready(void **state)
{
    struct fixture *at = *state;
    int numbers[] = {0, EIO, ECANCELED};
    enum bide_state ends[] = {BIDE_DONE, BIDE_FAILED, BIDE_FAILED};
    for (int i = 0; i < 3; i++) {
        bide_future *future = submit(at->pool, return_number, &numbers[i]);
        await_end(future);
        assert_int_equal(bide_future_cancel(future), EALREADY);
        assert_int_equal(bide_future_state(future), ends[i]);
        assert_int_equal(bide_join(future, NULL), numbers[i]);
    }
}

/* Computing */

struct act {
    struct gate gate;
    int number;
};

static int compute_until_asked(void *arg, bide_value *result)
{
    struct act *act = arg;
    gate_arrive(&act->gate);
    while (!bide_cancelled())
        sched_yield();
    for (int i = 0; i < 10; i++)
        CHECK(bide_cancelled());
    CHECK_EQUAL(bide_yield(), 0);
    CHECK(bide_cancelled());
    *result = bide_u64(12);
    return act->number;
}

static bide_future *submit_act(bide_pool *pool, bide_task_fn *fn, struct act *act)
{
    bide_future *future = submit(pool, fn, act);
    gate_await(&act->gate, 1);
    return future;
}

static void what_it_returns_after_a_request_stands(void **state)
{
    struct fixture *at = *state;
    const int numbers[] = {0, EIO, ECANCELED, -1};
    const enum bide_state ends[] = {BIDE_DONE, BIDE_FAILED, BIDE_CANCELLED, BIDE_FAILED};
    for (int i = 0; i < 4; i++) {
        struct act act = {GATE_INIT, numbers[i]};
        bide_value value = bide_u64(0);
        bide_future *future = submit_act(at->pool, compute_until_asked, &act);
        assert_int_equal(bide_future_state(future), BIDE_RUNNING);
        assert_int_equal(bide_future_cancel(future), 0);
        await_end(future);
        assert_int_equal(bide_future_state(future), ends[i]);
        assert_int_equal(bide_join(future, &value), numbers[i]);
        assert_true(value.u64 == (numbers[i] == 0 ? 12 : 0));
    }
}

static int return_unlooked(void *arg, bide_value *result)
{
    (void)result;
    struct act *act = arg;
    gate_pass(&act->gate);
    return act->number;
}

static void a_request_need_not_be_seen_to_count(void **state)
{
    struct fixture *at = *state;
    struct act act = {GATE_INIT, ECANCELED};
    bide_future *future = submit_act(at->pool, return_unlooked, &act);
    assert_int_equal(bide_future_cancel(future), 0);
    gate_open(&act.gate);
    await_end(future);
    assert_int_equal(bide_future_state(future), BIDE_CANCELLED);
    bide_future_release(future);
}

static void *cancel_often(void *future)
{
    for (int i = 0; i < 100; i++)
        CHECK_EQUAL(bide_future_cancel(future), 0);
    return NULL;
}

static void many_may_ask_at_once(void **state)
{
    struct fixture *at = *state;
    struct act act = {GATE_INIT, 0};
    pthread_t threads[4];
    bide_future *future = submit_act(at->pool, return_unlooked, &act);
    for (int i = 0; i < 4; i++)
        threads[i] = start_thread(cancel_often, future);
    for (int i = 0; i < 4; i++)
        end_thread(threads[i]);
    gate_open(&act.gate);
    assert_int_equal(bide_join(future, NULL), 0);
}

static int rest_and_return(void *arg, bide_value *result)
{
    (void)arg;
    bide_sleep(1e-6);
    *result = bide_u64(UINT64_MAX);
    return 0;
}

static void requests_may_go_on_until_the_end(void **state)
{
    struct fixture *at = *state;
    for (int round = 0; round < (int)test_scale(300); round++) {
        bide_value value;
        bide_future *future = submit(at->pool, rest_and_return, NULL);
        while (bide_future_state(future) == BIDE_PENDING)
            sched_yield();
        while (bide_future_cancel(future) == 0)
            ;
        assert_int_equal(bide_join(future, &value), 0);
        assert_true(value.u64 == UINT64_MAX);
    }
}

static void nothing_is_cancelled_outside_a_task(void **state)
{
    (void)state;
    assert_false(bide_cancelled());
    assert_int_equal(bide_yield(), 0);
}

static int expect_not_asked(void *arg, bide_value *result)
{
    (void)arg, (void)result;
    CHECK(!bide_cancelled());
    CHECK_EQUAL(bide_yield(), 0);
    CHECK_EQUAL(bide_sleep(0.0001), 0);
    return 0;
}

static void a_request_does_not_reach_the_next_task(void **state)
{
    struct fixture *at = *state;
    struct act act = {GATE_INIT, 0};
    bide_future *future = submit_act(at->pool, return_unlooked, &act);
    assert_int_equal(bide_future_cancel(future), 0);
    gate_open(&act.gate);
    assert_int_equal(bide_join(future, NULL), 0);
    for (unsigned i = 0; i < 2 * at->workers; i++)
        assert_int_equal(bide_join(submit(at->pool, expect_not_asked, NULL), NULL), 0);
}

/* Waiting: everything a task can be stuck in */

struct stuck {
    bide_future *promise;
    bide_completions *listed; /* the promise */
    bide_mutex locked, own;
    bide_cond cond;
    bide_pool *busy; /* its worker stands at the gate, its queue is full */
    struct gate gate;
};

static int stuck_sleep(struct stuck *stuck)
{
    (void)stuck;
    return bide_sleep(FOREVER_SECONDS);
}

static int stuck_wait(struct stuck *stuck)
{
    return bide_future_wait(stuck->promise, BIDE_FOREVER);
}

static int stuck_wait_until(struct stuck *stuck)
{
    return bide_future_wait(stuck->promise, bide_in(3600));
}

static int stuck_next(struct stuck *stuck)
{
    return bide_completions_next(stuck->listed, BIDE_FOREVER, NULL, NULL);
}

static int stuck_next_until(struct stuck *stuck)
{
    return bide_completions_next(stuck->listed, bide_in(3600), NULL, NULL);
}

static int stuck_lock_until(struct stuck *stuck)
{
    return bide_mutex_lock_until(&stuck->locked, BIDE_FOREVER);
}

static int stuck_cond_wait(struct stuck *stuck)
{
    CHECK_EQUAL(bide_mutex_lock(&stuck->own), 0);
    int error = bide_cond_wait(&stuck->cond, &stuck->own, BIDE_FOREVER);
    CHECK_EQUAL(bide_mutex_unlock(&stuck->own), 0);
    return error;
}

static int stuck_drain(struct stuck *stuck)
{
    return bide_pool_drain(stuck->busy, BIDE_FOREVER);
}

static int stuck_submit(struct stuck *stuck)
{
    return bide_submit(stuck->busy, stand_at, &stuck->gate, NULL);
}

static int stuck_submit_until(struct stuck *stuck)
{
    return bide_submit_until(stuck->busy, stand_at, &stuck->gate, bide_in(3600), NULL);
}

static int stuck_wait_random(struct stuck *stuck)
{
    (void)stuck;
    return bide_wait_random(1e9, NULL);
}

static int (*const sticks[])(struct stuck *) = {
    stuck_sleep,     stuck_wait,  stuck_wait_until, stuck_next,         stuck_next_until,  stuck_lock_until,
    stuck_cond_wait, stuck_drain, stuck_submit,     stuck_submit_until, stuck_wait_random,
};

static void make_stuck(struct stuck *stuck)
{
    *stuck = (struct stuck){.promise = make_promise(), .gate = GATE_INIT};
    assert_int_equal(bide_completions_create(&stuck->listed), 0);
    assert_int_equal(bide_completions_add(stuck->listed, stuck->promise, stuck), 0);
    assert_int_equal(bide_mutex_lock(&stuck->locked), 0);
    stuck->busy = make_pool_with(&(bide_pool_options){.workers = 1, .max_pending = 1});
    occupy(stuck->busy, 1, &stuck->gate);
    assert_int_equal(bide_submit(stuck->busy, stand_at, &stuck->gate, NULL), 0);
}

/* All is as it was, though waits for it were given up. */
static void end_stuck(struct stuck *stuck)
{
    void *tag;
    assert_int_equal(bide_completions_next(stuck->listed, BIDE_NOW, NULL, NULL), ETIMEDOUT);
    assert_int_equal(bide_promise_resolve(stuck->promise, bide_u64(1)), 0);
    assert_int_equal(bide_completions_next(stuck->listed, BIDE_NOW, NULL, &tag), 0);
    assert_ptr_equal(tag, stuck);
    bide_completions_destroy(stuck->listed);
    bide_future_release(stuck->promise);
    assert_int_equal(bide_mutex_unlock(&stuck->locked), 0);
    assert_int_equal(bide_mutex_try(&stuck->locked), 0);
    assert_int_equal(bide_mutex_try(&stuck->own), 0);
    assert_int_equal(bide_cond_signal(&stuck->cond), 0);
    vacate(stuck->busy, &stuck->gate);
    assert_int_equal(gate_arrived(&stuck->gate), 2);
    end_pool(stuck->busy);
}

struct victim {
    struct stuck *stuck;
    int (*stick)(struct stuck *);
    struct gate gate;
    struct sleeper sleeper;
};

static int get_stuck(struct victim *victim)
{
    CHECK_EQUAL(victim->stick(victim->stuck), ECANCELED);
    CHECK_EQUAL(bide_yield(), 0);
    CHECK(bide_cancelled());
    return ECANCELED;
}

static int get_stuck_when_told(void *arg, bide_value *result)
{
    (void)result;
    struct victim *victim = arg;
    gate_pass(&victim->gate);
    return get_stuck(victim);
}

static int get_stuck_at_once(void *arg, bide_value *result)
{
    (void)result;
    struct victim *victim = arg;
    gate_arrive(&victim->gate);
    return get_stuck(victim);
}

static int get_stuck_asleep(void *arg, bide_value *result)
{
    (void)result;
    struct victim *victim = arg;
    sleeper_goes(&victim->sleeper);
    return get_stuck(victim);
}

static void await_arrival(struct victim *victim)
{
    gate_await(&victim->gate, 1);
}

static void await_sleep(struct victim *victim)
{
    sleeper_await(&victim->sleeper);
}

static void ask_each(bide_pool *pool, bide_task_fn *fn, void (*await)(struct victim *))
{
    struct stuck stuck;
    make_stuck(&stuck);
    for (size_t i = 0; i < sizeof sticks / sizeof *sticks; i++) {
        struct victim victim = {&stuck, sticks[i], GATE_INIT, SLEEPER_INIT};
        bide_future *future = submit(pool, fn, &victim);
        await(&victim);
        assert_int_equal(bide_future_cancel(future), 0);
        gate_open(&victim.gate);
        await_end(future);
        assert_int_equal(bide_future_state(future), BIDE_CANCELLED);
        bide_future_release(future);
    }
    end_stuck(&stuck);
}

static void a_request_made_before_ends_any_wait(void **state)
{
    struct fixture *at = *state;
    ask_each(at->pool, get_stuck_when_told, await_arrival);
}

static void a_request_ends_any_wait_at_once(void **state)
{
    struct fixture *at = *state;
    ask_each(at->pool, get_stuck_asleep, await_sleep);
}

static void a_request_that_meets_a_wait_ends_it(void **state)
{
    struct fixture *at = *state;
    for (int round = 0; round < 20; round++)
        ask_each(at->pool, get_stuck_at_once, await_arrival);
}

/* Delivery */

struct ward {
    struct gate first, second;
    bide_future *promise; /* nobody settles it */
};

static int be_asked_twice(void *arg, bide_value *result)
{
    (void)result;
    struct ward *ward = arg;
    gate_pass(&ward->first);
    CHECK_EQUAL(bide_sleep(FOREVER_SECONDS), ECANCELED);
    CHECK(bide_cancelled());
    CHECK_EQUAL(bide_yield(), 0);
    CHECK_EQUAL(bide_sleep(0.001), 0);
    CHECK_EQUAL(bide_future_wait(ward->promise, BIDE_NOW), ETIMEDOUT);
    CHECK_EQUAL(bide_future_wait(ward->promise, bide_in(0.005)), ETIMEDOUT);
    gate_pass(&ward->second);
    CHECK_EQUAL(bide_future_wait(ward->promise, BIDE_FOREVER), ECANCELED);
    CHECK_EQUAL(bide_yield(), 0);
    return 0;
}

static int be_asked_by_look(void *arg, bide_value *result)
{
    (void)result;
    struct ward *ward = arg;
    gate_pass(&ward->first);
    CHECK(bide_cancelled());
    CHECK_EQUAL(bide_sleep(0.001), 0);
    CHECK_EQUAL(bide_future_wait(ward->promise, BIDE_NOW), ETIMEDOUT);
    CHECK_EQUAL(bide_future_wait(ward->promise, bide_in(0.005)), ETIMEDOUT);
    gate_pass(&ward->second);
    CHECK(bide_cancelled());
    CHECK_EQUAL(bide_yield(), 0);
    return 0;
}

static int be_asked_by_poll(void *arg, bide_value *result)
{
    (void)result;
    struct ward *ward = arg;
    gate_pass(&ward->first);
    CHECK_EQUAL(bide_future_wait(ward->promise, BIDE_NOW), ECANCELED);
    CHECK_EQUAL(bide_future_wait(ward->promise, BIDE_NOW), ETIMEDOUT);
    gate_pass(&ward->second);
    CHECK_EQUAL(bide_future_wait(ward->promise, 1), ECANCELED);
    CHECK_EQUAL(bide_future_wait(ward->promise, 1), ETIMEDOUT);
    return 0;
}

static int be_asked_by_yield_and_sleep(void *arg, bide_value *result)
{
    (void)result;
    struct ward *ward = arg;
    gate_pass(&ward->first);
    CHECK_EQUAL(bide_yield(), ECANCELED);
    CHECK_EQUAL(bide_yield(), 0);
    gate_pass(&ward->second);
    CHECK_EQUAL(bide_sleep(0), ECANCELED);
    CHECK_EQUAL(bide_sleep(-1), 0);
    return 0;
}

/* Asks twice before each of the two gates opens: what has not been delivered is one request. */
static void ask_at_both_gates(bide_pool *pool, bide_task_fn *fn)
{
    struct ward ward = {GATE_INIT, GATE_INIT, make_promise()};
    struct gate *gates[] = {&ward.first, &ward.second};
    bide_future *future = submit(pool, fn, &ward);
    for (int i = 0; i < 2; i++) {
        gate_await(gates[i], 1);
        assert_int_equal(bide_future_cancel(future), 0);
        assert_int_equal(bide_future_cancel(future), 0);
        gate_open(gates[i]);
    }
    assert_int_equal(bide_join(future, NULL), 0);
    assert_int_equal(bide_future_state(ward.promise), BIDE_PENDING);
    bide_future_release(ward.promise);
}

static void a_wait_delivers_each_request_once(void **state)
{
    struct fixture *at = *state;
    ask_at_both_gates(at->pool, be_asked_twice);
}

static void a_true_look_delivers_the_request(void **state)
{
    struct fixture *at = *state;
    ask_at_both_gates(at->pool, be_asked_by_look);
}

static void a_poll_that_is_not_ready_delivers_the_request(void **state)
{
    struct fixture *at = *state;
    ask_at_both_gates(at->pool, be_asked_by_poll);
}

static void yield_and_sleep_deliver_the_request(void **state)
{
    struct fixture *at = *state;
    ask_at_both_gates(at->pool, be_asked_by_yield_and_sleep);
}

static int find_ready(void *arg, bide_value *result)
{
    (void)result;
    struct ward *ward = arg;
    gate_pass(&ward->first);
    CHECK_EQUAL(bide_future_wait(ward->promise, BIDE_NOW), 0);
    CHECK_EQUAL(bide_future_wait(ward->promise, 1), 0);
    CHECK_EQUAL(bide_future_wait(ward->promise, BIDE_FOREVER), 0);
    CHECK_EQUAL(bide_future_wait_or_cancel(ward->promise, BIDE_FOREVER), 0);
    bide_future_retain(ward->promise);
    CHECK_EQUAL(bide_join(ward->promise, NULL), 0);
    CHECK_EQUAL(bide_yield(), ECANCELED);
    return 0;
}

static void ready_wins_over_a_request(void **state)
{
    struct fixture *at = *state;
    struct ward ward = {GATE_INIT, GATE_INIT, make_promise()};
    assert_int_equal(bide_promise_resolve(ward.promise, bide_u64(1)), 0);
    bide_future *future = submit(at->pool, find_ready, &ward);
    gate_await(&ward.first, 1);
    assert_int_equal(bide_future_cancel(future), 0);
    gate_open(&ward.first);
    assert_int_equal(bide_join(future, NULL), 0);
    bide_future_release(ward.promise);
}

struct ask_self {
    bide_future *future;
    struct gate known;
};

static int cancel_itself(void *arg, bide_value *result)
{
    (void)result;
    struct ask_self *self = arg;
    gate_pass(&self->known);
    CHECK_EQUAL(bide_future_cancel(self->future), 0);
    CHECK_EQUAL(bide_sleep(FOREVER_SECONDS), ECANCELED);
    CHECK(bide_cancelled());
    return ECANCELED;
}

static void a_task_may_ask_itself(void **state)
{
    struct fixture *at = *state;
    struct ask_self self = {NULL, GATE_INIT};
    self.future = submit(at->pool, cancel_itself, &self);
    gate_open(&self.known);
    await_end(self.future);
    assert_int_equal(bide_future_state(self.future), BIDE_CANCELLED);
    bide_future_release(self.future);
}

/* In the same instant */

struct instant {
    bide_future *promise;
    _Atomic bide_time deadline;
    struct gate waiting, over; /* over: all that was to happen has happened */
    int error;
};

static int meet(void *arg, bide_value *result)
{
    (void)result;
    struct instant *instant = arg;
    bide_time deadline = atomic_load(&instant->deadline);
    if (deadline != BIDE_FOREVER)
        atomic_store(&instant->deadline, deadline = bide_in(0.0005));
    gate_arrive(&instant->waiting);
    instant->error = bide_future_wait(instant->promise, deadline);
    gate_pass(&instant->over);
    CHECK_EQUAL(bide_yield(), instant->error == ECANCELED ? 0 : ECANCELED);
    return 0;
}

static void a_request_and_a_wake_are_both_seen(void **state)
{
    struct fixture *at = *state;
    for (int round = 0; round < (int)test_scale(500); round++) {
        struct instant instant = {make_promise(), BIDE_FOREVER, GATE_INIT, GATE_INIT, -1};
        bide_future *future = submit(at->pool, meet, &instant);
        gate_await(&instant.waiting, 1);
        if (round % 2)
            assert_int_equal(bide_promise_resolve(instant.promise, bide_u64(1)), 0);
        assert_int_equal(bide_future_cancel(future), 0);
        if (round % 2 == 0)
            assert_int_equal(bide_promise_resolve(instant.promise, bide_u64(1)), 0);
        gate_open(&instant.over);
        assert_int_equal(bide_join(future, NULL), 0);
        assert_true(instant.error == 0 || instant.error == ECANCELED);
        bide_future_release(instant.promise);
    }
}

static void a_request_and_a_deadline_are_both_seen(void **state)
{
    struct fixture *at = *state;
    for (int round = 0; round < (int)test_scale(200); round++) {
        struct instant instant = {make_promise(), BIDE_NOW, GATE_INIT, GATE_INIT, -1};
        bide_future *future = submit(at->pool, meet, &instant);
        gate_await(&instant.waiting, 1);
        while (bide_clock() < atomic_load(&instant.deadline))
            sched_yield();
        assert_int_equal(bide_future_cancel(future), 0);
        gate_open(&instant.over);
        assert_int_equal(bide_join(future, NULL), 0);
        assert_true(instant.error == ETIMEDOUT || instant.error == ECANCELED);
        bide_future_release(instant.promise);
    }
}

/* Join passes the request on */

struct pass_on {
    bide_future *child;
    struct gate child_started, parent_started, child_asked;
    int number; /* what the child returns */
};

static int be_joined(void *arg, bide_value *result)
{
    struct pass_on *pass_on = arg;
    gate_arrive(&pass_on->child_started);
    CHECK_EQUAL(bide_sleep(FOREVER_SECONDS), ECANCELED);
    gate_pass(&pass_on->child_asked);
    *result = bide_u64(5);
    return pass_on->number;
}

static int join_while_asked(void *arg, bide_value *result)
{
    struct pass_on *pass_on = arg;
    gate_arrive(&pass_on->parent_started);
    CHECK_EQUAL(bide_join(pass_on->child, result), pass_on->number);
    CHECK_EQUAL(result->u64, pass_on->number ? 0 : 5);
    CHECK_EQUAL(bide_yield(), ECANCELED);
    CHECK_EQUAL(bide_yield(), 0);
    return 0;
}

static void join_passes_a_request_on_and_keeps_it(void **state)
{
    struct fixture *at = *state;
    const int numbers[] = {ECANCELED, 0, EIO};
    bide_pool *other = make_pool(1);
    for (int i = 0; i < 3; i++) {
        struct pass_on pass_on = {NULL, GATE_INIT, GATE_INIT, GATE_INIT, numbers[i]};
        pass_on.child = submit(other, be_joined, &pass_on);
        gate_await(&pass_on.child_started, 1);
        bide_future *parent = submit(at->pool, join_while_asked, &pass_on);
        gate_await(&pass_on.parent_started, 1);
        assert_int_equal(bide_future_cancel(parent), 0);
        gate_await(&pass_on.child_asked, 1);
        assert_int_equal(bide_future_state(parent), BIDE_RUNNING);
        gate_open(&pass_on.child_asked);
        assert_int_equal(bide_join(parent, NULL), 0);
    }
    end_pool(other);
}

/* In place: parent and child share a stack, not a request. */

struct host {
    int (*await)(bide_future *child); /* releases it */
    struct ward ward;
};

static int be_run_in_place(void *arg, bide_value *result)
{
    (void)result;
    struct ward *ward = arg;
    gate_pass(&ward->first);
    CHECK(!bide_cancelled());
    CHECK_EQUAL(bide_yield(), 0);
    CHECK_EQUAL(bide_sleep(0.001), 0);
    CHECK_EQUAL(bide_future_wait(ward->promise, bide_in(0.001)), ETIMEDOUT);
    return 0;
}

static int run_in_place(void *arg, bide_value *result)
{
    (void)result;
    struct host *host = arg;
    bide_future *child;
    if (!CHECK_EQUAL(bide_submit(bide_current_pool(), be_run_in_place, &host->ward, &child), 0))
        return EIO;
    CHECK_EQUAL(host->await(child), 0);
    CHECK_EQUAL(bide_yield(), ECANCELED);
    CHECK(bide_cancelled());
    return 0;
}

static int await_by_join(bide_future *child)
{
    return bide_join(child, NULL);
}

static int await_by(int (*wait)(bide_future *, bide_time), bide_future *child)
{
    int error = wait(child, BIDE_FOREVER);
    CHECK_EQUAL(bide_future_state(child) == BIDE_DONE, error == 0);
    bide_future_release(child);
    return error;
}

static int await_by_wait(bide_future *child)
{
    return await_by(bide_future_wait, child);
}

static int await_by_wait_or_cancel(bide_future *child)
{
    return await_by(bide_future_wait_or_cancel, child);
}

static void a_request_is_seen_when_the_task_run_in_place_has_ended(void **state)
{
    struct fixture *at = *state;
    int (*const awaits[])(bide_future *) = {await_by_join, await_by_wait, await_by_wait_or_cancel};
    for (int i = 0; i < 3; i++) {
        struct host host = {awaits[i], {GATE_INIT, GATE_INIT, make_promise()}};
        bide_future *parent = submit(at->pool, run_in_place, &host);
        gate_await(&host.ward.first, 1);
        assert_int_equal(bide_future_cancel(parent), 0);
        gate_open(&host.ward.first);
        assert_int_equal(bide_join(parent, NULL), 0);
        bide_future_release(host.ward.promise);
    }
}

/* What it has been asked before is not begun: also where the child could run in place. */
static int await_unstarted_when_asked(void *arg, bide_value *result)
{
    (void)result;
    struct host *host = arg;
    atomic_bool ran = false;
    bide_future *child;
    gate_pass(&host->ward.first);
    if (!CHECK_EQUAL(bide_submit(bide_current_pool(), set, &ran, &child), 0))
        return EIO;
    bide_future_retain(child);
    CHECK_EQUAL(host->await(child), ECANCELED);
    CHECK_EQUAL(bide_yield(), host->await == await_by_join ? ECANCELED : 0);
    CHECK(!atomic_load(&ran));
    bide_future_cancel(child);
    bide_future_release(child);
    return 0;
}

static void a_request_made_before_keeps_the_unstarted_from_running_in_place(void **state)
{
    struct fixture *at = *state;
    int (*const awaits[])(bide_future *) = {await_by_join, await_by_wait, await_by_wait_or_cancel};
    for (int i = 0; i < 3; i++) {
        struct host host = {awaits[i], {GATE_INIT, GATE_INIT, NULL}};
        bide_future *parent = submit(at->pool, await_unstarted_when_asked, &host);
        gate_await(&host.ward.first, 1);
        assert_int_equal(bide_future_cancel(parent), 0);
        gate_open(&host.ward.first);
        assert_int_equal(bide_join(parent, NULL), 0);
    }
}

struct nest {
    bide_future *child;
    struct gate child_started;
};

static int sleep_in_place(void *arg, bide_value *result)
{
    (void)result;
    struct nest *nest = arg;
    gate_pass(&nest->child_started);
    return bide_sleep(FOREVER_SECONDS);
}

static int keep_sleeper_in_place(void *arg, bide_value *result)
{
    (void)result;
    struct nest *nest = arg;
    if (!CHECK_EQUAL(bide_submit(bide_current_pool(), sleep_in_place, nest, &nest->child), 0))
        return EIO;
    CHECK_EQUAL(bide_join(nest->child, NULL), ECANCELED);
    return expect_not_asked(NULL, result);
}

static void a_task_run_in_place_can_be_asked_alone(void **state)
{
    struct fixture *at = *state;
    struct nest nest = {NULL, GATE_INIT};
    bide_future *parent = submit(at->pool, keep_sleeper_in_place, &nest);
    gate_await(&nest.child_started, 1);
    assert_int_equal(bide_future_cancel(nest.child), 0);
    gate_open(&nest.child_started);
    assert_int_equal(bide_join(parent, NULL), 0);
}

/* Wait or cancel */

static void in_time_is_0_whatever_the_end(void **state)
{
    struct fixture *at = *state;
    int numbers[] = {0, EIO, ECANCELED};
    for (int i = 0; i < 3; i++) {
        bide_future *future = submit(at->pool, return_number, &numbers[i]);
        assert_int_equal(bide_future_wait_or_cancel(future, i ? BIDE_FOREVER : bide_in(3600)), 0);
        assert_int_equal(bide_future_wait_or_cancel(future, BIDE_NOW), 0);
        assert_int_equal(bide_join(future, NULL), numbers[i]);
    }
}

static void late_and_not_started_never_runs(void **state)
{
    struct fixture *at = *state;
    struct gate gate = GATE_INIT;
    const bide_time deadlines[] = {BIDE_NOW, 1, bide_in(0.01)};
    atomic_bool ran = false;
    occupy(at->pool, at->workers, &gate);
    for (int i = 0; i < 3; i++) {
        bide_future *future = submit(at->pool, set, &ran);
        assert_int_equal(bide_future_wait_or_cancel(future, deadlines[i]), ETIMEDOUT);
        assert_int_equal(bide_future_state(future), BIDE_CANCELLED);
        bide_future_release(future);
    }
    vacate(at->pool, &gate);
    assert_false(atomic_load(&ran));
}

static int cancel_a_late_child(void *arg, bide_value *result)
{
    (void)arg, (void)result;
    const bide_time deadlines[] = {BIDE_NOW, bide_in(0.01)};
    atomic_bool ran = false;
    for (int i = 0; i < 2; i++) {
        bide_future *child;
        if (!CHECK_EQUAL(bide_submit(bide_current_pool(), set, &ran, &child), 0))
            return EIO;
        CHECK_EQUAL(bide_future_wait_or_cancel(child, deadlines[i]), ETIMEDOUT);
        CHECK_EQUAL(bide_future_state(child), BIDE_CANCELLED);
        bide_future_release(child);
    }
    CHECK(!atomic_load(&ran));
    return 0;
}

static void a_deadline_runs_nothing_in_place(void **state)
{
    struct fixture *at = *state;
    assert_int_equal(bide_join(submit(at->pool, cancel_a_late_child, NULL), NULL), 0);
}

struct cleaner {
    struct gate started;
    int number;
    bool cleaned;
};

static int clean_up_when_asked(void *arg, bide_value *result)
{
    struct cleaner *cleaner = arg;
    gate_arrive(&cleaner->started);
    CHECK_EQUAL(bide_sleep(FOREVER_SECONDS), ECANCELED);
    CHECK_EQUAL(bide_sleep(0.005), 0);
    cleaner->cleaned = true;
    *result = bide_u64(4);
    return cleaner->number;
}

/* Plain bool: the end of the wait is what orders it. */
static void late_is_cancelled_and_awaited(void **state)
{
    struct fixture *at = *state;
    const int numbers[] = {ECANCELED, 0, EIO}, returns[] = {ETIMEDOUT, 0, 0};
    const enum bide_state ends[] = {BIDE_CANCELLED, BIDE_DONE, BIDE_FAILED};
    for (int i = 0; i < 3; i++) {
        struct cleaner cleaner = {GATE_INIT, numbers[i], false};
        bide_future *future = submit(at->pool, clean_up_when_asked, &cleaner);
        gate_await(&cleaner.started, 1);
        assert_int_equal(bide_future_wait_or_cancel(future, i ? bide_in(0.002) : BIDE_NOW), returns[i]);
        assert_true(cleaner.cleaned);
        assert_int_equal(bide_future_state(future), ends[i]);
        assert_int_equal(bide_join(future, NULL), numbers[i]);
    }
}

static void a_late_promise_ends_cancelled(void **state)
{
    (void)state;
    bide_future *promise = make_promise();
    bide_time deadline = bide_in(0.005);
    assert_int_equal(bide_future_wait_or_cancel(promise, deadline), ETIMEDOUT);
    assert_true(bide_clock() >= deadline);
    assert_int_equal(bide_join(promise, NULL), ECANCELED);
}

static int wait_or_cancel_while_asked(void *arg, bide_value *result)
{
    (void)result;
    struct pass_on *pass_on = arg;
    gate_arrive(&pass_on->parent_started);
    CHECK_EQUAL(bide_future_wait_or_cancel(pass_on->child, BIDE_FOREVER), ECANCELED);
    CHECK_EQUAL(bide_future_result(pass_on->child, NULL), pass_on->number);
    CHECK(bide_cancelled());
    return 0;
}

/* The second request does not make the parent leave the child, which is still at its gate. */
static void asked_while_it_waits_it_passes_on_and_awaits(void **state)
{
    struct fixture *at = *state;
    const int numbers[] = {ECANCELED, 0, EIO};
    bide_pool *other = make_pool(1);
    for (int i = 0; i < 3; i++) {
        struct pass_on pass_on = {NULL, GATE_INIT, GATE_INIT, GATE_INIT, numbers[i]};
        pass_on.child = submit(other, be_joined, &pass_on);
        gate_await(&pass_on.child_started, 1);
        bide_future *parent = submit(at->pool, wait_or_cancel_while_asked, &pass_on);
        gate_await(&pass_on.parent_started, 1);
        assert_int_equal(bide_future_cancel(parent), 0);
        gate_await(&pass_on.child_asked, 1);
        assert_int_equal(bide_future_cancel(parent), 0);
        assert_int_equal(bide_future_wait(parent, bide_in(0.01)), ETIMEDOUT);
        gate_open(&pass_on.child_asked);
        assert_int_equal(bide_join(parent, NULL), 0);
        bide_future_release(pass_on.child);
    }
    end_pool(other);
}

static int give_up_promise(void *arg, bide_value *result)
{
    (void)result;
    struct ward *ward = arg;
    gate_pass(&ward->first);
    CHECK_EQUAL(bide_future_wait_or_cancel(ward->promise, BIDE_FOREVER), ECANCELED);
    CHECK_EQUAL(bide_future_state(ward->promise), BIDE_CANCELLED);
    CHECK_EQUAL(bide_yield(), 0);
    return 0;
}

static void asked_before_it_waits_it_passes_on(void **state)
{
    struct fixture *at = *state;
    struct ward ward = {GATE_INIT, GATE_INIT, make_promise()};
    bide_future *future = submit(at->pool, give_up_promise, &ward);
    gate_await(&ward.first, 1);
    assert_int_equal(bide_future_cancel(future), 0);
    gate_open(&ward.first);
    assert_int_equal(bide_join(future, NULL), 0);
    bide_future_release(ward.promise);
}

static void null_is_einval(void **state)
{
    (void)state;
    assert_int_equal(bide_future_cancel(NULL), EINVAL);
    assert_int_equal(bide_future_wait_or_cancel(NULL, BIDE_FOREVER), EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_POOLS(a_queued_task_never_runs),
        ON_POOLS(all_who_wait_for_a_queued_task_are_told),
        ON_POOLS(a_task_is_cancelled_or_runs_never_both),
        ON_POOLS(what_has_ended_is_ealready),
        ON_POOLS(what_it_returns_after_a_request_stands),
        ON_POOLS(a_request_need_not_be_seen_to_count),
        ON_POOLS(many_may_ask_at_once),
        ON_POOLS(requests_may_go_on_until_the_end),
        ALONE(nothing_is_cancelled_outside_a_task),
        ON_POOLS(a_request_does_not_reach_the_next_task),
        ON_POOLS(a_request_made_before_ends_any_wait),
        ON_POOLS(a_request_ends_any_wait_at_once),
        ON_POOLS(a_request_that_meets_a_wait_ends_it),
        ON_POOLS(a_wait_delivers_each_request_once),
        ON_POOLS(a_true_look_delivers_the_request),
        ON_POOLS(a_poll_that_is_not_ready_delivers_the_request),
        ON_POOLS(yield_and_sleep_deliver_the_request),
        ON_POOLS(ready_wins_over_a_request),
        ON_POOLS(a_task_may_ask_itself),
        ON_POOLS(a_request_and_a_wake_are_both_seen),
        ON_POOLS(a_request_and_a_deadline_are_both_seen),
        ON_POOLS(join_passes_a_request_on_and_keeps_it),
        ON_ONE_HOLDING_WORKER(a_request_is_seen_when_the_task_run_in_place_has_ended),
        ON_ONE_HOLDING_WORKER(a_request_made_before_keeps_the_unstarted_from_running_in_place),
        ON_ONE_HOLDING_WORKER(a_task_run_in_place_can_be_asked_alone),
        ON_POOLS(in_time_is_0_whatever_the_end),
        ON_POOLS(late_and_not_started_never_runs),
        ON_ONE_HOLDING_WORKER(a_deadline_runs_nothing_in_place),
        ON_POOLS(late_is_cancelled_and_awaited),
        ALONE(a_late_promise_ends_cancelled),
        ON_POOLS(asked_while_it_waits_it_passes_on_and_awaits),
        ON_POOLS(asked_before_it_waits_it_passes_on),
        ALONE(null_is_einval),
    };
    return cmocka_run_group_tests(tests, fixture_begin, NULL);
}
