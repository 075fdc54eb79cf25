#include "support/asleep.h"

#include <math.h>

static int lock_and_unlock(void *mutex)
{
    int error = bide_mutex_lock(mutex);
    return error ? error : bide_mutex_unlock(mutex);
}

static int lock_unlock_and_free(void *mutex)
{
    int error = lock_and_unlock(mutex);
    free(mutex);
    return error;
}

static int lock_long_and_unlock(void *mutex)
{
    int error = bide_mutex_lock_until(mutex, bide_in(1e6));
    return error ? error : bide_mutex_unlock(mutex);
}

/* What a strand that is not the owner can do with a locked mutex; then whether it had been asked to stop. */
struct outsider {
    bide_mutex *mutex;
    int try, poll, late, unlock;
    bool never_early;
};

static int stay_out(void *arg)
{
    struct outsider *outsider = arg;
    outsider->try = bide_mutex_try(outsider->mutex);
    outsider->poll = bide_mutex_lock_until(outsider->mutex, BIDE_NOW);
    bide_time deadline = bide_in(0.01);
    outsider->late = bide_mutex_lock_until(outsider->mutex, deadline);
    outsider->never_early = bide_clock() >= deadline;
    outsider->unlock = bide_mutex_unlock(outsider->mutex);
    return 0;
}

static int stay_out_as_task(void *outsider, bide_value *result)
{
    (void)result;
    return stay_out(outsider);
}

static void assert_stayed_out(const struct outsider *outsider)
{
    assert_int_equal(outsider->try, EBUSY);
    assert_int_equal(outsider->poll, ETIMEDOUT);
    assert_int_equal(outsider->late, ETIMEDOUT);
    assert_true(outsider->never_early);
    assert_int_equal(outsider->unlock, EPERM);
}

static void refuses_null(void **state)
{
    (void)state;
    assert_int_equal(bide_mutex_lock(NULL), EINVAL);
    assert_int_equal(bide_mutex_lock_until(NULL, BIDE_FOREVER), EINVAL);
    assert_int_equal(bide_mutex_lock_until(NULL, BIDE_NOW), EINVAL);
    assert_int_equal(bide_mutex_try(NULL), EINVAL);
    assert_int_equal(bide_mutex_unlock(NULL), EINVAL);
}

static void is_locked_and_unlocked(void **state)
{
    (void)state;
    bide_mutex mutex = {{0}};
    int (*ways[])(bide_mutex *) = {bide_mutex_lock, bide_mutex_try};
    for (int i = 0; i < 4; i++) {
        assert_int_equal(bide_mutex_unlock(&mutex), EPERM);
        assert_int_equal(i < 2 ? ways[i](&mutex) : bide_mutex_lock_until(&mutex, i == 2 ? BIDE_NOW : BIDE_FOREVER), 0);
        assert_int_equal(bide_mutex_unlock(&mutex), 0);
    }
    assert_int_equal(bide_mutex_unlock(&mutex), EPERM);
}

static int lock_twice(void *arg)
{
    bide_mutex *mutex = arg;
    CHECK_EQUAL(bide_mutex_lock(mutex), 0);
    CHECK_EQUAL(bide_mutex_lock(mutex), EDEADLK);
    CHECK_EQUAL(bide_mutex_lock_until(mutex, BIDE_FOREVER), EDEADLK);
    CHECK_EQUAL(bide_mutex_lock_until(mutex, bide_in(1e6)), EDEADLK);
    CHECK_EQUAL(bide_mutex_try(mutex), EDEADLK);
    CHECK_EQUAL(bide_mutex_unlock(mutex), 0);
    CHECK_EQUAL(bide_mutex_unlock(mutex), EPERM);
    return 0;
}

static int lock_twice_as_task(void *mutex, bide_value *result)
{
    (void)result;
    return lock_twice(mutex);
}

static void is_not_locked_twice_by_one(void **state)
{
    struct fixture *at = *state;
    bide_mutex mutex = {{0}};
    lock_twice(&mutex);
    assert_int_equal(bide_join(submit(at->pool, lock_twice_as_task, &mutex), NULL), 0);
}

