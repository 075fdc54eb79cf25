#include "support/primitive.h"

#include <stdatomic.h>

enum { MANY = 8 };

static int set(void *event)
{
    return bide_event_set(event);
}

static void make(void *event, bool ready)
{
    *(bide_event *)event = (bide_event){{0}};
    if (ready)
        CHECK_EQUAL(set(event), 0);
}

static int wait_for(void *event, bide_time deadline)
{
    return bide_event_wait(event, deadline);
}

static int wait_long(void *event)
{
    return wait_for(event, BIDE_FOREVER);
}

static int wait_in_task(void *event, bide_value *result)
{
    (void)result;
    return wait_long(event);
}

static const struct primitive events = {make, wait_for, set};

WITH_COPIED_PRIMITIVE(events)

static void refuses_null(void **state)
{
    (void)state;
    assert_int_equal(bide_event_set(NULL), EINVAL);
    assert_int_equal(bide_event_clear(NULL), EINVAL);
    assert_int_equal(bide_event_wait(NULL, BIDE_FOREVER), EINVAL);
    assert_int_equal(bide_event_wait(NULL, BIDE_NOW), EINVAL);
    assert_false(bide_event_is_set(NULL));
}

static void assert_set(bide_event *event)
{
    assert_true(bide_event_is_set(event));
    assert_int_equal(bide_event_wait(event, BIDE_NOW), 0);
    assert_int_equal(bide_event_wait(event, BIDE_FOREVER), 0);
}

static void assert_unset(bide_event *event)
{
    assert_false(bide_event_is_set(event));
    assert_int_equal(bide_event_wait(event, BIDE_NOW), ETIMEDOUT);
}

static void is_unset_when_all_zero(void **state)
{
    (void)state;
    static bide_event event;
    assert_unset(&event);
}

static void stays_set_until_cleared(void **state)
{
    (void)state;
    bide_event event = {{0}};
    for (int i = 0; i < 3; i++) {
        for (int k = 0; k < 2; k++) {
            assert_int_equal(bide_event_set(&event), 0);
            assert_set(&event);
            assert_set(&event);
        }
        for (int k = 0; k < 2; k++) {
            assert_int_equal(bide_event_clear(&event), 0);
            assert_unset(&event);
        }
    }
}

/* As many tasks as can wait at once in a pool that holds, and threads. */
struct crowd {
    bide_event event;
    struct fixture *at;
    struct visitor {
        bide_event *event;
        struct sleeper sleeper;
    } visitors[MANY];
    bide_future *tasks[MANY];
    struct caller callers[MANY];
};

static int visit_event(void *arg, bide_value *result)
{
    struct visitor *visitor = arg;
    sleeper_goes(&visitor->sleeper);
    return wait_in_task(visitor->event, result);
}

static unsigned tasks_in(const struct crowd *crowd)
{
    return crowd->at->workers < MANY - 1 ? crowd->at->workers : MANY - 1;
}

static void gather(struct crowd *crowd)
{
    for (unsigned i = 0; i < MANY; i++) {
        if (i < tasks_in(crowd)) {
            crowd->visitors[i] = (struct visitor){&crowd->event, SLEEPER_INIT};
            crowd->tasks[i] = submit(crowd->at->pool, visit_event, &crowd->visitors[i]);
            sleeper_await(&crowd->visitors[i].sleeper);
        } else {
            caller_start(&crowd->callers[i], wait_long, &crowd->event);
        }
    }
}

static void assert_all_return(struct crowd *crowd)
{
    for (unsigned i = 0; i < MANY; i++)
        assert_int_equal(i < tasks_in(crowd) ? bide_join(crowd->tasks[i], NULL) : caller_end(&crowd->callers[i]), 0);
}

static int set_and_clear(void *event, bide_value *result)
{
    (void)result;
    int error = bide_event_set(event);
    return error ? error : bide_event_clear(event);
}

static void wakes_all_that_wait_even_if_cleared_at_once(void **state)
{
    struct crowd crowd = {.at = *state};
    for (int i = 0; i < 3; i++) {
        gather(&crowd);
        assert_int_equal(set_and_clear(&crowd.event, NULL), 0);
        assert_all_return(&crowd);
        assert_unset(&crowd.event);
    }
}

