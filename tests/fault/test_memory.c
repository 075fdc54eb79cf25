#include "support/fixture.h"

#include <math.h>
#include <sched.h>

/* Makes things of bide, uses them, and lets go of them all, also where it fails half way. Gives the first error. */
typedef int scenario(bide_pool *pool);

/* One try of it with one of its allocations failing. */
struct attempt {
    scenario *play;
    bide_pool *pool;
    size_t nth;
    int error;
    bool reached;
};

static void make_attempt(struct attempt *attempt)
{
    seams_fail_memory(attempt->nth);
    attempt->error = attempt->play(attempt->pool);
    attempt->reached = seams_memory_failed();
    seams_fail_memory(0);
}

static int make_attempt_in_task(void *attempt, bide_value *result)
{
    (void)result;
    make_attempt(attempt);
    return 0;
}

/* A worker may still be about to let go of a task that was cancelled. */
static void assert_live(size_t expected)
{
    bide_time patience = bide_in(10);
    while (seams_memory_live() != expected && bide_clock() < patience)
        sched_yield();
    assert_int_equal(seams_memory_live(), expected);
}

static int return_at_once(void *arg, bide_value *result)
{
    (void)arg;
    result->i64 = 7;
    return 0;
}

static void assert_goes_on(bide_pool *pool)
{
    bide_value value;
    assert_int_equal(bide_pool_drain(pool, BIDE_FOREVER), 0);
    assert_int_equal(bide_join(submit(pool, return_at_once, NULL), &value), 0);
    assert_int_equal(value.i64, 7);
}

/* Fail each of its allocations in turn, the first, the second, until there are no more. Gives how many there are. */
static size_t sweep(bide_pool *pool, scenario *play, void (*make)(struct attempt *attempt))
{
    struct attempt attempt = {.play = play, .pool = pool, .reached = true};
    size_t live = seams_memory_live();
    while (attempt.reached) {
        attempt.nth++;
        make(&attempt);
        assert_int_equal(attempt.error, attempt.reached ? ENOMEM : 0);
        assert_goes_on(pool);
        assert_live(live);
    }
    assert_true(attempt.nth > 1);
    return attempt.nth - 1;
}

static void make_attempt_on_worker(struct attempt *attempt)
{
    bide_future *future = submit(attempt->pool, make_attempt_in_task, attempt);
    assert_int_equal(bide_join(future, NULL), 0);
}

/* From a plain thread, and from a task of the pool. */
static void sweep_everywhere(struct fixture *at, scenario *play)
{
    sweep(at->pool, play, make_attempt);
    sweep(at->pool, play, make_attempt_on_worker);
}

static int create_a_pool(bide_pool *unused)
{
    bide_pool *pool = NULL;
    int error = bide_pool_create(&pool, &(bide_pool_options){.workers = 3, .name = "fault", .max_pending = 2});
    (void)unused;
    CHECK_EQUAL(pool == NULL, error != 0);
    CHECK_EQUAL(bide_pool_destroy(pool), 0);
    return error;
}

static int run(bide_pool *pool)
{
    bide_value value = bide_u64(0);
    int error = bide_run(&(bide_pool_options){.workers = 2}, return_at_once, NULL, &value);
    (void)pool;
    CHECK_EQUAL(value.i64, error ? 0 : 7);
    return error;
}

static int tell(void *gate, bide_value *result)
{
    (void)result;
    gate_arrive(gate);
    return 0;
}

/* What could not be submitted gives no future, and does not run. */
static int end_submission(int error, bide_future *future, struct gate *ran)
{
    CHECK_EQUAL(future == NULL, error != 0);
    if (future)
        CHECK_EQUAL(bide_join(future, NULL), 0);
    CHECK_EQUAL(gate_arrived(ran), !error);
    return error;
}

static int submit_one(bide_pool *pool)
{
    struct gate ran = GATE_INIT;
    bide_future *future = NULL;
    int error = bide_submit(pool, tell, &ran, &future);
    return end_submission(error, future, &ran);
}

