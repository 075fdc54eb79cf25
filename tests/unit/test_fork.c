#include "support/asleep.h"
#include "support/machine.h"
#include "support/rest.h"

#include <stdlib.h>

enum { ROOM = 4096 }; /* in the deque of a worker */

/* For what takes thousands of children: under drd a minute each. */
static bool has_time(void)
{
    return test_scale(100) > 1;
}

static int run_task(bide_pool *pool, bide_task_fn *fn, void *arg)
{
    return bide_join(submit(pool, fn, arg), NULL);
}

/* A child that another worker takes: its parent stands in the fork until it has. */
struct stolen {
    bide_child child;
    bide_task_fn *fn;
    void *arg;
    int worker; /* that runs it */
    struct gate begun;
};

static int run_stolen(void *arg, bide_value *result)
{
    struct stolen *stolen = arg;
    stolen->worker = bide_worker_index();
    gate_arrive(&stolen->begun);
    return stolen->fn(stolen->arg, result);
}

static void fork_away(struct stolen *stolen, bide_task_fn *fn, void *arg)
{
    *stolen = (struct stolen){.fn = fn, .arg = arg, .begun = GATE_INIT};
    bide_fork(&stolen->child, run_stolen, stolen);
    gate_await(&stolen->begun, 1);
    CHECK(stolen->worker != bide_worker_index());
}

/* A call of it by fork and join. */
static int fork_and_join(bide_task_fn *fn, void *arg)
{
    bide_child child;
    bide_fork(&child, fn, arg);
    return bide_fork_join(&child, NULL);
}

static int steal_and_join(bide_task_fn *fn, void *arg)
{
    struct stolen stolen;
    fork_away(&stolen, fn, arg);
    return bide_fork_join(&stolen.child, NULL);
}

static int do_nothing(void *arg, bide_value *result)
{
    (void)arg;
    (void)result;
    return 0;
}

/* When there is no room left. */
static int crowd_and_join(bide_task_fn *fn, void *arg)
{
    bide_child *crowd = malloc(ROOM * sizeof *crowd);
    for (int i = 0; i < ROOM; i++)
        bide_fork(&crowd[i], do_nothing, NULL);
    int error = fork_and_join(fn, arg);
    for (int i = ROOM; i--;)
        CHECK_EQUAL(bide_fork_join(&crowd[i], NULL), 0);
    free(crowd);
    return error;
}

/* Each in a pool in which it comes to pass. */
static const struct way {
    unsigned workers;
    int (*call)(bide_task_fn *fn, void *arg);
} ways[] = {{1, fork_and_join}, {2, steal_and_join}, {1, crowd_and_join}};

static int count_ways(void)
{
    return has_time() ? 3 : 2;
}

static int give(void *arg, bide_value *result)
{
    CHECK_EQUAL(result->u64, 0);
    result->i64 = *(const int *)arg;
    return 0;
}

static int refuse(void *arg, bide_value *result)
{
    CHECK_EQUAL(result->u64, 0);
    result->i64 = 99;
    return *(const int *)arg;
}

static int check_ends(void *arg, bide_value *result)
{
    bide_child child;
    bide_value value = bide_i64(-1);
    int seven = 7;
    (void)result;
    bide_fork(&child, give, &seven);
    CHECK_EQUAL(bide_fork_join(&child, &value), 0);
    CHECK_EQUAL(value.i64, 7);
    bide_fork(&child, give, &seven);
    CHECK_EQUAL(bide_fork_join(&child, NULL), 0);
    bide_fork(&child, refuse, &seven);
    CHECK_EQUAL(bide_fork_join(&child, &value), 7);
    bide_fork(&child, refuse, &seven);
    CHECK_EQUAL(bide_fork_join(&child, NULL), 7);
    bide_fork(&child, NULL, arg);
    CHECK_EQUAL(bide_fork_join(&child, &value), EINVAL);
    CHECK_EQUAL(value.i64, 7);
    return 0;
}

static void a_join_gives_what_the_child_returned(void **state)
{
    struct fixture *at = *state;
    assert_int_equal(run_task(at->pool, check_ends, NULL), 0);
}

