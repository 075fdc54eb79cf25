/* What becomes of a task that is waited for before it has started, and of who waits for it, where tasks park. Plain: all of a
 * scene is on one worker. */
#include "support/fixture.h"

enum { FEW = 5, MANY = 50, DEPTH = 300 };

struct scene {
    unsigned turns;
    bide_future *promise, *child;
    bide_completions *completions;
    struct gate gate;
    int worker;
    unsigned woke; /* whose turn it was when the sleeper went on */
    unsigned neighbours;
    bool is_over;
};

static int take_turn(void *arg, bide_value *result)
{
    struct scene *scene = arg;
    scene->worker = bide_worker_index();
    *result = bide_u64(scene->turns++);
    return 0;
}

static uint64_t join_one(struct scene *scene)
{
    bide_value value = bide_u64(UINT64_MAX);
    CHECK_EQUAL(bide_submit(bide_current_pool(), take_turn, scene, &scene->child), 0);
    CHECK_EQUAL(bide_join(scene->child, &value), 0);
    CHECK_EQUAL(scene->worker, bide_worker_index());
    return value.u64;
}

static int join_a_few(void *arg, bide_value *result)
{
    struct scene *scene = arg;
    (void)result;
    for (unsigned i = 0; i < FEW; i++)
        CHECK_EQUAL(join_one(scene), i);
    CHECK_EQUAL(scene->turns, FEW);
    return 0;
}

/* One worker is free. Others are queued behind the one that joins, and before what it submits. */
static void it_runs_at_once_on_the_worker_of_who_joins(void **state)
{
    struct fixture *at = *state;
    struct gate busy = GATE_INIT, gate = GATE_INIT;
    struct scene scene = {.turns = 0};
    bide_future *others[FEW];
    occupy(at->pool, at->workers - 1, &busy);
    occupy(at->pool, 1, &gate);
    bide_future *joins = submit(at->pool, join_a_few, &scene);
    for (unsigned i = 0; i < FEW; i++)
        others[i] = submit(at->pool, take_turn, &scene);
    gate_open(&gate);
    assert_int_equal(bide_join(joins, NULL), 0);
    for (unsigned i = 0; i < FEW; i++)
        assert_int_equal(bide_join(others[i], NULL), 0);
    vacate(at->pool, &busy);
}

static int wait_for_promise(void *arg, bide_value *result)
{
    struct scene *scene = arg;
    (void)result;
    CHECK_EQUAL(bide_future_wait(scene->promise, BIDE_FOREVER), 0);
    scene->woke = scene->turns++;
    return 0;
}

static int wake_and_join(void *arg, bide_value *result)
{
    struct scene *scene = arg;
    (void)result;
    CHECK_EQUAL(bide_promise_resolve(scene->promise, bide_u64(0)), 0);
    CHECK_EQUAL(join_one(scene), 0);
    CHECK_EQUAL(scene->woke, 1);
    CHECK_EQUAL(scene->turns, 2);
    return 0;
}

static void it_comes_before_who_is_ready_who_comes_before_who_joined(void **state)
{
    struct fixture *at = *state;
    struct gate gate = GATE_INIT;
    struct scene scene = {.promise = make_promise()};
    occupy(at->pool, 1, &gate);
    assert_int_equal(bide_submit(at->pool, wait_for_promise, &scene, NULL), 0);
    assert_int_equal(bide_submit(at->pool, wake_and_join, &scene, NULL), 0);
    vacate(at->pool, &gate);
    bide_future_release(scene.promise);
}

/* A request to one who waits for another, which waits itself */

struct request {
    struct scene scene;
    int (*wait)(struct scene *scene);
    int child_sees;
    bool comes_early; /* before the child waits */
};

static int by_wait(struct scene *scene)
{
    return bide_future_wait(scene->child, BIDE_FOREVER);
}

static int by_wait_or_cancel(struct scene *scene)
{
    return bide_future_wait_or_cancel(scene->child, BIDE_FOREVER);
}

static int by_next(struct scene *scene)
{
    return bide_completions_next(scene->completions, BIDE_FOREVER, NULL, NULL);
}

