#include "support/asleep.h"
#include "support/fixture.h"

#include <math.h>
#include <stdatomic.h>

enum { MANY = 100, LIMIT = 3 };

/* As many, but where tools are slow: their cost is that of those at work at the same time, squared. */
static unsigned rather_many(void)
{
    return 10 + (unsigned)test_scale(MANY - 10);
}

static bide_group *make_group(bide_pool *pool, size_t limit)
{
    bide_group *group = NULL;
    assert_int_equal(bide_group_create(&group, pool, limit), 0);
    assert_non_null(group);
    return group;
}

static bide_future *spawn(bide_group *group, bide_task_fn *fn, void *arg)
{
    bide_future *future = NULL;
    assert_int_equal(bide_group_spawn(group, fn, arg, &future), 0);
    assert_non_null(future);
    return future;
}

static void spawn_unasked(bide_group *group, bide_task_fn *fn, void *arg)
{
    assert_int_equal(bide_group_spawn(group, fn, arg, NULL), 0);
}

static size_t failures_of(bide_group *group)
{
    size_t n = SIZE_MAX;
    assert_int_equal(bide_group_failed(group, NULL, 0, &n), 0);
    return n;
}

/* Wait, and see what the first failure was. */
static void expect_end(bide_group *group, int failure)
{
    int first = -1;
    assert_int_equal(bide_group_wait(group, BIDE_FOREVER, &first), 0);
    assert_int_equal(first, failure);
    assert_int_equal(bide_group_wait(group, BIDE_NOW, NULL), 0);
}

static void expect_end_of(bide_future *future, enum bide_state state)
{
    assert_int_equal(bide_future_wait(future, BIDE_FOREVER), 0);
    assert_int_equal(bide_future_state(future), state);
    bide_future_release(future);
}

static int count(void *arg, bide_value *result)
{
    (void)result;
    atomic_fetch_add((atomic_uint *)arg, 1);
    return 0;
}

static int fail_with(void *arg, bide_value *result)
{
    (void)result;
    return *(const int *)arg;
}

static int sleep_until_asked(void *arg, bide_value *result)
{
    (void)result;
    if (arg)
        gate_arrive(arg);
    return bide_sleep((double)INFINITY);
}

static int fail_behind(void *gate, bide_value *result)
{
    (void)result;
    gate_pass(gate);
    return EIO;
}

/* Ends, and what becomes of the others */

static void without_children_it_has_ended(void **state)
{
    struct fixture *at = *state;
    bide_group *group = make_group(at->pool, 1);
    expect_end(group, 0);
    assert_int_equal(failures_of(group), 0);
    bide_group_destroy(group);
}

static void a_wait_awaits_all_children(void **state)
{
    struct fixture *at = *state;
    atomic_uint ran = 0;
    bide_group *group = make_group(at->pool, 0);
    for (int round = 1; round <= 2; round++) {
        for (int i = 0; i < MANY; i++)
            spawn_unasked(group, count, &ran);
        expect_end(group, 0);
        assert_int_equal(atomic_load(&ran), round * MANY);
    }
    bide_group_destroy(group);
}

static int give_seven(void *arg, bide_value *result)
{
    (void)arg;
    *result = bide_u64(7);
    return 0;
}

static void its_futures_outlive_it(void **state)
{
    struct fixture *at = *state;
    bide_value value;
    bide_group *group = make_group(at->pool, 0);
    bide_future *future = spawn(group, give_seven, NULL);
    expect_end(group, 0);
    bide_group_destroy(group);
    assert_int_equal(bide_join(future, &value), 0);
    assert_true(value.u64 == 7);
}

/* Nobody waits for the group meanwhile. */
static void the_first_failure_stops_the_rest_at_once(void **state)
{
    struct fixture *at = *state;
    struct gate gate = GATE_INIT;
    bide_future *others[4];
    bide_group *group = make_group(at->pool, 0);
    spawn_unasked(group, fail_behind, &gate);
    gate_await(&gate, 1);
    for (int i = 0; i < 4; i++)
        others[i] = spawn(group, sleep_until_asked, NULL);
    gate_open(&gate);
    for (int i = 0; i < 4; i++)
        expect_end_of(others[i], BIDE_CANCELLED);
    expect_end(group, EIO);
    assert_int_equal(failures_of(group), 1);
    bide_group_destroy(group);
}

static void expect_refusal(bide_group *group)
{
    atomic_uint ran = 0;
    bide_future *untouched = NULL;
    assert_int_equal(bide_group_spawn(group, count, &ran, &untouched), ECANCELED);
    assert_null(untouched);
    assert_int_equal(bide_group_wait(group, BIDE_NOW, NULL), 0);
    assert_int_equal(atomic_load(&ran), 0);
}

static void after_a_failure_it_refuses_children(void **state)
{
    struct fixture *at = *state;
    int error = EIO;
    bide_group *group = make_group(at->pool, 0);
    spawn_unasked(group, fail_with, &error);
    expect_end(group, EIO);
    expect_refusal(group);
    bide_group_destroy(group);
}

static void after_a_cancel_it_refuses_children(void **state)
{
    struct fixture *at = *state;
    bide_group *group = make_group(at->pool, 0);
    assert_int_equal(bide_group_cancel(group), 0);
    expect_refusal(group);
    expect_end(group, 0);
    bide_group_destroy(group);
}

static void a_cancelled_child_is_no_error(void **state)
{
    struct fixture *at = *state;
    atomic_uint ran = 0;
    bide_group *group = make_group(at->pool, 0);
    bide_future *cancelled = spawn(group, sleep_until_asked, NULL);
    assert_int_equal(bide_future_cancel(cancelled), 0);
    expect_end_of(cancelled, BIDE_CANCELLED);
    spawn_unasked(group, count, &ran);
    expect_end(group, 0);
    assert_int_equal(failures_of(group), 0);
    assert_int_equal(atomic_load(&ran), 1);
    bide_group_destroy(group);
}

