#include "support/fixture.h"

#include "run/pool.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { MOST = 500, PARTS = 20000 };

/* No more than that, for there is no room for more. */
static size_t scaled(size_t n)
{
    size_t fewer = test_scale(n);
    return fewer < n ? fewer : n;
}

/* A range that counts how often it sees each of its indices. */
struct counted {
    size_t begin, grain;
    atomic_uint seen[MOST];
};

static void count_each(size_t begin, size_t end, void *ctx)
{
    struct counted *counted = ctx;
    CHECK(begin < end);
    CHECK(!counted->grain || end - begin <= counted->grain);
    for (size_t i = begin; i < end; i++)
        atomic_fetch_add(&counted->seen[i - counted->begin], 1);
}

/* For the test's own thread, and for tasks. */
static void check_counts(bide_pool *pool, size_t begin, size_t n, size_t grain)
{
    static struct counted counted;
    counted.begin = begin;
    counted.grain = grain;
    CHECK_EQUAL(bide_for(pool, begin, begin + n, grain, count_each, &counted), 0);
    size_t seen_once = 0;
    for (size_t i = 0; i < n; i++)
        seen_once += atomic_exchange(&counted.seen[i], 0) == 1;
    CHECK_EQUAL(seen_once, n);
}

static int check_ranges(void *pool, bide_value *result)
{
    const size_t lengths[] = {0, 1, 2, 3, 7, scaled(64), scaled(MOST)};
    (void)result;
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        size_t n = lengths[i];
        size_t grains[] = {0, 1, 2, 3, n / 2, n, n + 1, SIZE_MAX};
        for (size_t g = 0; g < sizeof grains / sizeof *grains; g++) {
            check_counts(pool, 0, n, grains[g]);
            check_counts(pool, SIZE_MAX - n, n, grains[g]);
        }
    }
    return 0;
}

static void each_index_comes_once(void **state)
{
    struct fixture *at = *state;
    check_ranges(at->pool, NULL);
}

static void each_index_comes_once_in_a_task(void **state)
{
    struct fixture *at = *state;
    assert_int_equal(bide_join(submit(at->pool, check_ranges, at->pool), NULL), 0);
}

static void each_index_comes_once_in_a_task_of_another_pool(void **state)
{
    struct fixture *at = *state;
    bide_pool *other = make_pool(1);
    assert_int_equal(bide_join(submit(other, check_ranges, at->pool), NULL), 0);
    end_pool(other);
}

/* The parts of a range that is too long to count. */
struct parts {
    struct part {
        size_t begin, end;
    } parts[PARTS];
    atomic_size_t count;
};

static void note_part(size_t begin, size_t end, void *ctx)
{
    struct parts *parts = ctx;
    parts->parts[atomic_fetch_add(&parts->count, 1)] = (struct part){begin, end};
}

static int compare_parts(const void *left, const void *right)
{
    const struct part *a = left, *b = right;
    return (a->begin > b->begin) - (a->begin < b->begin);
}

static void assert_parts(bide_pool *pool, size_t begin, size_t end, size_t grain)
{
    static struct parts parts;
    atomic_store(&parts.count, 0);
    assert_int_equal(bide_for(pool, begin, end, grain, note_part, &parts), 0);
    size_t count = atomic_load(&parts.count), at = begin;
    qsort(parts.parts, count, sizeof *parts.parts, compare_parts);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(parts.parts[i].begin, at);
        assert_true(parts.parts[i].end > at);
        assert_true(!grain || parts.parts[i].end - at <= grain);
        at = parts.parts[i].end;
    }
    assert_int_equal(at, end);
}

static void no_range_is_too_long(void **state)
{
    struct fixture *at = *state;
    size_t all = SIZE_MAX;
    assert_parts(at->pool, 0, all, 0);
    assert_parts(at->pool, 0, all, all);
    assert_parts(at->pool, 0, all, all - 1);
    assert_parts(at->pool, 1, all, all / scaled(1000));
    assert_parts(at->pool, all / 2, all, 0);
    assert_parts(at->pool, all / 2 + 1, all, all / scaled(777));
}

