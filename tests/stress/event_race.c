/* Tasks and a thread wait for two events by turns, of which one is set while the other is cleared, with deadlines that pass
 * and requests to stop. Hunted: a waiter that a set does not wake (the program hangs), one that returns before it was set.
 * Then one clears an event, looks for work, and waits if there is none, while another brings work and sets it. Hunted: a set
 * that meets a clear which undoes it, though its work was not seen (the program hangs). */
#include "support/check.h"

#include <bide/bide.h>

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

enum { TASKS = 4, WAITERS = TASKS + 1 };

static struct {
    bide_event events[2];
    bide_semaphore arrived;
    uint64_t seeds[WAITERS];
    unsigned long rounds, round; /* of which events[round % 2] is set: plain, so that a tool sees one who is early */
} race;

static bide_time some_deadline(uint64_t *seed)
{
    uint64_t choice = test_random(seed);
    return choice % 4 ? BIDE_FOREVER : bide_clock() + (bide_time)((choice >> 8) % 20000);
}

static void *wait_by_turns(void *arg)
{
    uint64_t *seed = arg;
    for (unsigned long i = 1; i <= race.rounds; i++) {
        int error;
        while ((error = bide_event_wait(&race.events[i % 2], some_deadline(seed))) != 0)
            CHECK(error == ETIMEDOUT || error == ECANCELED);
        CHECK_EQUAL(race.round, i);
        CHECK_EQUAL(bide_semaphore_release(&race.arrived), 0);
    }
    return NULL;
}

static int wait_by_turns_in_task(void *seed, bide_value *result)
{
    (void)result;
    wait_by_turns(seed);
    return 0;
}

static void set_by_turns(bide_future **tasks, uint64_t *seed)
{
    for (unsigned long i = 1; i <= race.rounds; i++) {
        race.round = i;
        if (test_random(seed) % 2)
            bide_future_cancel(tasks[test_random(seed) % TASKS]);
        CHECK_EQUAL(bide_event_set(&race.events[i % 2]), 0);
        for (int k = 0; k < WAITERS; k++)
            CHECK_EQUAL(bide_semaphore_acquire(&race.arrived, BIDE_FOREVER), 0);
        CHECK_EQUAL(bide_event_clear(&race.events[i % 2]), 0);
    }
}

static void run(unsigned workers, unsigned long rounds, uint64_t *seed)
{
    bide_pool *pool;
    bide_future *tasks[TASKS];
    pthread_t thread;
    race.rounds = rounds;
    CHECK_EQUAL(bide_semaphore_init(&race.arrived, 0, WAITERS), 0);
    for (int i = 0; i < WAITERS; i++)
        race.seeds[i] = test_random(seed) | 1;
    CHECK_EQUAL(bide_pool_create(
                    &pool, &(bide_pool_options){.workers = workers, .waiting = test_holds() ? BIDE_HOLD : BIDE_PARK}),
                0);
    for (int i = 0; i < TASKS; i++) {
        CHECK_EQUAL(bide_submit(pool, wait_by_turns_in_task, &race.seeds[i], &tasks[i]), 0);
        while (bide_future_state(tasks[i]) == BIDE_PENDING)
            bide_yield();
    }
    pthread_create(&thread, NULL, wait_by_turns, &race.seeds[TASKS]);
    set_by_turns(tasks, seed);
    pthread_join(thread, NULL);
    for (int i = 0; i < TASKS; i++)
        CHECK_EQUAL(bide_join(tasks[i], NULL), 0);
    CHECK_EQUAL(bide_pool_destroy(pool), 0);
}

/* What is brought is told by the event alone: the words order nothing. (They are added to since helgrind takes a plain store
 * for a race.) */
static struct {
    bide_event event;
    char apart[128]; /* each in a cache line of its own: the reader has one at hand while it waits for the other */
    atomic_ulong brought;
    char apart_too[128];
    atomic_ulong done;
    unsigned long rounds;
    uint64_t seed;
} desk;

static unsigned long look_for_work(void)
{
    return atomic_load_explicit(&desk.brought, memory_order_relaxed);
}

static void spend_a_moment(uint64_t *seed)
{
    for (uint64_t looks = test_random(seed) % 256; looks; looks--)
        look_for_work();
}

static void *clear_look_and_wait(void *arg)
{
    (void)arg;
    for (unsigned long done = 0; done < desk.rounds;) {
        spend_a_moment(&desk.seed);
        CHECK_EQUAL(bide_event_clear(&desk.event), 0);
        unsigned long brought = look_for_work();
        if (brought == done)
            CHECK_EQUAL(bide_event_wait(&desk.event, BIDE_FOREVER), 0);
        atomic_fetch_add_explicit(&desk.done, brought - done, memory_order_relaxed);
        done = brought;
    }
    return NULL;
}

/* With the next as soon as one is done, so that the event is set while it is cleared. */
static void bring_work(unsigned long rounds, uint64_t *seed)
{
    pthread_t thread;
    desk.rounds = rounds;
    desk.seed = test_random(seed) | 1;
    pthread_create(&thread, NULL, clear_look_and_wait, NULL);
    for (unsigned long i = 1; i <= rounds; i++) {
        for (unsigned looks = 1; atomic_load_explicit(&desk.done, memory_order_relaxed) + 1 < i; looks++)
            if (looks % 1024 == 0)
                sched_yield();
        spend_a_moment(seed);
        atomic_fetch_add_explicit(&desk.brought, 1, memory_order_relaxed);
        CHECK_EQUAL(bide_event_set(&desk.event), 0);
    }
    pthread_join(thread, NULL);
}

/* A task that holds its worker keeps it to the end. */
int main(int argc, char **argv)
{
    uint64_t seed = test_seed(argc, argv);
    unsigned long rounds = test_scale(5000);
    for (unsigned workers = test_holds() ? TASKS : 1; workers <= TASKS; workers *= 2)
        run(workers, rounds, &seed);
    bring_work(20 * rounds, &seed);
    return check_failures() != 0;
}
