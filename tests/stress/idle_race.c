/* Pools of one to four workers get one entry at a time, after pauses so short that it often comes while a worker falls asleep:
 * from threads, from tasks that wait, from tasks that compute until another worker runs it, from such as have just slept
 * beside a task whose entries are fought for; and pools are drained and destroyed in that moment. Hunted: an entry that lies
 * there while workers sleep, or a drainer that is not told (the program hangs); an entry whose effect is not seen. */
#include "support/check.h"
#include "support/gate.h"

#include <bide/bide.h>

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#define SHORTEST_PAUSE_BITS 10 /* nanoseconds */
#define PAUSES 6
#define THREADS 2

struct player {
    bide_pool *pool;
    uint64_t seed;
    unsigned long rounds;
    unsigned workers;
    struct gate begin;
    atomic_bool is_over, computes, child_runs;
};

static void spin_a_moment(uint64_t *seed)
{
    bide_time most = (bide_time)1 << (SHORTEST_PAUSE_BITS + test_random(seed) % PAUSES);
    bide_time until = bide_clock() + (bide_time)(test_random(seed) >> 1) % most;
    while (bide_clock() < until)
        ;
}

static int mark(void *arg, bide_value *result)
{
    unsigned long *marks = arg;
    *result = bide_u64(++*marks);
    return 0;
}

static bide_future *hand_in(struct player *player, bide_task_fn *fn, void *arg)
{
    bide_future *future = NULL;
    bool timed = test_random(&player->seed) % 4 == 0;
    bide_time when = bide_clock() + (bide_time)(test_random(&player->seed) % 20000);
    CHECK_EQUAL(
        timed ? bide_submit_at(player->pool, when, fn, arg, &future) : bide_submit(player->pool, fn, arg, &future), 0);
    return future;
}

static void *hand_in_one_by_one(void *arg)
{
    struct player *player = arg;
    unsigned long marks = 0;
    for (unsigned long i = 1; i <= player->rounds; i++) {
        bide_value value = bide_u64(0);
        CHECK_EQUAL(bide_join(hand_in(player, mark, &marks), &value), 0);
        CHECK_EQUAL(value.u64, i);
        spin_a_moment(&player->seed);
    }
    return NULL;
}

