#include "support/fixture.h"
#include "support/rest.h"

#include <stdatomic.h>

/* Where tasks start: one worker has many that wait, and the others sleep. */

#define MOST_WORKERS 8
#define ROUNDS 20

/* One that waits, and tells where. */
struct parked {
    bide_future *until, *future;
    struct gate gate;
    int worker;
};

static int park(void *arg, bide_value *result)
{
    struct parked *parked = arg;
    (void)result;
    parked->worker = bide_worker_index();
    gate_arrive(&parked->gate);
    return bide_future_wait(parked->until, BIDE_FOREVER);
}

/* Where did it start? It waits there when this returns. */
static int start_parked(bide_pool *pool, struct parked *parked, bide_future *until)
{
    *parked = (struct parked){.until = until, .gate = GATE_INIT};
    parked->future = submit(pool, park, parked);
    gate_await(&parked->gate, 1);
    await_rest_of(pool, (unsigned)parked->worker);
    return parked->worker;
}

/* All on one worker, while the others are kept busy: its index. Then all sleep. */
static int load_one(struct fixture *at, struct parked *parked, unsigned n, bide_future *until)
{
    struct gate gate = GATE_INIT;
    bide_future *busy[MOST_WORKERS];
    for (unsigned i = 1; i < at->workers; i++)
        busy[i] = submit(at->pool, stand_at, &gate);
    gate_await(&gate, at->workers - 1);
    int laden = start_parked(at->pool, &parked[0], until);
    for (unsigned i = 1; i < n; i++)
        assert_int_equal(start_parked(at->pool, &parked[i], until), laden);
    gate_open(&gate);
    for (unsigned i = 1; i < at->workers; i++)
        assert_int_equal(bide_join(busy[i], NULL), 0);
    await_rest(at->pool);
    return laden;
}

static void release(bide_future *until, struct parked *parked, unsigned n)
{
    assert_int_equal(bide_promise_resolve(until, bide_u64(0)), 0);
    for (unsigned i = 0; i < n; i++)
        assert_int_equal(bide_join(parked[i].future, NULL), 0);
    bide_future_release(until);
}

/* A worker is laden as long as it has more than the mean, and all that are equal when the last has started. */
static void new_tasks_start_on_those_that_have_fewer(void **state)
{
    struct fixture *at = *state;
    struct parked parked[3 * MOST_WORKERS];
    bide_future *until = make_promise();
    unsigned each = 3, n = each * at->workers, counts[MOST_WORKERS] = {0};
    int laden = load_one(at, parked, each, until);
    for (unsigned i = each; i < n; i++)
        assert_int_not_equal(start_parked(at->pool, &parked[i], until), laden);
    for (unsigned i = 0; i < n; i++)
        counts[parked[i].worker]++;
    for (unsigned i = 0; i < at->workers; i++)
        assert_int_equal(counts[i], each);
    release(until, parked, n);
}

static void tasks_that_end_at_once_start_where_few_wait(void **state)
{
    struct fixture *at = *state;
    struct parked parked[8], passing;
    bide_future *until = make_promise(), *ended = make_promise();
    assert_int_equal(bide_promise_resolve(ended, bide_u64(0)), 0);
    int laden = load_one(at, parked, 8, until);
    for (int i = 0; i < ROUNDS; i++) {
        assert_int_not_equal(start_parked(at->pool, &passing, ended), laden);
        assert_int_equal(bide_join(passing.future, NULL), 0);
        await_rest_of(at->pool, (unsigned)passing.worker);
    }
    bide_future_release(ended);
    release(until, parked, 8);
}

static void a_laden_worker_starts_tasks_where_the_others_are_busy(void **state)
{
    struct fixture *at = *state;
    struct gate gate = GATE_INIT;
    struct parked parked[9];
    bide_future *until = make_promise();
    int laden = load_one(at, parked, 8, until);
    occupy(at->pool, at->workers - 1, &gate);
    assert_int_equal(start_parked(at->pool, &parked[8], until), laden);
    release(until, parked, 9);
    vacate(at->pool, &gate);
}

static int give_worker(void *arg, bide_value *result)
{
    (void)arg;
    *result = bide_i64(bide_worker_index());
    return 0;
}

