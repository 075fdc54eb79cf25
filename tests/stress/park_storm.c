/* Thousands of tasks are alive at a time on a few workers. Each waits again and again: it sleeps, yields, has children, takes
 * their ends, locks, shares permits under a condition, and waits for promises that plain threads settle. Deadlines and requests
 * to stop end some of the waits. Hunted: a task that is lost, or goes on twice; a permit or a wake that is given to nobody (the
 * program hangs); two owners of a mutex; a task that changes its worker. */
#include "support/check.h"

#include <bide/bide.h>

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum { MOST_SOULS = 2000, MUTEXES = 8, PERMITS = 5, POSTMEN = 2 };

struct soul {
    uint64_t seed;
    bide_future *future;
    atomic_uint ends;
    unsigned long requests; /* that were delivered */
};

static struct {
    bide_pool *pool;
    bide_future *begin; /* a promise */
    unsigned long souls, rounds;
    atomic_ulong alive, waits;
    struct {
        bide_mutex mutex;
        unsigned long locked;
        int owners;
    } doors[MUTEXES];
    bide_mutex mutex;
    bide_cond changed;
    unsigned permits;
    atomic_ulong doors_passed;
} storm;

/* Promises on their way to the threads that settle them: each letter has a reference. */
struct letter {
    struct letter *next;
    bide_future *promise;
};

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct letter *first;
    bool closed;
} post = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, NULL, false};

static void post_promise(bide_future *promise)
{
    struct letter *letter = malloc(sizeof *letter);
    bide_future_retain(promise);
    pthread_mutex_lock(&post.lock);
    *letter = (struct letter){post.first, promise};
    post.first = letter;
    pthread_cond_signal(&post.changed);
    pthread_mutex_unlock(&post.lock);
}

static struct letter *next_letter(void)
{
    pthread_mutex_lock(&post.lock);
    while (!post.first && !post.closed)
        pthread_cond_wait(&post.changed, &post.lock);
    struct letter *letter = post.first;
    if (letter)
        post.first = letter->next;
    pthread_mutex_unlock(&post.lock);
    return letter;
}

static void close_post(void)
{
    pthread_mutex_lock(&post.lock);
    post.closed = true;
    pthread_cond_broadcast(&post.changed);
    pthread_mutex_unlock(&post.lock);
}

static void *be_postman(void *arg)
{
    for (struct letter *letter; (letter = next_letter());) {
        uint64_t choice = test_random(arg);
        int error = choice % 8 == 0   ? bide_promise_fail(letter->promise, EIO)
                    : choice % 8 == 1 ? bide_future_cancel(letter->promise)
                                      : bide_promise_resolve(letter->promise, bide_u64(choice));
        CHECK(error == 0 || error == EALREADY);
        bide_future_release(letter->promise);
        free(letter);
    }
    return NULL;
}

static bide_time some_time(uint64_t *seed)
{
    return bide_clock() + (bide_time)(test_random(seed) % 2000000);
}

static bide_time some_deadline(uint64_t *seed)
{
    return test_random(seed) % 4 ? BIDE_FOREVER : some_time(seed);
}

static bool is_reason(int error, bide_time deadline)
{
    return error == 0 || error == ECANCELED || (error == ETIMEDOUT && deadline != BIDE_FOREVER);
}

/* The ways to wait. Each gives 0, ETIMEDOUT or ECANCELED. */

static int wait_sleeping(uint64_t *seed)
{
    bide_time when = some_time(seed);
    int error = bide_sleep_until(when);
    CHECK(error == ECANCELED || (error == 0 && bide_clock() >= when));
    return error;
}

static int wait_yielding(uint64_t *seed)
{
    (void)seed;
    return bide_yield();
}

static int wait_for_post(uint64_t *seed)
{
    bide_future *promise;
    bide_time deadline = some_deadline(seed);
    if (!CHECK_EQUAL(bide_promise_create(&promise), 0))
        return 0;
    post_promise(promise);
    int error =
        test_random(seed) % 4 ? bide_future_wait(promise, deadline) : bide_future_wait_or_cancel(promise, deadline);
    CHECK(is_reason(error, deadline));
    bide_future_release(promise);
    return error;
}

static int be_child(void *arg, bide_value *result);

