#include "support/asleep.h"
#include "support/fixture.h"

#define MANY 100
#define UNTOUCHED 77

static void release_all(bide_future *futures[], size_t n)
{
    for (size_t i = 0; i < n; i++)
        bide_future_release(futures[i]);
}

static void resolve(bide_future *promise, uint64_t value)
{
    assert_int_equal(bide_promise_resolve(promise, bide_u64(value)), 0);
}

/* A gathering that is under way, on a thread or in a task. */
struct gathering {
    bide_future *futures[MANY];
    bide_value values[MANY];
    int errors[MANY];
    size_t n;
    bool collects;
    int error;
    struct sleeper sleeper;
    bide_future *task;
    pthread_t thread;
};

static int gather_in_a_task(void *arg, bide_value *result)
{
    (void)result;
    struct gathering *it = arg;
    sleeper_goes(&it->sleeper);
    it->error = bide_gather(it->futures, it->n, it->values, it->collects ? it->errors : NULL);
    return 0;
}

static void *gather_on_a_thread(void *arg)
{
    bide_value unused;
    gather_in_a_task(arg, &unused);
    return NULL;
}

/* Of n promises, in a task of the pool; pool NULL: on a thread. */
static void begin(struct gathering *it, bide_pool *pool, size_t n, bool collects)
{
    *it = (struct gathering){.n = n, .collects = collects, .sleeper = SLEEPER_INIT};
    for (size_t i = 0; i < n; i++) {
        it->futures[i] = make_promise();
        it->values[i] = bide_u64(UNTOUCHED);
        it->errors[i] = UNTOUCHED;
    }
    if (pool)
        it->task = submit(pool, gather_in_a_task, it);
    else
        it->thread = start_thread(gather_on_a_thread, it);
    sleeper_await(&it->sleeper);
}

static void end(struct gathering *it, int error)
{
    if (it->task)
        assert_int_equal(bide_join(it->task, NULL), 0);
    else
        end_thread(it->thread);
    assert_int_equal(it->error, error);
    release_all(it->futures, it->n);
}

/* Values */

static void nothing_is_gathered_at_once(void **state)
{
    (void)state;
    int untouched = UNTOUCHED;
    assert_int_equal(bide_gather(NULL, 0, NULL, NULL), 0);
    assert_int_equal(bide_gather(NULL, 0, NULL, &untouched), 0);
    assert_int_equal(untouched, UNTOUCHED);
}

static void null_is_einval(void **state)
{
    (void)state;
    bide_future *futures[] = {make_promise(), NULL};
    int errors[2];
    assert_int_equal(bide_gather(NULL, 1, NULL, NULL), EINVAL);
    assert_int_equal(bide_gather(futures, 2, NULL, NULL), EINVAL);
    assert_int_equal(bide_gather(futures, 2, NULL, errors), EINVAL);
    bide_future_release(futures[0]);
}

static void keep_the_order(bide_pool *pool, size_t n, bool collects)
{
    struct gathering it;
    begin(&it, pool, n, collects);
    for (size_t i = 0; i < n; i++)
        resolve(it.futures[(i * 37 + 5) % n], (i * 37 + 5) % n);
    end(&it, 0);
    for (size_t i = 0; i < n; i++) {
        assert_true(it.values[i].u64 == i);
        assert_int_equal(it.errors[i], collects ? 0 : UNTOUCHED);
    }
}

static void values_keep_the_order_of_the_futures(void **state)
{
    struct fixture *at = *state;
    for (int collects = 0; collects < 2; collects++) {
        keep_the_order(NULL, 3, collects);
        keep_the_order(at->pool, 3, collects);
        keep_the_order(at->pool, MANY, collects);
    }
}

static void what_has_ended_is_gathered_at_once(void **state)
{
    (void)state;
    bide_future *one = make_promise(), *other = make_promise(), *futures[] = {other, one, other};
    bide_value values[3];
    resolve(one, 1);
    resolve(other, 2);
    assert_int_equal(bide_gather(futures, 3, values, NULL), 0);
    assert_true(values[0].u64 == 2 && values[1].u64 == 1 && values[2].u64 == 2);
    assert_int_equal(bide_gather(futures, 3, NULL, NULL), 0);
    bide_future_release(one);
    bide_future_release(other);
}

/* Errors */

static void the_first_error_comes_back_while_the_others_go_on(void **state)
{
    struct fixture *at = *state;
    for (int threads = 0; threads < 2; threads++) {
        struct gathering it;
        begin(&it, threads ? NULL : at->pool, 4, false);
        bide_future *last = it.futures[0];
        bide_future_retain(last);
        resolve(it.futures[1], 1);
        assert_int_equal(bide_promise_fail(it.futures[3], ENOTTY), 0);
        assert_int_equal(bide_promise_fail(it.futures[2], EIO), 0);
        end(&it, ENOTTY);
        assert_true(it.values[1].u64 == UNTOUCHED);
        assert_int_equal(bide_future_state(last), BIDE_PENDING);
        bide_future_release(last);
    }
}

static void a_cancelled_one_counts_as_ecanceled(void **state)
{
    struct fixture *at = *state;
    for (int collects = 0; collects < 2; collects++) {
        struct gathering it;
        begin(&it, at->pool, 2, collects);
        assert_int_equal(bide_future_cancel(it.futures[1]), 0);
        if (collects)
            resolve(it.futures[0], 5);
        end(&it, collects ? 0 : ECANCELED);
        assert_int_equal(it.errors[1], collects ? ECANCELED : UNTOUCHED);
        assert_true(it.values[0].u64 == (collects ? 5 : UNTOUCHED));
    }
}

