#include "support/asleep.h"

#include <poll.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined __SANITIZE_THREAD__
#define CHILD_CAN_HAVE_THREADS false
#elif defined __has_feature
#if __has_feature(thread_sanitizer)
#define CHILD_CAN_HAVE_THREADS false
#endif
#endif
#ifndef CHILD_CAN_HAVE_THREADS
#define CHILD_CAN_HAVE_THREADS true
#endif

/* What a child finds. */
struct inherited {
    bide_pool *pool;
    bide_future *done, *running, *queued;
    bide_completions *completions; /* of the three, in one test */
    struct gate dropped;           /* the argument of a task that only the pool knows */
    int pipe[2];                   /* that the running one listens to */
    bide_child child;              /* that it has forked, in one test */
    struct sleeper sleeper;
};

/* By exec: what looks for lost memory at an exit would find that of the threads which are not here. */
static void leave(bool failed)
{
    const char *program = failed ? "false" : "true";
    execlp(program, program, (char *)NULL);
    _exit(2);
}

/* Gives the child's exit status: 0 if no check failed there. */
static int in_child(void (*look)(struct inherited *inherited), struct inherited *inherited)
{
    int status;
    pid_t child = fork();
    if (child == 0) {
        alarm(50);
        look(inherited);
        leave(check_failures() > 0);
    }
    CHECK(child > 0);
    CHECK(waitpid(child, &status, 0) == child);
    return status;
}

static int answer(void *arg, bide_value *result)
{
    (void)arg;
    result->i64 = 42;
    return 0;
}

static int never(void *arg, bide_value *result)
{
    (void)arg;
    (void)result;
    check_true(false, "a task ran that must not", __FILE__, __LINE__);
    return 0;
}

static void drop(void *arg)
{
    struct inherited *inherited = arg;
    gate_arrive(&inherited->dropped);
}

static void count(bide_future *future, void *ctx)
{
    (void)future;
    gate_arrive(ctx);
}

static void refuses_tasks(struct inherited *inherited)
{
    bide_pool *pool = inherited->pool;
    bide_future *const untouched = inherited->done;
    bide_future *future = untouched;
    bide_completions *completions;
    double delays[3];
    CHECK_EQUAL(bide_submit(pool, never, NULL, &future), ESHUTDOWN);
    CHECK_EQUAL(bide_try_submit(pool, never, NULL, &future), ESHUTDOWN);
    CHECK_EQUAL(bide_submit_until(pool, never, NULL, BIDE_NOW, &future), ESHUTDOWN);
    CHECK_EQUAL(bide_submit_until(pool, never, NULL, BIDE_FOREVER, &future), ESHUTDOWN);
    CHECK_EQUAL(bide_submit_at(pool, BIDE_NOW, never, NULL, &future), ESHUTDOWN);
    CHECK_EQUAL(bide_task_wait_random(pool, 0.001, &future), ESHUTDOWN);
    CHECK(future == untouched);
    CHECK_EQUAL(bide_wait_n(pool, 3, 0.001, delays), ESHUTDOWN);
    CHECK_EQUAL(bide_task_wait_n(pool, 3, 0.001, delays), ESHUTDOWN);
    CHECK_EQUAL(bide_measure_time(pool, 3, 0.001, delays), ESHUTDOWN);
    CHECK_EQUAL(bide_completions_create(&completions), 0);
    CHECK_EQUAL(bide_completions_submit(completions, pool, never, NULL, NULL), ESHUTDOWN);
    CHECK_EQUAL(bide_completions_next(completions, BIDE_FOREVER, NULL, NULL), ENOENT);
    bide_completions_destroy(completions);
}

static void refuses_to_close(struct inherited *inherited)
{
    bide_pool *pool = inherited->pool;
    CHECK_EQUAL(bide_pool_drain(pool, BIDE_FOREVER), ESHUTDOWN);
    CHECK_EQUAL(bide_pool_drain(pool, BIDE_NOW), ESHUTDOWN);
    CHECK_EQUAL(bide_pool_close(pool, BIDE_DRAIN, BIDE_FOREVER), ESHUTDOWN);
    CHECK_EQUAL(bide_pool_close(pool, BIDE_CANCEL, BIDE_FOREVER), ESHUTDOWN);
    CHECK_EQUAL(bide_pool_close(pool, BIDE_CANCEL, BIDE_NOW), ESHUTDOWN);
}