static void never(size_t begin, size_t end, void *ctx)
{
    (void)begin;
    (void)end;
    (void)ctx;
    check_true(false, "a part was called that must not be", __FILE__, __LINE__);
}

static void arguments_are_checked(void **state)
{
    struct fixture *at = *state;
    assert_int_equal(bide_for(NULL, 0, 1, 0, never, NULL), EINVAL);
    assert_int_equal(bide_for(at->pool, 0, 1, 0, NULL, NULL), EINVAL);
    assert_int_equal(bide_for(at->pool, 1, 0, 0, never, NULL), EINVAL);
    assert_int_equal(bide_for(at->pool, SIZE_MAX, 0, 1, never, NULL), EINVAL);
}

static void of_nothing_nothing_is_called(void **state)
{
    struct fixture *at = *state;
    assert_int_equal(bide_for(at->pool, 0, 0, 0, never, NULL), 0);
    assert_int_equal(bide_for(at->pool, SIZE_MAX, SIZE_MAX, 1, never, NULL), 0);
    assert_int_equal(bide_for(at->pool, 7, 7, 7, never, NULL), 0);
}

/* Each part waits for all others to have begun. */
struct meeting {
    bide_pool *pool;
    unsigned workers;
    struct gate gate;
};

static void meet(size_t begin, size_t end, void *ctx)
{
    struct meeting *meeting = ctx;
    CHECK_EQUAL(end - begin, 1);
    CHECK(bide_current_pool() == meeting->pool);
    gate_arrive(&meeting->gate);
    gate_await(&meeting->gate, meeting->workers);
}

static int hold_meeting(void *arg, bide_value *result)
{
    struct meeting *meeting = arg;
    (void)result;
    return bide_for(meeting->pool, 0, meeting->workers, 1, meet, meeting);
}

static void all_workers_take_part(void **state)
{
    struct fixture *at = *state;
    struct meeting outside = {at->pool, at->workers, GATE_INIT}, inside = outside;
    assert_int_equal(hold_meeting(&outside, NULL), 0);
    assert_int_equal(bide_join(submit(at->pool, hold_meeting, &inside), NULL), 0);
}

enum { ROWS = 30, COLUMNS = 50 };

struct grid {
    bide_pool *pool;
    atomic_uint seen[ROWS][COLUMNS];
};

struct row {
    struct grid *grid;
    size_t number;
};

static void see_columns(size_t begin, size_t end, void *ctx)
{
    struct row *row = ctx;
    for (size_t i = begin; i < end; i++)
        atomic_fetch_add(&row->grid->seen[row->number][i], 1);
}

static void see_rows(size_t begin, size_t end, void *ctx)
{
    struct grid *grid = ctx;
    for (size_t i = begin; i < end; i++) {
        struct row row = {grid, i};
        CHECK_EQUAL(bide_for(grid->pool, 0, COLUMNS, 3, see_columns, &row), 0);
    }
}

static void a_body_may_have_ranges_of_its_own(void **state)
{
    struct fixture *at = *state;
    static struct grid grid;
    size_t rows = scaled(ROWS);
    grid.pool = at->pool;
    assert_int_equal(bide_for(at->pool, 0, rows, 1, see_rows, &grid), 0);
    for (size_t i = 0; i < rows * COLUMNS; i++)
        assert_int_equal(atomic_exchange(&grid.seen[i / COLUMNS][i % COLUMNS], 0), 1);
}

static int answer(void *arg, bide_value *result)
{
    (void)arg;
    (void)result;
    return 0;
}

static void wait_in_body(size_t begin, size_t end, void *ctx)
{
    bide_future *task;
    CHECK_EQUAL(bide_sleep(0.0001), 0);
    CHECK_EQUAL(bide_yield(), 0);
    CHECK_EQUAL(bide_submit(bide_current_pool(), answer, NULL, &task), 0);
    CHECK_EQUAL(bide_join(task, NULL), 0);
    for (size_t i = begin; i < end; i++)
        gate_arrive(ctx);
}

static void a_body_may_wait(void **state)
{
    struct fixture *at = *state;
    struct gate waited = GATE_INIT;
    assert_int_equal(bide_for(at->pool, 0, 100, 7, wait_in_body, &waited), 0);
    assert_int_equal(gate_arrived(&waited), 100);
}

