#include "support/asleep.h"
#include "support/fixture.h"

#include <sched.h>

#define MANY 100

static void make_promises(bide_future *promises[], size_t n)
{
    for (size_t i = 0; i < n; i++)
        promises[i] = make_promise();
}

static void release_all(bide_future *futures[], size_t n)
{
    for (size_t i = 0; i < n; i++)
        bide_future_release(futures[i]);
}

static void resolve(bide_future *promise)
{
    assert_int_equal(bide_promise_resolve(promise, bide_u64(1)), 0);
}

static void reject(bide_future *promise)
{
    assert_int_equal(bide_promise_fail(promise, EIO), 0);
}

static void cancel(bide_future *future)
{
    assert_int_equal(bide_future_cancel(future), 0);
}

static void expect(bide_future *const futures[], size_t n, enum bide_when when, size_t expected)
{
    size_t which = n + 1;
    assert_int_equal(bide_wait_many(futures, n, when, BIDE_NOW, &which), 0);
    assert_int_equal(which, expected);
    which = n + 1;
    assert_int_equal(bide_wait_many(futures, n, when, BIDE_FOREVER, &which), 0);
    assert_int_equal(which, expected);
}

static void expect_late(bide_future *const futures[], size_t n, enum bide_when when)
{
    size_t which = n + 1;
    assert_int_equal(bide_wait_many(futures, n, when, BIDE_NOW, &which), ETIMEDOUT);
    assert_int_equal(which, n + 1);
}

/* A wait that is under way, on a thread or in a task. */
struct wait {
    bide_future *const *futures;
    size_t n, which;
    enum bide_when when;
    bide_time deadline;
    int error;
    struct sleeper sleeper;
    bide_future *task;
    pthread_t thread;
};

static int wait_in_a_task(void *arg, bide_value *result)
{
    (void)result;
    struct wait *wait = arg;
    sleeper_goes(&wait->sleeper);
    wait->error = bide_wait_many(wait->futures, wait->n, wait->when, wait->deadline, &wait->which);
    if (wait->error == ECANCELED)
        CHECK_EQUAL(bide_yield(), 0);
    return 0;
}

static void *wait_on_a_thread(void *arg)
{
    bide_value unused;
    wait_in_a_task(arg, &unused);
    return NULL;
}

/* In a task of the pool; pool NULL: on a thread. */
static void begin(struct wait *wait, bide_pool *pool, bide_future *const futures[], size_t n, enum bide_when when,
                  bide_time deadline)
{
    *wait = (struct wait){.futures = futures, .n = n, .which = n + 1, .when = when, .deadline = deadline};
    wait->sleeper = (struct sleeper)SLEEPER_INIT;
    if (pool)
        wait->task = submit(pool, wait_in_a_task, wait);
    else
        wait->thread = start_thread(wait_on_a_thread, wait);
    sleeper_await(&wait->sleeper);
}

static void end(struct wait *wait, int error, size_t which)
{
    if (wait->task)
        assert_int_equal(bide_join(wait->task, NULL), 0);
    else
        end_thread(wait->thread);
    assert_int_equal(wait->error, error);
    assert_int_equal(wait->which, which);
}

/* What is there */

static void nothing_is_ready_at_once(void **state)
{
    (void)state;
    expect(NULL, 0, BIDE_ALL, 0);
    expect(NULL, 0, BIDE_FIRST_ENDED, 0);
    expect(NULL, 0, BIDE_FIRST_FAILED, 0);
    assert_int_equal(bide_wait_many(NULL, 0, BIDE_ALL, BIDE_FOREVER, NULL), 0);
}

static void null_is_einval(void **state)
{
    (void)state;
    bide_future *futures[] = {make_promise(), NULL};
    assert_int_equal(bide_wait_many(NULL, 1, BIDE_ALL, BIDE_NOW, NULL), EINVAL);
    assert_int_equal(bide_wait_many(futures, 2, BIDE_FIRST_ENDED, BIDE_NOW, NULL), EINVAL);
    assert_int_equal(bide_wait_many(futures, 1, (enum bide_when)3, BIDE_NOW, NULL), EINVAL);
    bide_future_release(futures[0]);
}

