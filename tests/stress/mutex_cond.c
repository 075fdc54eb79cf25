/* A bounded buffer under a bide_mutex and two bide_conds, with tasks and plain threads on both sides, while waits
 * end by deadlines and requests to stop. Hunted: two owners of the mutex, a signal or a hand-over lost to a waiter
 * that gave up (the program hangs), a wait that returns without the mutex. */
#include "support/check.h"

#include <bide/bide.h>

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>

enum { ROOM = 3, SIDES = 4, NUISANCES = 2 };

static struct {
    bide_mutex mutex;
    bide_cond not_full, not_empty;
    uint64_t items[ROOM];
    unsigned long held, put, got, wanted;
    uint64_t sum_put, sum_got;
    int owners; /* guarded by the mutex, or so we hope */
} buffer;

static atomic_bool over;

static void own(void)
{
    CHECK_EQUAL(++buffer.owners, 1);
}

static void disown(void)
{
    CHECK_EQUAL(--buffer.owners, 0);
}

static int wait_owning(bide_cond *cond, bide_time deadline)
{
    disown();
    int error = bide_cond_wait(cond, &buffer.mutex, deadline);
    own();
    return error;
}

static bide_time some_deadline(uint64_t *seed)
{
    uint64_t choice = test_random(seed);
    return choice % 4 ? BIDE_FOREVER : bide_clock() + (bide_time)(choice >> 8) % 50000;
}

/* True: all that is wanted has been put. */
static bool put_one(uint64_t *seed)
{
    CHECK_EQUAL(bide_mutex_lock(&buffer.mutex), 0);
    own();
    while (buffer.held == ROOM && buffer.put < buffer.wanted)
        wait_owning(&buffer.not_full, some_deadline(seed));
    bool all = buffer.put == buffer.wanted;
    if (!all) {
        uint64_t item = test_random(seed);
        buffer.items[buffer.held++] = item;
        buffer.sum_put += item;
        all = ++buffer.put == buffer.wanted;
        CHECK_EQUAL(bide_cond_signal(&buffer.not_empty), 0);
    }
    if (all)
        CHECK_EQUAL(bide_cond_broadcast(&buffer.not_full), 0);
    disown();
    CHECK_EQUAL(bide_mutex_unlock(&buffer.mutex), 0);
    return all;
}

static bool get_one(uint64_t *seed)
{
    CHECK_EQUAL(bide_mutex_lock(&buffer.mutex), 0);
    own();
    while (buffer.held == 0 && buffer.got < buffer.wanted)
        wait_owning(&buffer.not_empty, some_deadline(seed));
    bool all = buffer.got == buffer.wanted;
    if (!all) {
        buffer.sum_got += buffer.items[--buffer.held];
        all = ++buffer.got == buffer.wanted;
        CHECK_EQUAL(bide_cond_signal(&buffer.not_full), 0);
    }
    if (all)
        CHECK_EQUAL(bide_cond_broadcast(&buffer.not_empty), 0);
    disown();
    CHECK_EQUAL(bide_mutex_unlock(&buffer.mutex), 0);
    return all;
}

static void *put_on_thread(void *arg)
{
    while (!put_one(arg))
        ;
    return NULL;
}

static void *get_on_thread(void *arg)
{
    while (!get_one(arg))
        ;
    return NULL;
}

static int put_in_task(void *arg, bide_value *result)
{
    (void)result;
    put_on_thread(arg);
    return 0;
}

static int get_in_task(void *arg, bide_value *result)
{
    (void)result;
    get_on_thread(arg);
    return 0;
}

/* Tries to lock for a short time, over and over, and gives up most of the time. */
static void *be_a_nuisance(void *arg)
{
    while (!atomic_load(&over)) {
        int error = bide_mutex_lock_until(&buffer.mutex, bide_clock() + (bide_time)(test_random(arg) % 30000));
        CHECK(error == 0 || error == ETIMEDOUT);
        if (error)
            continue;
        own();
        disown();
        CHECK_EQUAL(bide_mutex_unlock(&buffer.mutex), 0);
    }
    return NULL;
}

/* Asks the tasks to stop, over and over: each time one of their waits on a condition ends early. */
static void pester(bide_future **tasks, uint64_t *seed)
{
    bide_future *task = tasks[test_random(seed) % SIDES];
    int error = bide_future_cancel(task);
    CHECK(error == 0 || error == EALREADY);
    bide_future_wait(task, bide_in(2e-5));
}

static void run(uint64_t *seed, unsigned long items)
{
    pthread_t threads[SIDES], nuisances[NUISANCES];
    bide_future *tasks[SIDES];
    uint64_t seeds[2 * SIDES + NUISANCES];
    bide_pool *pool;
    buffer.held = buffer.put = buffer.got = 0;
    buffer.wanted = items;
    atomic_store(&over, false);
    for (int i = 0; i < 2 * SIDES + NUISANCES; i++)
        seeds[i] = test_random(seed) | 1;
    CHECK_EQUAL(bide_pool_create(
                    &pool, &(bide_pool_options){.workers = SIDES, .waiting = test_holds() ? BIDE_HOLD : BIDE_PARK}),
                0);
    for (int i = 0; i < NUISANCES; i++)
        pthread_create(&nuisances[i], NULL, be_a_nuisance, &seeds[2 * SIDES + i]);
    for (int i = 0; i < SIDES; i++) {
        pthread_create(&threads[i], NULL, i % 2 ? put_on_thread : get_on_thread, &seeds[i]);
        CHECK_EQUAL(bide_submit(pool, i % 2 ? put_in_task : get_in_task, &seeds[SIDES + i], &tasks[i]), 0);
    }
    for (int i = 0; i < SIDES; i++)
        while (bide_future_state(tasks[i]) == BIDE_PENDING || bide_future_state(tasks[i]) == BIDE_RUNNING)
            pester(tasks, seed);
    for (int i = 0; i < SIDES; i++) {
        pthread_join(threads[i], NULL);
        bide_future_release(tasks[i]);
    }
    atomic_store(&over, true);
    for (int i = 0; i < NUISANCES; i++)
        pthread_join(nuisances[i], NULL);
    CHECK_EQUAL(bide_pool_destroy(pool), 0);
    CHECK_EQUAL(buffer.got, items);
    CHECK(buffer.sum_put == buffer.sum_got);
}

int main(int argc, char **argv)
{
    uint64_t seed = test_seed(argc, argv);
    run(&seed, test_scale(20000));
    return check_failures() != 0;
}
