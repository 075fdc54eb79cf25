#include "support/fixture.h"
#include "support/usage.h"

#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { MOST = 11 };

static const unsigned sizes[] = {1, 2, 4, 8};

#define FOR_SIZES(n) for (unsigned size_index = 0, n; size_index < 4 && (n = sizes[size_index]); size_index++)

static void refuses_null(void **state)
{
    (void)state;
    assert_int_equal(bide_pool_create(NULL, NULL), EINVAL);
    assert_int_equal(bide_pool_create(NULL, &(bide_pool_options){.workers = 1}), EINVAL);
}

static void refuses(bide_pool_options options)
{
    bide_pool *const untouched = (bide_pool *)(void *)&options;
    bide_pool *pool = untouched;
    size_t spawned = seams_spawned();
    assert_int_equal(bide_pool_create(&pool, &options), EINVAL);
    assert_ptr_equal(pool, untouched);
    assert_int_equal(seams_spawned(), spawned);
}

static void refuses_reserved_words(void **state)
{
    (void)state;
    for (size_t i = 0; i < 8; i++) {
        bide_pool_options options = {.workers = 1};
        options.reserved[i] = UINT64_C(1) << (i * 9 % 64);
        refuses(options);
    }
}

static void refuses_small_stacks(void **state)
{
    (void)state;
    refuses((bide_pool_options){.workers = 1, .stack_size = 1});
    refuses((bide_pool_options){.workers = 1, .stack_size = (size_t)(PTHREAD_STACK_MIN - sysconf(_SC_PAGESIZE))});
}

/* Which thread ran which worker, and what it was called. */
struct worker {
    struct gate *gate;
    int index;
    pthread_t thread;
    bide_pool *pool;
    char name[16];
};

static int take_place(void *arg, bide_value *result)
{
    struct worker *worker = arg;
    (void)result;
    worker->index = bide_worker_index();
    worker->pool = bide_current_pool();
    worker->thread = pthread_self();
    CHECK_EQUAL(pthread_getname_np(worker->thread, worker->name, sizeof worker->name), 0);
    gate_pass(worker->gate);
    return 0;
}

/* One task on each worker, all at the same time; workers[i] then tells of worker i. */
static void call_the_roll(bide_pool *pool, unsigned n, struct worker *workers)
{
    struct gate gate = GATE_INIT;
    struct worker found[MOST];
    for (unsigned i = 0; i < n; i++) {
        found[i] = (struct worker){.gate = &gate, .index = -2};
        assert_int_equal(bide_submit(pool, take_place, &found[i], NULL), 0);
        workers[i].index = -2;
    }
    gate_await(&gate, n);
    vacate(pool, &gate);
    for (unsigned i = 0; i < n; i++) {
        assert_in_range(found[i].index, 0, n - 1);
        workers[found[i].index] = found[i];
    }
    for (unsigned i = 0; i < n; i++) {
        assert_int_equal(workers[i].index, i);
        assert_ptr_equal(workers[i].pool, pool);
    }
}

static void starts_the_workers_asked_for(void **state)
{
    (void)state;
    FOR_SIZES(n)
    {
        struct worker workers[MOST];
        size_t spawned = seams_spawned();
        bide_pool *pool = make_pool(n);
        assert_int_equal(seams_spawned() - spawned, n);
        call_the_roll(pool, n, workers);
        end_pool(pool);
    }
}

static void runs_no_more_tasks_than_workers(void **state)
{
    struct fixture *at = *state;
    struct gate gate = GATE_INIT, late = GATE_INIT;
    occupy(at->pool, at->workers, &gate);
    bide_future *next = submit(at->pool, stand_at, &late);
    assert_int_equal(bide_future_state(next), BIDE_PENDING);
    gate_open(&gate);
    gate_await(&late, 1);
    assert_int_equal(bide_future_state(next), BIDE_RUNNING);
    gate_open(&late);
    assert_int_equal(bide_join(next, NULL), 0);
    vacate(at->pool, &gate);
}

