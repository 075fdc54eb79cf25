#include "support/asleep.h"
#include "support/places.h"

#include <stdatomic.h>
#include <stdlib.h>

#define MANY 100
#define HOUR 3600.0

static int never(void *arg, bide_value *result)
{
    (void)arg, (void)result;
    check_true(false, "a task ran that must not", __FILE__, __LINE__);
    return 0;
}

static int give_time(void *arg, bide_value *result)
{
    (void)arg;
    *result = bide_i64(bide_clock());
    return 0;
}

static bide_future *schedule(bide_pool *pool, bide_time when, bide_task_fn *fn, void *arg)
{
    bide_future *future;
    assert_int_equal(bide_submit_at(pool, when, fn, arg, &future), 0);
    return future;
}

static void refuses_null(void **state)
{
    struct fixture *at = *state;
    bide_future *future;
    assert_int_equal(bide_submit_at(NULL, BIDE_NOW, never, NULL, &future), EINVAL);
    assert_int_equal(bide_submit_at(at->pool, BIDE_NOW, NULL, NULL, &future), EINVAL);
}

static void is_never_early(void **state)
{
    struct fixture *at = *state;
    bide_future *futures[MANY];
    bide_time whens[MANY];
    for (int i = 0; i < MANY; i++) {
        whens[i] = bide_in((MANY - i) * 1e-4);
        futures[i] = schedule(at->pool, whens[i], give_time, NULL);
    }
    for (int i = 0; i < MANY; i++) {
        bide_value started;
        assert_int_equal(bide_join(futures[i], &started), 0);
        assert_true(started.i64 >= whens[i]);
    }
}

static void starts_what_is_past_at_once(void **state)
{
    struct fixture *at = *state;
    const bide_time pasts[] = {BIDE_NOW, 1, -1, INT64_MIN, bide_clock()};
    for (int i = 0; i < 5; i++)
        assert_int_equal(bide_join(schedule(at->pool, pasts[i], give_time, NULL), NULL), 0);
}

static void needs_nobody_to_ask(void **state)
{
    struct fixture *at = *state;
    struct gate gate = GATE_INIT;
    gate_open(&gate);
    assert_int_equal(bide_submit_at(at->pool, bide_in(0.001), stand_at, &gate, NULL), 0);
    assert_int_equal(bide_pool_drain(at->pool, BIDE_FOREVER), 0);
    assert_int_equal(gate_arrived(&gate), 1);
}

static void takes_equal_times_in_the_order_of_submission(void **state)
{
    struct fixture *at = *state;
    struct place places[MANY];
    unsigned count = 0;
    bide_time when = bide_in(0.01);
    for (unsigned i = 0; i < MANY; i++) {
        places[i] = (struct place){&count, i};
        assert_int_equal(bide_submit_at(at->pool, when, count_place, &places[i], NULL), 0);
    }
    assert_int_equal(bide_pool_drain(at->pool, BIDE_FOREVER), 0);
    assert_int_equal(count, MANY);
}

/* All are due when the worker comes to look. */
static void takes_the_earliest_first(void **state)
{
    struct fixture *at = *state;
    struct place places[MANY];
    struct gate gate = GATE_INIT;
    unsigned count = 0;
    bide_time first = bide_in(0.01);
    occupy(at->pool, 1, &gate);
    for (unsigned i = MANY; i-- > 0;) {
        places[i] = (struct place){&count, i};
        assert_int_equal(bide_submit_at(at->pool, first + i, count_place, &places[i], NULL), 0);
    }
    assert_int_equal(bide_sleep_until(first + MANY), 0);
    vacate(at->pool, &gate);
    assert_int_equal(count, MANY);
}

