#include "support/asleep.h"

#include <string.h>

enum { MANY = 8 };

/* A condition, its mutex, and what its waiters tell of themselves. */
struct place {
    bide_mutex mutex;
    bide_cond cond;
    struct gate coming, woken; /* passed with the mutex locked */
    char names[MANY + 1];      /* of those woken, in order */
    size_t length;
};

#define PLACE_INIT                                                                                                     \
    {                                                                                                                  \
        .coming = GATE_INIT, .woken = GATE_INIT                                                                        \
    }

/* One that waits at the place once, and tells how its wait ended. */
struct visitor {
    struct place *place;
    bide_time deadline;
    char name;
    int error, unlock, next;
};

static int visit(void *arg)
{
    struct visitor *visitor = arg;
    struct place *place = visitor->place;
    CHECK_EQUAL(bide_mutex_lock(&place->mutex), 0);
    gate_arrive(&place->coming);
    visitor->error = bide_cond_wait(&place->cond, &place->mutex, visitor->deadline);
    if (visitor->error == 0) {
        place->names[place->length++] = visitor->name;
        gate_arrive(&place->woken);
    }
    visitor->unlock = bide_mutex_unlock(&place->mutex);
    visitor->next = bide_yield();
    return 0;
}

static int visit_as_task(void *visitor, bide_value *result)
{
    (void)result;
    return visit(visitor);
}

static void *visit_as_thread(void *visitor)
{
    visit(visitor);
    return NULL;
}

static void lock(struct place *place)
{
    assert_int_equal(bide_mutex_lock(&place->mutex), 0);
}

static void unlock(struct place *place)
{
    assert_int_equal(bide_mutex_unlock(&place->mutex), 0);
}

/* Returns with the mutex locked, when that many have come: as to wait is to unlock in one step, they wait. */
static void lock_when_they_wait(struct place *place, unsigned n)
{
    gate_await(&place->coming, n);
    lock(place);
}

static void await_woken(struct place *place, const char *expected)
{
    gate_await(&place->woken, (unsigned)strlen(expected));
    lock(place);
    assert_string_equal(place->names, expected);
    unlock(place);
}

static void refuses_null(void **state)
{
    (void)state;
    bide_mutex mutex = {{0}};
    bide_cond cond = {{0}};
    assert_int_equal(bide_mutex_lock(&mutex), 0);
    assert_int_equal(bide_cond_wait(NULL, &mutex, BIDE_NOW), EINVAL);
    assert_int_equal(bide_mutex_try(&mutex), EDEADLK);
    assert_int_equal(bide_mutex_unlock(&mutex), 0);
    assert_int_equal(bide_cond_wait(&cond, NULL, BIDE_NOW), EINVAL);
    assert_int_equal(bide_cond_signal(NULL), EINVAL);
    assert_int_equal(bide_cond_broadcast(NULL), EINVAL);
}

static int wait_with_a_foreign_mutex(void *arg)
{
    struct place *place = arg;
    CHECK_EQUAL(bide_cond_wait(&place->cond, &place->mutex, BIDE_FOREVER), EPERM);
    CHECK_EQUAL(bide_mutex_try(&place->mutex), EBUSY);
    return 0;
}

static void needs_the_mutex(void **state)
{
    (void)state;
    struct place place = PLACE_INIT;
    struct caller caller;
    assert_int_equal(bide_cond_wait(&place.cond, &place.mutex, BIDE_FOREVER), EPERM);
    assert_int_equal(bide_mutex_unlock(&place.mutex), EPERM);
    lock(&place);
    caller_start(&caller, wait_with_a_foreign_mutex, &place);
    assert_int_equal(caller_end(&caller), 0);
    unlock(&place);
}