static void knows_nothing_outside_a_task(void **state)
{
    (void)state;
    assert_null(bide_current_pool());
    assert_int_equal(bide_worker_index(), -1);
    assert_false(bide_cancelled());
}

static int look_around(void *arg, bide_value *result)
{
    struct worker *worker = arg;
    (void)result;
    worker->index = bide_worker_index();
    worker->pool = bide_current_pool();
    worker->thread = pthread_self();
    return 0;
}

static int look_around_from_within(void *arg, bide_value *result)
{
    struct worker *outer = arg, inner = {.index = -2};
    bide_future *future;
    look_around(outer, result);
    CHECK_EQUAL(bide_submit(outer->pool, look_around, &inner, &future), 0);
    CHECK_EQUAL(bide_join(future, NULL), 0);
    CHECK_EQUAL(inner.index, outer->index);
    CHECK(inner.pool == outer->pool);
    CHECK(pthread_equal(inner.thread, outer->thread));
    CHECK_EQUAL(bide_worker_index(), outer->index);
    CHECK(bide_current_pool() == outer->pool);
    return 0;
}

static void keeps_its_place_over_a_run_in_place(void **state)
{
    struct fixture *at = *state;
    struct worker outer = {.index = -2};
    assert_int_equal(bide_join(submit(at->pool, look_around_from_within, &outer), NULL), 0);
    assert_ptr_equal(outer.pool, at->pool);
    assert_int_equal(outer.index, 0);
}

static int look_into_another_pool(void *arg, bide_value *result)
{
    struct worker here = {.index = -2}, there = {.index = -2};
    bide_future *future;
    look_around(&here, result);
    CHECK_EQUAL(bide_submit(arg, look_around, &there, &future), 0);
    CHECK_EQUAL(bide_join(future, NULL), 0);
    CHECK(there.pool == arg);
    CHECK(here.pool != arg);
    CHECK(!pthread_equal(here.thread, there.thread));
    CHECK(bide_current_pool() == here.pool);
    return 0;
}

static void keeps_pools_apart(void **state)
{
    struct fixture *at = *state;
    struct gate gate = GATE_INIT;
    bide_pool *other = make_pool(1);
    assert_int_equal(bide_join(submit(at->pool, look_into_another_pool, other), NULL), 0);

    occupy(at->pool, at->workers, &gate);
    bide_future *queued = submit(at->pool, stand_at, &gate);
    assert_int_equal(bide_pool_drain(other, BIDE_FOREVER), 0);
    assert_int_equal(bide_join(submit(other, look_around, &(struct worker){.index = -2}), NULL), 0);
    assert_int_equal(bide_pool_close(other, BIDE_CANCEL, BIDE_FOREVER), 0);
    end_pool(other);

    assert_int_equal(bide_future_state(queued), BIDE_PENDING);
    vacate(at->pool, &gate);
    assert_int_equal(bide_join(queued, NULL), 0);
}

/* How much stack the task is to use, and how much it found. */
struct stack {
    size_t use;
    size_t size;
};

static size_t own_stack_size(void)
{
    pthread_attr_t attributes;
    void *address;
    size_t size = 0;
    CHECK_EQUAL(pthread_getattr_np(pthread_self(), &attributes), 0);
    CHECK_EQUAL(pthread_attr_getstack(&attributes, &address, &size), 0);
    CHECK_EQUAL(pthread_attr_destroy(&attributes), 0);
    return size;
}

/* Page by page, so that every one of them is touched. */
static unsigned use_stack(size_t bytes)
{
    volatile unsigned char page[4096];
    page[0] = (unsigned char)bytes;
    unsigned below = bytes > sizeof page ? use_stack(bytes - sizeof page) : 0;
    return below + page[0];
}

static int measure_stack(void *arg, bide_value *result)
{
    struct stack *stack = arg;
    stack->size = own_stack_size();
    result->u64 = use_stack(stack->use);
    return 0;
}

