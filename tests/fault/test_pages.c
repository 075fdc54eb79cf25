#include "support/asleep.h"
#include "support/rest.h"

#define TASKS 12
#define MANY 200

/* Of a size of which one fills a mapping. */
#define STACK_SIZE (((size_t)8 << 20) + 1)

static bide_pool *make_pool_of_mappings(unsigned workers)
{
    return make_pool_with(&(bide_pool_options){.workers = workers, .stack_size = STACK_SIZE});
}

static int return_at_once(void *arg, bide_value *result)
{
    (void)arg;
    (void)result;
    return 0;
}

static int await_promise(void *promise, bide_value *result)
{
    (void)result;
    return bide_future_wait(promise, BIDE_FOREVER);
}

static int keep_promise(void *promise, bide_value *result)
{
    (void)result;
    return bide_promise_resolve(promise, bide_u64(0));
}

/* Many that wait for a promise, which the last one keeps. */
struct crowd {
    struct gate gate;
    bide_future *promise, *tasks[TASKS + 1];
    unsigned refused;
};

/* All of them are queued before the first one starts. */
static void gather(struct crowd *crowd, bide_pool *pool, unsigned workers)
{
    *crowd = (struct crowd){.gate = GATE_INIT, .promise = make_promise()};
    occupy(pool, workers, &crowd->gate);
    for (int i = 0; i <= TASKS; i++)
        crowd->tasks[i] = submit(pool, i == TASKS ? keep_promise : await_promise, crowd->promise);
}

static void end_one(struct crowd *crowd, bide_future *task)
{
    int error = bide_join(task, NULL);
    assert_true(error == 0 || error == ENOMEM);
    crowd->refused += error == ENOMEM;
}

/* Where the last one could not be started, the test keeps the promise. */
static void see_off(struct crowd *crowd, bide_pool *pool)
{
    gate_open(&crowd->gate);
    end_one(crowd, crowd->tasks[TASKS]);
    bide_promise_resolve(crowd->promise, bide_u64(0));
    for (int i = 0; i < TASKS; i++)
        end_one(crowd, crowd->tasks[i]);
    bide_future_release(crowd->promise);
    assert_int_equal(bide_pool_drain(pool, BIDE_FOREVER), 0);
}

static void assert_goes_on(bide_pool *pool, unsigned workers)
{
    struct crowd crowd;
    gather(&crowd, pool, workers);
    see_off(&crowd, pool);
    assert_int_equal(crowd.refused, 0);
}

/* Let mappings fail while a crowd is on its way. Gives how many were refused; -1: it went without the nth mapping. */
static int refused_for(void (*arm)(size_t nth), size_t nth, unsigned workers)
{
    struct crowd crowd;
    bide_pool *pool = make_pool_of_mappings(workers);
    gather(&crowd, pool, workers);
    arm(nth);
    see_off(&crowd, pool);
    bool reached = seams_pages_failed();
    arm(0);
    assert_goes_on(pool, workers);
    end_pool(pool);
    assert_true(reached || crowd.refused == 0);
    return reached ? (int)crowd.refused : -1;
}

/* The first task stands on what the pool was made with; each that waits needs one more, for the next. */
static void a_mapping_that_fails_costs_one_task(void **state)
{
    (void)state;
    for (size_t nth = 1; nth <= TASKS; nth++)
        assert_int_equal(refused_for(seams_fail_pages, nth, 1), 1);
    assert_int_equal(refused_for(seams_fail_pages, TASKS + 1, 1), -1);
}

static void it_costs_no_more_on_several_workers(void **state)
{
    (void)state;
    for (unsigned workers = 2; workers <= 4; workers *= 2)
        for (size_t nth = 1; nth <= TASKS; nth++)
            assert_in_range(refused_for(seams_fail_pages, nth, workers) + 1, 0, 2);
}

static void without_mappings_what_cannot_start_is_refused(void **state)
{
    (void)state;
    for (size_t nth = 1; nth <= TASKS; nth++)
        assert_int_equal(refused_for(seams_fail_pages_from, nth, 1), TASKS + 1 - nth);
    assert_int_equal(refused_for(seams_fail_pages_from, TASKS + 1, 1), -1);
}