static int check_ends_of_stolen(void *arg, bide_value *result)
{
    struct stolen stolen;
    bide_value value = bide_i64(-1);
    int seven = 7;
    (void)arg;
    (void)result;
    fork_away(&stolen, give, &seven);
    CHECK_EQUAL(bide_fork_join(&stolen.child, &value), 0);
    CHECK_EQUAL(value.i64, 7);
    fork_away(&stolen, refuse, &seven);
    CHECK_EQUAL(bide_fork_join(&stolen.child, &value), 7);
    CHECK_EQUAL(value.i64, 7);
    return 0;
}

static void a_join_gives_what_a_stolen_child_returned(void **state)
{
    (void)state;
    bide_pool *pool = make_pool(2);
    for (unsigned long i = test_scale(100); i; i--)
        assert_int_equal(run_task(pool, check_ends_of_stolen, NULL), 0);
    end_pool(pool);
}

static int fib(void *arg, bide_value *result)
{
    uint64_t n = *(const uint64_t *)arg, one = n - 1, two = n - 2;
    bide_value a = bide_u64(0), b = bide_u64(0);
    bide_child child;
    *result = bide_u64(n);
    if (n < 2)
        return 0;
    bide_fork(&child, fib, &one);
    CHECK_EQUAL(fib(&two, &b), 0);
    CHECK_EQUAL(bide_fork_join(&child, &a), 0);
    *result = bide_u64(a.u64 + b.u64);
    return 0;
}

static void children_fork(void **state)
{
    struct fixture *at = *state;
    uint64_t n = has_time() ? 16 : 8;
    for (unsigned long i = test_scale(20); i; i--) {
        bide_value value;
        assert_int_equal(bide_join(submit(at->pool, fib, &n), &value), 0);
        assert_int_equal(value.u64, n == 16 ? 987 : 21);
    }
}

/* Children write down when and where they ran, and with which errno: another stack would have had its own. */
struct record {
    unsigned *clock, ran_at;
    pthread_t thread;
    int error;
};

static int write_down(void *arg, bide_value *result)
{
    struct record *record = arg;
    (void)result;
    CHECK_EQUAL(record->ran_at, 0);
    record->ran_at = ++*record->clock;
    record->thread = pthread_self();
    record->error = errno;
    return 0;
}

static int fork_in_a_row(void *arg, bide_value *result)
{
    unsigned *clock = arg;
    bide_child children[3];
    struct record records[3];
    (void)result;
    for (int i = 0; i < 3; i++) {
        records[i] = (struct record){.clock = clock};
        bide_fork(&children[i], write_down, &records[i]);
    }
    CHECK_EQUAL(*clock, 0);
    errno = EILSEQ;
    for (int i = 3; i--;) {
        CHECK_EQUAL(bide_fork_join(&children[i], NULL), 0);
        CHECK_EQUAL(records[i].ran_at, 3 - i);
        CHECK_EQUAL(records[i].error, EILSEQ);
        CHECK(pthread_equal(records[i].thread, pthread_self()));
    }
    return 0;
}

static void a_child_that_nobody_takes_runs_in_the_join(void **state)
{
    struct fixture *at = *state;
    unsigned clock = 0;
    assert_int_equal(run_task(at->pool, fork_in_a_row, &clock), 0);
    assert_int_equal(clock, 3);
}

static int fork_too_many(void *arg, bide_value *result)
{
    enum { MANY = ROOM + 10 };
    bide_child *children = malloc(MANY * sizeof *children);
    struct record *records = malloc(MANY * sizeof *records);
    unsigned clock = 0;
    (void)arg;
    (void)result;
    for (int i = 0; i < MANY; i++) {
        records[i] = (struct record){.clock = &clock};
        bide_fork(&children[i], write_down, &records[i]);
        CHECK_EQUAL(clock, i < ROOM ? 0 : i - ROOM + 1);
    }
    for (int i = MANY; i--;)
        CHECK_EQUAL(bide_fork_join(&children[i], NULL), 0);
    for (int i = 0; i < MANY; i++)
        CHECK_EQUAL(records[i].ran_at, i < ROOM ? MANY - i : i - ROOM + 1);
    free(records);
    free(children);
    return 0;
}

static void with_thousands_forked_a_child_is_called_at_once(void **state)
{
    struct fixture *at = *state;
    if (has_time())
        assert_int_equal(run_task(at->pool, fork_too_many, NULL), 0);
}

static int count(void *arg, bide_value *result)
{
    (void)result;
    gate_arrive(arg);
    return 0;
}