static int wait_after_gate(void *arg, bide_value *result)
{
    struct request *request = arg;
    (void)result;
    if (request->comes_early)
        gate_pass(&request->scene.gate);
    else
        gate_arrive(&request->scene.gate);
    CHECK_EQUAL(bide_future_wait(request->scene.promise, BIDE_FOREVER), request->child_sees);
    return request->child_sees;
}

static int wait_until_asked(void *arg, bide_value *result)
{
    struct request *request = arg;
    struct scene *scene = &request->scene;
    (void)result;
    CHECK_EQUAL(bide_submit(bide_current_pool(), wait_after_gate, request, &scene->child), 0);
    CHECK_EQUAL(bide_completions_add(scene->completions, scene->child, NULL), 0);
    CHECK_EQUAL(request->wait(scene), ECANCELED);
    CHECK_EQUAL(bide_future_state(scene->child), request->child_sees ? BIDE_CANCELLED : BIDE_RUNNING);
    return ECANCELED;
}

static void ask(bide_pool *pool, struct request *request)
{
    struct scene *scene = &request->scene;
    scene->promise = make_promise();
    assert_int_equal(bide_completions_create(&scene->completions), 0);
    bide_future *parent = submit(pool, wait_until_asked, request);
    gate_await(&scene->gate, 1);
    assert_int_equal(bide_future_cancel(parent), 0);
    gate_open(&scene->gate);
    assert_int_equal(bide_join(parent, NULL), ECANCELED);
    assert_int_equal(bide_promise_resolve(scene->promise, bide_u64(0)), 0);
    assert_int_equal(bide_join(scene->child, NULL), request->child_sees);
    bide_completions_destroy(scene->completions);
    bide_future_release(scene->promise);
}

static void a_request_comes_through_to_who_waits_for_one_that_waits(void **state)
{
    struct fixture *at = *state;
    int (*const ways[])(struct scene *) = {by_wait, by_wait_or_cancel, by_next};
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
        for (int early = 0; early < 2; early++) {
            struct request request = {.wait = ways[i], .comes_early = early};
            request.child_sees = ways[i] == by_wait_or_cancel ? ECANCELED : 0;
            ask(at->pool, &request);
        }
}

/* Yields */

static int yield_until_over(void *arg, bide_value *result)
{
    struct scene *scene = arg;
    (void)result;
    while (!scene->is_over) {
        scene->neighbours++;
        CHECK_EQUAL(bide_yield(), 0);
    }
    return 0;
}

static int yield_a_few_times(void *arg, bide_value *result)
{
    struct scene *scene = arg;
    (void)result;
    for (unsigned i = 0; i < FEW; i++) {
        unsigned before = scene->neighbours;
        CHECK_EQUAL(bide_yield(), 0);
        CHECK(scene->neighbours > before);
    }
    scene->turns++;
    return 0;
}

static int join_who_yields(void *arg, bide_value *result)
{
    struct scene *scene = arg;
    (void)result;
    for (unsigned i = 1; i <= FEW; i++) {
        CHECK_EQUAL(bide_submit(bide_current_pool(), yield_a_few_times, scene, &scene->child), 0);
        CHECK_EQUAL(bide_join(scene->child, NULL), 0);
        CHECK_EQUAL(scene->turns, i);
    }
    scene->is_over = true;
    return 0;
}

static int take_those_who_yield(void *arg, bide_value *result)
{
    struct scene *scene = arg;
    (void)result;
    for (unsigned i = 0; i < MANY; i++)
        CHECK_EQUAL(bide_completions_submit(scene->completions, bide_current_pool(), yield_a_few_times, scene, NULL),
                    0);
    for (unsigned i = 0; i < MANY; i++)
        CHECK_EQUAL(bide_completions_next(scene->completions, BIDE_FOREVER, NULL, NULL), 0);
    CHECK_EQUAL(scene->turns, MANY);
    scene->is_over = true;
    return 0;
}