/* Each worker has room for one that waits. Fewer are refused where the last one comes before others of an earlier share. */
static void without_mappings_all_workers_start_what_they_can(void **state)
{
    (void)state;
    for (unsigned workers = 2; workers <= 4; workers *= 2)
        for (size_t nth = 1; nth <= TASKS - workers; nth++)
            assert_in_range(refused_for(seams_fail_pages_from, nth, workers) + 1, 0, TASKS + 3 - workers - nth);
}

/* Long enough for the worker to miss a mapping meanwhile. */
static int sleep_a_little(void *arg, bide_value *result)
{
    (void)arg;
    (void)result;
    int error = bide_sleep(0.001);
    for (double seconds = 0.002; !error && !seams_pages_failed(); seconds *= 2)
        error = bide_sleep(seconds);
    return error;
}

/* What sleeps will end, and then there is room for the next. */
static void while_one_sleeps_none_is_refused(void **state)
{
    (void)state;
    struct gate gate = GATE_INIT;
    bide_pool *pool = make_pool_of_mappings(1);
    bide_future *tasks[TASKS];
    occupy(pool, 1, &gate);
    for (int i = 0; i < TASKS; i++)
        tasks[i] = submit(pool, sleep_a_little, NULL);
    seams_fail_pages_from(1);
    gate_open(&gate);
    for (int i = 0; i < TASKS; i++)
        assert_int_equal(bide_join(tasks[i], NULL), 0);
    assert_true(seams_pages_failed());
    seams_fail_pages_from(0);
    end_pool(pool);
}

/* A task that waits when it is let go. */
struct visitor {
    struct gate gate;
    struct sleeper sleeper;
    bide_future *promise; /* NULL: it sleeps until it is cancelled */
    bide_future *task, *child;
};

static int visit(void *arg, bide_value *result)
{
    struct visitor *visitor = arg;
    (void)result;
    gate_pass(&visitor->gate);
    sleeper_goes(&visitor->sleeper);
    return visitor->promise ? bide_future_wait(visitor->promise, BIDE_FOREVER) : bide_sleep(1e6);
}

/* Start it on a worker that is idle. */
static void receive(struct visitor *visitor, bide_pool *pool, bide_future *promise)
{
    *visitor = (struct visitor){.gate = GATE_INIT, .sleeper = SLEEPER_INIT, .promise = promise};
    visitor->task = submit(pool, visit, visitor);
    gate_await(&visitor->gate, 1);
}

/* Let it wait, and return when its worker has nothing to do. */
static void let_wait(struct visitor *visitor)
{
    gate_open(&visitor->gate);
    sleeper_await(&visitor->sleeper);
}

static void end_visit(struct visitor *visitor)
{
    assert_int_equal(bide_join(visitor->task, NULL), 0);
}

/* Each worker has missed a mapping before it rests. */
static void while_one_sleeps_on_another_worker_none_is_refused(void **state)
{
    (void)state;
    struct visitor sleeping, waiting;
    bide_pool *pool = make_pool_of_mappings(2);
    bide_future *promise = make_promise();
    receive(&sleeping, pool, NULL);
    receive(&waiting, pool, promise);
    bide_future *task = submit(pool, keep_promise, promise);
    seams_fail_pages_from(1);
    let_wait(&sleeping);
    let_wait(&waiting);
    await_rest(pool);
    assert_true(seams_pages_failed());
    assert_int_equal(bide_future_cancel(sleeping.task), 0);
    assert_int_equal(bide_join(task, NULL), 0);
    assert_int_equal(bide_join(sleeping.task, NULL), ECANCELED);
    end_visit(&waiting);
    seams_fail_pages_from(0);
    bide_future_release(promise);
    end_pool(pool);
}

/* Let the worker that is free come to a stock of spare stacks. */
static void lay_in(bide_pool *pool, unsigned stacks)
{
    bide_future *promise = make_promise(), *tasks[TASKS];
    for (unsigned i = 0; i < stacks; i++)
        tasks[i] = submit(pool, await_promise, promise);
    assert_int_equal(bide_join(submit(pool, keep_promise, promise), NULL), 0);
    for (unsigned i = 0; i < stacks; i++)
        assert_int_equal(bide_join(tasks[i], NULL), 0);
    bide_future_release(promise);
}