static int fork_many(void *arg, bide_value *result)
{
    size_t many = test_scale(2 * ROOM);
    bide_child *children = malloc(many * sizeof *children);
    (void)result;
    for (size_t i = 0; i < many; i++)
        bide_fork(&children[i], count, arg);
    for (size_t i = many; i--;)
        CHECK_EQUAL(bide_fork_join(&children[i], NULL), 0);
    CHECK_EQUAL(gate_arrived(arg), many);
    free(children);
    return 0;
}

static void each_of_many_children_runs_once(void **state)
{
    struct fixture *at = *state;
    struct gate ran = GATE_INIT;
    assert_int_equal(run_task(at->pool, fork_many, &ran), 0);
}

static void check_outside(void)
{
    struct gate ran = GATE_INIT;
    bide_child child;
    CHECK(bide_current_pool() == NULL);
    bide_fork(&child, count, &ran);
    CHECK_EQUAL(gate_arrived(&ran), 1);
    CHECK_EQUAL(bide_fork_join(&child, NULL), 0);
    CHECK_EQUAL(gate_arrived(&ran), 1);
    CHECK_EQUAL(check_ends(NULL, NULL), 0);
}

static void check_in_callback(bide_future *future, void *ctx)
{
    (void)future;
    gate_arrive(ctx);
    check_outside();
}

static int settle_promise(void *promise, bide_value *result)
{
    (void)result;
    CHECK_EQUAL(bide_promise_resolve(promise, bide_i64(0)), 0);
    return 0;
}

static void outside_a_task_a_child_is_called_at_once(void **state)
{
    struct fixture *at = *state;
    struct gate called = GATE_INIT;
    bide_future *promise = make_promise();
    check_outside();
    assert_int_equal(bide_future_on_done(promise, check_in_callback, &called), 0);
    assert_int_equal(run_task(at->pool, settle_promise, promise), 0);
    assert_int_equal(gate_arrived(&called), 1);
    bide_future_release(promise);
}

static int note_place(void *arg, bide_value *result)
{
    CHECK(bide_current_pool() == arg);
    result->i64 = bide_worker_index();
    return 0;
}

static int check_places(void *pool, bide_value *result)
{
    struct stolen stolen;
    bide_value value = bide_i64(-1);
    (void)result;
    fork_away(&stolen, note_place, pool);
    CHECK_EQUAL(bide_fork_join(&stolen.child, &value), 0);
    CHECK_EQUAL(value.i64, 1 - bide_worker_index());
    return 0;
}

static void a_child_knows_its_worker_and_pool(void **state)
{
    (void)state;
    bide_pool *pool = make_pool(2);
    assert_int_equal(run_task(pool, check_places, pool), 0);
    end_pool(pool);
}

/* A child that waits in all ways in which a task can. */
struct waiting {
    struct gate begun;
    bide_future *promise;
};

static int answer(void *arg, bide_value *result)
{
    (void)arg;
    result->i64 = 42;
    return 0;
}

static int wait_in_all_ways(void *arg, bide_value *result)
{
    struct waiting *waiting = arg;
    bide_value value = bide_i64(0);
    bide_future *task;
    (void)result;
    CHECK_EQUAL(bide_sleep(0.0001), 0);
    CHECK_EQUAL(bide_yield(), 0);
    CHECK_EQUAL(bide_future_wait(waiting->promise, bide_in(0.0001)), ETIMEDOUT);
    CHECK_EQUAL(bide_submit(bide_current_pool(), answer, NULL, &task), 0);
    CHECK_EQUAL(bide_join(task, &value), 0);
    CHECK_EQUAL(value.i64, 42);
    gate_arrive(&waiting->begun);
    return bide_future_wait(waiting->promise, BIDE_FOREVER);
}

struct parent {
    const struct way *way;
    bide_task_fn *fn;
    void *arg;
};

static int call_child(void *arg, bide_value *result)
{
    struct parent *parent = arg;
    (void)result;
    return parent->way->call(parent->fn, parent->arg);
}

static void a_child_may_wait(void **state)
{
    (void)state;
    for (int i = 0; i < count_ways(); i++) {
        bide_pool *pool = make_pool(ways[i].workers);
        struct waiting waiting = {GATE_INIT, make_promise()};
        struct parent parent = {&ways[i], wait_in_all_ways, &waiting};
        bide_future *task = submit(pool, call_child, &parent);
        gate_await(&waiting.begun, 1);
        assert_int_equal(bide_promise_resolve(waiting.promise, bide_i64(0)), 0);
        assert_int_equal(bide_join(task, NULL), 0);
        bide_future_release(waiting.promise);
        end_pool(pool);
    }
}

