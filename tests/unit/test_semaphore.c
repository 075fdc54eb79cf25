#include "support/primitive.h"

#include <stdatomic.h>

enum { MANY = 8 };

static void make(void *semaphore, bool ready)
{
    CHECK_EQUAL(bide_semaphore_init(semaphore, ready, 1), 0);
}

static int acquire(void *semaphore, bide_time deadline)
{
    return bide_semaphore_acquire(semaphore, deadline);
}

static int release(void *semaphore)
{
    return bide_semaphore_release(semaphore);
}

static int acquire_soon(void *semaphore)
{
    return acquire(semaphore, BIDE_FOREVER);
}

static const struct primitive semaphores = {make, acquire, release};

WITH_COPIED_PRIMITIVE(semaphores)

static void refuses_null(void **state)
{
    (void)state;
    assert_int_equal(bide_semaphore_init(NULL, 1, 1), EINVAL);
    assert_int_equal(bide_semaphore_acquire(NULL, BIDE_FOREVER), EINVAL);
    assert_int_equal(bide_semaphore_acquire(NULL, BIDE_NOW), EINVAL);
    assert_int_equal(bide_semaphore_try(NULL), EINVAL);
    assert_int_equal(bide_semaphore_release(NULL), EINVAL);
}

static void refuses_numbers_that_make_no_sense(void **state)
{
    (void)state;
    static bide_semaphore semaphore;
    assert_int_equal(bide_semaphore_init(&semaphore, 2, 1), EINVAL);
    assert_int_equal(bide_semaphore_init(&semaphore, (size_t)-1, 0), EINVAL);
    assert_int_equal(bide_semaphore_init(&semaphore, 0, (size_t)-1), EINVAL);
    assert_int_equal(bide_semaphore_init(&semaphore, SIZE_MAX / 2 + 1, 0), EINVAL);
}

static void has_as_many_permits_as_it_was_given(void **state)
{
    (void)state;
    static bide_semaphore semaphore;
    assert_int_equal(bide_semaphore_init(&semaphore, 2, 3), 0);
    assert_int_equal(bide_semaphore_acquire(&semaphore, BIDE_FOREVER), 0);
    assert_int_equal(bide_semaphore_acquire(&semaphore, BIDE_NOW), 0);
    assert_int_equal(bide_semaphore_acquire(&semaphore, BIDE_NOW), ETIMEDOUT);
    assert_int_equal(bide_semaphore_try(&semaphore), EAGAIN);
    assert_int_equal(bide_semaphore_release(&semaphore), 0);
    assert_int_equal(bide_semaphore_try(&semaphore), 0);
    assert_int_equal(bide_semaphore_try(&semaphore), EAGAIN);
}

static void takes_no_more_than_max(void **state)
{
    (void)state;
    static bide_semaphore semaphore;
    assert_int_equal(bide_semaphore_init(&semaphore, 1, 2), 0);
    assert_int_equal(bide_semaphore_release(&semaphore), 0);
    for (int i = 0; i < 2; i++)
        assert_int_equal(bide_semaphore_release(&semaphore), EOVERFLOW);
    for (int i = 0; i < 2; i++)
        assert_int_equal(bide_semaphore_try(&semaphore), 0);
    assert_int_equal(bide_semaphore_try(&semaphore), EAGAIN);
}

static void without_max_takes_any_number(void **state)
{
    (void)state;
    static bide_semaphore semaphore;
    assert_int_equal(bide_semaphore_try(&semaphore), EAGAIN);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(bide_semaphore_release(&semaphore), 0);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(bide_semaphore_try(&semaphore), 0);
    assert_int_equal(bide_semaphore_try(&semaphore), EAGAIN);
    assert_int_equal(bide_semaphore_init(&semaphore, SIZE_MAX / 2 - 1, 0), 0);
    assert_int_equal(bide_semaphore_release(&semaphore), 0);
    assert_int_equal(bide_semaphore_release(&semaphore), EOVERFLOW);
}

static int try_after_request(void *arg, bide_value *result)
{
    struct visit *visit = arg;
    (void)result;
    gate_pass(&visit->gate);
    CHECK_EQUAL(bide_semaphore_try(visit->thing), EAGAIN);
    return bide_yield();
}

