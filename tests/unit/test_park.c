#include "support/machine.h"

#include <stdlib.h>

/* Two tasks of one worker. One of them waits, and the other one ends its wait. `goes` is set by the one in the step before it
 * waits, and so the other one, seeing that, knows it parked. */
struct meeting {
    int (*wait)(struct meeting *meeting);
    void (*end)(struct meeting *meeting);
    bide_future *promise;
    bide_completions *completions;
    bide_mutex mutex;
    bide_cond cond;
    struct gate gate;
    bool locks; /* the mutex, in the task that ends the wait */
    bool is_locked, goes, has_come;
    bide_mutex room; /* which the one who waits has locked */
    bool is_inside;
    struct machine found[2];
};

static void give_way(const bool *until)
{
    while (!*until)
        CHECK_EQUAL(bide_yield(), 0);
}

static int wait_for_promise(struct meeting *meeting)
{
    return bide_future_wait(meeting->promise, BIDE_FOREVER);
}

static int wait_for_promise_until(struct meeting *meeting)
{
    return bide_future_wait(meeting->promise, bide_in(1e6));
}

static int wait_or_cancel(struct meeting *meeting)
{
    return bide_future_wait_or_cancel(meeting->promise, bide_in(1e6));
}

static int join(struct meeting *meeting)
{
    bide_future_retain(meeting->promise);
    return bide_join(meeting->promise, NULL);
}

static int take_next(struct meeting *meeting)
{
    return bide_completions_next(meeting->completions, BIDE_FOREVER, NULL, NULL);
}

static void keep_promise(struct meeting *meeting)
{
    CHECK_EQUAL(bide_promise_resolve(meeting->promise, bide_u64(0)), 0);
}

static int lock(struct meeting *meeting)
{
    int error = bide_mutex_lock(&meeting->mutex);
    CHECK_EQUAL(bide_mutex_unlock(&meeting->mutex), 0);
    return error;
}

static void unlock(struct meeting *meeting)
{
    CHECK_EQUAL(bide_mutex_unlock(&meeting->mutex), 0);
}

static int wait_for_signal(struct meeting *meeting)
{
    CHECK_EQUAL(bide_mutex_lock(&meeting->mutex), 0);
    int error = bide_cond_wait(&meeting->cond, &meeting->mutex, BIDE_FOREVER);
    CHECK_EQUAL(bide_mutex_unlock(&meeting->mutex), 0);
    return error;
}

static void signal_under_lock(struct meeting *meeting)
{
    CHECK_EQUAL(bide_mutex_lock(&meeting->mutex), 0);
    bide_cond_signal(&meeting->cond);
    CHECK_EQUAL(bide_mutex_unlock(&meeting->mutex), 0);
}

static int stand(void *meeting)
{
    gate_pass(&((struct meeting *)meeting)->gate);
    return 0;
}

static int block(struct meeting *meeting)
{
    return bide_blocking(stand, meeting, NULL);
}

static void unblock(struct meeting *meeting)
{
    gate_open(&meeting->gate);
}

/* A sleep may be over before the other one has started. */
static int sleep_a_little(struct meeting *meeting)
{
    int error = 0;
    while (!error && !meeting->has_come)
        error = bide_sleep(0.001);
    return error;
}

static int sleep_until_a_little_later(struct meeting *meeting)
{
    int error = 0;
    while (!error && !meeting->has_come)
        error = bide_sleep_until(bide_in(0.001));
    return error;
}

static int yield(struct meeting *meeting)
{
    (void)meeting;
    return bide_yield();
}

static void do_nothing(struct meeting *meeting)
{
    (void)meeting;
}

static const struct meeting meetings[] = {
    {.wait = wait_for_promise, .end = keep_promise},
    {.wait = wait_for_promise_until, .end = keep_promise},
    {.wait = wait_or_cancel, .end = keep_promise},
    {.wait = join, .end = keep_promise},
    {.wait = take_next, .end = keep_promise},
    {.wait = lock, .end = unlock, .locks = true},
    {.wait = wait_for_signal, .end = signal_under_lock},
    {.wait = block, .end = unblock},
    {.wait = sleep_a_little, .end = do_nothing},
    {.wait = sleep_until_a_little_later, .end = do_nothing},
    {.wait = yield, .end = do_nothing},
};

#define MEETINGS (sizeof meetings / sizeof *meetings)

static void go_and_wait(struct meeting *meeting)
{
    if (meeting->locks)
        give_way(&meeting->is_locked);
    meeting->goes = true;
    CHECK_EQUAL(meeting->wait(meeting), 0);
}

static void come_when_it_waits(struct meeting *meeting)
{
    if (meeting->locks)
        CHECK_EQUAL(bide_mutex_lock(&meeting->mutex), 0);
    meeting->is_locked = true;
    give_way(&meeting->goes);
    meeting->has_come = true;
}