/* A loop whose caller is asked to stop while its bodies stand at the gate. */
struct asked {
    bide_pool *pool;
    bool sees_it; /* in its bodies */
    struct gate gate, ran;
};

static void be_asked(size_t begin, size_t end, void *ctx)
{
    struct asked *asked = ctx;
    gate_pass(&asked->gate);
    if (asked->sees_it)
        CHECK(bide_cancelled());
    CHECK_EQUAL(bide_yield(), 0);
    CHECK_EQUAL(bide_sleep(0.0001), 0);
    for (size_t i = begin; i < end; i++)
        gate_arrive(&asked->ran);
}

static int loop_though_asked(void *arg, bide_value *result)
{
    struct asked *asked = arg;
    (void)result;
    CHECK_EQUAL(bide_for(asked->pool, 0, 20, 1, be_asked, asked), 0);
    CHECK_EQUAL(gate_arrived(&asked->ran), 20);
    CHECK_EQUAL(bide_sleep(1e6), ECANCELED);
    return bide_sleep(0.0001);
}

static void ask(bide_pool *home, struct asked *asked)
{
    bide_future *task = submit(home, loop_though_asked, asked);
    gate_await(&asked->gate, 1);
    assert_int_equal(bide_future_cancel(task), 0);
    gate_open(&asked->gate);
    assert_int_equal(bide_join(task, NULL), 0);
}

static void a_request_is_seen_in_bodies_and_ends_nothing(void **state)
{
    struct fixture *at = *state;
    struct asked asked = {at->pool, true, GATE_INIT, GATE_INIT};
    ask(at->pool, &asked);
}

static void a_request_to_a_task_of_another_pool_ends_nothing(void **state)
{
    struct fixture *at = *state;
    struct asked asked = {at->pool, false, GATE_INIT, GATE_INIT};
    bide_pool *other = make_pool(1);
    ask(other, &asked);
    end_pool(other);
}

static int loop_behind_others(void *arg, bide_value *result)
{
    struct asked *asked = arg;
    gate_pass(&asked->gate);
    return loop_though_asked(arg, result);
}

/* The task that it makes there has not started. */
static void a_request_does_not_keep_a_loop_from_starting(void **state)
{
    struct fixture *at = *state;
    struct asked asked = {at->pool, false, GATE_INIT, GATE_INIT};
    struct gate gate = GATE_INIT;
    bide_pool *other = make_pool(1);
    occupy(at->pool, at->workers, &gate);
    bide_future *task = submit(other, loop_behind_others, &asked);
    gate_await(&asked.gate, 1);
    assert_int_equal(bide_future_cancel(task), 0);
    gate_open(&asked.gate);
    assert_int_equal(bide_future_wait(task, bide_in(0.01)), ETIMEDOUT);
    gate_open(&gate);
    assert_int_equal(bide_join(task, NULL), 0);
    end_pool(other);
    vacate(at->pool, &gate);
}

static void loop_in_callback(bide_future *future, void *ctx)
{
    struct meeting *meeting = ctx;
    (void)future;
    CHECK_EQUAL(bide_for(meeting->pool, 0, 1, 0, never, NULL), EDEADLK);
    CHECK_EQUAL(bide_for(meeting->pool, 1, 1, 0, never, NULL), 0);
    gate_arrive(&meeting->gate);
}

static int settle(void *promise, bide_value *result)
{
    (void)result;
    CHECK_EQUAL(bide_promise_resolve(promise, bide_i64(0)), 0);
    return 0;
}

static void a_callback_cannot_loop(void **state)
{
    struct fixture *at = *state;
    struct meeting meeting = {at->pool, 2, GATE_INIT};
    bide_future *outside = make_promise(), *inside = make_promise();
    assert_int_equal(bide_future_on_done(outside, loop_in_callback, &meeting), 0);
    assert_int_equal(bide_future_on_done(inside, loop_in_callback, &meeting), 0);
    settle(outside, NULL);
    assert_int_equal(bide_join(submit(at->pool, settle, inside), NULL), 0);
    assert_int_equal(gate_arrived(&meeting.gate), 2);
    bide_future_release(outside);
    bide_future_release(inside);
}

