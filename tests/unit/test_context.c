#include "base/context.h"
#include "support/fixture.h"

#include <dlfcn.h>
#include <fenv.h>
#include <stdlib.h>
#include <string.h>
#include <unwind.h>

#ifdef __GLIBC__
#include <execinfo.h>
#endif
#ifdef __ARM_FEATURE_BTI_DEFAULT
#include <sys/mman.h>
#include <unistd.h>
#endif

#define STACK_SIZE ((size_t)128 << 10)
#define CONTEXTS 1000

/* A context, who switches to it, and what it finds. */
struct place {
    struct context context, *home;
    void *stack;
    unsigned long rounds;
    uint64_t found;
    int number;
};

static struct context root;

static void *page_aligned(size_t size)
{
    void *memory = NULL;
    assert_int_equal(posix_memalign(&memory, 4096, size), 0);
    return memory;
}

static void open_place(struct place *place, void (*entry)(void *place))
{
    place->home = &root;
    place->stack = page_aligned(STACK_SIZE);
    context_make(&place->context, place->stack, STACK_SIZE, entry, place);
}

static void close_place(struct place *place)
{
    context_end(&place->context);
    free(place->stack);
}

static void visit(struct place *place)
{
    context_switch(&root, &place->context);
}

static void go_home(struct place *place)
{
    context_switch(&place->context, place->home);
}

/* More values at a time than there are registers a function must keep, with and without switches in between. */
static uint64_t compute(struct place *place, unsigned long rounds, uint64_t seed)
{
    uint64_t a = seed, b = a * 3 + 1, c = b * 5 + 1, d = c * 7 + 1, e = d * 11 + 1, f = e * 13 + 1;
    double g = (double)(seed % 100), h = g + 0.5, i = g + 0.25, j = g + 0.125;
    for (unsigned long n = 0; n < rounds; n++) {
        if (place)
            go_home(place);
        a = a * 3 + (f ^ n), b = b * 5 + a, c = c * 7 + b, d = d * 9 + c, e = e * 11 + d, f = f * 13 + e;
        g = g * 0.5 + h, h = h * 0.5 + i, i = i * 0.5 + j, j = j * 0.5 + (double)(f % 16);
    }
    return a ^ b ^ c ^ d ^ e ^ f ^ (uint64_t)(g * 64) ^ (uint64_t)(h * 64) ^ (uint64_t)(i * 64) ^ (uint64_t)(j * 64);
}

static void compute_and_stay(void *arg)
{
    struct place *place = arg;
    place->found = compute(place, place->rounds, (uint64_t)place->number);
    for (;;)
        go_home(place);
}

static void switching_keeps_what_a_function_holds(void **state)
{
    (void)state;
    struct place one = {.rounds = test_scale(100000), .number = 1}, two = {.rounds = one.rounds, .number = 2};
    open_place(&one, compute_and_stay);
    open_place(&two, compute_and_stay);
    for (unsigned long n = 0; n <= one.rounds; n++) {
        visit(&one);
        visit(&two);
    }
    assert_true(one.found == compute(NULL, one.rounds, 1));
    assert_true(two.found == compute(NULL, two.rounds, 2));
    close_place(&one);
    close_place(&two);
}

static void many_contexts_are_alive(void **state)
{
    (void)state;
    struct place *places = calloc(CONTEXTS, sizeof *places);
    for (int i = 0; i < CONTEXTS; i++) {
        places[i].rounds = 3;
        places[i].number = i;
        open_place(&places[i], compute_and_stay);
    }
    for (int n = 0; n <= 3; n++)
        for (int i = 0; i < CONTEXTS; i++)
            visit(&places[i]);
    for (int i = 0; i < CONTEXTS; i++) {
        assert_true(places[i].found == compute(NULL, 3, (uint64_t)i));
        close_place(&places[i]);
    }
    free(places);
}

static void pass_on(void *arg)
{
    struct place *place = arg;
    place->found = 1;
    context_switch(&place->context, place->home);
    for (;;)
        go_home(place);
}

static void contexts_switch_among_themselves(void **state)
{
    (void)state;
    struct place last = {.number = 0}, first = {.number = 1};
    open_place(&last, pass_on);
    open_place(&first, pass_on);
    first.home = &last.context;
    visit(&first);
    assert_int_equal(first.found, 1);
    assert_int_equal(last.found, 1);
    close_place(&first);
    close_place(&last);
}

static void round_upwards(void *arg)
{
    struct place *place = arg;
    place->found = (uint64_t)fegetround();
    fesetround(FE_UPWARD);
    go_home(place);
    place->found = (uint64_t)fegetround();
    for (;;)
        go_home(place);
}

