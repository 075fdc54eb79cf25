#include "support/fixture.h"

#include "run/deque.h"

/* The laws of a deque as its owner sees them, alone, against a plain list. Each law stands for both kinds of barrier, and
 * for a deque that has been used for so long that its ends are about to wrap. */

#define SLOTS 8
#define MANY 1000

struct model {
    struct deque deque;
    atomic_word slots[SLOTS];
    word listed[SLOTS]; /* the oldest first */
    size_t length;
    word last; /* a new number for each */
};

typedef void law(struct model *model);

static void begin(struct model *model, bool asymmetric, word used)
{
    *model = (struct model){.length = 0};
    deque_init(&model->deque, model->slots, SLOTS, asymmetric);
    word_init(&model->deque.top, used);
    word_init(&model->deque.bottom, used);
    model->deque.top_seen = used;
}

static void obey(law *is_obeyed)
{
    const word uses[] = {0, SLOTS - 1, (word)0 - SLOTS / 2, (word)INTPTR_MAX - SLOTS / 2};
    struct model model;
    for (size_t i = 0; i < sizeof uses / sizeof *uses; i++)
        for (int asymmetric = 0; asymmetric <= (barrier_is_asymmetric() ? 1 : 0); asymmetric++) {
            begin(&model, asymmetric, uses[i]);
            is_obeyed(&model);
        }
}

static void push(struct model *model)
{
    bool has_room = model->length < SLOTS;
    assert_int_equal(deque_push(&model->deque, ++model->last), has_room);
    if (has_room)
        model->listed[model->length++] = model->last;
}

/* It is gone from the list; those behind it close up. */
static word leave(struct model *model, size_t place)
{
    word entry = model->listed[place];
    model->length--;
    for (size_t i = place; i < model->length; i++)
        model->listed[i] = model->listed[i + 1];
    return entry;
}

static void pop(struct model *model)
{
    assert_int_equal(deque_pop(&model->deque), model->length ? leave(model, model->length - 1) : 0);
}

static void shift(struct model *model)
{
    assert_int_equal(deque_shift(&model->deque), model->length ? leave(model, 0) : 0);
}

static void steal(struct model *model)
{
    assert_int_equal(deque_steal(&model->deque), model->length ? leave(model, 0) : 0);
}

static void look(struct model *model)
{
    assert_int_equal(deque_length(&model->deque), model->length);
    if (model->length > 1)
        assert_false(deque_pop_that(&model->deque, model->listed[model->length - 2]));
}

static void push_some(struct model *model, size_t count)
{
    while (count--)
        push(model);
}

static void empty_by(struct model *model, void (*take)(struct model *model))
{
    while (model->length)
        take(model);
    take(model);
    look(model);
}

static void come_and_go_by(struct model *model, void (*take)(struct model *model))
{
    for (size_t count = 0; count <= SLOTS + 1; count++) {
        push_some(model, count);
        look(model);
        empty_by(model, take);
    }
}

static void pop_in_turn(struct model *model)
{
    come_and_go_by(model, pop);
}

static void shift_in_turn(struct model *model)
{
    come_and_go_by(model, shift);
}

static void steal_in_turn(struct model *model)
{
    come_and_go_by(model, steal);
}

static void the_newest_is_popped_first(void **state)
{
    (void)state;
    obey(pop_in_turn);
}

static void the_oldest_is_shifted_first(void **state)
{
    (void)state;
    obey(shift_in_turn);
}

static void the_oldest_is_stolen_first(void **state)
{
    (void)state;
    obey(steal_in_turn);
}

static void fill_and_make_room(struct model *model)
{
    void (*const takes[])(struct model *) = {pop, shift, steal};
    push_some(model, SLOTS);
    for (unsigned i = 0; i < 3 * SLOTS; i++) {
        push(model);
        takes[i % 3](model);
        push(model);
        look(model);
    }
    empty_by(model, shift);
}

static void a_full_one_takes_nothing_until_there_is_room(void **state)
{
    (void)state;
    obey(fill_and_make_room);
}

static void push_and_pop_at_the_end(struct model *model)
{
    push_some(model, 3);
    for (unsigned i = 0; i < 3 * SLOTS; i++) {
        push(model);
        look(model);
        pop(model);
        look(model);
    }
    empty_by(model, steal);
}

static void what_comes_and_goes_at_the_new_end_leaves_the_old_end_alone(void **state)
{
    (void)state;
    obey(push_and_pop_at_the_end);
}

static void pass_through(struct model *model)
{
    push_some(model, SLOTS / 2);
    for (unsigned i = 0; i < MANY; i++) {
        push(model);
        look(model);
        i % 2 ? shift(model) : steal(model);
    }
    empty_by(model, pop);
}

static void the_ring_is_used_again_and_again(void **state)
{
    (void)state;
    obey(pass_through);
}

static void take_out(struct model *model, size_t place)
{
    assert_true(deque_remove(&model->deque, leave(model, place)));
    look(model);
}

static void take_out_each(struct model *model)
{
    for (size_t length = 1; length <= SLOTS; length++)
        for (size_t place = 0; place < length; place++) {
            push_some(model, length);
            take_out(model, place);
            empty_by(model, place % 2 ? pop : shift);
        }
}

static void any_can_be_taken_out_and_the_others_keep_their_order(void **state)
{
    (void)state;
    obey(take_out_each);
}

static void take_out_what_is_not_there(struct model *model)
{
    for (size_t length = 0; length <= SLOTS; length++) {
        push_some(model, length);
        assert_false(deque_remove(&model->deque, model->last + 1));
        look(model);
        empty_by(model, length % 2 ? pop : shift);
    }
}

static void what_is_not_there_is_not_taken_out_and_the_others_stay(void **state)
{
    (void)state;
    obey(take_out_what_is_not_there);
}

static void take_out_any(struct model *model)
{
    if (model->length)
        take_out(model, model->last % model->length);
}

static void do_anything(struct model *model)
{
    void (*const acts[])(struct model *) = {push, push, push, pop, shift, steal, take_out_any};
    static uint64_t seed = 1;
    for (unsigned i = 0; i < MANY; i++) {
        acts[test_random(&seed) % (sizeof acts / sizeof *acts)](model);
        look(model);
    }
    empty_by(model, shift);
}

static void it_is_a_list_whatever_its_owner_does(void **state)
{
    (void)state;
    obey(do_anything);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ALONE(the_newest_is_popped_first),
        ALONE(the_oldest_is_shifted_first),
        ALONE(the_oldest_is_stolen_first),
        ALONE(a_full_one_takes_nothing_until_there_is_room),
        ALONE(what_comes_and_goes_at_the_new_end_leaves_the_old_end_alone),
        ALONE(the_ring_is_used_again_and_again),
        ALONE(any_can_be_taken_out_and_the_others_keep_their_order),
        ALONE(what_is_not_there_is_not_taken_out_and_the_others_stay),
        ALONE(it_is_a_list_whatever_its_owner_does),
    };
    return cmocka_run_group_tests(tests, fixture_begin, NULL);
}
