#include "support/asleep.h"

#include <math.h>

enum { MANY = 5 };

static int return_at_once(void *arg, bide_value *result)
{
    (void)arg;
    (void)result;
    return 0;
}

static void count(bide_future *future, void *ctx)
{
    (void)future;
    gate_arrive(ctx);
}

/* A task that returns at the first request to stop, and tells when it has started. */
static int sleep_until_asked(void *arg, bide_value *result)
{
    (void)result;
    gate_arrive(arg);
    return bide_sleep((double)INFINITY);
}

static int drain(void *pool)
{
    return bide_pool_drain(pool, BIDE_FOREVER);
}

static int drain_with_a_deadline(void *pool)
{
    return bide_pool_drain(pool, bide_in(1e6));
}

static int close_with_drain(void *pool)
{
    return bide_pool_close(pool, BIDE_DRAIN, BIDE_FOREVER);
}

static int close_with_cancel(void *pool)
{
    return bide_pool_close(pool, BIDE_CANCEL, BIDE_FOREVER);
}

static int destroy(void *pool)
{
    return bide_pool_destroy(pool);
}

static void refuses_null(void **state)
{
    (void)state;
    assert_int_equal(bide_pool_drain(NULL, BIDE_FOREVER), EINVAL);
    assert_int_equal(bide_pool_close(NULL, BIDE_DRAIN, BIDE_FOREVER), EINVAL);
    assert_int_equal(bide_pool_close(NULL, BIDE_CANCEL, BIDE_NOW), EINVAL);
    assert_int_equal(bide_pool_destroy(NULL), 0);
}

static void drains_what_is_empty_at_once(void **state)
{
    struct fixture *at = *state;
    assert_int_equal(bide_pool_drain(at->pool, BIDE_NOW), 0);
    assert_int_equal(bide_pool_drain(at->pool, BIDE_FOREVER), 0);
    assert_int_equal(bide_join(submit(at->pool, return_at_once, NULL), NULL), 0);
}

static void drains_until_late(void **state)
{
    struct fixture *at = *state;
    struct gate gate = GATE_INIT;
    occupy(at->pool, 1, &gate);
    assert_int_equal(bide_pool_drain(at->pool, BIDE_NOW), ETIMEDOUT);
    bide_time deadline = bide_in(0.01);
    assert_int_equal(bide_pool_drain(at->pool, deadline), ETIMEDOUT);
    assert_true(bide_clock() >= deadline);
    gate_open(&gate);
    assert_int_equal(bide_pool_drain(at->pool, BIDE_FOREVER), 0);
    assert_int_equal(bide_pool_drain(at->pool, BIDE_NOW), 0);
}

/* Queued, but not running, is not drained either. */
static void drains_what_is_queued(void **state)
{
    struct fixture *at = *state;
    struct gate first = GATE_INIT, second = GATE_INIT;
    occupy(at->pool, 1, &first);
    bide_future *queued = submit(at->pool, stand_at, &second);
    gate_open(&first);
    gate_await(&second, 1);
    assert_int_equal(bide_pool_drain(at->pool, BIDE_NOW), ETIMEDOUT);
    gate_open(&second);
    assert_int_equal(bide_pool_drain(at->pool, BIDE_FOREVER), 0);
    assert_int_equal(bide_future_state(queued), BIDE_DONE);
    bide_future_release(queued);
}

static void tells_all_that_drain(void **state)
{
    struct fixture *at = *state;
    struct gate gate = GATE_INIT;
    struct caller callers[MANY];
    occupy(at->pool, at->workers, &gate);
    for (int i = 0; i < MANY; i++)
        caller_start(&callers[i], i % 2 ? drain : drain_with_a_deadline, at->pool);
    gate_open(&gate);
    for (int i = 0; i < MANY; i++)
        assert_int_equal(caller_end(&callers[i]), 0);
    assert_int_equal(bide_join(submit(at->pool, return_at_once, NULL), NULL), 0);
}

static void tells_all_that_close(void **state)
{
    struct fixture *at = *state;
    struct gate gate = GATE_INIT;
    struct caller callers[MANY];
    occupy(at->pool, at->workers, &gate);
    for (int i = 0; i < MANY; i++)
        caller_start(&callers[i], (int (*[])(void *)){drain, close_with_drain, close_with_cancel}[i % 3], at->pool);
    gate_open(&gate);
    for (int i = 0; i < MANY; i++)
        assert_int_equal(caller_end(&callers[i]), 0);
}