static void refuses_all_that_waits_for(bide_future *future)
{
    struct gate called = GATE_INIT;
    bide_completions *completions;
    bide_value value = bide_i64(5);
    enum bide_state before = bide_future_state(future);
    CHECK_EQUAL(bide_future_wait(future, BIDE_FOREVER), ESHUTDOWN);
    CHECK_EQUAL(bide_future_wait(future, bide_in(1e6)), ESHUTDOWN);
    CHECK_EQUAL(bide_future_wait_or_cancel(future, BIDE_FOREVER), ESHUTDOWN);
    CHECK_EQUAL(bide_future_wait_or_cancel(future, bide_in(0.001)), ESHUTDOWN);
    CHECK_EQUAL(bide_future_cancel(future), ESHUTDOWN);
    CHECK_EQUAL(bide_future_own(future, drop), ESHUTDOWN);
    CHECK_EQUAL(bide_future_on_done(future, count, &called), ESHUTDOWN);
    CHECK_EQUAL(bide_completions_create(&completions), 0);
    CHECK_EQUAL(bide_completions_add(completions, future, NULL), ESHUTDOWN);
    CHECK_EQUAL(bide_completions_next(completions, BIDE_FOREVER, NULL, NULL), ENOENT);
    bide_completions_destroy(completions);
    CHECK_EQUAL(bide_future_result(future, &value), EBUSY);
    bide_future_retain(future);
    CHECK_EQUAL(bide_join(future, &value), ESHUTDOWN);
    CHECK_EQUAL(value.i64, 5);
    CHECK_EQUAL(bide_future_state(future), before);
    CHECK_EQUAL(gate_arrived(&called), 0);
}

static void can_use_what_has_ended(bide_future *done)
{
    struct gate called = GATE_INIT;
    bide_completions *completions;
    bide_value value;
    CHECK_EQUAL(bide_future_wait(done, BIDE_FOREVER), 0);
    CHECK_EQUAL(bide_future_wait_or_cancel(done, BIDE_NOW), 0);
    CHECK_EQUAL(bide_future_cancel(done), EALREADY);
    CHECK_EQUAL(bide_future_on_done(done, count, &called), 0);
    CHECK_EQUAL(gate_arrived(&called), 1);
    CHECK_EQUAL(bide_completions_create(&completions), 0);
    CHECK_EQUAL(bide_completions_add(completions, done, NULL), 0);
    CHECK_EQUAL(bide_completions_next(completions, BIDE_FOREVER, NULL, NULL), 0);
    bide_completions_destroy(completions);
    CHECK_EQUAL(bide_future_result(done, &value), 0);
    CHECK_EQUAL(value.i64, 42);
}

static void takes_only_what_has_ended(struct inherited *inherited)
{
    bide_future *first = NULL;
    CHECK_EQUAL(bide_completions_next(inherited->completions, BIDE_FOREVER, &first, NULL), 0);
    CHECK(first == inherited->done);
    bide_future_release(first);
    CHECK_EQUAL(bide_completions_next(inherited->completions, BIDE_FOREVER, NULL, NULL), ESHUTDOWN);
    CHECK_EQUAL(bide_completions_next(inherited->completions, bide_in(1e6), NULL, NULL), ESHUTDOWN);
    bide_completions_destroy(inherited->completions);
}

static void release_all(struct inherited *inherited)
{
    bide_future_release(inherited->done);
    bide_future_release(inherited->running);
    bide_future_release(inherited->queued);
}

/* Only frees memory: the arguments are the parent's. Of what was running, the pool's reference is on a stack that is
 * not there any more. */
static void destroys(struct inherited *inherited)
{
    CHECK_EQUAL(bide_pool_destroy(inherited->pool), 0);
    CHECK_EQUAL(gate_arrived(&inherited->dropped), 0);
    CHECK_EQUAL(bide_future_state(inherited->queued), BIDE_PENDING);
    refuses_all_that_waits_for(inherited->queued);
    release_all(inherited);
    CHECK(seams_memory_live() <= 1);
}

static void finds_a_dead_pool(struct inherited *inherited)
{
    refuses_tasks(inherited);
    refuses_to_close(inherited);
    refuses_all_that_waits_for(inherited->running);
    refuses_all_that_waits_for(inherited->queued);
    can_use_what_has_ended(inherited->done);
}

static void finds_and_destroys_a_dead_pool(struct inherited *inherited)
{
    finds_a_dead_pool(inherited);
    destroys(inherited);
}

static int use_inherited(void *arg, bide_value *result)
{
    struct inherited *inherited = arg;
    finds_a_dead_pool(inherited);
    return answer(NULL, result);
}

static void uses_a_pool_of_its_own(struct inherited *inherited)
{
    struct inherited own = {0};
    bide_value value;
    double delays[3];
    CHECK_EQUAL(bide_pool_create(&own.pool, &(bide_pool_options){.workers = 2}), 0);
    CHECK_EQUAL(bide_submit(own.pool, use_inherited, inherited, &own.done), 0);
    CHECK_EQUAL(bide_future_wait(own.done, BIDE_FOREVER), 0);
    CHECK_EQUAL(bide_wait_n(own.pool, 3, 0.001, delays), 0);
    CHECK_EQUAL(bide_run(NULL, answer, NULL, &value), 0);
    CHECK_EQUAL(value.i64, 42);
    CHECK_EQUAL(bide_pool_destroy(own.pool), 0);
    CHECK_EQUAL(bide_join(own.done, &value), 0);
    CHECK_EQUAL(value.i64, 42);
    destroys(inherited);
}

