#include "support/fixture.h"

#include "base/trail.h"
#include "run/injection.h"

/* The laws of an injection as one thread sees them, against a plain list: its entries are numbered in the order of pushing. */

#define MANY 200
#define LONGEST_CHAIN 7

struct model {
    struct injection injection;
    struct bide_future entries[MANY];
    size_t pushed, taken;
};

static struct model model;

static int begin(void **state)
{
    (void)state;
    model = (struct model){.pushed = 0};
    return 0;
}

/* The next ones as a chain, the newest first; *last is the oldest, whose link says nothing yet. */
static bide_future *chain_next(size_t length, bide_future **last)
{
    *last = &model.entries[model.pushed];
    (*last)->link = *last;
    for (size_t i = 1; i < length; i++)
        model.entries[model.pushed + i].link = &model.entries[model.pushed + i - 1];
    return &model.entries[model.pushed + length - 1];
}

static void push(size_t length)
{
    bide_future *last, *first = chain_next(length, &last);
    assert_true(injection_push(&model.injection, first, last));
    model.pushed += length;
    assert_false(injection_is_empty(&model.injection));
}

/* It holds all that was pushed and not taken, the oldest first, and each tells who comes some steps after it. */
static void look_at(struct batch batch)
{
    assert_int_equal(batch.length, model.pushed - model.taken);
    assert_ptr_equal(batch.last, batch.length ? &model.entries[model.pushed - 1] : NULL);
    for (bide_future *entry = batch.first; entry; entry = entry->link) {
        assert_ptr_equal(entry, &model.entries[model.taken++]);
        if (model.taken - 1 + TRAIL_STEPS < model.pushed)
            assert_int_equal(entry->ahead, trail_hint(entry + TRAIL_STEPS));
    }
    assert_int_equal(model.taken, model.pushed);
    assert_true(injection_is_empty(&model.injection));
}

static void take(void)
{
    look_at(injection_take(&model.injection));
}

static void close_it(void)
{
    look_at(injection_close(&model.injection));
}

static void a_new_one_is_empty_and_gives_nothing(void **state)
{
    (void)state;
    assert_true(injection_is_empty(&model.injection));
    take();
    take();
}

static void single_ones_come_in_the_order_of_pushing(void **state)
{
    (void)state;
    for (size_t count = 1; model.pushed + count <= MANY; count++) {
        for (size_t i = 0; i < count; i++)
            push(1);
        take();
    }
}

static void who_is_pushed_tells_who_was_some_pushes_before(void **state)
{
    (void)state;
    for (size_t i = 0; i < MANY; i++) {
        push(1);
        if (i >= TRAIL_STEPS)
            assert_int_equal(model.entries[i].ahead, trail_hint(&model.entries[i - TRAIL_STEPS]));
    }
}

static void a_chain_comes_with_its_oldest_first(void **state)
{
    (void)state;
    for (size_t length = 1; model.pushed + length <= MANY; length++) {
        push(length);
        take();
    }
}

static void chains_and_single_ones_keep_their_order_among_each_other(void **state)
{
    (void)state;
    uint64_t seed = 1;
    while (model.pushed + LONGEST_CHAIN <= MANY) {
        push(test_random(&seed) % 2 ? 1 : test_random(&seed) % LONGEST_CHAIN + 1);
        if (test_random(&seed) % 4 == 0)
            take();
    }
    take();
}

static void what_was_taken_can_be_pushed_again(void **state)
{
    (void)state;
    for (unsigned i = 0; i < MANY; i++) {
        model.pushed = model.taken = 0;
        push(i % LONGEST_CHAIN + 1);
        push(1);
        take();
    }
}

static void a_chain_turned_twice_is_as_it_was(void **state)
{
    (void)state;
    for (size_t length = 1; length <= LONGEST_CHAIN; length++) {
        bide_future *last, *first = chain_next(length, &last);
        last->link = NULL;
        struct batch turned = batch_turned(first), again = batch_turned(turned.first);
        assert_ptr_equal(turned.last, first);
        assert_ptr_equal(again.first, first);
        assert_ptr_equal(again.last, last);
        assert_null(last->link);
        assert_int_equal(turned.length, length);
        assert_int_equal(again.length, length);
    }
}

static void turning_nothing_gives_nothing(void **state)
{
    (void)state;
    struct batch batch = batch_turned(NULL);
    assert_null(batch.first);
    assert_null(batch.last);
    assert_int_equal(batch.length, 0);
}

static void closing_takes_what_was_there(void **state)
{
    (void)state;
    push(1);
    take();
    push(LONGEST_CHAIN);
    push(1);
    close_it();
}

static void a_closed_one_gives_nothing_however_often_it_is_asked(void **state)
{
    (void)state;
    for (int closes = 0; closes < 3; closes++) {
        close_it();
        take();
    }
    bide_future *last, *first = chain_next(1, &last);
    assert_false(injection_push(&model.injection, first, last));
}

/* Whoever pushed it can take it elsewhere. */
static void a_closed_one_refuses_and_leaves_the_chain_as_it_was(void **state)
{
    (void)state;
    push(1);
    close_it();
    for (size_t length = 1; length <= LONGEST_CHAIN; length++) {
        bide_future *last, *first = chain_next(length, &last);
        assert_false(injection_push(&model.injection, first, last));
        assert_true(injection_is_empty(&model.injection));
        for (size_t i = length; i > 0; i--, first = first->link)
            assert_ptr_equal(first, &model.entries[model.pushed + i - 1]);
        assert_null(first);
    }
    take();
}

#define LAW(law) cmocka_unit_test_setup(law, begin)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LAW(a_new_one_is_empty_and_gives_nothing),
        LAW(single_ones_come_in_the_order_of_pushing),
        LAW(who_is_pushed_tells_who_was_some_pushes_before),
        LAW(a_chain_comes_with_its_oldest_first),
        LAW(chains_and_single_ones_keep_their_order_among_each_other),
        LAW(what_was_taken_can_be_pushed_again),
        LAW(a_chain_turned_twice_is_as_it_was),
        LAW(turning_nothing_gives_nothing),
        LAW(closing_takes_what_was_there),
        LAW(a_closed_one_gives_nothing_however_often_it_is_asked),
        LAW(a_closed_one_refuses_and_leaves_the_chain_as_it_was),
    };
    return cmocka_run_group_tests(tests, fixture_begin, NULL);
}
