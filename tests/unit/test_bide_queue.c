/* bide_queue; the queue of a pool is in test_queue.c. */
#include "support/asleep.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum { MANY = 8 };

/* One that makes one call of a queue: a task or a thread. */
struct user {
    bide_queue *queue;
    int (*call)(struct user *user);
    bide_value item; /* to put; what it got */
    bide_time deadline;
    struct sleeper sleeper;
    int error, next; /* of the call, and of a yield after it */
    bide_future *task;
    pthread_t thread;
};

static int put(struct user *user)
{
    return bide_queue_put(user->queue, user->item, user->deadline);
}

static int get(struct user *user)
{
    return bide_queue_get(user->queue, &user->item, user->deadline);
}

static int join(struct user *user)
{
    return bide_queue_join(user->queue, user->deadline);
}

static void *use(void *arg)
{
    struct user *user = arg;
    sleeper_goes(&user->sleeper);
    user->error = user->call(user);
    user->next = bide_yield();
    return NULL;
}

static int use_in_task(void *arg, bide_value *result)
{
    (void)result;
    use(arg);
    return 0;
}

/* Start it, in a task of that pool or, without one, in a thread, and return when it waits in its call. A task keeps a worker
 * of a pool that holds, and its thread rests only if no other runs there: no more of them than workers. */
static void start(struct user *user, bide_pool *pool)
{
    if (pool)
        user->task = submit(pool, use_in_task, user);
    else
        user->thread = start_thread(use, user);
    sleeper_await(&user->sleeper);
}

static struct user user_of(bide_queue *queue, int (*call)(struct user *user), int64_t item)
{
    return (struct user){.queue = queue, .call = call, .item = bide_i64(item), .deadline = BIDE_FOREVER};
}

static void end(struct user *user)
{
    if (user->task)
        assert_int_equal(bide_join(user->task, NULL), 0);
    else
        end_thread(user->thread);
}

static void ends_with(struct user *user, int error)
{
    end(user);
    assert_int_equal(user->error, error);
}

/* Of several: every other one is a task while there are workers. */
static bide_pool *place_of(const struct fixture *at, unsigned i)
{
    return i % 2 && i / 2 < at->workers ? at->pool : NULL;
}

static bide_queue queue_of(size_t capacity, void (*drop)(bide_value item))
{
    bide_queue queue;
    memset(&queue, 0xa5, sizeof queue); /* what was there does not matter */
    assert_int_equal(bide_queue_init(&queue, capacity, drop), 0);
    return queue;
}

static void put_now(bide_queue *queue, int64_t item)
{
    assert_int_equal(bide_queue_put(queue, bide_i64(item), BIDE_NOW), 0);
}

static void gets_now(bide_queue *queue, int64_t expected)
{
    bide_value item;
    assert_int_equal(bide_queue_get(queue, &item, BIDE_NOW), 0);
    assert_int_equal(item.i64, expected);
}

/* Open and empty. */
static void is_empty(bide_queue *queue)
{
    bide_value item = bide_i64(-7);
    assert_int_equal(bide_queue_try_get(queue, &item), EAGAIN);
    assert_int_equal(bide_queue_get(queue, &item, BIDE_NOW), ETIMEDOUT);
    assert_int_equal(item.i64, -7);
}

static void is_full(bide_queue *queue)
{
    assert_int_equal(bide_queue_try_put(queue, bide_i64(-7)), EAGAIN);
    assert_int_equal(bide_queue_put(queue, bide_i64(-7), BIDE_NOW), ETIMEDOUT);
}

static void fill(bide_queue *queue, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        put_now(queue, i);
    is_full(queue);
}