static int try_to_submit_one(bide_pool *pool)
{
    struct gate ran = GATE_INIT;
    bide_future *future = NULL;
    int error = bide_try_submit(pool, tell, &ran, &future);
    return end_submission(error, future, &ran);
}

static int submit_one_until(bide_pool *pool)
{
    struct gate ran = GATE_INIT;
    bide_future *future = NULL;
    int error = bide_submit_until(pool, tell, &ran, bide_in(1e6), &future);
    return end_submission(error, future, &ran);
}

static int submit_one_at(bide_pool *pool)
{
    struct gate ran = GATE_INIT;
    bide_future *future = NULL;
    int error = bide_submit_at(pool, bide_in(0.0001), tell, &ran, &future);
    return end_submission(error, future, &ran);
}

static int submit_unasked(bide_pool *pool)
{
    return bide_submit(pool, return_at_once, NULL, NULL);
}

static int create_a_promise(bide_pool *pool)
{
    bide_future *promise = NULL;
    int error = bide_promise_create(&promise);
    (void)pool;
    CHECK_EQUAL(promise == NULL, error != 0);
    bide_future_release(promise);
    return error;
}

static void count(bide_future *future, void *ctx)
{
    (void)future;
    gate_arrive(ctx);
}

/* Not registered is not called; and the promise is as good as before. */
static int call_back(bide_pool *pool)
{
    struct gate called = GATE_INIT;
    bide_future *promise = NULL;
    int error = bide_promise_create(&promise);
    (void)pool;
    if (error)
        return error;
    error = bide_future_on_done(promise, count, &called);
    int other = bide_future_on_done(promise, count, &called);
    CHECK_EQUAL(bide_promise_resolve(promise, bide_u64(0)), 0);
    CHECK_EQUAL(gate_arrived(&called), !error + !other);
    bide_future_release(promise);
    return error ? error : other;
}

static int create_completions(bide_pool *pool)
{
    bide_completions *completions = NULL;
    int error = bide_completions_create(&completions);
    (void)pool;
    CHECK_EQUAL(completions == NULL, error != 0);
    bide_completions_destroy(completions);
    return error;
}

static void take_all(bide_completions *completions, unsigned listed)
{
    unsigned taken = 0;
    while (bide_completions_next(completions, BIDE_FOREVER, NULL, NULL) == 0)
        taken++;
    CHECK_EQUAL(taken, listed);
    bide_completions_destroy(completions);
}

/* What could not be listed is not handed out, and still the caller's. */
static int add_to_completions(bide_pool *pool)
{
    bide_completions *completions;
    bide_future *future;
    unsigned listed = 0;
    int error = bide_completions_create(&completions);
    if (error)
        return error;
    for (int i = 0; i < 2 && !error; i++) {
        error = bide_submit(pool, return_at_once, NULL, &future);
        if (error)
            break;
        error = bide_completions_add(completions, future, NULL);
        listed += !error;
        CHECK_EQUAL(bide_join(future, NULL), 0);
    }
    take_all(completions, listed);
    return error;
}

/* Both or neither: what could not be listed has not been submitted. */
static int submit_to_completions(bide_pool *pool)
{
    struct gate ran = GATE_INIT;
    bide_completions *completions;
    unsigned listed = 0;
    int error = bide_completions_create(&completions);
    if (error)
        return error;
    for (int i = 0; i < 3 && !error; i++) {
        error = bide_completions_submit(completions, pool, tell, &ran, NULL);
        listed += !error;
    }
    take_all(completions, listed);
    CHECK_EQUAL(gate_arrived(&ran), listed);
    return error;
}

