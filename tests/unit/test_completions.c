#include "support/asleep.h"
#include "support/fixture.h"

#include <limits.h>
#include <stdatomic.h>

#define MANY 100
#define TAKERS 4

static bide_completions *make_queue(void)
{
    bide_completions *queue = NULL;
    assert_int_equal(bide_completions_create(&queue), 0);
    assert_non_null(queue);
    return queue;
}

static void list(bide_completions *queue, bide_future *future, void *tag)
{
    assert_int_equal(bide_completions_add(queue, future, tag), 0);
}

static void resolve(bide_future *promise)
{
    assert_int_equal(bide_promise_resolve(promise, bide_u64(1)), 0);
}

static void expect_next(bide_completions *queue, bide_future *future, void *tag)
{
    bide_future *taken = NULL;
    void *its_tag = NULL;
    assert_int_equal(bide_completions_next(queue, BIDE_FOREVER, &taken, &its_tag), 0);
    assert_ptr_equal(taken, future);
    assert_ptr_equal(its_tag, tag);
    assert_true(bide_future_state(taken) >= BIDE_DONE);
    bide_future_release(taken);
}

static void expect_empty(bide_completions *queue)
{
    bide_future *untouched = NULL;
    void *tag = queue;
    assert_int_equal(bide_completions_next(queue, BIDE_FOREVER, &untouched, &tag), ENOENT);
    assert_int_equal(bide_completions_next(queue, BIDE_NOW, &untouched, &tag), ENOENT);
    assert_null(untouched);
    assert_ptr_equal(tag, queue);
}

static void destroy_empty(bide_completions *queue)
{
    expect_empty(queue);
    bide_completions_destroy(queue);
}

static void make_promises(bide_future *promises[], size_t n)
{
    for (size_t i = 0; i < n; i++)
        promises[i] = make_promise();
}

static void release_all(bide_future *futures[], size_t n)
{
    for (size_t i = 0; i < n; i++)
        bide_future_release(futures[i]);
}

/* A task's argument and result: its number. */
static int give_number(void *arg, bide_value *result)
{
    *result = bide_u64(*(const unsigned *)arg);
    return 0;
}

/* Order */

static void an_empty_queue_is_enoent(void **state)
{
    (void)state;
    destroy_empty(make_queue());
}

static void futures_come_in_the_order_of_their_ends(void **state)
{
    (void)state;
    bide_completions *queue = make_queue();
    bide_future *promises[MANY];
    make_promises(promises, MANY);
    for (int i = 0; i < MANY; i++)
        list(queue, promises[i], &promises[i]);
    for (int i = 0; i < MANY; i++)
        resolve(promises[i * 37 % MANY]);
    for (int i = 0; i < MANY; i++)
        expect_next(queue, promises[i * 37 % MANY], &promises[i * 37 % MANY]);
    destroy_empty(queue);
    release_all(promises, MANY);
}

static void any_end_counts(void **state)
{
    (void)state;
    bide_completions *queue = make_queue();
    bide_future *promises[3];
    make_promises(promises, 3);
    for (int i = 0; i < 3; i++)
        list(queue, promises[i], NULL);
    assert_int_equal(bide_future_cancel(promises[2]), 0);
    assert_int_equal(bide_promise_fail(promises[0], EIO), 0);
    resolve(promises[1]);
    expect_next(queue, promises[2], NULL);
    expect_next(queue, promises[0], NULL);
    expect_next(queue, promises[1], NULL);
    destroy_empty(queue);
    release_all(promises, 3);
}

static void what_has_ended_comes_first(void **state)
{
    (void)state;
    bide_completions *queue = make_queue();
    bide_future *promises[4];
    make_promises(promises, 4);
    resolve(promises[2]);
    resolve(promises[1]);
    for (int i = 0; i < 4; i++)
        list(queue, promises[i], NULL);
    resolve(promises[3]);
    expect_next(queue, promises[1], NULL);
    expect_next(queue, promises[2], NULL);
    expect_next(queue, promises[3], NULL);
    assert_int_equal(bide_completions_next(queue, BIDE_NOW, NULL, NULL), ETIMEDOUT);
    resolve(promises[0]);
    expect_next(queue, promises[0], NULL);
    destroy_empty(queue);
    release_all(promises, 4);
}

static void what_is_added_twice_comes_twice(void **state)
{
    (void)state;
    bide_completions *queue = make_queue();
    bide_future *promise = make_promise();
    int tags[3];
    list(queue, promise, &tags[0]);
    list(queue, promise, &tags[1]);
    resolve(promise);
    list(queue, promise, &tags[2]);
    for (int i = 0; i < 3; i++)
        expect_next(queue, promise, &tags[i]);
    destroy_empty(queue);
    bide_future_release(promise);
}

static void two_queues_may_list_the_same(void **state)
{
    (void)state;
    bide_completions *one = make_queue(), *other = make_queue();
    bide_future *promise = make_promise();
    list(one, promise, one);
    list(other, promise, other);
    resolve(promise);
    expect_next(other, promise, other);
    expect_next(one, promise, one);
    destroy_empty(one);
    destroy_empty(other);
    bide_future_release(promise);
}

static void pools_and_promises_mix(void **state)
{
    struct fixture *at = *state;
    struct gate gate = GATE_INIT;
    bide_pool *other = make_pool(1);
    bide_completions *queue = make_queue();
    unsigned number = 5;
    bide_future *promise = make_promise(), *standing = submit(other, stand_at, &gate);
    bide_future *quick = submit(at->pool, give_number, &number);
    list(queue, promise, NULL);
    list(queue, standing, NULL);
    list(queue, quick, NULL);
    expect_next(queue, quick, NULL);
    resolve(promise);
    expect_next(queue, promise, NULL);
    gate_open(&gate);
    expect_next(queue, standing, NULL);
    destroy_empty(queue);
    bide_future_release(promise);
    bide_future_release(standing);
    bide_future_release(quick);
    end_pool(other);
}

/* References, tags, out parameters */

static void the_queue_has_a_reference_of_its_own(void **state)
{
    (void)state;
    bide_completions *queue = make_queue();
    bide_future *promise = make_promise(), *taken;
    bide_value value;
    list(queue, promise, NULL);
    assert_int_equal(bide_promise_resolve(promise, bide_u64(9)), 0);
    bide_future_release(promise);
    assert_int_equal(bide_completions_next(queue, BIDE_NOW, &taken, NULL), 0);
    assert_int_equal(bide_join(taken, &value), 0);
    assert_true(value.u64 == 9);
    destroy_empty(queue);
}