static void refuses_null_and_no_capacity(void **state)
{
    (void)state;
    bide_value item = bide_i64(0);
    bide_queue queue;
    assert_int_equal(bide_queue_init(NULL, 1, NULL), EINVAL);
    assert_int_equal(bide_queue_init(&queue, 0, NULL), EINVAL);
    assert_int_equal(bide_queue_put(NULL, item, BIDE_NOW), EINVAL);
    assert_int_equal(bide_queue_try_put(NULL, item), EINVAL);
    assert_int_equal(bide_queue_get(NULL, &item, BIDE_NOW), EINVAL);
    assert_int_equal(bide_queue_try_get(NULL, &item), EINVAL);
    assert_int_equal(bide_queue_close(NULL), EINVAL);
    assert_int_equal(bide_queue_close_now(NULL), EINVAL);
    assert_int_equal(bide_queue_task_done(NULL), EINVAL);
    assert_int_equal(bide_queue_join(NULL, BIDE_NOW), EINVAL);
    bide_queue_destroy(NULL);
    queue = queue_of(1, NULL);
    put_now(&queue, 1);
    assert_int_equal(bide_queue_get(&queue, NULL, BIDE_NOW), EINVAL);
    assert_int_equal(bide_queue_try_get(&queue, NULL), EINVAL);
    gets_now(&queue, 1);
    bide_queue_destroy(&queue);
}

static void without_memory_there_is_none(void **state)
{
    (void)state;
    bide_queue queue;
    seams_fail_memory(1);
    assert_int_equal(bide_queue_init(&queue, 1, NULL), ENOMEM);
    assert_int_equal(bide_queue_init(&queue, SIZE_MAX, NULL), ENOMEM);
    assert_int_equal(bide_queue_init(&queue, SIZE_MAX / 8 + 2, NULL), ENOMEM);
}

static void takes_memory_only_when_made(void **state)
{
    (void)state;
    bide_queue queue = queue_of(MANY, NULL);
    size_t live = seams_memory_live();
    seams_fail_memory(1);
    fill(&queue, MANY);
    for (int64_t i = 0; i < MANY; i++)
        gets_now(&queue, i);
    assert_int_equal(bide_queue_close(&queue), 0);
    assert_false(seams_memory_failed());
    assert_int_equal(seams_memory_live(), live);
    seams_fail_memory(0);
    bide_queue_destroy(&queue);
    assert_int_equal(seams_memory_live(), live - 1);
}

static void gives_first_what_was_put_first(void **state)
{
    (void)state;
    for (size_t capacity = 1; capacity <= 5; capacity++) {
        bide_queue queue = queue_of(capacity, NULL);
        int64_t put = 0, got = 0;
        uint64_t seed = capacity;
        while (got < 200) {
            for (uint64_t n = test_random(&seed) % (capacity + 1); n && put - got < (int64_t)capacity; n--)
                put_now(&queue, put++);
            if (put - got == (int64_t)capacity)
                is_full(&queue);
            for (uint64_t n = test_random(&seed) % (capacity + 1); n && got < put; n--)
                gets_now(&queue, got++);
            if (put == got)
                is_empty(&queue);
        }
        bide_queue_destroy(&queue);
    }
}

static void is_late_never_early(void **state)
{
    (void)state;
    bide_queue queue = queue_of(1, NULL);
    bide_value item;
    bide_time deadline = bide_in(0.01);
    assert_int_equal(bide_queue_get(&queue, &item, deadline), ETIMEDOUT);
    assert_true(bide_clock() >= deadline);
    put_now(&queue, 1);
    deadline = bide_in(0.01);
    assert_int_equal(bide_queue_put(&queue, bide_i64(2), deadline), ETIMEDOUT);
    assert_true(bide_clock() >= deadline);
    deadline = bide_in(0.01);
    assert_int_equal(bide_queue_join(&queue, deadline), ETIMEDOUT);
    assert_true(bide_clock() >= deadline);
    gets_now(&queue, 1);
    is_empty(&queue);
    put_now(&queue, 3);
    gets_now(&queue, 3);
    bide_queue_destroy(&queue);
}