static void to_return_ecanceled_unasked_is_to_fail(void **state)
{
    struct fixture *at = *state;
    int error = ECANCELED;
    bide_group *group = make_group(at->pool, 0);
    spawn_unasked(group, fail_with, &error);
    expect_end(group, ECANCELED);
    assert_int_equal(failures_of(group), 1);
    bide_group_destroy(group);
}

struct failing {
    struct gate gate;
    int error;
};

static int fail_late(void *arg, bide_value *result)
{
    struct failing *failing = arg;
    (void)result;
    gate_pass(&failing->gate);
    return failing->error;
}

static void let_fail(bide_group *group, struct failing *failing, size_t n)
{
    gate_open(&failing->gate);
    while (failures_of(group) < n)
        sched_yield();
}

static void expect_failures(bide_group *group, bide_future *const expected[], size_t max, size_t n)
{
    bide_future *failed[3] = {NULL, NULL, NULL};
    size_t all = 0;
    assert_int_equal(bide_group_failed(group, failed, max, &all), 0);
    assert_int_equal(all, n);
    for (size_t i = 0; i < 3; i++) {
        assert_ptr_equal(failed[i], i < max && i < n ? expected[i] : NULL);
        bide_future_release(failed[i]);
    }
}

static void all_failures_can_be_read_in_the_order_of_the_ends(void **state)
{
    (void)state;
    bide_pool *pool = make_pool(3);
    bide_group *group = make_group(pool, 0);
    struct failing failing[3];
    bide_future *futures[3];
    for (int i = 0; i < 3; i++) {
        failing[i] = (struct failing){GATE_INIT, i + 1};
        futures[i] = spawn(group, fail_late, &failing[i]);
        gate_await(&failing[i].gate, 1);
    }
    for (int i = 0; i < 3; i++)
        let_fail(group, &failing[(i + 2) % 3], (size_t)i + 1);
    expect_end(group, 3);
    bide_future *const order[] = {futures[2], futures[0], futures[1]};
    for (size_t max = 0; max <= 3; max++)
        expect_failures(group, order, max, 3);
    bide_group_destroy(group);
    for (int i = 0; i < 3; i++)
        assert_int_equal(bide_join(futures[i], NULL), i + 1);
    end_pool(pool);
}

static void a_failure_stops_no_other_group(void **state)
{
    struct fixture *at = *state;
    struct gate gate = GATE_INIT;
    int error = EIO;
    bide_pool *other = make_pool(1);
    bide_group *fails = make_group(at->pool, 0), *goes_on = make_group(other, 0), *beside = make_group(at->pool, 0);
    bide_future *standing = spawn(goes_on, stand_at, &gate);
    spawn_unasked(fails, fail_with, &error);
    expect_end(fails, EIO);
    spawn_unasked(beside, stand_at, &gate);
    gate_open(&gate);
    expect_end_of(standing, BIDE_DONE);
    expect_end(goes_on, 0);
    expect_end(beside, 0);
    bide_group_destroy(fails);
    bide_group_destroy(beside);
    bide_group_destroy(goes_on);
    end_pool(other);
}

/* The limit */

struct crowd {
    bide_group *group;
    atomic_uint present, ran;
};

static int be_present(void *arg, bide_value *result)
{
    struct crowd *crowd = arg;
    (void)result;
    CHECK(atomic_fetch_add(&crowd->present, 1) < LIMIT);
    CHECK_EQUAL(bide_yield(), 0);
    atomic_fetch_sub(&crowd->present, 1);
    atomic_fetch_add(&crowd->ran, 1);
    return 0;
}

static int gather_a_crowd(void *arg, bide_value *result)
{
    struct crowd *crowd = arg;
    (void)result;
    for (unsigned i = rather_many(); i > 0; i--)
        CHECK_EQUAL(bide_group_spawn(crowd->group, be_present, crowd, NULL), 0);
    CHECK_EQUAL(bide_group_wait(crowd->group, BIDE_FOREVER, NULL), 0);
    return 0;
}

static void there_are_never_more_than_the_limit(void **state)
{
    struct fixture *at = *state;
    struct crowd crowd = {.group = make_group(at->pool, LIMIT)};
    bide_future *gathering = submit(at->pool, gather_a_crowd, &crowd);
    gather_a_crowd(&crowd, NULL);
    assert_int_equal(bide_join(gathering, NULL), 0);
    assert_int_equal(atomic_load(&crowd.ran), 2 * rather_many());
    bide_group_destroy(crowd.group);
}

/* Who spawns into a group that may be full. */
struct spawning {
    bide_group *group;
    bide_task_fn *fn;
    void *arg;
    struct sleeper sleeper;
    int error;
};

static int call_spawn(void *arg)
{
    struct spawning *spawning = arg;
    return spawning->error = bide_group_spawn(spawning->group, spawning->fn, spawning->arg, NULL);
}

static int spawn_in_a_task(void *arg, bide_value *result)
{
    struct spawning *spawning = arg;
    (void)result;
    sleeper_goes(&spawning->sleeper);
    return call_spawn(spawning);
}