/* A chain of up to three, the last of which sleeps or waits for the post. */
static int wait_for_child(uint64_t *seed)
{
    uint64_t own = test_random(seed);
    bide_future *child;
    bide_value value = bide_u64(0);
    if (!CHECK_EQUAL(bide_submit(storm.pool, be_child, &own, &child), 0))
        return 0;
    bide_time deadline = some_deadline(seed);
    int error = bide_future_wait(child, deadline);
    CHECK(is_reason(error, deadline));
    int end = bide_join(child, &value);
    CHECK(end == ECANCELED || (end == 0 && value.u64 == 1));
    return error;
}

static int be_child(void *arg, bide_value *result)
{
    uint64_t seed = *(uint64_t *)arg | 1, choice = test_random(&seed);
    int error = choice % 2 ? wait_for_child(&seed) : choice % 4 ? wait_sleeping(&seed) : wait_for_post(&seed);
    *result = bide_u64(1);
    return error == ECANCELED && bide_cancelled() ? ECANCELED : 0;
}

static int wait_for_ends(uint64_t *seed)
{
    uint64_t seeds[2] = {test_random(seed), test_random(seed)};
    bide_time deadline = some_deadline(seed);
    bide_completions *listed;
    int error = 0;
    if (!CHECK_EQUAL(bide_completions_create(&listed), 0))
        return 0;
    for (int i = 0; i < 2; i++)
        CHECK_EQUAL(bide_completions_submit(listed, storm.pool, be_child, &seeds[i], NULL), 0);
    for (int e, left = 2; left > 0; left -= e == 0) {
        e = bide_completions_next(listed, error ? BIDE_FOREVER : deadline, NULL, NULL);
        CHECK(is_reason(e, deadline));
        error = e ? e : error;
    }
    CHECK_EQUAL(bide_completions_next(listed, BIDE_NOW, NULL, NULL), ENOENT);
    bide_completions_destroy(listed);
    return error;
}

/* Held across a wait now and then. */
static int wait_for_door(uint64_t *seed)
{
    uint64_t choice = test_random(seed), door = choice % MUTEXES;
    bide_time deadline = choice & 64 ? some_time(seed) : BIDE_FOREVER;
    bide_mutex *mutex = &storm.doors[door].mutex;
    int error = choice & 64 ? bide_mutex_lock_until(mutex, deadline) : bide_mutex_lock(mutex);
    CHECK(is_reason(error, deadline));
    if (error)
        return error;
    CHECK_EQUAL(storm.doors[door].owners++, 0);
    storm.doors[door].locked++;
    atomic_fetch_add(&storm.doors_passed, 1);
    if (choice & 128)
        error = bide_yield();
    CHECK_EQUAL(--storm.doors[door].owners, 0);
    CHECK_EQUAL(bide_mutex_unlock(mutex), 0);
    return error;
}

static int take_permit(bide_time deadline)
{
    int error = 0;
    CHECK_EQUAL(bide_mutex_lock(&storm.mutex), 0);
    while (storm.permits == 0 && !error)
        error = bide_cond_wait(&storm.changed, &storm.mutex, deadline);
    CHECK(is_reason(error, deadline));
    if (!error)
        storm.permits--;
    CHECK_EQUAL(bide_mutex_unlock(&storm.mutex), 0);
    return error;
}

static void give_permit(void)
{
    CHECK_EQUAL(bide_mutex_lock(&storm.mutex), 0);
    storm.permits++;
    CHECK(storm.permits <= PERMITS);
    CHECK_EQUAL(bide_cond_signal(&storm.changed), 0);
    CHECK_EQUAL(bide_mutex_unlock(&storm.mutex), 0);
}

static int wait_for_permit(uint64_t *seed)
{
    int error = take_permit(some_deadline(seed));
    if (error)
        return error;
    if (test_random(seed) % 2)
        error = bide_yield();
    give_permit();
    return error;
}

static int (*const waits[])(uint64_t *seed) = {
    wait_sleeping, wait_yielding, wait_for_post, wait_for_child, wait_for_ends, wait_for_door, wait_for_permit,
};

/* All are alive before the first goes on. */
static int live(void *arg, bide_value *result)
{
    struct soul *soul = arg;
    int worker = bide_worker_index(), error;
    atomic_fetch_add(&storm.alive, 1);
    while ((error = bide_future_wait(storm.begin, BIDE_FOREVER)) != 0)
        soul->requests += CHECK_EQUAL(error, ECANCELED);
    for (unsigned long i = 0; i < storm.rounds; i++) {
        soul->requests += waits[test_random(&soul->seed) % (sizeof waits / sizeof *waits)](&soul->seed) == ECANCELED;
        CHECK_EQUAL(bide_worker_index(), worker);
        atomic_fetch_add(&storm.waits, 1);
    }
    atomic_fetch_add(&soul->ends, 1);
    *result = bide_ptr(soul);
    return 0;
}

