/* What the cmocka programs share. A test gets its pool from the list it stands in, and the fixture sees to it afterwards
 * that nothing is left over: no memory or pages of bide, no failed check.
 *
 *     static void joins(void **state)
 *     {
 *         struct fixture *at = *state;
 *         bide_future *future = submit(at->pool, work, NULL);
 *         ...
 *     }
 *
 *     int main(void)
 *     {
 *         const struct CMUnitTest tests[] = {ON_POOLS(joins), ON_ONE_WORKER(hands_over), ALONE(rejects_null)};
 *         return cmocka_run_group_tests(tests, fixture_begin, NULL);
 *     }
 *
 * The first failure ends the program, with its message: tasks may still be using what is on the failed test's stack. */
#ifndef SUPPORT_FIXTURE_H
#define SUPPORT_FIXTURE_H

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <bide/bide.h>

#include "support/check.h"
#include "support/gate.h"
#include "support/seams.h"

/* What *state points to. */
struct fixture {
    bide_pool *pool;  /* NULL in a test that stands ALONE */
    unsigned workers; /* how many it has */
};

#define FIXTURE_ENTRY(test, name, workers)                                                                             \
    {                                                                                                                  \
        name, test, fixture_setup, fixture_teardown, (void *)(uintptr_t)(workers)                                      \
    }

/* Entries of the list of tests: with no pool, with a pool of one worker, and once each with 1, 2, 4 and 8. */
#define ALONE(test) FIXTURE_ENTRY(test, #test, 0)
#define ON_ONE_WORKER(test) FIXTURE_ENTRY(test, #test " on 1 worker", 1)
#define ON_POOLS(test)                                                                                                 \
    FIXTURE_ENTRY(test, #test " on 1 worker", 1), FIXTURE_ENTRY(test, #test " on 2 workers", 2),                       \
        FIXTURE_ENTRY(test, #test " on 4 workers", 4), FIXTURE_ENTRY(test, #test " on 8 workers", 8)

/* For what only holding pools do. */
#define HOLDING 0x10000U
#define ON_ONE_HOLDING_WORKER(test) FIXTURE_ENTRY(test, #test " on 1 holding worker", HOLDING | 1)
#define ON_HOLDING_POOLS(test)                                                                                         \
    FIXTURE_ENTRY(test, #test " on 1 holding worker", HOLDING | 1),                                                    \
        FIXTURE_ENTRY(test, #test " on 2 holding workers", HOLDING | 2),                                               \
        FIXTURE_ENTRY(test, #test " on 4 holding workers", HOLDING | 4),                                               \
        FIXTURE_ENTRY(test, #test " on 8 holding workers", HOLDING | 8)

int fixture_begin(void **state);
int fixture_setup(void **state);
int fixture_teardown(void **state);

/* Destroy the fixture's pool within the test: nothing of its workers' work is then still to come. */
void fixture_end_pool(struct fixture *fixture);

/* Each of these asserts that it succeeds: for the test's own thread. */
bide_pool *make_pool(unsigned workers);
bide_pool *make_pool_with(const bide_pool_options *options);
void end_pool(bide_pool *pool);
bide_future *submit(bide_pool *pool, bide_task_fn *fn, void *arg);
bide_future *make_promise(void);
pthread_t start_thread(void *(*body)(void *arg), void *arg);
void end_thread(pthread_t thread);

/* Make n tasks of the pool stand at the gate, and return when they do; with n = its workers, nothing else starts. */
void occupy(bide_pool *pool, unsigned n, struct gate *gate);

/* Open the gate and wait until the pool has nothing left to do, so that the gate can go. */
void vacate(bide_pool *pool, struct gate *gate);

/* Fork, and assert that the checks made in the child hold. Let every worker stand at a gate meanwhile. */
void check_in_child_process(void (*checks)(void *arg), void *arg);

/* A task that passes the gate that is its argument. */
int stand_at(void *gate, bide_value *result);

#endif