static void a_spawn_waits_for_room(void **state)
{
    struct fixture *at = *state;
    struct gate gate = GATE_INIT;
    atomic_uint ran = 0;
    bide_pool *other = make_pool(1);
    bide_group *group = make_group(at->pool, 1);
    struct spawning one = {.group = group, .fn = count, .arg = &ran, .sleeper = SLEEPER_INIT}, two = one;
    struct caller caller;
    spawn_unasked(group, stand_at, &gate);
    gate_await(&gate, 1);
    caller_start(&caller, call_spawn, &one);
    bide_future *task = submit(other, spawn_in_a_task, &two);
    sleeper_await(&two.sleeper);
    assert_int_equal(atomic_load(&ran), 0);
    gate_open(&gate);
    assert_int_equal(caller_end(&caller), 0);
    assert_int_equal(bide_join(task, NULL), 0);
    expect_end(group, 0);
    assert_int_equal(atomic_load(&ran), 2);
    bide_group_destroy(group);
    end_pool(other);
}

struct turn {
    atomic_uint *turns;
    unsigned number;
};

static int take_turn(void *arg, bide_value *result)
{
    const struct turn *turn = arg;
    (void)result;
    CHECK_EQUAL(atomic_fetch_add(turn->turns, 1), turn->number);
    return 0;
}

static void room_is_given_in_the_order_of_asking(void **state)
{
    struct fixture *at = *state;
    struct gate gate = GATE_INIT;
    atomic_uint turns = 0;
    bide_group *group = make_group(at->pool, 1);
    struct turn turn[4];
    struct spawning spawning[4];
    struct caller callers[4];
    spawn_unasked(group, stand_at, &gate);
    for (unsigned i = 0; i < 4; i++) {
        turn[i] = (struct turn){&turns, i};
        spawning[i] = (struct spawning){.group = group, .fn = take_turn, .arg = &turn[i]};
        caller_start(&callers[i], call_spawn, &spawning[i]);
    }
    gate_open(&gate);
    for (int i = 0; i < 4; i++)
        assert_int_equal(caller_end(&callers[i]), 0);
    expect_end(group, 0);
    assert_int_equal(atomic_load(&turns), 4);
    bide_group_destroy(group);
}

static void a_failure_ends_waits_for_room(void **state)
{
    struct fixture *at = *state;
    struct gate gate = GATE_INIT;
    atomic_uint ran = 0;
    bide_group *group = make_group(at->pool, 1);
    struct spawning spawning[2];
    struct caller callers[2];
    spawn_unasked(group, fail_behind, &gate);
    for (int i = 0; i < 2; i++) {
        spawning[i] = (struct spawning){.group = group, .fn = count, .arg = &ran};
        caller_start(&callers[i], call_spawn, &spawning[i]);
    }
    gate_open(&gate);
    for (int i = 0; i < 2; i++)
        assert_int_equal(caller_end(&callers[i]), ECANCELED);
    expect_end(group, EIO);
    assert_int_equal(atomic_load(&ran), 0);
    bide_group_destroy(group);
}

/* The child stays where it is. */
static void a_cancel_ends_waits_for_room(void **state)
{
    struct fixture *at = *state;
    struct gate gate = GATE_INIT;
    atomic_uint ran = 0;
    bide_group *group = make_group(at->pool, 1);
    struct spawning spawning = {.group = group, .fn = count, .arg = &ran};
    struct caller caller;
    spawn_unasked(group, stand_at, &gate);
    gate_await(&gate, 1);
    caller_start(&caller, call_spawn, &spawning);
    assert_int_equal(bide_group_cancel(group), 0);
    assert_int_equal(caller_end(&caller), ECANCELED);
    gate_open(&gate);
    expect_end(group, 0);
    assert_int_equal(atomic_load(&ran), 0);
    bide_group_destroy(group);
}

static void a_request_ends_a_wait_for_room(void **state)
{
    struct fixture *at = *state;
    struct gate gate = GATE_INIT;
    atomic_uint ran = 0;
    bide_pool *other = make_pool(1);
    bide_group *group = make_group(at->pool, 1);
    struct spawning spawning = {.group = group, .fn = count, .arg = &ran, .sleeper = SLEEPER_INIT};
    spawn_unasked(group, stand_at, &gate);
    bide_future *task = submit(other, spawn_in_a_task, &spawning);
    sleeper_await(&spawning.sleeper);
    assert_int_equal(bide_future_cancel(task), 0);
    assert_int_equal(bide_join(task, NULL), ECANCELED);
    gate_open(&gate);
    spawn_unasked(group, count, &ran);
    expect_end(group, 0);
    assert_int_equal(atomic_load(&ran), 1);
    bide_group_destroy(group);
    end_pool(other);
}

/* Children that spawn */

enum { GENERATIONS = 5 };

struct generation {
    struct family *family;
    unsigned left;
};

struct family {
    bide_group *group;
    atomic_uint ran;
    struct gate gate;
    struct generation generations[GENERATIONS];
};

static void found_family(struct family *family, bide_group *group)
{
    *family = (struct family){.group = group, .gate = GATE_INIT};
    for (unsigned i = 0; i < GENERATIONS; i++)
        family->generations[i] = (struct generation){family, i};
}

static int have_children(void *arg, bide_value *result)
{
    const struct generation *self = arg;
    struct family *family = self->family;
    (void)result;
    for (int i = 0; i < 3 && self->left > 0; i++)
        CHECK_EQUAL(bide_group_spawn(family->group, have_children, &family->generations[self->left - 1], NULL), 0);
    atomic_fetch_add(&family->ran, 1);
    return 0;
}

static void a_child_does_not_wait_for_room(void **state)
{
    struct fixture *at = *state;
    struct family family;
    found_family(&family, make_group(at->pool, 1));
    spawn_unasked(family.group, have_children, &family.generations[GENERATIONS - 1]);
    expect_end(family.group, 0);
    assert_int_equal(atomic_load(&family.ran), 1 + 3 + 9 + 27 + 81);
    bide_group_destroy(family.group);
}

static int have_one(void *arg, bide_value *result)
{
    struct family *family = arg;
    (void)result;
    return bide_group_spawn(family->group, count, &family->ran, NULL);
}

