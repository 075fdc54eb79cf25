#include "support/machine.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Leaves everything changed behind. */
static int spoil(void *arg, bide_value *result)
{
    struct machine *found = arg;
    *found = machine_now();
    change_machine(EXDEV, FE_DOWNWARD, SIG_UNBLOCK, PTHREAD_CANCEL_ENABLE, PTHREAD_CANCEL_DEFERRED);
    (void)result;
    return 0;
}

static int spoil_otherwise(void *arg, bide_value *result)
{
    struct machine *found = arg;
    *found = machine_now();
    change_machine(ENOTTY, FE_TOWARDZERO, SIG_BLOCK, PTHREAD_CANCEL_DISABLE, PTHREAD_CANCEL_DEFERRED);
    (void)result;
    return 0;
}

static void is_for_each_task_as_for_the_first(void **state)
{
    struct fixture *at = *state;
    struct machine first, found[20];
    assert_int_equal(bide_join(submit(at->pool, spoil, &first), NULL), 0);
    for (unsigned i = 0; i < 20; i++)
        assert_int_equal(bide_submit(at->pool, i % 2 ? spoil : spoil_otherwise, &found[i], NULL), 0);
    assert_int_equal(bide_pool_drain(at->pool, BIDE_FOREVER), 0);
    assert_int_equal(first.rounding, FE_TONEAREST);
    for (int i = 0; i < 20; i++)
        check_same(&found[i], &first);
}

/* The machine as the outer task has set it, and what the one in its wait has found. */
struct nesting {
    struct machine fresh, inner;
    bide_future *future;
    bide_completions *completions;
    int (*wait)(struct nesting *nesting);
};

static int by_wait(struct nesting *nesting)
{
    return bide_future_wait(nesting->future, BIDE_FOREVER);
}

static int by_wait_or_cancel(struct nesting *nesting)
{
    return bide_future_wait_or_cancel(nesting->future, BIDE_FOREVER);
}

static int by_join(struct nesting *nesting)
{
    bide_future_retain(nesting->future);
    return bide_join(nesting->future, NULL);
}

static int by_next(struct nesting *nesting)
{
    return bide_completions_next(nesting->completions, BIDE_FOREVER, NULL, NULL);
}

static int nest(void *arg, bide_value *result)
{
    struct nesting *nesting = arg;
    bide_pool *pool = bide_current_pool();
    (void)result;
    nesting->fresh = machine_now();
    CHECK_EQUAL(bide_submit(pool, spoil, &nesting->inner, &nesting->future), 0);
    CHECK_EQUAL(bide_completions_create(&nesting->completions), 0);
    CHECK_EQUAL(bide_completions_add(nesting->completions, nesting->future, NULL), 0);
    change_machine(EILSEQ, FE_UPWARD, SIG_BLOCK, PTHREAD_CANCEL_DISABLE, PTHREAD_CANCEL_DEFERRED);
    struct machine before = machine_now();
    int error = nesting->wait(nesting);
    struct machine after = machine_now();
    CHECK_EQUAL(error, 0);
    check_same(&after, &before);
    CHECK_EQUAL(bide_future_state(nesting->future), BIDE_DONE);
    bide_completions_destroy(nesting->completions);
    bide_future_release(nesting->future);
    return 0;
}

/* One worker, so that the wait has to run the other task in place. */
static void survives_a_run_in_place(void **state)
{
    struct fixture *at = *state;
    int (*const ways[])(struct nesting *) = {by_wait, by_wait_or_cancel, by_join, by_next};
    for (int i = 0; i < 4; i++) {
        struct nesting nesting = {.wait = ways[i]};
        assert_int_equal(bide_join(submit(at->pool, nest, &nesting), NULL), 0);
        check_same(&nesting.inner, &nesting.fresh);
    }
}

static int submit_and_make_room(void *arg, bide_value *result)
{
    struct machine *found = arg, before, after;
    bide_pool *pool = bide_current_pool();
    (void)result;
    found[0] = machine_now();
    change_machine(EILSEQ, FE_UPWARD, SIG_BLOCK, PTHREAD_CANCEL_DISABLE, PTHREAD_CANCEL_DEFERRED);
    before = machine_now();
    CHECK_EQUAL(bide_submit(pool, spoil, &found[1], NULL), 0);
    CHECK_EQUAL(bide_submit(pool, spoil, &found[2], NULL), 0);
    after = machine_now();
    check_same(&after, &before);
    check_same(&found[1], &found[0]);
    return 0;
}

static void survives_a_submit_that_makes_room(void **state)
{
    (void)state;
    struct machine found[3];
    bide_pool *pool = make_pool_with(&(bide_pool_options){.workers = 1, .max_pending = 1});
    assert_int_equal(bide_join(submit(pool, submit_and_make_room, found), NULL), 0);
    end_pool(pool);
    check_same(&found[2], &found[0]);
}