static void of_errors_that_are_there_the_lowest_comes_back(void **state)
{
    (void)state;
    bide_future *futures[] = {make_promise(), make_promise(), make_promise()};
    assert_int_equal(bide_promise_fail(futures[2], EIO), 0);
    assert_int_equal(bide_gather(futures, 3, NULL, NULL), EIO);
    assert_int_equal(bide_future_cancel(futures[1]), 0);
    assert_int_equal(bide_gather(futures, 3, NULL, NULL), ECANCELED);
    release_all(futures, 3);
}

static void collecting_waits_for_all_and_tells_each_error(void **state)
{
    struct fixture *at = *state;
    for (int threads = 0; threads < 2; threads++) {
        struct gathering it;
        begin(&it, threads ? NULL : at->pool, 4, true);
        assert_int_equal(bide_promise_fail(it.futures[2], EIO), 0);
        assert_int_equal(bide_future_cancel(it.futures[0]), 0);
        resolve(it.futures[3], 3);
        assert_int_equal(it.errors[2], UNTOUCHED);
        resolve(it.futures[1], 1);
        end(&it, 0);
        const int errors[] = {ECANCELED, 0, EIO, 0};
        const uint64_t values[] = {UNTOUCHED, 1, UNTOUCHED, 3};
        for (int i = 0; i < 4; i++) {
            assert_int_equal(it.errors[i], errors[i]);
            assert_true(it.values[i].u64 == values[i]);
        }
    }
}

/* Who asks */

static void a_request_ends_it_and_cancels_nothing(void **state)
{
    struct fixture *at = *state;
    for (int collects = 0; collects < 2; collects++) {
        struct gathering it;
        begin(&it, at->pool, 3, collects);
        resolve(it.futures[1], 1);
        assert_int_equal(bide_future_cancel(it.task), 0);
        assert_int_equal(bide_future_wait(it.task, BIDE_FOREVER), 0);
        assert_int_equal(bide_future_state(it.futures[0]), BIDE_PENDING);
        end(&it, ECANCELED);
        assert_true(it.values[1].u64 == UNTOUCHED);
        assert_int_equal(it.errors[1], UNTOUCHED);
    }
}

static void try_to_gather(bide_future *done, void *pending)
{
    bide_future *both[] = {done, pending};
    int errors[2] = {UNTOUCHED, UNTOUCHED};
    CHECK_EQUAL(bide_gather(both, 2, NULL, NULL), EDEADLK);
    CHECK_EQUAL(bide_gather(both, 2, NULL, errors), EDEADLK);
    CHECK_EQUAL(errors[0], UNTOUCHED);
    CHECK_EQUAL(bide_gather(both, 1, NULL, errors), 0);
}

static void gathering_in_a_callback_is_edeadlk(void **state)
{
    (void)state;
    bide_future *cause = make_promise(), *pending = make_promise();
    assert_int_equal(bide_future_on_done(cause, try_to_gather, pending), 0);
    resolve(cause, 1);
    bide_future_release(cause);
    bide_future_release(pending);
}

static void without_memory_only_collecting_goes_on(void **state)
{
    (void)state;
    struct gathering it;
    begin(&it, NULL, MANY, true);
    seams_fail_memory(1);
    assert_int_equal(bide_gather(it.futures, MANY, NULL, NULL), ENOMEM);
    assert_true(seams_memory_failed());
    seams_fail_memory(0);
    for (uint64_t i = 0; i < MANY; i++)
        resolve(it.futures[i], i);
    end(&it, 0);
}

/* Tasks of one's own pool */

struct work {
    unsigned left;
    bool fails;
};

/* The number of leaves of a tree with three branches everywhere; or the first error of a leaf. */
static int grow(void *arg, bide_value *result)
{
    const struct work *work = arg;
    struct work less[3];
    bide_future *children[3];
    bide_value leaves[3];
    if (work->left == 0) {
        *result = bide_u64(1);
        return work->fails ? EIO : 0;
    }
    for (int i = 0; i < 3; i++) {
        less[i] = (struct work){work->left - 1, work->fails && i == 1};
        CHECK_EQUAL(bide_submit(bide_current_pool(), grow, &less[i], &children[i]), 0);
    }
    int error = bide_gather(children, 3, leaves, NULL);
    if (!error)
        *result = bide_u64(leaves[0].u64 + leaves[1].u64 + leaves[2].u64);
    for (int i = 0; i < 3; i++)
        CHECK_EQUAL(bide_join(children[i], NULL), i == 1 ? error : 0);
    return error;
}

static void a_task_may_gather_its_own_pools_tasks(void **state)
{
    struct fixture *at = *state;
    bide_value leaves;
    assert_int_equal(bide_join(submit(at->pool, grow, &(struct work){5, false}), &leaves), 0);
    assert_true(leaves.u64 == 243);
    assert_int_equal(bide_join(submit(at->pool, grow, &(struct work){5, true}), NULL), EIO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ALONE(nothing_is_gathered_at_once),
        ALONE(null_is_einval),
        ON_POOLS(values_keep_the_order_of_the_futures),
        ALONE(what_has_ended_is_gathered_at_once),
        ON_POOLS(the_first_error_comes_back_while_the_others_go_on),
        ON_POOLS(a_cancelled_one_counts_as_ecanceled),
        ALONE(of_errors_that_are_there_the_lowest_comes_back),
        ON_POOLS(collecting_waits_for_all_and_tells_each_error),
        ON_POOLS(a_request_ends_it_and_cancels_nothing),
        ALONE(gathering_in_a_callback_is_edeadlk),
        ALONE(without_memory_only_collecting_goes_on),
        ON_POOLS(a_task_may_gather_its_own_pools_tasks),
    };
    return cmocka_run_group_tests(tests, fixture_begin, NULL);
}