/* The one with fewer tasks is asked first, and has no stack for another. */
static void a_worker_without_passes_on_to_one_that_has_stacks(void **state)
{
    (void)state;
    struct visitor poor, rich[3];
    bide_pool *pool = make_pool_of_mappings(2);
    bide_future *promise = make_promise();
    receive(&poor, pool, promise);
    lay_in(pool, 6);
    seams_fail_pages_from(1);
    for (int i = 0; i < 3; i++) {
        receive(&rich[i], pool, promise);
        let_wait(&rich[i]);
    }
    let_wait(&poor);
    bide_future *task = submit(pool, return_at_once, NULL);
    assert_int_equal(bide_future_wait(task, bide_in(60)), 0);
    assert_int_equal(bide_join(task, NULL), 0);
    assert_int_equal(bide_promise_resolve(promise, bide_u64(0)), 0);
    end_visit(&poor);
    for (int i = 0; i < 3; i++)
        end_visit(&rich[i]);
    assert_true(seams_pages_failed());
    seams_fail_pages_from(0);
    bide_future_release(promise);
    end_pool(pool);
}

static int await_promise_for_days(void *promise, bide_value *result)
{
    (void)result;
    return bide_future_wait(promise, bide_in(1e6));
}

/* Nothing else happens that could tell the worker. */
static void memory_that_comes_back_is_found(void **state)
{
    (void)state;
    struct gate gate = GATE_INIT;
    bide_pool *pool = make_pool_of_mappings(1);
    bide_future *promise = make_promise();
    occupy(pool, 1, &gate);
    bide_future *waiting = submit(pool, await_promise_for_days, promise);
    bide_future *last = submit(pool, keep_promise, promise);
    seams_fail_pages_from(1);
    gate_open(&gate);
    await_rest(pool);
    assert_true(seams_pages_failed());
    assert_int_equal(bide_future_state(last), BIDE_PENDING);
    seams_fail_pages_from(0);
    assert_int_equal(bide_future_wait(last, bide_in(60)), 0);
    assert_int_equal(bide_join(last, NULL), 0);
    assert_int_equal(bide_join(waiting, NULL), 0);
    bide_future_release(promise);
    end_pool(pool);
}

static int submit_and_wait(void *arg, bide_value *result)
{
    struct visitor *visitor = arg;
    CHECK_EQUAL(bide_submit(bide_current_pool(), return_at_once, NULL, &visitor->child), 0);
    return visit(arg, result);
}

/* What it has handed in stands on its own worker; the other one cannot start it either. */
static void what_stands_on_a_worker_without_is_refused_too(void **state)
{
    (void)state;
    bide_pool *pool = make_pool_of_mappings(2);
    bide_future *promise = make_promise();
    struct visitor other, handing = {.gate = GATE_INIT, .sleeper = SLEEPER_INIT, .promise = promise};
    receive(&other, pool, promise);
    seams_fail_pages_from(1);
    let_wait(&other);
    handing.task = submit(pool, submit_and_wait, &handing);
    gate_await(&handing.gate, 1);
    gate_open(&handing.gate);
    assert_int_equal(bide_future_wait(handing.child, bide_in(60)), 0);
    assert_int_equal(bide_join(handing.child, NULL), ENOMEM);
    assert_int_equal(bide_promise_resolve(promise, bide_u64(0)), 0);
    end_visit(&other);
    end_visit(&handing);
    seams_fail_pages_from(0);
    bide_future_release(promise);
    end_pool(pool);
}

/* A chain of so many tasks, each of which waits for the next. */
static int join_next(void *arg, bide_value *result)
{
    size_t length = (size_t)arg;
    bide_future *next;
    if (length == 0)
        return 0;
    CHECK_EQUAL(bide_submit(bide_current_pool(), join_next, (void *)(length - 1), &next), 0);
    return bide_join(next, result);
}

static void a_long_chain_leaves_few_stacks(void **state)
{
    (void)state;
    bide_pool *pool = make_pool_of_mappings(1);
    assert_int_equal(bide_join(submit(pool, join_next, (void *)(uintptr_t)1), NULL), 0);
    size_t few = seams_pages_live();
    assert_int_equal(bide_join(submit(pool, join_next, (void *)(uintptr_t)MANY), NULL), 0);
    assert_in_range(seams_pages_live() / few, 1, MANY / 4);
    end_pool(pool);
}

