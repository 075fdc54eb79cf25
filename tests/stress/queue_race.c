/* Tasks and plain threads put into and get from one queue, late and asked to stop all the while, until one of them closes it.
 * Hunted: an item that is got and dropped, twice or not at all; one that is in the queue though its put failed; two items
 * of one putter that come in the wrong order; somebody who is not told of the close, or of the last that is done (the program
 * hangs); a touch of a queue that its getter has destroyed. */
#include "support/check.h"

#include <bide/bide.h>

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = 3, EACH = 128, USERS = 2 * SIDE };

/* One of a side; the last of each is a thread. */
struct user {
    uint64_t seed;
    int64_t name;
    bide_future *task;
};

static struct {
    bide_queue queue;
    bide_pool *pool;
    pthread_barrier_t begin;
    struct user users[USERS];
    atomic_int ended;
    atomic_int came[SIDE * EACH]; /* out of the queue: got or dropped */
    bool put[SIDE * EACH];
} race;

static void note(bide_value item)
{
    CHECK_EQUAL(atomic_fetch_add(&race.came[item.i64], 1), 0);
}

static bide_time some_deadline(uint64_t *seed)
{
    uint64_t choice = test_random(seed) % 8;
    return choice == 0 ? BIDE_NOW : choice < 4 ? bide_clock() + (bide_time)(test_random(seed) % 10000) : BIDE_FOREVER;
}

static int put_once(struct user *user, bide_value item)
{
    bool tries = test_random(&user->seed) % 8 == 0;
    int error =
        tries ? bide_queue_try_put(&race.queue, item) : bide_queue_put(&race.queue, item, some_deadline(&user->seed));
    CHECK(error == 0 || error == ESHUTDOWN || error == (tries ? EAGAIN : ETIMEDOUT) || (!tries && error == ECANCELED));
    return error;
}

/* What could not be put is not tried again: it must not come. */
static void put_all(struct user *user)
{
    int error = 0;
    for (int64_t i = 0; i < EACH && error != ESHUTDOWN; i++) {
        int64_t item = user->name * EACH + i;
        error = put_once(user, bide_i64(item));
        race.put[item] = error == 0;
    }
}

static int get_once(struct user *user, bide_value *item)
{
    bool tries = test_random(&user->seed) % 8 == 0;
    int error =
        tries ? bide_queue_try_get(&race.queue, item) : bide_queue_get(&race.queue, item, some_deadline(&user->seed));
    CHECK(error == 0 || error == ESHUTDOWN || error == (tries ? EAGAIN : ETIMEDOUT) || (!tries && error == ECANCELED));
    return error;
}

static void get_all(struct user *user)
{
    int64_t last[SIDE];
    memset(last, -1, sizeof last);
    for (int error = 0; error != ESHUTDOWN;) {
        bide_value item;
        error = get_once(user, &item);
        if (error)
            continue;
        int64_t putter = item.i64 / EACH;
        CHECK(last[putter] < item.i64);
        last[putter] = item.i64;
        note(item);
        CHECK_EQUAL(bide_queue_task_done(&race.queue), 0);
    }
}

/* The last of all putters closes the queue, so that it comes to an end if nobody has done it before. */
static void *use(void *arg)
{
    struct user *user = arg;
    if (user->name >= SIDE) {
        get_all(user);
    } else {
        put_all(user);
        if (atomic_fetch_add(&race.ended, 1) == SIDE - 1)
            CHECK_EQUAL(bide_queue_close(&race.queue), 0);
    }
    return NULL;
}

static void *use_in_thread(void *user)
{
    pthread_barrier_wait(&race.begin);
    return use(user);
}

static int use_in_task(void *user, bide_value *result)
{
    (void)result;
    use(user);
    return 0;
}

static bool is_thread(int user)
{
    return user % SIDE == SIDE - 1;
}

/* Asks tasks to stop that have started, over and over, and at some moment closes the queue, or not. */
static void pester(uint64_t *seed)
{
    uint64_t requests = test_random(seed) % (UINT64_C(1) << test_random(seed) % 11), how = test_random(seed) % 3;
    for (uint64_t i = 0; i < requests && atomic_load(&race.ended) < SIDE; i++) {
        bide_future *task = race.users[test_random(seed) % USERS].task;
        if (task && bide_future_state(task) == BIDE_RUNNING)
            bide_future_cancel(task);
        sched_yield();
    }
    if (how)
        CHECK_EQUAL(how == 1 ? bide_queue_close(&race.queue) : bide_queue_close_now(&race.queue), 0);
}