static void of_those_that_meet_it_the_lowest_is_told(void **state)
{
    (void)state;
    bide_future *promises[4];
    make_promises(promises, 4);
    resolve(promises[3]);
    expect(promises, 4, BIDE_FIRST_ENDED, 3);
    cancel(promises[1]);
    expect(promises, 4, BIDE_FIRST_ENDED, 1);
    expect_late(promises, 4, BIDE_FIRST_FAILED);
    reject(promises[2]);
    expect(promises, 4, BIDE_FIRST_FAILED, 2);
    expect_late(promises, 4, BIDE_ALL);
    resolve(promises[0]);
    expect(promises, 4, BIDE_ALL, 4);
    release_all(promises, 4);
}

static void if_none_fails_all_are_awaited(void **state)
{
    (void)state;
    bide_future *promises[2];
    make_promises(promises, 2);
    cancel(promises[0]);
    expect_late(promises, 2, BIDE_FIRST_FAILED);
    resolve(promises[1]);
    expect(promises, 2, BIDE_FIRST_FAILED, 2);
    release_all(promises, 2);
}

/* Who waits is told */

static void all_is_told_when_the_last_has_ended(bide_pool *pool, size_t n)
{
    bide_future *promises[MANY];
    struct wait wait;
    make_promises(promises, n);
    begin(&wait, pool, promises, n, BIDE_ALL, BIDE_FOREVER);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(wait.which, n + 1);
        resolve(promises[(i * 37 + 5) % n]);
    }
    end(&wait, 0, n);
    release_all(promises, n);
}

static void all_are_awaited(void **state)
{
    struct fixture *at = *state;
    all_is_told_when_the_last_has_ended(NULL, 3);
    all_is_told_when_the_last_has_ended(NULL, MANY);
    all_is_told_when_the_last_has_ended(at->pool, 3);
    all_is_told_when_the_last_has_ended(at->pool, MANY);
}

/* Each in turn is the first, in each way. */
static void the_first_is_told(bide_pool *pool, size_t n, enum bide_when when, void (*end_it)(bide_future *))
{
    for (size_t first = 0; first < n; first += n / 2) {
        bide_future *promises[MANY];
        struct wait wait;
        make_promises(promises, n);
        begin(&wait, pool, promises, n, when, BIDE_FOREVER);
        end_it(promises[first]);
        end(&wait, 0, first);
        release_all(promises, n);
    }
}

static void any_end_counts(void **state)
{
    struct fixture *at = *state;
    void (*const ends[])(bide_future *) = {resolve, reject, cancel};
    for (size_t i = 0; i < 3; i++) {
        the_first_is_told(NULL, 3, BIDE_FIRST_ENDED, ends[i]);
        the_first_is_told(at->pool, 3, BIDE_FIRST_ENDED, ends[i]);
        the_first_is_told(at->pool, MANY, BIDE_FIRST_ENDED, ends[i]);
    }
}

static void the_first_failure_is_told(void **state)
{
    struct fixture *at = *state;
    the_first_is_told(NULL, 3, BIDE_FIRST_FAILED, reject);
    the_first_is_told(at->pool, 3, BIDE_FIRST_FAILED, reject);
    the_first_is_told(at->pool, MANY, BIDE_FIRST_FAILED, reject);
}

static void ends_that_are_no_failures_do_not_count(void **state)
{
    struct fixture *at = *state;
    for (int round = 0; round < 2; round++) {
        bide_future *promises[4];
        struct wait wait;
        make_promises(promises, 4);
        begin(&wait, at->pool, promises, 4, BIDE_FIRST_FAILED, BIDE_FOREVER);
        resolve(promises[3]);
        cancel(promises[1]);
        resolve(promises[0]);
        round ? reject(promises[2]) : resolve(promises[2]);
        end(&wait, 0, round ? 2 : 4);
        release_all(promises, 4);
    }
}