/* A chain: each task submits the next and ends. */
struct chain {
    unsigned length;
    struct gate *links;
};

static int add_link(void *arg, bide_value *result)
{
    struct chain *chain = arg;
    gate_arrive(chain->links);
    if (--chain->length > 0)
        CHECK_EQUAL(bide_submit(bide_current_pool(), add_link, chain, NULL), 0);
    (void)result;
    return 0;
}

static void drains_what_tasks_submit(void **state)
{
    struct fixture *at = *state;
    struct gate links = GATE_INIT;
    struct chain chain = {1000, &links};
    assert_int_equal(bide_submit(at->pool, add_link, &chain, NULL), 0);
    assert_int_equal(bide_pool_drain(at->pool, BIDE_FOREVER), 0);
    assert_int_equal(gate_arrived(&links), 1000);
}

static void closes_after_all_that_was_submitted(void **state)
{
    struct fixture *at = *state;
    struct gate gate = GATE_INIT, links = GATE_INIT, done = GATE_INIT;
    struct chain chain = {1000, &links};
    gate_open(&done);
    occupy(at->pool, at->workers, &gate);
    assert_int_equal(bide_submit(at->pool, add_link, &chain, NULL), 0);
    for (int i = 0; i < 100; i++)
        assert_int_equal(bide_submit(at->pool, stand_at, &done, NULL), 0);
    assert_int_equal(bide_pool_close(at->pool, BIDE_DRAIN, BIDE_NOW), ETIMEDOUT);
    assert_int_equal(bide_submit(at->pool, return_at_once, NULL, NULL), ESHUTDOWN);
    bide_time deadline = bide_in(0.01);
    assert_int_equal(bide_pool_close(at->pool, BIDE_DRAIN, deadline), ETIMEDOUT);
    assert_true(bide_clock() >= deadline);
    gate_open(&gate);
    assert_int_equal(bide_pool_close(at->pool, BIDE_DRAIN, BIDE_FOREVER), 0);
    assert_int_equal(gate_arrived(&done), 100);
    assert_int_equal(gate_arrived(&links), 1000);
}

static void refuses_once_closed(bide_pool *pool)
{
    bide_future *const untouched = (bide_future *)(void *)pool;
    bide_future *future = untouched;
    bide_value arg = bide_u64(0);
    assert_int_equal(bide_submit(pool, return_at_once, &arg, &future), ESHUTDOWN);
    assert_int_equal(bide_try_submit(pool, return_at_once, &arg, &future), ESHUTDOWN);
    assert_int_equal(bide_submit_until(pool, return_at_once, &arg, BIDE_NOW, &future), ESHUTDOWN);
    assert_int_equal(bide_submit_until(pool, return_at_once, &arg, BIDE_FOREVER, &future), ESHUTDOWN);
    assert_ptr_equal(future, untouched);
    assert_int_equal(arg.u64, 0);
}

static void stays_closed(void **state)
{
    struct fixture *at = *state;
    assert_int_equal(bide_pool_close(at->pool, BIDE_DRAIN, BIDE_FOREVER), 0);
    refuses_once_closed(at->pool);
    assert_int_equal(bide_pool_drain(at->pool, BIDE_FOREVER), 0);
    assert_int_equal(bide_pool_close(at->pool, BIDE_CANCEL, BIDE_NOW), 0);
    assert_int_equal(bide_pool_close(at->pool, BIDE_DRAIN, BIDE_NOW), 0);
    refuses_once_closed(at->pool);
}

static int wait_for(void *future)
{
    return bide_future_wait(future, BIDE_FOREVER);
}

static int wait_long_for(void *future)
{
    return bide_future_wait(future, bide_in(1e6));
}

static int take_next(void *completions)
{
    return bide_completions_next(completions, BIDE_FOREVER, NULL, NULL);
}

