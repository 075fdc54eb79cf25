#include "support/asleep.h"
#include "support/fixture.h"

#include <stdlib.h>

#define LONG 100000

typedef int then_fn(bide_future *done, void *arg, bide_value *result);

static bide_future *then(bide_future *future, bide_pool *pool, then_fn *fn, void *arg)
{
    bide_future *next = NULL;
    assert_int_equal(bide_future_then(future, pool, fn, arg, &next), 0);
    assert_non_null(next);
    return next;
}

static void resolve(bide_future *promise, uint64_t value)
{
    assert_int_equal(bide_promise_resolve(promise, bide_u64(value)), 0);
}

static void join_value(bide_future *future, uint64_t expected)
{
    bide_value value = bide_u64(0);
    assert_int_equal(bide_join(future, &value), 0);
    assert_true(value.u64 == expected);
}

static int add_one(bide_future *done, void *arg, bide_value *result)
{
    (void)arg;
    int error = bide_future_result(done, result);
    result->u64++;
    return error;
}

static int note_run(bide_future *done, void *ran, bide_value *result)
{
    (void)done;
    (void)result;
    *(bool *)ran = true;
    return 0;
}

static int give_number(void *arg, bide_value *result)
{
    *result = bide_u64(*(const uint64_t *)arg);
    return 0;
}

/* Its turn */

static void null_is_einval(void **state)
{
    struct fixture *at = *state;
    bide_future *promise = make_promise(), *next = NULL;
    assert_int_equal(bide_future_then(NULL, at->pool, add_one, NULL, &next), EINVAL);
    assert_int_equal(bide_future_then(promise, NULL, add_one, NULL, &next), EINVAL);
    assert_int_equal(bide_future_then(promise, at->pool, NULL, NULL, &next), EINVAL);
    assert_int_equal(bide_future_then(promise, at->pool, add_one, NULL, NULL), EINVAL);
    assert_null(next);
    bide_future_release(promise);
}

static void it_runs_when_the_first_has_ended(void **state)
{
    struct fixture *at = *state;
    bide_future *promise = make_promise(), *next = then(promise, at->pool, add_one, NULL);
    assert_int_equal(bide_pool_drain(at->pool, BIDE_FOREVER), 0);
    assert_int_equal(bide_future_state(next), BIDE_PENDING);
    assert_int_equal(bide_future_wait(next, bide_in(0.001)), ETIMEDOUT);
    resolve(promise, 4);
    bide_future_release(promise);
    join_value(next, 5);
}

static void it_runs_also_if_the_first_had_ended(void **state)
{
    struct fixture *at = *state;
    bide_future *promise = make_promise();
    resolve(promise, 4);
    join_value(then(promise, at->pool, add_one, NULL), 5);
    bide_future_release(promise);
}

static void it_follows_a_task_of_any_pool(void **state)
{
    struct fixture *at = *state;
    bide_pool *other = make_pool(1);
    uint64_t number = 7;
    bide_future *task = submit(at->pool, give_number, &number);
    bide_future *here = then(task, at->pool, add_one, NULL), *there = then(task, other, add_one, NULL);
    bide_future_release(task);
    join_value(here, 8);
    join_value(there, 8);
    end_pool(other);
}

struct seen {
    enum bide_state state;
    int error;
    bide_pool *pool;
    bool cancelled;
};

static int see(bide_future *done, void *arg, bide_value *result)
{
    (void)result;
    *(struct seen *)arg =
        (struct seen){bide_future_state(done), bide_future_result(done, NULL), bide_current_pool(), bide_cancelled()};
    return ENOTTY;
}

static void it_is_handed_the_future_however_that_has_ended(void **state)
{
    struct fixture *at = *state;
    for (int state_of = BIDE_DONE; state_of <= BIDE_CANCELLED; state_of++) {
        bide_future *promise = make_promise();
        struct seen seen;
        bide_future *next = then(promise, at->pool, see, &seen);
        if (state_of == BIDE_DONE)
            resolve(promise, 1);
        else if (state_of == BIDE_FAILED)
            assert_int_equal(bide_promise_fail(promise, EIO), 0);
        else
            assert_int_equal(bide_future_cancel(promise), 0);
        bide_future_release(promise);
        assert_int_equal(bide_join(next, NULL), ENOTTY);
        assert_int_equal(seen.state, state_of);
        assert_int_equal(seen.error, state_of == BIDE_DONE ? 0 : state_of == BIDE_FAILED ? EIO : ECANCELED);
        assert_ptr_equal(seen.pool, at->pool);
        assert_false(seen.cancelled);
    }
}

