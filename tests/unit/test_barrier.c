#include "support/primitive.h"

#include <stdatomic.h>

enum { ROUNDS = 50, THREADS = 2 };

static void make(void *barrier, bool ready)
{
    CHECK_EQUAL(bide_barrier_init(barrier, ready ? 1 : 2), 0);
}

static int arrive(void *barrier, bide_time deadline)
{
    return bide_barrier_wait(barrier, deadline, NULL);
}

static int arrive_last(void *barrier)
{
    return arrive(barrier, BIDE_NOW);
}

static int arrive_early(void *barrier)
{
    return arrive(barrier, BIDE_FOREVER);
}

static int arrive_early_in_task(void *barrier, bide_value *result)
{
    (void)result;
    return arrive_early(barrier);
}

static const struct primitive barriers = {make, arrive, arrive_last};

WITH_COPIED_PRIMITIVE(barriers)

static void refuses_what_makes_no_sense(void **state)
{
    (void)state;
    bide_barrier barrier = {{0}};
    bool serial = true;
    assert_int_equal(bide_barrier_init(NULL, 1), EINVAL);
    assert_int_equal(bide_barrier_init(&barrier, 0), EINVAL);
    assert_int_equal(bide_barrier_wait(NULL, BIDE_FOREVER, &serial), EINVAL);
    assert_int_equal(bide_barrier_wait(&barrier, BIDE_FOREVER, &serial), EINVAL);
    assert_true(serial);
}

static void keeps_one_alone_never_waiting(void **state)
{
    (void)state;
    bide_barrier barrier;
    assert_int_equal(bide_barrier_init(&barrier, 1), 0);
    for (int i = 0; i < 3; i++) {
        bool serial = false;
        assert_int_equal(bide_barrier_wait(&barrier, i % 2 ? BIDE_NOW : BIDE_FOREVER, &serial), 0);
        assert_true(serial);
        assert_int_equal(bide_barrier_wait(&barrier, BIDE_FOREVER, NULL), 0);
    }
}

/* The words are plain but for their counts: the barrier orders what is read and written. */
struct race {
    bide_barrier barrier;
    unsigned parties, rounds;
    atomic_uint arrived[ROUNDS], serial[ROUNDS];
    unsigned written_by_serial;
};

static int run_rounds(void *arg, bide_value *result)
{
    struct race *race = arg;
    (void)result;
    for (unsigned i = 0; i < race->rounds; i++) {
        bool serial;
        atomic_fetch_add(&race->arrived[i], 1);
        CHECK_EQUAL(bide_barrier_wait(&race->barrier, i % 3 ? BIDE_FOREVER : bide_in(1e6), &serial), 0);
        CHECK_EQUAL(atomic_load(&race->arrived[i]), race->parties);
        if (serial) {
            atomic_fetch_add(&race->serial[i], 1);
            race->written_by_serial = i;
        }
        CHECK_EQUAL(arrive_early(&race->barrier), 0);
        CHECK_EQUAL(race->written_by_serial, i);
        CHECK_EQUAL(atomic_load(&race->serial[i]), 1);
        CHECK_EQUAL(arrive_early(&race->barrier), 0);
    }
    return 0;
}

static void *run_rounds_as_thread(void *race)
{
    run_rounds(race, NULL);
    return NULL;
}

static void has_one_serial_arrival_round_after_round(void **state)
{
    struct fixture *at = *state;
    static struct race race;
    pthread_t threads[THREADS];
    unsigned long rounds = test_scale(ROUNDS);
    race = (struct race){.parties = at->workers + THREADS, .rounds = rounds < ROUNDS ? (unsigned)rounds : ROUNDS};
    assert_int_equal(bide_barrier_init(&race.barrier, race.parties), 0);
    for (unsigned i = 0; i < at->workers; i++)
        assert_int_equal(bide_submit(at->pool, run_rounds, &race, NULL), 0);
    for (int i = 0; i < THREADS; i++)
        threads[i] = start_thread(run_rounds_as_thread, &race);
    for (int i = 0; i < THREADS; i++)
        end_thread(threads[i]);
    assert_int_equal(bide_pool_drain(at->pool, BIDE_FOREVER), 0);
}

/* The serial one too may be a task or a thread. */
static void lets_go_only_when_the_last_has_arrived(void **state)
{
    struct fixture *at = *state;
    bide_barrier barrier;
    struct caller first, second;
    bool serial = false;
    assert_int_equal(bide_barrier_init(&barrier, 3), 0);
    for (int i = 0; i < 6; i++) {
        caller_start(&first, arrive_early, &barrier);
        caller_start(&second, arrive_early, &barrier);
        if (i % 2)
            assert_int_equal(bide_barrier_wait(&barrier, BIDE_NOW, &serial), 0);
        else
            assert_int_equal(bide_join(submit(at->pool, arrive_early_in_task, &barrier), NULL), 0);
        assert_int_equal(serial, i % 2);
        assert_int_equal(caller_end(&first), 0);
        assert_int_equal(caller_end(&second), 0);
        serial = false;
    }
}