static void keeps_others_out(void **state)
{
    struct fixture *at = *state;
    bide_mutex mutex = {{0}};
    struct outsider task = {.mutex = &mutex}, thread = task;
    struct caller caller;
    assert_int_equal(bide_mutex_lock(&mutex), 0);
    caller_start(&caller, stay_out, &thread);
    assert_int_equal(caller_end(&caller), 0);
    assert_stayed_out(&thread);
    assert_int_equal(bide_join(submit(at->pool, stay_out_as_task, &task), NULL), 0);
    assert_stayed_out(&task);
    assert_int_equal(bide_mutex_unlock(&mutex), 0);
}

/* Above the owner on its stack, it would wait for ever. */
static int stay_out_above(void *arg, bide_value *result)
{
    struct outsider *outsider = arg;
    CHECK_EQUAL(bide_mutex_lock(outsider->mutex), EDEADLK);
    CHECK_EQUAL(bide_mutex_lock_until(outsider->mutex, BIDE_FOREVER), EDEADLK);
    return stay_out_as_task(arg, result);
}

static int stay_out_further_above(void *outsider, bide_value *result)
{
    bide_future *nested;
    (void)result;
    CHECK_EQUAL(bide_submit(bide_current_pool(), stay_out_above, outsider, &nested), 0);
    return bide_join(nested, NULL);
}

static int hold_over_a_run_in_place(void *arg, bide_value *result)
{
    struct outsider *outsider = arg;
    bide_future *nested;
    (void)result;
    CHECK_EQUAL(bide_mutex_lock(outsider->mutex), 0);
    CHECK_EQUAL(bide_submit(bide_current_pool(), stay_out_further_above, outsider, &nested), 0);
    CHECK_EQUAL(bide_join(nested, NULL), 0);
    CHECK_EQUAL(bide_mutex_lock(outsider->mutex), EDEADLK);
    CHECK_EQUAL(bide_sleep(0.001), 0);
    CHECK_EQUAL(bide_mutex_unlock(outsider->mutex), 0);
    return 0;
}

/* One worker: the task inside runs on the very thread whose other task holds the mutex. */
static void belongs_to_the_task_not_the_thread(void **state)
{
    struct fixture *at = *state;
    bide_mutex mutex = {{0}};
    struct outsider inside = {.mutex = &mutex};
    assert_int_equal(bide_join(submit(at->pool, hold_over_a_run_in_place, &inside), NULL), 0);
    assert_stayed_out(&inside);
}

static int lock_from_within(void *mutex, bide_value *result)
{
    bide_future *nested;
    (void)result;
    CHECK_EQUAL(bide_submit(bide_current_pool(), lock_twice_as_task, mutex, &nested), 0);
    CHECK_EQUAL(bide_join(nested, NULL), 0);
    CHECK_EQUAL(bide_mutex_unlock(mutex), EPERM);
    return lock_and_unlock(mutex);
}

static void can_be_locked_in_a_run_in_place(void **state)
{
    struct fixture *at = *state;
    bide_mutex mutex = {{0}};
    assert_int_equal(bide_join(submit(at->pool, lock_from_within, &mutex), NULL), 0);
}

/* A task that waits for a mutex, and what its wait and its next one gave. */
struct candidate {
    bide_mutex *mutex;
    bide_time deadline; /* 0: bide_mutex_lock() */
    struct gate *gate;  /* passed first, or NULL */
    struct sleeper sleeper;
    int error, unlock, next;
};

static int stand_for(void *arg, bide_value *result)
{
    struct candidate *candidate = arg;
    (void)result;
    if (candidate->gate)
        gate_pass(candidate->gate);
    sleeper_goes(&candidate->sleeper);
    candidate->error = candidate->deadline ? bide_mutex_lock_until(candidate->mutex, candidate->deadline)
                                           : bide_mutex_lock(candidate->mutex);
    candidate->unlock = bide_mutex_unlock(candidate->mutex);
    candidate->next = bide_yield();
    return 0;
}