static void a_promise_that_is_let_go_gives_it_its_turn(void **state)
{
    struct fixture *at = *state;
    bide_future *promise = make_promise();
    struct seen seen;
    bide_future *next = then(promise, at->pool, see, &seen);
    bide_future_release(promise);
    assert_int_equal(bide_join(next, NULL), ENOTTY);
    assert_int_equal(seen.state, BIDE_CANCELLED);
}

static void many_follow_the_same(void **state)
{
    struct fixture *at = *state;
    bide_future *promise = make_promise(), *next[8];
    for (int i = 0; i < 8; i++)
        next[i] = then(promise, at->pool, add_one, NULL);
    resolve(promise, 1);
    for (int i = 0; i < 8; i++)
        join_value(next[i], 2);
    bide_future_release(promise);
}

static void a_released_one_runs_all_the_same(void **state)
{
    struct fixture *at = *state;
    bide_future *promise = make_promise();
    bool ran = false;
    bide_future_release(then(promise, at->pool, note_run, &ran));
    resolve(promise, 1);
    bide_future_release(promise);
    assert_int_equal(bide_pool_drain(at->pool, BIDE_FOREVER), 0);
    assert_true(ran);
}

static void it_cannot_be_settled_by_hand_nor_given_an_argument(void **state)
{
    struct fixture *at = *state;
    bide_future *promise = make_promise(), *next = then(promise, at->pool, add_one, NULL);
    assert_int_equal(bide_promise_resolve(next, bide_u64(9)), EINVAL);
    assert_int_equal(bide_promise_fail(next, EIO), EINVAL);
    assert_int_equal(bide_future_own(next, free), EALREADY);
    resolve(promise, 1);
    bide_future_release(promise);
    join_value(next, 2);
}

/* Cancelling it */

static void cancelled_before_its_turn_it_never_runs(void **state)
{
    struct fixture *at = *state;
    bide_future *promise = make_promise();
    bool ran = false;
    bide_future *next = then(promise, at->pool, note_run, &ran);
    assert_int_equal(bide_future_cancel(next), 0);
    assert_int_equal(bide_future_state(next), BIDE_CANCELLED);
    assert_int_equal(bide_future_cancel(next), EALREADY);
    resolve(promise, 1);
    bide_future_release(promise);
    assert_int_equal(bide_pool_drain(at->pool, BIDE_FOREVER), 0);
    assert_int_equal(bide_join(next, NULL), ECANCELED);
    assert_false(ran);
}

static void cancelled_it_needs_its_pool_no_more(void **state)
{
    (void)state;
    bide_pool *pool = make_pool(1);
    bide_future *promise = make_promise();
    bool ran = false;
    bide_future *next = then(promise, pool, note_run, &ran);
    assert_int_equal(bide_future_cancel(next), 0);
    end_pool(pool);
    resolve(promise, 1);
    bide_future_release(promise);
    assert_int_equal(bide_join(next, NULL), ECANCELED);
    assert_false(ran);
}

static void cancelled_after_its_pool_has_gone_it_never_runs(void **state)
{
    (void)state;
    bide_pool *pool = make_pool(1);
    bide_future *promise = make_promise();
    bool ran = false;
    bide_future *next = then(promise, pool, note_run, &ran);
    end_pool(pool);
    assert_int_equal(bide_future_cancel(next), 0);
    resolve(promise, 1);
    bide_future_release(promise);
    assert_int_equal(bide_join(next, NULL), ECANCELED);
    assert_false(ran);
}

static void cancelled_in_the_queue_it_never_runs(void **state)
{
    struct fixture *at = *state;
    struct gate gate = GATE_INIT;
    bide_future *promise = make_promise();
    bool ran = false;
    occupy(at->pool, at->workers, &gate);
    bide_future *next = then(promise, at->pool, note_run, &ran);
    resolve(promise, 1);
    assert_int_equal(bide_future_cancel(next), 0);
    vacate(at->pool, &gate);
    bide_future_release(promise);
    assert_int_equal(bide_join(next, NULL), ECANCELED);
    assert_false(ran);
}

