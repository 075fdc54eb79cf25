#include "support/asleep.h"

#include <stdatomic.h>
#include <stdlib.h>

enum { FEW = 20, MANY = 5000 };

/* Tasks write down in which order they ran. */
struct record {
    atomic_uint *clock, ran_at;
};

static int write_down(void *arg, bide_value *result)
{
    struct record *record = arg;
    CHECK_EQUAL(result->u64, 0);
    CHECK_EQUAL(atomic_exchange(&record->ran_at, atomic_fetch_add(record->clock, 1) + 1), 0);
    result->u64 = atomic_load(&record->ran_at);
    return 0;
}

/* A batch of them. */
struct batch_of_tasks {
    bide_pool *pool;
    size_t n;
    atomic_uint clock;
    struct record *records;
    void **args;
    bide_future **futures;
};

static void make_batch(struct batch_of_tasks *batch, bide_pool *pool, size_t n)
{
    *batch = (struct batch_of_tasks){.pool = pool, .n = n};
    batch->records = calloc(n + 1, sizeof *batch->records);
    batch->args = calloc(n + 1, sizeof *batch->args);
    batch->futures = calloc(n + 1, sizeof(bide_future *));
    for (size_t i = 0; i < n; i++) {
        batch->records[i].clock = &batch->clock;
        batch->args[i] = &batch->records[i];
    }
}

static void end_batch(struct batch_of_tasks *batch)
{
    free(batch->records);
    free(batch->args);
    free(batch->futures);
}

static int submit_batch(void *arg)
{
    struct batch_of_tasks *batch = arg;
    return bide_submit_many(batch->pool, write_down, batch->args, batch->n, batch->futures);
}

static size_t ran(const struct batch_of_tasks *batch)
{
    return atomic_load(&batch->clock);
}

static void check_join(struct batch_of_tasks *batch, bool in_order)
{
    for (size_t i = 0; i < batch->n; i++) {
        bide_value value = bide_u64(0);
        CHECK_EQUAL(bide_join(batch->futures[i], &value), 0);
        CHECK_EQUAL(value.u64, in_order ? i + 1 : atomic_load(&batch->records[i].ran_at));
    }
    CHECK_EQUAL(ran(batch), batch->n);
}

static int never(void *arg, bide_value *result)
{
    (void)arg;
    (void)result;
    check_true(false, "a task ran that must not", __FILE__, __LINE__);
    return 0;
}

static void arguments_are_checked(void **state)
{
    struct fixture *at = *state;
    bide_future *futures[1];
    void *args[1] = {NULL};
    assert_int_equal(bide_submit_many(NULL, never, args, 1, futures), EINVAL);
    assert_int_equal(bide_submit_many(at->pool, NULL, args, 1, futures), EINVAL);
    assert_int_equal(bide_submit_many(NULL, never, NULL, 0, NULL), EINVAL);
}

static void of_none_nothing_is_done(void **state)
{
    struct fixture *at = *state;
    bide_future *const untouched = (bide_future *)(void *)at;
    bide_future *futures[] = {untouched};
    size_t live = seams_memory_live();
    assert_int_equal(bide_submit_many(at->pool, never, NULL, 0, futures), 0);
    assert_int_equal(bide_submit_many(at->pool, never, NULL, 0, NULL), 0);
    assert_ptr_equal(futures[0], untouched);
    assert_int_equal(seams_memory_live(), live);
}

static void each_has_its_argument_and_its_future(void **state)
{
    struct fixture *at = *state;
    for (size_t n = 1; n <= test_scale(1000); n *= 10) {
        struct batch_of_tasks batch;
        make_batch(&batch, at->pool, n);
        assert_int_equal(submit_batch(&batch), 0);
        check_join(&batch, at->workers == 1);
        end_batch(&batch);
    }
}

static int submit_and_join(void *arg, bide_value *result)
{
    struct batch_of_tasks *batch = arg;
    (void)result;
    CHECK_EQUAL(submit_batch(batch), 0);
    check_join(batch, false);
    return 0;
}

/* More than its worker's own queue has room for, unless the test is scaled down. */
static void a_task_may_submit_thousands(void **state)
{
    struct fixture *at = *state;
    struct batch_of_tasks batch;
    make_batch(&batch, at->pool, test_scale(MANY));
    assert_int_equal(bide_join(submit(at->pool, submit_and_join, &batch), NULL), 0);
    end_batch(&batch);
}

static int count(void *arg, bide_value *result)
{
    (void)result;
    gate_arrive(arg);
    return 0;
}