/* Each is full when it spawns. */
static int fork_and_have(void *arg, bide_value *result)
{
    bide_child children[8];
    (void)result;
    for (int i = 0; i < 8; i++)
        bide_fork(&children[i], have_one, arg);
    CHECK_EQUAL(bide_yield(), 0);
    for (int i = 8; i-- > 0;)
        CHECK_EQUAL(bide_fork_join(&children[i], NULL), 0);
    return 0;
}

static void what_a_child_forks_does_not_wait_for_room(void **state)
{
    struct fixture *at = *state;
    struct family family;
    found_family(&family, make_group(at->pool, 1));
    for (int i = 0; i < 10; i++)
        spawn_unasked(family.group, fork_and_have, &family);
    expect_end(family.group, 0);
    assert_int_equal(atomic_load(&family.ran), 80);
    bide_group_destroy(family.group);
}

static int wait_for_own(void *arg, bide_value *result)
{
    struct family *family = arg;
    (void)result;
    CHECK_EQUAL(bide_group_wait(family->group, BIDE_FOREVER, NULL), EDEADLK);
    CHECK_EQUAL(bide_group_wait(family->group, BIDE_NOW, NULL), EDEADLK);
    CHECK_EQUAL(bide_group_wait(family->group, bide_in(3600), NULL), EDEADLK);
    return 0;
}

static void a_child_cannot_wait_for_its_group(void **state)
{
    struct fixture *at = *state;
    struct family family;
    found_family(&family, make_group(at->pool, 0));
    for (int i = 0; i < MANY; i++)
        spawn_unasked(family.group, wait_for_own, &family);
    expect_end(family.group, 0);
    bide_group_destroy(family.group);
}

static int cancel_own(void *arg, bide_value *result)
{
    struct family *family = arg;
    (void)result;
    gate_pass(&family->gate);
    CHECK_EQUAL(bide_group_spawn(family->group, sleep_until_asked, NULL, NULL), 0);
    CHECK_EQUAL(bide_group_cancel(family->group), 0);
    CHECK(bide_cancelled());
    CHECK_EQUAL(bide_group_spawn(family->group, count, &family->ran, NULL), ECANCELED);
    return ECANCELED;
}

static void a_child_may_cancel_its_group(void **state)
{
    struct fixture *at = *state;
    struct family family;
    found_family(&family, make_group(at->pool, 0));
    bide_future *child = spawn(family.group, cancel_own, &family);
    gate_open(&family.gate);
    expect_end(family.group, 0);
    expect_end_of(child, BIDE_CANCELLED);
    assert_int_equal(atomic_load(&family.ran), 0);
    bide_group_destroy(family.group);
}

/* Deadlines and requests */

static void late_is_etimedout_and_cancels_nothing(void **state)
{
    struct fixture *at = *state;
    struct gate gate = GATE_INIT;
    int untouched = -1;
    bide_group *group = make_group(at->pool, 0);
    bide_future *child = spawn(group, stand_at, &gate);
    bide_time deadline = bide_in(0.01);
    assert_int_equal(bide_group_wait(group, BIDE_NOW, &untouched), ETIMEDOUT);
    assert_int_equal(bide_group_wait(group, 1, &untouched), ETIMEDOUT);
    assert_int_equal(bide_group_wait(group, deadline, &untouched), ETIMEDOUT);
    assert_true(bide_clock() >= deadline);
    assert_int_equal(untouched, -1);
    gate_open(&gate);
    expect_end(group, 0);
    expect_end_of(child, BIDE_DONE);
    bide_group_destroy(group);
}

static void cancel_asks_all_children(void **state)
{
    struct fixture *at = *state;
    struct gate gate = GATE_INIT;
    bide_future *children[MANY];
    bide_group *group = make_group(at->pool, 0);
    occupy(at->pool, at->workers, &gate);
    for (int i = 0; i < MANY; i++)
        children[i] = spawn(group, sleep_until_asked, NULL);
    assert_int_equal(bide_group_cancel(group), 0);
    for (int i = 0; i < MANY; i++)
        expect_end_of(children[i], BIDE_CANCELLED);
    expect_end(group, 0);
    vacate(at->pool, &gate);
    bide_group_destroy(group);
}

/* The spawn waits for room in the pool, and nothing can be asked to stop yet. */
static void what_is_being_spawned_is_asked_too(void **state)
{
    (void)state;
    struct gate gate = GATE_INIT;
    struct caller caller;
    bide_pool *pool = make_pool_with(&(bide_pool_options){.workers = 1, .max_pending = 1});
    bide_group *group = make_group(pool, 0);
    struct spawning spawning = {.group = group, .fn = sleep_until_asked};
    occupy(pool, 1, &gate);
    bide_future *queued = submit(pool, stand_at, &gate);
    caller_start(&caller, call_spawn, &spawning);
    assert_int_equal(bide_group_wait(group, BIDE_NOW, NULL), ETIMEDOUT);
    assert_int_equal(bide_group_cancel(group), 0);
    gate_open(&gate);
    assert_int_equal(caller_end(&caller), 0);
    expect_end(group, 0);
    expect_end_of(queued, BIDE_DONE);
    bide_group_destroy(group);
    end_pool(pool);
}

static int swallow_one_request(void *gate, bide_value *result)
{
    (void)result;
    CHECK_EQUAL(bide_sleep((double)INFINITY), ECANCELED);
    return sleep_until_asked(gate, NULL);
}