static void play_beside_one_who_yields(bide_pool *pool, bide_task_fn *fn)
{
    struct gate gate = GATE_INIT;
    struct scene scene = {.turns = 0};
    assert_int_equal(bide_completions_create(&scene.completions), 0);
    occupy(pool, 1, &gate);
    assert_int_equal(bide_submit(pool, yield_until_over, &scene, NULL), 0);
    assert_int_equal(bide_submit(pool, fn, &scene, NULL), 0);
    vacate(pool, &gate);
    bide_completions_destroy(scene.completions);
}

static void one_that_yields_lets_others_go_on(void **state)
{
    struct fixture *at = *state;
    play_beside_one_who_yields(at->pool, join_who_yields);
}

static void several_that_yield_all_go_on(void **state)
{
    struct fixture *at = *state;
    play_beside_one_who_yields(at->pool, take_those_who_yield);
}

static int yield_after_gate(void *arg, bide_value *result)
{
    struct scene *scene = arg;
    (void)result;
    gate_pass(&scene->gate);
    CHECK_EQUAL(bide_yield(), 0);
    scene->turns++;
    return 0;
}

static int yield_instead_of_waiting(void *arg, bide_value *result)
{
    struct scene *scene = arg;
    (void)result;
    CHECK_EQUAL(bide_submit(bide_current_pool(), yield_after_gate, scene, &scene->child), 0);
    CHECK_EQUAL(bide_future_wait(scene->child, BIDE_FOREVER), ECANCELED);
    CHECK_EQUAL(scene->turns, 0);
    CHECK_EQUAL(bide_yield(), 0);
    CHECK_EQUAL(scene->turns, 1);
    return 0;
}

/* The request comes before it yields, so that the one who waits for it does not wait after that. */
static void one_that_yields_goes_on_though_who_waited_for_it_yields_too(void **state)
{
    struct fixture *at = *state;
    struct scene scene = {.turns = 0};
    bide_future *parent = submit(at->pool, yield_instead_of_waiting, &scene);
    gate_await(&scene.gate, 1);
    assert_int_equal(bide_future_cancel(parent), 0);
    gate_open(&scene.gate);
    assert_int_equal(bide_join(parent, NULL), 0);
    assert_int_equal(check_failures(), 0);
    assert_int_equal(bide_join(scene.child, NULL), 0);
}

/* One within another */

static void wait_somehow(unsigned long depth)
{
    switch (depth % 3) {
    case 0:
        CHECK_EQUAL(bide_yield(), 0);
        break;
    case 1:
        CHECK_EQUAL(bide_sleep(1e-9), 0);
        break;
    default:
        break;
    }
}

static int join_the_next_between_waits(void *arg, bide_value *result)
{
    unsigned long left = *(const unsigned long *)arg, next = left - 1;
    bide_value below = bide_u64(0);
    bide_future *child;
    wait_somehow(left);
    if (left && CHECK_EQUAL(bide_submit(bide_current_pool(), join_the_next_between_waits, &next, &child), 0))
        CHECK_EQUAL(bide_join(child, &below), 0);
    wait_somehow(left / 3);
    *result = bide_u64(below.u64 + 1);
    return 0;
}

static void one_within_another_may_wait_before_and_after(void **state)
{
    struct fixture *at = *state;
    unsigned long depth = test_scale(DEPTH);
    bide_future *first[2];
    for (int i = 0; i < 2; i++)
        first[i] = submit(at->pool, join_the_next_between_waits, &depth);
    for (int i = 0; i < 2; i++) {
        bide_value value;
        assert_int_equal(bide_join(first[i], &value), 0);
        assert_int_equal(value.u64, depth + 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_POOLS(it_runs_at_once_on_the_worker_of_who_joins),
        ON_ONE_WORKER(it_comes_before_who_is_ready_who_comes_before_who_joined),
        ON_ONE_WORKER(a_request_comes_through_to_who_waits_for_one_that_waits),
        ON_ONE_WORKER(one_that_yields_lets_others_go_on),
        ON_ONE_WORKER(several_that_yield_all_go_on),
        ON_ONE_WORKER(one_that_yields_goes_on_though_who_waited_for_it_yields_too),
        ON_POOLS(one_within_another_may_wait_before_and_after),
    };
    return cmocka_run_group_tests(tests, fixture_begin, NULL);
}