static size_t stack_in(size_t stack_size, size_t use)
{
    struct stack stack = {.use = use};
    bide_pool *pool =
        make_pool_with(&(bide_pool_options){.workers = 1, .waiting = BIDE_HOLD, .stack_size = stack_size});
    assert_int_equal(bide_join(submit(pool, measure_stack, &stack), NULL), 0);
    end_pool(pool);
    return stack.size;
}

/* The system may give a larger one that it has left from before. */
static void gives_the_stack_asked_for(void **state)
{
    (void)state;
    assert_in_range(stack_in(2 << 20, 1 << 20), 2 << 20, SIZE_MAX);
    assert_in_range(stack_in((4 << 20) + 1, 3 << 20), (4 << 20) + 1, SIZE_MAX);
    assert_in_range(stack_in(0, 6 << 20), 8 << 20, SIZE_MAX);
    assert_in_range(stack_in(32 << 20, 24 << 20), 32 << 20, SIZE_MAX);
}

/* "…-n", of at most 15 characters, and no more cut than that takes. */
static void assert_named(const char *actual, const char *name, unsigned index)
{
    char number[16];
    int length = snprintf(number, sizeof number, "-%u", index);
    size_t rest = strlen(actual) - (size_t)length;
    assert_true(strlen(actual) > (size_t)length);
    assert_string_equal(actual + rest, number);
    assert_memory_equal(actual, name, rest);
    assert_true(rest == strlen(name) || strlen(actual) >= 14);
}

static void names_its_threads(const char *name, const char *expected)
{
    struct worker workers[MOST];
    char passing[64];
    bide_pool_options options = {.workers = MOST, .name = name ? passing : NULL};
    snprintf(passing, sizeof passing, "%s", name ? name : "");
    bide_pool *pool = make_pool_with(&options);
    memset(passing, '?', sizeof passing - 1);
    call_the_roll(pool, MOST, workers);
    for (unsigned i = 0; i < MOST; i++)
        assert_named(workers[i].name, expected, i);
    end_pool(pool);
}

static void names_threads(void **state)
{
    (void)state;
    names_its_threads(NULL, "bide");
    names_its_threads("net", "net");
    names_its_threads("thirteen-long", "thirteen-long");
    names_its_threads("a name far beyond the limit of the system", "a name far beyond the limit of the system");
}

/* What worker_start and worker_stop have seen. */
struct staff {
    unsigned started, stopped;           /* how often in all */
    unsigned starts[MOST], stops[MOST];  /* how often each */
    pthread_t threads[MOST];             /* who started it */
    unsigned tasks, tasks_at_first_stop; /* tasks that had ended */
    unsigned failing;                    /* the index that fails; all from there on where fail_all */
    bool fail_all;
    int error;
};

#define STAFF_INIT                                                                                                     \
    {                                                                                                                  \
        .failing = UINT_MAX                                                                                            \
    }

static pthread_mutex_t staff_lock = PTHREAD_MUTEX_INITIALIZER;

static int start_worker(unsigned index, void *ctx)
{
    struct staff *staff = ctx;
    CHECK_EQUAL(bide_worker_index(), -1);
    CHECK(!bide_current_pool());
    pthread_mutex_lock(&staff_lock);
    staff->started++;
    staff->starts[index]++;
    staff->threads[index] = pthread_self();
    CHECK_EQUAL(staff->tasks, 0);
    pthread_mutex_unlock(&staff_lock);
    return index == staff->failing || (staff->fail_all && index > staff->failing) ? staff->error : 0;
}

static void stop_worker(unsigned index, void *ctx)
{
    struct staff *staff = ctx;
    CHECK_EQUAL(bide_worker_index(), -1);
    pthread_mutex_lock(&staff_lock);
    if (staff->stopped++ == 0)
        staff->tasks_at_first_stop = staff->tasks;
    staff->stops[index]++;
    CHECK(pthread_equal(staff->threads[index], pthread_self()));
    pthread_mutex_unlock(&staff_lock);
}