static void out_parameters_may_be_null(void **state)
{
    (void)state;
    bide_completions *queue = make_queue();
    for (int i = 0; i < 2; i++) {
        bide_future *promise = make_promise();
        void *tag = NULL;
        list(queue, promise, &queue);
        resolve(promise);
        bide_future_release(promise);
        assert_int_equal(bide_completions_next(queue, BIDE_FOREVER, NULL, i ? &tag : NULL), 0);
        assert_ptr_equal(tag, i ? &queue : NULL);
    }
    destroy_empty(queue);
}

static void submitted_tasks_are_listed(void **state)
{
    struct fixture *at = *state;
    bide_completions *queue = make_queue();
    unsigned numbers[MANY], seen[MANY] = {0};
    for (unsigned i = 0; i < MANY; i++) {
        numbers[i] = i;
        assert_int_equal(bide_completions_submit(queue, at->pool, give_number, &numbers[i], &seen[i]), 0);
    }
    for (unsigned i = 0; i < MANY; i++) {
        bide_future *future;
        bide_value value;
        void *tag;
        assert_int_equal(bide_completions_next(queue, BIDE_FOREVER, &future, &tag), 0);
        assert_int_equal(bide_join(future, &value), 0);
        assert_ptr_equal(tag, &seen[value.u64]);
        ++*(unsigned *)tag;
    }
    for (unsigned i = 0; i < MANY; i++)
        assert_int_equal(seen[i], 1);
    destroy_empty(queue);
}

static void on_one_worker_the_order_is_that_of_submission(void **state)
{
    struct fixture *at = *state;
    bide_completions *queue = make_queue();
    unsigned number = 3;
    int tags[MANY];
    for (int i = 0; i < MANY; i++)
        assert_int_equal(bide_completions_submit(queue, at->pool, give_number, &number, &tags[i]), 0);
    for (int i = 0; i < MANY; i++) {
        void *tag;
        assert_int_equal(bide_completions_next(queue, BIDE_FOREVER, NULL, &tag), 0);
        assert_ptr_equal(tag, &tags[i]);
    }
    destroy_empty(queue);
}

/* Waiting */

static void nothing_in_time_is_etimedout(void **state)
{
    (void)state;
    bide_completions *queue = make_queue();
    bide_future *promise = make_promise();
    bide_time deadline = bide_in(0.02);
    list(queue, promise, NULL);
    assert_int_equal(bide_completions_next(queue, BIDE_NOW, NULL, NULL), ETIMEDOUT);
    assert_int_equal(bide_completions_next(queue, 1, NULL, NULL), ETIMEDOUT);
    assert_int_equal(bide_completions_next(queue, deadline, NULL, NULL), ETIMEDOUT);
    assert_true(bide_clock() >= deadline);
    resolve(promise);
    assert_int_equal(bide_completions_next(queue, BIDE_NOW, NULL, NULL), 0);
    destroy_empty(queue);
    bide_future_release(promise);
}

struct taker {
    bide_completions *queue;
    struct sleeper sleeper;
    int error;
    void *tag;
};

static void *take_one(void *arg)
{
    struct taker *taker = arg;
    sleeper_goes(&taker->sleeper);
    taker->error = bide_completions_next(taker->queue, BIDE_FOREVER, NULL, &taker->tag);
    return NULL;
}

static int take_one_in_a_task(void *arg, bide_value *result)
{
    (void)result;
    return take_one(arg) ? EIO : 0;
}

static pthread_t start_taker(struct taker *taker, bide_completions *queue)
{
    *taker = (struct taker){.queue = queue, .sleeper = SLEEPER_INIT};
    pthread_t thread = start_thread(take_one, taker);
    sleeper_await(&taker->sleeper);
    return thread;
}

static void when_another_takes_the_last_it_is_enoent(void **state)
{
    (void)state;
    bide_completions *queue = make_queue();
    bide_future *promise = make_promise();
    struct taker takers[TAKERS];
    pthread_t threads[TAKERS];
    int got = 0;
    list(queue, promise, queue);
    for (int i = 0; i < TAKERS; i++)
        threads[i] = start_taker(&takers[i], queue);
    resolve(promise);
    for (int i = 0; i < TAKERS; i++) {
        end_thread(threads[i]);
        assert_int_equal(takers[i].error, takers[i].tag ? 0 : ENOENT);
        got += takers[i].error == 0;
    }
    assert_int_equal(got, 1);
    destroy_empty(queue);
    bide_future_release(promise);
}

static void a_poll_that_takes_the_last_tells_who_waits(void **state)
{
    (void)state;
    for (int round = 0; round < (int)test_scale(20); round++) {
        bide_completions *queue = make_queue();
        bide_future *promise = make_promise();
        struct taker taker;
        list(queue, promise, queue);
        pthread_t thread = start_taker(&taker, queue);
        resolve(promise);
        int error = bide_completions_next(queue, BIDE_NOW, NULL, NULL);
        end_thread(thread);
        assert_int_equal(error, taker.error == 0 ? ENOENT : 0);
        assert_int_equal(taker.error, taker.tag ? 0 : ENOENT);
        destroy_empty(queue);
        bide_future_release(promise);
    }
}

static void adding_what_has_ended_wakes_who_waits(void **state)
{
    (void)state;
    bide_completions *queue = make_queue();
    bide_future *pending = make_promise(), *done = make_promise();
    struct taker taker;
    resolve(done);
    list(queue, pending, NULL);
    pthread_t thread = start_taker(&taker, queue);
    list(queue, done, done);
    end_thread(thread);
    assert_int_equal(taker.error, 0);
    assert_ptr_equal(taker.tag, done);
    resolve(pending);
    expect_next(queue, pending, NULL);
    destroy_empty(queue);
    bide_future_release(pending);
    bide_future_release(done);
}

static void a_sleeping_task_is_handed_the_next(void **state)
{
    struct fixture *at = *state;
    bide_completions *queue = make_queue();
    bide_future *promise = make_promise();
    struct taker taker = {.queue = queue, .sleeper = SLEEPER_INIT};
    list(queue, promise, queue);
    bide_future *task = submit(at->pool, take_one_in_a_task, &taker);
    sleeper_await(&taker.sleeper);
    resolve(promise);
    assert_int_equal(bide_join(task, NULL), 0);
    assert_int_equal(taker.error, 0);
    assert_ptr_equal(taker.tag, queue);
    destroy_empty(queue);
    bide_future_release(promise);
}

