#include "support/fixture.h"

#include "base/tools.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

int fixture_begin(void **state)
{
    (void)state;
    return setenv("CMOCKA_TEST_ABORT", "1", 1);
}

int fixture_setup(void **state)
{
    static struct fixture fixture;
    unsigned entry = (unsigned)(uintptr_t)*state;
    fixture.workers = entry & ~HOLDING;
    fixture.pool = NULL;
    if (entry)
        fixture.pool = make_pool_with(
            &(bide_pool_options){.workers = fixture.workers, .waiting = entry & HOLDING ? BIDE_HOLD : BIDE_PARK});
    *state = &fixture;
    return 0;
}

void fixture_end_pool(struct fixture *fixture)
{
    end_pool(fixture->pool);
    fixture->pool = NULL;
}

int fixture_teardown(void **state)
{
    fixture_end_pool(*state);
    assert_int_equal(check_failures(), 0);
    assert_int_equal(seams_memory_live(), 0);
    assert_int_equal(seams_pages_live(), 0);
    return 0;
}

bide_pool *make_pool_with(const bide_pool_options *options)
{
    bide_pool *pool = NULL;
    bide_pool_options chosen = options ? *options : (bide_pool_options){.workers = 0};
    if (test_holds())
        chosen.waiting = BIDE_HOLD;
    assert_int_equal(bide_pool_create(&pool, &chosen), 0);
    assert_non_null(pool);
    return pool;
}

bide_pool *make_pool(unsigned workers)
{
    return make_pool_with(&(bide_pool_options){.workers = workers});
}

void end_pool(bide_pool *pool)
{
    assert_int_equal(bide_pool_destroy(pool), 0);
}

bide_future *submit(bide_pool *pool, bide_task_fn *fn, void *arg)
{
    bide_future *future = NULL;
    assert_int_equal(bide_submit(pool, fn, arg, &future), 0);
    assert_non_null(future);
    return future;
}

bide_future *make_promise(void)
{
    bide_future *promise = NULL;
    assert_int_equal(bide_promise_create(&promise), 0);
    assert_non_null(promise);
    return promise;
}

pthread_t start_thread(void *(*body)(void *arg), void *arg)
{
    pthread_t thread;
    tools_end_calls(); /* such as a lock of an earlier test, where drd's pthread_create() is about to have one */
    assert_int_equal(pthread_create(&thread, NULL, body, arg), 0);
    return thread;
}

void end_thread(pthread_t thread)
{
    assert_int_equal(pthread_join(thread, NULL), 0);
}

int stand_at(void *gate, bide_value *result)
{
    (void)result;
    gate_pass(gate);
    return 0;
}

void occupy(bide_pool *pool, unsigned n, struct gate *gate)
{
    for (unsigned i = 0; i < n; i++)
        assert_int_equal(bide_submit(pool, stand_at, gate, NULL), 0);
    gate_await(gate, n);
}

void vacate(bide_pool *pool, struct gate *gate)
{
    gate_open(gate);
    assert_int_equal(bide_pool_drain(pool, BIDE_FOREVER), 0);
}

/* By exec: what looks for lost memory at an exit would find that of the threads which are not here. */
static void leave_child(const char *program)
{
    execlp(program, program, (char *)NULL);
    _exit(EXIT_FAILURE);
}

void check_in_child_process(void (*checks)(void *arg), void *arg)
{
    int status;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        checks(arg);
        leave_child(check_failures() ? "false" : "true");
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), EXIT_SUCCESS);
}