static void keeps_a_request_to_stop(void **state)
{
    struct fixture *at = *state;
    bide_mutex mutex = {{0}};
    struct candidate candidate = {.mutex = &mutex, .sleeper = SLEEPER_INIT};
    assert_int_equal(bide_mutex_lock(&mutex), 0);
    bide_future *task = submit(at->pool, stand_for, &candidate);
    sleeper_await(&candidate.sleeper);
    assert_int_equal(bide_future_cancel(task), 0);
    sleeper_await(&candidate.sleeper);
    assert_int_equal(bide_future_state(task), BIDE_RUNNING);
    assert_int_equal(bide_mutex_unlock(&mutex), 0);
    assert_int_equal(bide_join(task, NULL), 0);
    assert_int_equal(candidate.error, 0);
    assert_int_equal(candidate.unlock, 0);
    assert_int_equal(candidate.next, ECANCELED);
}

static void ends_a_wait_until_when_asked_to_stop(void **state)
{
    struct fixture *at = *state;
    bide_mutex mutex = {{0}};
    assert_int_equal(bide_mutex_lock(&mutex), 0);
    for (int i = 0; i < 2; i++) {
        struct candidate candidate = {
            .mutex = &mutex, .deadline = i ? bide_in(1e6) : BIDE_FOREVER, .sleeper = SLEEPER_INIT};
        bide_future *task = submit(at->pool, stand_for, &candidate);
        sleeper_await(&candidate.sleeper);
        assert_int_equal(bide_future_cancel(task), 0);
        assert_int_equal(bide_join(task, NULL), 0);
        assert_int_equal(candidate.error, ECANCELED);
        assert_int_equal(candidate.unlock, EPERM);
        assert_int_equal(candidate.next, 0);
    }
    assert_int_equal(bide_mutex_unlock(&mutex), 0);
    assert_int_equal(lock_and_unlock(&mutex), 0);
}

/* Asked before it waits; and the mutex is free, or not. */
static void prefers_ready_over_stop(void **state)
{
    struct fixture *at = *state;
    for (int i = 0; i < 2; i++) {
        bide_mutex mutex = {{0}};
        struct gate gate = GATE_INIT;
        struct candidate candidate = {
            .mutex = &mutex, .deadline = BIDE_FOREVER, .gate = &gate, .sleeper = SLEEPER_INIT};
        bide_future *task = submit(at->pool, stand_for, &candidate);
        gate_await(&gate, 1);
        assert_int_equal(bide_future_cancel(task), 0);
        if (i)
            assert_int_equal(bide_mutex_lock(&mutex), 0);
        gate_open(&gate);
        assert_int_equal(bide_join(task, NULL), 0);
        assert_int_equal(candidate.error, i ? ECANCELED : 0);
        assert_int_equal(candidate.next, i ? 0 : ECANCELED);
        assert_int_equal(bide_mutex_unlock(&mutex), i ? 0 : EPERM);
    }
}

static int poll_after_request(void *arg, bide_value *result)
{
    struct candidate *candidate = arg;
    (void)result;
    gate_pass(candidate->gate);
    CHECK_EQUAL(bide_mutex_try(candidate->mutex), EBUSY);
    CHECK_EQUAL(bide_mutex_lock_until(candidate->mutex, BIDE_NOW), ECANCELED);
    CHECK_EQUAL(bide_mutex_lock_until(candidate->mutex, BIDE_NOW), ETIMEDOUT);
    return 0;
}

static void delivers_a_request_to_who_polls(void **state)
{
    struct fixture *at = *state;
    bide_mutex mutex = {{0}};
    struct gate gate = GATE_INIT;
    struct candidate candidate = {.mutex = &mutex, .gate = &gate};
    assert_int_equal(bide_mutex_lock(&mutex), 0);
    bide_future *task = submit(at->pool, poll_after_request, &candidate);
    gate_await(&gate, 1);
    assert_int_equal(bide_future_cancel(task), 0);
    gate_open(&gate);
    assert_int_equal(bide_join(task, NULL), 0);
    assert_int_equal(bide_mutex_unlock(&mutex), 0);
}