static void cancelled_again_it_asks_again(void **state)
{
    struct fixture *at = *state;
    struct gate gate = GATE_INIT;
    bide_group *group = make_group(at->pool, 0);
    bide_future *child = spawn(group, swallow_one_request, &gate);
    while (bide_future_state(child) == BIDE_PENDING)
        sched_yield();
    assert_int_equal(bide_group_cancel(group), 0);
    gate_await(&gate, 1);
    assert_int_equal(bide_group_wait(group, BIDE_NOW, NULL), ETIMEDOUT);
    assert_int_equal(bide_group_cancel(group), 0);
    expect_end(group, 0);
    expect_end_of(child, BIDE_CANCELLED);
    bide_group_destroy(group);
}

/* An owner in one pool, its children in another. */
struct owner {
    bide_pool *pool;
    struct gate begin, children;
    struct sleeper sleeper;
    bide_time deadline;
    atomic_uint ended;
    int failure;
};

/* It takes its time. */
static int fail_when_asked(void *arg, bide_value *result)
{
    struct owner *owner = arg;
    (void)result;
    gate_arrive(&owner->children);
    CHECK_EQUAL(bide_sleep((double)INFINITY), ECANCELED);
    for (int i = 0; i < 10; i++)
        bide_sleep(0.0005);
    atomic_fetch_add(&owner->ended, 1);
    return EIO;
}

static bide_group *found_group(struct owner *owner)
{
    bide_group *group = NULL;
    CHECK_EQUAL(bide_group_create(&group, owner->pool, 0), 0);
    for (int i = 0; i < 2; i++)
        CHECK_EQUAL(bide_group_spawn(group, fail_when_asked, owner, NULL), 0);
    gate_await(&owner->children, 2);
    CHECK_EQUAL(bide_group_spawn(group, sleep_until_asked, NULL, NULL), 0);
    return group;
}

static int own_group(void *arg, bide_value *result)
{
    struct owner *owner = arg;
    bide_group *group = found_group(owner);
    (void)result;
    gate_pass(&owner->begin);
    sleeper_goes(&owner->sleeper);
    CHECK_EQUAL(bide_group_wait(group, owner->deadline, &owner->failure), ECANCELED);
    CHECK_EQUAL(atomic_load(&owner->ended), 2);
    CHECK_EQUAL(bide_group_wait(group, BIDE_NOW, NULL), 0);
    CHECK_EQUAL(bide_yield(), 0);
    bide_group_destroy(group);
    return 0;
}

static void ask_owner(struct fixture *at, bide_time deadline, bool asleep)
{
    struct owner owner = {
        .pool = make_pool(2), .begin = GATE_INIT, .children = GATE_INIT, .sleeper = SLEEPER_INIT, .deadline = deadline};
    bide_future *task = submit(at->pool, own_group, &owner);
    gate_await(&owner.begin, 1);
    if (!asleep)
        assert_int_equal(bide_future_cancel(task), 0);
    gate_open(&owner.begin);
    if (asleep) {
        sleeper_await(&owner.sleeper);
        assert_int_equal(bide_future_cancel(task), 0);
    }
    assert_int_equal(bide_join(task, NULL), 0);
    assert_int_equal(owner.failure, EIO);
    end_pool(owner.pool);
}

static void asked_to_stop_it_cancels_and_awaits_all(void **state)
{
    ask_owner(*state, BIDE_FOREVER, true);
    ask_owner(*state, bide_in(3600), true);
    ask_owner(*state, BIDE_FOREVER, false);
}

static void asked_to_stop_it_awaits_all_whatever_the_deadline(void **state)
{
    ask_owner(*state, BIDE_NOW, false);
}

static int wait_for_ended(void *arg, bide_value *result)
{
    struct family *family = arg;
    (void)result;
    gate_pass(&family->gate);
    CHECK_EQUAL(bide_group_wait(family->group, BIDE_FOREVER, NULL), 0);
    CHECK_EQUAL(bide_yield(), ECANCELED);
    return 0;
}

static void ready_wins_over_a_request(void **state)
{
    struct fixture *at = *state;
    struct family family;
    found_family(&family, make_group(at->pool, 0));
    bide_future *waiting = submit(at->pool, wait_for_ended, &family);
    gate_await(&family.gate, 1);
    assert_int_equal(bide_future_cancel(waiting), 0);
    gate_open(&family.gate);
    assert_int_equal(bide_join(waiting, NULL), 0);
    bide_group_destroy(family.group);
}

/* Using one at once */

static int call_wait(void *group)
{
    return bide_group_wait(group, BIDE_FOREVER, NULL);
}

static void all_who_wait_are_told(void **state)
{
    struct fixture *at = *state;
    struct gate gate = GATE_INIT;
    struct caller callers[3];
    bide_group *group = make_group(at->pool, 0);
    spawn_unasked(group, fail_behind, &gate);
    for (int i = 0; i < 3; i++)
        caller_start(&callers[i], call_wait, group);
    gate_open(&gate);
    for (int i = 0; i < 3; i++)
        assert_int_equal(caller_end(&callers[i]), 0);
    bide_group_destroy(group);
}

static int spawn_many(void *arg, bide_value *result)
{
    struct family *family = arg;
    (void)result;
    for (unsigned i = rather_many(); i > 0; i--)
        CHECK_EQUAL(bide_group_spawn(family->group, count, &family->ran, NULL), 0);
    CHECK_EQUAL(bide_group_wait(family->group, BIDE_FOREVER, NULL), 0);
    return 0;
}

static void *spawn_many_in_a_thread(void *family)
{
    spawn_many(family, NULL);
    return NULL;
}

static void tasks_and_threads_may_use_one_at_once(void **state)
{
    struct fixture *at = *state;
    struct family family;
    bide_future *tasks[4];
    pthread_t threads[4];
    found_family(&family, make_group(at->pool, 2));
    for (int i = 0; i < 4; i++) {
        tasks[i] = submit(at->pool, spawn_many, &family);
        threads[i] = start_thread(spawn_many_in_a_thread, &family);
    }
    for (int i = 0; i < 4; i++) {
        assert_int_equal(bide_join(tasks[i], NULL), 0);
        end_thread(threads[i]);
    }
    expect_end(family.group, 0);
    assert_int_equal(atomic_load(&family.ran), 8 * rather_many());
    bide_group_destroy(family.group);
}