static int sleep_long(bide_future *done, void *gate, bide_value *result)
{
    (void)done;
    (void)result;
    gate_arrive(gate);
    return bide_sleep(3600);
}

static void cancelled_while_it_runs_it_is_asked_to_stop(void **state)
{
    struct fixture *at = *state;
    struct gate gate = GATE_INIT;
    bide_future *promise = make_promise(), *next = then(promise, at->pool, sleep_long, &gate);
    resolve(promise, 1);
    gate_await(&gate, 1);
    assert_int_equal(bide_future_state(next), BIDE_RUNNING);
    assert_int_equal(bide_future_cancel(next), 0);
    assert_int_equal(bide_join(next, NULL), ECANCELED);
    bide_future_release(promise);
}

static void *resolve_at_gate(void *arg)
{
    void **both = arg;
    gate_pass(both[0]);
    CHECK_EQUAL(bide_promise_resolve(both[1], bide_u64(1)), 0);
    return NULL;
}

static void its_turn_and_a_cancel_may_meet(void **state)
{
    struct fixture *at = *state;
    for (int round = 0; round < (int)test_scale(200); round++) {
        struct gate gate = GATE_INIT;
        bide_future *promise = make_promise();
        void *both[] = {&gate, promise};
        pthread_t thread = start_thread(resolve_at_gate, both);
        bool ran = false;
        bide_future *next = then(promise, at->pool, note_run, &ran);
        gate_await(&gate, 1);
        gate_open(&gate);
        int error = bide_future_cancel(next);
        assert_true(error == 0 || error == EALREADY);
        assert_int_equal(bide_future_wait(next, BIDE_FOREVER), 0);
        assert_int_equal(bide_future_state(next), ran ? BIDE_DONE : BIDE_CANCELLED);
        end_thread(thread);
        bide_future_release(next);
        bide_future_release(promise);
    }
}

/* Pools that are full, or closed */

static void it_waits_for_no_room(void **state)
{
    (void)state;
    struct gate gate = GATE_INIT;
    uint64_t number = 1;
    bide_pool *pool = make_pool_with(
        &(bide_pool_options){.workers = 1, .max_pending = 1, .waiting = test_holds() ? BIDE_HOLD : BIDE_PARK});
    bide_future *promise = make_promise();
    occupy(pool, 1, &gate);
    bide_future *queued = submit(pool, give_number, &number), *next = then(promise, pool, add_one, NULL);
    resolve(promise, 5);
    assert_int_equal(bide_try_submit(pool, give_number, &number, NULL), EAGAIN);
    vacate(pool, &gate);
    join_value(queued, 1);
    join_value(next, 6);
    bide_future_release(promise);
    end_pool(pool);
}

static void a_closed_pool_makes_it_fail_with_eshutdown(void **state)
{
    struct fixture *at = *state;
    for (int how = BIDE_DRAIN; how <= BIDE_CANCEL; how++) {
        bide_pool *pool = make_pool(at->workers);
        bide_future *promise = make_promise();
        bool ran = false;
        bide_future *before = then(promise, pool, note_run, &ran);
        assert_int_equal(bide_pool_close(pool, (enum bide_close)how, BIDE_FOREVER), 0);
        assert_int_equal(bide_future_state(before), BIDE_PENDING);
        resolve(promise, 1);
        bide_future *after = then(promise, pool, note_run, &ran);
        assert_int_equal(bide_future_state(before), BIDE_FAILED);
        assert_int_equal(bide_future_state(after), BIDE_FAILED);
        assert_int_equal(bide_join(before, NULL), ESHUTDOWN);
        assert_int_equal(bide_join(after, NULL), ESHUTDOWN);
        bide_future_release(promise);
        end_pool(pool);
        assert_false(ran);
    }
}

/* What is left of the pool goes with the last of them. */
static void a_pool_that_has_gone_makes_it_fail_with_eshutdown(void **state)
{
    struct fixture *at = *state;
    bide_pool *pool = make_pool(at->workers);
    bide_future *promises[2], *next[2];
    bool ran = false;
    for (int i = 0; i < 2; i++) {
        promises[i] = make_promise();
        next[i] = then(promises[i], pool, note_run, &ran);
    }
    end_pool(pool);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(bide_future_state(next[i]), BIDE_PENDING);
        resolve(promises[i], 1);
        assert_int_equal(bide_future_state(next[i]), BIDE_FAILED);
        assert_int_equal(bide_join(next[i], NULL), ESHUTDOWN);
        bide_future_release(promises[i]);
    }
    assert_false(ran);
}

