#include "support/fixture.h"

#include <math.h>
#include <stdatomic.h>

#define MANY 100
#define CHAIN 100000
#define THREADS 4

/* What callbacks saw. */
struct log {
    unsigned length;
    unsigned order[MANY];
};

struct entry {
    struct log *log;
    unsigned number;
};

static void append(bide_future *future, void *ctx)
{
    (void)future;
    const struct entry *entry = ctx;
    if (CHECK(entry->log->length < MANY))
        entry->log->order[entry->log->length++] = entry->number;
}

static void callbacks_run_in_the_order_of_registration(void **state)
{
    (void)state;
    struct log log = {0};
    struct entry entries[MANY];
    bide_future *promise = make_promise();
    for (unsigned i = 0; i < MANY; i++) {
        entries[i] = (struct entry){&log, i};
        assert_int_equal(bide_future_on_done(promise, append, &entries[i]), 0);
    }
    assert_int_equal(log.length, 0);
    assert_int_equal(bide_promise_resolve(promise, bide_u64(1)), 0);
    assert_int_equal(log.length, MANY);
    for (unsigned i = 0; i < MANY; i++)
        assert_int_equal(log.order[i], i);
    bide_future_release(promise);
}

/* Where callbacks run */

struct sight {
    bide_future *future;
    enum bide_state state;
    pthread_t thread;
    unsigned calls;
};

static void look(bide_future *future, void *ctx)
{
    struct sight *sight = ctx;
    *sight = (struct sight){future, bide_future_state(future), pthread_self(), sight->calls + 1};
}

static void expect_here(struct sight *sight, bide_future *future, enum bide_state state)
{
    assert_int_equal(sight->calls, 1);
    assert_ptr_equal(sight->future, future);
    assert_int_equal(sight->state, state);
    assert_true(pthread_equal(sight->thread, pthread_self()));
    *sight = (struct sight){.calls = 0};
}

static void a_promises_callback_runs_in_who_settles_it(void **state)
{
    (void)state;
    struct sight sight = {.calls = 0};
    bide_future *promises[] = {make_promise(), make_promise(), make_promise()};
    for (int i = 0; i < 3; i++)
        assert_int_equal(bide_future_on_done(promises[i], look, &sight), 0);
    assert_int_equal(sight.calls, 0);
    assert_int_equal(bide_promise_resolve(promises[0], bide_u64(1)), 0);
    expect_here(&sight, promises[0], BIDE_DONE);
    assert_int_equal(bide_promise_fail(promises[1], EIO), 0);
    expect_here(&sight, promises[1], BIDE_FAILED);
    assert_int_equal(bide_future_cancel(promises[2]), 0);
    expect_here(&sight, promises[2], BIDE_CANCELLED);
    for (int i = 0; i < 3; i++)
        bide_future_release(promises[i]);
}

static void a_callback_registered_after_the_end_runs_at_once(void **state)
{
    struct fixture *at = *state;
    struct gate gate = GATE_INIT;
    struct sight sight = {.calls = 0};
    bide_future *future = submit(at->pool, stand_at, &gate);
    gate_open(&gate);
    assert_int_equal(bide_future_wait(future, BIDE_FOREVER), 0);
    assert_int_equal(bide_future_on_done(future, look, &sight), 0);
    expect_here(&sight, future, BIDE_DONE);
    bide_future_release(future);
}

static void the_callback_of_what_never_ran_runs_in_the_canceller(void **state)
{
    struct fixture *at = *state;
    struct gate gate = GATE_INIT;
    struct sight sight = {.calls = 0};
    occupy(at->pool, at->workers, &gate);
    bide_future *future = submit(at->pool, stand_at, &gate);
    assert_int_equal(bide_future_on_done(future, look, &sight), 0);
    assert_int_equal(bide_future_cancel(future), 0);
    expect_here(&sight, future, BIDE_CANCELLED);
    vacate(at->pool, &gate);
    bide_future_release(future);
    assert_int_equal(sight.calls, 0);
}

static void the_callback_of_a_promise_let_go_runs_in_who_lets_go(void **state)
{
    (void)state;
    struct sight sight = {.calls = 0};
    bide_future *promise = make_promise();
    assert_int_equal(bide_future_on_done(promise, look, &sight), 0);
    bide_future_release(promise);
    expect_here(&sight, promise, BIDE_CANCELLED);
}

struct stop {
    struct gate gate;
    pthread_t worker;
};