/* With one worker nobody else could run it. */
static void a_sleeping_task_runs_what_is_added_in_place(void **state)
{
    struct fixture *at = *state;
    bide_completions *queue = make_queue();
    bide_future *promise = make_promise();
    struct taker taker = {.queue = queue, .sleeper = SLEEPER_INIT};
    unsigned number = 1;
    list(queue, promise, NULL);
    bide_future *task = submit(at->pool, take_one_in_a_task, &taker);
    sleeper_await(&taker.sleeper);
    assert_int_equal(bide_completions_submit(queue, at->pool, give_number, &number, &number), 0);
    assert_int_equal(bide_join(task, NULL), 0);
    assert_int_equal(taker.error, 0);
    assert_ptr_equal(taker.tag, &number);
    resolve(promise);
    expect_next(queue, promise, NULL);
    destroy_empty(queue);
    bide_future_release(promise);
}

struct poll {
    bide_completions *queue;
    struct gate gate;
};

static int poll_when_asked(void *arg, bide_value *result)
{
    (void)result;
    struct poll *poll = arg;
    gate_pass(&poll->gate);
    CHECK_EQUAL(bide_completions_next(poll->queue, BIDE_NOW, NULL, NULL), ECANCELED);
    CHECK_EQUAL(bide_completions_next(poll->queue, BIDE_NOW, NULL, NULL), ETIMEDOUT);
    return 0;
}

static void a_poll_that_is_not_ready_delivers_a_request(void **state)
{
    struct fixture *at = *state;
    struct poll poll = {make_queue(), GATE_INIT};
    bide_future *promise = make_promise();
    list(poll.queue, promise, NULL);
    bide_future *task = submit(at->pool, poll_when_asked, &poll);
    gate_await(&poll.gate, 1);
    assert_int_equal(bide_future_cancel(task), 0);
    gate_open(&poll.gate);
    assert_int_equal(bide_join(task, NULL), 0);
    bide_completions_destroy(poll.queue);
    bide_future_release(promise);
}

/* Two wait, one end comes, and one of the two is asked to stop in the same instant: the other still gets it. */
static void an_end_is_not_lost_on_a_cancelled_taker(void **state)
{
    struct fixture *at = *state;
    bide_pool *other = make_pool(1);
    for (int round = 0; round < (int)test_scale(200); round++) {
        bide_completions *queue = make_queue();
        bide_future *first = make_promise(), *last = make_promise();
        struct taker asked = {.queue = queue, .sleeper = SLEEPER_INIT};
        struct taker spared = {.queue = queue, .sleeper = SLEEPER_INIT};
        list(queue, first, first);
        list(queue, last, last);
        bide_future *victim = submit(at->pool, take_one_in_a_task, &asked);
        gate_await(&asked.sleeper.going, 1);
        bide_future *lucky = submit(other, take_one_in_a_task, &spared);
        gate_await(&spared.sleeper.going, 1);
        resolve(first);
        int error = bide_future_cancel(victim);
        assert_true(error == 0 || error == EALREADY);
        assert_int_equal(bide_future_wait(victim, BIDE_FOREVER), 0);
        if (asked.error == 0)
            resolve(last);
        assert_int_equal(bide_join(lucky, NULL), 0);
        assert_int_equal(spared.error, 0);
        assert_true(asked.error == 0 || asked.error == ECANCELED);
        bide_future_release(victim);
        bide_completions_destroy(queue);
        bide_future_release(first);
        bide_future_release(last);
    }
    end_pool(other);
}

/* Adding while taking */

struct traffic {
    bide_completions *queue;
    atomic_uint seen[MANY * TAKERS], taken;
    unsigned adder; /* the next adder's number */
    pthread_mutex_t lock;
};

static void *take_until_empty(void *arg)
{
    struct traffic *traffic = arg;
    bide_future *future;
    void *tag;
    int error;
    while ((error = bide_completions_next(traffic->queue, BIDE_FOREVER, &future, &tag)) == 0) {
        CHECK(bide_future_state(future) == BIDE_DONE);
        bide_future_release(future);
        atomic_fetch_add((atomic_uint *)tag, 1);
        atomic_fetch_add(&traffic->taken, 1);
    }
    CHECK_EQUAL(error, ENOENT);
    return NULL;
}

static void *add_and_resolve(void *arg)
{
    struct traffic *traffic = arg;
    bide_future *promise;
    pthread_mutex_lock(&traffic->lock);
    atomic_uint *seen = &traffic->seen[MANY * traffic->adder++];
    pthread_mutex_unlock(&traffic->lock);
    for (int i = 0; i < MANY && CHECK_EQUAL(bide_promise_create(&promise), 0); i++) {
        if (i % 2)
            CHECK_EQUAL(bide_promise_resolve(promise, bide_u64(1)), 0);
        CHECK_EQUAL(bide_completions_add(traffic->queue, promise, &seen[i]), 0);
        if (i % 2 == 0)
            CHECK_EQUAL(bide_promise_resolve(promise, bide_u64(1)), 0);
        bide_future_release(promise);
    }
    return NULL;
}

/* A pending promise keeps the queue from being empty until the last adder has gone. */
static void many_may_add_and_take_at_once(void **state)
{
    (void)state;
    struct traffic traffic = {.queue = make_queue(), .lock = PTHREAD_MUTEX_INITIALIZER};
    pthread_t takers[TAKERS], adders[TAKERS];
    bide_future *keeper = make_promise();
    atomic_uint kept = 0;
    list(traffic.queue, keeper, &kept);
    for (int i = 0; i < TAKERS; i++) {
        takers[i] = start_thread(take_until_empty, &traffic);
        adders[i] = start_thread(add_and_resolve, &traffic);
    }
    for (int i = 0; i < TAKERS; i++)
        end_thread(adders[i]);
    resolve(keeper);
    for (int i = 0; i < TAKERS; i++)
        end_thread(takers[i]);
    assert_int_equal(atomic_load(&kept), 1);
    assert_int_equal(atomic_load(&traffic.taken), MANY * TAKERS + 1);
    for (int i = 0; i < MANY * TAKERS; i++)
        assert_int_equal(atomic_load(&traffic.seen[i]), 1);
    destroy_empty(traffic.queue);
    bide_future_release(keeper);
}

/* In place */

static int take_children(bide_completions *queue)
{
    bide_future *child;
    int error, taken = 0;
    while ((error = bide_completions_next(queue, BIDE_FOREVER, &child, NULL)) == 0) {
        CHECK_EQUAL(bide_join(child, NULL), 0);
        taken++;
    }
    CHECK_EQUAL(error, ENOENT);
    return taken;
}

/* Three children, and as many generations as its argument says. */
static int breed(void *arg, bide_value *result)
{
    (void)result;
    unsigned left = *(const unsigned *)arg, less = left - 1;
    bide_completions *queue;
    if (left == 0)
        return 0;
    if (!CHECK_EQUAL(bide_completions_create(&queue), 0))
        return EIO;
    for (int i = 0; i < 3; i++)
        CHECK_EQUAL(bide_completions_submit(queue, bide_current_pool(), breed, &less, NULL), 0);
    CHECK_EQUAL(take_children(queue), 3);
    bide_completions_destroy(queue);
    return 0;
}