static void tells_of_no_request_who_tries(void **state)
{
    struct fixture *at = *state;
    struct visit visit = visit_of(&semaphores, false, BIDE_NOW);
    visit.gate.open = false;
    bide_future *task = submit(at->pool, try_after_request, &visit);
    gate_await(&visit.gate, 1);
    assert_int_equal(bide_future_cancel(task), 0);
    gate_open(&visit.gate);
    assert_int_equal(bide_join(task, NULL), ECANCELED);
}

/* Those that wait for permits, and the order in which they were served. */
struct line {
    bide_semaphore semaphore;
    struct gate served;
    char names[MANY + 1];
    atomic_size_t length;
};

struct customer {
    struct line *line;
    bide_time deadline;
    char name;
    struct sleeper sleeper;
    int error;
    pthread_t thread;
};

static int queue_up(void *arg, bide_value *result)
{
    struct customer *customer = arg;
    struct line *line = customer->line;
    (void)result;
    sleeper_goes(&customer->sleeper);
    customer->error = bide_semaphore_acquire(&line->semaphore, customer->deadline);
    if (customer->error == 0) {
        line->names[atomic_fetch_add(&line->length, 1)] = customer->name;
        gate_arrive(&line->served);
    }
    return 0;
}

static void *queue_up_as_thread(void *customer)
{
    queue_up(customer, NULL);
    return NULL;
}

static bool is_task(const struct fixture *at, unsigned i)
{
    return i % 2 && i / 2 < at->workers;
}

static void serves_in_the_order_of_asking(void **state)
{
    struct fixture *at = *state;
    static struct line line;
    struct customer customers[MANY];
    line = (struct line){.served = GATE_INIT};
    assert_int_equal(bide_semaphore_init(&line.semaphore, 0, 1), 0);
    for (unsigned i = 0; i < MANY; i++) {
        struct customer *customer = &customers[i];
        *customer = (struct customer){
            &line, i % 3 ? BIDE_FOREVER : bide_in(1e6), (char)('a' + i), SLEEPER_INIT, -1, pthread_self()};
        if (is_task(at, i))
            assert_int_equal(bide_submit(at->pool, queue_up, customer, NULL), 0);
        else
            customer->thread = start_thread(queue_up_as_thread, customer);
        sleeper_await(&customer->sleeper);
    }
    for (unsigned i = 0; i < MANY; i++) {
        assert_int_equal(bide_semaphore_release(&line.semaphore), 0);
        gate_await(&line.served, i + 1);
        assert_int_equal(line.names[i], 'a' + (int)i);
    }
    for (unsigned i = 0; i < MANY; i++) {
        if (!is_task(at, i))
            end_thread(customers[i].thread);
    }
    assert_int_equal(bide_pool_drain(at->pool, BIDE_FOREVER), 0);
    assert_int_equal(bide_semaphore_try(&line.semaphore), EAGAIN);
}

/* The one that waits has the permit from the release on, before it has woken up. */
static void lets_nobody_jump_the_queue(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++) {
        static bide_semaphore semaphore;
        struct caller waiter;
        caller_start(&waiter, acquire_soon, &semaphore);
        assert_int_equal(bide_semaphore_release(&semaphore), 0);
        assert_int_equal(bide_semaphore_try(&semaphore), EAGAIN);
        assert_int_equal(caller_end(&waiter), 0);
    }
}

static void passes_over_who_gave_up(void **state)
{
    struct fixture *at = *state;
    static struct line line;
    struct customer quitter = {.line = &line, .deadline = BIDE_FOREVER, .sleeper = SLEEPER_INIT};
    struct customer late = {.line = &line, .deadline = bide_in(0.02), .sleeper = SLEEPER_INIT};
    struct caller patient;
    bide_future *task = submit(at->pool, queue_up, &quitter);
    sleeper_await(&quitter.sleeper);
    bide_future *other = submit(at->pool, queue_up, &late);
    sleeper_await(&late.sleeper);
    caller_start(&patient, acquire_soon, &line.semaphore);
    assert_int_equal(bide_future_cancel(task), 0);
    assert_int_equal(bide_join(task, NULL), 0);
    assert_int_equal(bide_join(other, NULL), 0);
    assert_int_equal(quitter.error, ECANCELED);
    assert_int_equal(late.error, ETIMEDOUT);
    assert_int_equal(bide_semaphore_release(&line.semaphore), 0);
    assert_int_equal(caller_end(&patient), 0);
    assert_int_equal(bide_semaphore_try(&line.semaphore), EAGAIN);
}

