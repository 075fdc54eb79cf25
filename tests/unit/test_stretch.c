#include "support/fixture.h"

#include "base/stretch.h"

#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A tool makes what is between two looks at the counter slower, and system calls by other measures: nothing is promised then. */
#if defined BIDE_VALGRIND || defined __SANITIZE_THREAD__ || defined __SANITIZE_ADDRESS__
#define IS_NATIVE false
#elif defined __has_feature
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
#define IS_NATIVE false
#endif
#endif
#ifndef IS_NATIVE
#define IS_NATIVE true
#endif

#ifdef __x86_64__
#define HAS_COUNTER true
#else
#define HAS_COUNTER false
#endif

#define TRIES 20000

static void do_nothing(void)
{
}

/* What a task could do to its mask, the last one with nothing around the call. */
static void read_mask(void)
{
    sigset_t mask;
    CHECK_EQUAL(pthread_sigmask(SIG_SETMASK, NULL, &mask), 0);
}

static void change_mask(void)
{
    sigset_t mask;
    sigemptyset(&mask);
    CHECK_EQUAL(pthread_sigmask(SIG_BLOCK, &mask, NULL), 0);
}

static void change_mask_barely(void)
{
    uint64_t mask = 0;
    syscall(SYS_rt_sigprocmask, SIG_BLOCK, &mask, NULL, sizeof mask);
}

static void (*const calls[])(void) = {read_mask, change_mask, change_mask_barely};

#define CALLS (sizeof calls / sizeof *calls)

static unsigned short_ones(struct stretch *stretch, void (*work)(void))
{
    unsigned count = 0;
    for (unsigned i = 0; i < TRIES; i++) {
        stretch_begin(stretch);
        work();
        count += stretch_was_short(stretch);
    }
    return count;
}

/* A machine on which others work, too, may have been slow while it was learned: then again, when more has been learned. */
static unsigned short_ones_once_learned(struct stretch *stretch, unsigned (*count_in)(struct stretch *, void (*)(void)),
                                        void (*work)(void))
{
    for (;;) {
        uint64_t quickest = stretch->quickest;
        unsigned count = count_in(stretch, work);
        for (unsigned i = 0; i < TRIES && count; i++)
            stretch_refresh(stretch);
        if (stretch->quickest >= quickest)
            return count;
    }
}

static void assert_some_if_native(unsigned count)
{
    if (!HAS_COUNTER)
        assert_int_equal(count, 0);
    else if (IS_NATIVE)
        assert_true(count > 0);
}

static void assert_none_if_native(unsigned count)
{
    if (!HAS_COUNTER || IS_NATIVE)
        assert_int_equal(count, 0);
}

static void a_stretch_in_which_the_mask_can_have_changed_is_never_short(void **state)
{
    (void)state;
    struct stretch stretch;
    for (size_t i = 0; i < CALLS; i++) {
        stretch_init(&stretch);
        assert_none_if_native(short_ones_once_learned(&stretch, short_ones, calls[i]));
    }
}

static void an_empty_stretch_is_short_sooner_or_later_where_time_is_fine_enough(void **state)
{
    (void)state;
    struct stretch stretch;
    stretch_init(&stretch);
    assert_some_if_native(short_ones(&stretch, do_nothing));
}

/* Whatever has been learned. */
static void what_was_called_long_is(void **state)
{
    (void)state;
    struct stretch stretch;
    stretch_init(&stretch);
    for (unsigned i = 0; i < TRIES; i++) {
        stretch_make_long(&stretch);
        assert_false(stretch_was_short(&stretch));
    }
}

/* Of those with work, which follow on empty ones. */
static unsigned short_ones_by_turns(struct stretch *stretch, void (*work)(void))
{
    unsigned count = 0;
    stretch_begin(stretch);
    for (unsigned i = 0; i < TRIES; i++) {
        stretch_was_short(stretch);
        work();
        count += stretch_was_short(stretch);
    }
    return count;
}

static void each_stretch_begins_where_the_last_one_ended(void **state)
{
    (void)state;
    struct stretch stretch;
    stretch_init(&stretch);
    assert_some_if_native(short_ones_by_turns(&stretch, do_nothing));
    assert_none_if_native(short_ones_once_learned(&stretch, short_ones_by_turns, change_mask));
}

/* A call by which it learns is no part of the next stretch. */
static void after_a_lesson_a_new_stretch_begins(void **state)
{
    (void)state;
    struct stretch stretch;
    unsigned empty = 0;
    stretch_init(&stretch);
    for (unsigned i = 0; i < TRIES; i++) {
        stretch_refresh(&stretch);
        empty += stretch_was_short(&stretch);
    }
    assert_some_if_native(empty);
}

static void one_of_some_counts_as_long_for_a_lesson(void **state)
{
    (void)state;
    struct stretch stretch;
    stretch_init(&stretch);
    stretch.quickest = UINT64_MAX;
    stretch_begin(&stretch);
    unsigned in_a_row = 0;
    for (unsigned i = 0; i < TRIES; i++) {
        in_a_row = stretch_was_short(&stretch) ? in_a_row + 1 : 0;
        assert_true(in_a_row < STRETCHES_PER_LESSON);
    }
}

static void a_slower_lesson_teaches_nothing(void **state)
{
    (void)state;
    struct stretch stretch;
    stretch_init(&stretch);
    uint64_t quickest = stretch.quickest;
    stretch.began = stretch_clock() - 10 * quickest;
    stretch_learn(&stretch);
    assert_true(stretch.quickest == quickest);
}

/* A processor that has become faster is not misjudged. */
static void a_quicker_lesson_counts_at_once(void **state)
{
    (void)state;
    struct stretch stretch;
    stretch_init(&stretch);
    stretch.quickest = UINT64_MAX;
    stretch_refresh(&stretch);
    assert_true(stretch.quickest < UINT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ALONE(a_stretch_in_which_the_mask_can_have_changed_is_never_short),
        ALONE(an_empty_stretch_is_short_sooner_or_later_where_time_is_fine_enough),
        ALONE(what_was_called_long_is),
        ALONE(each_stretch_begins_where_the_last_one_ended),
        ALONE(after_a_lesson_a_new_stretch_begins),
        ALONE(one_of_some_counts_as_long_for_a_lesson),
        ALONE(a_slower_lesson_teaches_nothing),
        ALONE(a_quicker_lesson_counts_at_once),
    };
    return cmocka_run_group_tests(tests, fixture_begin, NULL);
}