static void a_pool_that_drains_runs_those_of_its_own_tasks(void **state)
{
    struct fixture *at = *state;
    struct gate gate = GATE_INIT;
    bide_future *task = submit(at->pool, stand_at, &gate), *last = task;
    for (int i = 0; i < 10; i++) {
        bide_future *next = then(last, at->pool, add_one, NULL);
        bide_future_release(last);
        last = next;
    }
    gate_await(&gate, 1);
    assert_int_equal(bide_pool_close(at->pool, BIDE_DRAIN, BIDE_NOW), ETIMEDOUT);
    gate_open(&gate);
    assert_int_equal(bide_pool_close(at->pool, BIDE_DRAIN, BIDE_FOREVER), 0);
    join_value(last, 10);
}

/* Chains */

/* The end of a chain that begins with the promise. */
static bide_future *make_chain(bide_future *promise, bide_pool *pool, int length)
{
    bide_future *last = promise;
    for (int i = 0; i < length; i++) {
        bide_future *next = then(last, pool, add_one, NULL);
        bide_future_release(last);
        last = next;
    }
    return last;
}

static void a_long_chain_runs_through(void **state)
{
    struct fixture *at = *state;
    int length = (int)test_scale(LONG);
    bide_future *promise = make_promise();
    bide_future_retain(promise);
    bide_future *last = make_chain(promise, at->pool, length);
    resolve(promise, 0);
    join_value(last, (uint64_t)length);
    bide_future_release(promise);
}

static void a_long_chain_that_is_refused_does_not_recurse(void **state)
{
    struct fixture *at = *state;
    bide_future *promise = make_promise();
    bide_future_retain(promise);
    bide_future *last = make_chain(promise, at->pool, (int)test_scale(LONG));
    assert_int_equal(bide_pool_close(at->pool, BIDE_DRAIN, BIDE_FOREVER), 0);
    resolve(promise, 0);
    assert_int_equal(bide_join(last, NULL), ESHUTDOWN);
    bide_future_release(promise);
}

/* Each is made when the one before has ended. */
static void an_endless_chain_keeps_nothing_behind_it(void **state)
{
    struct fixture *at = *state;
    bide_future *last = make_promise();
    resolve(last, 0);
    for (int i = 0; i < 200; i++) {
        bide_future *next = then(last, at->pool, add_one, NULL);
        bide_future_release(last);
        assert_int_equal(bide_future_wait(next, BIDE_FOREVER), 0);
        last = next;
    }
    assert_true(seams_memory_live() < 100);
    join_value(last, 200);
}

/* Waiting for it */

static int wait_for_next(void *arg, bide_value *result)
{
    (void)result;
    bide_future **both = arg;
    CHECK_EQUAL(bide_future_wait(both[0], BIDE_FOREVER), 0);
    CHECK_EQUAL(bide_future_wait(both[1], BIDE_FOREVER), 0);
    return 0;
}

static void a_task_of_the_pool_may_wait_for_it(void **state)
{
    struct fixture *at = *state;
    uint64_t number = 1;
    struct gate gate = GATE_INIT;
    occupy(at->pool, at->workers, &gate);
    bide_future *waiter_arg[2];
    bide_future *waiter = submit(at->pool, wait_for_next, waiter_arg);
    waiter_arg[0] = submit(at->pool, give_number, &number);
    waiter_arg[1] = then(waiter_arg[0], at->pool, add_one, NULL);
    vacate(at->pool, &gate);
    assert_int_equal(bide_join(waiter, NULL), 0);
    bide_future_release(waiter_arg[0]);
    join_value(waiter_arg[1], 2);
}

struct wait {
    bide_future *next;
    bide_completions *completions; /* or NULL */
    struct sleeper sleeper;
};

static int wait_before_its_turn(void *arg, bide_value *result)
{
    (void)result;
    struct wait *wait = arg;
    if (wait->completions)
        CHECK_EQUAL(bide_completions_next(wait->completions, bide_in(0.001), NULL, NULL), ETIMEDOUT);
    else
        CHECK_EQUAL(bide_future_wait(wait->next, bide_in(0.001)), ETIMEDOUT);
    sleeper_goes(&wait->sleeper);
    return wait->completions ? bide_completions_next(wait->completions, BIDE_FOREVER, NULL, NULL)
                             : bide_future_wait(wait->next, BIDE_FOREVER);
}