static void a_task_may_take_its_own_pools_tasks(void **state)
{
    struct fixture *at = *state;
    unsigned generations = 5;
    assert_int_equal(bide_join(submit(at->pool, breed, &generations), NULL), 0);
}

static int take_with_a_deadline(void *arg, bide_value *result)
{
    (void)result;
    bide_completions *queue;
    bide_future *future;
    if (!CHECK_EQUAL(bide_completions_create(&queue), 0))
        return EIO;
    CHECK_EQUAL(bide_completions_submit(queue, bide_current_pool(), give_number, arg, arg), 0);
    CHECK_EQUAL(bide_completions_next(queue, BIDE_NOW, NULL, NULL), ETIMEDOUT);
    CHECK_EQUAL(bide_completions_next(queue, bide_in(0.02), NULL, NULL), ETIMEDOUT);
    CHECK_EQUAL(bide_completions_next(queue, BIDE_FOREVER, &future, NULL), 0);
    CHECK_EQUAL(bide_join(future, NULL), 0);
    bide_completions_destroy(queue);
    return 0;
}

static void a_deadline_runs_nothing_in_place(void **state)
{
    struct fixture *at = *state;
    unsigned number = 1;
    assert_int_equal(bide_join(submit(at->pool, take_with_a_deadline, &number), NULL), 0);
}

struct choice {
    bide_future *done;
    bool ran;
};

static int note_run(void *arg, bide_value *result)
{
    (void)result;
    *(bool *)arg = true;
    return 0;
}

static int take_what_has_ended(void *arg, bide_value *result)
{
    (void)result;
    struct choice *choice = arg;
    bide_completions *queue;
    void *tag = NULL;
    if (!CHECK_EQUAL(bide_completions_create(&queue), 0))
        return EIO;
    CHECK_EQUAL(bide_completions_submit(queue, bide_current_pool(), note_run, &choice->ran, NULL), 0);
    CHECK_EQUAL(bide_completions_add(queue, choice->done, choice), 0);
    CHECK_EQUAL(bide_completions_next(queue, BIDE_FOREVER, NULL, &tag), 0);
    CHECK(tag == choice);
    CHECK(!choice->ran);
    CHECK_EQUAL(bide_completions_next(queue, BIDE_FOREVER, NULL, &tag), 0);
    CHECK(choice->ran);
    bide_completions_destroy(queue);
    return 0;
}

static void nothing_is_run_in_place_while_something_has_ended(void **state)
{
    struct fixture *at = *state;
    struct choice choice = {make_promise(), false};
    resolve(choice.done);
    assert_int_equal(bide_join(submit(at->pool, take_what_has_ended, &choice), NULL), 0);
    bide_future_release(choice.done);
}

struct shaft {
    unsigned depth, refused;
};

static int dig(void *arg, bide_value *result)
{
    (void)result;
    struct shaft *shaft = arg;
    volatile char frame[64 << 10]; /* few levels use the stack up */
    frame[0] = 1;
    unsigned depth = ++shaft->depth;
    bide_completions *queue;
    if (!CHECK_EQUAL(bide_completions_create(&queue), 0))
        return EIO;
    CHECK_EQUAL(bide_completions_submit(queue, bide_current_pool(), dig, shaft, NULL), 0);
    int error = bide_completions_next(queue, BIDE_FOREVER, NULL, NULL);
    if (error == EDEADLK) {
        shaft->refused++;
        CHECK_EQUAL(shaft->depth, depth);
        CHECK_EQUAL(bide_completions_cancel(queue), 0);
        error = bide_completions_next(queue, BIDE_FOREVER, NULL, NULL);
    }
    CHECK_EQUAL(error, 0);
    CHECK_EQUAL(frame[0], 1);
    bide_completions_destroy(queue);
    return 0;
}

static void without_stack_the_unstarted_is_edeadlk(void **state)
{
    (void)state;
    bide_pool *pool =
        make_pool_with(&(bide_pool_options){.workers = 1, .waiting = BIDE_HOLD, .stack_size = 1536 * 1024});
    struct shaft shaft = {0, 0};
    assert_int_equal(bide_join(submit(pool, dig, &shaft), NULL), 0);
    end_pool(pool);
    assert_int_equal(shaft.refused, 1);
    assert_true(shaft.depth >= 4);
}

static void try_to_take(bide_future *future, void *queue)
{
    (void)future;
    CHECK_EQUAL(bide_completions_next(queue, BIDE_FOREVER, NULL, NULL), EDEADLK);
    CHECK_EQUAL(bide_completions_next(queue, bide_in(3600), NULL, NULL), EDEADLK);
}

static void waiting_in_a_callback_is_edeadlk(void **state)
{
    (void)state;
    bide_completions *queue = make_queue();
    bide_future *cause = make_promise(), *pending = make_promise();
    list(queue, pending, NULL);
    assert_int_equal(bide_future_on_done(cause, try_to_take, queue), 0);
    resolve(cause);
    resolve(pending);
    expect_next(queue, pending, NULL);
    destroy_empty(queue);
    bide_future_release(cause);
    bide_future_release(pending);
}

static void add_in_callback(bide_future *future, void *queue)
{
    CHECK_EQUAL(bide_completions_add(queue, future, queue), 0);
    CHECK_EQUAL(bide_completions_next(queue, BIDE_FOREVER, NULL, NULL), 0);
    CHECK_EQUAL(bide_completions_next(queue, BIDE_FOREVER, NULL, NULL), ENOENT);
}

static void adding_and_taking_the_ended_is_legal_in_a_callback(void **state)
{
    (void)state;
    bide_completions *queue = make_queue();
    bide_future *promise = make_promise();
    assert_int_equal(bide_future_on_done(promise, add_in_callback, queue), 0);
    resolve(promise);
    destroy_empty(queue);
    bide_future_release(promise);
}

/* Cancel and destroy */

static void cancel_asks_all_that_are_listed(void **state)
{
    struct fixture *at = *state;
    struct gate gate = GATE_INIT;
    bide_completions *queue = make_queue();
    bide_future *promises[2];
    unsigned number = 1;
    make_promises(promises, 2);
    occupy(at->pool, at->workers, &gate);
    for (int i = 0; i < MANY; i++)
        assert_int_equal(bide_completions_submit(queue, at->pool, give_number, &number, NULL), 0);
    list(queue, promises[0], NULL);
    resolve(promises[1]);
    list(queue, promises[1], NULL);
    assert_int_equal(bide_completions_cancel(queue), 0);
    assert_int_equal(bide_completions_cancel(queue), 0);
    unsigned ends[BIDE_CANCELLED + 1] = {0};
    bide_future *future;
    for (int i = 0; i < MANY + 2; i++) {
        assert_int_equal(bide_completions_next(queue, BIDE_NOW, &future, NULL), 0);
        ends[bide_future_state(future)]++;
        bide_future_release(future);
    }
    destroy_empty(queue);
    assert_int_equal(ends[BIDE_CANCELLED], MANY + 1);
    assert_int_equal(ends[BIDE_DONE], 1);
    vacate(at->pool, &gate);
    release_all(promises, 2);
}