static void an_earlier_one_is_not_kept_waiting(void **state)
{
    struct fixture *at = *state;
    bide_future *late = schedule(at->pool, bide_in(HOUR), never, NULL);
    for (int i = 0; i < MANY; i++) {
        bide_future *later = schedule(at->pool, bide_in(HOUR - i), never, NULL);
        assert_int_equal(bide_join(schedule(at->pool, bide_in(i * 1e-5), give_time, NULL), NULL), 0);
        assert_int_equal(bide_future_state(later), BIDE_PENDING);
        assert_int_equal(bide_future_cancel(later), 0);
        bide_future_release(later);
    }
    assert_int_equal(bide_future_cancel(late), 0);
    bide_future_release(late);
}

/* Whichever worker kept the time: when it is given work, another one does. */
static void a_busy_worker_delays_none(void **state)
{
    struct fixture *at = *state;
    for (int i = 0; i < MANY; i++) {
        struct gate gate = GATE_INIT;
        bide_future *future = schedule(at->pool, bide_in(i * 2e-5), give_time, NULL);
        occupy(at->pool, at->workers - 1, &gate);
        assert_int_equal(bide_join(future, NULL), 0);
        assert_int_equal(bide_join(schedule(at->pool, bide_in(i * 1e-6), give_time, NULL), NULL), 0);
        vacate(at->pool, &gate);
    }
}

/* All workers but one become busy one after the other, each with what is queued, or with what is due, as the bits of `by_time`
 * say; and when that many are, a task is scheduled. */
struct order {
    unsigned by_time, busy;
    bool is_first; /* or there is an earlier one */
    double late;
};

static void occupy_one_more(bide_pool *pool, struct gate *gate, bool by_time, double late)
{
    unsigned busy = gate_arrived(gate);
    bide_time when = by_time ? bide_in(late) : BIDE_NOW;
    assert_int_equal(
        by_time ? bide_submit_at(pool, when, stand_at, gate, NULL) : bide_submit(pool, stand_at, gate, NULL), 0);
    gate_await(gate, busy + 1);
}

static void schedule_in_order(struct fixture *at, struct order order)
{
    struct gate gate = GATE_INIT;
    bide_future *scheduled = NULL;
    bide_future *other = order.is_first ? schedule(at->pool, bide_in(HOUR), never, NULL)
                                        : schedule(at->pool, bide_in(order.late / 2), give_time, NULL);
    for (unsigned busy = 0; busy < at->workers; busy++) {
        if (busy == order.busy)
            scheduled = schedule(at->pool, bide_in(order.late), give_time, NULL);
        if (busy < at->workers - 1)
            occupy_one_more(at->pool, &gate, order.by_time >> busy & 1, order.late);
    }
    assert_int_equal(bide_join(scheduled, NULL), 0);
    assert_int_equal(bide_join(schedule(at->pool, bide_in(order.late), give_time, NULL), NULL), 0);
    if (order.is_first)
        assert_int_equal(bide_future_cancel(other), 0);
    assert_int_equal(bide_join(other, NULL), order.is_first ? ECANCELED : 0);
    vacate(at->pool, &gate);
}

static void in_whatever_order_workers_become_busy_an_idle_one_sees_to_it(void **state)
{
    struct fixture *at = *state;
    for (unsigned long i = 0, rounds = test_scale(10); i < rounds; i++)
        for (unsigned by_time = 0; by_time < (1U << at->workers) / 2; by_time++)
            for (unsigned busy = 0; busy < at->workers; busy++)
                for (int is_first = 0; is_first <= 1; is_first++)
                    schedule_in_order(at, (struct order){by_time, busy, is_first, (double)(i % 10) * 2e-5});
}

/* Plain counters: they run on one worker. */
struct turns {
    int queued, due;
};

static void check_turns(const struct turns *turns)
{
    CHECK(abs(turns->queued - turns->due) <= 1);
}

static int count_queued(void *arg, bide_value *result)
{
    struct turns *turns = arg;
    (void)result;
    turns->queued++;
    check_turns(turns);
    return 0;
}

static int count_due(void *arg, bide_value *result)
{
    struct turns *turns = arg;
    (void)result;
    turns->due++;
    check_turns(turns);
    return 0;
}