static void play_threads(struct player *player)
{
    pthread_t threads[THREADS];
    struct player players[THREADS];
    for (unsigned i = 0; i < THREADS; i++) {
        players[i] =
            (struct player){.pool = player->pool, .seed = player->seed + i, .rounds = player->rounds / THREADS};
        CHECK_EQUAL(pthread_create(&threads[i], NULL, hand_in_one_by_one, &players[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++)
        CHECK_EQUAL(pthread_join(threads[i], NULL), 0);
}

static int wait_for_children(void *arg, bide_value *result)
{
    struct player *player = arg;
    unsigned long marks = 0;
    (void)result;
    for (unsigned long i = 1; i <= player->rounds; i++) {
        bide_future *child = hand_in(player, mark, &marks);
        CHECK_EQUAL(bide_future_wait(child, bide_in(1e6)), 0);
        CHECK_EQUAL(marks, i);
        bide_future_release(child);
        spin_a_moment(&player->seed);
    }
    return 0;
}

static int tell(void *arg, bide_value *result)
{
    (void)result;
    atomic_store((atomic_bool *)arg, true);
    return 0;
}

static void compute_until_child_runs(struct player *player)
{
    atomic_store(&player->child_runs, false);
    bide_future *child = hand_in(player, tell, &player->child_runs);
    while (!atomic_load(&player->child_runs))
        sched_yield();
    while (bide_future_state(child) < BIDE_DONE)
        sched_yield();
    CHECK_EQUAL(bide_join(child, NULL), 0);
}

static int compute_for_children(void *arg, bide_value *result)
{
    struct player *player = arg;
    (void)result;
    for (unsigned long i = 0; i < player->rounds; i++) {
        compute_until_child_runs(player);
        spin_a_moment(&player->seed);
    }
    return 0;
}

static int sleep_and_compute_for_children(void *arg, bide_value *result)
{
    struct player *player = arg;
    (void)result;
    gate_pass(&player->begin);
    for (unsigned long i = 0; i < player->rounds; i++) {
        CHECK_EQUAL(bide_sleep((double)(test_random(&player->seed) % 50000) * 1e-9), 0);
        atomic_store(&player->computes, true);
        compute_until_child_runs(player);
        atomic_store(&player->computes, false);
    }
    atomic_store(&player->is_over, true);
    return 0;
}

static void await_end_of_computing(struct player *player)
{
    while (atomic_load(&player->computes))
        sched_yield();
}

/* Each entry is there for a moment only, so that thieves see it and fail to get it. While the other one computes, nobody but
 * the workers that search or sleep is there for its child. */
static int join_children(void *arg, bide_value *result)
{
    struct player *player = arg;
    unsigned long marks = 0;
    (void)result;
    gate_pass(&player->begin);
    for (unsigned long i = 1; !atomic_load(&player->is_over); i++) {
        bide_future *child = NULL;
        CHECK_EQUAL(bide_submit(player->pool, mark, &marks, &child), 0);
        CHECK_EQUAL(bide_join(child, NULL), 0);
        CHECK_EQUAL(marks, i);
        await_end_of_computing(player);
    }
    return 0;
}

static void play_task(struct player *player, bide_task_fn *fn)
{
    bide_future *future = NULL;
    CHECK_EQUAL(bide_submit(player->pool, fn, player, &future), 0);
    CHECK_EQUAL(bide_join(future, NULL), 0);
}

/* A task that holds its worker, and waits with a deadline, needs another one for its child. */
static void play_waiting_task(struct player *player)
{
    if (player->workers > 1 || !test_holds())
        play_task(player, wait_for_children);
}

static void play_computing_task(struct player *player)
{
    if (player->workers > 1)
        play_task(player, compute_for_children);
}

/* A worker that is held by a task that sleeps looks for nothing meanwhile. */
static void play_sleeping_task(struct player *player)
{
    if (player->workers < 3 || test_holds())
        return;
    CHECK_EQUAL(bide_submit(player->pool, join_children, player, NULL), 0);
    CHECK_EQUAL(bide_submit(player->pool, sleep_and_compute_for_children, player, NULL), 0);
    gate_await(&player->begin, 2);
    gate_open(&player->begin);
    CHECK_EQUAL(bide_pool_drain(player->pool, BIDE_FOREVER), 0);
}

static void play_drains(struct player *player)
{
    unsigned long marks = 0;
    for (unsigned long i = 1; i <= player->rounds; i++) {
        bide_future_release(hand_in(player, mark, &marks));
        spin_a_moment(&player->seed);
        CHECK_EQUAL(bide_pool_drain(player->pool, BIDE_FOREVER), 0);
        CHECK_EQUAL(marks, i);
    }
}

static void play(unsigned workers, uint64_t *seed, unsigned long rounds, void (*part)(struct player *player))
{
    struct player player = {.seed = test_random(seed), .rounds = rounds, .workers = workers, .begin = GATE_INIT};
    bide_pool_options options = {.workers = workers, .waiting = test_holds() ? BIDE_HOLD : BIDE_PARK};
    unsigned long marks = 0;
    if (!CHECK_EQUAL(bide_pool_create(&player.pool, &options), 0))
        return;
    part(&player);
    bide_future_release(hand_in(&player, mark, &marks));
    spin_a_moment(seed);
    CHECK_EQUAL(bide_pool_destroy(player.pool), 0);
    CHECK_EQUAL(marks, 1);
}

static void do_nothing(struct player *player)
{
    (void)player;
}

int main(int argc, char **argv)
{
    uint64_t seed = test_seed(argc, argv);
    void (*const parts[])(struct player *) = {play_threads, play_waiting_task, play_computing_task, play_sleeping_task,
                                              play_drains};
    for (unsigned workers = 1; workers <= 4; workers++) {
        for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
            play(workers, &seed, test_scale(3000), parts[i]);
        for (unsigned long i = test_scale(200); i > 0; i--)
            play(workers, &seed, 0, do_nothing);
    }
    return check_failures() != 0;
}