static int listen_to_pipe(void *arg, bide_value *result)
{
    struct inherited *inherited = arg;
    (void)result;
    sleeper_goes(&inherited->sleeper);
    CHECK_EQUAL(poll(&(struct pollfd){.fd = inherited->pipe[0], .events = POLLIN}, 1, -1), 1);
    return 0;
}

/* The worker is at rest, has nothing locked and waits for no condition: a child inherits both as they are. */
static void begin(struct inherited *inherited, bide_pool *pool)
{
    *inherited = (struct inherited){.pool = pool, .dropped = GATE_INIT, .sleeper = SLEEPER_INIT};
    assert_int_equal(pipe(inherited->pipe), 0);
    inherited->done = submit(pool, answer, NULL);
    inherited->running = submit(pool, listen_to_pipe, inherited);
    inherited->queued = submit(pool, answer, NULL);
    bide_future *unknown = submit(pool, answer, inherited);
    assert_int_equal(bide_future_own(unknown, drop), 0);
    bide_future_release(unknown);
    sleeper_await(&inherited->sleeper);
    assert_int_equal(bide_future_state(inherited->done), BIDE_DONE);
}

static void let_run(struct inherited *inherited)
{
    assert_int_equal(write(inherited->pipe[1], "", 1), 1);
    assert_int_equal(bide_pool_drain(inherited->pool, BIDE_FOREVER), 0);
    assert_int_equal(close(inherited->pipe[0]), 0);
    assert_int_equal(close(inherited->pipe[1]), 0);
}

/* What a child did has changed nothing here. */
static void end(struct inherited *inherited)
{
    assert_int_equal(bide_future_state(inherited->queued), BIDE_PENDING);
    let_run(inherited);
    can_use_what_has_ended(inherited->queued);
    assert_int_equal(gate_arrived(&inherited->dropped), 1);
    release_all(inherited);
}

static void leaves_its_own_child_a_dead_pool(struct inherited *inherited)
{
    struct inherited own;
    bide_pool *pool;
    CHECK_EQUAL(bide_pool_create(&pool, &(bide_pool_options){.workers = 1}), 0);
    begin(&own, pool);
    CHECK_EQUAL(in_child(refuses_tasks, inherited), 0);
    CHECK_EQUAL(in_child(finds_a_dead_pool, &own), 0);
    end(&own);
    CHECK_EQUAL(bide_pool_destroy(pool), 0);
    destroys(inherited);
}

/* Promises belong to no pool: whoever has one settles it. */
static void keeps_promises(struct inherited *inherited)
{
    bide_future *promise = inherited->done;
    bide_value value;
    CHECK_EQUAL(bide_future_wait(promise, bide_in(0.001)), ETIMEDOUT);
    CHECK_EQUAL(bide_promise_resolve(promise, bide_i64(42)), 0);
    CHECK_EQUAL(bide_join(promise, &value), 0);
    CHECK_EQUAL(value.i64, 42);
}

static void looks(struct fixture *at, void (*look)(struct inherited *inherited))
{
    struct inherited inherited;
    begin(&inherited, at->pool);
    assert_int_equal(in_child(look, &inherited), 0);
    end(&inherited);
}

static void leaves_a_child_a_dead_pool(void **state)
{
    looks(*state, finds_and_destroys_a_dead_pool);
}

static void lets_a_child_destroy_at_once(void **state)
{
    looks(*state, destroys);
}

static void lets_a_child_use_a_pool_of_its_own(void **state)
{
    if (CHILD_CAN_HAVE_THREADS)
        looks(*state, uses_a_pool_of_its_own);
}

static void lets_a_child_have_children(void **state)
{
    if (CHILD_CAN_HAVE_THREADS)
        looks(*state, leaves_its_own_child_a_dead_pool);
}

static void leaves_a_child_what_completions_have(void **state)
{
    struct fixture *at = *state;
    struct inherited inherited;
    begin(&inherited, at->pool);
    assert_int_equal(bide_completions_create(&inherited.completions), 0);
    assert_int_equal(bide_completions_add(inherited.completions, inherited.running, NULL), 0);
    assert_int_equal(bide_completions_add(inherited.completions, inherited.done, NULL), 0);
    assert_int_equal(bide_completions_add(inherited.completions, inherited.queued, NULL), 0);
    assert_int_equal(in_child(takes_only_what_has_ended, &inherited), 0);
    let_run(&inherited);
    for (int i = 0; i < 3; i++)
        assert_int_equal(bide_completions_next(inherited.completions, BIDE_FOREVER, NULL, NULL), 0);
    bide_completions_destroy(inherited.completions);
    release_all(&inherited);
}