/* The worker that keeps the time may be the laden one, which then wakes another: in nearly every round. */
static void scheduled_tasks_start_on_those_that_have_fewer(void **state)
{
    struct fixture *at = *state;
    struct parked parked[8];
    bide_future *until = make_promise(), *future;
    bide_value worker;
    unsigned elsewhere = 0;
    int laden = load_one(at, parked, 8, until);
    for (int i = 0; i < ROUNDS; i++) {
        assert_int_equal(bide_submit_at(at->pool, bide_in(0.0005), give_worker, NULL, &future), 0);
        assert_int_equal(bide_join(future, &worker), 0);
        elsewhere += worker.i64 != laden;
        await_rest(at->pool);
    }
    assert_in_range(elsewhere, ROUNDS * 3 / 4, ROUNDS);
    release(until, parked, 8);
}

static void scheduled_tasks_start_on_a_laden_worker_where_the_others_are_busy(void **state)
{
    struct fixture *at = *state;
    struct gate gate = GATE_INIT;
    struct parked parked[8];
    bide_future *until = make_promise(), *futures[ROUNDS];
    bide_value worker;
    int laden = load_one(at, parked, 8, until);
    occupy(at->pool, at->workers - 1, &gate);
    for (int i = 0; i < ROUNDS; i++)
        assert_int_equal(bide_submit_at(at->pool, bide_in(i * 1e-4), give_worker, NULL, &futures[i]), 0);
    for (int i = 0; i < ROUNDS; i++) {
        assert_int_equal(bide_join(futures[i], &worker), 0);
        assert_int_equal(worker.i64, laden);
    }
    release(until, parked, 8);
    vacate(at->pool, &gate);
}

/* A task on the laden worker submits. Another worker takes it, which has to be woken first: in nearly every round. */

struct parent {
    bide_future *begin, *until, *child;
    struct gate gate;
};

static int submit_and_park(void *arg, bide_value *result)
{
    struct parent *parent = arg;
    *result = bide_i64(bide_worker_index());
    CHECK_EQUAL(bide_future_wait(parent->begin, BIDE_FOREVER), 0);
    CHECK_EQUAL(bide_submit(bide_current_pool(), give_worker, NULL, &parent->child), 0);
    gate_arrive(&parent->gate);
    return bide_future_wait(parent->until, BIDE_FOREVER);
}

static bool starts_elsewhere(bide_pool *pool, struct parent *parent, int laden)
{
    bide_value worker;
    await_rest(pool);
    assert_int_equal(bide_promise_resolve(parent->begin, bide_u64(0)), 0);
    gate_await(&parent->gate, 1);
    assert_int_equal(bide_join(parent->child, &worker), 0);
    bide_future_release(parent->begin);
    return worker.i64 != laden;
}

static void what_a_laden_worker_submits_starts_elsewhere(void **state)
{
    struct fixture *at = *state;
    struct gate gate = GATE_INIT;
    struct parent parents[ROUNDS];
    bide_future *until = make_promise(), *futures[ROUNDS];
    int elsewhere = 0, laden = 0;
    bide_value worker;
    occupy(at->pool, at->workers - 1, &gate);
    for (int i = 0; i < ROUNDS; i++) {
        parents[i] = (struct parent){make_promise(), until, NULL, GATE_INIT};
        futures[i] = submit(at->pool, submit_and_park, &parents[i]);
    }
    assert_int_equal(bide_join(submit(at->pool, give_worker, NULL), &worker), 0);
    laden = (int)worker.i64;
    gate_open(&gate);
    for (int i = 0; i < ROUNDS; i++)
        elsewhere += starts_elsewhere(at->pool, &parents[i], laden);
    assert_in_range(elsewhere, ROUNDS * 3 / 4, ROUNDS);
    assert_int_equal(bide_promise_resolve(until, bide_u64(0)), 0);
    for (int i = 0; i < ROUNDS; i++) {
        assert_int_equal(bide_join(futures[i], &worker), 0);
        assert_int_equal(worker.i64, laden);
    }
    bide_future_release(until);
    vacate(at->pool, &gate);
}

/* A task submits many and waits: they do not all start beside it. */

struct family {
    bide_future *until;
    struct parked children[2 * MOST_WORKERS];
    struct gate submitted;
    unsigned n;
    int worker;
};

static int submit_family(void *arg, bide_value *result)
{
    struct family *family = arg;
    (void)result;
    family->worker = bide_worker_index();
    for (unsigned i = 0; i < family->n; i++)
        CHECK_EQUAL(bide_submit(bide_current_pool(), park, &family->children[i], &family->children[i].future), 0);
    gate_arrive(&family->submitted);
    return bide_future_wait(family->until, BIDE_FOREVER);
}

