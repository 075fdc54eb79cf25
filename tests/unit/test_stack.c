#include "base/context.h"
#include "base/stack.h"
#include "support/fixture.h"

#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define STACK_SIZE ((size_t)256 << 10)
#define BURST 1000

static size_t page_size(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

static size_t slab_pages(const struct stacks *stacks)
{
    return stacks->per_slab * stacks->stride / page_size();
}

static char *take(struct stacks *stacks)
{
    char *stack = stacks_take(stacks);
    assert_non_null(stack);
    return stack;
}

static void take_and_touch(struct stacks *stacks, char **taken, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        taken[i] = take(stacks);
        taken[i][0] = taken[i][stacks->usable - 1] = 1;
    }
}

static void give(struct stacks *stacks, char **taken, size_t n)
{
    for (size_t i = 0; i < n; i++)
        stacks_give(stacks, taken[i]);
}

static size_t resident_pages(const struct stacks *stacks, char *stack)
{
    unsigned char lowest, highest;
    assert_int_equal(mincore(stack, page_size(), &lowest), 0);
    assert_int_equal(mincore(stack + stacks->stride - 2 * page_size(), page_size(), &highest), 0);
    return (size_t)(lowest & 1) + (highest & 1);
}

static void stacks_are_whole_aligned_and_apart(void **state)
{
    (void)state;
    struct stacks stacks;
    char *taken[200];
    stacks_init(&stacks, STACK_SIZE);
    assert_in_range(stacks.usable, STACK_SIZE - 64, 2 * STACK_SIZE);
    assert_int_equal(stacks.usable % 16, 0);
    for (int i = 0; i < 200; i++) {
        taken[i] = take(&stacks);
        assert_int_equal((uintptr_t)taken[i] % page_size(), 0);
        memset(taken[i], i, stacks.usable);
    }
    for (int i = 0; i < 200; i++)
        assert_memory_equal(taken[i], memset((char[64]){0}, i, 64), 64);
    assert_int_equal(stacks.live, 200);
    give(&stacks, taken, 200);
    assert_int_equal(stacks.live, 0);
    stacks_end(&stacks);
}

static void any_size_will_do(void **state)
{
    (void)state;
    const size_t sizes[] = {0, 1, 4096, 4097, 100000, (size_t)1 << 20, (size_t)16 << 20, ((size_t)64 << 20) + 1};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct stacks stacks;
        char *taken[3];
        stacks_init(&stacks, sizes[i]);
        assert_true(stacks.usable + 64 >= sizes[i]);
        take_and_touch(&stacks, taken, 3);
        give(&stacks, taken, 3);
        stacks_end(&stacks);
    }
}

static void what_cannot_be_had_is_null(void **state)
{
    (void)state;
    struct stacks stacks;
    stacks_init(&stacks, SIZE_MAX);
    assert_null(stacks_take(&stacks));
    stacks_end(&stacks);
}

static void the_last_given_is_the_next_taken(void **state)
{
    (void)state;
    struct stacks stacks;
    char *taken[10];
    stacks_init(&stacks, STACK_SIZE);
    take_and_touch(&stacks, taken, 10);
    give(&stacks, taken, 10);
    for (int i = 9; i >= 0; i--)
        assert_ptr_equal(take(&stacks), taken[i]);
    give(&stacks, taken, 10);
    stacks_end(&stacks);
}

static void a_burst_goes_back_to_the_system(void **state)
{
    (void)state;
    struct stacks stacks;
    char *taken[BURST];
    stacks_init(&stacks, STACK_SIZE);
    take_and_touch(&stacks, taken, BURST);
    assert_true(seams_pages_live() >= BURST * STACK_SIZE / page_size());
    give(&stacks, taken + 1, BURST - 1);
    assert_in_range(seams_pages_live(), 1, 2 * slab_pages(&stacks));
    stacks_give(&stacks, taken[0]);
    assert_int_equal(seams_pages_live(), slab_pages(&stacks));
    stacks_end(&stacks);
    assert_int_equal(seams_pages_live(), 0);
}

/* In any order of giving, no more than one slab stays without a stack in use. */
static void a_burst_given_back_at_random_goes_too(void **state)
{
    (void)state;
    struct stacks stacks;
    char *taken[BURST];
    uint64_t seed = 1;
    stacks_init(&stacks, STACK_SIZE);
    take_and_touch(&stacks, taken, BURST);
    for (size_t left = BURST; left > 0; left--) {
        size_t chosen = test_random(&seed) % left;
        stacks_give(&stacks, taken[chosen]);
        taken[chosen] = taken[left - 1];
        assert_true(seams_pages_live() <= left * slab_pages(&stacks) + slab_pages(&stacks));
    }
    stacks_end(&stacks);
}

static void a_sparse_slab_gives_its_memory_back(void **state)
{
    (void)state;
    struct stacks stacks;
    char *taken[64];
    size_t resident = 0;
    stacks_init(&stacks, STACK_SIZE);
    unsigned all = stacks.per_slab;
    take_and_touch(&stacks, taken, all);
    give(&stacks, taken + 1, all - 1);
    for (unsigned i = 1; i < all; i++)
        resident += resident_pages(&stacks, taken[i]);
    assert_true(resident <= all / 2 * 2);
    assert_int_equal(resident_pages(&stacks, taken[0]), 2);
    assert_int_equal(taken[0][0], 1);
    take_and_touch(&stacks, taken + 1, all - 1);
    give(&stacks, taken, all);
    stacks_end(&stacks);
}