struct canceller {
    struct soul *souls;
    uint64_t seed;
};

/* In the first half only: a request would heal a wait that has lost its wake. */
static void *cancel_some(void *arg)
{
    struct canceller *self = arg;
    while (atomic_load(&storm.waits) < storm.souls * storm.rounds / 2) {
        int error = bide_future_cancel(self->souls[test_random(&self->seed) % storm.souls].future);
        CHECK(error == 0 || error == EALREADY);
        sched_yield();
    }
    return NULL;
}

static void begin(struct soul *souls, unsigned workers, uint64_t *seed)
{
    CHECK_EQUAL(bide_pool_create(&storm.pool, &(bide_pool_options){.workers = workers, .stack_size = 128 << 10}), 0);
    CHECK_EQUAL(bide_promise_create(&storm.begin), 0);
    storm.permits = PERMITS;
    atomic_store(&storm.alive, 0);
    atomic_store(&storm.waits, 0);
    for (unsigned long i = 0; i < storm.souls; i++) {
        souls[i] = (struct soul){.seed = test_random(seed) | 1};
        CHECK_EQUAL(bide_submit(storm.pool, live, &souls[i], &souls[i].future), 0);
    }
    while (atomic_load(&storm.alive) < storm.souls)
        sched_yield();
    CHECK_EQUAL(bide_promise_resolve(storm.begin, bide_u64(0)), 0);
}

static void end(struct soul *souls)
{
    for (unsigned long i = 0; i < storm.souls; i++) {
        bide_value value = bide_u64(0);
        CHECK_EQUAL(bide_future_wait(souls[i].future, BIDE_FOREVER), 0);
        CHECK_EQUAL(bide_future_result(souls[i].future, &value), 0);
        CHECK(value.ptr == &souls[i]);
        CHECK_EQUAL(atomic_load(&souls[i].ends), 1);
    }
}

static void judge(void)
{
    unsigned long locked = 0;
    for (int i = 0; i < MUTEXES; i++)
        locked += storm.doors[i].locked;
    CHECK_EQUAL(locked, atomic_load(&storm.doors_passed));
    CHECK_EQUAL(storm.permits, PERMITS);
    CHECK_EQUAL(atomic_load(&storm.waits), storm.souls * storm.rounds);
}

static void rage(struct soul *souls, unsigned workers, uint64_t *seed)
{
    struct canceller canceller = {souls, test_random(seed) | 1};
    unsigned long requests = 0;
    pthread_t thread;
    begin(souls, workers, seed);
    pthread_create(&thread, NULL, cancel_some, &canceller);
    end(souls);
    pthread_join(thread, NULL);
    CHECK_EQUAL(bide_pool_destroy(storm.pool), 0);
    judge();
    for (unsigned long i = 0; i < storm.souls; i++) {
        requests += souls[i].requests;
        bide_future_release(souls[i].future);
    }
    bide_future_release(storm.begin);
    printf("%u workers: %lu tasks, %lu waits, %lu requests to stop\n", workers, storm.souls, storm.souls * storm.rounds,
           requests);
}

int main(int argc, char **argv)
{
    uint64_t seed = test_seed(argc, argv), seeds[POSTMEN];
    pthread_t postmen[POSTMEN];
    storm.souls = test_scale(test_scale(2500000)); /* the square, as tools pay by the square of what is alive */
    if (storm.souls > MOST_SOULS)
        storm.souls = MOST_SOULS;
    storm.rounds = 1 + test_scale(11);
    struct soul *souls = malloc(storm.souls * sizeof *souls);
    for (int i = 0; i < POSTMEN; i++) {
        seeds[i] = test_random(&seed) | 1;
        pthread_create(&postmen[i], NULL, be_postman, &seeds[i]);
    }
    for (unsigned workers = 2; workers <= 4; workers++)
        rage(souls, workers, &seed);
    close_post();
    for (int i = 0; i < POSTMEN; i++)
        pthread_join(postmen[i], NULL);
    free(souls);
    return check_failures() != 0;
}