/* A thread that is inside a cancel, as the callback which that runs is at rest. */
struct canceller {
    struct inherited *inherited;
    bide_future *future;
    struct sleeper sleeper;
    pthread_t thread;
};

static void listen_in_callback(bide_future *future, void *ctx)
{
    struct canceller *canceller = ctx;
    CHECK_EQUAL(bide_future_state(future), BIDE_CANCELLED);
    sleeper_goes(&canceller->sleeper);
    CHECK_EQUAL(poll(&(struct pollfd){.fd = canceller->inherited->pipe[0], .events = POLLIN}, 1, -1), 1);
}

static void *cancel(void *arg)
{
    struct canceller *canceller = arg;
    CHECK_EQUAL(bide_future_cancel(canceller->future), 0);
    return NULL;
}

static void start_to_cancel(struct canceller *canceller, struct inherited *inherited)
{
    *canceller = (struct canceller){.inherited = inherited, .sleeper = SLEEPER_INIT};
    canceller->future = submit(inherited->pool, never, NULL);
    assert_int_equal(bide_future_on_done(canceller->future, listen_in_callback, canceller), 0);
    canceller->thread = start_thread(cancel, canceller);
    sleeper_await(&canceller->sleeper);
}

static void only_destroys(struct inherited *inherited)
{
    CHECK_EQUAL(bide_pool_destroy(inherited->pool), 0);
    release_all(inherited);
}

static void lets_a_child_destroy_what_others_were_cancelling(void **state)
{
    struct fixture *at = *state;
    struct inherited inherited;
    struct canceller canceller;
    begin(&inherited, at->pool);
    start_to_cancel(&canceller, &inherited);
    assert_int_equal(in_child(only_destroys, &inherited), 0);
    end(&inherited);
    end_thread(canceller.thread);
    bide_future_release(canceller.future);
}

static void leaves_a_child_its_promises(void **state)
{
    (void)state;
    struct inherited inherited = {.done = make_promise()};
    assert_int_equal(in_child(keeps_promises, &inherited), 0);
    assert_int_equal(bide_future_state(inherited.done), BIDE_PENDING);
    bide_future_release(inherited.done);
}

/* A task that has handed out a part of its work. */
static int fork_and_listen(void *arg, bide_value *result)
{
    struct inherited *inherited = arg;
    bide_fork(&inherited->child, answer, NULL);
    listen_to_pipe(inherited, result);
    return bide_fork_join(&inherited->child, result);
}

static void destroys_without_touching_it(struct inherited *inherited)
{
    bide_child before = inherited->child;
    only_destroys(inherited);
    CHECK_EQUAL(memcmp(&inherited->child, &before, sizeof before), 0);
}

static void lets_a_child_destroy_what_a_task_has_forked(void **state)
{
    struct fixture *at = *state;
    struct inherited inherited = {.pool = at->pool, .sleeper = SLEEPER_INIT};
    bide_value value;
    assert_int_equal(pipe(inherited.pipe), 0);
    inherited.running = submit(at->pool, fork_and_listen, &inherited);
    sleeper_await(&inherited.sleeper);
    assert_int_equal(in_child(destroys_without_touching_it, &inherited), 0);
    let_run(&inherited);
    assert_int_equal(bide_join(inherited.running, &value), 0);
    assert_int_equal(value.i64, 42);
}

static void do_nothing(struct inherited *inherited)
{
    (void)inherited;
}

static int fork_and_exit(void *arg, bide_value *result)
{
    (void)arg;
    result->i64 = in_child(do_nothing, NULL);
    return 0;
}

static void lets_a_task_fork_and_exit(void **state)
{
    struct fixture *at = *state;
    bide_value value;
    assert_int_equal(bide_join(submit(at->pool, fork_and_exit, NULL), &value), 0);
    assert_int_equal(value.i64, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_ONE_WORKER(leaves_a_child_a_dead_pool),
        ON_ONE_WORKER(lets_a_child_destroy_at_once),
        ON_ONE_WORKER(lets_a_child_use_a_pool_of_its_own),
        ON_ONE_WORKER(lets_a_child_have_children),
        ON_ONE_WORKER(leaves_a_child_what_completions_have),
        ON_ONE_WORKER(lets_a_child_destroy_what_others_were_cancelling),
        ON_ONE_WORKER(lets_a_child_destroy_what_a_task_has_forked),
        ALONE(leaves_a_child_its_promises),
        ON_POOLS(lets_a_task_fork_and_exit),
    };
    return cmocka_run_group_tests(tests, fixture_begin, NULL);
}
