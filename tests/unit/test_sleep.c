#include "support/asleep.h"

#include <math.h>
#include <signal.h>

static const double durations[] = {1e-9, 1e-6, 0.0005, 0.001, 0.0123};

static void sleep_all(void)
{
    for (int i = 0; i < 5; i++) {
        bide_time start = bide_clock();
        CHECK_EQUAL(bide_sleep(durations[i]), 0);
        CHECK((double)(bide_clock() - start) >= durations[i] * 1e9);
    }
}

static int sleep_all_as_task(void *arg, bide_value *result)
{
    (void)arg;
    (void)result;
    sleep_all();
    return 0;
}

static void is_never_early(void **state)
{
    struct fixture *at = *state;
    sleep_all();
    for (unsigned i = 0; i < 2 * at->workers; i++)
        assert_int_equal(bide_submit(at->pool, sleep_all_as_task, NULL, NULL), 0);
    assert_int_equal(bide_pool_drain(at->pool, BIDE_FOREVER), 0);
}

/* Would hang if they slept. */
static int yield_in_all_ways(void *arg, bide_value *result)
{
    (void)arg;
    (void)result;
    CHECK_EQUAL(bide_yield(), 0);
    CHECK_EQUAL(bide_sleep(0), 0);
    CHECK_EQUAL(bide_sleep(-0.0), 0);
    CHECK_EQUAL(bide_sleep(-1e300), 0);
    CHECK_EQUAL(bide_sleep(-(double)INFINITY), 0);
    CHECK_EQUAL(bide_sleep((double)NAN), EINVAL);
    CHECK_EQUAL(bide_sleep(-(double)NAN), EINVAL);
    return 0;
}

static void yields_for_nothing_and_less(void **state)
{
    struct fixture *at = *state;
    yield_in_all_ways(NULL, NULL);
    assert_int_equal(bide_join(submit(at->pool, yield_in_all_ways, NULL), NULL), 0);
}

/* A task that sleeps, and then three times asks for what is still due. */
struct dreamer {
    double seconds;
    struct gate *gate; /* passed first, or NULL */
    struct sleeper sleeper;
    bool cancelled[3];
    int errors[3];
};

static int dream(void *arg, bide_value *result)
{
    struct dreamer *dreamer = arg;
    (void)result;
    dreamer->cancelled[0] = bide_cancelled();
    if (dreamer->gate)
        gate_pass(dreamer->gate);
    sleeper_goes(&dreamer->sleeper);
    dreamer->errors[0] = bide_sleep(dreamer->seconds);
    dreamer->cancelled[1] = bide_cancelled();
    dreamer->errors[1] = bide_yield();
    dreamer->errors[2] = bide_sleep(0.0001);
    dreamer->cancelled[2] = bide_cancelled();
    return dreamer->errors[0];
}

/* Delivered once; seen to the end. */
static void assert_woken(const struct dreamer *dreamer)
{
    assert_int_equal(dreamer->errors[0], ECANCELED);
    assert_int_equal(dreamer->errors[1], 0);
    assert_int_equal(dreamer->errors[2], 0);
    assert_false(dreamer->cancelled[0]);
    assert_true(dreamer->cancelled[1]);
    assert_true(dreamer->cancelled[2]);
}

static void is_woken_by_a_request_to_stop(void **state)
{
    struct fixture *at = *state;
    const double long_times[] = {1e6, 1e300, (double)INFINITY};
    for (int i = 0; i < 3; i++) {
        struct dreamer dreamer = {.seconds = long_times[i], .sleeper = SLEEPER_INIT};
        bide_future *task = submit(at->pool, dream, &dreamer);
        sleeper_await(&dreamer.sleeper);
        assert_int_equal(bide_future_cancel(task), 0);
        assert_int_equal(bide_join(task, NULL), ECANCELED);
        assert_woken(&dreamer);
    }
}

static void delivers_a_request_made_before(void **state)
{
    struct fixture *at = *state;
    const double times[] = {(double)INFINITY, 1e6, 0.001, 0, -1};
    for (int i = 0; i < 5; i++) {
        struct gate gate = GATE_INIT;
        struct dreamer dreamer = {.seconds = times[i], .gate = &gate, .sleeper = SLEEPER_INIT};
        bide_future *task = submit(at->pool, dream, &dreamer);
        gate_await(&gate, 1);
        assert_int_equal(bide_future_cancel(task), 0);
        assert_int_equal(bide_future_cancel(task), 0);
        gate_open(&gate);
        assert_int_equal(bide_join(task, NULL), ECANCELED);
        assert_woken(&dreamer);
    }
}

/* Two requests, the second after the first was delivered; how each was delivered. */
struct twice {
    struct gate first, second;
    int (*deliver)(void);
};

static int by_yield(void)
{
    return bide_yield();
}

static int by_sleep(void)
{
    return bide_sleep((double)INFINITY);
}

static int by_look(void)
{
    return bide_cancelled() ? ECANCELED : 0;
}

static int be_asked_twice(void *arg, bide_value *result)
{
    struct twice *twice = arg;
    (void)result;
    CHECK(!bide_cancelled());
    gate_pass(&twice->first);
    CHECK_EQUAL(twice->deliver(), ECANCELED);
    CHECK_EQUAL(bide_yield(), 0);
    CHECK_EQUAL(bide_sleep(0.0001), 0);
    gate_pass(&twice->second);
    CHECK_EQUAL(twice->deliver(), ECANCELED);
    CHECK_EQUAL(bide_sleep(0), 0);
    CHECK(bide_cancelled());
    return 0;
}

