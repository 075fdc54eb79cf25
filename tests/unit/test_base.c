#include "support/fixture.h"

#include <math.h>
#include <stdio.h>

#include <time.h>

#define SECOND INT64_C(1000000000)

static bide_time in_at(bide_time now, double seconds)
{
    seams_set_clock(now);
    bide_time when = bide_in(seconds);
    seams_set_clock(0);
    return when;
}

static void in_counts_from_the_clock(void **state)
{
    (void)state;
    assert_int_equal(in_at(1000, 0), 1000);
    assert_int_equal(in_at(1000, 0.5), 1000 + SECOND / 2);
    assert_int_equal(in_at(1000, 1), 1000 + SECOND);
    assert_int_equal(in_at(1000, 1e9), 1000 + SECOND * 1000000000);
}

static void in_rounds_fractions_of_a_nanosecond_up(void **state)
{
    (void)state;
    assert_int_equal(in_at(1000, 5e-324), 1001);
    assert_int_equal(in_at(1000, 0.25e-9), 1001);
    assert_int_equal(in_at(1000, 1.5e-9), 1002);
    assert_int_equal(in_at(1000, 2.75e-9), 1003);
    assert_int_equal(in_at(1000, 1 + 62.25e-9), 1000 + SECOND + 63);
}

static void in_of_a_negative_duration_is_now(void **state)
{
    (void)state;
    assert_int_equal(in_at(1000, -5e-324), BIDE_NOW);
    assert_int_equal(in_at(1000, -1), BIDE_NOW);
    assert_int_equal(in_at(1000, -1e300), BIDE_NOW);
    assert_int_equal(in_at(1000, -INFINITY), BIDE_NOW);
}

static void in_of_minus_zero_is_in_zero(void **state)
{
    (void)state;
    assert_int_equal(in_at(1000, -0.0), 1000);
}

static void in_of_nan_is_now(void **state)
{
    (void)state;
    assert_int_equal(in_at(1000, (double)NAN), BIDE_NOW);
    assert_int_equal(in_at(1000, -(double)NAN), BIDE_NOW);
}

static void in_of_what_cannot_be_held_is_forever(void **state)
{
    (void)state;
    assert_int_equal(in_at(1000, 9223372037.0), BIDE_FOREVER);
    assert_int_equal(in_at(1000, 1e10), BIDE_FOREVER);
    assert_int_equal(in_at(1000, 1e300), BIDE_FOREVER);
    assert_int_equal(in_at(1000, (double)INFINITY), BIDE_FOREVER);
}

static void in_reaches_the_last_nanosecond(void **state)
{
    (void)state;
    assert_int_equal(in_at(1, 9223372036.0), INT64_C(9223372036000000001));
    assert_int_equal(in_at(BIDE_FOREVER - 1 - SECOND, 1), BIDE_FOREVER - 1);
    assert_int_equal(in_at(BIDE_FOREVER - SECOND, 1), BIDE_FOREVER);
    assert_int_equal(in_at(BIDE_FOREVER - SECOND + 1, 1), BIDE_FOREVER);
    assert_int_equal(in_at(BIDE_FOREVER - 1, 0), BIDE_FOREVER - 1);
    assert_int_equal(in_at(BIDE_FOREVER - 1, 0.5e-9), BIDE_FOREVER);
}

static void in_follows_the_real_clock(void **state)
{
    (void)state;
    bide_time before = bide_clock();
    bide_time when = bide_in(3600);
    bide_time after = bide_clock();
    assert_true(before + 3600 * SECOND <= when);
    assert_true(when <= after + 3600 * SECOND);
}

static bide_time system_clock(void)
{
    struct timespec now;
    assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &now), 0);
    return (bide_time)now.tv_sec * SECOND + now.tv_nsec;
}

static void clock_is_the_monotonic_one(void **state)
{
    (void)state;
    bide_time before = system_clock();
    bide_time now = bide_clock();
    assert_true(before <= now);
    assert_true(now <= system_clock());
}

static void clock_goes_through_its_seam(void **state)
{
    (void)state;
    seams_set_clock(12345);
    bide_time now = bide_clock();
    seams_set_clock(0);
    assert_int_equal(now, 12345);
}

static void values_read_as_they_were_made(void **state)
{
    (void)state;
    int here;
    assert_ptr_equal(bide_ptr(&here).ptr, &here);
    assert_true(bide_f64(-0.75).f64 == -0.75); /* exact in binary */
    assert_true(bide_i64(INT64_MIN).i64 == INT64_MIN);
    assert_true(bide_i64(-1).u64 == UINT64_MAX);
    assert_true(bide_u64(UINT64_MAX).u64 == UINT64_MAX);
    assert_int_equal(sizeof(bide_value), 8);
}

static void a_zero_is_zero_in_every_reading(void **state)
{
    (void)state;
    assert_true(bide_ptr(NULL).u64 == 0);
    assert_true(bide_f64(0).u64 == 0);
    assert_true(bide_i64(0).u64 == 0);
    assert_true(bide_u64(0).f64 == 0);
    assert_null(bide_u64(0).ptr);
}

static void version_is_that_of_the_header(void **state)
{
    (void)state;
    char expected[48];
    snprintf(expected, sizeof expected, "%d.%d.%d", BIDE_VERSION_MAJOR, BIDE_VERSION_MINOR, BIDE_VERSION_PATCH);
    assert_string_equal(bide_version(), expected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ALONE(in_counts_from_the_clock),
        ALONE(in_rounds_fractions_of_a_nanosecond_up),
        ALONE(in_of_a_negative_duration_is_now),
        ALONE(in_of_minus_zero_is_in_zero),
        ALONE(in_of_nan_is_now),
        ALONE(in_of_what_cannot_be_held_is_forever),
        ALONE(in_reaches_the_last_nanosecond),
        ALONE(in_follows_the_real_clock),
        ALONE(clock_is_the_monotonic_one),
        ALONE(clock_goes_through_its_seam),
        ALONE(values_read_as_they_were_made),
        ALONE(a_zero_is_zero_in_every_reading),
        ALONE(version_is_that_of_the_header),
    };
    return cmocka_run_group_tests(tests, fixture_begin, NULL);
}