/* Who comes is told at once that there is nothing, though the getter cannot have run yet. */
static void hands_an_item_to_who_has_waited_longest(void **state)
{
    struct fixture *at = *state;
    bide_queue queue = queue_of(2, NULL);
    struct user users[MANY];
    for (unsigned i = 0; i < MANY; i++) {
        users[i] = user_of(&queue, get, -1);
        users[i].deadline = i % 3 ? BIDE_FOREVER : bide_in(1e6);
        start(&users[i], place_of(at, i));
    }
    for (int64_t i = 0; i < MANY; i++) {
        put_now(&queue, i);
        is_empty(&queue);
    }
    for (unsigned i = 0; i < MANY; i++) {
        ends_with(&users[i], 0);
        assert_int_equal(users[i].item.i64, i);
    }
    bide_queue_destroy(&queue);
}

/* Who comes finds no room, though the putter cannot have run yet; and its item is behind those that were there. */
static void hands_room_to_who_has_waited_longest(void **state)
{
    struct fixture *at = *state;
    bide_queue queue = queue_of(2, NULL);
    struct user users[MANY];
    fill(&queue, 2);
    for (unsigned i = 0; i < MANY; i++) {
        users[i] = user_of(&queue, put, 2 + i);
        users[i].deadline = i % 3 ? BIDE_FOREVER : bide_in(1e6);
        start(&users[i], place_of(at, i));
    }
    for (int64_t i = 0; i < MANY; i++) {
        gets_now(&queue, i);
        is_full(&queue);
        ends_with(&users[i], 0);
    }
    gets_now(&queue, MANY);
    gets_now(&queue, MANY + 1);
    is_empty(&queue);
    bide_queue_destroy(&queue);
}

static void goes_between_a_task_and_a_thread(void **state)
{
    struct fixture *at = *state;
    bide_queue queue = queue_of(1, NULL);
    for (int i = 0; i < 20; i++) {
        struct user getter = user_of(&queue, get, -1);
        start(&getter, i % 2 ? at->pool : NULL);
        struct user putter = user_of(&queue, put, i);
        if (i % 2)
            use(&putter);
        else
            assert_int_equal(bide_join(submit(at->pool, use_in_task, &putter), NULL), 0);
        assert_int_equal(putter.error, 0);
        ends_with(&getter, 0);
        assert_int_equal(getter.item.i64, i);
    }
    bide_queue_destroy(&queue);
}

/* Told once, and the queue is as if it had never come. */
static void a_request_ends_a_wait_for_an_item(void **state)
{
    struct fixture *at = *state;
    bide_queue queue = queue_of(1, NULL);
    struct user first = user_of(&queue, get, -1), second = user_of(&queue, get, -1);
    start(&first, at->pool);
    start(&second, NULL);
    assert_int_equal(bide_future_cancel(first.task), 0);
    ends_with(&first, ECANCELED);
    assert_int_equal(first.next, 0);
    assert_int_equal(first.item.i64, -1);
    put_now(&queue, 1);
    ends_with(&second, 0);
    assert_int_equal(second.item.i64, 1);
    put_now(&queue, 2);
    gets_now(&queue, 2);
    bide_queue_destroy(&queue);
}

static void a_request_ends_a_wait_for_room(void **state)
{
    struct fixture *at = *state;
    bide_queue queue = queue_of(1, NULL);
    struct user first = user_of(&queue, put, 1), second = user_of(&queue, put, 2);
    fill(&queue, 1);
    start(&first, at->pool);
    start(&second, NULL);
    assert_int_equal(bide_future_cancel(first.task), 0);
    ends_with(&first, ECANCELED);
    assert_int_equal(first.next, 0);
    gets_now(&queue, 0);
    ends_with(&second, 0);
    gets_now(&queue, 2);
    is_empty(&queue);
    bide_queue_destroy(&queue);
}

static void a_request_ends_a_join(void **state)
{
    struct fixture *at = *state;
    bide_queue queue = queue_of(1, NULL);
    struct user joiner = user_of(&queue, join, 0);
    put_now(&queue, 0);
    start(&joiner, at->pool);
    assert_int_equal(bide_future_cancel(joiner.task), 0);
    ends_with(&joiner, ECANCELED);
    assert_int_equal(joiner.next, 0);
    assert_int_equal(bide_queue_task_done(&queue), 0);
    bide_queue_destroy(&queue);
}

