/* In each round a task is asked to stop in the instant in which it is handed what it waits for, and its deadline may pass
 * too; behind it a thread waits for the same. If the task has got it, it hands it on. Hunted: what is handed to one that has
 * given up and reaches nobody, and a request that is swallowed (the program hangs); what reaches both, and a request that is
 * told twice. */
#include "support/check.h"

#include <bide/bide.h>

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

/* What one waits for; in the beginning there is none of it. */
struct kind {
    const char *name;
    void (*begin)(void);
    int (*take)(bide_time deadline);
    void (*give)(void);
    bool (*is_left)(void); /* so that one more could take it */
};

static struct {
    const struct kind *kind;
    unsigned long rounds;
    bide_barrier barrier;
    bide_future *task;
    uint64_t task_seed, thread_seed;
    enum { THREAD_ASKS, ASKED_BEFORE, ASKED_AFTER } order; /* of this round: by who takes, or by who gives */
    atomic_ulong begun;                                    /* rounds in which the task is about to wait */
    unsigned long got, late;
} race;

static bide_semaphore semaphore;

static void begin_semaphore(void)
{
    CHECK_EQUAL(bide_semaphore_init(&semaphore, 0, 1), 0);
}

static int take_permit(bide_time deadline)
{
    return bide_semaphore_acquire(&semaphore, deadline);
}

static void give_permit(void)
{
    CHECK_EQUAL(bide_semaphore_release(&semaphore), 0);
}

static bool permit_is_left(void)
{
    return bide_semaphore_try(&semaphore) == 0;
}

/* Who is told to stop does not look for a permit: one that has been signalled is to be told so. */
static struct {
    bide_mutex mutex;
    bide_cond changed;
    unsigned permits;
} counter;

static void begin_counter(void)
{
    counter.permits = 0;
}

static int take_from_counter(bide_time deadline)
{
    int error = 0;
    CHECK_EQUAL(bide_mutex_lock(&counter.mutex), 0);
    while (!error && !counter.permits)
        error = bide_cond_wait(&counter.changed, &counter.mutex, deadline);
    counter.permits -= !error;
    CHECK_EQUAL(bide_mutex_unlock(&counter.mutex), 0);
    return error;
}

static void give_to_counter(void)
{
    CHECK_EQUAL(bide_mutex_lock(&counter.mutex), 0);
    counter.permits++;
    CHECK_EQUAL(bide_cond_signal(&counter.changed), 0);
    CHECK_EQUAL(bide_mutex_unlock(&counter.mutex), 0);
}

static bool counter_is_left(void)
{
    return counter.permits > 0;
}

static bide_queue queue;

static int get_item(bide_time deadline)
{
    bide_value item = bide_i64(0);
    int error = bide_queue_get(&queue, &item, deadline);
    CHECK_EQUAL(item.i64, error ? 0 : 7);
    return error;
}

static void put_item(void)
{
    CHECK_EQUAL(bide_queue_try_put(&queue, bide_i64(7)), 0);
}

static void begin_empty(void)
{
    bide_value item;
    while (bide_queue_try_get(&queue, &item) == 0)
        ;
}

static bool item_is_left(void)
{
    bide_value item;
    return bide_queue_try_get(&queue, &item) == 0;
}

static int put_in_time(bide_time deadline)
{
    return bide_queue_put(&queue, bide_i64(7), deadline);
}

static void make_room(void)
{
    CHECK_EQUAL(get_item(BIDE_NOW), 0);
}

static void begin_full(void)
{
    begin_empty();
    put_item();
}

static bool room_is_left(void)
{
    return bide_queue_try_put(&queue, bide_i64(7)) == 0;
}

static bide_event event;

static void begin_event(void)
{
    CHECK_EQUAL(bide_event_clear(&event), 0);
}

static int wait_for_event(bide_time deadline)
{
    return bide_event_wait(&event, deadline);
}

static void set_event(void)
{
    CHECK_EQUAL(bide_event_set(&event), 0);
}

static bool nothing_is_left(void)
{
    return false;
}

static bide_future *promise;

static void begin_promise(void)
{
    bide_future_release(promise);
    CHECK_EQUAL(bide_promise_create(&promise), 0);
}

static int wait_or_cancel_promise(bide_time deadline)
{
    return bide_future_wait_or_cancel(promise, deadline);
}

static void keep_promise(void)
{
    int error = bide_promise_resolve(promise, bide_u64(0));
    CHECK(error == 0 || error == EALREADY);
}