static void begin(uint64_t *seed, pthread_t threads[USERS])
{
    CHECK_EQUAL(bide_queue_init(&race.queue, 1 + test_random(seed) % 4, note), 0);
    atomic_store(&race.ended, 0);
    for (int i = 0; i < SIDE * EACH; i++) {
        atomic_store(&race.came[i], 0);
        race.put[i] = false;
    }
    for (int i = 0; i < USERS; i++) {
        race.users[i] = (struct user){test_random(seed) | 1, i, NULL};
        if (is_thread(i))
            pthread_create(&threads[i], NULL, use_in_thread, &race.users[i]);
        else
            CHECK_EQUAL(bide_submit(race.pool, use_in_task, &race.users[i], &race.users[i].task), 0);
    }
    pthread_barrier_wait(&race.begin);
}

/* Whoever ended has told all it got, and what a close has thrown out is done too. */
static void finish(pthread_t threads[USERS])
{
    bide_value item;
    for (int i = 0; i < USERS; i++) {
        if (is_thread(i))
            pthread_join(threads[i], NULL);
        else
            CHECK_EQUAL(bide_future_wait(race.users[i].task, BIDE_FOREVER), 0);
        bide_future_release(race.users[i].task);
    }
    CHECK_EQUAL(bide_queue_join(&race.queue, BIDE_NOW), 0);
    CHECK_EQUAL(bide_queue_task_done(&race.queue), EINVAL);
    CHECK_EQUAL(bide_queue_try_get(&race.queue, &item), ESHUTDOWN);
    bide_queue_destroy(&race.queue);
    for (int i = 0; i < SIDE * EACH; i++)
        CHECK_EQUAL(atomic_load(&race.came[i]), race.put[i]);
}

static void *join_at_begin(void *arg)
{
    (void)arg;
    pthread_barrier_wait(&race.begin);
    for (int i = 0; i < 3; i++)
        CHECK_EQUAL(bide_queue_join(&race.queue, BIDE_FOREVER), 0);
    return NULL;
}

static void run(uint64_t *seed)
{
    pthread_t threads[USERS], joiner;
    pthread_create(&joiner, NULL, join_at_begin, NULL);
    begin(seed, threads);
    pester(seed);
    pthread_join(joiner, NULL);
    finish(threads);
}

static int get_last(void *arg, bide_value *result)
{
    bide_queue *queue = arg;
    int error = bide_queue_get(queue, result, BIDE_FOREVER);
    bide_queue_destroy(queue);
    free(queue);
    return error;
}

static int hear_of_close(void *arg, bide_value *result)
{
    bide_queue *queue = arg;
    CHECK_EQUAL(bide_queue_get(queue, result, BIDE_FOREVER), ESHUTDOWN);
    bide_queue_destroy(queue);
    free(queue);
    return 0;
}

/* Who is told destroys the queue at once. */
static void run_to_the_last(uint64_t *seed)
{
    bool closes = test_random(seed) % 2;
    bide_queue *queue = malloc(sizeof *queue);
    bide_value got = bide_i64(0);
    bide_future *task;
    CHECK_EQUAL(bide_queue_init(queue, 1, NULL), 0);
    CHECK_EQUAL(bide_submit(race.pool, closes ? hear_of_close : get_last, queue, &task), 0);
    if (test_random(seed) % 2)
        bide_future_wait(task, bide_clock() + (bide_time)(test_random(seed) % 20000));
    CHECK_EQUAL(closes ? bide_queue_close(queue) : bide_queue_put(queue, bide_i64(7), BIDE_FOREVER), 0);
    CHECK_EQUAL(bide_join(task, &got), 0);
    CHECK_EQUAL(got.i64, closes ? 0 : 7);
}

int main(int argc, char **argv)
{
    uint64_t seed = test_seed(argc, argv);
    unsigned long rounds = test_scale(300);
    pthread_barrier_init(&race.begin, NULL, 4); /* two threads, who joins, and who pesters */
    for (unsigned workers = 1; workers <= 4; workers *= 2) {
        bide_pool_options options = {.workers = test_holds() ? USERS : workers,
                                     .waiting = test_holds() ? BIDE_HOLD : BIDE_PARK};
        CHECK_EQUAL(bide_pool_create(&race.pool, &options), 0);
        for (unsigned long i = 0; i < rounds; i++) {
            run(&seed);
            run_to_the_last(&seed);
        }
        CHECK_EQUAL(bide_pool_destroy(race.pool), 0);
    }
    pthread_barrier_destroy(&race.begin);
    return check_failures() != 0;
}