/* While the workers still stand at the gate: nobody waits for a worker to come to what is cancelled. */
static void cancels_what_has_not_started(void **state)
{
    struct fixture *at = *state;
    struct gate gate = GATE_INIT, called = GATE_INIT;
    struct caller callers[3];
    bide_completions *completions;
    bide_future *queued[3];
    occupy(at->pool, at->workers, &gate);
    for (int i = 0; i < 3; i++)
        queued[i] = submit(at->pool, stand_at, &called);
    assert_int_equal(bide_future_on_done(queued[2], count, &called), 0);
    assert_int_equal(bide_completions_create(&completions), 0);
    assert_int_equal(bide_completions_add(completions, queued[2], NULL), 0);
    caller_start(&callers[0], wait_for, queued[0]);
    caller_start(&callers[1], wait_long_for, queued[1]);
    caller_start(&callers[2], take_next, completions);

    assert_int_equal(bide_pool_close(at->pool, BIDE_CANCEL, BIDE_NOW), ETIMEDOUT);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(bide_future_state(queued[i]), BIDE_CANCELLED);
        assert_int_equal(caller_end(&callers[i]), 0);
        assert_int_equal(bide_future_cancel(queued[i]), EALREADY);
        assert_int_equal(bide_join(queued[i], NULL), ECANCELED);
    }
    assert_int_equal(gate_arrived(&called), 1);
    gate_open(&gate);
    assert_int_equal(bide_pool_close(at->pool, BIDE_CANCEL, BIDE_FOREVER), 0);
    assert_int_equal(gate_arrived(&called), 1);
    bide_completions_destroy(completions);
}

static int compute_until_asked(void *arg, bide_value *result)
{
    gate_arrive(arg);
    while (!bide_cancelled())
        sched_yield();
    result->u64 = 7;
    return 0;
}

/* What waits is woken, what computes can see it; what comes of it is theirs to say. */
static void asks_what_runs_to_stop(void **state)
{
    struct fixture *at = *state;
    struct gate started = GATE_INIT;
    bide_future *futures[8];
    bide_value value;
    for (unsigned i = 0; i < at->workers; i++)
        futures[i] = submit(at->pool, i % 2 ? compute_until_asked : sleep_until_asked, &started);
    gate_await(&started, at->workers);
    assert_int_equal(bide_pool_close(at->pool, BIDE_CANCEL, BIDE_FOREVER), 0);
    for (unsigned i = 0; i < at->workers; i++) {
        assert_int_equal(bide_future_state(futures[i]), i % 2 ? BIDE_DONE : BIDE_CANCELLED);
        assert_int_equal(bide_join(futures[i], &value), i % 2 ? 0 : ECANCELED);
        if (i % 2)
            assert_int_equal(value.u64, 7);
    }
}

static int swallow_one_request(void *swallowed, bide_value *result)
{
    (void)result;
    CHECK_EQUAL(bide_sleep((double)INFINITY), ECANCELED);
    gate_arrive(swallowed);
    CHECK_EQUAL(bide_sleep((double)INFINITY), ECANCELED);
    return 0;
}

static void asks_again_when_closed_again(void **state)
{
    struct fixture *at = *state;
    struct gate swallowed = GATE_INIT;
    bide_future *future = submit(at->pool, swallow_one_request, &swallowed);
    while (bide_future_state(future) == BIDE_PENDING)
        sched_yield();
    assert_int_equal(bide_pool_close(at->pool, BIDE_CANCEL, BIDE_NOW), ETIMEDOUT);
    gate_await(&swallowed, 1);
    assert_int_equal(bide_pool_close(at->pool, BIDE_CANCEL, BIDE_FOREVER), 0);
    assert_int_equal(bide_join(future, NULL), 0);
}

/* A task at the gate that then submits to its own pool. */
struct late_submit {
    struct gate gate;
    int errors[3];
    bool cancelled;
};

static int submit_late(void *arg, bide_value *result)
{
    struct late_submit *late = arg;
    bide_pool *pool = bide_current_pool();
    gate_pass(&late->gate);
    late->cancelled = bide_cancelled();
    late->errors[0] = bide_submit(pool, return_at_once, NULL, NULL);
    late->errors[1] = bide_try_submit(pool, return_at_once, NULL, NULL);
    late->errors[2] = bide_submit_until(pool, return_at_once, NULL, BIDE_FOREVER, NULL);
    (void)result;
    return 0;
}

static void assert_late_submits(struct late_submit *late, bool cancelled, int error)
{
    assert_int_equal(late->cancelled, cancelled);
    for (int i = 0; i < 3; i++)
        assert_int_equal(late->errors[i], error);
}