static void nobody_need_ask(void **state)
{
    struct fixture *at = *state;
    struct gate ran_here = GATE_INIT;
    void *args[FEW];
    for (int i = 0; i < FEW; i++)
        args[i] = &ran_here;
    assert_int_equal(bide_submit_many(at->pool, count, args, FEW, NULL), 0);
    assert_int_equal(bide_pool_drain(at->pool, BIDE_FOREVER), 0);
    assert_int_equal(gate_arrived(&ran_here), FEW);
}

static int return_arg(void *arg, bide_value *result)
{
    result->ptr = arg;
    return arg ? EINVAL : EDOM;
}

static void without_arguments_each_gets_null(void **state)
{
    struct fixture *at = *state;
    bide_future *futures[FEW];
    assert_int_equal(bide_submit_many(at->pool, return_arg, NULL, FEW, futures), 0);
    for (int i = 0; i < FEW; i++)
        assert_int_equal(bide_join(futures[i], NULL), EDOM);
}

/* Among single ones, from outside and from a task. */
static int submit_in_a_row(void *arg, bide_value *result)
{
    struct batch_of_tasks *batch = arg;
    size_t n = batch->n / 3;
    (void)result;
    for (size_t i = 0; i < n; i++)
        CHECK_EQUAL(bide_submit(batch->pool, write_down, batch->args[i], &batch->futures[i]), 0);
    CHECK_EQUAL(bide_submit_many(batch->pool, write_down, batch->args + n, n, batch->futures + n), 0);
    for (size_t i = 2 * n; i < batch->n; i++)
        CHECK_EQUAL(bide_submit(batch->pool, write_down, batch->args[i], &batch->futures[i]), 0);
    return 0;
}

static void they_start_in_the_order_of_submission(void **state)
{
    struct fixture *at = *state;
    struct batch_of_tasks batch;
    struct gate gate = GATE_INIT;
    make_batch(&batch, at->pool, 60);
    occupy(at->pool, at->workers, &gate);
    assert_int_equal(submit_in_a_row(&batch, NULL), 0);
    gate_open(&gate);
    check_join(&batch, true);
    end_batch(&batch);
    make_batch(&batch, at->pool, 60);
    assert_int_equal(bide_join(submit(at->pool, submit_in_a_row, &batch), NULL), 0);
    check_join(&batch, true);
    end_batch(&batch);
}

static int submit_without_memory(void *arg, bide_value *result)
{
    struct batch_of_tasks *batch = arg;
    size_t live = seams_memory_live();
    (void)result;
    for (size_t nth = 1; nth <= batch->n; nth++) {
        seams_fail_memory(nth);
        CHECK_EQUAL(submit_batch(batch), ENOMEM);
        CHECK(seams_memory_failed());
        CHECK_EQUAL(seams_memory_live(), live);
    }
    seams_fail_memory(batch->n + 1);
    CHECK_EQUAL(submit_batch(batch), 0);
    CHECK(!seams_memory_failed());
    seams_fail_memory(0);
    return 0;
}

static void without_memory_for_all_none_is_submitted(void **state)
{
    struct fixture *at = *state;
    for (int in_task = 0; in_task < 2; in_task++) {
        struct batch_of_tasks batch;
        make_batch(&batch, at->pool, FEW);
        assert_int_equal(bide_pool_drain(at->pool, BIDE_FOREVER), 0); /* nothing is let go of any more */
        if (in_task)
            assert_int_equal(bide_join(submit(at->pool, submit_without_memory, &batch), NULL), 0);
        else
            submit_without_memory(&batch, NULL);
        check_join(&batch, false);
        end_batch(&batch);
    }
}

static bide_pool *make_bounded(size_t max_pending)
{
    return make_pool_with(&(bide_pool_options){.workers = 1, .max_pending = max_pending});
}