static int give_seven(void *unused, bide_value *result)
{
    (void)unused;
    result->u64 = 7;
    return 0;
}

static int fork_and_wait(void *arg, bide_value *result)
{
    bide_child child;
    bide_fork(&child, give_seven, NULL);
    CHECK_EQUAL(visit(arg, result), 0);
    return bide_fork_join(&child, result);
}

/* A child is never refused: its parent makes the call itself. The task behind it was refused, so the child was there before. */
static void a_child_that_cannot_start_goes_back_to_its_parent(void **state)
{
    (void)state;
    struct visitor parent = {.gate = GATE_INIT, .sleeper = SLEEPER_INIT, .promise = make_promise()};
    bide_value value = bide_u64(0);
    bide_pool *pool = make_pool_of_mappings(1);
    parent.task = submit(pool, fork_and_wait, &parent);
    gate_await(&parent.gate, 1);
    bide_future *behind = submit(pool, return_at_once, NULL);
    seams_fail_pages_from(1);
    gate_open(&parent.gate);
    assert_int_equal(bide_join(behind, NULL), ENOMEM);
    assert_int_equal(bide_promise_resolve(parent.promise, bide_u64(0)), 0);
    assert_int_equal(bide_join(parent.task, &value), 0);
    assert_int_equal(value.u64, 7);
    seams_fail_pages_from(0);
    bide_future_release(parent.promise);
    end_pool(pool);
}

/* A task that hands its worker to the one it waits for. */
struct handing {
    int (*submit)(bide_pool *pool, bide_task_fn *fn, void *arg, bide_future **future);
    bide_future *refused;
    unsigned started, dropped;
};

static int start(void *arg, bide_value *result)
{
    struct handing *handing = arg;
    (void)result;
    handing->started++;
    return 0;
}

static void drop(void *arg)
{
    struct handing *handing = arg;
    handing->dropped++;
}

static int submit_for_later(bide_pool *pool, bide_task_fn *fn, void *arg, bide_future **future)
{
    return bide_submit_at(pool, bide_in(0.001), fn, arg, future);
}

static int hand_over(void *arg, bide_value *result)
{
    struct handing *handing = arg;
    bide_future *first, *second;
    bide_pool *pool = bide_current_pool();
    (void)result;
    CHECK_EQUAL(handing->submit(pool, start, handing, &first), 0);
    CHECK_EQUAL(handing->submit(pool, start, handing, &second), 0);
    CHECK_EQUAL(bide_future_own(first, drop), 0);
    CHECK_EQUAL(bide_future_own(second, drop), 0);
    CHECK_EQUAL(bide_join(second, NULL), ENOMEM);
    CHECK_EQUAL(bide_join(first, NULL), ENOMEM);
    return 0;
}

static void what_is_waited_for_and_cannot_start_is_refused_too(void **state)
{
    (void)state;
    struct handing handings[] = {{.submit = bide_submit}, {.submit = submit_for_later}};
    bide_pool *pool = make_pool_of_mappings(1);
    for (int i = 0; i < 2; i++) {
        seams_fail_pages_from(1);
        assert_int_equal(bide_join(submit(pool, hand_over, &handings[i]), NULL), 0);
        assert_int_equal(bide_pool_drain(pool, BIDE_FOREVER), 0);
        assert_int_equal(handings[i].started, 0);
        assert_int_equal(handings[i].dropped, 2);
    }
    seams_fail_pages_from(0);
    assert_goes_on(pool, 1);
    end_pool(pool);
}

/* The deadlines of those that wait need the more memory the more they are. */
static bool many_meet_a_failure(bide_pool *pool, size_t nth)
{
    struct gate gate = GATE_INIT;
    bide_future *promise = make_promise(), *tasks[MANY];
    occupy(pool, 1, &gate);
    for (int i = 0; i < MANY; i++)
        tasks[i] = submit(pool, i == MANY - 1 ? keep_promise : await_promise_for_days, promise);
    seams_fail_memory(nth);
    gate_open(&gate);
    for (int i = 0; i < MANY; i++)
        assert_int_equal(bide_join(tasks[i], NULL), 0);
    assert_int_equal(bide_pool_drain(pool, BIDE_FOREVER), 0);
    bool reached = seams_memory_failed();
    seams_fail_memory(0);
    bide_future_release(promise);
    return reached;
}