struct asked {
    struct user user;
    struct gate gate;
};

static int use_when_asked_to_stop(void *arg, bide_value *result)
{
    struct asked *asked = arg;
    gate_pass(&asked->gate);
    return use_in_task(&asked->user, result);
}

/* In a task that has been asked to stop. */
static void used_when_asked_to_stop(bide_pool *pool, struct user *user, int error, int next)
{
    struct asked asked = {*user, GATE_INIT};
    bide_future *task = submit(pool, use_when_asked_to_stop, &asked);
    gate_await(&asked.gate, 1);
    assert_int_equal(bide_future_cancel(task), 0);
    gate_open(&asked.gate);
    bide_join(task, NULL);
    assert_int_equal(asked.user.error, error);
    assert_int_equal(asked.user.next, next);
}

static void delivers_a_request_made_before(void **state)
{
    struct fixture *at = *state;
    static const bide_time deadlines[] = {BIDE_FOREVER, BIDE_FOREVER - 1, BIDE_NOW};
    for (int i = 0; i < 3; i++) {
        bide_queue queue = queue_of(1, NULL);
        struct user putter = user_of(&queue, put, 1), getter = user_of(&queue, get, 0),
                    joiner = user_of(&queue, join, 0);
        putter.deadline = getter.deadline = joiner.deadline = deadlines[i];
        used_when_asked_to_stop(at->pool, &getter, ECANCELED, 0);
        fill(&queue, 1);
        used_when_asked_to_stop(at->pool, &putter, ECANCELED, 0);
        used_when_asked_to_stop(at->pool, &joiner, ECANCELED, 0);
        gets_now(&queue, 0);
        is_empty(&queue);
        bide_queue_destroy(&queue);
    }
}

static int try_put(struct user *user)
{
    return bide_queue_try_put(user->queue, user->item);
}

static int try_get(struct user *user)
{
    return bide_queue_try_get(user->queue, &user->item);
}

static void keeps_a_request_where_it_need_not_wait(void **state)
{
    struct fixture *at = *state;
    bide_queue queue = queue_of(1, NULL);
    struct user putter = user_of(&queue, put, 1), getter = user_of(&queue, get, 0), joiner = user_of(&queue, join, 0);
    struct user trying_putter = user_of(&queue, try_put, 1), trying_getter = user_of(&queue, try_get, 0);
    used_when_asked_to_stop(at->pool, &joiner, 0, ECANCELED);
    used_when_asked_to_stop(at->pool, &trying_getter, EAGAIN, ECANCELED);
    used_when_asked_to_stop(at->pool, &putter, 0, ECANCELED);
    used_when_asked_to_stop(at->pool, &trying_putter, EAGAIN, ECANCELED);
    used_when_asked_to_stop(at->pool, &getter, 0, ECANCELED);
    bide_queue_destroy(&queue);
}

/* The first gives up in the instant in which it is served: asked to stop before or after that, or late. */
static void give_up(struct user *first, int how, void (*serve)(bide_queue *queue))
{
    if (how == 0)
        assert_int_equal(bide_future_cancel(first->task), 0);
    serve(first->queue);
    if (how == 1)
        bide_future_cancel(first->task);
    end(first);
    assert_true(first->error == 0 || first->error == (how == 2 ? ETIMEDOUT : ECANCELED));
}

static void start_to_give_up(struct user *first, int how, int round, struct fixture *at)
{
    if (how == 2)
        first->deadline = bide_in(0.0002 + round * 1e-6);
    start(first, at->pool);
}

static void put_two(bide_queue *queue)
{
    put_now(queue, 2);
}

static void get_zero(bide_queue *queue)
{
    gets_now(queue, 0);
}