static void one_may_be_given_often(void **state)
{
    struct fixture *at = *state;
    for (int when = BIDE_ALL; when <= BIDE_FIRST_FAILED; when++) {
        bide_future *promise = make_promise(), *same[] = {promise, promise, promise};
        struct wait wait;
        begin(&wait, at->pool, same, 3, (enum bide_when)when, BIDE_FOREVER);
        reject(promise);
        end(&wait, 0, when == BIDE_ALL ? 3 : 0);
        bide_future_release(promise);
    }
}

static void pools_and_promises_mix(void **state)
{
    struct fixture *at = *state;
    struct gate gates[2] = {GATE_INIT, GATE_INIT};
    bide_pool *other = make_pool(1);
    bide_future *futures[] = {make_promise(), submit(other, stand_at, &gates[0]),
                              submit(at->pool, stand_at, &gates[1])};
    struct wait wait;
    begin(&wait, NULL, futures, 3, BIDE_FIRST_ENDED, BIDE_FOREVER);
    gate_open(&gates[1]);
    end(&wait, 0, 2);
    begin(&wait, NULL, futures, 3, BIDE_ALL, BIDE_FOREVER);
    resolve(futures[0]);
    gate_open(&gates[0]);
    end(&wait, 0, 3);
    end_pool(other);
    release_all(futures, 3);
}

/* Deadlines and requests */

static void late_is_etimedout_and_cancels_nothing(void **state)
{
    (void)state;
    bide_future *promises[MANY];
    make_promises(promises, MANY);
    for (int when = BIDE_ALL; when <= BIDE_FIRST_FAILED; when++) {
        bide_time deadline = bide_in(0.02);
        expect_late(promises, MANY, (enum bide_when)when);
        assert_int_equal(bide_wait_many(promises, MANY, (enum bide_when)when, 1, NULL), ETIMEDOUT);
        assert_int_equal(bide_wait_many(promises, 3, (enum bide_when)when, deadline, NULL), ETIMEDOUT);
        assert_int_equal(bide_wait_many(promises, MANY, (enum bide_when)when, deadline, NULL), ETIMEDOUT);
        assert_true(bide_clock() >= deadline);
    }
    for (int i = 0; i < MANY; i++)
        resolve(promises[i]);
    expect(promises, MANY, BIDE_ALL, MANY);
    release_all(promises, MANY);
}

static void a_request_ends_the_wait_and_cancels_nothing(void **state)
{
    struct fixture *at = *state;
    for (int when = BIDE_ALL; when <= BIDE_FIRST_FAILED; when++) {
        bide_future *promises[3];
        struct wait wait;
        make_promises(promises, 3);
        begin(&wait, at->pool, promises, 3, (enum bide_when)when, BIDE_FOREVER);
        cancel(wait.task);
        end(&wait, ECANCELED, 4);
        for (int i = 0; i < 3; i++)
            resolve(promises[i]);
        release_all(promises, 3);
    }
}

struct tie {
    bide_future *promises[3];
    struct gate ready;
    struct sleeper sleeper;
    bool asked_first;
};

/* The request is made before the wait begins, or while it lasts. */
static int wait_then_sleep(void *arg, bide_value *result)
{
    (void)result;
    struct tie *tie = arg;
    if (tie->asked_first)
        gate_pass(&tie->ready);
    else
        gate_arrive(&tie->ready);
    sleeper_goes(&tie->sleeper);
    CHECK_EQUAL(bide_wait_many(tie->promises, 3, BIDE_FIRST_ENDED, BIDE_FOREVER, NULL), 0);
    CHECK_EQUAL(bide_sleep(3600), ECANCELED);
    return 0;
}

static void ready_wins_and_the_request_stays_for_the_next_wait(void **state)
{
    struct fixture *at = *state;
    for (int round = 0; round < 2 + (int)test_scale(100); round++) {
        struct tie tie = {.ready = GATE_INIT, .sleeper = SLEEPER_INIT, .asked_first = round < 2};
        make_promises(tie.promises, 3);
        bide_future *task = submit(at->pool, wait_then_sleep, &tie);
        gate_await(&tie.ready, 1);
        resolve(tie.promises[round % 3]);
        cancel(task);
        gate_open(&tie.ready);
        assert_int_equal(bide_join(task, NULL), 0);
        release_all(tie.promises, 3);
    }
}