/* On two workers, as one that holds keeps its own while it waits. */
static void wait_before_and_after(bide_completions *completions)
{
    bide_pool *pool = make_pool(2);
    bide_future *promise = make_promise();
    struct wait wait = {then(promise, pool, add_one, NULL), completions, SLEEPER_INIT};
    if (completions)
        assert_int_equal(bide_completions_add(completions, wait.next, NULL), 0);
    bide_future *waiter = submit(pool, wait_before_its_turn, &wait);
    sleeper_await(&wait.sleeper);
    assert_int_equal(bide_future_state(wait.next), BIDE_PENDING);
    resolve(promise, 1);
    assert_int_equal(bide_join(waiter, NULL), 0);
    join_value(wait.next, 2);
    bide_future_release(promise);
    end_pool(pool);
}

static void nobody_runs_it_before_its_turn(void **state)
{
    (void)state;
    wait_before_and_after(NULL);
}

static void completions_hand_it_out_after_its_turn(void **state)
{
    (void)state;
    bide_completions *completions;
    assert_int_equal(bide_completions_create(&completions), 0);
    wait_before_and_after(completions);
    bide_completions_destroy(completions);
}

struct both {
    bide_completions *completions;
    struct sleeper sleeper;
    struct gate turn;
    bide_future *taken[2];
};

static int take_both(void *arg, bide_value *result)
{
    (void)result;
    struct both *both = arg;
    sleeper_goes(&both->sleeper);
    CHECK_EQUAL(bide_completions_next(both->completions, BIDE_FOREVER, &both->taken[0], NULL), 0);
    gate_pass(&both->turn);
    CHECK_EQUAL(bide_completions_next(both->completions, BIDE_FOREVER, &both->taken[1], NULL), 0);
    return 0;
}

/* Nobody else could: the taker keeps the only worker. */
static void completions_run_it_in_place_after_its_turn(void **state)
{
    struct fixture *at = *state;
    struct both both = {.sleeper = SLEEPER_INIT, .turn = GATE_INIT};
    bide_future *promise = make_promise(), *other = make_promise(), *next = then(promise, at->pool, add_one, NULL);
    assert_int_equal(bide_completions_create(&both.completions), 0);
    assert_int_equal(bide_completions_add(both.completions, next, NULL), 0);
    assert_int_equal(bide_completions_add(both.completions, other, NULL), 0);
    bide_future *taker = submit(at->pool, take_both, &both);
    sleeper_await(&both.sleeper);
    resolve(other, 1);
    gate_await(&both.turn, 1);
    resolve(promise, 1);
    gate_open(&both.turn);
    assert_int_equal(bide_join(taker, NULL), 0);
    assert_ptr_equal(both.taken[1], next);
    bide_completions_destroy(both.completions);
    join_value(both.taken[1], 2);
    bide_future_release(both.taken[0]);
    bide_future_release(next);
    bide_future_release(other);
    bide_future_release(promise);
}

/* Each follows the one behind it in the array. */
static int wait_for_chains(void *arg, bide_value *result)
{
    uint64_t number = 1;
    bide_future *chain[3];
    bide_value value;
    (void)arg;
    (void)result;
    for (int when = BIDE_ALL; when <= BIDE_FIRST_FAILED; when++) {
        CHECK_EQUAL(bide_submit(bide_current_pool(), give_number, &number, &chain[2]), 0);
        for (int i = 2; i > 0; i--)
            CHECK_EQUAL(bide_future_then(chain[i], bide_current_pool(), add_one, NULL, &chain[i - 1]), 0);
        CHECK_EQUAL(bide_wait_many(chain, 3, (enum bide_when)when, BIDE_FOREVER, NULL), 0);
        for (int i = 2; i >= 0; i--)
            CHECK(bide_join(chain[i], &value) == 0 && value.u64 == 3 - (uint64_t)i);
    }
    return 0;
}

static void a_task_may_wait_for_a_whole_chain_in_any_order(void **state)
{
    struct fixture *at = *state;
    assert_int_equal(bide_join(submit(at->pool, wait_for_chains, NULL), NULL), 0);
}