static int note_thread(void *arg, bide_value *result)
{
    (void)result;
    struct stop *stop = arg;
    stop->worker = pthread_self();
    gate_pass(&stop->gate);
    return bide_cancelled() ? 0 : EIO;
}

/* No task: though the thread is a worker, and the task that has just ended was asked to stop. */
static void look_outside(bide_future *future, void *ctx)
{
    CHECK(bide_current_pool() == NULL);
    CHECK_EQUAL(bide_worker_index(), -1);
    CHECK(!bide_cancelled());
    CHECK_EQUAL(bide_yield(), 0);
    CHECK_EQUAL(bide_sleep(0), 0);
    look(future, ctx);
}

static void a_tasks_callback_runs_on_its_worker_but_is_no_task(void **state)
{
    struct fixture *at = *state;
    struct stop stop = {.gate = GATE_INIT};
    struct sight sight = {.calls = 0};
    bide_future *future = submit(at->pool, note_thread, &stop);
    assert_int_equal(bide_future_on_done(future, look_outside, &sight), 0);
    gate_await(&stop.gate, 1);
    assert_int_equal(bide_future_cancel(future), 0);
    gate_open(&stop.gate);
    fixture_end_pool(at);
    assert_int_equal(sight.calls, 1);
    assert_int_equal(sight.state, BIDE_DONE);
    assert_true(pthread_equal(sight.thread, stop.worker));
    bide_future_release(future);
}

static int resolve_and_look(void *arg, bide_value *result)
{
    (void)result;
    bide_pool *pool = bide_current_pool();
    CHECK_EQUAL(bide_promise_resolve(arg, bide_u64(1)), 0);
    CHECK(bide_current_pool() == pool);
    CHECK(bide_worker_index() >= 0);
    return 0;
}

static void a_task_is_itself_again_after_a_callback_it_caused(void **state)
{
    struct fixture *at = *state;
    struct sight sight = {.calls = 0};
    bide_future *promise = make_promise();
    assert_int_equal(bide_future_on_done(promise, look_outside, &sight), 0);
    assert_int_equal(bide_join(submit(at->pool, resolve_and_look, promise), NULL), 0);
    assert_int_equal(sight.calls, 1);
    bide_future_release(promise);
}

/* What callbacks may do */

static void count(bide_future *future, void *ctx)
{
    (void)future;
    atomic_fetch_add((atomic_uint *)ctx, 1);
}

static void use_everything(bide_future *future, void *ctx)
{
    bide_value value;
    CHECK_EQUAL(bide_future_state(future), BIDE_DONE);
    CHECK_EQUAL(bide_future_result(future, &value), 0);
    CHECK_EQUAL(bide_future_wait(future, BIDE_FOREVER), 0);
    CHECK_EQUAL(bide_future_wait_or_cancel(future, BIDE_FOREVER), 0);
    CHECK_EQUAL(bide_future_cancel(future), EALREADY);
    CHECK_EQUAL(bide_promise_resolve(future, value), EALREADY);
    CHECK_EQUAL(bide_promise_fail(future, EIO), EALREADY);
    CHECK_EQUAL(bide_future_on_done(future, count, ctx), 0);
    bide_future_retain(future);
    CHECK_EQUAL(bide_join(future, &value), 0);
    CHECK_EQUAL(value.u64, 1);
}

static void every_call_on_its_future_is_legal_in_a_callback(void **state)
{
    (void)state;
    atomic_uint calls = 0;
    bide_future *promise = make_promise();
    assert_int_equal(bide_future_on_done(promise, use_everything, &calls), 0);
    assert_int_equal(bide_future_on_done(promise, use_everything, &calls), 0);
    assert_int_equal(bide_promise_resolve(promise, bide_u64(1)), 0);
    assert_int_equal(atomic_load(&calls), 2);
    bide_future_release(promise);
}

static void release(bide_future *future, void *ctx)
{
    (void)ctx;
    bide_future_release(future);
}

static void a_callback_may_release_the_callers_reference(void **state)
{
    struct fixture *at = *state;
    struct gate gate = GATE_INIT;
    bide_future *promise = make_promise(), *future = submit(at->pool, stand_at, &gate);
    assert_int_equal(bide_future_on_done(future, release, NULL), 0);
    vacate(at->pool, &gate);
    bide_future_retain(promise);
    assert_int_equal(bide_future_on_done(promise, release, NULL), 0);
    assert_int_equal(bide_promise_resolve(promise, bide_u64(1)), 0);
    bide_future_release(promise);
}