static int sleep_until_asked(void *arg, bide_value *result)
{
    (void)result;
    gate_arrive(arg);
    return bide_sleep(1e9);
}

static void cancel_wakes_what_runs(void **state)
{
    struct fixture *at = *state;
    struct gate started = GATE_INIT;
    bide_completions *queue = make_queue();
    bide_future *future;
    for (unsigned i = 0; i < at->workers; i++)
        assert_int_equal(bide_completions_submit(queue, at->pool, sleep_until_asked, &started, NULL), 0);
    gate_await(&started, at->workers);
    assert_int_equal(bide_completions_next(queue, BIDE_NOW, NULL, NULL), ETIMEDOUT);
    assert_int_equal(bide_completions_cancel(queue), 0);
    for (unsigned i = 0; i < at->workers; i++) {
        assert_int_equal(bide_completions_next(queue, BIDE_FOREVER, &future, NULL), 0);
        assert_int_equal(bide_join(future, NULL), ECANCELED);
    }
    destroy_empty(queue);
}

static void what_is_added_after_a_cancel_is_not_asked(void **state)
{
    (void)state;
    bide_completions *queue = make_queue();
    bide_future *before = make_promise(), *after = make_promise();
    list(queue, before, NULL);
    assert_int_equal(bide_completions_cancel(queue), 0);
    list(queue, after, NULL);
    assert_int_equal(bide_future_state(before), BIDE_CANCELLED);
    assert_int_equal(bide_future_state(after), BIDE_PENDING);
    expect_next(queue, before, NULL);
    resolve(after);
    expect_next(queue, after, NULL);
    destroy_empty(queue);
    bide_future_release(before);
    bide_future_release(after);
}

struct addition {
    bide_completions *queue;
    bide_future *late;
    struct gate gate;
};

/* In the midst of the cancel that has ended its future. */
static void add_late(bide_future *future, void *ctx)
{
    (void)future;
    struct addition *addition = ctx;
    CHECK_EQUAL(bide_completions_add(addition->queue, addition->late, addition), 0);
    gate_pass(&addition->gate);
}

static void *cancel_queue(void *queue)
{
    CHECK_EQUAL(bide_completions_cancel(queue), 0);
    return NULL;
}

static int take_all(void *arg, bide_value *result)
{
    (void)result;
    struct taker *taker = arg;
    int error;
    sleeper_goes(&taker->sleeper);
    while ((error = bide_completions_next(taker->queue, BIDE_FOREVER, NULL, NULL)) == 0)
        ;
    return error;
}

/* The cancel stands between the second and the third, while a task takes the second and looks for more; the first ignores the
 * request, the last comes too late for it. */
static void a_cancel_misses_none_while_another_takes(void **state)
{
    struct fixture *at = *state;
    struct gate ignoring = GATE_INIT;
    bide_pool *other = make_pool(1);
    bide_completions *queue = make_queue();
    bide_future *promises[4], *stubborn = submit(other, stand_at, &ignoring);
    make_promises(promises, 4);
    struct addition addition = {queue, promises[3], GATE_INIT};
    gate_await(&ignoring, 1);
    list(queue, stubborn, NULL);
    for (int i = 0; i < 3; i++)
        list(queue, promises[i], NULL);
    assert_int_equal(bide_future_on_done(promises[0], add_late, &addition), 0);
    pthread_t canceller = start_thread(cancel_queue, queue);
    gate_await(&addition.gate, 1);
    struct taker taker = {.queue = queue, .sleeper = SLEEPER_INIT};
    bide_future *taking = submit(at->pool, take_all, &taker);
    sleeper_await(&taker.sleeper);
    gate_open(&addition.gate);
    end_thread(canceller);
    assert_int_equal(bide_future_state(promises[1]), BIDE_CANCELLED);
    assert_int_equal(bide_future_state(promises[2]), BIDE_CANCELLED);
    assert_int_equal(bide_future_state(promises[3]), BIDE_PENDING);
    resolve(promises[3]);
    vacate(other, &ignoring);
    assert_int_equal(bide_join(taking, NULL), ENOENT);
    destroy_empty(queue);
    bide_future_release(stubborn);
    release_all(promises, 4);
    end_pool(other);
}

static void add_once(bide_future *future, void *ctx)
{
    (void)future;
    struct addition *addition = ctx;
    if (addition->late)
        CHECK_EQUAL(bide_completions_add(addition->queue, addition->late, NULL), 0);
    addition->late = NULL;
}