/* A parent that waits in its join, for a child that stands at a gate on the other worker. */
struct patient {
    struct gate gate;
    int joined, next; /* what the join gave, and the next wait */
    struct sleeper sleeper;
};

static int join_stolen(void *arg, bide_value *result)
{
    struct patient *patient = arg;
    struct stolen stolen;
    (void)result;
    fork_away(&stolen, stand_at, &patient->gate);
    sleeper_goes(&patient->sleeper);
    patient->joined = bide_fork_join(&stolen.child, NULL);
    patient->next = bide_yield();
    CHECK_EQUAL(bide_yield(), 0);
    return 0;
}

static void a_worker_does_not_wait_for_a_stolen_child(void **state)
{
    (void)state;
    bide_pool *pool = make_pool(2);
    struct patient patient = {.gate = GATE_INIT, .sleeper = SLEEPER_INIT};
    bide_future *task = submit(pool, join_stolen, &patient);
    sleeper_await(&patient.sleeper);
    if (!test_holds())
        assert_int_equal(run_task(pool, answer, NULL), 0);
    gate_open(&patient.gate);
    assert_int_equal(bide_join(task, NULL), 0);
    assert_int_equal(patient.joined, 0);
    assert_int_equal(patient.next, 0);
    end_pool(pool);
}

/* Others of its worker push in between, or the parent itself. */
static int fork_and_push(void *arg, bide_value *result)
{
    unsigned clock = 0;
    struct record records[4];
    bide_child child;
    bide_future *tasks[3];
    (void)result;
    for (int i = 0; i < 4; i++)
        records[i] = (struct record){.clock = &clock};
    bide_fork(&child, write_down, &records[0]);
    for (int i = 0; i < 3; i++)
        CHECK_EQUAL(bide_submit(arg, write_down, &records[1 + i], &tasks[i]), 0);
    errno = EILSEQ;
    CHECK_EQUAL(bide_fork_join(&child, NULL), 0);
    CHECK_EQUAL(clock, 1);
    CHECK_EQUAL(records[0].error, EILSEQ);
    CHECK(pthread_equal(records[0].thread, pthread_self()));
    for (int i = 0; i < 3; i++)
        CHECK_EQUAL(bide_join(tasks[i], NULL), 0);
    for (int i = 0; i < 4; i++)
        CHECK_EQUAL(records[i].ran_at, i + 1);
    return 0;
}

static void a_child_is_found_below_what_was_submitted_later(void **state)
{
    struct fixture *at = *state;
    assert_int_equal(run_task(at->pool, fork_and_push, at->pool), 0);
}

static int wait_between(void *arg, bide_value *result)
{
    struct waiting *waiting = arg;
    bide_child children[2];
    bide_value values[2];
    int numbers[] = {5, 6};
    (void)result;
    bide_fork(&children[0], give, &numbers[0]);
    bide_fork(&children[1], count, &waiting->begun);
    if (test_holds())
        gate_arrive(&waiting->begun);
    CHECK_EQUAL(bide_future_wait(waiting->promise, BIDE_FOREVER), 0);
    CHECK_EQUAL(bide_fork_join(&children[1], &values[1]), 0);
    CHECK_EQUAL(bide_fork_join(&children[0], &values[0]), 0);
    CHECK_EQUAL(values[0].i64, 5);
    return 0;
}

/* In a parking pool its own worker takes the children meanwhile. */
static void a_parent_may_wait_before_it_joins(void **state)
{
    struct fixture *at = *state;
    struct waiting waiting = {GATE_INIT, make_promise()};
    bide_future *task = submit(at->pool, wait_between, &waiting);
    gate_await(&waiting.begun, 1);
    assert_int_equal(bide_promise_resolve(waiting.promise, bide_i64(0)), 0);
    assert_int_equal(bide_join(task, NULL), 0);
    bide_future_release(waiting.promise);
}

enum { CHILDREN = 8 };

