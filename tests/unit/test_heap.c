#include "support/fixture.h"

#include "base/heap.h"

#define MANY 1000

struct item {
    bide_time when;
    unsigned number;
    bool listed;
    struct timer timer;
};

static struct item *item_at(struct timer *timer)
{
    return (struct item *)(void *)((char *)timer - offsetof(struct item, timer));
}

/* The earliest listed; of equal ones the first that was added. */
static struct item *find_first(struct item items[])
{
    struct item *first = NULL;
    for (unsigned i = 0; i < MANY; i++)
        if (items[i].listed && (!first || items[i].when < first->when))
            first = &items[i];
    return first;
}

static void add(struct heap *heap, struct item *item, bide_time when, unsigned number)
{
    *item = (struct item){.when = when, .number = number, .listed = true};
    assert_true(heap_reserve(heap, heap->length + 1));
    heap_add(heap, when, &item->timer);
    assert_true(heap_holds(heap, &item->timer));
    assert_int_equal(heap_time_of(heap, &item->timer), when);
}

static void expect_first(struct heap *heap, struct item *item)
{
    assert_int_equal(heap_first_time(heap), item->when);
    assert_null(heap_take_until(heap, item->when - 1));
    assert_ptr_equal(item_at(heap_take_until(heap, item->when)), item);
    item->listed = false;
}

static void an_empty_heap_gives_nothing(void **state)
{
    (void)state;
    struct heap heap = {NULL, 0, 0, 0};
    struct timer timer = {0, 0};
    assert_int_equal(heap_first_time(&heap), BIDE_FOREVER);
    assert_null(heap_take_until(&heap, BIDE_FOREVER));
    assert_false(heap_holds(&heap, &timer));
    heap_trim(&heap);
}

static void equal_times_come_in_the_order_of_adding(void **state)
{
    (void)state;
    static struct item items[MANY];
    struct heap heap = {NULL, 0, 0, 0};
    for (unsigned i = 0; i < MANY; i++)
        add(&heap, &items[i], i % 3, i);
    for (bide_time when = 0; when < 3; when++)
        for (unsigned i = (unsigned)when; i < MANY; i += 3)
            expect_first(&heap, &items[i]);
    heap_trim(&heap);
}

/* Against a plain search, with some taken out from anywhere. */
static void the_earliest_is_always_first(void **state)
{
    (void)state;
    static struct item items[MANY];
    struct heap heap = {NULL, 0, 0, 0};
    uint64_t seed = 1;
    for (unsigned i = 0; i < MANY; i++)
        add(&heap, &items[i], (bide_time)(test_random(&seed) >> 60), i);
    for (unsigned i = 0; i < MANY; i += 1 + (unsigned)(test_random(&seed) % 3)) {
        heap_remove(&heap, &items[i].timer);
        items[i].listed = false;
        assert_false(heap_holds(&heap, &items[i].timer));
    }
    for (struct item *first; (first = find_first(items));)
        expect_first(&heap, first);
    assert_int_equal(heap.length, 0);
    heap_trim(&heap);
}

static void without_memory_it_stays_as_it_was(void **state)
{
    (void)state;
    static struct item items[MANY];
    struct heap heap = {NULL, 0, 0, 0};
    seams_fail_memory(1);
    assert_false(heap_reserve(&heap, 1));
    for (unsigned i = 0; i < MANY; i++)
        add(&heap, &items[i], MANY - (bide_time)i, i);
    seams_fail_memory(1);
    assert_false(heap_reserve(&heap, heap.capacity + 1));
    assert_true(seams_memory_failed());
    assert_false(heap_reserve(&heap, SIZE_MAX / 32));
    for (unsigned i = MANY; i-- > 0;)
        expect_first(&heap, &items[i]);
    heap_trim(&heap);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ALONE(an_empty_heap_gives_nothing),
        ALONE(equal_times_come_in_the_order_of_adding),
        ALONE(the_earliest_is_always_first),
        ALONE(without_memory_it_stays_as_it_was),
    };
    return cmocka_run_group_tests(tests, fixture_begin, NULL);
}