static void try_in_callback(bide_future *future, void *group)
{
    atomic_uint ran = 0;
    (void)future;
    CHECK_EQUAL(bide_group_spawn(group, count, &ran, NULL), EDEADLK);
    CHECK_EQUAL(bide_group_wait(group, BIDE_FOREVER, NULL), EDEADLK);
    CHECK_EQUAL(bide_group_wait(group, bide_in(3600), NULL), EDEADLK);
    CHECK_EQUAL(bide_group_cancel(group), 0);
    CHECK_EQUAL(atomic_load(&ran), 0);
}

static void to_wait_in_a_callback_is_edeadlk(void **state)
{
    struct fixture *at = *state;
    struct gate gate = GATE_INIT;
    bide_group *group = make_group(at->pool, 1);
    bide_future *promise = make_promise(), *child = spawn(group, stand_at, &gate);
    gate_await(&gate, 1);
    assert_int_equal(bide_future_on_done(promise, try_in_callback, group), 0);
    assert_int_equal(bide_promise_resolve(promise, bide_u64(1)), 0);
    gate_open(&gate);
    expect_end(group, 0);
    expect_end_of(child, BIDE_DONE);
    bide_group_destroy(group);
    bide_future_release(promise);
}

static void destroy_in_callback(bide_future *future, void *group)
{
    (void)future;
    if (bide_group_wait(group, BIDE_NOW, NULL) == 0)
        bide_group_destroy(group);
    else
        CHECK(false);
}

/* What asks the others to stop comes after that on the same thread, or before. */
static void the_end_of_its_last_child_may_destroy_it(void **state)
{
    struct fixture *at = *state;
    for (int i = 0; i < 10; i++) {
        struct gate gate = GATE_INIT;
        bide_group *group = make_group(at->pool, 0);
        bide_future *child = spawn(group, fail_behind, &gate);
        assert_int_equal(bide_future_on_done(child, destroy_in_callback, group), 0);
        gate_open(&gate);
        expect_end_of(child, BIDE_FAILED);
    }
}

/* In place */

static int have_all_run_here(void *arg, bide_value *result)
{
    struct family *family = arg;
    (void)result;
    for (unsigned i = 1; i <= MANY; i++) {
        CHECK_EQUAL(bide_group_spawn(family->group, count, &family->ran, NULL), 0);
        CHECK_EQUAL(atomic_load(&family->ran), i > LIMIT ? i - LIMIT : 0);
    }
    CHECK_EQUAL(bide_group_wait(family->group, BIDE_NOW, NULL), ETIMEDOUT);
    CHECK_EQUAL(bide_group_wait(family->group, bide_in(0.001), NULL), ETIMEDOUT);
    CHECK_EQUAL(atomic_load(&family->ran), MANY - LIMIT);
    CHECK_EQUAL(bide_group_wait(family->group, BIDE_FOREVER, NULL), 0);
    CHECK_EQUAL(atomic_load(&family->ran), MANY);
    return 0;
}

static void who_waits_runs_the_unstarted_in_place(void **state)
{
    struct fixture *at = *state;
    struct family family;
    found_family(&family, make_group(at->pool, LIMIT));
    assert_int_equal(bide_join(submit(at->pool, have_all_run_here, &family), NULL), 0);
    bide_group_destroy(family.group);
}

struct help {
    bide_group *group;
    bide_future *promise;
    struct gate gate;
    struct sleeper sleeper;
};

static int keep_promise(void *arg, bide_value *result)
{
    struct help *help = arg;
    (void)result;
    return bide_promise_resolve(help->promise, bide_u64(1));
}

static int need_help(void *arg, bide_value *result)
{
    struct help *help = arg;
    (void)result;
    gate_pass(&help->gate);
    CHECK_EQUAL(bide_group_spawn(help->group, keep_promise, help, NULL), 0);
    return bide_future_wait(help->promise, BIDE_FOREVER);
}

static int wait_asleep(void *arg, bide_value *result)
{
    struct help *help = arg;
    (void)result;
    sleeper_goes(&help->sleeper);
    return bide_group_wait(help->group, BIDE_FOREVER, NULL);
}

/* Both workers keep to their tasks. */
static void who_waits_asleep_runs_what_is_spawned_in_place(void **state)
{
    (void)state;
    bide_pool *pool = make_pool_with(&(bide_pool_options){.workers = 2, .waiting = BIDE_HOLD});
    struct help help = {make_group(pool, 0), make_promise(), GATE_INIT, SLEEPER_INIT};
    spawn_unasked(help.group, need_help, &help);
    gate_await(&help.gate, 1);
    bide_future *waiting = submit(pool, wait_asleep, &help);
    sleeper_await(&help.sleeper);
    gate_open(&help.gate);
    assert_int_equal(bide_join(waiting, NULL), 0);
    expect_end(help.group, 0);
    bide_group_destroy(help.group);
    bide_future_release(help.promise);
    end_pool(pool);
}

struct shaft {
    unsigned depth, refused;
};

static int dig(void *arg, bide_value *result)
{
    struct shaft *shaft = arg;
    volatile char frame[64 << 10]; /* few levels use the stack up */
    frame[0] = 1;
    unsigned depth = ++shaft->depth;
    bide_group *group;
    (void)result;
    if (!CHECK_EQUAL(bide_group_create(&group, bide_current_pool(), 1), 0))
        return EIO;
    CHECK_EQUAL(bide_group_spawn(group, dig, shaft, NULL), 0);
    if (bide_group_wait(group, BIDE_FOREVER, NULL) == EDEADLK) {
        shaft->refused++;
        CHECK_EQUAL(shaft->depth, depth);
        CHECK_EQUAL(bide_group_spawn(group, dig, shaft, NULL), EDEADLK);
    }
    bide_group_destroy(group);
    CHECK_EQUAL(frame[0], 1);
    return 0;
}