static void lets_its_tasks_submit_while_it_drains(void **state)
{
    struct fixture *at = *state;
    struct late_submit late = {.gate = GATE_INIT};
    assert_int_equal(bide_submit(at->pool, submit_late, &late, NULL), 0);
    gate_await(&late.gate, 1);
    assert_int_equal(bide_pool_close(at->pool, BIDE_DRAIN, BIDE_NOW), ETIMEDOUT);
    gate_open(&late.gate);
    assert_int_equal(bide_pool_close(at->pool, BIDE_DRAIN, BIDE_FOREVER), 0);
    assert_late_submits(&late, false, 0);
}

static void lets_its_tasks_not_submit_once_cancelled(void **state)
{
    struct fixture *at = *state;
    struct late_submit late = {.gate = GATE_INIT};
    assert_int_equal(bide_submit(at->pool, submit_late, &late, NULL), 0);
    gate_await(&late.gate, 1);
    assert_int_equal(bide_pool_close(at->pool, BIDE_CANCEL, BIDE_NOW), ETIMEDOUT);
    assert_int_equal(bide_pool_close(at->pool, BIDE_DRAIN, BIDE_NOW), ETIMEDOUT);
    gate_open(&late.gate);
    assert_int_equal(bide_pool_close(at->pool, BIDE_DRAIN, BIDE_FOREVER), 0);
    assert_late_submits(&late, true, ESHUTDOWN);
}

static void cancels_after_it_began_to_drain(void **state)
{
    struct fixture *at = *state;
    struct gate gate = GATE_INIT, started = GATE_INIT;
    bide_future *running = submit(at->pool, compute_until_asked, &started);
    gate_await(&started, 1);
    occupy(at->pool, at->workers - 1, &gate);
    bide_future *queued = submit(at->pool, stand_at, &gate);
    assert_int_equal(bide_pool_close(at->pool, BIDE_DRAIN, BIDE_NOW), ETIMEDOUT);
    assert_int_equal(bide_future_state(queued), BIDE_PENDING);
    assert_int_equal(bide_future_state(running), BIDE_RUNNING);
    gate_open(&gate);
    assert_int_equal(bide_pool_close(at->pool, BIDE_CANCEL, BIDE_FOREVER), 0);
    assert_int_equal(bide_join(running, NULL), 0);
    bide_future_release(queued);
}

static void can_be_destroyed_in_any_state(void **state)
{
    struct fixture *at = *state;
    for (int closed = 0; closed < 3; closed++) {
        struct gate gate = GATE_INIT;
        struct caller caller;
        bide_pool *pool = make_pool(at->workers);
        occupy(pool, at->workers, &gate);
        bide_future *queued = submit(pool, stand_at, &gate);
        if (closed)
            assert_int_equal(bide_pool_close(pool, closed == 1 ? BIDE_DRAIN : BIDE_CANCEL, BIDE_NOW), ETIMEDOUT);
        caller_start(&caller, destroy, pool);
        gate_open(&gate);
        assert_int_equal(caller_end(&caller), 0);
        assert_int_equal(bide_future_state(queued), closed == 2 ? BIDE_CANCELLED : BIDE_DONE);
        assert_int_equal(bide_join(queued, NULL), closed == 2 ? ECANCELED : 0);
        assert_int_equal(gate_arrived(&gate), at->workers + (closed != 2));
    }
}

static int answer(void *arg, bide_value *result)
{
    result->i64 = *(int *)arg;
    return 0;
}

static int return_error(void *arg, bide_value *result)
{
    (void)result;
    return *(int *)arg;
}

static void free_arg(void *arg)
{
    *(int *)arg = 0;
}