static bool spreads(struct fixture *at)
{
    struct family family = {.until = make_promise(), .submitted = GATE_INIT, .n = 2 * at->workers};
    unsigned elsewhere = 0;
    for (unsigned i = 0; i < family.n; i++)
        family.children[i] = (struct parked){.until = family.until, .gate = GATE_INIT};
    await_rest(at->pool);
    bide_future *parent = submit(at->pool, submit_family, &family);
    gate_await(&family.submitted, 1);
    for (unsigned i = 0; i < family.n; i++) {
        gate_await(&family.children[i].gate, 1);
        elsewhere += family.children[i].worker != family.worker;
    }
    bide_future_retain(family.until);
    release(family.until, family.children, family.n);
    assert_int_equal(bide_join(parent, NULL), 0);
    bide_future_release(family.until);
    return elsewhere > 0;
}

static void what_a_task_submits_before_it_waits_spreads(void **state)
{
    struct fixture *at = *state;
    int spread = 0;
    for (int i = 0; i < ROUNDS; i++)
        spread += spreads(at);
    assert_in_range(spread, ROUNDS * 3 / 4, ROUNDS);
}

/* Who keeps the time gets busy. What keeps the time is the worker that slept first, and the last one to be woken. */

static void what_is_scheduled_after_who_keeps_the_time_got_busy_wakes_another(void **state)
{
    struct fixture *at = *state;
    struct gate busy = GATE_INIT;
    struct parked parked;
    bide_future *until = make_promise(), *scheduled;
    bide_value worker;
    await_rest(at->pool);
    int other = start_parked(at->pool, &parked, until);
    occupy(at->pool, 1, &busy);
    assert_int_equal(bide_submit_at(at->pool, bide_in(0.001), give_worker, NULL, &scheduled), 0);
    assert_int_equal(bide_join(scheduled, &worker), 0);
    assert_int_equal(worker.i64, other);
    release(until, &parked, 1);
    vacate(at->pool, &busy);
}

static int sleep_and_stand(void *arg, bide_value *result)
{
    CHECK_EQUAL(bide_sleep(0.005), 0);
    return stand_at(arg, result);
}

/* Woken by a timer of its own tasks, it hands on what it kept. */
static void who_wakes_while_it_keeps_the_time_hands_it_on(void **state)
{
    struct fixture *at = *state;
    struct gate busy = GATE_INIT, woken = GATE_INIT;
    bide_future *scheduled;
    await_rest(at->pool);
    bide_future *sleeper = submit(at->pool, sleep_and_stand, &woken);
    occupy(at->pool, 1, &busy);
    assert_int_equal(bide_submit_at(at->pool, bide_in(0.01), give_worker, NULL, &scheduled), 0);
    gate_open(&busy);
    gate_await(&woken, 1);
    assert_int_equal(bide_join(scheduled, NULL), 0);
    gate_open(&woken);
    assert_int_equal(bide_join(sleeper, NULL), 0);
    vacate(at->pool, &busy);
}

#define ON_WORKERS(test)                                                                                               \
    FIXTURE_ENTRY(test, #test " on 2 workers", 2), FIXTURE_ENTRY(test, #test " on 4 workers", 4),                      \
        FIXTURE_ENTRY(test, #test " on 8 workers", 8)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_WORKERS(new_tasks_start_on_those_that_have_fewer),
        ON_WORKERS(tasks_that_end_at_once_start_where_few_wait),
        ON_WORKERS(a_laden_worker_starts_tasks_where_the_others_are_busy),
        ON_WORKERS(scheduled_tasks_start_on_those_that_have_fewer),
        ON_WORKERS(scheduled_tasks_start_on_a_laden_worker_where_the_others_are_busy),
        ON_WORKERS(what_a_laden_worker_submits_starts_elsewhere),
        ON_WORKERS(what_a_task_submits_before_it_waits_spreads),
        FIXTURE_ENTRY(what_is_scheduled_after_who_keeps_the_time_got_busy_wakes_another,
                      "what_is_scheduled_after_who_keeps_the_time_got_busy_wakes_another on 2 workers", 2),
        FIXTURE_ENTRY(who_wakes_while_it_keeps_the_time_hands_it_on,
                      "who_wakes_while_it_keeps_the_time_hands_it_on on 2 workers", 2),
    };
    return cmocka_run_group_tests(tests, fixture_begin, NULL);
}