/* One that gave up must not be handed the mutex, nor keep it from the next. */
static void passes_over_who_gave_up(void **state)
{
    struct fixture *at = *state;
    bide_mutex mutex = {{0}};
    struct candidate quitter = {.mutex = &mutex, .deadline = BIDE_FOREVER, .sleeper = SLEEPER_INIT};
    struct candidate late = {.mutex = &mutex, .deadline = bide_in(0.02), .sleeper = SLEEPER_INIT};
    struct caller patient;
    assert_int_equal(bide_mutex_lock(&mutex), 0);
    bide_future *task = submit(at->pool, stand_for, &quitter);
    sleeper_await(&quitter.sleeper);
    bide_future *other = submit(at->pool, stand_for, &late);
    sleeper_await(&late.sleeper);
    caller_start(&patient, lock_and_unlock, &mutex);
    assert_int_equal(bide_future_cancel(task), 0);
    assert_int_equal(bide_join(task, NULL), 0);
    assert_int_equal(bide_join(other, NULL), 0);
    assert_int_equal(quitter.error, ECANCELED);
    assert_int_equal(late.error, ETIMEDOUT);
    assert_int_equal(bide_mutex_unlock(&mutex), 0);
    assert_int_equal(caller_end(&patient), 0);
    assert_int_equal(lock_and_unlock(&mutex), 0);
}

struct rival {
    bide_mutex mutex;
    struct gate owns;
};

static int own_until_told(void *arg)
{
    struct rival *rival = arg;
    CHECK_EQUAL(bide_mutex_lock(&rival->mutex), 0);
    gate_pass(&rival->owns);
    return bide_mutex_unlock(&rival->mutex);
}

/* After a millisecond of waiting the unlock makes the waiter the owner, before it has woken up. */
static void is_handed_over_to_who_waits_long(void **state)
{
    (void)state;
    for (int round = 0; round < 20; round++) {
        struct rival rival = {.owns = GATE_INIT};
        struct caller waiter;
        assert_int_equal(bide_mutex_lock(&rival.mutex), 0);
        caller_start(&waiter, own_until_told, &rival);
        for (bide_time patience = bide_in(0.0015); bide_clock() < patience;)
            sched_yield();
        assert_int_equal(bide_mutex_unlock(&rival.mutex), 0);
        assert_int_equal(bide_mutex_try(&rival.mutex), EBUSY);
        gate_open(&rival.owns);
        assert_int_equal(caller_end(&waiter), 0);
    }
}

/* A strand that never waits and takes the mutex again at once cannot keep another from it. */

struct hog {
    bide_mutex mutex;
    bool stop; /* under the mutex */
    struct gate going;
    unsigned rounds;
};

static void *hold_again_and_again(void *arg)
{
    struct hog *hog = arg;
    gate_arrive(&hog->going);
    for (bool stop = false; !stop; hog->rounds++) {
        CHECK_EQUAL(bide_mutex_lock(&hog->mutex), 0);
        for (bide_time end = bide_in(0.0001); bide_clock() < end;)
            ;
        stop = hog->stop;
        CHECK_EQUAL(bide_mutex_unlock(&hog->mutex), 0);
    }
    return NULL;
}

static void starves_nobody(void **state)
{
    (void)state;
    struct hog hog = {.going = GATE_INIT};
    pthread_t thread = start_thread(hold_again_and_again, &hog);
    gate_await(&hog.going, 1);
    for (int i = 0; i < 50; i++) {
        assert_int_equal(bide_mutex_lock(&hog.mutex), 0);
        hog.stop = i == 49;
        assert_int_equal(bide_mutex_unlock(&hog.mutex), 0);
    }
    end_thread(thread);
    assert_true(hog.rounds > 0);
}

/* Locked again at once, before the waiter that the unlock woke gets to it: it loses that race, and so must own the mutex at the
 * next unlock. False: it won, or has waited so long that it would be handed the mutex anyhow. */