/* How one of those that arrive gives up. */
static int be_cancelled(struct fixture *at, struct visit *visit)
{
    bide_future *task = submit(at->pool, pay_visit_as_task, visit);
    sleeper_await(&visit->sleeper);
    assert_int_equal(bide_future_cancel(task), 0);
    assert_int_equal(bide_join(task, NULL), 0);
    return visit->error;
}

static int be_late(struct fixture *at, struct visit *visit)
{
    visit->deadline = bide_in(0.001);
    assert_int_equal(bide_join(submit(at->pool, pay_visit_as_task, visit), NULL), 0);
    return visit->error;
}

static int only_look(struct fixture *at, struct visit *visit)
{
    (void)at;
    return arrive(visit->thing, BIDE_NOW);
}

struct way_to_give_up {
    int (*give_up)(struct fixture *at, struct visit *visit);
    int error;
};

static const struct way_to_give_up ways[] = {{be_cancelled, ECANCELED}, {be_late, ETIMEDOUT}, {only_look, ETIMEDOUT}};

/* Two threads wait, and where a worker stays free, a task. */
static void break_round(struct fixture *at, const struct way_to_give_up *way)
{
    struct visit quitter = visit_of(&barriers, false, BIDE_FOREVER);
    bide_barrier *barrier = quitter.thing;
    struct caller callers[2];
    bide_future *future = NULL;
    bool serial = true;
    assert_int_equal(bide_barrier_init(barrier, 5), 0);
    for (int i = 0; i < 2; i++)
        caller_start(&callers[i], arrive_early, barrier);
    if (at->workers > 1)
        future = submit(at->pool, arrive_early_in_task, barrier);
    assert_int_equal(way->give_up(at, &quitter), way->error);
    for (int i = 0; i < 2; i++)
        assert_int_equal(caller_end(&callers[i]), ECONNABORTED);
    if (future)
        assert_int_equal(bide_join(future, NULL), ECONNABORTED);
    assert_int_equal(bide_barrier_wait(barrier, BIDE_FOREVER, &serial), ECONNABORTED);
    assert_int_equal(bide_barrier_wait(barrier, BIDE_NOW, &serial), ECONNABORTED);
    assert_int_equal(bide_join(submit(at->pool, arrive_early_in_task, barrier), NULL), ECONNABORTED);
    assert_true(serial);
}

static void is_broken_for_all_when_one_gives_up(void **state)
{
    struct fixture *at = *state;
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
        break_round(at, &ways[i]);
}

static void is_whole_when_made_again(void **state)
{
    (void)state;
    bide_barrier barrier;
    for (int i = 0; i < 3; i++) {
        struct caller caller;
        assert_int_equal(bide_barrier_init(&barrier, 2), 0);
        caller_start(&caller, arrive_early, &barrier);
        assert_int_equal(arrive_last(&barrier), 0);
        assert_int_equal(caller_end(&caller), 0);
        assert_int_equal(arrive(&barrier, BIDE_NOW), ETIMEDOUT);
        assert_int_equal(arrive_early(&barrier), ECONNABORTED);
    }
}

/* The waiter has not come back from its round when the next one is over, complete or broken. */
static void stays_complete_whatever_becomes_of_the_next(void **state)
{
    (void)state;
    struct busy busy;
    struct visit visit = visit_of(&barriers, false, BIDE_FOREVER);
    bide_barrier *barrier = visit.thing;
    struct caller caller;
    make_busy(&busy, pay_visit_as_task, &visit, &visit.sleeper);
    assert_int_equal(arrive_last(barrier), 0);
    caller_start(&caller, arrive_early, barrier);
    assert_int_equal(arrive_last(barrier), 0);
    assert_int_equal(caller_end(&caller), 0);
    assert_int_equal(arrive_last(barrier), ETIMEDOUT);
    make_idle(&busy);
    assert_int_equal(visit.error, 0);
    assert_int_equal(visit.next, 0);
}

/* The waiter is told of the break, though it is asked to stop before it comes back, and keeps the request. */
static void stays_broken_for_who_is_asked_to_stop(void **state)
{
    (void)state;
    struct busy busy;
    struct visit visit = visit_of(&barriers, false, BIDE_FOREVER);
    bide_barrier *barrier = visit.thing;
    assert_int_equal(bide_barrier_init(barrier, 3), 0);
    make_busy(&busy, pay_visit_as_task, &visit, &visit.sleeper);
    assert_int_equal(arrive(barrier, BIDE_NOW), ETIMEDOUT);
    assert_int_equal(bide_future_cancel(busy.task), 0);
    make_idle(&busy);
    assert_int_equal(visit.error, ECONNABORTED);
    assert_int_equal(visit.next, ECANCELED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ALONE(refuses_what_makes_no_sense),
        ALONE(keeps_one_alone_never_waiting),
        COPIED_PRIMITIVE_TESTS,
        ON_POOLS(has_one_serial_arrival_round_after_round),
        ON_POOLS(lets_go_only_when_the_last_has_arrived),
        ON_POOLS(is_broken_for_all_when_one_gives_up),
        ALONE(is_whole_when_made_again),
        ALONE(stays_complete_whatever_becomes_of_the_next),
        ALONE(stays_broken_for_who_is_asked_to_stop),
    };
    return cmocka_run_group_tests(tests, fixture_begin, NULL);
}