static void *resolve_on_a_thread(void *promise)
{
    CHECK_EQUAL(bide_promise_resolve(promise, bide_u64(1)), 0);
    return NULL;
}

/* So many are told before the task that somebody who sees the end asks it to stop before its turn. */
static void ready_wins_however_late_it_is_told(void **state)
{
    struct fixture *at = *state;
    for (int round = 0; round < (int)test_scale(20); round++) {
        struct tie tie = {.ready = GATE_INIT, .sleeper = SLEEPER_INIT};
        bide_completions *others;
        make_promises(tie.promises, 3);
        assert_int_equal(bide_completions_create(&others), 0);
        for (int i = 0; i < 2000; i++)
            assert_int_equal(bide_completions_add(others, tie.promises[0], NULL), 0);
        bide_future *task = submit(at->pool, wait_then_sleep, &tie);
        sleeper_await(&tie.sleeper);
        pthread_t thread = start_thread(resolve_on_a_thread, tie.promises[0]);
        while (bide_future_state(tie.promises[0]) != BIDE_DONE)
            sched_yield();
        cancel(task);
        assert_int_equal(bide_join(task, NULL), 0);
        end_thread(thread);
        bide_completions_destroy(others);
        release_all(tie.promises, 3);
    }
}

static int poll_when_asked(void *arg, bide_value *result)
{
    (void)result;
    struct tie *tie = arg;
    for (int when = BIDE_ALL; when <= BIDE_FIRST_FAILED; when++) {
        gate_pass(&tie->ready);
        int first = when == BIDE_ALL ? ECANCELED : ETIMEDOUT;
        CHECK_EQUAL(bide_wait_many(tie->promises, 3, (enum bide_when)when, BIDE_NOW, NULL), first);
        CHECK_EQUAL(bide_wait_many(tie->promises, 3, (enum bide_when)when, BIDE_NOW, NULL), ETIMEDOUT);
    }
    return 0;
}

static void a_poll_that_is_not_ready_delivers_a_request(void **state)
{
    struct fixture *at = *state;
    struct tie tie = {.ready = GATE_INIT, .sleeper = SLEEPER_INIT};
    make_promises(tie.promises, 3);
    bide_future *task = submit(at->pool, poll_when_asked, &tie);
    gate_await(&tie.ready, 1);
    cancel(task);
    gate_open(&tie.ready);
    assert_int_equal(bide_join(task, NULL), 0);
    release_all(tie.promises, 3);
}

/* Misuse, and no memory */

struct self {
    bide_future *futures[2]; /* the second is the task itself */
    struct gate gate;
    bool ran;
};

static int wait_for_itself(void *arg, bide_value *result)
{
    (void)result;
    struct self *self = arg;
    gate_pass(&self->gate);
    for (int when = BIDE_ALL; when <= BIDE_FIRST_FAILED; when++) {
        CHECK_EQUAL(bide_wait_many(self->futures, 2, (enum bide_when)when, BIDE_NOW, NULL), EDEADLK);
        CHECK_EQUAL(bide_wait_many(self->futures, 2, (enum bide_when)when, BIDE_FOREVER, NULL), EDEADLK);
    }
    CHECK_EQUAL(bide_promise_resolve(self->futures[0], bide_u64(1)), 0);
    CHECK_EQUAL(bide_wait_many(self->futures, 2, BIDE_FIRST_ENDED, BIDE_FOREVER, NULL), 0);
    return 0;
}

static void waiting_for_oneself_is_edeadlk(void **state)
{
    struct fixture *at = *state;
    struct self self = {.futures = {make_promise()}, .gate = GATE_INIT};
    self.futures[1] = submit(at->pool, wait_for_itself, &self);
    gate_open(&self.gate);
    assert_int_equal(bide_future_wait(self.futures[1], BIDE_FOREVER), 0);
    release_all(self.futures, 2);
}