static void rounding_belongs_to_the_context(void **state)
{
    (void)state;
    struct place place = {0};
    fesetround(FE_DOWNWARD);
    open_place(&place, round_upwards);
    fesetround(FE_TOWARDZERO);
    visit(&place);
    assert_int_equal(place.found, FE_DOWNWARD);
    assert_int_equal(fegetround(), FE_TOWARDZERO);
    visit(&place);
    assert_int_equal(place.found, FE_UPWARD);
    assert_int_equal(fegetround(), FE_TOWARDZERO);
    fesetround(FE_TONEAREST);
    close_place(&place);
}

static void set_errno(void *arg)
{
    struct place *place = arg;
    place->found = (uint64_t)errno;
    errno = ERANGE;
    go_home(place);
    place->found = (uint64_t)errno;
    for (;;)
        go_home(place);
}

static void errno_belongs_to_the_context(void **state)
{
    (void)state;
    struct place place = {0};
    open_place(&place, set_errno);
    errno = EDOM;
    visit(&place);
    assert_int_equal(errno, EDOM);
    assert_int_equal(place.found, 0);
    visit(&place);
    assert_int_equal(errno, EDOM);
    assert_int_equal(place.found, ERANGE);
    close_place(&place);
}

static uint64_t descend(struct place *place, unsigned depth)
{
    volatile unsigned char filler[256];
    memset((void *)(uintptr_t)filler, (int)depth, sizeof filler);
    if (depth == 0)
        go_home(place);
    else
        place->found += descend(place, depth - 1);
    return filler[depth];
}

static void call_deeply(void *arg)
{
    struct place *place = arg;
    place->found += descend(place, 100);
    for (;;)
        go_home(place);
}

static void deep_calls_come_back(void **state)
{
    (void)state;
    struct place place = {0};
    open_place(&place, call_deeply);
    visit(&place);
    assert_int_equal(place.found, 0);
    visit(&place);
    assert_int_equal(place.found, 100 * 101 / 2);
    close_place(&place);
}

static void look_at_alignment(void *arg)
{
    struct place *place = arg;
    _Alignas(16) char aligned[16];
    char *address = aligned;
    __asm__ volatile("" : "+r"(address));
    place->found = (uintptr_t)address % 16;
    for (;;)
        go_home(place);
}

static void stacks_of_any_size_are_aligned(void **state)
{
    (void)state;
    for (size_t less = 0; less < 32; less++) {
        struct place place = {.home = &root, .stack = page_aligned(STACK_SIZE), .found = 1};
        context_make(&place.context, place.stack, STACK_SIZE - less, look_at_alignment, &place);
        visit(&place);
        assert_int_equal(place.found, 0);
        close_place(&place);
    }
}

static void an_ended_context_is_made_again(void **state)
{
    (void)state;
    struct place place = {.rounds = 1};
    open_place(&place, compute_and_stay);
    for (int n = 0; n < 10; n++) {
        visit(&place);
        context_end(&place.context);
        context_make(&place.context, place.stack, STACK_SIZE, compute_and_stay, &place);
    }
    close_place(&place);
}

/* Calls that a context is to see to. */
static struct context *return_at_once(void *arg)
{
    struct place *place = arg;
    place->found = (uintptr_t)__builtin_frame_address(0);
    return place->home;
}

static void call(struct place *place, struct context *(*fn)(void *place))
{
    context_call(&root, &place->context, fn, place);
}

static bool is_on_stack(const struct place *place)
{
    return place->found - (uintptr_t)place->stack < STACK_SIZE;
}

static void count_visits(void *arg)
{
    for (struct place *place = arg;; go_home(place))
        place->rounds++;
}

static void a_call_runs_on_the_stack_of_the_other(void **state)
{
    (void)state;
    struct place place = {0};
    open_place(&place, count_visits);
    call(&place, return_at_once);
    assert_true(is_on_stack(&place));
    assert_int_equal(place.rounds, 0);
    visit(&place);
    call(&place, return_at_once);
    assert_true(is_on_stack(&place));
    assert_int_equal(place.rounds, 1);
    visit(&place);
    assert_int_equal(place.rounds, 2);
    close_place(&place);
}

static struct context *leave_and_stay(void *arg)
{
    struct place *place = arg;
    go_home(place);
    place->number++;
    return &place->context;
}