static void is_late_with_the_mutex_locked(void **state)
{
    (void)state;
    struct place place = PLACE_INIT;
    lock(&place);
    assert_int_equal(bide_cond_wait(&place.cond, &place.mutex, BIDE_NOW), ETIMEDOUT);
    assert_int_equal(bide_mutex_try(&place.mutex), EDEADLK);
    bide_time deadline = bide_in(0.01);
    assert_int_equal(bide_cond_wait(&place.cond, &place.mutex, deadline), ETIMEDOUT);
    assert_true(bide_clock() >= deadline);
    assert_int_equal(bide_mutex_try(&place.mutex), EDEADLK);
    unlock(&place);
}

/* A signal is for those who wait, not for those who come. */
static void keeps_no_signal(void **state)
{
    (void)state;
    struct place place = PLACE_INIT;
    assert_int_equal(bide_cond_signal(&place.cond), 0);
    assert_int_equal(bide_cond_broadcast(&place.cond), 0);
    lock(&place);
    assert_int_equal(bide_cond_wait(&place.cond, &place.mutex, BIDE_NOW), ETIMEDOUT);
    unlock(&place);
}

static void wakes_the_one_that_waits_longest(void **state)
{
    struct fixture *at = *state;
    struct place place = PLACE_INIT;
    struct visitor visitors[MANY];
    pthread_t threads[MANY];
    for (unsigned i = 0; i < MANY; i++) {
        visitors[i] = (struct visitor){&place, i % 3 ? BIDE_FOREVER : bide_in(1e6), (char)('a' + i), -1, -1, -1};
        if (i % 2 && i / 2 < at->workers)
            assert_int_equal(bide_submit(at->pool, visit_as_task, &visitors[i], NULL), 0);
        else
            threads[i] = start_thread(visit_as_thread, &visitors[i]);
        lock_when_they_wait(&place, i + 1);
        unlock(&place);
    }
    for (unsigned i = 0; i < MANY; i++) {
        char expected[] = "abcdefgh";
        expected[i + 1] = 0;
        assert_int_equal(bide_cond_signal(&place.cond), 0);
        await_woken(&place, expected);
    }
    for (unsigned i = 0; i < MANY; i++) {
        if (!(i % 2 && i / 2 < at->workers))
            end_thread(threads[i]);
    }
    assert_int_equal(bide_pool_drain(at->pool, BIDE_FOREVER), 0);
    for (unsigned i = 0; i < MANY; i++) {
        assert_int_equal(visitors[i].error, 0);
        assert_int_equal(visitors[i].unlock, 0);
    }
}

static void wakes_all_that_wait_now(void **state)
{
    struct fixture *at = *state;
    struct place place = PLACE_INIT;
    struct visitor visitors[MANY], next = {&place, BIDE_FOREVER, 'z', -1, -1, -1};
    struct caller late;
    pthread_t threads[MANY];
    for (unsigned i = 0; i < MANY; i++) {
        visitors[i] = (struct visitor){&place, BIDE_FOREVER, 'a', -1, -1, -1};
        if (i < at->workers / 2)
            assert_int_equal(bide_submit(at->pool, visit_as_task, &visitors[i], NULL), 0);
        else
            threads[i] = start_thread(visit_as_thread, &visitors[i]);
    }
    lock_when_they_wait(&place, MANY);
    assert_int_equal(bide_cond_broadcast(&place.cond), 0);
    unlock(&place);
    await_woken(&place, "aaaaaaaa");
    place.length = 0;
    caller_start(&late, visit, &next);
    lock_when_they_wait(&place, MANY + 1);
    assert_int_equal(place.length, 0);
    assert_int_equal(bide_cond_broadcast(&place.cond), 0);
    unlock(&place);
    assert_int_equal(caller_end(&late), 0);
    assert_int_equal(next.error, 0);
    for (unsigned i = at->workers / 2; i < MANY; i++)
        end_thread(threads[i]);
    assert_int_equal(bide_pool_drain(at->pool, BIDE_FOREVER), 0);
}