static int wait_for_both(void *arg, bide_value *result)
{
    (void)result;
    struct self *self = arg;
    CHECK_EQUAL(bide_wait_many(self->futures, 2, BIDE_FIRST_FAILED, BIDE_FOREVER, NULL), EDEADLK);
    self->ran = true;
    return 0;
}

static int wait_for_one_above(void *arg, bide_value *result)
{
    (void)result;
    struct self *self = arg;
    gate_pass(&self->gate);
    bide_future *above = NULL;
    CHECK_EQUAL(bide_submit(bide_current_pool(), wait_for_both, self, &above), 0);
    CHECK_EQUAL(bide_wait_many(&above, 1, BIDE_FIRST_ENDED, BIDE_FOREVER, NULL), 0);
    CHECK(self->ran);
    bide_future_release(above);
    return 0;
}

static void waiting_for_a_task_beneath_is_edeadlk(void **state)
{
    struct fixture *at = *state;
    struct self self = {.futures = {make_promise()}, .gate = GATE_INIT};
    self.futures[1] = submit(at->pool, wait_for_one_above, &self);
    gate_open(&self.gate);
    assert_int_equal(bide_future_wait(self.futures[1], BIDE_FOREVER), 0);
    release_all(self.futures, 2);
}

static void try_to_wait(bide_future *done, void *pending)
{
    bide_future *both[] = {pending, done};
    size_t which = 2;
    for (int when = BIDE_ALL; when <= BIDE_FIRST_FAILED; when++)
        CHECK_EQUAL(bide_wait_many(both, 1, (enum bide_when)when, BIDE_FOREVER, NULL), EDEADLK);
    CHECK_EQUAL(bide_wait_many(both, 2, BIDE_FIRST_ENDED, BIDE_FOREVER, &which), 0);
    CHECK_EQUAL(which, 1);
}

static void waiting_in_a_callback_is_edeadlk(void **state)
{
    (void)state;
    bide_future *cause = make_promise(), *pending = make_promise();
    assert_int_equal(bide_future_on_done(cause, try_to_wait, pending), 0);
    resolve(cause);
    bide_future_release(cause);
    bide_future_release(pending);
}

static void without_memory_it_is_enomem(void **state)
{
    (void)state;
    bide_future *promises[MANY];
    make_promises(promises, MANY);
    seams_fail_memory(1);
    assert_int_equal(bide_wait_many(promises, MANY, BIDE_ALL, bide_in(0.001), NULL), ETIMEDOUT);
    assert_int_equal(bide_wait_many(promises, 8, BIDE_FIRST_ENDED, bide_in(0.001), NULL), ETIMEDOUT);
    assert_false(seams_memory_failed());
    assert_int_equal(bide_wait_many(promises, MANY, BIDE_FIRST_ENDED, BIDE_FOREVER, NULL), ENOMEM);
    assert_true(seams_memory_failed());
    seams_fail_memory(0);
    release_all(promises, MANY);
}

static void check_inherited(void *arg)
{
    struct self *self = arg;
    size_t which = 2;
    for (int when = BIDE_ALL; when <= BIDE_FIRST_FAILED; when++)
        CHECK_EQUAL(bide_wait_many(self->futures, 1, (enum bide_when)when, BIDE_FOREVER, NULL), ESHUTDOWN);
    CHECK_EQUAL(bide_wait_many(self->futures, 2, BIDE_FIRST_ENDED, BIDE_FOREVER, &which), 0);
    CHECK_EQUAL(which, 1);
}

static void in_a_child_process_what_has_not_ended_is_eshutdown(void **state)
{
    struct fixture *at = *state;
    struct self self = {.futures = {NULL, make_promise()}};
    struct gate gate = GATE_INIT;
    occupy(at->pool, at->workers, &gate);
    self.futures[0] = submit(at->pool, stand_at, &gate);
    resolve(self.futures[1]);
    check_in_child_process(check_inherited, &self);
    vacate(at->pool, &gate);
    release_all(self.futures, 2);
}

/* Tasks of one's own pool */

static int count_run(void *count, bide_value *result)
{
    (void)result;
    ++*(unsigned *)count;
    return 0;
}