/* The first gives up in the instant in which a permit is released: either it has the permit, or the second has. */
static void passes_a_permit_on(void **state)
{
    struct fixture *at = *state;
    for (int i = 0; i < 90; i++) {
        struct visit first = visit_of(&semaphores, false, i % 3 == 2 ? bide_in(0.0002 + i * 1e-6) : BIDE_FOREVER);
        bide_semaphore *semaphore = first.thing;
        struct caller second;
        bide_future *task = submit(at->pool, pay_visit_as_task, &first);
        sleeper_await(&first.sleeper);
        caller_start(&second, acquire_soon, semaphore);
        if (i % 3 == 0)
            assert_int_equal(bide_future_cancel(task), 0);
        assert_int_equal(bide_semaphore_release(semaphore), 0);
        if (i % 3 == 1)
            bide_future_cancel(task);
        assert_int_equal(bide_join(task, NULL), 0);
        if (first.error == 0)
            assert_int_equal(bide_semaphore_release(semaphore), 0);
        assert_int_equal(caller_end(&second), 0);
        assert_int_equal(bide_semaphore_try(semaphore), EAGAIN);
    }
}

struct room {
    bide_semaphore semaphore;
    atomic_int inside;
};

enum { SEATS = 3 };

static int enter_and_leave(void *arg, bide_value *result)
{
    struct room *room = arg;
    (void)result;
    for (int i = 0; i < 50; i++) {
        CHECK_EQUAL(bide_semaphore_acquire(&room->semaphore, BIDE_FOREVER), 0);
        CHECK(atomic_fetch_add(&room->inside, 1) < SEATS);
        if (i % 4 == 0)
            bide_yield();
        atomic_fetch_sub(&room->inside, 1);
        CHECK_EQUAL(bide_semaphore_release(&room->semaphore), 0);
    }
    return 0;
}

static void *enter_and_leave_as_thread(void *room)
{
    enter_and_leave(room, NULL);
    return NULL;
}

static void lets_in_as_many_as_it_has_permits(void **state)
{
    struct fixture *at = *state;
    static struct room room;
    pthread_t threads[2];
    assert_int_equal(bide_semaphore_init(&room.semaphore, SEATS, SEATS), 0);
    for (int i = 0; i < 10; i++)
        assert_int_equal(bide_submit(at->pool, enter_and_leave, &room, NULL), 0);
    for (int i = 0; i < 2; i++)
        threads[i] = start_thread(enter_and_leave_as_thread, &room);
    for (int i = 0; i < 2; i++)
        end_thread(threads[i]);
    assert_int_equal(bide_pool_drain(at->pool, BIDE_FOREVER), 0);
    assert_int_equal(bide_semaphore_release(&room.semaphore), EOVERFLOW);
    for (int i = 0; i < SEATS; i++)
        assert_int_equal(bide_semaphore_try(&room.semaphore), 0);
    assert_int_equal(bide_semaphore_try(&room.semaphore), EAGAIN);
}

static void *acquire_and_free(void *semaphore)
{
    CHECK_EQUAL(bide_semaphore_acquire(semaphore, BIDE_FOREVER), 0);
    free(semaphore);
    return NULL;
}

/* While the release may not have returned. */
static void may_be_freed_by_who_has_the_last_permit(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++) {
        bide_semaphore *semaphore = calloc(1, sizeof *semaphore);
        pthread_t thread = start_thread(acquire_and_free, semaphore);
        assert_int_equal(bide_semaphore_release(semaphore), 0);
        end_thread(thread);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ALONE(refuses_null),
        ALONE(refuses_numbers_that_make_no_sense),
        ALONE(has_as_many_permits_as_it_was_given),
        ALONE(takes_no_more_than_max),
        ALONE(without_max_takes_any_number),
        COPIED_PRIMITIVE_TESTS,
        ON_ONE_WORKER(tells_of_no_request_who_tries),
        ON_POOLS(serves_in_the_order_of_asking),
        ALONE(lets_nobody_jump_the_queue),
        FIXTURE_ENTRY(passes_over_who_gave_up, "passes_over_who_gave_up", 2),
        ON_POOLS(passes_a_permit_on),
        ON_POOLS(lets_in_as_many_as_it_has_permits),
        ALONE(may_be_freed_by_who_has_the_last_permit),
    };
    return cmocka_run_group_tests(tests, fixture_begin, NULL);
}