static void loses_no_item_to_who_gives_up(void **state)
{
    struct fixture *at = *state;
    for (int i = 0; i < 60; i++) {
        bide_queue queue = queue_of(1, NULL);
        struct user first = user_of(&queue, get, -1), second = user_of(&queue, get, -1);
        start_to_give_up(&first, i % 3, i, at);
        start(&second, NULL);
        give_up(&first, i % 3, put_two);
        assert_int_equal(first.item.i64, first.error ? -1 : 2);
        if (!first.error)
            put_now(&queue, 2);
        ends_with(&second, 0);
        assert_int_equal(second.item.i64, 2);
        is_empty(&queue);
        bide_queue_destroy(&queue);
    }
}

static void loses_no_room_to_who_gives_up(void **state)
{
    struct fixture *at = *state;
    for (int i = 0; i < 60; i++) {
        bide_queue queue = queue_of(1, NULL);
        struct user first = user_of(&queue, put, 1), second = user_of(&queue, put, 2);
        fill(&queue, 1);
        start_to_give_up(&first, i % 3, i, at);
        start(&second, NULL);
        give_up(&first, i % 3, get_zero);
        if (!first.error)
            gets_now(&queue, 1);
        ends_with(&second, 0);
        gets_now(&queue, 2);
        is_empty(&queue);
        bide_queue_destroy(&queue);
    }
}

static void is_shut(bide_queue *queue)
{
    bide_value item = bide_i64(-7);
    assert_int_equal(bide_queue_put(queue, item, BIDE_FOREVER), ESHUTDOWN);
    assert_int_equal(bide_queue_try_put(queue, item), ESHUTDOWN);
}

static void has_nothing_left(bide_queue *queue)
{
    bide_value item = bide_i64(-7);
    is_shut(queue);
    assert_int_equal(bide_queue_get(queue, &item, BIDE_FOREVER), ESHUTDOWN);
    assert_int_equal(bide_queue_try_get(queue, &item), ESHUTDOWN);
    assert_int_equal(item.i64, -7);
}

static void closed_it_gives_what_is_left(void **state)
{
    (void)state;
    bide_queue queue = queue_of(2, NULL);
    fill(&queue, 2);
    assert_int_equal(bide_queue_close(&queue), 0);
    is_shut(&queue);
    gets_now(&queue, 0);
    assert_int_equal(bide_queue_close(&queue), 0);
    is_shut(&queue);
    gets_now(&queue, 1);
    has_nothing_left(&queue);
    bide_queue_destroy(&queue);
}

static void closing_tells_all_that_wait(int (*close)(bide_queue *queue), int (*call)(struct user *user),
                                        struct fixture *at)
{
    bide_queue queue = queue_of(1, NULL);
    struct user users[MANY];
    if (call == put)
        fill(&queue, 1);
    for (unsigned i = 0; i < MANY; i++) {
        users[i] = user_of(&queue, call, 1 + i);
        start(&users[i], place_of(at, i));
    }
    assert_int_equal(close(&queue), 0);
    for (unsigned i = 0; i < MANY; i++) {
        ends_with(&users[i], ESHUTDOWN);
        assert_int_equal(users[i].item.i64, 1 + i);
    }
    if (call == put && close == bide_queue_close)
        gets_now(&queue, 0);
    has_nothing_left(&queue);
    bide_queue_destroy(&queue);
}

static void closing_tells_all_that_wait_for_an_item(void **state)
{
    closing_tells_all_that_wait(bide_queue_close, get, *state);
    closing_tells_all_that_wait(bide_queue_close_now, get, *state);
}

static void closing_tells_all_that_wait_for_room(void **state)
{
    closing_tells_all_that_wait(bide_queue_close, put, *state);
    closing_tells_all_that_wait(bide_queue_close_now, put, *state);
}

static int64_t dropped[MANY];
static size_t drops;

static void note_drop(bide_value item)
{
    dropped[drops++ % MANY] = item.i64;
}