static int count_task(void *arg, bide_value *result)
{
    struct staff *staff = arg;
    (void)result;
    pthread_mutex_lock(&staff_lock);
    staff->tasks++;
    pthread_mutex_unlock(&staff_lock);
    return 0;
}

static bide_pool_options staffed(struct staff *staff, unsigned workers)
{
    return (bide_pool_options){
        .workers = workers, .worker_start = start_worker, .worker_stop = stop_worker, .worker_ctx = staff};
}

static void starts_and_stops_each_worker_once(void **state)
{
    (void)state;
    FOR_SIZES(n)
    {
        struct staff staff = STAFF_INIT;
        struct worker workers[MOST];
        bide_pool_options options = staffed(&staff, n);
        bide_pool *pool = make_pool_with(&options);
        assert_int_equal(staff.started, n);
        call_the_roll(pool, n, workers);
        for (unsigned i = 0; i < 100; i++)
            assert_int_equal(bide_submit(pool, count_task, &staff, NULL), 0);
        end_pool(pool);
        assert_int_equal(staff.stopped, n);
        assert_int_equal(staff.tasks_at_first_stop, 100);
        for (unsigned i = 0; i < n; i++) {
            assert_int_equal(staff.starts[i], 1);
            assert_int_equal(staff.stops[i], 1);
            assert_true(pthread_equal(staff.threads[i], workers[i].thread));
        }
    }
}

static void stops_workers_that_need_no_start(void **state)
{
    (void)state;
    struct staff staff = STAFF_INIT;
    bide_pool_options options = staffed(&staff, 1);
    options.worker_start = NULL;
    bide_pool *pool = make_pool_with(&options);
    struct worker worker;
    call_the_roll(pool, 1, &worker);
    staff.threads[0] = worker.thread;
    end_pool(pool);
    assert_int_equal(staff.stops[0], 1);
}

static void starts_workers_that_need_no_stop(void **state)
{
    (void)state;
    struct staff staff = STAFF_INIT;
    bide_pool_options options = staffed(&staff, 2);
    options.worker_stop = NULL;
    end_pool(make_pool_with(&options));
    assert_int_equal(staff.started, 2);
}

static int never(void *arg, bide_value *result)
{
    (void)arg, (void)result;
    check_true(false, "a task ran that must not", __FILE__, __LINE__);
    return 0;
}

static void submit_late(unsigned index, void *ctx)
{
    bide_pool *pool = *(bide_pool **)ctx;
    bide_future *future = NULL;
    (void)index;
    CHECK_EQUAL(bide_submit(pool, never, NULL, NULL), ESHUTDOWN);
    CHECK_EQUAL(bide_try_submit(pool, never, NULL, &future), ESHUTDOWN);
    CHECK_EQUAL(bide_submit_until(pool, never, NULL, bide_in(1e6), &future), ESHUTDOWN);
    CHECK_EQUAL(bide_submit_at(pool, BIDE_NOW, never, NULL, &future), ESHUTDOWN);
    CHECK(!future);
}

static void takes_no_tasks_once_its_workers_stop(void **state)
{
    (void)state;
    FOR_SIZES(n)
    {
        bide_pool *pool;
        bide_pool_options options = {.workers = n, .worker_stop = submit_late, .worker_ctx = &pool};
        pool = make_pool_with(&options);
        end_pool(pool);
    }
}

/* A start may be asked of the others or not; who was asked and gave 0 is stopped, once. */
static void fails_with(struct staff *staff, unsigned workers)
{
    bide_pool_options options = staffed(staff, workers);
    bide_pool *const untouched = (bide_pool *)(void *)staff;
    bide_pool *pool = untouched;
    assert_int_equal(bide_pool_create(&pool, &options), staff->error);
    assert_ptr_equal(pool, untouched);
    assert_int_equal(seams_memory_live(), 0);
    for (unsigned i = 0; i < workers; i++) {
        bool failed = i == staff->failing || (staff->fail_all && i > staff->failing);
        assert_in_range(staff->starts[i], 0, 1);
        assert_int_equal(staff->stops[i], failed ? 0 : staff->starts[i]);
    }
}