static void a_cancel_finds_what_a_task_has_waited_for(void **state)
{
    struct fixture *at = *state;
    bide_completions *queue = make_queue();
    bide_future *promises[4];
    make_promises(promises, 4);
    struct addition addition = {.queue = queue, .late = promises[3]};
    struct taker taker = {.queue = queue, .sleeper = SLEEPER_INIT};
    for (int i = 0; i < 3; i++) {
        list(queue, promises[i], NULL);
        assert_int_equal(bide_future_on_done(promises[i], add_once, &addition), 0);
    }
    bide_future *done = make_promise(), *taking = submit(at->pool, take_one_in_a_task, &taker);
    sleeper_await(&taker.sleeper);
    resolve(done);
    list(queue, done, NULL);
    assert_int_equal(bide_join(taking, NULL), 0);
    assert_int_equal(bide_completions_cancel(queue), 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(bide_future_state(promises[i]), BIDE_CANCELLED);
    assert_int_equal(bide_future_state(promises[3]), BIDE_PENDING);
    bide_completions_destroy(queue);
    bide_future_release(done);
    release_all(promises, 4);
}

static void a_cancel_wakes_who_waits(void **state)
{
    (void)state;
    bide_completions *queue = make_queue();
    bide_future *promise = make_promise();
    struct taker taker;
    list(queue, promise, queue);
    pthread_t thread = start_taker(&taker, queue);
    assert_int_equal(bide_completions_cancel(queue), 0);
    end_thread(thread);
    assert_int_equal(taker.error, 0);
    destroy_empty(queue);
    bide_future_release(promise);
}

static void destroying_forgets_and_cancels_nothing(void **state)
{
    struct fixture *at = *state;
    struct gate gate = GATE_INIT;
    bide_completions *queue = make_queue();
    bide_future *promises[2], *standing = submit(at->pool, stand_at, &gate);
    make_promises(promises, 2);
    resolve(promises[0]);
    list(queue, promises[0], NULL);
    list(queue, promises[1], NULL);
    list(queue, promises[1], NULL);
    list(queue, standing, NULL);
    for (int i = 0; i < 10; i++)
        assert_int_equal(bide_completions_submit(queue, at->pool, stand_at, &gate, NULL), 0);
    bide_completions_destroy(queue);
    assert_int_equal(bide_future_state(promises[1]), BIDE_PENDING);
    resolve(promises[1]);
    gate_open(&gate);
    assert_int_equal(bide_join(standing, NULL), 0);
    vacate(at->pool, &gate);
    assert_int_equal(gate_arrived(&gate), 11);
    release_all(promises, 2);
}

static void note_state(bide_future *future, void *state)
{
    *(enum bide_state *)state = bide_future_state(future);
}

/* The queue's reference was the last, and nobody can settle the promise any more. */
static void destroying_may_let_the_last_of_a_promise_go(void **state)
{
    (void)state;
    bide_completions *queue = make_queue();
    bide_future *promise = make_promise();
    enum bide_state seen = BIDE_PENDING;
    assert_int_equal(bide_future_on_done(promise, note_state, &seen), 0);
    list(queue, promise, NULL);
    bide_future_release(promise);
    assert_int_equal(seen, BIDE_PENDING);
    bide_completions_destroy(queue);
    assert_int_equal(seen, BIDE_CANCELLED);
}

static void destroying_meets_the_ends_of_what_is_listed(void **state)
{
    struct fixture *at = *state;
    unsigned number = 1;
    for (int round = 0; round < (int)test_scale(200); round++) {
        bide_completions *queue = make_queue();
        for (int i = 0; i < 8; i++)
            assert_int_equal(bide_completions_submit(queue, at->pool, give_number, &number, NULL), 0);
        for (int i = 0; i < round % 4; i++)
            assert_int_equal(bide_completions_next(queue, BIDE_FOREVER, NULL, NULL), 0);
        bide_completions_destroy(queue);
    }
    assert_int_equal(bide_pool_drain(at->pool, BIDE_FOREVER), 0);
}

static void destroying_null_does_nothing(void **state)
{
    (void)state;
    bide_completions_destroy(NULL);
}

/* Errors */

static void misuse_is_einval(void **state)
{
    struct fixture *at = *state;
    bide_completions *queue = make_queue();
    bide_future *promise = make_promise();
    unsigned number = 1;
    assert_int_equal(bide_completions_create(NULL), EINVAL);
    assert_int_equal(bide_completions_add(NULL, promise, NULL), EINVAL);
    assert_int_equal(bide_completions_add(queue, NULL, NULL), EINVAL);
    assert_int_equal(bide_completions_submit(NULL, at->pool, give_number, &number, NULL), EINVAL);
    assert_int_equal(bide_completions_submit(queue, NULL, give_number, &number, NULL), EINVAL);
    assert_int_equal(bide_completions_submit(queue, at->pool, NULL, &number, NULL), EINVAL);
    assert_int_equal(bide_completions_next(NULL, BIDE_FOREVER, NULL, NULL), EINVAL);
    assert_int_equal(bide_completions_next(NULL, BIDE_NOW, NULL, NULL), EINVAL);
    assert_int_equal(bide_completions_cancel(NULL), EINVAL);
    destroy_empty(queue);
    bide_future_release(promise);
}

static void submitting_to_a_closed_pool_lists_nothing(void **state)
{
    struct fixture *at = *state;
    bide_completions *queue = make_queue();
    unsigned number = 1;
    assert_int_equal(bide_pool_close(at->pool, BIDE_DRAIN, BIDE_FOREVER), 0);
    assert_int_equal(bide_completions_submit(queue, at->pool, give_number, &number, NULL), ESHUTDOWN);
    destroy_empty(queue);
}

static void creating_without_memory_is_enomem(void **state)
{
    (void)state;
    bide_completions *untouched = NULL;
    seams_fail_memory(1);
    assert_int_equal(bide_completions_create(&untouched), ENOMEM);
    assert_true(seams_memory_failed());
    assert_null(untouched);
}

static void adding_without_memory_lists_nothing(void **state)
{
    (void)state;
    bide_completions *queue = make_queue();
    bide_future *promise = make_promise();
    seams_fail_memory(1);
    assert_int_equal(bide_completions_add(queue, promise, NULL), ENOMEM);
    assert_true(seams_memory_failed());
    expect_empty(queue);
    resolve(promise);
    seams_fail_memory(1);
    assert_int_equal(bide_completions_add(queue, promise, NULL), ENOMEM);
    destroy_empty(queue);
    bide_future_release(promise);
}

static void submitting_without_memory_does_neither(void **state)
{
    struct fixture *at = *state;
    struct gate gate = GATE_INIT;
    bide_completions *queue = make_queue();
    bool ran = false;
    int error = ENOMEM;
    size_t nth = 0;
    occupy(at->pool, at->workers, &gate);
    while (error) {
        seams_fail_memory(++nth);
        error = bide_completions_submit(queue, at->pool, note_run, &ran, NULL);
        assert_int_equal(error, seams_memory_failed() ? ENOMEM : 0);
        if (error)
            expect_empty(queue);
    }
    seams_fail_memory(0);
    assert_true(nth > 1);
    assert_int_equal(bide_completions_cancel(queue), 0);
    vacate(at->pool, &gate);
    assert_false(ran);
    assert_int_equal(bide_completions_next(queue, BIDE_NOW, NULL, NULL), 0);
    destroy_empty(queue);
}

/* Memory */

enum { MANY_MORE = 300 }; /* many blocks of entries */

static void take_all_of(bide_completions *queue, size_t n)
{
    for (size_t i = 0; i < n; i++)
        assert_int_equal(bide_completions_next(queue, BIDE_FOREVER, NULL, NULL), 0);
    expect_empty(queue);
}

static void list_all(bide_completions *queue, bide_future *futures[], size_t n)
{
    for (size_t i = 0; i < n; i++)
        list(queue, futures[i], NULL);
}

static void resolve_and_release(bide_future *promises[], size_t n)
{
    for (size_t i = 0; i < n; i++) {
        resolve(promises[i]);
        bide_future_release(promises[i]);
    }
}

static void pass_many_through(bide_completions *queue)
{
    bide_future *promises[MANY_MORE];
    make_promises(promises, MANY_MORE);
    list_all(queue, promises, MANY_MORE);
    resolve_and_release(promises, MANY_MORE);
    take_all_of(queue, MANY_MORE);
}

static void what_outlived_its_pool_can_be_added(void **state)
{
    struct fixture *at = *state;
    unsigned number = 1;
    bide_completions *queue = make_queue();
    bide_future *future = submit(at->pool, give_number, &number);
    fixture_end_pool(at);
    list(queue, future, NULL);
    bide_future_release(future);
    take_all_of(queue, 1);
    bide_completions_destroy(queue);
}

static void what_has_been_taken_leaves_no_memory_behind(void **state)
{
    (void)state;
    bide_completions *queue = make_queue();
    size_t before = seams_memory_live();
    for (int i = 0; i < 5; i++) {
        pass_many_through(queue);
        assert_in_range(seams_memory_live() - before, 0, 1);
    }
    bide_completions_destroy(queue);
}

static void submits_that_fail_leave_no_memory_behind(void **state)
{
    struct fixture *at = *state;
    bide_completions *queue = make_queue();
    unsigned number = 1;
    size_t before = seams_memory_live();
    assert_int_equal(bide_pool_close(at->pool, BIDE_DRAIN, BIDE_FOREVER), 0);
    for (int i = 0; i < MANY_MORE; i++)
        assert_int_equal(bide_completions_submit(queue, at->pool, give_number, &number, NULL), ESHUTDOWN);
    assert_in_range(seams_memory_live() - before, 0, 1);
    pass_many_through(queue);
    assert_in_range(seams_memory_live() - before, 0, 1);
    bide_completions_destroy(queue);
}

/* Each is tried without memory first. */
static void without_memory_what_is_listed_stays(void **state)
{
    (void)state;
    bide_future *promises[MANY_MORE];
    bide_completions *queue = make_queue();
    int failures = 0;
    make_promises(promises, MANY_MORE);
    for (int i = 0; i < MANY_MORE; i++) {
        seams_fail_memory(1);
        int error = bide_completions_add(queue, promises[i], &promises[i]);
        assert_int_equal(error, seams_memory_failed() ? ENOMEM : 0);
        seams_fail_memory(0);
        if (error)
            list(queue, promises[i], &promises[i]);
        failures += error != 0;
    }
    assert_in_range(failures, 2, MANY_MORE / 2);
    for (int i = 0; i < MANY_MORE; i++) {
        resolve(promises[i]);
        expect_next(queue, promises[i], &promises[i]);
    }
    destroy_empty(queue);
    release_all(promises, MANY_MORE);
}

static void stand_in_callback(bide_future *future, void *gate)
{
    (void)future;
    gate_pass(gate);
}

static void *cancel_listed(void *queue)
{
    CHECK_EQUAL(bide_completions_cancel(queue), 0);
    return NULL;
}

/* The cancel stands in the middle of what it walks over; as it does, all of it is taken, and other futures are listed. */
static void a_cancel_walks_on_when_all_has_been_taken(void **state)
{
    (void)state;
    bide_future *promises[MANY_MORE], *later[MANY];
    bide_completions *queue = make_queue();
    struct gate gate = GATE_INIT;
    size_t before = seams_memory_live();
    make_promises(promises, MANY_MORE);
    list_all(queue, promises, MANY_MORE);
    size_t blocks = seams_memory_live() - before - MANY_MORE;
    assert_int_equal(bide_future_on_done(promises[MANY], stand_in_callback, &gate), 0);
    pthread_t canceller = start_thread(cancel_listed, queue);
    gate_await(&gate, 1);
    for (int i = 0; i < MANY_MORE; i++)
        assert_int_equal(bide_promise_resolve(promises[i], bide_u64(1)), i <= MANY ? EALREADY : 0);
    take_all_of(queue, MANY_MORE);
    release_all(promises, MANY_MORE);
    assert_true(seams_memory_live() - before >= blocks);
    make_promises(later, MANY);
    list_all(queue, later, MANY);
    gate_open(&gate);
    end_thread(canceller);
    resolve_and_release(later, MANY);
    take_all_of(queue, MANY);
    assert_in_range(seams_memory_live() - before, 0, 1);
    bide_completions_destroy(queue);
}

/* What has not started */

/* A queue of which a task that keeps its only worker takes. `left` tasks of its pool are listed, among others. */
struct harvest {
    bide_completions *queue;
    unsigned left, number;
    uint64_t seed;
};

static void sow(struct harvest *harvest)
{
    bide_future *promise;
    for (uint64_t n = test_random(&harvest->seed) % 6; n > 0; n--, harvest->left++)
        CHECK_EQUAL(bide_completions_submit(harvest->queue, bide_current_pool(), give_number, &harvest->number, NULL),
                    0);
    if (test_random(&harvest->seed) % 4)
        return;
    CHECK_EQUAL(bide_promise_create(&promise), 0);
    CHECK_EQUAL(bide_completions_add(harvest->queue, promise, promise), 0);
    harvest->left += bide_promise_resolve(promise, bide_u64(harvest->number)) == 0;
    bide_future_release(promise);
}

static void reap(struct harvest *harvest, unsigned n)
{
    bide_future *future;
    bide_value value = bide_u64(0);
    for (; n > 0 && harvest->left > 0; n--, harvest->left--) {
        CHECK_EQUAL(bide_completions_next(harvest->queue, BIDE_FOREVER, &future, NULL), 0);
        CHECK_EQUAL(bide_join(future, &value), 0);
        CHECK_EQUAL(value.u64, harvest->number);
    }
}

static int sow_and_reap(void *arg, bide_value *result)
{
    struct harvest *harvest = arg;
    (void)result;
    for (unsigned long i = test_scale(3000); i > 0; i--) {
        sow(harvest);
        reap(harvest, (unsigned)(test_random(&harvest->seed) % 6));
    }
    reap(harvest, UINT_MAX);
    return 0;
}

/* A promise that is pending all the time keeps the first entry. */
static void a_task_finds_the_unstarted_however_often_others_were_taken(void **state)
{
    struct fixture *at = *state;
    struct harvest harvest = {.queue = make_queue(), .number = 7, .seed = 3};
    bide_future *promise = make_promise();
    list(harvest.queue, promise, NULL);
    assert_int_equal(bide_join(submit(at->pool, sow_and_reap, &harvest), NULL), 0);
    resolve(promise);
    expect_next(harvest.queue, promise, NULL);
    destroy_empty(harvest.queue);
    bide_future_release(promise);
}

struct share {
    bide_completions *queue;
    struct gate gate;
    bide_pool *pool;
};

/* Nobody else can run them. */
static int take_share(void *arg, bide_value *result)
{
    struct share *share = arg;
    (void)result;
    gate_pass(&share->gate);
    for (int i = 0; i < MANY; i++)
        CHECK_EQUAL(bide_completions_next(share->queue, BIDE_FOREVER, NULL, NULL), 0);
    return 0;
}

static void each_pools_task_finds_its_own_among_those_of_others(void **state)
{
    (void)state;
    bide_completions *queue = make_queue();
    struct share shares[2];
    bide_future *takers[2];
    unsigned number = 1;
    for (int i = 0; i < 2; i++) {
        bide_pool *pool = make_pool_with(&(bide_pool_options){.workers = 1, .waiting = BIDE_HOLD});
        shares[i] = (struct share){queue, GATE_INIT, pool};
        takers[i] = submit(pool, take_share, &shares[i]);
    }
    for (int i = 0; i < 2 * MANY; i++)
        assert_int_equal(bide_completions_submit(queue, shares[i % 2].pool, give_number, &number, NULL), 0);
    for (int i = 2; i-- > 0;) {
        gate_open(&shares[i].gate);
        assert_int_equal(bide_join(takers[i], NULL), 0);
    }
    destroy_empty(queue);
    for (int i = 0; i < 2; i++)
        end_pool(shares[i].pool);
}

struct inheritance {
    bide_completions *queue;
    bide_future *running, *done;
};

static void use_inherited_queue(void *arg)
{
    const struct inheritance *from_parent = arg;
    bide_future *taken;
    CHECK_EQUAL(bide_completions_next(from_parent->queue, BIDE_FOREVER, &taken, NULL), 0);
    CHECK(taken == from_parent->done);
    bide_future_release(taken);
    CHECK_EQUAL(bide_completions_next(from_parent->queue, BIDE_FOREVER, NULL, NULL), ESHUTDOWN);
    CHECK_EQUAL(bide_completions_next(from_parent->queue, BIDE_NOW, NULL, NULL), ESHUTDOWN);
    bide_completions_destroy(from_parent->queue);
}

static void use_own_queue(void *arg)
{
    const struct inheritance *from_parent = arg;
    bide_completions *queue;
    CHECK_EQUAL(bide_completions_create(&queue), 0);
    CHECK_EQUAL(bide_completions_add(queue, from_parent->running, NULL), ESHUTDOWN);
    CHECK_EQUAL(bide_completions_next(queue, BIDE_FOREVER, NULL, NULL), ENOENT);
    CHECK_EQUAL(bide_completions_add(queue, from_parent->done, NULL), 0);
    CHECK_EQUAL(bide_completions_next(queue, BIDE_FOREVER, NULL, NULL), 0);
    bide_completions_destroy(queue);
}

static void a_child_process_gets_only_what_had_ended(void **state)
{
    struct fixture *at = *state;
    struct gate gate = GATE_INIT;
    struct inheritance inheritance = {make_queue(), submit(at->pool, stand_at, &gate), make_promise()};
    occupy(at->pool, at->workers - 1, &gate);
    gate_await(&gate, at->workers);
    resolve(inheritance.done);
    list(inheritance.queue, inheritance.running, NULL);
    list(inheritance.queue, inheritance.done, NULL);
    check_in_child_process(use_inherited_queue, &inheritance);
    check_in_child_process(use_own_queue, &inheritance);
    expect_next(inheritance.queue, inheritance.done, NULL);
    vacate(at->pool, &gate);
    expect_next(inheritance.queue, inheritance.running, NULL);
    destroy_empty(inheritance.queue);
    bide_future_release(inheritance.running);
    bide_future_release(inheritance.done);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ALONE(an_empty_queue_is_enoent),
        ALONE(futures_come_in_the_order_of_their_ends),
        ALONE(any_end_counts),
        ALONE(what_has_ended_comes_first),
        ALONE(what_is_added_twice_comes_twice),
        ALONE(two_queues_may_list_the_same),
        ON_POOLS(pools_and_promises_mix),
        ALONE(the_queue_has_a_reference_of_its_own),
        ALONE(out_parameters_may_be_null),
        ON_POOLS(submitted_tasks_are_listed),
        ON_ONE_WORKER(on_one_worker_the_order_is_that_of_submission),
        ALONE(nothing_in_time_is_etimedout),
        ALONE(when_another_takes_the_last_it_is_enoent),
        ALONE(a_poll_that_takes_the_last_tells_who_waits),
        ALONE(adding_what_has_ended_wakes_who_waits),
        ON_POOLS(a_sleeping_task_is_handed_the_next),
        ON_POOLS(a_sleeping_task_runs_what_is_added_in_place),
        ON_POOLS(a_poll_that_is_not_ready_delivers_a_request),
        ON_POOLS(an_end_is_not_lost_on_a_cancelled_taker),
        ALONE(many_may_add_and_take_at_once),
        ON_POOLS(a_task_may_take_its_own_pools_tasks),
        ON_ONE_HOLDING_WORKER(a_deadline_runs_nothing_in_place),
        ON_ONE_HOLDING_WORKER(nothing_is_run_in_place_while_something_has_ended),
        ALONE(without_stack_the_unstarted_is_edeadlk),
        ALONE(waiting_in_a_callback_is_edeadlk),
        ALONE(adding_and_taking_the_ended_is_legal_in_a_callback),
        ON_POOLS(cancel_asks_all_that_are_listed),
        ON_POOLS(cancel_wakes_what_runs),
        ALONE(what_is_added_after_a_cancel_is_not_asked),
        ON_POOLS(a_cancel_misses_none_while_another_takes),
        ON_POOLS(a_cancel_finds_what_a_task_has_waited_for),
        ALONE(a_cancel_wakes_who_waits),
        ON_POOLS(destroying_forgets_and_cancels_nothing),
        ALONE(destroying_may_let_the_last_of_a_promise_go),
        ON_POOLS(destroying_meets_the_ends_of_what_is_listed),
        ALONE(destroying_null_does_nothing),
        ON_POOLS(misuse_is_einval),
        ON_POOLS(submitting_to_a_closed_pool_lists_nothing),
        ON_POOLS(what_outlived_its_pool_can_be_added),
        ALONE(what_has_been_taken_leaves_no_memory_behind),
        ON_ONE_WORKER(submits_that_fail_leave_no_memory_behind),
        ALONE(without_memory_what_is_listed_stays),
        ALONE(a_cancel_walks_on_when_all_has_been_taken),
        ON_ONE_HOLDING_WORKER(a_task_finds_the_unstarted_however_often_others_were_taken),
        ALONE(each_pools_task_finds_its_own_among_those_of_others),
        ON_POOLS(a_child_process_gets_only_what_had_ended),
        ALONE(creating_without_memory_is_enomem),
        ALONE(adding_without_memory_lists_nothing),
        ON_POOLS(submitting_without_memory_does_neither),
    };
    return cmocka_run_group_tests(tests, fixture_begin, NULL);
}