static void without_stack_the_unstarted_is_edeadlk(void **state)
{
    (void)state;
    bide_pool *pool =
        make_pool_with(&(bide_pool_options){.workers = 1, .waiting = BIDE_HOLD, .stack_size = 1536 * 1024});
    struct shaft shaft = {0, 0};
    assert_int_equal(bide_join(submit(pool, dig, &shaft), NULL), 0);
    end_pool(pool);
    assert_int_equal(shaft.refused, 1);
    assert_true(shaft.depth >= 4);
}

static int count_and_wait(void *arg, bide_value *result)
{
    struct family *family = arg;
    CHECK_EQUAL(bide_group_wait(family->group, BIDE_FOREVER, NULL), EDEADLK);
    CHECK_EQUAL(bide_group_spawn(family->group, count, &family->ran, NULL), 0);
    return count(&family->ran, result);
}

/* The queue is full: the spawn runs what stands in it first. */
static int spawn_when_the_pool_is_full(void *arg, bide_value *result)
{
    struct family *family = arg;
    (void)result;
    CHECK_EQUAL(bide_submit(bide_current_pool(), count_and_wait, family, NULL), 0);
    CHECK_EQUAL(bide_group_spawn(family->group, count, &family->ran, NULL), 0);
    return bide_group_wait(family->group, BIDE_FOREVER, NULL);
}

static void who_runs_in_a_spawn_does_not_wait_for_its_child(void **state)
{
    (void)state;
    bide_pool *pool = make_pool_with(&(bide_pool_options){.workers = 1, .max_pending = 1, .waiting = BIDE_HOLD});
    struct family family;
    found_family(&family, make_group(pool, 1));
    assert_int_equal(bide_join(submit(pool, spawn_when_the_pool_is_full, &family), NULL), 0);
    assert_int_equal(atomic_load(&family.ran), 3);
    bide_group_destroy(family.group);
    end_pool(pool);
}

/* Its end */

static int destroy_when_asked(void *arg, bide_value *result)
{
    struct owner *owner = arg;
    bide_group *group = found_group(owner);
    (void)result;
    gate_pass(&owner->begin);
    bide_group_destroy(group);
    CHECK_EQUAL(atomic_load(&owner->ended), 2);
    CHECK_EQUAL(bide_yield(), ECANCELED);
    return 0;
}

static void destroying_cancels_and_awaits_what_is_left(void **state)
{
    struct fixture *at = *state;
    struct owner owner = {.pool = make_pool(2), .begin = GATE_INIT, .children = GATE_INIT};
    bide_future *task = submit(at->pool, destroy_when_asked, &owner);
    gate_await(&owner.begin, 1);
    assert_int_equal(bide_future_cancel(task), 0);
    gate_open(&owner.begin);
    assert_int_equal(bide_join(task, NULL), 0);
    end_pool(owner.pool);
}

static void destroying_null_does_nothing(void **state)
{
    (void)state;
    bide_group_destroy(NULL);
}

static void misuse_is_einval(void **state)
{
    struct fixture *at = *state;
    bide_group *group = make_group(at->pool, 0);
    bide_future *failed[1];
    size_t n;
    assert_int_equal(bide_group_create(NULL, at->pool, 1), EINVAL);
    assert_int_equal(bide_group_create(&group, NULL, 1), EINVAL);
    assert_int_equal(bide_group_spawn(NULL, count, NULL, NULL), EINVAL);
    assert_int_equal(bide_group_spawn(group, NULL, NULL, NULL), EINVAL);
    assert_int_equal(bide_group_cancel(NULL), EINVAL);
    assert_int_equal(bide_group_wait(NULL, BIDE_NOW, NULL), EINVAL);
    assert_int_equal(bide_group_failed(NULL, failed, 1, &n), EINVAL);
    assert_int_equal(bide_group_failed(group, NULL, 1, &n), EINVAL);
    assert_int_equal(bide_group_failed(group, failed, 1, NULL), EINVAL);
    expect_end(group, 0);
    bide_group_destroy(group);
}