static void fails_where_a_worker_cannot_start(void **state)
{
    (void)state;
    FOR_SIZES(n)
    {
        for (unsigned k = 0; k < n; k++) {
            struct staff staff = STAFF_INIT;
            staff.failing = k;
            staff.error = 77;
            fails_with(&staff, n);
            assert_int_equal(staff.starts[k], 1);
        }
    }
}

static void fails_where_many_workers_cannot_start(void **state)
{
    (void)state;
    for (unsigned k = 0; k < 4; k++) {
        struct staff staff = STAFF_INIT;
        staff.failing = k;
        staff.fail_all = true;
        staff.error = ECANCELED;
        fails_with(&staff, 4);
    }
}

/* A stop flag set before a worker first looks must not be lost. */
static void ends_at_once(void **state)
{
    (void)state;
    FOR_SIZES(n)
    {
        for (int i = 0; i < 20; i++)
            end_pool(make_pool(n));
    }
}

static int sleep_a_little(void *arg, bide_value *result)
{
    (void)result;
    return bide_sleep(*(const double *)arg);
}

static double seconds_of_sleepers(bide_pool *pool, unsigned n, double duration)
{
    bide_time start = bide_clock();
    for (unsigned i = 0; i < n; i++)
        assert_int_equal(bide_submit(pool, sleep_a_little, &duration, NULL), 0);
    assert_int_equal(bide_pool_drain(pool, BIDE_FOREVER), 0);
    return (double)(bide_clock() - start) / 1e9;
}

/* The duration grows until what the machine does besides is small beside it; one after the other they always take twice as
 * long. */
static void waits_on_all_workers_at_once(void **state)
{
    struct fixture *at = *state;
    double duration = 0.005, seconds;
    do {
        duration *= 2;
        seconds = seconds_of_sleepers(at->pool, at->workers, duration);
        assert_true(seconds >= duration);
    } while (seconds > 1.95 * duration);
}

static int wait_for_promise(void *promise, bide_value *result)
{
    (void)result;
    return bide_future_wait(promise, BIDE_FOREVER);
}

static int wait_long_for_promise(void *promise, bide_value *result)
{
    (void)result;
    return bide_future_wait(promise, bide_in(1e6));
}

/* Four workers have nothing to do, and four wait inside tasks. */
static void idles_for_nothing(void **state)
{
    (void)state;
    bide_pool *pool = make_pool(8);
    bide_future *promise = make_promise();
    struct worker workers[MOST];
    call_the_roll(pool, 8, workers);
    for (int i = 0; i < 4; i++)
        assert_int_equal(bide_submit(pool, i % 2 ? wait_for_promise : wait_long_for_promise, promise, NULL), 0);
    assert_idle();
    assert_int_equal(bide_promise_resolve(promise, bide_u64(0)), 0);
    end_pool(pool);
    bide_future_release(promise);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ALONE(refuses_null),
        ALONE(refuses_reserved_words),
        ALONE(refuses_small_stacks),
        ALONE(starts_the_workers_asked_for),
        ON_POOLS(runs_no_more_tasks_than_workers),
        ALONE(knows_nothing_outside_a_task),
        ON_ONE_HOLDING_WORKER(keeps_its_place_over_a_run_in_place),
        ON_POOLS(keeps_pools_apart),
        ALONE(gives_the_stack_asked_for),
        ALONE(names_threads),
        ALONE(starts_and_stops_each_worker_once),
        ALONE(stops_workers_that_need_no_start),
        ALONE(starts_workers_that_need_no_stop),
        ALONE(takes_no_tasks_once_its_workers_stop),
        ALONE(fails_where_a_worker_cannot_start),
        ALONE(fails_where_many_workers_cannot_start),
        ALONE(ends_at_once),
        ON_POOLS(waits_on_all_workers_at_once),
        ALONE(idles_for_nothing),
    };
    return cmocka_run_group_tests(tests, fixture_begin, NULL);
}