static void without_memory_for_deadlines_none_is_refused(void **state)
{
    (void)state;
    size_t nth = 0;
    for (bool reached = true; reached;) {
        bide_pool *pool = make_pool(1);
        reached = many_meet_a_failure(pool, ++nth);
        end_pool(pool);
    }
    assert_in_range(nth, 4, 32);
}

static int sleep_long(void *arg, bide_value *result)
{
    (void)arg;
    (void)result;
    return bide_sleep(1e6);
}

/* The first ones sleep for days, and the others wait for their stacks. */
static void close_with_tasks_that_wait_for_stacks(bide_pool *pool, unsigned workers)
{
    struct gate gate = GATE_INIT;
    bide_future *tasks[TASKS];
    occupy(pool, workers, &gate);
    for (int i = 0; i < TASKS; i++)
        tasks[i] = submit(pool, sleep_long, NULL);
    seams_fail_pages_from(1);
    gate_open(&gate);
    await_rest(pool);
    assert_true(seams_pages_failed());
    assert_int_equal(bide_pool_drain(pool, BIDE_NOW), ETIMEDOUT);
    assert_int_equal(bide_pool_close(pool, BIDE_CANCEL, BIDE_FOREVER), 0);
    for (int i = 0; i < TASKS; i++)
        assert_int_equal(bide_join(tasks[i], NULL), ECANCELED);
    seams_fail_pages_from(0);
}

static void a_pool_without_mappings_can_be_closed(void **state)
{
    (void)state;
    for (unsigned workers = 1; workers <= 4; workers *= 2) {
        bide_pool *pool = make_pool_of_mappings(workers);
        close_with_tasks_that_wait_for_stacks(pool, workers);
        end_pool(pool);
    }
}

/* Starts in the first of two gates, stops in the second. */
static int count_start(unsigned index, void *counts)
{
    (void)index;
    gate_arrive(counts);
    return 0;
}

static void count_stop(unsigned index, void *counts)
{
    (void)index;
    gate_arrive((struct gate *)counts + 1);
}

static void a_pool_that_cannot_be_made_is_enomem(void **state)
{
    (void)state;
    int error = ENOMEM;
    for (size_t nth = 1; error; nth++) {
        struct gate counts[2] = {GATE_INIT, GATE_INIT};
        bide_pool *pool = NULL;
        seams_fail_pages(nth);
        error = bide_pool_create(&pool, &(bide_pool_options){.workers = 3,
                                                             .stack_size = STACK_SIZE,
                                                             .worker_start = count_start,
                                                             .worker_stop = count_stop,
                                                             .worker_ctx = counts});
        assert_int_equal(error, seams_pages_failed() ? ENOMEM : 0);
        assert_int_equal(pool == NULL, error != 0);
        seams_fail_pages(0);
        end_pool(pool);
        assert_int_equal(gate_arrived(&counts[0]), 3);
        assert_int_equal(gate_arrived(&counts[1]), 3);
        assert_int_equal(seams_memory_live(), 0);
        assert_int_equal(seams_pages_live(), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ALONE(a_mapping_that_fails_costs_one_task),
        ALONE(it_costs_no_more_on_several_workers),
        ALONE(without_mappings_what_cannot_start_is_refused),
        ALONE(without_mappings_all_workers_start_what_they_can),
        ALONE(while_one_sleeps_none_is_refused),
        ALONE(while_one_sleeps_on_another_worker_none_is_refused),
        ALONE(a_worker_without_passes_on_to_one_that_has_stacks),
        ALONE(memory_that_comes_back_is_found),
        ALONE(what_stands_on_a_worker_without_is_refused_too),
        ALONE(a_long_chain_leaves_few_stacks),
        ALONE(a_child_that_cannot_start_goes_back_to_its_parent),
        ALONE(what_is_waited_for_and_cannot_start_is_refused_too),
        ALONE(without_memory_for_deadlines_none_is_refused),
        ALONE(a_pool_without_mappings_can_be_closed),
        ALONE(a_pool_that_cannot_be_made_is_enomem),
    };
    return cmocka_run_group_tests(tests, fixture_begin, NULL);
}
