/* Pools of more workers than may interrupt each other: where the others have a barrier that costs the owner of a deque nothing,
 * theirs have the other kind. */
#include "support/fixture.h"

#include "run/pool.h"

#include <stdatomic.h>

enum { MOST_ASYMMETRIC = 16, GENERATIONS = 3 };

static const unsigned many[] = {MOST_ASYMMETRIC + 1, 2 * MOST_ASYMMETRIC + 1};

#define SIZES (sizeof many / sizeof *many)

static bool is_asymmetric(const bide_pool *pool)
{
    unsigned asymmetric = 0;
    for (unsigned i = 0; i < pool->options.workers; i++)
        asymmetric += pool->workers[i].own.asymmetric + pool->workers[i].batch.asymmetric;
    assert_true(asymmetric == 0 || asymmetric == 2 * pool->options.workers);
    return asymmetric > 0;
}

/* Under drd that many threads take minutes where they have fibers; what holds has the same deques. */
static bool has_time(void)
{
    return test_scale(200) > 1;
}

static bide_pool *make_large_pool(unsigned workers)
{
    return make_pool_with(&(bide_pool_options){.workers = workers, .waiting = has_time() ? BIDE_PARK : BIDE_HOLD});
}

static void up_to_16_interrupt_each_other_and_more_do_not(void **state)
{
    (void)state;
    for (unsigned workers = MOST_ASYMMETRIC - 1; workers <= MOST_ASYMMETRIC + 1; workers++) {
        bide_pool *pool = make_large_pool(workers);
        assert_int_equal(is_asymmetric(pool), workers <= MOST_ASYMMETRIC && barrier_is_asymmetric());
        end_pool(pool);
    }
}

static void on_many_workers(void (*test)(bide_pool *pool))
{
    for (size_t i = 0; i < (has_time() ? SIZES : 1); i++) {
        bide_pool *pool = make_large_pool(many[i]);
        assert_false(is_asymmetric(pool));
        test(pool);
        end_pool(pool);
    }
}

static void occupy_each(bide_pool *pool)
{
    for (unsigned long i = test_scale(10); i; i--) {
        struct gate gate = GATE_INIT;
        occupy(pool, pool->options.workers, &gate);
        vacate(pool, &gate);
    }
}

static void each_of_them_has_a_task_at_a_time(void **state)
{
    (void)state;
    on_many_workers(occupy_each);
}

static int submit_sum(void *arg, bide_value *result)
{
    uint64_t depth = *(const uint64_t *)arg, next = depth - 1;
    bide_value sum[2] = {bide_u64(0), bide_u64(0)};
    bide_future *futures[2];
    for (int i = 0; i < 2 && depth; i++)
        CHECK_EQUAL(bide_submit(bide_current_pool(), submit_sum, &next, &futures[i]), 0);
    for (int i = 0; i < 2 && depth; i++)
        CHECK_EQUAL(bide_join(futures[i], &sum[i]), 0);
    *result = bide_u64(sum[0].u64 + sum[1].u64 + 1);
    return 0;
}

static int fork_sum(void *arg, bide_value *result)
{
    uint64_t depth = *(const uint64_t *)arg, next = depth - 1;
    bide_value sum[2] = {bide_u64(0), bide_u64(0)};
    bide_child children[2];
    for (int i = 0; i < 2 && depth; i++)
        bide_fork(&children[i], fork_sum, &next);
    for (int i = 1; i >= 0 && depth; i--)
        CHECK_EQUAL(bide_fork_join(&children[i], &sum[i]), 0);
    *result = bide_u64(sum[0].u64 + sum[1].u64 + 1);
    return 0;
}

static void sum_up(bide_pool *pool, bide_task_fn *sum)
{
    uint64_t depth = test_scale(9);
    bide_value value;
    for (unsigned long i = test_scale(4); i; i--) {
        assert_int_equal(bide_join(submit(pool, sum, &depth), &value), 0);
        assert_int_equal(value.u64, (UINT64_C(2) << depth) - 1);
    }
}