/* The one is queued before the other, and the worker is at a gate. */
static void meet(bide_pool *pool, struct meeting *meeting, bide_task_fn *one, bide_task_fn *other)
{
    struct gate gate = GATE_INIT;
    meeting->promise = make_promise();
    assert_int_equal(bide_completions_create(&meeting->completions), 0);
    assert_int_equal(bide_completions_add(meeting->completions, meeting->promise, NULL), 0);
    occupy(pool, 1, &gate);
    assert_int_equal(bide_submit(pool, one, meeting, NULL), 0);
    assert_int_equal(bide_submit(pool, other, meeting, NULL), 0);
    vacate(pool, &gate);
    bide_completions_destroy(meeting->completions);
    bide_future_release(meeting->promise);
}

static void meet_in_all_ways(bide_pool *pool, bide_task_fn *one, bide_task_fn *other)
{
    for (size_t i = 0; i < MEETINGS; i++) {
        struct meeting meeting = meetings[i];
        meet(pool, &meeting, one, other);
        assert_int_equal(check_failures(), 0);
    }
}

static void check_machine(const struct machine *expected)
{
    struct machine machine = machine_now();
    check_same(&machine, expected);
}

static int wait_with_a_changed_machine(void *arg, bide_value *result)
{
    struct meeting *meeting = arg;
    (void)result;
    meeting->found[0] = machine_now();
    change_machine(EILSEQ, FE_UPWARD, SIG_BLOCK, PTHREAD_CANCEL_DISABLE, PTHREAD_CANCEL_DEFERRED);
    struct machine own = machine_now();
    go_and_wait(meeting);
    check_machine(&own);
    return 0;
}

/* Starts while the one is parked, waits itself, and leaves everything changed. */
static int change_the_machine_meanwhile(void *arg, bide_value *result)
{
    struct meeting *meeting = arg;
    (void)result;
    meeting->found[1] = machine_now();
    change_machine(EXDEV, FE_DOWNWARD, SIG_UNBLOCK, PTHREAD_CANCEL_ENABLE, PTHREAD_CANCEL_DEFERRED);
    struct machine own = machine_now();
    come_when_it_waits(meeting);
    check_machine(&own);
    meeting->end(meeting);
    check_machine(&own);
    return 0;
}

static int look_at_the_machine(void *machine, bide_value *result)
{
    (void)result;
    *(struct machine *)machine = machine_now();
    return 0;
}

static void a_task_finds_its_machine_as_it_was(void **state)
{
    struct fixture *at = *state;
    meet_in_all_ways(at->pool, wait_with_a_changed_machine, change_the_machine_meanwhile);
}

static void a_new_task_finds_a_clean_machine(void **state)
{
    struct fixture *at = *state;
    struct machine clean;
    assert_int_equal(bide_join(submit(at->pool, look_at_the_machine, &clean), NULL), 0);
    assert_int_equal(clean.rounding, FE_TONEAREST);
    for (size_t i = 0; i < MEETINGS; i++) {
        struct meeting meeting = meetings[i];
        meet(at->pool, &meeting, wait_with_a_changed_machine, change_the_machine_meanwhile);
        check_same(&meeting.found[0], &clean);
        check_same(&meeting.found[1], &clean);
    }
}

static _Thread_local int number_of_the_thread;

static int keep_a_number_in_the_thread(void *meeting, bide_value *result)
{
    (void)result;
    number_of_the_thread = 1;
    go_and_wait(meeting);
    CHECK_EQUAL(number_of_the_thread, 2);
    return 0;
}

static int change_the_number_of_the_thread(void *arg, bide_value *result)
{
    struct meeting *meeting = arg;
    (void)result;
    come_when_it_waits(meeting);
    CHECK_EQUAL(number_of_the_thread, 1);
    number_of_the_thread = 2;
    meeting->end(meeting);
    return 0;
}

static void thread_locals_are_the_workers(void **state)
{
    struct fixture *at = *state;
    meet_in_all_ways(at->pool, keep_a_number_in_the_thread, change_the_number_of_the_thread);
}

static int wait_in_the_room(void *arg, bide_value *result)
{
    struct meeting *meeting = arg;
    (void)result;
    CHECK_EQUAL(bide_mutex_lock(&meeting->room), 0);
    meeting->is_inside = true;
    go_and_wait(meeting);
    meeting->is_inside = false;
    CHECK_EQUAL(bide_mutex_unlock(&meeting->room), 0);
    return 0;
}

static int stay_out_of_the_room(void *arg, bide_value *result)
{
    struct meeting *meeting = arg;
    (void)result;
    come_when_it_waits(meeting);
    CHECK(meeting->is_inside);
    CHECK_EQUAL(bide_mutex_try(&meeting->room), EBUSY);
    CHECK_EQUAL(bide_mutex_unlock(&meeting->room), EPERM);
    meeting->end(meeting);
    CHECK_EQUAL(bide_mutex_lock(&meeting->room), 0);
    CHECK(!meeting->is_inside);
    CHECK_EQUAL(bide_mutex_unlock(&meeting->room), 0);
    return 0;
}