static void leaves_its_futures_valid(void **state)
{
    struct fixture *at = *state;
    struct gate called = GATE_INIT;
    bide_value value;
    int arg = 42;
    bide_future *done = submit(at->pool, answer, &arg), *failed = submit(at->pool, return_error, &arg);
    end_pool(at->pool);
    at->pool = NULL;
    assert_int_equal(bide_future_state(done), BIDE_DONE);
    assert_int_equal(bide_future_wait(done, BIDE_FOREVER), 0);
    assert_int_equal(bide_future_wait_or_cancel(done, BIDE_NOW), 0);
    assert_int_equal(bide_future_cancel(done), EALREADY);
    assert_int_equal(bide_future_on_done(done, count, &called), 0);
    assert_int_equal(gate_arrived(&called), 1);
    assert_int_equal(bide_future_own(done, free_arg), 0);
    assert_int_equal(bide_join(failed, NULL), 42);
    assert_int_equal(bide_join(done, &value), 0);
    assert_int_equal(value.i64, 42);
    assert_int_equal(arg, 0);
}

/* What comes of calls on a pool where they may not wait. */
struct inside {
    bide_pool *pool;
    int drain, close_drain, close_cancel, destroy, submit;
};

static void look_inside(struct inside *inside)
{
    inside->drain = bide_pool_drain(inside->pool, BIDE_FOREVER);
    inside->close_drain = bide_pool_close(inside->pool, BIDE_DRAIN, BIDE_FOREVER);
    inside->close_cancel = bide_pool_close(inside->pool, BIDE_CANCEL, BIDE_FOREVER);
    inside->destroy = bide_pool_destroy(inside->pool);
    inside->submit = bide_submit(inside->pool, return_at_once, NULL, NULL);
}

static int use_own_pool(void *inside, bide_value *result)
{
    (void)result;
    look_inside(inside);
    CHECK(!bide_cancelled());
    return 0;
}

static int use_own_pool_from_within(void *inside, bide_value *result)
{
    bide_future *nested;
    (void)result;
    CHECK_EQUAL(bide_submit(bide_current_pool(), use_own_pool, inside, &nested), 0);
    return bide_join(nested, NULL);
}

static void call_inside(bide_future *future, void *inside)
{
    (void)future;
    look_inside(inside);
}

static int settle(void *promise, bide_value *result)
{
    (void)result;
    return bide_promise_resolve(promise, bide_u64(0));
}

static void assert_nothing_done(const struct inside *inside)
{
    assert_int_equal(inside->drain, EDEADLK);
    assert_int_equal(inside->close_drain, EDEADLK);
    assert_int_equal(inside->close_cancel, EDEADLK);
    assert_int_equal(inside->destroy, EDEADLK);
    assert_int_equal(inside->submit, 0);
}

static void refuses_its_own_workers(void **state)
{
    struct fixture *at = *state;
    struct inside direct = {.pool = at->pool}, nested = direct, called = direct;
    assert_int_equal(bide_join(submit(at->pool, use_own_pool, &direct), NULL), 0);
    assert_nothing_done(&direct);
    assert_int_equal(bide_join(submit(at->pool, use_own_pool_from_within, &nested), NULL), 0);
    assert_nothing_done(&nested);

    bide_future *promise = make_promise();
    assert_int_equal(bide_future_on_done(promise, call_inside, &called), 0);
    assert_int_equal(bide_join(submit(at->pool, settle, promise), NULL), 0);
    assert_nothing_done(&called);
    bide_future_release(promise);
}

/* On a plain thread, a close from a callback closes and does not wait; destroy does nothing. */
static void does_not_wait_in_callbacks(void **state)
{
    struct fixture *at = *state;
    struct gate gate = GATE_INIT;
    struct inside inside = {.pool = at->pool};
    bide_future *promise = make_promise();
    assert_int_equal(bide_promise_resolve(promise, bide_u64(0)), 0);
    occupy(at->pool, at->workers, &gate);
    bide_future *queued = submit(at->pool, stand_at, &gate);
    assert_int_equal(bide_future_on_done(promise, call_inside, &inside), 0);
    assert_int_equal(inside.drain, EDEADLK);
    assert_int_equal(inside.close_drain, EDEADLK);
    assert_int_equal(inside.close_cancel, EDEADLK);
    assert_int_equal(inside.destroy, EDEADLK);
    assert_int_equal(inside.submit, ESHUTDOWN);
    assert_int_equal(bide_join(queued, NULL), ECANCELED);
    vacate(at->pool, &gate);
    bide_future_release(promise);
}

/* A task of another pool that makes one call, and then looks whether a request to stop is still due. */
struct visitor {
    int (*call)(void *arg);
    void *arg;
    struct sleeper sleeper;
    int first, second;
};