static int wait_in_other_ways(void *arg, bide_value *result)
{
    static bide_mutex mutex;
    static bide_cond cond;
    struct machine before, after;
    (void)result;
    change_machine(EILSEQ, FE_UPWARD, SIG_BLOCK, PTHREAD_CANCEL_DISABLE, PTHREAD_CANCEL_DEFERRED);
    before = machine_now();
    CHECK_EQUAL(bide_sleep(0.0001), 0);
    CHECK_EQUAL(bide_yield(), 0);
    CHECK_EQUAL(bide_future_wait(arg, bide_in(0.0001)), ETIMEDOUT);
    CHECK_EQUAL(bide_mutex_lock(&mutex), 0);
    CHECK_EQUAL(bide_cond_wait(&cond, &mutex, bide_in(0.0001)), ETIMEDOUT);
    CHECK_EQUAL(bide_mutex_unlock(&mutex), 0);
    after = machine_now();
    check_same(&after, &before);
    return 0;
}

static void survives_other_waits(void **state)
{
    struct fixture *at = *state;
    bide_future *promise = make_promise();
    assert_int_equal(bide_join(submit(at->pool, wait_in_other_ways, promise), NULL), 0);
    bide_future_release(promise);
}

static int return_at_once(void *arg, bide_value *result)
{
    (void)arg;
    (void)result;
    return 0;
}

/* Errors come as return values: errno is the caller's. */
static void leaves_errno_alone(void **state)
{
    (void)state;
    bide_pool *pool;
    bide_future *future, *promise;
    bide_mutex mutex = {{0}};
    bide_cond cond = {{0}};
    errno = EILSEQ;
    CHECK_EQUAL(bide_pool_create(&pool, &(bide_pool_options){.stack_size = 1}), EINVAL);
    CHECK_EQUAL(errno, EILSEQ);
    CHECK_EQUAL(bide_pool_create(&pool, NULL), 0);
    CHECK_EQUAL(errno, EILSEQ);
    CHECK_EQUAL(bide_submit(pool, return_at_once, NULL, &future), 0);
    CHECK_EQUAL(bide_join(future, NULL), 0);
    CHECK_EQUAL(bide_promise_create(&promise), 0);
    CHECK_EQUAL(bide_future_wait(promise, bide_in(0.001)), ETIMEDOUT);
    CHECK_EQUAL(bide_future_wait_or_cancel(promise, bide_in(0.001)), ETIMEDOUT);
    bide_future_release(promise);
    CHECK_EQUAL(bide_sleep(0.001), 0);
    CHECK_EQUAL(bide_yield(), 0);
    CHECK_EQUAL(bide_mutex_lock(&mutex), 0);
    CHECK_EQUAL(bide_cond_wait(&cond, &mutex, bide_in(0.001)), ETIMEDOUT);
    CHECK_EQUAL(bide_mutex_unlock(&mutex), 0);
    CHECK_EQUAL(errno, EILSEQ);
    CHECK_EQUAL(bide_pool_close(pool, BIDE_CANCEL, BIDE_FOREVER), 0);
    CHECK_EQUAL(bide_pool_destroy(pool), 0);
    CHECK_EQUAL(errno, EILSEQ);
}

static bool stays_open(int signal)
{
    static const int open[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT, SIGPROF};
    for (size_t i = 0; i < sizeof open / sizeof *open; i++)
        if (open[i] == signal)
            return true;
    return false;
}

/* Found with all signals blocked that can be: not KILL and STOP, nor what the C library or an emulator keeps for itself. */
static struct machine closed;

static void find_what_can_be_blocked(void)
{
    sigset_t all, old;
    sigfillset(&all);
    assert_int_equal(pthread_sigmask(SIG_SETMASK, &all, &old), 0);
    closed = machine_now();
    assert_int_equal(pthread_sigmask(SIG_SETMASK, &old, NULL), 0);
}

static void check_mask(const struct machine *machine)
{
    for (int i = 1; i <= 64; i++)
        if (!CHECK_EQUAL(machine->blocked[i], closed.blocked[i] && !stays_open(i)))
            fprintf(stderr, "signal %d\n", i);
}

static int check_mask_at_start(unsigned index, void *ctx)
{
    struct machine machine = machine_now();
    (void)index;
    (void)ctx;
    check_mask(&machine);
    return 0;
}

static int check_mask_as_task(void *arg, bide_value *result)
{
    struct machine machine = machine_now();
    (void)arg;
    (void)result;
    check_mask(&machine);
    return 0;
}