static int fork_by_turns(void *arg, bide_value *result)
{
    bide_child children[CHILDREN];
    int numbers[CHILDREN];
    (void)arg;
    for (int i = 0; i < CHILDREN; i++) {
        numbers[i] = 1 << i;
        bide_fork(&children[i], give, &numbers[i]);
        if (i % 3 == 0)
            CHECK_EQUAL(bide_yield(), 0);
    }
    for (int i = CHILDREN; i--;) {
        bide_value value = bide_i64(0);
        CHECK_EQUAL(bide_fork_join(&children[i], &value), 0);
        result->i64 += value.i64;
        if (i % 4 == 0)
            CHECK_EQUAL(bide_yield(), 0);
    }
    return 0;
}

static void parents_of_one_worker_join_by_turns(void **state)
{
    struct fixture *at = *state;
    for (unsigned long i = test_scale(50); i; i--) {
        bide_future *tasks[6];
        for (int n = 0; n < 6; n++)
            tasks[n] = submit(at->pool, fork_by_turns, NULL);
        for (int n = 0; n < 6; n++) {
            bide_value value;
            assert_int_equal(bide_join(tasks[n], &value), 0);
            assert_int_equal(value.i64, (1 << CHILDREN) - 1);
        }
    }
}

/* Its parent is asked to stop while it stands at the gate, and then again while it waits. */
struct asked {
    const struct way *way;
    struct gate gate, waits;
    bide_future *promise;
};

static int be_asked(void *arg, bide_value *result)
{
    struct asked *asked = arg;
    bide_mutex mutex = {{0}};
    bide_cond cond = {{0}};
    (void)result;
    CHECK(!bide_cancelled());
    gate_pass(&asked->gate);
    CHECK_EQUAL(bide_future_wait(asked->promise, BIDE_NOW), ETIMEDOUT);
    CHECK(bide_cancelled());
    CHECK(bide_cancelled());
    CHECK_EQUAL(bide_yield(), 0);
    CHECK_EQUAL(bide_sleep(0.0001), 0);
    CHECK_EQUAL(bide_mutex_lock(&mutex), 0);
    CHECK_EQUAL(bide_cond_wait(&cond, &mutex, bide_in(0.0001)), ETIMEDOUT);
    CHECK_EQUAL(bide_mutex_unlock(&mutex), 0);
    CHECK_EQUAL(bide_future_wait_or_cancel(asked->promise, BIDE_NOW), ETIMEDOUT);
    return 0;
}

static int be_asked_in_wait(void *arg, bide_value *result)
{
    struct asked *asked = arg;
    (void)result;
    gate_arrive(&asked->waits);
    CHECK_EQUAL(bide_sleep(0.02), 0);
    return EDOM;
}

static int join_what_was_asked(void *arg, bide_value *result)
{
    struct asked *asked = arg;
    (void)result;
    CHECK_EQUAL(asked->way->call(be_asked, asked), 0);
    CHECK_EQUAL(bide_sleep(1e6), ECANCELED);
    CHECK_EQUAL(bide_sleep(0.0001), 0);
    CHECK_EQUAL(asked->way->call(be_asked_in_wait, asked), EDOM);
    CHECK_EQUAL(bide_sleep(1e6), ECANCELED);
    CHECK_EQUAL(bide_sleep(0.0001), 0);
    return 0;
}

static void a_request_is_seen_in_a_child_and_ends_no_wait_there(void **state)
{
    (void)state;
    for (int i = 0; i < count_ways(); i++) {
        bide_pool *pool = make_pool(ways[i].workers);
        struct asked asked = {&ways[i], GATE_INIT, GATE_INIT, make_promise()};
        bide_future *task = submit(pool, join_what_was_asked, &asked);
        gate_await(&asked.gate, 1);
        assert_int_equal(bide_future_cancel(task), 0);
        gate_open(&asked.gate);
        gate_await(&asked.waits, 1);
        assert_int_equal(bide_future_cancel(task), 0);
        assert_int_equal(bide_join(task, NULL), 0);
        bide_future_release(asked.promise);
        end_pool(pool);
    }
}

static void a_request_does_not_end_a_join(void **state)
{
    (void)state;
    bide_pool *pool = make_pool(2);
    struct patient patient = {.gate = GATE_INIT, .joined = -1, .sleeper = SLEEPER_INIT};
    bide_future *task = submit(pool, join_stolen, &patient);
    sleeper_await(&patient.sleeper);
    assert_int_equal(bide_future_cancel(task), 0);
    gate_open(&patient.gate);
    assert_int_equal(bide_join(task, NULL), 0);
    assert_int_equal(patient.joined, 0);
    assert_int_equal(patient.next, ECANCELED);
    end_pool(pool);
}