static const struct kind kinds[] = {
    {"permits", begin_semaphore, take_permit, give_permit, permit_is_left},
    {"signals", begin_counter, take_from_counter, give_to_counter, counter_is_left},
    {"items", begin_empty, get_item, put_item, item_is_left},
    {"room", begin_full, put_in_time, make_room, room_is_left},
    {"events", begin_event, wait_for_event, set_event, nothing_is_left},
    {"promises", begin_promise, wait_or_cancel_promise, keep_promise, nothing_is_left},
};

static void meet(void)
{
    if (!CHECK_EQUAL(bide_barrier_wait(&race.barrier, BIDE_FOREVER, NULL), 0))
        exit(EXIT_FAILURE);
}

/* So that the task mostly waits first. */
static void meet_and_let_it_begin(unsigned long round)
{
    meet();
    while (atomic_load(&race.begun) <= round)
        sched_yield();
}

static void pass_a_moment(uint64_t *seed)
{
    uint64_t draw = test_random(seed);
    bide_time longest = (bide_time)1 << draw % 13, until = bide_clock() + (bide_time)(draw >> 8) % longest;
    while (bide_clock() < until)
        ;
}

static bide_time some_deadline(uint64_t *seed)
{
    uint64_t draw = test_random(seed);
    return draw % 2 ? BIDE_FOREVER : bide_clock() + (bide_time)((draw >> 8) % 10000);
}

/* Told once in each round. */
static int take_and_be_asked(void *arg, bide_value *result)
{
    (void)arg;
    (void)result;
    for (unsigned long i = 0; i < race.rounds; i++) {
        meet();
        atomic_store(&race.begun, i + 1);
        int error = race.kind->take(some_deadline(&race.task_seed));
        CHECK(error == 0 || error == ETIMEDOUT || error == ECANCELED);
        race.got += !error;
        race.late += error == ETIMEDOUT;
        if (!error)
            race.kind->give();
        if (error != ECANCELED)
            CHECK_EQUAL(bide_sleep_until(BIDE_FOREVER), ECANCELED);
        meet();
    }
    return 0;
}

static void ask(uint64_t *seed)
{
    pass_a_moment(seed);
    CHECK_EQUAL(bide_future_cancel(race.task), 0);
}

static void *ask_and_take(void *arg)
{
    (void)arg;
    for (unsigned long i = 0; i < race.rounds; i++) {
        meet_and_let_it_begin(i);
        if (race.order == THREAD_ASKS)
            ask(&race.thread_seed);
        CHECK_EQUAL(race.kind->take(BIDE_FOREVER), 0);
        meet();
    }
    return NULL;
}

static void run(bide_pool *pool, const struct kind *kind, uint64_t *seed)
{
    pthread_t thread;
    race.kind = kind;
    race.got = race.late = 0;
    atomic_store(&race.begun, 0);
    race.task_seed = test_random(seed) | 1;
    race.thread_seed = test_random(seed) | 1;
    CHECK_EQUAL(bide_submit(pool, take_and_be_asked, NULL, &race.task), 0);
    pthread_create(&thread, NULL, ask_and_take, NULL);
    for (unsigned long i = 0; i < race.rounds; i++) {
        race.order = test_random(seed) % 3;
        kind->begin();
        meet_and_let_it_begin(i);
        if (race.order == ASKED_BEFORE)
            ask(seed);
        pass_a_moment(seed);
        kind->give();
        if (race.order == ASKED_AFTER)
            ask(seed);
        meet();
        CHECK(!kind->is_left());
    }
    pthread_join(thread, NULL);
    CHECK_EQUAL(bide_join(race.task, NULL), 0);
    printf("%lu %s: %lu got by who was asked to stop, %lu late\n", race.rounds, kind->name, race.got, race.late);
}

int main(int argc, char **argv)
{
    uint64_t seed = test_seed(argc, argv);
    bide_pool *pool;
    bide_pool_options options = {.workers = 1, .waiting = test_holds() ? BIDE_HOLD : BIDE_PARK};
    race.rounds = test_scale(4000);
    CHECK_EQUAL(bide_pool_create(&pool, &options), 0);
    CHECK_EQUAL(bide_queue_init(&queue, 1, NULL), 0);
    CHECK_EQUAL(bide_barrier_init(&race.barrier, 3), 0);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        run(pool, &kinds[i], &seed);
    bide_future_release(promise);
    bide_queue_destroy(&queue);
    CHECK_EQUAL(bide_pool_destroy(pool), 0);
    return check_failures() != 0;
}