/* Whatever mask the creator has; and it keeps that. */
static void blocks_signals_in_workers(void **state)
{
    (void)state;
    find_what_can_be_blocked();
    for (int all = 0; all < 2; all++) {
        sigset_t set, old;
        if (all)
            sigfillset(&set);
        else
            sigemptyset(&set);
        assert_int_equal(pthread_sigmask(SIG_SETMASK, &set, &old), 0);
        struct machine before = machine_now();
        bide_pool *pool = make_pool_with(&(bide_pool_options){.workers = 2, .worker_start = check_mask_at_start});
        assert_int_equal(bide_join(submit(pool, check_mask_as_task, NULL), NULL), 0);
        end_pool(pool);
        struct machine after = machine_now();
        check_same(&after, &before);
        assert_int_equal(pthread_sigmask(SIG_SETMASK, &old, NULL), 0);
    }
}

static void open_to_a_signal(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

static bool is_open_to_it(void)
{
    sigset_t set;
    pthread_sigmask(SIG_SETMASK, NULL, &set);
    return !sigismember(&set, SIGUSR2);
}

static int expect_closed(void *arg, bide_value *result)
{
    (void)arg;
    (void)result;
    CHECK(!is_open_to_it());
    return 0;
}

static int open_and_return(void *arg, bide_value *result)
{
    (void)arg;
    (void)result;
    open_to_a_signal();
    return 0;
}

static int open_and_wait(void *arg, bide_value *result)
{
    (void)arg;
    (void)result;
    open_to_a_signal();
    int error = bide_yield();
    CHECK(is_open_to_it());
    return error;
}

static int open_and_join(void *arg, bide_value *result)
{
    bide_future *child;
    (void)result;
    CHECK_EQUAL(bide_submit(arg, expect_closed, NULL, &child), 0);
    open_to_a_signal();
    int error = bide_join(child, NULL);
    CHECK(is_open_to_it());
    return error;
}

static int open_and_join_one_that_does(void *arg, bide_value *result)
{
    bide_future *child;
    (void)result;
    CHECK_EQUAL(bide_submit(arg, open_and_wait, NULL, &child), 0);
    int error = bide_join(child, NULL);
    CHECK(!is_open_to_it());
    open_to_a_signal();
    return error;
}

/* By turns with tasks that look. A mask is not looked at after what was too short to have changed it. */
static void finds_out_who_changes_the_mask_however_short(void **state)
{
    struct fixture *at = *state;
    bide_task_fn *const ways[] = {open_and_return, open_and_wait, open_and_join, open_and_join_one_that_does};
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        for (unsigned long rounds = test_scale(3000); rounds; rounds--) {
            assert_int_equal(bide_submit(at->pool, ways[i], at->pool, NULL), 0);
            assert_int_equal(bide_submit(at->pool, expect_closed, NULL, NULL), 0);
        }
        assert_int_equal(bide_pool_drain(at->pool, BIDE_FOREVER), 0);
        assert_int_equal(check_failures(), 0);
    }
}

static pthread_t handler_thread;
static volatile sig_atomic_t handled;

static void note_thread(int signal)
{
    (void)signal;
    handler_thread = pthread_self();
    handled = 1;
}

/* A signal to the process comes to the only thread that takes it, at once. */
static void leaves_signals_to_the_program(void **state)
{
    struct fixture *at = *state;
    struct sigaction action = {.sa_handler = note_thread}, old;
    struct gate gate = GATE_INIT;
    assert_int_equal(sigaction(SIGUSR1, &action, &old), 0);
    occupy(at->pool, 1, &gate);
    assert_int_equal(kill(getpid(), SIGUSR1), 0);
    while (!handled)
        sched_yield();
    assert_true(pthread_equal(handler_thread, pthread_self()));
    vacate(at->pool, &gate);
    assert_int_equal(sigaction(SIGUSR1, &old, NULL), 0);
}

static void installs_no_handlers(void **state)
{
    (void)state;
    struct sigaction before[65], after;
    for (int i = 1; i <= 64; i++)
        if (sigaction(i, NULL, &before[i]))
            before[i].sa_handler = SIG_DFL;
    bide_pool *pool = make_pool(2);
    assert_int_equal(bide_join(submit(pool, return_at_once, NULL), NULL), 0);
    for (int i = 1; i <= 64; i++)
        if (sigaction(i, NULL, &after) == 0)
            assert_true(after.sa_handler == before[i].sa_handler && after.sa_flags == before[i].sa_flags);
    end_pool(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_ONE_WORKER(is_for_each_task_as_for_the_first),
        ON_ONE_WORKER(survives_a_run_in_place),
        ALONE(survives_a_submit_that_makes_room),
        ON_ONE_WORKER(survives_other_waits),
        ALONE(leaves_errno_alone),
        ALONE(blocks_signals_in_workers),
        ON_ONE_WORKER(finds_out_who_changes_the_mask_however_short),
        ON_ONE_WORKER(leaves_signals_to_the_program),
        ALONE(installs_no_handlers),
    };
    return cmocka_run_group_tests(tests, fixture_begin, NULL);
}