/* And when it has ended its context is where it was left, or begins. */
static void a_call_may_be_left(void **state)
{
    (void)state;
    for (unsigned long visits = 0; visits < 2; visits++) {
        struct place place = {0};
        open_place(&place, count_visits);
        for (unsigned long n = 0; n < visits; n++)
            visit(&place);
        call(&place, leave_and_stay);
        assert_int_equal(place.number, 0);
        assert_int_equal(place.rounds, visits);
        visit(&place);
        assert_int_equal(place.number, 1);
        assert_int_equal(place.rounds, visits + 1);
        visit(&place);
        assert_int_equal(place.rounds, visits + 2);
        close_place(&place);
    }
}

/* However often it is called, and left meanwhile, no frame stays behind. */
static void calls_use_the_same_part_of_the_stack(void **state)
{
    (void)state;
    struct place place = {0};
    open_place(&place, count_visits);
    visit(&place);
    call(&place, return_at_once);
    uint64_t first = place.found;
    for (unsigned long n = 0; n < test_scale(100000); n++) {
        call(&place, leave_and_stay);
        visit(&place);
        call(&place, return_at_once);
        assert_true(place.found == first);
    }
    assert_int_equal(place.rounds, 1 + test_scale(100000));
    close_place(&place);
}

/* Each calls the next. */
static struct context *call_next(void *arg)
{
    struct place *place = arg, *next = place + 1;
    uint64_t before = compute(NULL, 3, (uint64_t)place->number);
    if (next->stack) {
        next->home = &place->context;
        context_call(&place->context, &next->context, call_next, next);
    }
    place->found = before ^ compute(NULL, 3, (uint64_t)place->number) ^ (next->stack ? next->found + 1 : 0);
    return place->home;
}

static void calls_nest(void **state)
{
    (void)state;
    struct place places[20] = {0};
    for (int i = 0; i < 19; i++) {
        open_place(&places[i], count_visits);
        visit(&places[i]);
    }
    for (int n = 0; n < 10; n++) {
        places[0].home = &root;
        call(places, call_next);
        assert_int_equal(places[0].found, 18);
    }
    for (int i = 0; i < 19; i++) {
        places[i].home = &root;
        visit(&places[i]);
        assert_int_equal(places[i].rounds, 2);
        close_place(&places[i]);
    }
}

/* Values are held over calls that return, and over calls that are left. */
static uint64_t compute_with_calls(struct place *place, unsigned long rounds)
{
    uint64_t a = 1, b = 2, c = 3, d = 4, e = 5, f = 6, g = 7;
    double h = 0.5, i = 0.25;
    for (unsigned long n = 0; n < rounds; n++) {
        if (place)
            call(place, return_at_once);
        a = a * 3 + g, b = b * 5 + a, c = c * 7 + b, d = d * 9 + c, e = e * 11 + d, f = f * 13 + e, g = g * 15 + f;
        if (place) {
            call(place, leave_and_stay);
            visit(place);
        }
        h = h * 0.5 + (double)(g % 16), i = i * 0.5 + h;
    }
    return a ^ b ^ c ^ d ^ e ^ f ^ g ^ (uint64_t)(i * 64);
}

static void a_call_keeps_what_a_function_holds(void **state)
{
    (void)state;
    unsigned long rounds = test_scale(10000);
    struct place place = {0};
    open_place(&place, count_visits);
    assert_true(compute_with_calls(&place, rounds) == compute_with_calls(NULL, rounds));
    close_place(&place);
}

static struct context *change_machine(void *arg)
{
    struct place *place = arg;
    place->found = (uint64_t)fegetround();
    place->number = errno;
    fesetround(FE_UPWARD);
    errno = ERANGE;
    return place->home;
}

static void a_call_finds_the_machine_of_the_other_and_changes_nobodys(void **state)
{
    (void)state;
    struct place place = {0};
    fesetround(FE_DOWNWARD);
    open_place(&place, count_visits);
    for (int n = 0; n < 3; n++) {
        fesetround(FE_TOWARDZERO);
        errno = EDOM;
        call(&place, change_machine);
        assert_int_equal(place.found, FE_DOWNWARD);
        assert_int_equal(place.number, 0);
        assert_int_equal(fegetround(), FE_TOWARDZERO);
        assert_int_equal(errno, EDOM);
        visit(&place);
    }
    fesetround(FE_TONEAREST);
    close_place(&place);
}

/* Counts the frames, and finds those that are in no program or library. The last, below the entry, may be nowhere. */
static _Unwind_Reason_Code look_at_frame(struct _Unwind_Context *frame, void *arg)
{
    struct place *place = arg;
    uintptr_t address = _Unwind_GetIP(frame);
    Dl_info ignored;
    place->number++;
    place->found += address != 0 && dladdr((void *)address, &ignored) == 0;
    return place->number < 64 ? _URC_NO_REASON : _URC_NORMAL_STOP;
}