static void is_set_by_a_task_for_threads(void **state)
{
    struct fixture *at = *state;
    bide_event event = {{0}};
    struct caller callers[2];
    for (int i = 0; i < 2; i++)
        caller_start(&callers[i], wait_long, &event);
    assert_int_equal(bide_join(submit(at->pool, set_and_clear, &event), NULL), 0);
    for (int i = 0; i < 2; i++)
        assert_int_equal(caller_end(&callers[i]), 0);
}

/* The first gives up in the instant in which it is set; the other is woken all the same. */
static void wakes_the_others_when_one_gives_up(void **state)
{
    struct fixture *at = *state;
    for (int i = 0; i < 90; i++) {
        struct visit first = visit_of(&events, false, i % 3 == 2 ? bide_in(0.0002 + i * 1e-6) : BIDE_FOREVER);
        bide_event *event = first.thing;
        struct caller second;
        bide_future *task = submit(at->pool, pay_visit_as_task, &first);
        sleeper_await(&first.sleeper);
        caller_start(&second, wait_long, event);
        if (i % 3 == 0)
            assert_int_equal(bide_future_cancel(task), 0);
        assert_int_equal(set_and_clear(event, NULL), 0);
        if (i % 3 == 1)
            bide_future_cancel(task);
        assert_int_equal(bide_join(task, NULL), 0);
        assert_true(first.error == 0 || first.error == (i % 3 == 2 ? ETIMEDOUT : ECANCELED));
        assert_int_equal(caller_end(&second), 0);
    }
}

/* Plain words that only the event hands over. */
struct message {
    bide_event event;
    uint64_t text;
};

static int write_message(void *arg, bide_value *result)
{
    struct message *message = arg;
    (void)result;
    message->text = 42;
    return bide_event_set(&message->event);
}

static void shows_what_was_done_before(void **state)
{
    struct fixture *at = *state;
    for (int i = 0; i < 20; i++) {
        struct message message = {.text = 0};
        bide_future *task = submit(at->pool, write_message, &message);
        if (i % 2)
            assert_int_equal(bide_event_wait(&message.event, BIDE_FOREVER), 0);
        while (!bide_event_is_set(&message.event))
            sched_yield();
        assert_int_equal(message.text, 42);
        assert_int_equal(bide_join(task, NULL), 0);
    }
}

struct letter {
    struct message message;
    atomic_int sent; /* orders nothing */
};

static void *send_letter(void *arg)
{
    struct letter *letter = arg;
    write_message(&letter->message, NULL);
    atomic_fetch_add_explicit(&letter->sent, 1, memory_order_relaxed);
    return NULL;
}

/* A look at whether it is set would show it too, so there is none. */
static void shows_what_was_done_before_to_who_clears(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        struct letter letter = {.sent = 0};
        pthread_t thread = start_thread(send_letter, &letter);
        while (!atomic_load_explicit(&letter.sent, memory_order_relaxed))
            sched_yield();
        assert_int_equal(bide_event_clear(&letter.message.event), 0);
        assert_int_equal(letter.message.text, 42);
        end_thread(thread);
    }
}

static void *wait_and_free(void *event)
{
    CHECK_EQUAL(bide_event_wait(event, BIDE_FOREVER), 0);
    free(event);
    return NULL;
}

/* While the set may not have returned. */
static void may_be_freed_by_who_has_waited(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++) {
        bide_event *event = calloc(1, sizeof *event);
        pthread_t thread = start_thread(wait_and_free, event);
        assert_int_equal(bide_event_set(event), 0);
        end_thread(thread);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ALONE(refuses_null),
        ALONE(is_unset_when_all_zero),
        ALONE(stays_set_until_cleared),
        COPIED_PRIMITIVE_TESTS,
        ON_POOLS(wakes_all_that_wait_even_if_cleared_at_once),
        ON_POOLS(is_set_by_a_task_for_threads),
        ON_POOLS(wakes_the_others_when_one_gives_up),
        ON_POOLS(shows_what_was_done_before),
        ALONE(shows_what_was_done_before_to_who_clears),
        ALONE(may_be_freed_by_who_has_waited),
    };
    return cmocka_run_group_tests(tests, fixture_begin, NULL);
}