static void drops_just(int64_t first, size_t n)
{
    assert_int_equal(drops, n);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(dropped[i], first + (int64_t)i);
}

static void closed_now_it_drops_what_is_left(void **state)
{
    (void)state;
    drops = 0;
    bide_queue queue = queue_of(3, note_drop);
    fill(&queue, 3);
    gets_now(&queue, 0);
    put_now(&queue, 3);
    assert_int_equal(bide_queue_close_now(&queue), 0);
    drops_just(1, 3);
    has_nothing_left(&queue);
    assert_int_equal(bide_queue_close_now(&queue), 0);
    bide_queue_destroy(&queue);
    drops_just(1, 3);
}

static void closed_before_it_drops_what_is_left_now(void **state)
{
    (void)state;
    drops = 0;
    bide_queue queue = queue_of(2, note_drop);
    fill(&queue, 2);
    assert_int_equal(bide_queue_close(&queue), 0);
    drops_just(0, 0);
    assert_int_equal(bide_queue_close_now(&queue), 0);
    drops_just(0, 2);
    has_nothing_left(&queue);
    bide_queue_destroy(&queue);
}

static void destroyed_it_drops_what_is_left(void **state)
{
    (void)state;
    drops = 0;
    bide_queue queue = queue_of(3, note_drop);
    fill(&queue, 3);
    gets_now(&queue, 0);
    bide_queue_destroy(&queue);
    drops_just(1, 2);
}

static bide_queue *asked_in_drop;

static void ask_in_drop(bide_value item)
{
    note_drop(item);
    is_shut(asked_in_drop);
    assert_int_equal(bide_queue_join(asked_in_drop, BIDE_NOW), ETIMEDOUT);
}

static void drops_outside_its_locks_and_before_it_is_done(void **state)
{
    (void)state;
    drops = 0;
    bide_queue queue = queue_of(2, ask_in_drop);
    asked_in_drop = &queue;
    fill(&queue, 2);
    assert_int_equal(bide_queue_close_now(&queue), 0);
    drops_just(0, 2);
    assert_int_equal(bide_queue_join(&queue, BIDE_NOW), 0);
    bide_queue_destroy(&queue);
}

static void closing_now_tells_who_joins(void **state)
{
    struct fixture *at = *state;
    bide_queue queue = queue_of(2, NULL);
    struct user joiner = user_of(&queue, join, 0);
    fill(&queue, 2);
    gets_now(&queue, 0);
    start(&joiner, at->pool);
    assert_int_equal(bide_queue_close_now(&queue), 0);
    assert_int_equal(bide_queue_join(&queue, BIDE_NOW), ETIMEDOUT);
    assert_int_equal(bide_queue_task_done(&queue), 0);
    ends_with(&joiner, 0);
    bide_queue_destroy(&queue);
}

static void no_more_is_done_than_was_put(void **state)
{
    (void)state;
    bide_queue queue = queue_of(2, NULL);
    assert_int_equal(bide_queue_task_done(&queue), EINVAL);
    assert_int_equal(bide_queue_join(&queue, BIDE_FOREVER), 0);
    for (int round = 0; round < 2; round++) {
        fill(&queue, 2);
        gets_now(&queue, 0);
        assert_int_equal(bide_queue_task_done(&queue), 0);
        gets_now(&queue, 1);
        assert_int_equal(bide_queue_join(&queue, BIDE_NOW), ETIMEDOUT);
        assert_int_equal(bide_queue_task_done(&queue), 0);
        assert_int_equal(bide_queue_join(&queue, BIDE_NOW), 0);
        assert_int_equal(bide_queue_task_done(&queue), EINVAL);
        assert_int_equal(bide_queue_join(&queue, BIDE_NOW), 0);
    }
    bide_queue_destroy(&queue);
}