static int count_run_and_fail(void *count, bide_value *result)
{
    return count_run(count, result) ? 0 : EIO;
}

/* Three children, and as many generations as its argument says. */
static int breed(void *arg, bide_value *result)
{
    (void)result;
    unsigned left = *(const unsigned *)arg, less = left - 1;
    bide_future *children[3];
    if (left == 0)
        return 0;
    for (int i = 0; i < 3; i++)
        CHECK_EQUAL(bide_submit(bide_current_pool(), breed, &less, &children[i]), 0);
    CHECK_EQUAL(bide_wait_many(children, 3, BIDE_FIRST_ENDED, BIDE_FOREVER, NULL), 0);
    CHECK_EQUAL(bide_wait_many(children, 3, left % 2 ? BIDE_ALL : BIDE_FIRST_FAILED, BIDE_FOREVER, NULL), 0);
    for (int i = 0; i < 3; i++)
        CHECK_EQUAL(bide_future_state(children[i]), BIDE_DONE);
    for (int i = 0; i < 3; i++)
        bide_future_release(children[i]);
    return 0;
}

static void a_task_may_wait_for_its_own_pools_tasks(void **state)
{
    struct fixture *at = *state;
    unsigned generations = 5;
    assert_int_equal(bide_join(submit(at->pool, breed, &generations), NULL), 0);
}

static int wait_for_the_first_run_here(void *arg, bide_value *result)
{
    (void)arg;
    (void)result;
    unsigned counts[4] = {0};
    bide_future *tasks[4];
    size_t which = 5;
    for (int i = 0; i < 4; i++)
        CHECK_EQUAL(bide_submit(bide_current_pool(), i == 2 ? count_run_and_fail : count_run, &counts[i], &tasks[i]),
                    0);
    CHECK_EQUAL(bide_wait_many(tasks, 4, BIDE_FIRST_FAILED, BIDE_FOREVER, &which), 0);
    CHECK_EQUAL(which, 2);
    CHECK_EQUAL(counts[3], 0);
    CHECK_EQUAL(bide_wait_many(tasks, 4, BIDE_ALL, BIDE_FOREVER, NULL), 0);
    for (int i = 0; i < 4; i++)
        CHECK_EQUAL(counts[i], 1);
    for (int i = 0; i < 4; i++)
        bide_future_release(tasks[i]);
    return 0;
}

static void what_has_not_started_is_run_until_one_meets_it(void **state)
{
    struct fixture *at = *state;
    assert_int_equal(bide_join(submit(at->pool, wait_for_the_first_run_here, NULL), NULL), 0);
}

static int wait_in_time(void *arg, bide_value *result)
{
    (void)arg;
    (void)result;
    unsigned count = 0;
    bide_future *task;
    for (int when = BIDE_ALL; when <= BIDE_FIRST_FAILED; when++) {
        CHECK_EQUAL(bide_submit(bide_current_pool(), count_run, &count, &task), 0);
        int error = bide_wait_many(&task, 1, (enum bide_when)when, bide_in(0.001), NULL);
        CHECK_EQUAL(error, ETIMEDOUT);
        CHECK_EQUAL(bide_future_state(task), BIDE_PENDING);
        CHECK_EQUAL(bide_join(task, NULL), 0);
    }
    CHECK_EQUAL(count, 3);
    return 0;
}

static void a_deadline_runs_nothing_in_place(void **state)
{
    struct fixture *at = *state;
    assert_int_equal(bide_join(submit(at->pool, wait_in_time, NULL), NULL), 0);
}

static int resolve_it(void *promise, bide_value *result)
{
    (void)result;
    return bide_promise_resolve(promise, bide_u64(1));
}