static void a_mutex_held_across_a_wait_keeps_others_out(void **state)
{
    struct fixture *at = *state;
    meet_in_all_ways(at->pool, wait_in_the_room, stay_out_of_the_room);
}

static int return_at_once(void *arg, bide_value *result)
{
    (void)arg;
    (void)result;
    return 0;
}

static int wander(void *arg, bide_value *result)
{
    pthread_t thread = pthread_self();
    int worker = bide_worker_index();
    (void)arg;
    (void)result;
    for (int i = 0; i < 10; i++) {
        bide_future *future = NULL;
        CHECK_EQUAL(bide_submit(bide_current_pool(), return_at_once, NULL, &future), 0);
        CHECK_EQUAL(i % 2 ? bide_future_wait(future, bide_in(1e6)) : bide_sleep(0.0001), 0);
        CHECK(pthread_equal(pthread_self(), thread));
        CHECK_EQUAL(bide_join(future, NULL), 0);
        CHECK(pthread_equal(pthread_self(), thread));
        CHECK_EQUAL(bide_worker_index(), worker);
    }
    return 0;
}

static void a_task_stays_on_its_thread(void **state)
{
    struct fixture *at = *state;
    for (unsigned long i = test_scale(200); i > 0; i--)
        assert_int_equal(bide_submit(at->pool, wander, NULL, NULL), 0);
    assert_int_equal(bide_pool_drain(at->pool, BIDE_FOREVER), 0);
}

/* Each waits for the next one, which has not started. */
struct link_of_chain {
    bide_future *future, *next;
};

static int await_next(void *arg, bide_value *result)
{
    struct link_of_chain *link = arg;
    bide_value below = bide_u64(0);
    if (link->next) {
        CHECK_EQUAL(bide_future_state(link->next), BIDE_PENDING);
        CHECK_EQUAL(bide_future_wait(link->next, BIDE_FOREVER), 0);
        CHECK_EQUAL(bide_future_result(link->next, &below), 0);
    }
    *result = bide_u64(below.u64 + 1);
    return 0;
}

/* ThreadSanitizer knows 8000 threads and fibers, and what AddressSanitizer keeps of each stack is a mapping. */
#if defined __SANITIZE_THREAD__ || defined __SANITIZE_ADDRESS__
#define LONGEST_CHAIN 1000
#elif defined __has_feature
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
#define LONGEST_CHAIN 1000
#endif
#endif
#ifndef LONGEST_CHAIN
#define LONGEST_CHAIN 100000
#endif

/* The first one is the oldest in the queue, and after it the last, then the last but one. */
static void each_waits_for_the_next_however_many(void **state)
{
    struct fixture *at = *state;
    struct gate gate = GATE_INIT;
    size_t length = test_scale(LONGEST_CHAIN);
    struct link_of_chain *chain = calloc(length, sizeof *chain);
    occupy(at->pool, 1, &gate);
    chain[0].future = submit(at->pool, await_next, &chain[0]);
    for (size_t i = length - 1; i > 0; i--)
        chain[i - 1].next = chain[i].future = submit(at->pool, await_next, &chain[i]);
    vacate(at->pool, &gate);
    for (size_t i = 0; i < length; i++) {
        bide_value value;
        assert_int_equal(bide_join(chain[i].future, &value), 0);
        assert_int_equal(value.u64, length - i);
    }
    free(chain);
}

static int submit_next_and_await(void *left, bide_value *result)
{
    bide_value below = bide_u64(0);
    bide_future *next;
    if (--*(unsigned long *)left > 0) {
        CHECK_EQUAL(bide_submit(bide_current_pool(), submit_next_and_await, left, &next), 0);
        CHECK_EQUAL(bide_join(next, &below), 0);
    }
    *result = bide_u64(below.u64 + 1);
    return 0;
}

static void each_submits_the_next_however_many(void **state)
{
    struct fixture *at = *state;
    unsigned long length = test_scale(LONGEST_CHAIN), left = length;
    bide_value value;
    assert_int_equal(bide_join(submit(at->pool, submit_next_and_await, &left), &value), 0);
    assert_int_equal(value.u64, length);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_ONE_WORKER(a_task_finds_its_machine_as_it_was),
        ON_ONE_WORKER(a_new_task_finds_a_clean_machine),
        ON_ONE_WORKER(thread_locals_are_the_workers),
        ON_ONE_WORKER(a_mutex_held_across_a_wait_keeps_others_out),
        ON_POOLS(a_task_stays_on_its_thread),
        ON_ONE_WORKER(each_waits_for_the_next_however_many),
        ON_ONE_WORKER(each_submits_the_next_however_many),
    };
    return cmocka_run_group_tests(tests, fixture_begin, NULL);
}