static void delivers_each_request_once(void **state)
{
    struct fixture *at = *state;
    int (*const ways[])(void) = {by_yield, by_sleep, by_look};
    for (int i = 0; i < 3; i++) {
        struct twice twice = {GATE_INIT, GATE_INIT, ways[i]};
        bide_future *task = submit(at->pool, be_asked_twice, &twice);
        gate_await(&twice.first, 1);
        assert_int_equal(bide_future_cancel(task), 0);
        gate_open(&twice.first);
        gate_await(&twice.second, 1);
        assert_int_equal(bide_future_cancel(task), 0);
        gate_open(&twice.second);
        assert_int_equal(bide_join(task, NULL), 0);
    }
}

static int be_asked_anew(void *arg, bide_value *result)
{
    struct dreamer *dreamer = arg;
    (void)result;
    CHECK(!bide_cancelled());
    CHECK_EQUAL(bide_yield(), 0);
    dreamer->errors[0] = bide_sleep(0.0001);
    return 0;
}

/* Cancelling one task leaves no trace for the next on the same worker. */
static void leaves_the_next_task_alone(void **state)
{
    struct fixture *at = *state;
    for (int i = 0; i < 3; i++) {
        struct gate gate = GATE_INIT;
        struct dreamer next = {.errors = {-1, -1, -1}};
        bide_future *task = submit(at->pool, stand_at, &gate);
        gate_await(&gate, 1);
        assert_int_equal(bide_future_cancel(task), 0);
        gate_open(&gate);
        assert_int_equal(bide_join(task, NULL), 0);
        assert_int_equal(bide_join(submit(at->pool, be_asked_anew, &next), NULL), 0);
        assert_int_equal(next.errors[0], 0);
    }
}

static struct gate handled = GATE_INIT;
static volatile sig_atomic_t interruptions;

static void interrupt(int signal)
{
    (void)signal;
    interruptions++;
}

struct disturbed {
    double seconds;
    bide_time slept;
};

static int sleep_through(void *arg)
{
    struct disturbed *disturbed = arg;
    bide_time start = bide_clock();
    int error = bide_sleep(disturbed->seconds);
    disturbed->slept = bide_clock() - start;
    return error;
}

/* The thread is asleep when the first signal comes, and each is given time to be handled by a look at the thread. */
static void sleep_among_signals(double seconds)
{
    struct disturbed disturbed = {.seconds = seconds};
    struct caller caller;
    caller_start(&caller, sleep_through, &disturbed);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(pthread_kill(caller.thread, SIGUSR1), 0);
        sleeper_await(&caller.sleeper);
    }
    assert_int_equal(caller_end(&caller), 0);
    assert_true((double)disturbed.slept >= seconds * 1e9);
}

/* The sleep may be over before a signal comes: then again, and longer. */
static void goes_on_after_signals(void **state)
{
    (void)state;
    struct sigaction action = {.sa_handler = interrupt}, old;
    assert_int_equal(sigaction(SIGUSR1, &action, &old), 0);
    for (double seconds = 0.05; interruptions == 0; seconds *= 2)
        sleep_among_signals(seconds);
    assert_int_equal(sigaction(SIGUSR1, &old, NULL), 0);
}

static void sleep_in_callback(bide_future *future, void *ctx)
{
    (void)future;
    (void)ctx;
    CHECK_EQUAL(bide_sleep(1e-9), EDEADLK);
    CHECK_EQUAL(bide_sleep((double)INFINITY), EDEADLK);
    CHECK_EQUAL(bide_sleep((double)NAN), EINVAL);
    CHECK_EQUAL(bide_sleep(0), 0);
    CHECK_EQUAL(bide_sleep(-1), 0);
    CHECK_EQUAL(bide_yield(), 0);
    CHECK(!bide_cancelled());
    gate_arrive(&handled);
}

static int settle_when_asked(void *arg, bide_value *result)
{
    bide_future **promise = arg;
    (void)result;
    while (!bide_cancelled())
        sched_yield();
    return bide_promise_resolve(*promise, bide_u64(0));
}

/* A callback is no task, also on the thread of a task that was asked to stop. */
static void does_not_sleep_in_callbacks(void **state)
{
    struct fixture *at = *state;
    unsigned before = gate_arrived(&handled);
    bide_future *promise = make_promise();
    assert_int_equal(bide_future_on_done(promise, sleep_in_callback, NULL), 0);
    bide_future *task = submit(at->pool, settle_when_asked, &promise);
    while (bide_future_state(task) == BIDE_PENDING)
        sched_yield();
    assert_int_equal(bide_future_cancel(task), 0);
    assert_int_equal(bide_join(task, NULL), 0);
    assert_int_equal(bide_future_on_done(promise, sleep_in_callback, NULL), 0);
    bide_future_release(promise);
    assert_int_equal(gate_arrived(&handled), before + 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_POOLS(is_never_early),
        ON_ONE_WORKER(yields_for_nothing_and_less),
        ON_POOLS(is_woken_by_a_request_to_stop),
        ON_POOLS(delivers_a_request_made_before),
        ON_POOLS(delivers_each_request_once),
        ON_ONE_WORKER(leaves_the_next_task_alone),
        ALONE(goes_on_after_signals),
        ON_ONE_WORKER(does_not_sleep_in_callbacks),
    };
    return cmocka_run_group_tests(tests, fixture_begin, NULL);
}