static int visit(void *arg, bide_value *result)
{
    struct visitor *visitor = arg;
    (void)result;
    sleeper_goes(&visitor->sleeper);
    visitor->first = visitor->call(visitor->arg);
    visitor->second = bide_yield();
    return 0;
}

static void interrupts(bide_pool *home, int (*call)(void *pool), bool closes)
{
    struct gate gate = GATE_INIT;
    bide_pool *pool = make_pool(1);
    struct visitor visitor = {call, pool, SLEEPER_INIT, -1, -1};
    occupy(pool, 1, &gate);
    bide_future *task = submit(home, visit, &visitor);
    sleeper_await(&visitor.sleeper);
    assert_int_equal(bide_future_cancel(task), 0);
    assert_int_equal(bide_join(task, NULL), 0);
    assert_int_equal(visitor.first, ECANCELED);
    assert_int_equal(visitor.second, 0);
    assert_int_equal(bide_submit(pool, return_at_once, NULL, NULL), closes ? ESHUTDOWN : 0);
    gate_open(&gate);
    end_pool(pool);
}

static void can_be_interrupted(void **state)
{
    struct fixture *at = *state;
    interrupts(at->pool, drain, false);
    interrupts(at->pool, drain_with_a_deadline, false);
    interrupts(at->pool, close_with_drain, true);
    interrupts(at->pool, close_with_cancel, true);
}

/* A task of another pool that is asked to stop, and only looks. */
struct passer {
    struct gate asked;
    bide_pool *pool;
    bool closes;
};

static int look(const struct passer *passer)
{
    return passer->closes ? bide_pool_close(passer->pool, BIDE_DRAIN, BIDE_NOW)
                          : bide_pool_drain(passer->pool, BIDE_NOW);
}

static int look_twice(void *arg, bide_value *result)
{
    struct passer *passer = arg;
    (void)result;
    gate_pass(&passer->asked);
    CHECK_EQUAL(look(passer), ECANCELED);
    CHECK_EQUAL(look(passer), ETIMEDOUT);
    return 0;
}

static void delivers_a_request_to_who_looks(void **state)
{
    struct fixture *at = *state;
    for (int i = 0; i < 2; i++) {
        struct gate gate = GATE_INIT;
        struct passer passer = {GATE_INIT, make_pool(1), i == 1};
        occupy(passer.pool, 1, &gate);
        bide_future *task = submit(at->pool, look_twice, &passer);
        gate_await(&passer.asked, 1);
        assert_int_equal(bide_future_cancel(task), 0);
        gate_open(&passer.asked);
        assert_int_equal(bide_join(task, NULL), 0);
        gate_open(&gate);
        end_pool(passer.pool);
    }
}

static void destroys_without_interruption(void **state)
{
    struct fixture *at = *state;
    struct gate gate = GATE_INIT;
    bide_pool *pool = make_pool(1);
    struct visitor visitor = {destroy, pool, SLEEPER_INIT, -1, -1};
    occupy(pool, 1, &gate);
    bide_future *task = submit(at->pool, visit, &visitor);
    sleeper_await(&visitor.sleeper);
    assert_int_equal(bide_future_cancel(task), 0);
    gate_open(&gate);
    assert_int_equal(bide_join(task, NULL), 0);
    assert_int_equal(visitor.first, 0);
    assert_int_equal(visitor.second, ECANCELED);
}

static int run_a_pool_within(void *arg, bide_value *result)
{
    bide_pool *pool;
    bide_future *future;
    (void)result;
    CHECK_EQUAL(bide_pool_create(&pool, &(bide_pool_options){.workers = 1}), 0);
    CHECK_EQUAL(bide_submit(pool, answer, arg, &future), 0);
    CHECK_EQUAL(bide_pool_drain(pool, BIDE_FOREVER), 0);
    CHECK_EQUAL(bide_pool_destroy(pool), 0);
    return bide_join(future, result);
}

static void can_be_used_by_tasks_of_other_pools(void **state)
{
    struct fixture *at = *state;
    bide_value value;
    int arg = 9;
    assert_int_equal(bide_join(submit(at->pool, run_a_pool_within, &arg), &value), 0);
    assert_int_equal(value.i64, 9);
}