static bool waiter_loses_and_is_next(void)
{
    struct rival rival = {.owns = GATE_INIT};
    struct caller waiter;
    assert_int_equal(bide_mutex_lock(&rival.mutex), 0);
    bide_time start = bide_clock();
    caller_start(&waiter, own_until_told, &rival);
    assert_int_equal(bide_mutex_unlock(&rival.mutex), 0);
    bool lost = bide_mutex_try(&rival.mutex) == 0;
    if (lost) {
        sleeper_await(&waiter.sleeper);
        assert_int_equal(bide_mutex_unlock(&rival.mutex), 0);
        int error = bide_mutex_try(&rival.mutex);
        lost = bide_clock() - start < 1000000;
        if (lost)
            assert_int_equal(error, EBUSY);
        if (error == 0)
            assert_int_equal(bide_mutex_unlock(&rival.mutex), 0);
    }
    gate_open(&rival.owns);
    assert_int_equal(caller_end(&waiter), 0);
    return lost;
}

static void is_handed_over_to_who_lost_a_race(void **state)
{
    (void)state;
    int lost = 0;
    for (int i = 0; i < (int)test_scale(1000) && lost < 10; i++)
        lost += waiter_loses_and_is_next();
    if (!lost)
        skip();
}

struct line {
    bide_mutex mutex;
    int owners; /* under the mutex */
};

struct place {
    struct line *line;
    int number;
};

static int take_turn(void *arg)
{
    struct place *place = arg;
    CHECK_EQUAL(bide_mutex_lock(&place->line->mutex), 0);
    CHECK_EQUAL(place->line->owners++, place->number);
    return bide_mutex_unlock(&place->line->mutex);
}

static void is_next_for_who_has_waited_longest(void **state)
{
    (void)state;
    enum { WAITERS = 8 };
    struct line line = {.owners = 0};
    struct place places[WAITERS];
    struct caller callers[WAITERS];
    assert_int_equal(bide_mutex_lock(&line.mutex), 0);
    for (int i = 0; i < WAITERS; i++) {
        places[i] = (struct place){&line, i};
        caller_start(&callers[i], take_turn, &places[i]);
    }
    assert_int_equal(bide_mutex_unlock(&line.mutex), 0);
    for (int i = 0; i < WAITERS; i++)
        assert_int_equal(caller_end(&callers[i]), 0);
    assert_int_equal(line.owners, WAITERS);
}

/* Two words that only the mutex keeps equal. */
struct pair {
    bide_mutex mutex;
    unsigned left, right;
};

static int add_to_pair(void *arg, bide_value *result)
{
    struct pair *pair = arg;
    for (int i = 0; i < 100; i++) {
        CHECK_EQUAL(bide_mutex_lock(&pair->mutex), 0);
        unsigned left = ++pair->left;
        if (i % 16 == 0)
            bide_yield();
        CHECK_EQUAL(++pair->right, left);
        CHECK_EQUAL(bide_mutex_unlock(&pair->mutex), 0);
    }
    (void)result;
    return 0;
}

static void *add_to_pair_as_thread(void *pair)
{
    add_to_pair(pair, NULL);
    return NULL;
}

static void excludes_tasks_and_threads(void **state)
{
    struct fixture *at = *state;
    struct pair pair = {.left = 0};
    pthread_t threads[2];
    for (int i = 0; i < 10; i++)
        assert_int_equal(bide_submit(at->pool, add_to_pair, &pair, NULL), 0);
    for (int i = 0; i < 2; i++)
        threads[i] = start_thread(add_to_pair_as_thread, &pair);
    for (int i = 0; i < 2; i++)
        end_thread(threads[i]);
    assert_int_equal(bide_pool_drain(at->pool, BIDE_FOREVER), 0);
    assert_int_equal(pair.left, 12 * 100);
    assert_int_equal(pair.right, 12 * 100);
}

static int hold_while_asleep(void *arg, bide_value *result)
{
    struct candidate *candidate = arg;
    (void)result;
    CHECK_EQUAL(bide_mutex_lock(candidate->mutex), 0);
    sleeper_goes(&candidate->sleeper);
    candidate->error = bide_sleep((double)INFINITY);
    return bide_mutex_unlock(candidate->mutex);
}