static void more_than_may_be_queued_is_einval(void **state)
{
    (void)state;
    bide_pool *pool = make_bounded(3);
    bide_future *futures[4];
    assert_int_equal(bide_submit_many(pool, never, NULL, 4, futures), EINVAL);
    assert_int_equal(bide_submit_many(pool, never, NULL, SIZE_MAX, NULL), EINVAL);
    assert_int_equal(bide_submit_many(pool, return_arg, NULL, 3, futures), 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(bide_join(futures[i], NULL), EDOM);
    end_pool(pool);
}

/* A bounded pool whose worker stands at the gate, with one place taken. */
struct full {
    struct gate gate, passed;
    bide_pool *pool;
};

static void make_full(struct full *full, size_t max_pending)
{
    *full = (struct full){GATE_INIT, GATE_INIT, make_bounded(max_pending)};
    occupy(full->pool, 1, &full->gate);
    assert_int_equal(bide_submit(full->pool, stand_at, &full->passed, NULL), 0);
}

static void what_fits_is_queued_at_once(void **state)
{
    (void)state;
    struct full full;
    struct batch_of_tasks batch;
    make_full(&full, 4);
    make_batch(&batch, full.pool, 3);
    assert_int_equal(submit_batch(&batch), 0);
    assert_int_equal(bide_try_submit(full.pool, never, NULL, NULL), EAGAIN);
    gate_open(&full.passed);
    gate_open(&full.gate);
    check_join(&batch, true);
    end_batch(&batch);
    end_pool(full.pool);
}

/* Whoever came first goes in first, though there is room for the one behind. */
static void a_batch_waits_for_room_for_all_of_it(void **state)
{
    (void)state;
    struct full full;
    struct batch_of_tasks batch, single;
    struct caller first, second;
    make_full(&full, 4);
    make_batch(&batch, full.pool, 4);
    make_batch(&single, full.pool, 1);
    caller_start(&first, submit_batch, &batch);
    caller_start(&second, submit_batch, &single);
    assert_int_equal(bide_try_submit(full.pool, never, NULL, NULL), EAGAIN);
    assert_int_equal(ran(&batch), 0);
    gate_open(&full.gate);
    assert_int_equal(caller_end(&first), 0);
    gate_await(&full.passed, 1);
    assert_int_equal(bide_future_state(batch.futures[0]), BIDE_PENDING);
    gate_open(&full.passed);
    assert_int_equal(caller_end(&second), 0);
    check_join(&batch, true);
    check_join(&single, true);
    end_batch(&batch);
    end_batch(&single);
    end_pool(full.pool);
}

/* A task of another pool that waits for room. */
struct visitor {
    struct batch_of_tasks batch;
    struct sleeper sleeper;
    int error;
};

static int wait_for_room(void *arg, bide_value *result)
{
    struct visitor *visitor = arg;
    (void)result;
    sleeper_goes(&visitor->sleeper);
    visitor->error = submit_batch(&visitor->batch);
    CHECK_EQUAL(bide_yield(), 0);
    return 0;
}

/* The place that was too little for the first is enough for the others. */
static void who_waits_for_room_can_be_cancelled_and_makes_way(void **state)
{
    struct fixture *at = *state;
    struct full full;
    struct batch_of_tasks singles[3];
    struct caller callers[3];
    struct visitor visitor = {.sleeper = SLEEPER_INIT, .error = -1};
    make_full(&full, 4);
    make_batch(&visitor.batch, full.pool, 4);
    bide_future *task = submit(at->pool, wait_for_room, &visitor);
    sleeper_await(&visitor.sleeper);
    for (int i = 0; i < 3; i++) {
        make_batch(&singles[i], full.pool, 1);
        caller_start(&callers[i], submit_batch, &singles[i]);
    }
    assert_int_equal(bide_future_cancel(task), 0);
    assert_int_equal(bide_join(task, NULL), 0);
    assert_int_equal(visitor.error, ECANCELED);
    for (int i = 0; i < 3; i++)
        assert_int_equal(caller_end(&callers[i]), 0);
    gate_open(&full.passed);
    vacate(full.pool, &full.gate);
    assert_int_equal(ran(&visitor.batch), 0);
    for (int i = 0; i < 3; i++) {
        check_join(&singles[i], true);
        end_batch(&singles[i]);
    }
    end_batch(&visitor.batch);
    end_pool(full.pool);
}

static void a_close_ends_the_wait_for_room(void **state)
{
    (void)state;
    for (enum bide_close how = BIDE_DRAIN; how <= BIDE_CANCEL; how++) {
        struct full full;
        struct batch_of_tasks batch;
        struct caller caller;
        make_full(&full, 4);
        make_batch(&batch, full.pool, 4);
        caller_start(&caller, submit_batch, &batch);
        assert_int_equal(bide_pool_close(full.pool, how, BIDE_NOW), ETIMEDOUT);
        assert_int_equal(caller_end(&caller), ESHUTDOWN);
        gate_open(&full.passed);
        gate_open(&full.gate);
        end_pool(full.pool);
        assert_int_equal(ran(&batch), 0);
        end_batch(&batch);
    }
}

/* There is nobody else to make room: it runs what is queued in place. */
static int submit_what_has_no_room(void *arg, bide_value *result)
{
    struct batch_of_tasks *batch = arg;
    (void)result;
    CHECK_EQUAL(submit_batch(batch), 0);
    CHECK_EQUAL(ran(batch), 0);
    batch->args += batch->n;
    batch->futures += batch->n;
    CHECK_EQUAL(submit_batch(batch), 0);
    CHECK_EQUAL(ran(batch), batch->n);
    return 0;
}

static void a_task_of_a_full_holding_pool_makes_room_itself(void **state)
{
    (void)state;
    enum { ROOM = 4 };
    bide_pool *pool = make_pool_with(&(bide_pool_options){.workers = 1, .waiting = BIDE_HOLD, .max_pending = ROOM});
    struct batch_of_tasks batch;
    make_batch(&batch, pool, 2 * ROOM);
    batch.n = ROOM;
    assert_int_equal(bide_join(submit(pool, submit_what_has_no_room, &batch), NULL), 0);
    batch.args -= ROOM;
    batch.futures -= ROOM;
    batch.n = 2 * ROOM;
    check_join(&batch, true);
    end_batch(&batch);
    end_pool(pool);
}

static void submit_in_callback(bide_future *future, void *ctx)
{
    struct batch_of_tasks *batch = ctx;
    (void)future;
    CHECK_EQUAL(submit_batch(batch), EDEADLK);
}

static void a_callback_cannot_wait_for_room(void **state)
{
    (void)state;
    struct full full;
    struct batch_of_tasks batch;
    bide_future *promise = make_promise();
    make_full(&full, 4);
    make_batch(&batch, full.pool, 4);
    assert_int_equal(bide_future_on_done(promise, submit_in_callback, &batch), 0);
    assert_int_equal(bide_promise_resolve(promise, bide_i64(0)), 0);
    gate_open(&full.passed);
    vacate(full.pool, &full.gate);
    assert_int_equal(ran(&batch), 0);
    bide_future_release(promise);
    end_batch(&batch);
    end_pool(full.pool);
}

/* A task that submits when its pool has been closed. */
struct late {
    struct batch_of_tasks batch;
    struct gate gate;
    int error;
};

static int submit_late(void *arg, bide_value *result)
{
    struct late *late = arg;
    (void)result;
    gate_pass(&late->gate);
    CHECK_EQUAL(submit_batch(&late->batch), late->error);
    if (!late->error)
        check_join(&late->batch, false);
    return 0;
}

static void a_closed_pool_takes_none(void **state)
{
    (void)state;
    for (size_t max_pending = 0; max_pending <= FEW; max_pending += FEW)
        for (enum bide_close how = BIDE_DRAIN; how <= BIDE_CANCEL; how++) {
            bide_pool *pool = make_bounded(max_pending);
            struct late late = {.gate = GATE_INIT, .error = how == BIDE_DRAIN ? 0 : ESHUTDOWN};
            bide_future *futures[FEW];
            make_batch(&late.batch, pool, FEW);
            assert_int_equal(bide_submit(pool, submit_late, &late, NULL), 0);
            gate_await(&late.gate, 1);
            assert_int_equal(bide_pool_close(pool, how, BIDE_NOW), ETIMEDOUT);
            assert_int_equal(bide_submit_many(pool, never, NULL, FEW, futures), ESHUTDOWN);
            gate_open(&late.gate);
            end_pool(pool);
            assert_int_equal(ran(&late.batch), late.error ? 0 : FEW);
            end_batch(&late.batch);
        }
}

static void a_close_cancels_what_has_not_started(void **state)
{
    struct fixture *at = *state;
    struct gate gate = GATE_INIT;
    bide_future *futures[FEW];
    occupy(at->pool, at->workers, &gate);
    assert_int_equal(bide_submit_many(at->pool, never, NULL, FEW, futures), 0);
    assert_int_equal(bide_pool_close(at->pool, BIDE_CANCEL, BIDE_NOW), ETIMEDOUT);
    for (int i = 0; i < FEW; i++)
        assert_int_equal(bide_join(futures[i], NULL), ECANCELED);
    vacate(at->pool, &gate);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_ONE_WORKER(arguments_are_checked),
        ON_ONE_WORKER(of_none_nothing_is_done),
        ON_POOLS(each_has_its_argument_and_its_future),
        ON_POOLS(a_task_may_submit_thousands),
        ON_POOLS(nobody_need_ask),
        ON_POOLS(without_arguments_each_gets_null),
        ON_ONE_WORKER(they_start_in_the_order_of_submission),
        ON_POOLS(without_memory_for_all_none_is_submitted),
        ALONE(more_than_may_be_queued_is_einval),
        ALONE(what_fits_is_queued_at_once),
        ALONE(a_batch_waits_for_room_for_all_of_it),
        ON_ONE_WORKER(who_waits_for_room_can_be_cancelled_and_makes_way),
        ALONE(a_close_ends_the_wait_for_room),
        ALONE(a_task_of_a_full_holding_pool_makes_room_itself),
        ALONE(a_callback_cannot_wait_for_room),
        ALONE(a_closed_pool_takes_none),
        ON_POOLS(a_close_cancels_what_has_not_started),
    };
    return cmocka_run_group_tests(tests, fixture_begin, NULL);
}