static void what_is_due_and_what_is_queued_take_turns(void **state)
{
    struct fixture *at = *state;
    struct turns turns = {0, 0};
    struct gate gate = GATE_INIT;
    occupy(at->pool, 1, &gate);
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(bide_submit(at->pool, count_queued, &turns, NULL), 0);
        assert_int_equal(bide_submit_at(at->pool, bide_clock(), count_due, &turns, NULL), 0);
    }
    vacate(at->pool, &gate);
    assert_int_equal(turns.queued, MANY);
    assert_int_equal(turns.due, MANY);
}

static void does_not_count_for_max_pending(void **state)
{
    (void)state;
    struct gate gate = GATE_INIT;
    bide_pool *pool = make_pool_with(&(bide_pool_options){.workers = 1, .max_pending = 1});
    occupy(pool, 1, &gate);
    bide_future *first = schedule(pool, bide_in(HOUR), never, NULL);
    assert_int_equal(bide_try_submit(pool, give_time, NULL, NULL), 0);
    assert_int_equal(bide_try_submit(pool, never, NULL, NULL), EAGAIN);
    bide_future *second = schedule(pool, BIDE_NOW, give_time, NULL);
    assert_int_equal(bide_future_cancel(first), 0);
    vacate(pool, &gate);
    assert_int_equal(bide_join(second, NULL), 0);
    bide_future_release(first);
    end_pool(pool);
}

/* Cancelling */

static void count_drop(void *arg)
{
    atomic_fetch_add((atomic_uint *)arg, 1);
}

static void what_is_cancelled_is_forgotten_at_once(void **state)
{
    struct fixture *at = *state;
    bide_future *futures[MANY];
    atomic_uint drops = 0;
    for (int i = 0; i < MANY; i++) {
        futures[i] = schedule(at->pool, i % 2 ? bide_in(HOUR + i) : BIDE_FOREVER, never, &drops);
        assert_int_equal(bide_future_own(futures[i], count_drop), 0);
    }
    for (int i = 0; i < MANY; i++) {
        bide_future *future = futures[i * 37 % MANY];
        assert_int_equal(bide_future_state(future), BIDE_PENDING);
        assert_int_equal(bide_future_cancel(future), 0);
        assert_int_equal(bide_future_state(future), BIDE_CANCELLED);
        assert_int_equal(bide_future_cancel(future), EALREADY);
        bide_future_release(future);
        assert_int_equal(atomic_load(&drops), i + 1);
    }
    assert_int_equal(bide_pool_drain(at->pool, BIDE_NOW), 0);
}

static int drain(void *pool)
{
    return bide_pool_drain(pool, BIDE_FOREVER);
}

static void who_drains_is_told_of_the_last_cancel(void **state)
{
    struct fixture *at = *state;
    struct caller drainer;
    bide_future *futures[] = {schedule(at->pool, bide_in(HOUR), never, NULL),
                              schedule(at->pool, bide_in(HOUR), never, NULL)};
    caller_start(&drainer, drain, at->pool);
    assert_int_equal(bide_pool_drain(at->pool, BIDE_NOW), ETIMEDOUT);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(bide_future_cancel(futures[i]), 0);
        bide_future_release(futures[i]);
    }
    assert_int_equal(caller_end(&drainer), 0);
}

/* Closing */

/* It does not end before the gate is open, whenever it starts. */
static void draining_waits_for_it(void **state)
{
    struct fixture *at = *state;
    struct gate gate = GATE_INIT;
    bide_time when = bide_in(0.02);
    bide_future *future = schedule(at->pool, when, stand_at, &gate);
    assert_int_equal(bide_pool_close(at->pool, BIDE_DRAIN, BIDE_NOW), ETIMEDOUT);
    gate_open(&gate);
    fixture_end_pool(at);
    assert_true(bide_clock() >= when);
    assert_int_equal(bide_future_state(future), BIDE_DONE);
    bide_future_release(future);
}