static void taking_and_giving_in_turn_maps_nothing(void **state)
{
    (void)state;
    struct stacks stacks;
    char *taken[65] = {NULL}, *again[2];
    stacks_init(&stacks, STACK_SIZE);
    take_and_touch(&stacks, taken, stacks.per_slab + 1);
    size_t mapped = seams_pages_live();
    seams_fail_pages(1);
    for (int i = 0; i < 100; i++) {
        stacks_give(&stacks, taken[0]);
        stacks_give(&stacks, taken[stacks.per_slab]);
        assert_int_equal(seams_pages_live(), mapped);
        take_and_touch(&stacks, again, 2);
        taken[0] = again[0];
        taken[stacks.per_slab] = again[1];
    }
    assert_false(seams_pages_failed());
    seams_fail_pages(0);
    give(&stacks, taken, stacks.per_slab + 1);
    stacks_end(&stacks);
}

/* Takes and gives many; false: one could not be had, and as many as could be were given back. */
static bool burst_succeeds(void)
{
    struct stacks stacks;
    char *taken[200];
    size_t n = 0;
    stacks_init(&stacks, STACK_SIZE);
    while (n < 200 && (taken[n] = stacks_take(&stacks)))
        n++;
    assert_int_equal(stacks.live, n);
    give(&stacks, taken, n);
    stacks_end(&stacks);
    return n == 200;
}

static void sweep(void (*arm)(size_t nth), bool (*failed)(void))
{
    size_t nth = 0;
    do {
        arm(++nth);
        bool succeeded = burst_succeeds();
        assert_int_equal(succeeded, !failed());
        assert_int_equal(seams_memory_live(), 0);
        assert_int_equal(seams_pages_live(), 0);
    } while (failed());
    arm(0);
    assert_in_range(nth, 4, 32);
}

static void failures_leave_nothing(void **state)
{
    (void)state;
    sweep(seams_fail_memory, seams_memory_failed);
    sweep(seams_fail_pages, seams_pages_failed);
}

static void a_failure_is_not_for_ever(void **state)
{
    (void)state;
    struct stacks stacks;
    stacks_init(&stacks, STACK_SIZE);
    seams_fail_pages(1);
    assert_null(stacks_take(&stacks));
    stacks_give(&stacks, take(&stacks));
    stacks_end(&stacks);
}

static struct {
    struct context root, context;
    struct stacks stacks;
    char *stack;
} overflow;

static void leave(int number, siginfo_t *info, void *ignored)
{
    (void)number;
    (void)ignored;
    char *address = info->si_addr;
    _exit(address >= overflow.stack - overflow.stacks.guard && address < overflow.stack ? 0 : 2);
}

static unsigned fall(unsigned depth)
{
    volatile unsigned char filler[256] = {(unsigned char)depth};
    unsigned below = depth + 1 == 0 ? 0 : fall(depth + 1);
    return below + filler[depth % 256];
}

static void fall_for_ever(void *arg)
{
    fall((unsigned)(uintptr_t)arg);
    for (;;)
        context_switch(&overflow.context, &overflow.root);
}

static void overflow_here(void)
{
    static char handlers_stack[1 << 16];
    sigaltstack(&(stack_t){.ss_sp = handlers_stack, .ss_size = sizeof handlers_stack}, NULL);
    sigaction(SIGSEGV, &(struct sigaction){.sa_sigaction = leave, .sa_flags = SA_SIGINFO | SA_ONSTACK}, NULL);
    context_make_root(&overflow.root);
    context_make(&overflow.context, overflow.stack, overflow.stacks.usable, fall_for_ever, NULL);
    context_switch(&overflow.root, &overflow.context);
    _exit(3);
}

static void check_overflow(void)
{
    int status;
    stacks_init(&overflow.stacks, STACK_SIZE);
    char *neighbour = take(&overflow.stacks);
    overflow.stack = take(&overflow.stacks);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        overflow_here();
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    stacks_give(&overflow.stacks, overflow.stack);
    stacks_give(&overflow.stacks, neighbour);
    stacks_end(&overflow.stacks);
}

static void an_overflow_faults_below_the_stack(void **state)
{
    (void)state;
    if (CONTEXT_IS_AVAILABLE)
        check_overflow();
}

static void an_overflow_faults_where_pages_cannot_be_marked(void **state)
{
    (void)state;
    size_t before = seams_pages_protected();
    seams_refuse_marks(true);
    if (CONTEXT_IS_AVAILABLE)
        check_overflow();
    assert_true(!CONTEXT_IS_AVAILABLE || seams_pages_protected() == before + 2);
    seams_refuse_marks(false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ALONE(stacks_are_whole_aligned_and_apart),
        ALONE(any_size_will_do),
        ALONE(what_cannot_be_had_is_null),
        ALONE(the_last_given_is_the_next_taken),
        ALONE(a_burst_goes_back_to_the_system),
        ALONE(a_burst_given_back_at_random_goes_too),
        ALONE(a_sparse_slab_gives_its_memory_back),
        ALONE(taking_and_giving_in_turn_maps_nothing),
        ALONE(failures_leave_nothing),
        ALONE(a_failure_is_not_for_ever),
        ALONE(an_overflow_faults_below_the_stack),
        ALONE(an_overflow_faults_where_pages_cannot_be_marked),
    };
    return cmocka_run_group_tests(tests, fixture_begin, NULL);
}