/* What would have to wait in a callback. */
struct blockers {
    bide_pool *pool;
    bide_future *pending;
    bide_completions *listed; /* with pending in it */
    bide_mutex locked, own;
    bide_cond cond;
    unsigned calls;
};

static int do_nothing(void *arg, bide_value *result)
{
    (void)arg, (void)result;
    return 0;
}

static void try_to_wait_for_futures(struct blockers *blockers)
{
    const bide_time deadlines[] = {BIDE_FOREVER, bide_in(3600)};
    for (int i = 0; i < 2; i++) {
        CHECK_EQUAL(bide_future_wait(blockers->pending, deadlines[i]), EDEADLK);
        CHECK_EQUAL(bide_future_wait_or_cancel(blockers->pending, deadlines[i]), EDEADLK);
        CHECK_EQUAL(bide_completions_next(blockers->listed, deadlines[i], NULL, NULL), EDEADLK);
    }
    CHECK_EQUAL(bide_future_wait_or_cancel(blockers->pending, BIDE_NOW), EDEADLK);
    bide_future_retain(blockers->pending);
    CHECK_EQUAL(bide_join(blockers->pending, NULL), EDEADLK);
    CHECK_EQUAL(bide_future_state(blockers->pending), BIDE_PENDING);
}

static void try_to_wait(bide_future *future, void *ctx)
{
    (void)future;
    struct blockers *blockers = ctx;
    double delays[3];
    try_to_wait_for_futures(blockers);
    CHECK_EQUAL(bide_sleep(0.01), EDEADLK);
    CHECK_EQUAL(bide_sleep((double)INFINITY), EDEADLK);
    CHECK_EQUAL(bide_wait_random(1, NULL), EDEADLK);
    CHECK_EQUAL(bide_mutex_lock(&blockers->locked), EDEADLK);
    CHECK_EQUAL(bide_mutex_lock_until(&blockers->locked, bide_in(3600)), EDEADLK);
    CHECK_EQUAL(bide_pool_drain(blockers->pool, BIDE_FOREVER), EDEADLK);
    CHECK_EQUAL(bide_pool_destroy(blockers->pool), EDEADLK);
    CHECK_EQUAL(bide_run(NULL, do_nothing, NULL, NULL), EDEADLK);
    CHECK_EQUAL(bide_wait_n(blockers->pool, 3, 0.001, delays), EDEADLK);
    CHECK_EQUAL(bide_task_wait_n(blockers->pool, 3, 0.001, delays), EDEADLK);
    if (CHECK_EQUAL(bide_mutex_lock(&blockers->own), 0)) {
        CHECK_EQUAL(bide_cond_wait(&blockers->cond, &blockers->own, BIDE_FOREVER), EDEADLK);
        CHECK_EQUAL(bide_mutex_unlock(&blockers->own), 0);
    }
    blockers->calls++;
}

struct holder {
    bide_mutex *mutex;
    struct gate gate;
};

static void *hold(void *arg)
{
    struct holder *holder = arg;
    CHECK_EQUAL(bide_mutex_lock(holder->mutex), 0);
    gate_pass(&holder->gate);
    CHECK_EQUAL(bide_mutex_unlock(holder->mutex), 0);
    return NULL;
}

static void waiting_in_a_callback_is_edeadlk(void **state)
{
    struct fixture *at = *state;
    struct gate busy = GATE_INIT, last = GATE_INIT;
    struct blockers blockers = {.pool = at->pool, .pending = make_promise()};
    struct holder holder = {&blockers.locked, GATE_INIT};
    pthread_t thread = start_thread(hold, &holder);
    gate_await(&holder.gate, 1);
    assert_int_equal(bide_completions_create(&blockers.listed), 0);
    assert_int_equal(bide_completions_add(blockers.listed, blockers.pending, NULL), 0);

    bide_future *promise = make_promise();
    assert_int_equal(bide_future_on_done(promise, try_to_wait, &blockers), 0);
    occupy(at->pool, at->workers - 1, &busy);
    bide_future *task = submit(at->pool, stand_at, &last);
    assert_int_equal(bide_future_on_done(task, try_to_wait, &blockers), 0);
    gate_await(&last, 1);
    assert_int_equal(bide_promise_resolve(promise, bide_u64(1)), 0);
    gate_open(&busy);
    gate_open(&last);
    fixture_end_pool(at);
    assert_int_equal(blockers.calls, 2);

    gate_open(&holder.gate);
    end_thread(thread);
    bide_completions_destroy(blockers.listed);
    bide_future_release(blockers.pending);
    bide_future_release(promise);
    bide_future_release(task);
}