/* On the only worker, which the wait for the promise may keep. */
static int wait_for_a_promise_and_its_task(void *arg, bide_value *result)
{
    (void)arg;
    (void)result;
    for (int when = BIDE_ALL; when <= BIDE_FIRST_FAILED; when++) {
        bide_future *futures[2];
        CHECK_EQUAL(bide_promise_create(&futures[0]), 0);
        CHECK_EQUAL(bide_submit(bide_current_pool(), resolve_it, futures[0], &futures[1]), 0);
        CHECK_EQUAL(bide_wait_many(futures, 2, (enum bide_when)when, BIDE_FOREVER, NULL), 0);
        CHECK_EQUAL(bide_join(futures[1], NULL), 0);
        bide_future_release(futures[0]);
    }
    return 0;
}

static void a_promise_does_not_hide_the_task_that_resolves_it(void **state)
{
    struct fixture *at = *state;
    assert_int_equal(bide_join(submit(at->pool, wait_for_a_promise_and_its_task, NULL), NULL), 0);
}

struct shaft {
    unsigned depth, refused;
    enum bide_when when;
};

static int dig(void *arg, bide_value *result)
{
    (void)result;
    struct shaft *shaft = arg;
    volatile char frame[64 << 10]; /* few levels use the stack up */
    frame[0] = 1;
    unsigned depth = ++shaft->depth;
    bide_future *below;
    CHECK_EQUAL(bide_submit(bide_current_pool(), dig, shaft, &below), 0);
    int error = bide_wait_many(&below, 1, shaft->when, BIDE_FOREVER, NULL);
    if (error == EDEADLK) {
        shaft->refused++;
        CHECK_EQUAL(shaft->depth, depth);
        CHECK_EQUAL(bide_future_cancel(below), 0);
        error = bide_wait_many(&below, 1, shaft->when, BIDE_FOREVER, NULL);
    }
    CHECK_EQUAL(error, 0);
    CHECK_EQUAL(frame[0], 1);
    bide_future_release(below);
    return 0;
}

static void without_stack_the_unstarted_is_edeadlk(void **state)
{
    (void)state;
    for (int when = BIDE_ALL; when <= BIDE_FIRST_FAILED; when++) {
        bide_pool *pool =
            make_pool_with(&(bide_pool_options){.workers = 1, .waiting = BIDE_HOLD, .stack_size = 1536 * 1024});
        struct shaft shaft = {0, 0, (enum bide_when)when};
        assert_int_equal(bide_join(submit(pool, dig, &shaft), NULL), 0);
        end_pool(pool);
        assert_int_equal(shaft.refused, 1);
        assert_true(shaft.depth >= 4);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ALONE(nothing_is_ready_at_once),
        ALONE(null_is_einval),
        ALONE(of_those_that_meet_it_the_lowest_is_told),
        ALONE(if_none_fails_all_are_awaited),
        ON_POOLS(all_are_awaited),
        ON_POOLS(any_end_counts),
        ON_POOLS(the_first_failure_is_told),
        ON_POOLS(ends_that_are_no_failures_do_not_count),
        ON_POOLS(one_may_be_given_often),
        ON_POOLS(pools_and_promises_mix),
        ALONE(late_is_etimedout_and_cancels_nothing),
        ON_POOLS(a_request_ends_the_wait_and_cancels_nothing),
        ON_POOLS(ready_wins_and_the_request_stays_for_the_next_wait),
        ON_ONE_WORKER(ready_wins_however_late_it_is_told),
        ON_POOLS(a_poll_that_is_not_ready_delivers_a_request),
        ON_POOLS(waiting_for_oneself_is_edeadlk),
        ON_ONE_HOLDING_WORKER(waiting_for_a_task_beneath_is_edeadlk),
        ALONE(waiting_in_a_callback_is_edeadlk),
        ALONE(without_memory_it_is_enomem),
        ON_POOLS(in_a_child_process_what_has_not_ended_is_eshutdown),
        ON_POOLS(a_task_may_wait_for_its_own_pools_tasks),
        ON_ONE_WORKER(what_has_not_started_is_run_until_one_meets_it),
        ON_ONE_HOLDING_WORKER(a_deadline_runs_nothing_in_place),
        ON_ONE_WORKER(a_promise_does_not_hide_the_task_that_resolves_it),
        ALONE(without_stack_the_unstarted_is_edeadlk),
    };
    return cmocka_run_group_tests(tests, fixture_begin, NULL);
}