/* One in the ring, one handed over by a putter that waited, one handed to a getter that did. */
static void every_way_in_counts_as_put(void **state)
{
    struct fixture *at = *state;
    bide_queue queue = queue_of(1, NULL);
    struct user putter = user_of(&queue, put, 1), getter = user_of(&queue, get, -1);
    put_now(&queue, 0);
    start(&putter, at->pool);
    gets_now(&queue, 0);
    ends_with(&putter, 0);
    gets_now(&queue, 1);
    start(&getter, at->pool);
    put_now(&queue, 2);
    ends_with(&getter, 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(bide_queue_join(&queue, BIDE_NOW), ETIMEDOUT);
        assert_int_equal(bide_queue_task_done(&queue), 0);
    }
    assert_int_equal(bide_queue_task_done(&queue), EINVAL);
    bide_queue_destroy(&queue);
}

static void all_that_join_are_told_when_the_last_is_done(void **state)
{
    struct fixture *at = *state;
    bide_queue queue = queue_of(2, NULL);
    struct user users[MANY];
    fill(&queue, 2);
    gets_now(&queue, 0);
    gets_now(&queue, 1);
    for (unsigned i = 0; i < MANY; i++) {
        users[i] = user_of(&queue, join, 0);
        users[i].error = -1;
        start(&users[i], place_of(at, i));
    }
    assert_int_equal(bide_queue_task_done(&queue), 0);
    for (unsigned i = 0; i < MANY; i++)
        assert_int_equal(users[i].error, -1);
    assert_int_equal(bide_queue_task_done(&queue), 0);
    put_now(&queue, 2); /* as if it were before any of them has run */
    for (unsigned i = 0; i < MANY; i++)
        ends_with(&users[i], 0);
    bide_queue_destroy(&queue);
}

static void use_in_child(void *queue)
{
    bide_value item = bide_i64(-1);
    CHECK_EQUAL(bide_queue_put(queue, item, BIDE_NOW), ETIMEDOUT);
    for (int64_t i = 0; i < 2; i++) {
        CHECK_EQUAL(bide_queue_get(queue, &item, BIDE_FOREVER), 0);
        CHECK_EQUAL(item.i64, i);
    }
    bide_queue_destroy(queue);
}

static void is_a_copy_in_a_child_process(void **state)
{
    (void)state;
    bide_queue queue = queue_of(2, NULL);
    fill(&queue, 2);
    check_in_child_process(use_in_child, &queue);
    is_full(&queue);
    gets_now(&queue, 0);
    bide_queue_destroy(&queue);
}

static void use_in_callback(bide_future *future, void *arg)
{
    bide_queue *queue = arg;
    bide_value item;
    (void)future;
    CHECK_EQUAL(bide_queue_get(queue, &item, BIDE_FOREVER), EDEADLK);
    CHECK_EQUAL(bide_queue_get(queue, &item, bide_in(1e6)), EDEADLK);
    CHECK_EQUAL(bide_queue_get(queue, &item, BIDE_NOW), ETIMEDOUT);
    CHECK_EQUAL(bide_queue_join(queue, BIDE_FOREVER), 0);
    CHECK_EQUAL(bide_queue_put(queue, bide_i64(5), BIDE_FOREVER), 0);
    CHECK_EQUAL(bide_queue_put(queue, bide_i64(6), BIDE_FOREVER), EDEADLK);
    CHECK_EQUAL(bide_queue_put(queue, bide_i64(6), BIDE_NOW), ETIMEDOUT);
    CHECK_EQUAL(bide_queue_join(queue, BIDE_FOREVER), EDEADLK);
    CHECK_EQUAL(bide_queue_get(queue, &item, BIDE_FOREVER), 0);
    CHECK_EQUAL(item.i64, 5);
    CHECK_EQUAL(bide_queue_task_done(queue), 0);
}

static int settle(void *promise, bide_value *result)
{
    (void)result;
    return bide_promise_resolve(promise, bide_u64(0));
}

