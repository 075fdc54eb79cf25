#include "support/fixture.h"

#include <pthread.h>

static const unsigned sizes[] = {1, 2, 4, 8};

/* How many workers have passed their start, and their stop. */
struct staff {
    struct gate started, stopped, ran;
};

#define STAFF_INIT                                                                                                     \
    {                                                                                                                  \
        GATE_INIT, GATE_INIT, GATE_INIT                                                                                \
    }

static int start_worker(unsigned index, void *ctx)
{
    struct staff *staff = ctx;
    (void)index;
    gate_arrive(&staff->started);
    return 0;
}

static void stop_worker(unsigned index, void *ctx)
{
    struct staff *staff = ctx;
    (void)index;
    gate_arrive(&staff->stopped);
}

static int tell(void *arg, bide_value *result)
{
    struct staff *staff = arg;
    (void)result;
    gate_arrive(&staff->ran);
    return 0;
}

static bide_pool_options staffed(struct staff *staff, unsigned workers)
{
    return (bide_pool_options){
        .workers = workers, .worker_start = start_worker, .worker_stop = stop_worker, .worker_ctx = staff};
}

/* The kth of n workers cannot be had: those before it, which had started, have stopped and left. */
static void creates_none_without_the(unsigned k, unsigned n)
{
    struct staff staff = STAFF_INIT;
    bide_pool_options options = staffed(&staff, n);
    bide_pool *const untouched = (bide_pool *)(void *)&staff;
    bide_pool *pool = untouched;
    size_t spawned = seams_spawned();
    seams_fail_spawn(k);
    assert_int_equal(bide_pool_create(&pool, &options), EAGAIN);
    assert_true(seams_spawn_failed());
    assert_ptr_equal(pool, untouched);
    assert_int_equal(seams_memory_live(), 0);
    assert_int_equal(seams_spawned() - spawned, k - 1);
    assert_int_equal(gate_arrived(&staff.started), k - 1);
    assert_int_equal(gate_arrived(&staff.stopped), k - 1);
}

static void creates_a_pool_of_all_its_workers_or_none(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        for (unsigned k = 1; k <= sizes[i]; k++)
            creates_none_without_the(k, sizes[i]);
        seams_fail_spawn(sizes[i] + 1);
        end_pool(make_pool(sizes[i]));
        assert_false(seams_spawn_failed());
        seams_fail_spawn(0);
    }
}

static void runs_nothing_without_its_workers(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        struct staff staff = STAFF_INIT;
        bide_pool_options options = staffed(&staff, sizes[i]);
        bide_value value = bide_u64(5);
        for (unsigned k = 1; k <= sizes[i]; k++) {
            seams_fail_spawn(k);
            assert_int_equal(bide_run(&options, tell, &staff, &value), EAGAIN);
            assert_true(seams_spawn_failed());
            assert_int_equal(seams_memory_live(), 0);
        }
        assert_int_equal(gate_arrived(&staff.ran), 0);
        assert_int_equal(value.u64, 5);
        seams_fail_spawn(0);
        assert_int_equal(bide_run(&options, tell, &staff, &value), 0);
        assert_int_equal(gate_arrived(&staff.ran), 1);
        assert_int_equal(gate_arrived(&staff.started), gate_arrived(&staff.stopped));
    }
}

/* The error of one thing, or of the other; and no third. */
static int refuse_to_start(unsigned index, void *ctx)
{
    struct staff *staff = ctx;
    gate_arrive(&staff->started);
    return index == 0 ? EDOM : 0;
}

static void survives_two_failures_at_once(void **state)
{
    (void)state;
    for (unsigned k = 2; k <= 4; k++) {
        struct staff staff = STAFF_INIT;
        bide_pool_options options = staffed(&staff, 4);
        bide_pool *pool;
        options.worker_start = refuse_to_start;
        seams_fail_spawn(k);
        int error = bide_pool_create(&pool, &options);
        assert_true(error == EDOM || error == EAGAIN);
        seams_fail_spawn(0);
        assert_int_equal(gate_arrived(&staff.stopped), gate_arrived(&staff.started) - 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ALONE(creates_a_pool_of_all_its_workers_or_none),
        ALONE(runs_nothing_without_its_workers),
        ALONE(survives_two_failures_at_once),
    };
    return cmocka_run_group_tests(tests, fixture_begin, NULL);
}
