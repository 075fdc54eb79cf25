/* All workers but one have a task that waits, for a byte or for a time, and then keeps its worker until the round is over. That
 * comes while the workers fall asleep, search, or keep the time of something that is scheduled; or one has such a task, and an
 * entry is handed in while the pool is closed. Hunted: an entry that lies there, queued or due, because who was to see to it was
 * kept, or was none, and nobody else was told (the program hangs). */
#include "support/check.h"
#include "support/gate.h"

#include <bide/bide.h>

#include <errno.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MOST = 4 };

#define WINDOW ((bide_time)300000) /* nanoseconds; of which a third lies before what is scheduled */

struct guard {
    struct gate *round;
    int end;
    bide_time until;
};

static bide_pool *make_pool(unsigned workers)
{
    bide_pool *pool = NULL;
    bide_pool_options options = {.workers = workers, .waiting = test_holds() ? BIDE_HOLD : BIDE_PARK};
    CHECK_EQUAL(bide_pool_create(&pool, &options), 0);
    return pool;
}

static bide_time at_random(uint64_t *seed, bide_time most)
{
    return (bide_time)(test_random(seed) >> 8) % most;
}

static void spin_until(bide_time when)
{
    while (bide_clock() < when)
        ;
}

static int keep_worker(void *arg, bide_value *result)
{
    const struct guard *guard = arg;
    struct pollfd polled = {.fd = guard->end, .events = POLLIN};
    (void)result;
    int error = bide_poll(&polled, 1, guard->until, NULL);
    CHECK(error == 0 || (error == ETIMEDOUT && bide_clock() >= guard->until));
    gate_pass(guard->round);
    return 0;
}

static int do_nothing(void *arg, bide_value *result)
{
    (void)arg, (void)result;
    return 0;
}

static void join_one(bide_pool *pool, bide_time when)
{
    bide_future *task;
    int error = when ? bide_submit_at(pool, when, do_nothing, NULL, &task) : bide_submit(pool, do_nothing, NULL, &task);
    if (CHECK_EQUAL(error, 0))
        CHECK_EQUAL(bide_join(task, NULL), 0);
}

/* For each guard a moment, early or late, when it is told or told no more. */
static void play(bide_pool *pool, unsigned guards, uint64_t *seed)
{
    struct gate round = GATE_INIT;
    struct guard posts[MOST];
    int ends[MOST][2];
    bide_future *scheduled = NULL;
    bide_time when = bide_clock() + WINDOW;
    for (unsigned i = 0; i < guards; i++) {
        bool timed = test_random(seed) % 2;
        CHECK_EQUAL(socketpair(AF_UNIX, SOCK_STREAM, 0, ends[i]), 0);
        posts[i] =
            (struct guard){&round, ends[i][0], timed ? when + at_random(seed, WINDOW) - WINDOW / 3 : BIDE_FOREVER};
        CHECK_EQUAL(bide_submit(pool, keep_worker, &posts[i], NULL), 0);
    }
    if (test_random(seed) % 2)
        CHECK_EQUAL(bide_submit_at(pool, when, do_nothing, NULL, &scheduled), 0);
    for (unsigned i = 0; i < guards; i++) {
        if (!scheduled)
            join_one(pool, 0);
        spin_until(scheduled ? when + at_random(seed, WINDOW) - WINDOW / 3
                             : bide_clock() + at_random(seed, WINDOW / 8));
        CHECK_EQUAL(write(ends[i][1], "", 1), 1);
    }
    if (scheduled)
        CHECK_EQUAL(bide_join(scheduled, NULL), 0);
    join_one(pool, 0);
    join_one(pool, bide_clock() + at_random(seed, WINDOW / 3));
    gate_open(&round);
    CHECK_EQUAL(bide_pool_drain(pool, BIDE_FOREVER), 0);
    for (unsigned i = 0; i < guards; i++) {
        close(ends[i][0]);
        close(ends[i][1]);
    }
}

struct late_entry {
    bide_pool *pool;
    struct gate begin;
    uint64_t seed;
};

/* If it comes in at all it runs. */
static void *hand_in_late(void *arg)
{
    struct late_entry *late = arg;
    bide_future *task;
    gate_pass(&late->begin);
    spin_until(bide_clock() + at_random(&late->seed, WINDOW / 30));
    int error = bide_submit(late->pool, do_nothing, NULL, &task);
    CHECK(error == 0 || error == ESHUTDOWN);
    if (!error)
        CHECK_EQUAL(bide_join(task, NULL), 0);
    return NULL;
}

static void close_meanwhile(uint64_t *seed)
{
    struct late_entry late = {.begin = GATE_INIT, .seed = test_random(seed) | 1};
    struct gate kept = GATE_INIT;
    struct guard guard = {&kept, -1, BIDE_NOW};
    pthread_t thread;
    late.pool = make_pool(2);
    CHECK_EQUAL(bide_submit(late.pool, keep_worker, &guard, NULL), 0);
    CHECK_EQUAL(pthread_create(&thread, NULL, hand_in_late, &late), 0);
    gate_await(&kept, 1);
    gate_await(&late.begin, 1);
    gate_open(&late.begin);
    spin_until(bide_clock() + at_random(seed, WINDOW / 30));
    int error = bide_pool_close(late.pool, BIDE_DRAIN, BIDE_NOW);
    CHECK_EQUAL(error, ETIMEDOUT);
    pthread_join(thread, NULL);
    gate_open(&kept);
    CHECK_EQUAL(bide_pool_destroy(late.pool), 0);
}

int main(int argc, char **argv)
{
    uint64_t seed = test_seed(argc, argv);
    unsigned long rounds = test_scale(1500);
    for (unsigned workers = 2; workers <= MOST; workers++) {
        bide_pool *pool = make_pool(workers);
        for (unsigned long i = 0; i < rounds; i++)
            play(pool, workers - 1, &seed);
        CHECK_EQUAL(bide_pool_destroy(pool), 0);
    }
    for (unsigned long i = 0; i < rounds; i++)
        close_meanwhile(&seed);
    return check_failures() != 0;
}