/* A parent whose pool is closed while one of its children has been stolen, and the others have not. */
struct closing {
    struct gate gate, ran;
    struct sleeper sleeper;
};

static int run_though_cancelled(void *arg, bide_value *result)
{
    struct closing *closing = arg;
    result->i64 = 3;
    gate_arrive(&closing->ran);
    CHECK(bide_cancelled());
    CHECK_EQUAL(bide_sleep(0.0001), 0);
    return 0;
}

static int stand_though_cancelled(void *arg, bide_value *result)
{
    struct closing *closing = arg;
    gate_pass(&closing->gate);
    return run_though_cancelled(arg, result);
}

static void join_each(bide_child children[], int n)
{
    while (n--) {
        bide_value value = bide_i64(0);
        CHECK_EQUAL(bide_fork_join(&children[n], &value), 0);
        CHECK_EQUAL(value.i64, 3);
    }
}

static int fork_and_be_closed(void *arg, bide_value *result)
{
    struct closing *closing = arg;
    struct stolen stolen;
    bide_child children[CHILDREN], other;
    (void)result;
    fork_away(&stolen, stand_though_cancelled, closing);
    for (int i = 0; i < CHILDREN; i++)
        bide_fork(&children[i], run_though_cancelled, closing);
    gate_pass(&closing->gate);
    bide_fork(&other, run_though_cancelled, closing);
    join_each(&other, 1);
    join_each(children, CHILDREN);
    CHECK_EQUAL(bide_fork_join(&stolen.child, NULL), 0);
    return bide_sleep(1e6);
}

static void a_close_that_cancels_ends_no_children(void **state)
{
    (void)state;
    bide_pool *pool = make_pool(2);
    struct closing closing = {.gate = GATE_INIT, .ran = GATE_INIT};
    bide_future *task = submit(pool, fork_and_be_closed, &closing);
    gate_await(&closing.gate, 2);
    assert_int_equal(bide_pool_close(pool, BIDE_CANCEL, BIDE_NOW), ETIMEDOUT);
    gate_open(&closing.gate);
    assert_int_equal(bide_join(task, NULL), ECANCELED);
    end_pool(pool);
    assert_int_equal(gate_arrived(&closing.ran), CHILDREN + 2);
}

static int join_and_be_closed(void *arg, bide_value *result)
{
    struct closing *closing = arg;
    struct stolen stolen;
    bide_value value = bide_i64(0);
    (void)result;
    fork_away(&stolen, stand_though_cancelled, closing);
    sleeper_goes(&closing->sleeper);
    CHECK_EQUAL(bide_fork_join(&stolen.child, &value), 0);
    CHECK_EQUAL(value.i64, 3);
    return bide_sleep(1e6);
}

static void a_close_that_cancels_ends_no_join(void **state)
{
    (void)state;
    bide_pool *pool = make_pool(2);
    struct closing closing = {.gate = GATE_INIT, .ran = GATE_INIT, .sleeper = SLEEPER_INIT};
    bide_future *task = submit(pool, join_and_be_closed, &closing);
    sleeper_await(&closing.sleeper);
    assert_int_equal(bide_pool_close(pool, BIDE_CANCEL, BIDE_NOW), ETIMEDOUT);
    gate_open(&closing.gate);
    assert_int_equal(bide_join(task, NULL), ECANCELED);
    end_pool(pool);
    assert_int_equal(gate_arrived(&closing.ran), 1);
}

/* What stolen children find on their thread, and leave there. */
static int spoil(void *arg, bide_value *result)
{
    struct machine *found = arg;
    (void)result;
    *found = machine_now();
    CHECK_EQUAL(bide_yield(), 0);
    change_machine(EXDEV, FE_DOWNWARD, SIG_UNBLOCK, PTHREAD_CANCEL_ENABLE, PTHREAD_CANCEL_DEFERRED);
    return 0;
}

static int change_and_fork(void *arg, bide_value *result)
{
    struct machine fresh = machine_now(), found[2], own, after;
    struct stolen stolen;
    (void)arg;
    (void)result;
    change_machine(EILSEQ, FE_UPWARD, SIG_BLOCK, PTHREAD_CANCEL_DISABLE, PTHREAD_CANCEL_DEFERRED);
    own = machine_now();
    for (int i = 0; i < 2; i++) {
        fork_away(&stolen, spoil, &found[i]);
        CHECK_EQUAL(bide_fork_join(&stolen.child, NULL), 0);
        check_same(&found[i], &fresh);
        after = machine_now();
        check_same(&after, &own);
    }
    return 0;
}