/* The other holds the mutex when the wait ends. */
static void returns_with_the_mutex(struct place *place, struct visitor *visitor, bide_future *task, int error)
{
    assert_int_equal(bide_future_state(task), BIDE_RUNNING);
    assert_int_equal(visitor->unlock, -1);
    place->length = 0; /* which races with the visitor if that is back before */
    unlock(place);
    assert_int_equal(bide_join(task, NULL), 0);
    assert_int_equal(visitor->error, error);
    assert_int_equal(visitor->unlock, 0);
    assert_int_equal(visitor->next, 0);
}

static void has_the_mutex_when_signalled(void **state)
{
    struct fixture *at = *state;
    struct place place = PLACE_INIT;
    struct visitor visitor = {&place, BIDE_FOREVER, 'a', -1, -1, -1};
    bide_future *task = submit(at->pool, visit_as_task, &visitor);
    lock_when_they_wait(&place, 1);
    assert_int_equal(bide_cond_signal(&place.cond), 0);
    returns_with_the_mutex(&place, &visitor, task, 0);
}

static void has_the_mutex_when_cancelled(void **state)
{
    struct fixture *at = *state;
    struct place place = PLACE_INIT;
    struct visitor visitor = {&place, BIDE_FOREVER, 'a', -1, -1, -1};
    bide_future *task = submit(at->pool, visit_as_task, &visitor);
    lock_when_they_wait(&place, 1);
    assert_int_equal(bide_future_cancel(task), 0);
    returns_with_the_mutex(&place, &visitor, task, ECANCELED);
}

/* The mutex has to be locked before the deadline passes: should that be late, again with more time. */
static void has_the_mutex_when_late(void **state)
{
    struct fixture *at = *state;
    struct place place = PLACE_INIT;
    struct visitor visitor = {&place, bide_in(0.01), 'a', -1, -1, -1};
    bide_future *task = submit(at->pool, visit_as_task, &visitor);
    lock_when_they_wait(&place, 1);
    for (double seconds = 0.02; bide_clock() >= visitor.deadline; seconds *= 2) {
        unlock(&place);
        assert_int_equal(bide_join(task, NULL), 0);
        visitor = (struct visitor){&place, bide_in(seconds), 'a', -1, -1, -1};
        place.coming = (struct gate)GATE_INIT;
        task = submit(at->pool, visit_as_task, &visitor);
        lock_when_they_wait(&place, 1);
    }
    while (bide_clock() < visitor.deadline)
        sched_yield();
    returns_with_the_mutex(&place, &visitor, task, ETIMEDOUT);
}

/* The wait is over, and the mutex is waited for: a request is kept for the next wait. */
static void is_not_interrupted_while_it_locks_again(void **state)
{
    struct fixture *at = *state;
    struct place place = PLACE_INIT;
    struct visitor visitor = {&place, BIDE_FOREVER, 'a', -1, -1, -1};
    bide_future *task = submit(at->pool, visit_as_task, &visitor);
    lock_when_they_wait(&place, 1);
    assert_int_equal(bide_cond_signal(&place.cond), 0);
    assert_int_equal(bide_future_cancel(task), 0);
    unlock(&place);
    assert_int_equal(bide_join(task, NULL), 0);
    assert_int_equal(visitor.error, 0);
    assert_int_equal(visitor.unlock, 0);
    assert_int_equal(visitor.next, ECANCELED);
}

static int visit_when_asked_to_stop(void *arg, bide_value *result)
{
    struct visitor *visitor = arg;
    gate_pass(&visitor->place->woken);
    return visit_as_task(arg, result);
}

static void delivers_a_request_made_before(void **state)
{
    struct fixture *at = *state;
    static const bide_time deadlines[] = {BIDE_FOREVER, BIDE_FOREVER - 1, BIDE_NOW};
    for (int i = 0; i < 3; i++) {
        struct place place = PLACE_INIT;
        struct visitor visitor = {&place, deadlines[i], 'a', -1, -1, -1};
        bide_future *task = submit(at->pool, visit_when_asked_to_stop, &visitor);
        gate_await(&place.woken, 1);
        assert_int_equal(bide_future_cancel(task), 0);
        gate_open(&place.woken);
        assert_int_equal(bide_join(task, NULL), 0);
        assert_int_equal(visitor.error, ECANCELED);
        assert_int_equal(visitor.unlock, 0);
        assert_int_equal(visitor.next, 0);
    }
}