static void sum_up_by_tasks(bide_pool *pool)
{
    sum_up(pool, submit_sum);
}

static void tasks_of_theirs_submit_and_join(void **state)
{
    (void)state;
    on_many_workers(sum_up_by_tasks);
}

static void sum_up_by_children(bide_pool *pool)
{
    sum_up(pool, fork_sum);
}

static void tasks_of_theirs_fork_and_join(void **state)
{
    (void)state;
    on_many_workers(sum_up_by_children);
}

static int stand_apart(void *gate, bide_value *result)
{
    *result = bide_u64((uint64_t)bide_worker_index());
    gate_pass(gate);
    return 0;
}

/* All stand at the gate at once, so each on a worker of its own; the parent keeps its own. */
static int fork_for_all_others(void *arg, bide_value *result)
{
    enum { MOST = 2 * MOST_ASYMMETRIC + 1 };
    unsigned others = *(const unsigned *)arg - 1;
    struct gate gate = GATE_INIT;
    bide_child children[MOST];
    bool seen[MOST] = {false};
    (void)result;
    seen[bide_worker_index()] = true;
    for (unsigned i = 0; i < others; i++)
        bide_fork(&children[i], stand_apart, &gate);
    gate_await(&gate, others);
    gate_open(&gate);
    for (unsigned i = others; i--;) {
        bide_value worker = bide_u64(0);
        CHECK_EQUAL(bide_fork_join(&children[i], &worker), 0);
        CHECK(!seen[worker.u64]);
        seen[worker.u64] = true;
    }
    return 0;
}

static void steal_from_one(bide_pool *pool)
{
    for (unsigned long i = test_scale(10); i; i--)
        assert_int_equal(bide_join(submit(pool, fork_for_all_others, &pool->options.workers), NULL), 0);
}

static void all_others_steal_from_one(void **state)
{
    (void)state;
    on_many_workers(steal_from_one);
}

struct family {
    atomic_uint_fast64_t born;
    uint64_t children; /* of each, for so many generations */
};

struct member {
    struct family *family;
    unsigned generation;
};

static struct member members[GENERATIONS + 1];

static int have_children(void *arg, bide_value *result)
{
    const struct member *self = arg;
    (void)result;
    atomic_fetch_add(&self->family->born, 1);
    if (self->generation < GENERATIONS)
        for (uint64_t i = 0; i < self->family->children; i++)
            CHECK_EQUAL(bide_submit(bide_current_pool(), have_children, &members[self->generation + 1], NULL), 0);
    return 0;
}

static void drain_a_family(bide_pool *pool)
{
    struct family family = {.children = test_scale(8)};
    uint64_t expected = 0, generation = 1;
    for (unsigned i = 0; i <= GENERATIONS; i++, generation *= family.children) {
        members[i] = (struct member){&family, i};
        expected += generation;
    }
    for (uint64_t born = expected; born <= 3 * expected; born += expected) {
        assert_int_equal(bide_submit(pool, have_children, &members[0], NULL), 0);
        assert_int_equal(bide_pool_drain(pool, BIDE_FOREVER), 0);
        assert_int_equal(atomic_load(&family.born), born);
    }
}

static void a_drain_awaits_what_their_tasks_submit(void **state)
{
    (void)state;
    on_many_workers(drain_a_family);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ALONE(up_to_16_interrupt_each_other_and_more_do_not),
        ALONE(each_of_them_has_a_task_at_a_time),
        ALONE(tasks_of_theirs_submit_and_join),
        ALONE(tasks_of_theirs_fork_and_join),
        ALONE(all_others_steal_from_one),
        ALONE(a_drain_awaits_what_their_tasks_submit),
    };
    return cmocka_run_group_tests(tests, fixture_begin, NULL);
}