struct follow_up {
    bide_pool *pool;
    struct gate runs;
};

static int arrive(void *gate, bide_value *result)
{
    (void)result;
    gate_arrive(gate);
    return 0;
}

static void follow_up(bide_future *future, void *ctx)
{
    (void)future;
    struct follow_up *next = ctx;
    CHECK_EQUAL(bide_submit(next->pool, arrive, &next->runs, NULL), 0);
}

static void a_callback_may_submit(void **state)
{
    struct fixture *at = *state;
    struct follow_up next = {at->pool, GATE_INIT};
    for (int i = 0; i < MANY; i++) {
        bide_future *future = submit(at->pool, arrive, &next.runs);
        assert_int_equal(bide_future_on_done(future, follow_up, &next), 0);
        bide_future_release(future);
    }
    gate_await(&next.runs, 2 * MANY);
    fixture_end_pool(at);
    assert_int_equal(gate_arrived(&next.runs), 2 * MANY);
}

/* Order of events */

struct told {
    bide_future *future;
    struct gate woken;
};

static void stand_until_the_waiter_is_woken(bide_future *future, void *ctx)
{
    (void)future;
    gate_pass(ctx);
}

static void *open_when_woken(void *arg)
{
    struct told *told = arg;
    CHECK_EQUAL(bide_future_wait(told->future, BIDE_FOREVER), 0);
    gate_open(&told->woken);
    return NULL;
}

static void waiters_are_woken_before_callbacks_run(void **state)
{
    (void)state;
    for (int round = 0; round < MANY; round++) {
        struct told told = {make_promise(), GATE_INIT};
        assert_int_equal(bide_future_on_done(told.future, stand_until_the_waiter_is_woken, &told.woken), 0);
        pthread_t thread = start_thread(open_when_woken, &told);
        assert_int_equal(bide_promise_resolve(told.future, bide_u64(1)), 0);
        assert_int_equal(gate_arrived(&told.woken), 1);
        end_thread(thread);
        bide_future_release(told.future);
    }
}

struct registration {
    bide_future *future;
    struct gate start;
    atomic_uint calls;
};

static void *register_many(void *arg)
{
    struct registration *registration = arg;
    gate_pass(&registration->start);
    for (int i = 0; i < MANY; i++)
        CHECK_EQUAL(bide_future_on_done(registration->future, count, &registration->calls), 0);
    return NULL;
}

static void each_runs_once_though_registered_about_the_end(void **state)
{
    struct fixture *at = *state;
    for (int round = 0; round < (int)test_scale(20); round++) {
        struct gate gate = GATE_INIT;
        bide_pool *pool = make_pool(at->workers);
        struct registration registration = {submit(pool, stand_at, &gate), GATE_INIT, 0};
        pthread_t threads[THREADS];
        for (int i = 0; i < THREADS; i++)
            threads[i] = start_thread(register_many, &registration);
        gate_await(&registration.start, THREADS);
        gate_open(&registration.start);
        gate_open(&gate);
        end_pool(pool);
        for (int i = 0; i < THREADS; i++)
            end_thread(threads[i]);
        assert_int_equal(atomic_load(&registration.calls), THREADS * MANY);
        bide_future_release(registration.future);
    }
}

/* A callback settles the next promise, whose callback settles the next. */
struct link {
    bide_future *promise;
    struct chain *chain;
};

struct chain {
    void (*settle)(bide_future *next);
    struct link *links;
    size_t length, reached;
    unsigned depth, deepest;
};

static void settle_next(bide_future *future, void *ctx)
{
    (void)future;
    struct link *link = ctx;
    struct chain *chain = link->chain;
    size_t next = (size_t)(link - chain->links) + 1;
    CHECK_EQUAL(next, ++chain->reached);
    if (++chain->depth > chain->deepest)
        chain->deepest = chain->depth;
    if (next < chain->length)
        chain->settle(chain->links[next].promise);
    chain->depth--;
}

static void settle_a_chain_by(void (*settle)(bide_future *next))
{
    static struct link links[CHAIN];
    size_t scaled = test_scale(CHAIN), length = scaled < CHAIN ? scaled : CHAIN;
    struct chain chain = {.settle = settle, .links = links, .length = length};
    for (size_t i = 0; i < length; i++) {
        links[i] = (struct link){make_promise(), &chain};
        assert_int_equal(bide_future_on_done(links[i].promise, settle_next, &links[i]), 0);
    }
    settle(links[0].promise);
    assert_int_equal(chain.reached, length);
    assert_int_equal(chain.deepest, 1);
}