static void a_stolen_child_finds_its_thread_as_a_task_does(void **state)
{
    (void)state;
    bide_pool *pool = make_pool(2);
    struct machine found[2];
    assert_int_equal(run_task(pool, change_and_fork, NULL), 0);
    struct gate gate = GATE_INIT;
    occupy(pool, 1, &gate);
    assert_int_equal(run_task(pool, spoil, &found[0]), 0);
    vacate(pool, &gate);
    assert_int_equal(run_task(pool, spoil, &found[1]), 0);
    check_same(&found[0], &found[1]);
    end_pool(pool);
}

/* Having waited once, it has all that a wait needs. */
static int fork_without_memory(void *arg, bide_value *result)
{
    struct gate ran = GATE_INIT;
    (void)arg;
    CHECK_EQUAL(bide_sleep(0.0001), 0);
    seams_fail_memory(1);
    for (int i = 0; i < 20; i++)
        CHECK_EQUAL(check_ends_of_stolen(NULL, result), 0);
    CHECK_EQUAL(fork_many(&ran, result), 0);
    CHECK(!seams_memory_failed());
    seams_fail_memory(0);
    return 0;
}

static void forking_takes_no_memory(void **state)
{
    (void)state;
    bide_pool *pool = make_pool(2);
    assert_int_equal(run_task(pool, fork_without_memory, NULL), 0);
    end_pool(pool);
}

struct family {
    const struct way *way;
    bide_future *own;
    struct gate known;
};

static int wait_for_parent(void *arg, bide_value *result)
{
    struct family *family = arg;
    (void)result;
    CHECK_EQUAL(bide_future_wait(family->own, BIDE_FOREVER), EDEADLK);
    CHECK_EQUAL(bide_future_wait(family->own, bide_in(1e6)), EDEADLK);
    CHECK_EQUAL(bide_future_wait_or_cancel(family->own, BIDE_FOREVER), EDEADLK);
    CHECK_EQUAL(bide_join(family->own, NULL), EDEADLK);
    return EDOM;
}

static int have_child_wait(void *arg, bide_value *result)
{
    struct family *family = arg;
    (void)result;
    gate_pass(&family->known);
    return family->way->call(wait_for_parent, family);
}

static void a_child_that_waits_for_its_parent_waits_for_itself(void **state)
{
    (void)state;
    for (int i = 0; i < count_ways(); i++) {
        bide_pool *pool = make_pool(ways[i].workers);
        struct family family = {&ways[i], NULL, GATE_INIT};
        family.own = submit(pool, have_child_wait, &family);
        gate_open(&family.known);
        assert_int_equal(bide_join(family.own, NULL), EDOM);
        end_pool(pool);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_POOLS(a_join_gives_what_the_child_returned),
        ALONE(a_join_gives_what_a_stolen_child_returned),
        ON_POOLS(children_fork),
        ON_ONE_WORKER(a_child_that_nobody_takes_runs_in_the_join),
        ON_ONE_WORKER(with_thousands_forked_a_child_is_called_at_once),
        ON_POOLS(each_of_many_children_runs_once),
        ON_POOLS(outside_a_task_a_child_is_called_at_once),
        ALONE(a_child_knows_its_worker_and_pool),
        ALONE(a_child_may_wait),
        ALONE(a_worker_does_not_wait_for_a_stolen_child),
        ON_ONE_WORKER(a_child_is_found_below_what_was_submitted_later),
        ON_POOLS(a_parent_may_wait_before_it_joins),
        ON_POOLS(parents_of_one_worker_join_by_turns),
        ALONE(a_request_is_seen_in_a_child_and_ends_no_wait_there),
        ALONE(a_request_does_not_end_a_join),
        ALONE(a_close_that_cancels_ends_no_children),
        ALONE(a_close_that_cancels_ends_no_join),
        ALONE(a_stolen_child_finds_its_thread_as_a_task_does),
        ALONE(forking_takes_no_memory),
        ALONE(a_child_that_waits_for_its_parent_waits_for_itself),
    };
    return cmocka_run_group_tests(tests, fixture_begin, NULL);
}