/* The first gives up in the instant in which it is signalled. Either it says that it was, or the second was. */
static void passes_a_signal_on(void **state)
{
    struct fixture *at = *state;
    for (int i = 0; i < 90; i++) {
        struct place place = PLACE_INIT;
        struct visitor first = {&place, i % 3 == 2 ? bide_in(0.0002 + i * 1e-6) : BIDE_FOREVER, 'a', -1, -1, -1};
        struct visitor second = {&place, BIDE_FOREVER, 'b', -1, -1, -1};
        bide_future *task = submit(at->pool, visit_as_task, &first);
        lock_when_they_wait(&place, 1);
        unlock(&place);
        pthread_t thread = start_thread(visit_as_thread, &second);
        lock_when_they_wait(&place, 2);
        if (i % 2)
            unlock(&place);
        if (i % 3 == 0)
            assert_int_equal(bide_future_cancel(task), 0);
        assert_int_equal(bide_cond_signal(&place.cond), 0);
        if (i % 3 == 1)
            bide_future_cancel(task);
        if (i % 2 == 0)
            unlock(&place);
        assert_int_equal(bide_join(task, NULL), 0);
        await_woken(&place, first.error == 0 ? "a" : "b");
        assert_int_equal(bide_cond_broadcast(&place.cond), 0);
        end_thread(thread);
    }
}

static void wait_in_callback(bide_future *future, void *ctx)
{
    struct place *place = ctx;
    (void)future;
    CHECK_EQUAL(bide_cond_wait(&place->cond, &place->mutex, BIDE_FOREVER), EPERM);
    CHECK_EQUAL(bide_mutex_lock(&place->mutex), 0);
    CHECK_EQUAL(bide_cond_wait(&place->cond, &place->mutex, BIDE_FOREVER), EDEADLK);
    CHECK_EQUAL(bide_cond_wait(&place->cond, &place->mutex, bide_in(1e6)), EDEADLK);
    CHECK_EQUAL(bide_cond_signal(&place->cond), 0);
    CHECK_EQUAL(bide_cond_broadcast(&place->cond), 0);
    CHECK_EQUAL(bide_mutex_unlock(&place->mutex), 0);
}

static int settle(void *promise, bide_value *result)
{
    (void)result;
    return bide_promise_resolve(promise, bide_u64(0));
}

static void does_not_wait_in_callbacks(void **state)
{
    struct fixture *at = *state;
    struct place place = PLACE_INIT;
    bide_future *promise = make_promise();
    assert_int_equal(bide_future_on_done(promise, wait_in_callback, &place), 0);
    assert_int_equal(bide_join(submit(at->pool, settle, promise), NULL), 0);
    assert_int_equal(bide_future_on_done(promise, wait_in_callback, &place), 0);
    bide_future_release(promise);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ALONE(refuses_null),
        ALONE(needs_the_mutex),
        ALONE(is_late_with_the_mutex_locked),
        ALONE(keeps_no_signal),
        ON_POOLS(wakes_the_one_that_waits_longest),
        ON_POOLS(wakes_all_that_wait_now),
        ON_POOLS(has_the_mutex_when_signalled),
        ON_POOLS(has_the_mutex_when_cancelled),
        ON_POOLS(has_the_mutex_when_late),
        ON_POOLS(is_not_interrupted_while_it_locks_again),
        ON_POOLS(delivers_a_request_made_before),
        ON_POOLS(passes_a_signal_on),
        ON_ONE_WORKER(does_not_wait_in_callbacks),
    };
    return cmocka_run_group_tests(tests, fixture_begin, NULL);
}