/* A task that loops when its pool has been closed. */
static int loop_after_close(void *arg, bide_value *result)
{
    struct asked *asked = arg;
    (void)result;
    gate_pass(&asked->gate);
    check_counts(asked->pool, 0, 100, 3);
    gate_arrive(&asked->ran);
    return 0;
}

static void a_closed_pool_loops_for_its_own_tasks_only(void **state)
{
    (void)state;
    for (enum bide_close how = BIDE_DRAIN; how <= BIDE_CANCEL; how++) {
        struct asked asked = {make_pool(2), false, GATE_INIT, GATE_INIT};
        assert_int_equal(bide_submit(asked.pool, loop_after_close, &asked, NULL), 0);
        gate_await(&asked.gate, 1);
        assert_int_equal(bide_pool_close(asked.pool, how, BIDE_NOW), ETIMEDOUT);
        assert_int_equal(bide_for(asked.pool, 0, 1, 0, never, NULL), ESHUTDOWN);
        gate_open(&asked.gate);
        end_pool(asked.pool);
        assert_int_equal(gate_arrived(&asked.ran), 1);
    }
}

static void *loop_outside(void *arg)
{
    struct meeting *meeting = arg;
    CHECK_EQUAL(bide_for(meeting->pool, 0, 9, 1, never, NULL), ECANCELED);
    return NULL;
}

static void a_loop_that_has_not_begun_is_cancelled_with_its_pool(void **state)
{
    (void)state;
    struct meeting meeting = {make_pool(1), 0, GATE_INIT};
    occupy(meeting.pool, 1, &meeting.gate);
    pthread_t thread = start_thread(loop_outside, &meeting);
    while (injection_is_empty(&meeting.pool->injection))
        sched_yield();
    assert_int_equal(bide_pool_close(meeting.pool, BIDE_CANCEL, BIDE_NOW), ETIMEDOUT);
    end_thread(thread);
    gate_open(&meeting.gate);
    end_pool(meeting.pool);
}

static int loop_without_memory(void *pool, bide_value *result)
{
    (void)result;
    CHECK_EQUAL(bide_sleep(0.0001), 0);
    seams_fail_memory(1);
    for (int i = 0; i < 20; i++)
        check_counts(pool, 0, scaled(MOST), 1);
    CHECK(!seams_memory_failed());
    seams_fail_memory(0);
    return 0;
}

static void in_a_task_it_takes_no_memory(void **state)
{
    struct fixture *at = *state;
    assert_int_equal(bide_join(submit(at->pool, loop_without_memory, at->pool), NULL), 0);
}

static void without_memory_nothing_is_called(void **state)
{
    struct fixture *at = *state;
    seams_fail_memory(1);
    assert_int_equal(bide_for(at->pool, 0, 9, 0, never, NULL), ENOMEM);
    assert_true(seams_memory_failed());
    seams_fail_memory(0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_POOLS(each_index_comes_once),
        ON_POOLS(each_index_comes_once_in_a_task),
        ON_POOLS(each_index_comes_once_in_a_task_of_another_pool),
        ON_POOLS(no_range_is_too_long),
        ON_ONE_WORKER(arguments_are_checked),
        ON_ONE_WORKER(of_nothing_nothing_is_called),
        ON_POOLS(all_workers_take_part),
        ON_POOLS(a_body_may_have_ranges_of_its_own),
        ON_POOLS(a_body_may_wait),
        ON_POOLS(a_request_is_seen_in_bodies_and_ends_nothing),
        ON_POOLS(a_request_to_a_task_of_another_pool_ends_nothing),
        ON_POOLS(a_request_does_not_keep_a_loop_from_starting),
        ON_POOLS(a_callback_cannot_loop),
        ALONE(a_closed_pool_loops_for_its_own_tasks_only),
        ALONE(a_loop_that_has_not_begun_is_cancelled_with_its_pool),
        ON_ONE_WORKER(in_a_task_it_takes_no_memory),
        ON_POOLS(without_memory_nothing_is_called),
    };
    return cmocka_run_group_tests(tests, fixture_begin, NULL);
}
