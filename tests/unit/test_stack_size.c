#include "base/stack.h"
#include "support/fixture.h"

#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define STACK_SIZE ((size_t)256 << 10)

/* What the lower end of a stack and its upper end take away: frames of the loop, of checks, and of the tools that watch. */
#define MARGIN ((size_t)6 << 10)

static size_t page_size(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

/* Under sanitizers a stack is larger than asked for. */
static size_t real_size(size_t stack_size)
{
    struct stacks stacks;
    stacks_init(&stacks, stack_size);
    return stacks.stride - stacks.guard;
}

/* Write to the whole of the stack down to there, and find it as it was. */
static __attribute__((noinline)) bool fill(const char *end)
{
    volatile unsigned char filler[256];
    const char *here = __builtin_frame_address(0);
    unsigned char number = (unsigned char)((uintptr_t)here >> 8);
    for (size_t i = 0; i < sizeof filler; i++)
        filler[i] = (unsigned char)(number + i);
    bool is_whole = here < end || fill(end);
    for (size_t i = 0; i < sizeof filler; i++)
        is_whole = is_whole && filler[i] == (unsigned char)(number + i);
    return is_whole;
}

/* A task that uses its stack up, waits, and uses it up again. */
struct glutton {
    size_t room;
    bide_future *promise;
};

static int use_stack_up(void *arg, bide_value *result)
{
    struct glutton *glutton = arg;
    const char *end = (const char *)__builtin_frame_address(0) - glutton->room;
    (void)result;
    CHECK(fill(end));
    CHECK_EQUAL(bide_future_wait(glutton->promise, BIDE_FOREVER), 0);
    CHECK(fill(end));
    return 0;
}

static int keep_promise(void *promise, bide_value *result)
{
    (void)result;
    return bide_promise_resolve(promise, bide_u64(0));
}

/* All of them have started when the promise is kept. */
static void check_room(size_t stack_size, size_t room)
{
    struct gate gate = GATE_INIT;
    bide_pool *pool = make_pool_with(&(bide_pool_options){.workers = 1, .stack_size = stack_size});
    struct glutton glutton = {.room = room, .promise = make_promise()};
    occupy(pool, 1, &gate);
    for (int i = 0; i < 5; i++)
        assert_int_equal(bide_submit(pool, use_stack_up, &glutton, NULL), 0);
    assert_int_equal(bide_submit(pool, keep_promise, glutton.promise, NULL), 0);
    vacate(pool, &gate);
    end_pool(pool);
    bide_future_release(glutton.promise);
}

static void a_task_can_use_what_was_asked_for(void **state)
{
    (void)state;
    const size_t sizes[] = {(size_t)PTHREAD_STACK_MIN, 150000, (size_t)1 << 20, (size_t)4 << 20};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        check_room(sizes[i], sizes[i] - MARGIN);
}

static void it_can_use_256_kib_unasked(void **state)
{
    (void)state;
    check_room(0, STACK_SIZE - MARGIN);
}

/* Of the stack that overflows. */
static char *lowest;

#define IN_GUARD 5
#define ELSEWHERE 6

/* It runs on the worker's stack for signals: on its own there is no room. */
static void look_at_fault(int number, siginfo_t *info, void *ignored)
{
    const char *address = info->si_addr;
    (void)number;
    (void)ignored;
    _exit(address >= lowest - page_size() && address < lowest ? IN_GUARD : ELSEWHERE);
}

static unsigned fall(unsigned depth)
{
    volatile unsigned char filler[256] = {(unsigned char)depth};
    unsigned below = depth + 1 == 0 ? 0 : fall(depth + 1);
    return below + filler[depth % 256];
}

/* The few frames above lie in the highest page. */
static int overflow(void *depth, bide_value *result)
{
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    lowest = (char *)((here | (page_size() - 1)) + 1 - real_size(STACK_SIZE));
    *result = bide_u64(fall(*(unsigned *)depth));
    return 0;
}

static int await_promise(void *promise, bide_value *result)
{
    (void)result;
    return bide_future_wait(promise, BIDE_FOREVER);
}

/* Between the stacks of others. */
static void overflow_in_a_pool(void)
{
    unsigned depth = 0;
    bide_future *promise;
    bide_pool *pool;
    bide_pool_options options = {.workers = 1, .stack_size = STACK_SIZE};
    if (bide_pool_create(&pool, &options) || bide_promise_create(&promise))
        _exit(3);
    for (int i = 0; i < 9; i++)
        bide_submit(pool, await_promise, promise, NULL);
    bide_submit(pool, overflow, &depth, NULL);
    bide_pool_destroy(pool);
    _exit(4);
}

static int status_of_overflow(void)
{
    const struct sigaction action = {.sa_sigaction = look_at_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    int status;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
        sigaction(SIGSEGV, &action, NULL);
        overflow_in_a_pool();
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

/* drd 3.19 itself fails when a process is ended on a stack that it does not know. */
static bool is_under_drd(void)
{
    const char *preloaded = getenv("LD_PRELOAD");
    return preloaded && strstr(preloaded, "vgpreload_drd");
}

static void a_task_that_recurses_for_ever_faults_right_below_its_stack(void **state)
{
    (void)state;
    if (is_under_drd())
        skip();
    int status = status_of_overflow();
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), IN_GUARD);
}

#define BURST_STACK_SIZE ((size_t)1 << 20)
#define SPARES 64 /* that a worker may keep */

static size_t slab_pages(void)
{
    struct stacks stacks;
    stacks_init(&stacks, BURST_STACK_SIZE);
    return stacks.per_slab * stacks.stride / page_size();
}

/* Many tasks are parked at one time, each for a promise of its own. */
static void park_all(bide_pool *pool, bide_future **promises, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        promises[i] = make_promise();
        assert_int_equal(bide_submit(pool, await_promise, promises[i], NULL), 0);
    }
    while (seams_pages_live() < n * BURST_STACK_SIZE / page_size())
        sched_yield();
}