/* What could not be spawned does not run, and leaves its room to the next. */
static int spawn_into_a_group(bide_pool *pool)
{
    struct gate ran = GATE_INIT;
    bide_group *group = NULL;
    bide_future *future = NULL;
    int first = -1, error = bide_group_create(&group, pool, 1);
    CHECK_EQUAL(group == NULL, error != 0);
    if (error)
        return error;
    error = bide_group_spawn(group, tell, &ran, &future);
    CHECK_EQUAL(future == NULL, error != 0);
    int other = bide_group_spawn(group, tell, &ran, NULL);
    CHECK_EQUAL(bide_group_wait(group, BIDE_FOREVER, &first), 0);
    CHECK_EQUAL(first, 0);
    CHECK_EQUAL(gate_arrived(&ran), !error + !other);
    bide_group_destroy(group);
    bide_future_release(future);
    return error ? error : other;
}

static int wait_once(bide_pool *pool)
{
    bide_future *future = NULL;
    int error = bide_task_wait_random(pool, 0.0001, &future);
    CHECK_EQUAL(future == NULL, error != 0);
    if (future)
        CHECK_EQUAL(bide_join(future, NULL), 0);
    return error;
}

static double max_delay = 0.0001;

static int wait_many(bide_pool *pool)
{
    double delays[3];
    return bide_wait_n(pool, 3, max_delay, delays);
}

static int wait_many_scheduled(bide_pool *pool)
{
    double delays[3];
    return bide_task_wait_n(pool, 3, max_delay, delays);
}

static int measure(bide_pool *pool)
{
    double seconds = -1;
    int error = bide_measure_time(pool, 3, max_delay, &seconds);
    CHECK_EQUAL(seconds < 0, error != 0);
    return error;
}

static void reports_no_memory_for_pools(void **state)
{
    sweep_everywhere(*state, create_a_pool);
    sweep_everywhere(*state, run);
}

static void reports_no_memory_for_tasks(void **state)
{
    sweep_everywhere(*state, submit_one);
    sweep_everywhere(*state, try_to_submit_one);
    sweep_everywhere(*state, submit_one_until);
    sweep_everywhere(*state, submit_one_at);
    sweep_everywhere(*state, submit_unasked);
}

static void reports_no_memory_for_promises_and_callbacks(void **state)
{
    sweep_everywhere(*state, create_a_promise);
    sweep_everywhere(*state, call_back);
}

static void reports_no_memory_for_completions(void **state)
{
    sweep_everywhere(*state, create_completions);
    sweep_everywhere(*state, add_to_completions);
    sweep_everywhere(*state, submit_to_completions);
}

static void reports_no_memory_for_groups(void **state)
{
    sweep_everywhere(*state, spawn_into_a_group);
}

static void reports_no_memory_for_waits(void **state)
{
    sweep_everywhere(*state, wait_once);
    sweep_everywhere(*state, wait_many);
    sweep_everywhere(*state, wait_many_scheduled);
    sweep_everywhere(*state, measure);
}

static size_t count_allocations(bide_pool *pool, scenario *play)
{
    size_t n = 1;
    for (struct attempt attempt = {.play = play, .pool = pool, .reached = true}; attempt.reached; n++) {
        attempt.nth = n;
        make_attempt(&attempt);
        assert_int_equal(attempt.error, attempt.reached ? ENOMEM : 0);
    }
    return n - 2;
}

/* The last allocation fails when the others are asleep for years: they are woken. One that stays keeps the memory for what is
 * scheduled, so that it does not matter for their number which of them end while the others are made. */
static void cancels_what_it_cannot_complete(void **state)
{
    struct fixture *at = *state;
    scenario *const scenarios[] = {wait_many, wait_many_scheduled, measure};
    size_t live = seams_memory_live();
    for (int i = 0; i < 3; i++) {
        struct attempt attempt = {.play = scenarios[i], .pool = at->pool};
        bide_future *stays = NULL;
        assert_int_equal(bide_submit_at(at->pool, BIDE_FOREVER - 1, return_at_once, NULL, &stays), 0);
        attempt.nth = count_allocations(at->pool, scenarios[i]);
        max_delay = 1e9;
        make_attempt(&attempt);
        max_delay = 0.0001;
        assert_true(attempt.reached);
        assert_int_equal(attempt.error, ENOMEM);
        assert_int_equal(bide_future_cancel(stays), 0);
        assert_int_equal(bide_join(stays, NULL), ECANCELED);
        assert_goes_on(at->pool);
        assert_live(live);
    }
}

