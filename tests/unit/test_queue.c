/* Entries of the queue that are dead, as their tasks have ended elsewhere or were cancelled. */
#include "support/asleep.h"
#include "support/places.h"

#include <stdatomic.h>

enum {
    MANY = 1000,
    ALIVE = 20,
    LEAST = 64,
    SUBMITTERS = 3
}; /* fewer dead than LEAST may stay, or than those that are alive */

static int never(void *arg, bide_value *result)
{
    (void)arg, (void)result;
    check_true(false, "a task ran that must not", __FILE__, __LINE__);
    return 0;
}

static int return_at_once(void *arg, bide_value *result)
{
    (void)arg, (void)result;
    return 0;
}

static void count_drop(void *arg)
{
    atomic_fetch_add((atomic_ulong *)arg, 1);
}

static bide_future *submit_counted(bide_pool *pool, bide_task_fn *fn, atomic_ulong *drops)
{
    bide_future *future = NULL;
    CHECK_EQUAL(bide_submit(pool, fn, drops, &future), 0);
    CHECK_EQUAL(bide_future_own(future, count_drop), 0);
    return future;
}

/* Each is handed to the task that waits for it, or run in place, and its entry stays behind. */
static int submit_and_join_many(void *arg, bide_value *result)
{
    atomic_ulong *drops = arg;
    size_t before = seams_memory_live(), most = 0;
    unsigned long rounds = test_scale(10000), most_kept = 0;
    (void)result;
    for (unsigned long i = 1; i <= rounds; i++) {
        CHECK_EQUAL(bide_join(submit_counted(bide_current_pool(), return_at_once, drops), NULL), 0);
        unsigned long kept = i - atomic_load(drops);
        size_t more = seams_memory_live() - before;
        most_kept = kept > most_kept ? kept : most_kept;
        most = more > most ? more : most;
    }
    CHECK(most_kept <= LEAST);
    CHECK(most <= LEAST);
    return 0;
}

static void waiting_for_ever_more_tasks_takes_no_ever_more_memory(void **state)
{
    struct fixture *at = *state;
    atomic_ulong drops = 0;
    assert_int_equal(bide_join(submit(at->pool, submit_and_join_many, &drops), NULL), 0);
    fixture_end_pool(at);
    assert_int_equal(atomic_load(&drops), test_scale(10000));
}

/* Their futures are the caller's. */
static void cancel_and_release(bide_future *futures[], size_t n)
{
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(bide_future_cancel(futures[i]), 0);
        bide_future_release(futures[i]);
    }
}

static void what_is_cancelled_leaves_when_it_is_half_of_the_queue(void **state)
{
    struct fixture *at = *state;
    bide_future *futures[MANY];
    struct gate gate = GATE_INIT;
    atomic_ulong drops = 0;
    occupy(at->pool, at->workers, &gate);
    size_t before = seams_memory_live();
    for (size_t i = 0; i < MANY; i++)
        futures[i] = submit_counted(at->pool, never, &drops);
    for (size_t i = 0; i < MANY; i++) {
        size_t alive = MANY - 1 - i;
        cancel_and_release(&futures[i * 37 % MANY], 1);
        size_t dead = seams_memory_live() - before - alive;
        assert_true(dead < LEAST || dead <= alive);
        assert_int_equal(atomic_load(&drops) + dead, i + 1);
    }
    vacate(at->pool, &gate);
    assert_int_equal(atomic_load(&drops), MANY);
}

static void those_alive_among_them_run_in_their_order(void **state)
{
    struct fixture *at = *state;
    bide_future *futures[MANY];
    struct place places[ALIVE];
    struct gate gate = GATE_INIT;
    atomic_ulong drops = 0;
    unsigned count = 0;
    occupy(at->pool, at->workers, &gate);
    for (unsigned i = 0; i < MANY; i++) {
        futures[i] = submit_counted(at->pool, never, &drops);
        if (i >= ALIVE)
            continue;
        places[i] = (struct place){&count, i};
        assert_int_equal(bide_submit(at->pool, count_place, &places[i], NULL), 0);
    }
    cancel_and_release(futures, MANY);
    assert_true(atomic_load(&drops) > MANY - LEAST - ALIVE);
    vacate(at->pool, &gate);
    assert_int_equal(count, ALIVE);
}

static int drain(void *pool)
{
    return bide_pool_drain(pool, BIDE_FOREVER);
}

static void a_queue_of_dead_ones_drains(void **state)
{
    struct fixture *at = *state;
    bide_future *futures[MANY];
    struct gate gate = GATE_INIT;
    struct caller drainer;
    atomic_ulong drops = 0;
    occupy(at->pool, at->workers, &gate);
    for (size_t i = 0; i < MANY; i++)
        futures[i] = submit_counted(at->pool, never, &drops);
    caller_start(&drainer, drain, at->pool);
    cancel_and_release(futures, MANY);
    assert_int_equal(bide_pool_drain(at->pool, BIDE_NOW), ETIMEDOUT);
    gate_open(&gate);
    assert_int_equal(caller_end(&drainer), 0);
    assert_int_equal(bide_pool_drain(at->pool, BIDE_FOREVER), 0);
    assert_int_equal(atomic_load(&drops), MANY);
}

static int submit_one(void *pool)
{
    return bide_submit(pool, return_at_once, NULL, NULL);
}

static void the_dead_that_leave_make_room(void **state)
{
    (void)state;
    bide_future *futures[LEAST];
    struct caller submitters[SUBMITTERS];
    struct gate gate = GATE_INIT;
    atomic_ulong drops = 0;
    bide_pool *pool = make_pool_with(&(bide_pool_options){.workers = 1, .max_pending = LEAST});
    occupy(pool, 1, &gate);
    for (size_t i = 0; i < LEAST; i++)
        futures[i] = submit_counted(pool, never, &drops);
    for (int i = 0; i < SUBMITTERS; i++)
        caller_start(&submitters[i], submit_one, pool);
    cancel_and_release(futures, LEAST);
    for (int i = 0; i < SUBMITTERS; i++)
        assert_int_equal(caller_end(&submitters[i]), 0);
    assert_int_equal(atomic_load(&drops), LEAST);
    for (int i = SUBMITTERS; i < LEAST; i++)
        assert_int_equal(bide_try_submit(pool, return_at_once, NULL, NULL), 0);
    assert_int_equal(bide_try_submit(pool, never, NULL, NULL), EAGAIN);
    vacate(pool, &gate);
    end_pool(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_ONE_WORKER(waiting_for_ever_more_tasks_takes_no_ever_more_memory),
        ON_POOLS(what_is_cancelled_leaves_when_it_is_half_of_the_queue),
        ON_ONE_WORKER(those_alive_among_them_run_in_their_order),
        ON_POOLS(a_queue_of_dead_ones_drains),
        ALONE(the_dead_that_leave_make_room),
    };
    return cmocka_run_group_tests(tests, fixture_begin, NULL);
}