static void runs_one_task(void **state)
{
    (void)state;
    bide_value value = bide_i64(-1);
    int arg = 42;
    for (unsigned workers = 1; workers <= 8; workers *= 2) {
        bide_pool_options options = {.workers = workers};
        assert_int_equal(bide_run(&options, return_error, &arg, &value), 42);
        assert_int_equal(value.i64, -1);
        assert_int_equal(bide_run(&options, answer, &arg, NULL), 0);
        assert_int_equal(bide_run(&options, answer, &arg, &value), 0);
        assert_int_equal(value.i64, 42);
        value = bide_i64(-1);
    }
    arg = ECANCELED;
    assert_int_equal(bide_run(NULL, return_error, &arg, NULL), ECANCELED);
    arg = 6;
    assert_int_equal(bide_run(NULL, run_a_pool_within, &arg, &value), 0);
    assert_int_equal(value.i64, 6);
}

static void runs_all_that_the_one_submits(void **state)
{
    (void)state;
    for (unsigned workers = 1; workers <= 8; workers *= 2) {
        struct gate links = GATE_INIT;
        struct chain chain = {100, &links};
        assert_int_equal(bide_run(&(bide_pool_options){.workers = workers}, add_link, &chain, NULL), 0);
        assert_int_equal(gate_arrived(&links), 100);
    }
}

static int refuse_to_start(unsigned index, void *ctx)
{
    (void)index;
    return *(int *)ctx;
}

static void refuses_to_run(void **state)
{
    (void)state;
    struct gate called = GATE_INIT;
    int error = 99;
    bide_pool_options options = {.workers = 1, .worker_start = refuse_to_start, .worker_ctx = &error};
    assert_int_equal(bide_run(&options, stand_at, &called, NULL), 99);
    options = (bide_pool_options){.workers = 1, .reserved[7] = 1};
    assert_int_equal(bide_run(&options, stand_at, &called, NULL), EINVAL);
    assert_int_equal(bide_run(NULL, NULL, NULL, NULL), EINVAL);
    assert_int_equal(gate_arrived(&called), 0);
}

static void run_in_callback(bide_future *future, void *ctx)
{
    bide_value value = bide_u64(5);
    (void)future;
    CHECK_EQUAL(bide_run(NULL, stand_at, ctx, &value), EDEADLK);
    CHECK_EQUAL(value.u64, 5);
}

static void does_not_run_in_callbacks(void **state)
{
    (void)state;
    struct gate called = GATE_INIT;
    bide_future *promise = make_promise();
    assert_int_equal(bide_future_on_done(promise, run_in_callback, &called), 0);
    assert_int_equal(bide_promise_resolve(promise, bide_u64(0)), 0);
    assert_int_equal(gate_arrived(&called), 0);
    bide_future_release(promise);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ALONE(refuses_null),
        ON_POOLS(drains_what_is_empty_at_once),
        ON_POOLS(drains_until_late),
        ON_ONE_WORKER(drains_what_is_queued),
        ON_POOLS(tells_all_that_drain),
        ON_POOLS(tells_all_that_close),
        ON_POOLS(drains_what_tasks_submit),
        ON_POOLS(closes_after_all_that_was_submitted),
        ON_POOLS(stays_closed),
        ON_POOLS(cancels_what_has_not_started),
        ON_POOLS(asks_what_runs_to_stop),
        ON_POOLS(asks_again_when_closed_again),
        ON_POOLS(lets_its_tasks_submit_while_it_drains),
        ON_POOLS(lets_its_tasks_not_submit_once_cancelled),
        ON_POOLS(cancels_after_it_began_to_drain),
        ON_POOLS(can_be_destroyed_in_any_state),
        ON_POOLS(leaves_its_futures_valid),
        ON_ONE_WORKER(refuses_its_own_workers),
        ON_POOLS(does_not_wait_in_callbacks),
        ON_POOLS(can_be_interrupted),
        ON_ONE_WORKER(delivers_a_request_to_who_looks),
        ON_POOLS(destroys_without_interruption),
        ON_POOLS(can_be_used_by_tasks_of_other_pools),
        ALONE(runs_one_task),
        ALONE(runs_all_that_the_one_submits),
        ALONE(refuses_to_run),
        ALONE(does_not_run_in_callbacks),
    };
    return cmocka_run_group_tests(tests, fixture_begin, NULL);
}