static void waits_in_no_callback(void **state)
{
    struct fixture *at = *state;
    bide_queue queue = queue_of(1, NULL);
    bide_future *promise = make_promise();
    assert_int_equal(bide_future_on_done(promise, use_in_callback, &queue), 0);
    assert_int_equal(bide_join(submit(at->pool, settle, promise), NULL), 0);
    assert_int_equal(bide_future_on_done(promise, use_in_callback, &queue), 0);
    bide_future_release(promise);
    bide_queue_destroy(&queue);
}

static void *put_into_what_may_go(void *queue)
{
    CHECK_EQUAL(bide_queue_put(queue, bide_i64(1), BIDE_FOREVER), 0);
    return NULL;
}

static void who_gets_the_last_may_destroy_it(void **state)
{
    struct fixture *at = *state;
    for (int i = 0; i < 50; i++) {
        bide_queue *queue = malloc(sizeof *queue);
        *queue = queue_of(1, NULL);
        struct user getter = user_of(queue, get, -1);
        start(&getter, i % 2 ? at->pool : NULL);
        pthread_t putter = start_thread(put_into_what_may_go, queue);
        ends_with(&getter, 0);
        bide_queue_destroy(queue);
        memset(queue, 0x5a, sizeof *queue);
        free(queue);
        end_thread(putter);
    }
}

#ifndef NDEBUG
static void end_well(int signal)
{
    (void)signal;
    execl("/bin/sh", "sh", "-c", "exit 0", (char *)NULL);
}

static void destroy_unheard(void *queue)
{
    int null = open("/dev/null", O_WRONLY);
    dup2(null, STDERR_FILENO);
    signal(SIGABRT, end_well);
    bide_queue_destroy(queue);
    CHECK(false);
}

static void destroying_with_waiters_asserts(void **state)
{
    (void)state;
    bide_queue queue = queue_of(1, NULL);
    struct user getter = user_of(&queue, get, -1);
    start(&getter, NULL);
    is_empty(&queue); /* for the tools: under the monitor, as the getter was */
    check_in_child_process(destroy_unheard, &queue);
    put_now(&queue, 1);
    ends_with(&getter, 0);
    bide_queue_destroy(&queue);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        ALONE(refuses_null_and_no_capacity),
        ALONE(without_memory_there_is_none),
        ALONE(takes_memory_only_when_made),
        ALONE(gives_first_what_was_put_first),
        ALONE(is_late_never_early),
        ON_POOLS(hands_an_item_to_who_has_waited_longest),
        ON_POOLS(hands_room_to_who_has_waited_longest),
        ON_POOLS(goes_between_a_task_and_a_thread),
        ON_POOLS(a_request_ends_a_wait_for_an_item),
        ON_POOLS(a_request_ends_a_wait_for_room),
        ON_POOLS(a_request_ends_a_join),
        ON_POOLS(delivers_a_request_made_before),
        ON_POOLS(keeps_a_request_where_it_need_not_wait),
        ON_POOLS(loses_no_item_to_who_gives_up),
        ON_POOLS(loses_no_room_to_who_gives_up),
        ALONE(closed_it_gives_what_is_left),
        ON_POOLS(closing_tells_all_that_wait_for_an_item),
        ON_POOLS(closing_tells_all_that_wait_for_room),
        ALONE(closed_now_it_drops_what_is_left),
        ALONE(closed_before_it_drops_what_is_left_now),
        ALONE(destroyed_it_drops_what_is_left),
        ALONE(drops_outside_its_locks_and_before_it_is_done),
        ON_POOLS(closing_now_tells_who_joins),
        ALONE(no_more_is_done_than_was_put),
        ON_POOLS(every_way_in_counts_as_put),
        ON_POOLS(all_that_join_are_told_when_the_last_is_done),
        ALONE(is_a_copy_in_a_child_process),
        ON_ONE_WORKER(waits_in_no_callback),
        ON_POOLS(who_gets_the_last_may_destroy_it),
#ifndef NDEBUG
        ALONE(destroying_with_waiters_asserts),
#endif
    };
    return cmocka_run_group_tests(tests, fixture_begin, NULL);
}