static void unwind(void *arg)
{
    struct place *place = arg;
    place->rounds = _Unwind_Backtrace(look_at_frame, place);
    for (;;)
        go_home(place);
}

static void unwinding_ends_at_the_entry(void **state)
{
    (void)state;
    struct place place = {0};
    open_place(&place, unwind);
    visit(&place);
    assert_int_equal(place.rounds, _URC_END_OF_STACK);
    assert_int_equal(place.found, 0);
    assert_in_range(place.number, 2, 8);
    close_place(&place);
}

static struct context *unwind_in_call(void *arg)
{
    struct place *place = arg;
    place->rounds = _Unwind_Backtrace(look_at_frame, place);
    return place->home;
}

static void unwinding_ends_at_the_call(void **state)
{
    (void)state;
    struct place place = {0};
    open_place(&place, count_visits);
    call(&place, unwind_in_call);
    assert_int_equal(place.rounds, _URC_END_OF_STACK);
    assert_int_equal(place.found, 0);
    assert_in_range(place.number, 2, 8);
    close_place(&place);
}

#ifdef __GLIBC__
static void trace(void *arg)
{
    struct place *place = arg;
    void *frames[64];
    for (;;) {
        place->found = (uint64_t)backtrace(frames, 64);
        go_home(place);
    }
}

static void a_backtrace_ends_at_the_entry(void **state)
{
    (void)state;
    struct place place = {0};
    open_place(&place, trace);
    visit(&place);
    assert_in_range(place.found, 1, 8);
    close_place(&place);
}
#endif

#ifdef __ARM_FEATURE_BTI_DEFAULT
extern char __executable_start[], etext[];

/* Of jumps in this program, where the processor can; what the program starts and ends with is not made for that. */
static void check_landings(int check)
{
    uintptr_t mask = ~(uintptr_t)(sysconf(_SC_PAGESIZE) - 1);
    uintptr_t first = (uintptr_t)__executable_start & mask;
    mprotect((void *)first, (uintptr_t)etext - first, PROT_READ | PROT_EXEC | check);
}
#else
#define PROT_BTI 0
#define check_landings(check) ((void)(check))
#endif

static void *use_contexts(void *arg)
{
    struct context own;
    struct place *place = arg;
    context_make_root(&own);
    place->home = &own;
    place->stack = malloc(STACK_SIZE);
    context_make(&place->context, place->stack, STACK_SIZE, compute_and_stay, place);
    for (unsigned long n = 0; n <= place->rounds; n++)
        context_switch(&own, &place->context);
    context_end(&place->context);
    context_end(&own);
    free(place->stack);
    return NULL;
}

static void each_thread_has_its_own(void **state)
{
    (void)state;
    struct place places[4] = {0};
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) {
        places[i].rounds = test_scale(10000);
        places[i].number = i;
        threads[i] = start_thread(use_contexts, &places[i]);
    }
    for (int i = 0; i < 4; i++) {
        end_thread(threads[i]);
        assert_true(places[i].found == compute(NULL, places[i].rounds, (uint64_t)i));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ALONE(switching_keeps_what_a_function_holds),
        ALONE(many_contexts_are_alive),
        ALONE(contexts_switch_among_themselves),
        ALONE(rounding_belongs_to_the_context),
        ALONE(errno_belongs_to_the_context),
        ALONE(deep_calls_come_back),
        ALONE(stacks_of_any_size_are_aligned),
        ALONE(an_ended_context_is_made_again),
        ALONE(a_call_runs_on_the_stack_of_the_other),
        ALONE(a_call_may_be_left),
        ALONE(calls_use_the_same_part_of_the_stack),
        ALONE(calls_nest),
        ALONE(a_call_keeps_what_a_function_holds),
        ALONE(a_call_finds_the_machine_of_the_other_and_changes_nobodys),
        ALONE(unwinding_ends_at_the_entry),
        ALONE(unwinding_ends_at_the_call),
#ifdef __GLIBC__
        ALONE(a_backtrace_ends_at_the_entry),
#endif
        ALONE(each_thread_has_its_own),
    };
    if (!CONTEXT_IS_AVAILABLE)
        return 0;
    check_landings(PROT_BTI);
    context_make_root(&root);
    int failures = cmocka_run_group_tests(tests, fixture_begin, NULL);
    context_end(&root);
    check_landings(0);
    return failures;
}