static void closing_can_cancel_it(void **state)
{
    struct fixture *at = *state;
    atomic_uint drops = 0;
    bide_future *futures[MANY];
    for (int i = 0; i < MANY; i++) {
        futures[i] = schedule(at->pool, bide_in(HOUR - i), never, &drops);
        assert_int_equal(bide_future_own(futures[i], count_drop), 0);
    }
    assert_int_equal(bide_pool_close(at->pool, BIDE_CANCEL, BIDE_FOREVER), 0);
    for (int i = 0; i < MANY; i++)
        assert_int_equal(bide_join(futures[i], NULL), ECANCELED);
    assert_int_equal(atomic_load(&drops), MANY);
    bide_future *future = NULL;
    assert_int_equal(bide_submit_at(at->pool, BIDE_NOW, never, NULL, &future), ESHUTDOWN);
    assert_null(future);
}

static int schedule_another(void *arg, bide_value *result)
{
    (void)result;
    return bide_submit_at(bide_current_pool(), bide_in(0.001), stand_at, arg, NULL);
}

static void tasks_may_schedule_while_it_drains(void **state)
{
    struct fixture *at = *state;
    struct gate gate = GATE_INIT;
    gate_open(&gate);
    assert_int_equal(bide_submit_at(at->pool, bide_in(0.005), schedule_another, &gate, NULL), 0);
    assert_int_equal(bide_pool_close(at->pool, BIDE_DRAIN, BIDE_FOREVER), 0);
    assert_int_equal(gate_arrived(&gate), 1);
}

/* Waiting for it in its own pool */

static int join_scheduled(void *arg, bide_value *result)
{
    (void)arg;
    bide_time when = bide_in(0.005);
    bide_future *future;
    if (!CHECK_EQUAL(bide_submit_at(bide_current_pool(), when, give_time, NULL, &future), 0))
        return EIO;
    CHECK_EQUAL(bide_join(future, result), 0);
    CHECK(result->i64 >= when);
    return 0;
}

static void a_task_may_wait_for_it(void **state)
{
    struct fixture *at = *state;
    assert_int_equal(bide_join(submit(at->pool, join_scheduled, NULL), NULL), 0);
}

static int collect_scheduled(void *arg, bide_value *result)
{
    (void)arg, (void)result;
    bide_completions *queue;
    if (!CHECK_EQUAL(bide_completions_create(&queue), 0))
        return EIO;
    for (int i = 0; i < 5; i++) {
        bide_future *future;
        if (!CHECK_EQUAL(bide_submit_at(bide_current_pool(), bide_in(i * 0.001), give_time, NULL, &future), 0))
            return EIO;
        CHECK_EQUAL(bide_completions_add(queue, future, NULL), 0);
        bide_future_release(future);
    }
    for (int i = 0; i < 5; i++)
        CHECK_EQUAL(bide_completions_next(queue, BIDE_FOREVER, NULL, NULL), 0);
    bide_completions_destroy(queue);
    return 0;
}

static void a_task_may_wait_for_several(void **state)
{
    struct fixture *at = *state;
    assert_int_equal(bide_join(submit(at->pool, collect_scheduled, NULL), NULL), 0);
}

struct parent {
    struct gate started;
    bide_future *child;
};

static int wait_long(void *arg, bide_value *result)
{
    (void)result;
    struct parent *parent = arg;
    if (!CHECK_EQUAL(bide_submit_at(bide_current_pool(), bide_in(HOUR), never, NULL, &parent->child), 0))
        return EIO;
    gate_arrive(&parent->started);
    CHECK_EQUAL(bide_future_wait(parent->child, BIDE_FOREVER), 0);
    CHECK_EQUAL(bide_future_state(parent->child), BIDE_CANCELLED);
    return 0;
}

static void it_can_be_cancelled_while_its_own_pool_waits(void **state)
{
    struct fixture *at = *state;
    struct parent parent = {GATE_INIT, NULL};
    bide_future *future = submit(at->pool, wait_long, &parent);
    gate_await(&parent.started, 1);
    assert_int_equal(bide_future_cancel(parent.child), 0);
    assert_int_equal(bide_join(future, NULL), 0);
    bide_future_release(parent.child);
}