static void shuffle(bide_future **promises, size_t n)
{
    uint64_t seed = n;
    for (size_t i = 0; i < n; i++) {
        size_t chosen = i + test_random(&seed) % (n - i);
        bide_future *promise = promises[chosen];
        promises[chosen] = promises[i];
        promises[i] = promise;
    }
}

static void let_all_end(bide_pool *pool, bide_future **promises, size_t n)
{
    for (size_t i = 0; i < n; i++)
        assert_int_equal(bide_promise_resolve(promises[i], bide_u64(0)), 0);
    assert_int_equal(bide_pool_drain(pool, BIDE_FOREVER), 0);
    for (size_t i = 0; i < n; i++)
        bide_future_release(promises[i]);
}

/* Twice, since a pool goes on after a burst. */
static void check_bursts(unsigned workers, bool in_order, size_t slabs)
{
    size_t n = test_scale(2000);
    bide_future **promises = calloc(n, sizeof *promises);
    bide_pool *pool = make_pool_with(&(bide_pool_options){.workers = workers, .stack_size = BURST_STACK_SIZE});
    for (int i = 0; i < 2; i++) {
        park_all(pool, promises, n);
        if (!in_order)
            shuffle(promises, n);
        let_all_end(pool, promises, n);
        assert_in_range(seams_pages_live(), 1, workers * slabs * slab_pages());
    }
    end_pool(pool);
    free(promises);
}

/* What a worker keeps lies more or less together, where the first ones lay. */
static void a_burst_goes_back_to_the_system(void **state)
{
    (void)state;
    check_bursts(1, true, 2 * SPARES * real_size(BURST_STACK_SIZE) / page_size() / slab_pages() + 4);
}

/* What a worker keeps may lie far apart. */
static void a_burst_that_ends_at_random_goes_too(void **state)
{
    (void)state;
    check_bursts(1, false, SPARES + 2);
    check_bursts(2, false, SPARES + 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ALONE(a_task_can_use_what_was_asked_for),
        ALONE(it_can_use_256_kib_unasked),
        ALONE(a_task_that_recurses_for_ever_faults_right_below_its_stack),
        ALONE(a_burst_goes_back_to_the_system),
        ALONE(a_burst_that_ends_at_random_goes_too),
    };
    return cmocka_run_group_tests(tests, fixture_begin, NULL);
}