/* Whatever waits, ends or wakes, once it has all been made. */
struct stock {
    bide_pool *pool;
    bide_completions *completions;
    bide_future *promise, *task, *listed;
    bide_mutex mutex;
    bide_cond cond;
    struct gate gate, called;
};

static int use_all(void *arg, bide_value *result)
{
    struct stock *stock = arg;
    (void)result;
    gate_pass(&stock->gate);
    CHECK_EQUAL(bide_sleep(0.0001), 0);
    CHECK_EQUAL(bide_yield(), 0);
    CHECK_EQUAL(bide_mutex_lock(&stock->mutex), 0);
    CHECK_EQUAL(bide_cond_wait(&stock->cond, &stock->mutex, bide_in(0.0001)), ETIMEDOUT);
    CHECK_EQUAL(bide_mutex_unlock(&stock->mutex), 0);
    CHECK_EQUAL(bide_future_wait(stock->promise, bide_in(0.0001)), ETIMEDOUT);
    CHECK_EQUAL(bide_completions_next(stock->completions, bide_in(0.0001), NULL, NULL), ETIMEDOUT);
    CHECK_EQUAL(bide_future_wait(stock->listed, BIDE_FOREVER), 0);
    CHECK_EQUAL(bide_promise_resolve(stock->promise, bide_u64(0)), 0);
    CHECK_EQUAL(bide_completions_next(stock->completions, BIDE_FOREVER, NULL, NULL), 0);
    return bide_sleep((double)INFINITY);
}

static void make_stock(struct stock *stock)
{
    *stock = (struct stock){.gate = GATE_INIT, .called = GATE_INIT};
    stock->pool = make_pool(1);
    stock->promise = make_promise();
    assert_int_equal(bide_completions_create(&stock->completions), 0);
    stock->task = submit(stock->pool, use_all, stock);
    stock->listed = submit(stock->pool, return_at_once, NULL);
    assert_int_equal(bide_completions_add(stock->completions, stock->promise, NULL), 0);
    assert_int_equal(bide_future_on_done(stock->promise, count, &stock->called), 0);
    gate_await(&stock->gate, 1);
}

static void needs_no_memory_to_wait_and_end(void **state)
{
    (void)state;
    struct stock stock;
    make_stock(&stock);
    seams_fail_memory(1);
    gate_open(&stock.gate);
    assert_int_equal(bide_pool_drain(stock.pool, BIDE_NOW), ETIMEDOUT);
    assert_int_equal(bide_future_wait(stock.promise, BIDE_FOREVER), 0);
    assert_int_equal(bide_future_wait_or_cancel(stock.task, bide_in(0.0001)), ETIMEDOUT);
    assert_int_equal(bide_completions_cancel(stock.completions), 0);
    bide_completions_destroy(stock.completions);
    bide_future_release(stock.promise);
    assert_int_equal(bide_join(stock.task, NULL), ECANCELED);
    assert_int_equal(bide_join(stock.listed, NULL), 0);
    assert_int_equal(bide_pool_drain(stock.pool, BIDE_FOREVER), 0);
    assert_int_equal(bide_pool_close(stock.pool, BIDE_CANCEL, BIDE_FOREVER), 0);
    end_pool(stock.pool);
    assert_false(seams_memory_failed());
    seams_fail_memory(0);
    assert_int_equal(gate_arrived(&stock.called), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_POOLS(reports_no_memory_for_pools),
        ON_POOLS(reports_no_memory_for_tasks),
        ON_POOLS(reports_no_memory_for_promises_and_callbacks),
        ON_POOLS(reports_no_memory_for_completions),
        ON_POOLS(reports_no_memory_for_groups),
        ON_POOLS(reports_no_memory_for_waits),
        ON_POOLS(cancels_what_it_cannot_complete),
        ALONE(needs_no_memory_to_wait_and_end),
    };
    return cmocka_run_group_tests(tests, fixture_begin, NULL);
}