/* No memory, a child process */

static void without_memory_it_is_enomem(void **state)
{
    struct fixture *at = *state;
    bide_future *promise = make_promise(), *next = NULL;
    size_t nth = 0;
    int error;
    do {
        seams_fail_memory(++nth);
        error = bide_future_then(promise, at->pool, add_one, NULL, &next);
        assert_int_equal(error, seams_memory_failed() ? ENOMEM : 0);
        assert_true(error == 0 || next == NULL);
    } while (error);
    seams_fail_memory(0);
    assert_true(nth > 2);
    resolve(promise, 1);
    bide_future_release(promise);
    join_value(next, 2);
}

struct inherited {
    bide_pool *pool;
    bide_future *promise, *next, *none;
};

static void check_inherited(void *arg)
{
    struct inherited *inherited = arg;
    CHECK_EQUAL(bide_future_then(inherited->promise, inherited->pool, add_one, NULL, &inherited->none), ESHUTDOWN);
    CHECK(inherited->none == NULL);
    CHECK_EQUAL(bide_promise_resolve(inherited->promise, bide_u64(1)), 0);
    CHECK_EQUAL(bide_future_then(inherited->promise, inherited->pool, add_one, NULL, &inherited->none), ESHUTDOWN);
    CHECK_EQUAL(bide_future_wait(inherited->next, BIDE_FOREVER), ESHUTDOWN);
    CHECK_EQUAL(bide_future_cancel(inherited->next), ESHUTDOWN);
}

static void in_a_child_process_it_is_eshutdown(void **state)
{
    struct fixture *at = *state;
    struct gate gate = GATE_INIT;
    occupy(at->pool, at->workers, &gate);
    struct inherited inherited = {.pool = at->pool, .promise = make_promise()};
    inherited.next = then(inherited.promise, at->pool, add_one, NULL);
    check_in_child_process(check_inherited, &inherited);
    vacate(at->pool, &gate);
    resolve(inherited.promise, 1);
    bide_future_release(inherited.promise);
    join_value(inherited.next, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_ONE_WORKER(null_is_einval),
        ON_POOLS(it_runs_when_the_first_has_ended),
        ON_POOLS(it_runs_also_if_the_first_had_ended),
        ON_POOLS(it_follows_a_task_of_any_pool),
        ON_POOLS(it_is_handed_the_future_however_that_has_ended),
        ON_POOLS(a_promise_that_is_let_go_gives_it_its_turn),
        ON_POOLS(many_follow_the_same),
        ON_POOLS(a_released_one_runs_all_the_same),
        ON_ONE_WORKER(it_cannot_be_settled_by_hand_nor_given_an_argument),
        ON_POOLS(cancelled_before_its_turn_it_never_runs),
        ALONE(cancelled_it_needs_its_pool_no_more),
        ALONE(cancelled_after_its_pool_has_gone_it_never_runs),
        ON_POOLS(cancelled_in_the_queue_it_never_runs),
        ON_POOLS(cancelled_while_it_runs_it_is_asked_to_stop),
        ON_POOLS(its_turn_and_a_cancel_may_meet),
        ALONE(it_waits_for_no_room),
        ON_POOLS(a_closed_pool_makes_it_fail_with_eshutdown),
        ON_POOLS(a_pool_that_has_gone_makes_it_fail_with_eshutdown),
        ON_POOLS(a_pool_that_drains_runs_those_of_its_own_tasks),
        ON_POOLS(a_long_chain_runs_through),
        ON_POOLS(a_long_chain_that_is_refused_does_not_recurse),
        ON_POOLS(an_endless_chain_keeps_nothing_behind_it),
        ON_POOLS(a_task_of_the_pool_may_wait_for_it),
        ALONE(nobody_runs_it_before_its_turn),
        ALONE(completions_hand_it_out_after_its_turn),
        ON_ONE_HOLDING_WORKER(completions_run_it_in_place_after_its_turn),
        ON_POOLS(a_task_may_wait_for_a_whole_chain_in_any_order),
        ON_ONE_WORKER(without_memory_it_is_enomem),
        ON_POOLS(in_a_child_process_it_is_eshutdown),
    };
    return cmocka_run_group_tests(tests, fixture_begin, NULL);
}