static void resolve_and_release(bide_future *next)
{
    CHECK_EQUAL(bide_promise_resolve(next, bide_u64(1)), 0);
    bide_future_release(next);
}

static void fail_and_release(bide_future *next)
{
    CHECK_EQUAL(bide_promise_fail(next, EIO), 0);
    bide_future_release(next);
}

static void cancel_and_release(bide_future *next)
{
    CHECK_EQUAL(bide_future_cancel(next), 0);
    bide_future_release(next);
}

static void a_long_chain_does_not_recurse(void **state)
{
    (void)state;
    settle_a_chain_by(resolve_and_release);
    settle_a_chain_by(fail_and_release);
    settle_a_chain_by(cancel_and_release);
    settle_a_chain_by(bide_future_release);
}

struct pair {
    bide_future *second;
    struct log log;
};

static void first_callback(bide_future *future, void *ctx)
{
    struct pair *pair = ctx;
    append(future, &(struct entry){&pair->log, 1});
    CHECK_EQUAL(bide_promise_resolve(pair->second, bide_u64(2)), 0);
    CHECK_EQUAL(bide_future_state(pair->second), BIDE_DONE);
    append(future, &(struct entry){&pair->log, 2});
}

static void last_callback(bide_future *future, void *ctx)
{
    struct pair *pair = ctx;
    append(future, &(struct entry){&pair->log, 3});
}

static void expect_order(struct pair *pair)
{
    assert_int_equal(pair->log.length, 3);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(pair->log.order[i], i + 1);
    bide_future_release(pair->second);
}

/* Also where the first is called at once, its future having ended. */
static void what_a_callback_settles_is_called_after_it(void **state)
{
    (void)state;
    bide_future *first = make_promise();
    for (int i = 0; i < 2; i++) {
        struct pair pair = {.second = make_promise()};
        assert_int_equal(bide_future_on_done(pair.second, last_callback, &pair), 0);
        assert_int_equal(bide_future_on_done(first, first_callback, &pair), 0);
        assert_int_equal(bide_promise_resolve(first, bide_u64(1)), i ? EALREADY : 0);
        expect_order(&pair);
    }
    bide_future_release(first);
}

/* Errors */

static void null_is_einval(void **state)
{
    (void)state;
    bide_future *promise = make_promise();
    assert_int_equal(bide_future_on_done(NULL, count, NULL), EINVAL);
    assert_int_equal(bide_future_on_done(promise, NULL, NULL), EINVAL);
    bide_future_release(promise);
}

static void without_memory_nothing_is_registered(void **state)
{
    (void)state;
    atomic_uint calls = 0;
    bide_future *promise = make_promise();
    seams_fail_memory(1);
    assert_int_equal(bide_future_on_done(promise, count, &calls), ENOMEM);
    assert_true(seams_memory_failed());
    assert_int_equal(bide_future_on_done(promise, count, &calls), 0);
    assert_int_equal(bide_promise_resolve(promise, bide_u64(1)), 0);
    assert_int_equal(atomic_load(&calls), 1);
    bide_future_release(promise);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ALONE(callbacks_run_in_the_order_of_registration),
        ALONE(a_promises_callback_runs_in_who_settles_it),
        ON_POOLS(a_callback_registered_after_the_end_runs_at_once),
        ON_POOLS(the_callback_of_what_never_ran_runs_in_the_canceller),
        ALONE(the_callback_of_a_promise_let_go_runs_in_who_lets_go),
        ON_POOLS(a_tasks_callback_runs_on_its_worker_but_is_no_task),
        ON_POOLS(a_task_is_itself_again_after_a_callback_it_caused),
        ALONE(every_call_on_its_future_is_legal_in_a_callback),
        ON_POOLS(a_callback_may_release_the_callers_reference),
        ON_POOLS(waiting_in_a_callback_is_edeadlk),
        ON_POOLS(a_callback_may_submit),
        ALONE(waiters_are_woken_before_callbacks_run),
        ON_POOLS(each_runs_once_though_registered_about_the_end),
        ALONE(a_long_chain_does_not_recurse),
        ALONE(what_a_callback_settles_is_called_after_it),
        ALONE(null_is_einval),
        ALONE(without_memory_nothing_is_registered),
    };
    return cmocka_run_group_tests(tests, fixture_begin, NULL);
}