static void to_spawn_into_a_closed_pool_spawns_nothing(void **state)
{
    struct fixture *at = *state;
    atomic_uint ran = 0;
    bide_group *group = make_group(at->pool, 1);
    assert_int_equal(bide_pool_close(at->pool, BIDE_DRAIN, BIDE_FOREVER), 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(bide_group_spawn(group, count, &ran, NULL), ESHUTDOWN);
    expect_end(group, 0);
    assert_int_equal(atomic_load(&ran), 0);
    bide_group_destroy(group);
}

static void a_pool_that_is_cancelled_ends_its_children(void **state)
{
    struct fixture *at = *state;
    bide_group *group = make_group(at->pool, 0);
    for (int i = 0; i < MANY; i++)
        spawn_unasked(group, sleep_until_asked, NULL);
    assert_int_equal(bide_pool_close(at->pool, BIDE_CANCEL, BIDE_FOREVER), 0);
    expect_end(group, 0);
    bide_group_destroy(group);
}

static void what_has_been_awaited_leaves_no_memory_behind(void **state)
{
    struct fixture *at = *state;
    struct gate gate = GATE_INIT;
    atomic_uint ran = 0;
    bide_group *group = make_group(at->pool, 0);
    size_t before = seams_memory_live();
    occupy(at->pool, at->workers, &gate);
    for (int i = 0; i < MANY; i++)
        spawn_unasked(group, count, &ran);
    assert_true(seams_memory_live() - before >= MANY);
    vacate(at->pool, &gate);
    expect_end(group, 0);
    assert_in_range(seams_memory_live() - before, 0, MANY / 2);
    bide_group_destroy(group);
}

static void use_inherited_group(void *arg)
{
    bide_group *group = arg;
    size_t n = 1;
    CHECK_EQUAL(bide_group_spawn(group, count, NULL, NULL), ESHUTDOWN);
    CHECK_EQUAL(bide_group_wait(group, BIDE_FOREVER, NULL), ESHUTDOWN);
    CHECK_EQUAL(bide_group_wait(group, BIDE_NOW, NULL), ESHUTDOWN);
    CHECK_EQUAL(bide_group_cancel(group), ESHUTDOWN);
    CHECK_EQUAL(bide_group_failed(group, NULL, 0, &n), 0);
    CHECK_EQUAL(n, 0);
    bide_group_destroy(group);
}

static void a_child_process_can_only_read_failures(void **state)
{
    struct fixture *at = *state;
    struct gate gate = GATE_INIT;
    bide_group *group = make_group(at->pool, 1);
    spawn_unasked(group, stand_at, &gate);
    occupy(at->pool, at->workers - 1, &gate);
    gate_await(&gate, at->workers);
    check_in_child_process(use_inherited_group, group);
    vacate(at->pool, &gate);
    expect_end(group, 0);
    bide_group_destroy(group);
}

struct looking {
    bide_group *group;
    atomic_bool ends;
    struct gate gate;
};

static void *look_often(void *arg)
{
    struct looking *looking = arg;
    size_t n;
    gate_arrive(&looking->gate);
    while (!atomic_load(&looking->ends))
        CHECK_EQUAL(bide_group_failed(looking->group, NULL, 0, &n), 0);
    return NULL;
}

/* At the fork it may have had the group for a moment, and will never let go of it there. */
static void a_child_process_does_not_wait_for_who_looked_at_it(void **state)
{
    struct fixture *at = *state;
    struct gate gate = GATE_INIT;
    struct looking looking = {.group = make_group(at->pool, 1), .gate = GATE_INIT};
    spawn_unasked(looking.group, stand_at, &gate);
    gate_await(&gate, 1);
    pthread_t thread = start_thread(look_often, &looking);
    gate_await(&looking.gate, 1);
    for (unsigned long i = test_scale(40); i > 0; i--)
        check_in_child_process(use_inherited_group, looking.group);
    atomic_store(&looking.ends, true);
    end_thread(thread);
    vacate(at->pool, &gate);
    expect_end(looking.group, 0);
    bide_group_destroy(looking.group);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_POOLS(without_children_it_has_ended),
        ON_POOLS(a_wait_awaits_all_children),
        ON_POOLS(its_futures_outlive_it),
        ON_POOLS(the_first_failure_stops_the_rest_at_once),
        ON_POOLS(after_a_failure_it_refuses_children),
        ON_POOLS(after_a_cancel_it_refuses_children),
        ON_POOLS(a_cancelled_child_is_no_error),
        ON_POOLS(to_return_ecanceled_unasked_is_to_fail),
        ALONE(all_failures_can_be_read_in_the_order_of_the_ends),
        ON_POOLS(a_failure_stops_no_other_group),
        ON_POOLS(there_are_never_more_than_the_limit),
        ON_POOLS(a_spawn_waits_for_room),
        ON_POOLS(room_is_given_in_the_order_of_asking),
        ON_POOLS(a_failure_ends_waits_for_room),
        ON_POOLS(a_cancel_ends_waits_for_room),
        ON_POOLS(a_request_ends_a_wait_for_room),
        ON_POOLS(a_child_does_not_wait_for_room),
        ON_POOLS(what_a_child_forks_does_not_wait_for_room),
        ON_POOLS(a_child_cannot_wait_for_its_group),
        ON_POOLS(a_child_may_cancel_its_group),
        ON_POOLS(late_is_etimedout_and_cancels_nothing),
        ON_POOLS(cancel_asks_all_children),
        ALONE(what_is_being_spawned_is_asked_too),
        ON_POOLS(cancelled_again_it_asks_again),
        ON_POOLS(asked_to_stop_it_cancels_and_awaits_all),
        ON_POOLS(asked_to_stop_it_awaits_all_whatever_the_deadline),
        ON_POOLS(ready_wins_over_a_request),
        ON_POOLS(all_who_wait_are_told),
        ON_POOLS(tasks_and_threads_may_use_one_at_once),
        ON_POOLS(to_wait_in_a_callback_is_edeadlk),
        ON_POOLS(the_end_of_its_last_child_may_destroy_it),
        ON_ONE_HOLDING_WORKER(who_waits_runs_the_unstarted_in_place),
        ALONE(who_waits_asleep_runs_what_is_spawned_in_place),
        ALONE(without_stack_the_unstarted_is_edeadlk),
        ALONE(who_runs_in_a_spawn_does_not_wait_for_its_child),
        ON_POOLS(destroying_cancels_and_awaits_what_is_left),
        ALONE(destroying_null_does_nothing),
        ON_POOLS(misuse_is_einval),
        ON_POOLS(to_spawn_into_a_closed_pool_spawns_nothing),
        ON_POOLS(a_pool_that_is_cancelled_ends_its_children),
        ON_POOLS(what_has_been_awaited_leaves_no_memory_behind),
        ON_POOLS(a_child_process_can_only_read_failures),
        ON_ONE_WORKER(a_child_process_does_not_wait_for_who_looked_at_it),
    };
    return cmocka_run_group_tests(tests, fixture_begin, NULL);
}
