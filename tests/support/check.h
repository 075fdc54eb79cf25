/* Checks outside the test's own thread. cmocka's assertions jump, so a task or a second thread records what it saw wrong,
 * and the test asserts after it has waited for it. A failed check prints where, and both operands. */
#ifndef SUPPORT_CHECK_H
#define SUPPORT_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#define CHECK(condition) check_true((condition), #condition, __FILE__, __LINE__)
#define CHECK_EQUAL(actual, expected)                                                                                  \
    check_equal((intmax_t)(actual), (intmax_t)(expected), #actual " == " #expected, __FILE__, __LINE__)

bool check_true(bool condition, const char *text, const char *file, int line);
bool check_equal(intmax_t actual, intmax_t expected, const char *text, const char *file, int line);

/* Checks that have failed so far. */
unsigned check_failures(void);

/* For stress programs: BIDE_TEST_SCALE (default 1, a real number above 0) times rounds, at least 1. */
unsigned long test_scale(unsigned long rounds);

/* Do the pools of this run hold? $BIDE_TEST_WAITING is "hold". */
bool test_holds(void);

/* For stress programs: the seed from argv[1], else from the clock; printed, so that a run can be repeated. */
uint64_t test_seed(int argc, char **argv);

/* A generator for tests (xorshift64*, Vigna 2016). */
uint64_t test_random(uint64_t *state);

#endif
