#include <exception>
#include <stdexcept>
#include <string>

extern "C" {
#include "support/fixture.h"
}

/* Several tasks of one worker handle exceptions at one time, each a type of its own: a runtime that kept one list for all of
 * them would let a task rethrow, or end, the exception of another. */
namespace
{

constexpr int rounds = 20;

template <int number> struct failure : std::runtime_error {
    explicit failure(int round) : std::runtime_error(std::to_string(number) + " in round " + std::to_string(round))
    {
    }
};

template <int number> void check_is_own(const std::exception &caught, int round)
{
    CHECK(dynamic_cast<const failure<number> *>(&caught) != nullptr);
    CHECK(caught.what() == std::string(failure<number>(round).what()));
}

/* The other tasks of the worker go on. */
void give_way(int number)
{
    for (int i = 0; i <= number; i++)
        CHECK_EQUAL(bide_yield(), 0);
}

template <int number> void rethrow_after_wait(int round)
{
    try {
        give_way(number);
        throw failure<number>(round);
    } catch (const std::exception &caught) {
        check_is_own<number>(caught, round);
        give_way(number);
        check_is_own<number>(caught, round);
        throw;
    }
}

template <int number> void rethrow(int round)
{
    const std::exception_ptr before = std::current_exception();
    try {
        rethrow_after_wait<number>(round);
        CHECK(false);
    } catch (const failure<number> &caught) {
        give_way(number);
        check_is_own<number>(caught, round);
    } catch (...) {
        CHECK(false);
    }
    CHECK(std::current_exception() == before);
}

/* While one is handled, another is thrown and handled, with waits in both. */
template <int number> void nest(int round)
{
    try {
        throw failure<number>(round);
    } catch (const std::exception &outer) {
        rethrow<number + 100>(round);
        check_is_own<number>(outer, round);
        give_way(number);
        try {
            throw;
        } catch (const failure<number> &again) {
            CHECK(static_cast<const std::exception *>(&again) == &outer);
        }
    }
}

/* Waits while an exception is on its way past it, and handles one of its own meanwhile. */
template <int number> struct witness {
    int round;

    ~witness()
    {
        CHECK_EQUAL(std::uncaught_exceptions(), 1);
        give_way(number);
        CHECK_EQUAL(std::uncaught_exceptions(), 1);
        try {
            throw failure<number + 100>(round);
        } catch (const std::exception &caught) {
            give_way(number);
            check_is_own<number + 100>(caught, round);
        }
        CHECK_EQUAL(std::uncaught_exceptions(), 1);
    }
};

template <int number> void unwind(int round)
{
    CHECK_EQUAL(std::uncaught_exceptions(), 0);
    try {
        witness<number> passed = {round};
        give_way(number);
        throw failure<number>(round);
    } catch (const failure<number> &caught) {
        CHECK_EQUAL(std::uncaught_exceptions(), 0);
        give_way(number);
        check_is_own<number>(caught, round);
    }
    CHECK_EQUAL(std::uncaught_exceptions(), 0);
}

template <void (*body)(int round)> int repeat(void *, bide_value *) noexcept
{
    for (int round = 0; round < rounds; round++)
        body(round);
    return 0;
}

/* All of them start before the first goes on. */
void interleave(bide_pool *pool, bide_task_fn *one, bide_task_fn *another, bide_task_fn *third)
{
    gate gate = GATE_INIT;
    occupy(pool, 1, &gate);
    for (bide_task_fn *fn : {one, another, third, one})
        assert_int_equal(bide_submit(pool, fn, nullptr, nullptr), 0);
    vacate(pool, &gate);
}

bide_pool *pool_of(void **state)
{
    return static_cast<fixture *>(*state)->pool;
}

void each_task_rethrows_its_own(void **state)
{
    interleave(pool_of(state), repeat<rethrow<1>>, repeat<rethrow<2>>, repeat<rethrow<3>>);
}

void each_task_handles_its_own_one_within_another(void **state)
{
    interleave(pool_of(state), repeat<nest<1>>, repeat<nest<2>>, repeat<nest<3>>);
}

void each_task_counts_its_own(void **state)
{
    interleave(pool_of(state), repeat<unwind<1>>, repeat<unwind<2>>, repeat<unwind<3>>);
}

void in_whatever_step_of_handling(void **state)
{
    interleave(pool_of(state), repeat<rethrow<1>>, repeat<nest<2>>, repeat<unwind<3>>);
}

int leave_one_parked(void *promise, bide_value *)
{
    try {
        throw failure<1>(0);
    } catch (...) {
        return bide_future_wait(static_cast<bide_future *>(promise), BIDE_FOREVER);
    }
}

int find_none(void *promise, bide_value *)
{
    CHECK(!std::current_exception());
    CHECK_EQUAL(std::uncaught_exceptions(), 0);
    return bide_promise_resolve(static_cast<bide_future *>(promise), bide_u64(0));
}

void a_new_task_handles_none(void **state)
{
    gate gate = GATE_INIT;
    bide_pool *pool = pool_of(state);
    bide_future *promise = make_promise();
    occupy(pool, 1, &gate);
    assert_int_equal(bide_submit(pool, leave_one_parked, promise, nullptr), 0);
    assert_int_equal(bide_submit(pool, find_none, promise, nullptr), 0);
    vacate(pool, &gate);
    bide_future_release(promise);
}

} // namespace

int main()
{
    const CMUnitTest tests[] = {
        ON_ONE_WORKER(each_task_rethrows_its_own), ON_ONE_WORKER(each_task_handles_its_own_one_within_another),
        ON_ONE_WORKER(each_task_counts_its_own),   ON_ONE_WORKER(in_whatever_step_of_handling),
        ON_ONE_WORKER(a_new_task_handles_none),
    };
    return cmocka_run_group_tests(tests, fixture_begin, nullptr);
}