static void is_held_across_a_wait(void **state)
{
    struct fixture *at = *state;
    bide_mutex mutex = {{0}};
    struct candidate owner = {.mutex = &mutex, .sleeper = SLEEPER_INIT};
    struct caller callers[2];
    bide_future *task = submit(at->pool, hold_while_asleep, &owner);
    sleeper_await(&owner.sleeper);
    assert_int_equal(bide_mutex_try(&mutex), EBUSY);
    caller_start(&callers[0], lock_and_unlock, &mutex);
    caller_start(&callers[1], lock_long_and_unlock, &mutex);
    assert_int_equal(bide_future_cancel(task), 0);
    assert_int_equal(bide_join(task, NULL), 0);
    assert_int_equal(owner.error, ECANCELED);
    assert_int_equal(caller_end(&callers[0]), 0);
    assert_int_equal(caller_end(&callers[1]), 0);
}

static void lock_in_callback(bide_future *future, void *ctx)
{
    (void)future;
    CHECK_EQUAL(bide_mutex_lock(ctx), EDEADLK);
    CHECK_EQUAL(bide_mutex_lock_until(ctx, BIDE_FOREVER), EDEADLK);
    CHECK_EQUAL(bide_mutex_lock_until(ctx, bide_in(1e6)), EDEADLK);
    CHECK_EQUAL(bide_mutex_try(ctx), EBUSY);
    CHECK_EQUAL(bide_mutex_unlock(ctx), EPERM);
}

static void use_in_callback(bide_future *future, void *ctx)
{
    (void)future;
    CHECK_EQUAL(lock_and_unlock(ctx), 0);
    CHECK_EQUAL(lock_long_and_unlock(ctx), 0);
    CHECK_EQUAL(bide_mutex_try(ctx), 0);
    CHECK_EQUAL(bide_mutex_unlock(ctx), 0);
}

static int settle(void *promise, bide_value *result)
{
    (void)result;
    return bide_promise_resolve(promise, bide_u64(0));
}

static void does_not_wait_in_callbacks(void **state)
{
    struct fixture *at = *state;
    static bide_mutex mutex, unlocked;
    bide_future *promise = make_promise();
    assert_int_equal(bide_mutex_lock(&mutex), 0);
    assert_int_equal(bide_future_on_done(promise, lock_in_callback, &mutex), 0);
    assert_int_equal(bide_future_on_done(promise, use_in_callback, &unlocked), 0);
    assert_int_equal(bide_join(submit(at->pool, settle, promise), NULL), 0);
    bide_future_release(promise);
    assert_int_equal(bide_mutex_unlock(&mutex), 0);
}

/* While the one before may not have returned from its unlock. */
static void may_be_freed_by_its_last_owner(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++) {
        struct caller waiter;
        bide_mutex *mutex = calloc(1, sizeof *mutex);
        assert_int_equal(bide_mutex_lock(mutex), 0);
        caller_start(&waiter, lock_unlock_and_free, mutex);
        assert_int_equal(bide_mutex_unlock(mutex), 0);
        assert_int_equal(caller_end(&waiter), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ALONE(refuses_null),
        ALONE(is_locked_and_unlocked),
        ON_ONE_WORKER(is_not_locked_twice_by_one),
        ON_ONE_WORKER(keeps_others_out),
        ON_ONE_HOLDING_WORKER(belongs_to_the_task_not_the_thread),
        ON_ONE_HOLDING_WORKER(can_be_locked_in_a_run_in_place),
        ON_POOLS(keeps_a_request_to_stop),
        ON_POOLS(ends_a_wait_until_when_asked_to_stop),
        ON_POOLS(prefers_ready_over_stop),
        ON_POOLS(delivers_a_request_to_who_polls),
        FIXTURE_ENTRY(passes_over_who_gave_up, "passes_over_who_gave_up", 2),
        ALONE(is_handed_over_to_who_waits_long),
        ALONE(is_handed_over_to_who_lost_a_race),
        ALONE(is_next_for_who_has_waited_longest),
        ALONE(starves_nobody),
        ON_POOLS(excludes_tasks_and_threads),
        ON_POOLS(is_held_across_a_wait),
        ON_POOLS(does_not_wait_in_callbacks),
        ALONE(may_be_freed_by_its_last_owner),
    };
    return cmocka_run_group_tests(tests, fixture_begin, NULL);
}