/* Sleeping until */

static int sleep_until(void *arg, bide_value *result)
{
    (void)arg, (void)result;
    bide_time when = bide_in(0.003);
    CHECK_EQUAL(bide_sleep_until(when), 0);
    CHECK(bide_clock() >= when);
    CHECK_EQUAL(bide_sleep_until(BIDE_NOW), 0);
    CHECK_EQUAL(bide_sleep_until(-1), 0);
    return 0;
}

static void sleeping_until_is_never_early(void **state)
{
    struct fixture *at = *state;
    assert_int_equal(bide_join(submit(at->pool, sleep_until, NULL), NULL), 0);
    assert_int_equal(sleep_until(NULL, NULL), 0);
}

static int sleep_for_ever(void *gate, bide_value *result)
{
    (void)result;
    gate_arrive(gate);
    CHECK_EQUAL(bide_sleep_until(BIDE_FOREVER), ECANCELED);
    return ECANCELED;
}

static void sleeping_until_can_be_cancelled(void **state)
{
    struct fixture *at = *state;
    struct gate gate = GATE_INIT;
    bide_future *future = submit(at->pool, sleep_for_ever, &gate);
    gate_await(&gate, 1);
    assert_int_equal(bide_future_cancel(future), 0);
    assert_int_equal(bide_join(future, NULL), ECANCELED);
}

static void try_to_sleep(bide_future *future, void *ctx)
{
    (void)future, (void)ctx;
    CHECK_EQUAL(bide_sleep_until(bide_in(HOUR)), EDEADLK);
    CHECK_EQUAL(bide_sleep_until(BIDE_NOW), 0);
}

static void sleeping_in_a_callback_is_edeadlk(void **state)
{
    (void)state;
    bide_future *promise = make_promise();
    assert_int_equal(bide_future_on_done(promise, try_to_sleep, NULL), 0);
    assert_int_equal(bide_promise_resolve(promise, bide_u64(0)), 0);
    bide_future_release(promise);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_ONE_WORKER(refuses_null),
        ON_POOLS(is_never_early),
        ON_POOLS(starts_what_is_past_at_once),
        ON_POOLS(needs_nobody_to_ask),
        ON_ONE_WORKER(takes_equal_times_in_the_order_of_submission),
        ON_ONE_WORKER(takes_the_earliest_first),
        ON_POOLS(an_earlier_one_is_not_kept_waiting),
        FIXTURE_ENTRY(a_busy_worker_delays_none, "a_busy_worker_delays_none on 2 workers", 2),
        FIXTURE_ENTRY(a_busy_worker_delays_none, "a_busy_worker_delays_none on 4 workers", 4),
        FIXTURE_ENTRY(in_whatever_order_workers_become_busy_an_idle_one_sees_to_it,
                      "an idle one of 2 workers sees to it", 2),
        FIXTURE_ENTRY(in_whatever_order_workers_become_busy_an_idle_one_sees_to_it,
                      "an idle one of 4 workers sees to it", 4),
        ON_ONE_WORKER(what_is_due_and_what_is_queued_take_turns),
        ALONE(does_not_count_for_max_pending),
        ON_POOLS(what_is_cancelled_is_forgotten_at_once),
        ON_POOLS(who_drains_is_told_of_the_last_cancel),
        ON_POOLS(draining_waits_for_it),
        ON_POOLS(closing_can_cancel_it),
        ON_POOLS(tasks_may_schedule_while_it_drains),
        ON_POOLS(a_task_may_wait_for_it),
        ON_POOLS(a_task_may_wait_for_several),
        ON_POOLS(it_can_be_cancelled_while_its_own_pool_waits),
        ON_POOLS(sleeping_until_is_never_early),
        ON_POOLS(sleeping_until_can_be_cancelled),
        ALONE(sleeping_in_a_callback_is_edeadlk),
    };
    return cmocka_run_group_tests(tests, fixture_begin, NULL);
}
