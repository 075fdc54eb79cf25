#include "support/fixture.h"

#include "run/deque.h"

#include <sched.h>
#include <stdatomic.h>

enum { SLOTS = 16, MOST = 6 };

struct bench {
    struct deque deque;
    atomic_word slots[SLOTS];
};

static void begin(struct bench *bench, bool asymmetric)
{
    deque_init(&bench->deque, bench->slots, SLOTS, asymmetric);
}

static void push(struct deque *deque, word first, word last)
{
    for (word entry = first; entry <= last; entry++)
        assert_true(deque_push(deque, entry));
}

static void the_owner_takes_from_either_end(void **state)
{
    (void)state;
    struct bench bench;
    begin(&bench, false);
    push(&bench.deque, 1, 4);
    assert_int_equal(deque_newest(&bench.deque), 4);
    assert_int_equal(deque_pop(&bench.deque), 4);
    assert_int_equal(deque_shift(&bench.deque), 1);
    assert_int_equal(deque_length(&bench.deque), 2);
    assert_int_equal(deque_pop(&bench.deque), 3);
    assert_int_equal(deque_pop(&bench.deque), 2);
    assert_int_equal(deque_pop(&bench.deque), 0);
    assert_int_equal(deque_shift(&bench.deque), 0);
    assert_int_equal(deque_length(&bench.deque), 0);
}

static void a_thief_takes_the_oldest(void **state)
{
    (void)state;
    struct bench bench;
    begin(&bench, false);
    assert_int_equal(deque_steal(&bench.deque), 0);
    push(&bench.deque, 1, 3);
    for (word entry = 1; entry <= 3; entry++)
        assert_int_equal(deque_steal(&bench.deque), entry);
    assert_int_equal(deque_steal(&bench.deque), 0);
}

static void it_is_full_with_as_many_as_it_has_slots(void **state)
{
    (void)state;
    struct bench bench;
    begin(&bench, false);
    for (word round = 0; round < 3; round++) {
        push(&bench.deque, 1, SLOTS);
        assert_false(deque_push(&bench.deque, SLOTS + 1));
        assert_int_equal(deque_steal(&bench.deque), 1);
        push(&bench.deque, SLOTS + 1, SLOTS + 1);
        for (word entry = 2; entry <= SLOTS + 1; entry++)
            assert_int_equal(deque_shift(&bench.deque), entry);
    }
}

static void any_one_can_be_taken_out(void **state)
{
    (void)state;
    for (word removed = 1; removed <= SLOTS; removed++) {
        struct bench bench;
        begin(&bench, false);
        push(&bench.deque, 1, SLOTS);
        assert_false(deque_remove(&bench.deque, SLOTS + 1));
        assert_true(deque_remove(&bench.deque, removed));
        assert_false(deque_remove(&bench.deque, removed));
        for (word entry = 1; entry <= SLOTS; entry++)
            if (entry != removed)
                assert_int_equal(deque_shift(&bench.deque), entry);
        assert_int_equal(deque_length(&bench.deque), 0);
    }
}

/* An owner and a thief. Each entry is taken once: what it counts is how often. */
struct race {
    struct bench bench;
    atomic_uint taken[MOST];
    atomic_bool ends;
};

static void take(struct race *race, word entry)
{
    if (entry)
        atomic_fetch_add(&race->taken[entry - 1], 1);
}

static void *steal(void *arg)
{
    struct race *race = arg;
    while (!atomic_load(&race->ends))
        take(race, deque_steal(&race->bench.deque));
    return NULL;
}

/* Until the thief, too, has counted what it has. */
static void await_all(struct race *race, word count)
{
    for (word i = 0; i < count; i++) {
        unsigned taken;
        while (!(taken = atomic_load(&race->taken[i])))
            sched_yield();
        assert_int_equal(taken, 1);
        atomic_store(&race->taken[i], 0);
    }
}

/* The oldest, which the thief is after, from below some that are newer. */
static void play(struct race *race, word count)
{
    struct deque *deque = &race->bench.deque;
    push(deque, 1, count);
    if (deque_remove(deque, 1))
        take(race, 1);
    for (word entry; (entry = deque_pop(deque));)
        take(race, entry);
    await_all(race, count);
}

static void loses_and_doubles_nothing(bool asymmetric)
{
    struct race race = {.ends = false};
    begin(&race.bench, asymmetric);
    pthread_t thief = start_thread(steal, &race);
    for (unsigned long i = test_scale(300000); i; i--)
        play(&race, 1 + i % MOST);
    atomic_store(&race.ends, true);
    end_thread(thief);
}

static void loses_nothing_when_one_is_taken_out_and_others_are_stolen(void **state)
{
    (void)state;
    loses_and_doubles_nothing(false);
    if (barrier_is_asymmetric())
        loses_and_doubles_nothing(true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ALONE(the_owner_takes_from_either_end),
        ALONE(a_thief_takes_the_oldest),
        ALONE(it_is_full_with_as_many_as_it_has_slots),
        ALONE(any_one_can_be_taken_out),
        ALONE(loses_nothing_when_one_is_taken_out_and_others_are_stolen),
    };
    return cmocka_run_group_tests(tests, fixture_begin, NULL);
}
