#include "support/fixture.h"
#include "support/rest.h"

#include <sched.h>
#include <stdatomic.h>
#include <unistd.h>

/* Turns on one worker. Some keep it busy without end, by waits that take no time; somebody else is due, and must have had a
 * turn before long. */

#define PATIENCE 1000 /* turns of those who keep it busy */
#define MANY 32

struct match {
    bide_pool *pool;
    bide_future *promise, *victim;
    bide_completions *listed;
    bide_semaphore permits;
    bide_event set;
    bide_time when;
    int pipe[2], ready[2];
    atomic_bool is_due, ran;
    struct gate begun;
    unsigned turns; /* since then; this and the rest is the worker's */
    unsigned sides;
    bide_future *ball[2];
};

/* May it have another turn? Until somebody is due, the thread that has to make him so may need the processor. */
static bool goes_on(struct match *match)
{
    if (!atomic_load(&match->is_due))
        sched_yield();
    match->turns += atomic_load(&match->is_due);
    return !atomic_load(&match->ran) && match->turns < PATIENCE;
}

/* Who keeps the worker busy */

static int keep_yielding(void *arg, bide_value *result)
{
    struct match *match = arg;
    (void)result;
    gate_arrive(&match->begun);
    while (goes_on(match))
        CHECK_EQUAL(bide_yield(), 0);
    return 0;
}

static int keep_sleeping_for_nothing(void *arg, bide_value *result)
{
    struct match *match = arg;
    (void)result;
    gate_arrive(&match->begun);
    while (goes_on(match))
        CHECK_EQUAL(bide_sleep(1e-9), 0);
    return 0;
}

static int keep_respawning(void *arg, bide_value *result)
{
    struct match *match = arg;
    (void)result;
    gate_arrive(&match->begun);
    return goes_on(match) ? bide_submit(match->pool, keep_respawning, match, NULL) : 0;
}

static int keep_scheduling(void *arg, bide_value *result)
{
    struct match *match = arg;
    (void)result;
    gate_arrive(&match->begun);
    return goes_on(match) ? bide_submit_at(match->pool, bide_clock(), keep_scheduling, match, NULL) : 0;
}

static int return_at_once(void *arg, bide_value *result)
{
    (void)arg, (void)result;
    return 0;
}

static int keep_joining(void *arg, bide_value *result)
{
    struct match *match = arg;
    bide_future *child;
    (void)result;
    gate_arrive(&match->begun);
    while (goes_on(match) && CHECK_EQUAL(bide_submit(match->pool, return_at_once, NULL, &child), 0))
        CHECK_EQUAL(bide_join(child, NULL), 0);
    return 0;
}

/* Wait for the own ball, have a new one ready for the other to throw back, and throw the other's. */
static void play_ball(struct match *match, unsigned side)
{
    CHECK_EQUAL(bide_future_wait(match->ball[side], BIDE_FOREVER), 0);
    bide_future_release(match->ball[side]);
    CHECK_EQUAL(bide_promise_create(&match->ball[side]), 0);
    bide_promise_resolve(match->ball[1 - side], bide_u64(0));
}

static int keep_playing(void *arg, bide_value *result)
{
    struct match *match = arg;
    unsigned side = match->sides++;
    (void)result;
    gate_arrive(&match->begun);
    while (goes_on(match))
        play_ball(match, side);
    bide_promise_resolve(match->ball[1 - side], bide_u64(0));
    return 0;
}

static int keep_waiting_for_what_has_ended(void *arg, bide_value *result)
{
    struct match *match = arg;
    (void)result;
    gate_arrive(&match->begun);
    while (goes_on(match))
        CHECK_EQUAL(bide_future_wait(match->ball[0], BIDE_FOREVER), 0);
    return 0;
}

static int keep_taking_what_has_ended(void *arg, bide_value *result)
{
    struct match *match = arg;
    (void)result;
    gate_arrive(&match->begun);
    while (goes_on(match)) {
        CHECK_EQUAL(bide_completions_add(match->listed, match->ball[0], NULL), 0);
        CHECK_EQUAL(bide_completions_next(match->listed, BIDE_FOREVER, NULL, NULL), 0);
    }
    return 0;
}

static int keep_acquiring(void *arg, bide_value *result)
{
    struct match *match = arg;
    (void)result;
    gate_arrive(&match->begun);
    while (goes_on(match)) {
        CHECK_EQUAL(bide_semaphore_release(&match->permits), 0);
        CHECK_EQUAL(bide_semaphore_acquire(&match->permits, BIDE_FOREVER), 0);
    }
    return 0;
}

static int keep_waiting_for_what_is_set(void *arg, bide_value *result)
{
    struct match *match = arg;
    (void)result;
    gate_arrive(&match->begun);
    CHECK_EQUAL(bide_event_set(&match->set), 0);
    while (goes_on(match))
        CHECK_EQUAL(bide_event_wait(&match->set, BIDE_FOREVER), 0);
    return 0;
}

static int keep_getting(void *arg, bide_value *result)
{
    struct match *match = arg;
    bide_queue queue;
    CHECK_EQUAL(bide_queue_init(&queue, 1, NULL), 0);
    gate_arrive(&match->begun);
    while (goes_on(match)) {
        CHECK_EQUAL(bide_queue_try_put(&queue, bide_i64(0)), 0);
        CHECK_EQUAL(bide_queue_get(&queue, result, BIDE_FOREVER), 0);
    }
    bide_queue_destroy(&queue);
    return 0;
}

static int keep_putting(void *arg, bide_value *result)
{
    struct match *match = arg;
    bide_queue queue;
    CHECK_EQUAL(bide_queue_init(&queue, 1, NULL), 0);
    gate_arrive(&match->begun);
    while (goes_on(match)) {
        CHECK_EQUAL(bide_queue_put(&queue, bide_i64(0), BIDE_FOREVER), 0);
        CHECK_EQUAL(bide_queue_try_get(&queue, result), 0);
    }
    bide_queue_destroy(&queue);
    return 0;
}

static int keep_polling_what_is_ready(void *arg, bide_value *result)
{
    struct match *match = arg;
    struct pollfd polled = {.fd = match->ready[0], .events = POLLIN};
    (void)result;
    gate_arrive(&match->begun);
    while (goes_on(match))
        CHECK_EQUAL(bide_poll(&polled, 1, BIDE_FOREVER, NULL), 0);
    return 0;
}

struct player {
    const char *name;
    bide_task_fn *fn;
    unsigned n;
};

static const struct player players[] = {
    {"one who yields", keep_yielding, 1},
    {"many who yield", keep_yielding, 20},
    {"those who sleep for nothing", keep_sleeping_for_nothing, 3},
    {"those who respawn", keep_respawning, 3},
    {"those who schedule themselves", keep_scheduling, 3},
    {"those who join children", keep_joining, 3},
    {"two who play", keep_playing, 2},
};

static const struct player takers[] = {
    {"one who waits for what has ended", keep_waiting_for_what_has_ended, 1},
    {"those who take what has ended", keep_taking_what_has_ended, 3},
    {"those who acquire what was released", keep_acquiring, 3},
    {"one who waits for what is set", keep_waiting_for_what_is_set, 1},
    {"one who gets", keep_getting, 1},
    {"one who puts", keep_putting, 1},
    {"one who polls what is ready", keep_polling_what_is_ready, 1},
};

/* Who is due */

static int run(void *arg, bide_value *result)
{
    (void)result;
    atomic_store(&((struct match *)arg)->ran, true);
    return 0;
}

static int sleep_and_run(void *arg, bide_value *result)
{
    CHECK_EQUAL(bide_sleep_until(((struct match *)arg)->when), 0);
    return run(arg, result);
}

static int be_late_and_run(void *arg, bide_value *result)
{
    struct match *match = arg;
    CHECK_EQUAL(bide_future_wait(match->promise, match->when), ETIMEDOUT);
    return run(arg, result);
}

static int wait_and_run(void *arg, bide_value *result)
{
    CHECK_EQUAL(bide_future_wait(((struct match *)arg)->promise, BIDE_FOREVER), 0);
    return run(arg, result);
}

static int be_cancelled_and_run(void *arg, bide_value *result)
{
    CHECK_EQUAL(bide_future_wait(((struct match *)arg)->promise, BIDE_FOREVER), ECANCELED);
    return run(arg, result);
}

static int poll_and_run(void *arg, bide_value *result)
{
    struct pollfd polled = {.fd = ((struct match *)arg)->pipe[0], .events = POLLIN};
    CHECK_EQUAL(bide_poll(&polled, 1, BIDE_FOREVER, NULL), 0);
    return run(arg, result);
}

static void submit_victim(struct match *match)
{
    match->victim = submit(match->pool, run, match);
}

static void schedule_victim(struct match *match)
{
    assert_int_equal(bide_submit_at(match->pool, match->when, run, match, &match->victim), 0);
}

static void await_time(struct match *match)
{
    assert_int_equal(bide_sleep_until(match->when), 0);
}

static void resolve(struct match *match)
{
    assert_int_equal(bide_promise_resolve(match->promise, bide_u64(0)), 0);
}

static int resolve_in_task(void *arg, bide_value *result)
{
    (void)result;
    return bide_promise_resolve(((struct match *)arg)->promise, bide_u64(0));
}

static void have_resolved(struct match *match)
{
    assert_int_equal(bide_submit(match->pool, resolve_in_task, match, NULL), 0);
}

static void cancel(struct match *match)
{
    assert_int_equal(bide_future_cancel(match->victim), 0);
}

static void write_to_pipe(struct match *match)
{
    assert_int_equal(write(match->pipe[1], "", 1), 1);
}

static const struct victim {
    const char *name;
    bide_task_fn *parks;                  /* before they begin */
    void (*prepare)(struct match *match); /* the same */
    void (*make_due)(struct match *match);
} victims[] = {
    {.name = "what is queued", .make_due = submit_victim},
    {.name = "what is scheduled", .prepare = schedule_victim, .make_due = await_time},
    {.name = "who sleeps", .parks = sleep_and_run, .make_due = await_time},
    {.name = "who is late", .parks = be_late_and_run, .make_due = await_time},
    {.name = "who is woken by a thread", .parks = wait_and_run, .make_due = resolve},
    {.name = "who is woken by a queued task", .parks = wait_and_run, .make_due = have_resolved},
    {.name = "who is cancelled", .parks = be_cancelled_and_run, .make_due = cancel},
    {.name = "who waits for a descriptor", .parks = poll_and_run, .make_due = write_to_pipe},
};

/* The match */

static void prepare(struct match *match, const struct victim *victim)
{
    match->promise = make_promise();
    match->ball[0] = make_promise();
    match->ball[1] = make_promise();
    assert_int_equal(bide_promise_resolve(match->ball[0], bide_u64(0)), 0);
    assert_int_equal(bide_completions_create(&match->listed), 0);
    assert_int_equal(pipe(match->pipe), 0);
    assert_int_equal(pipe(match->ready), 0);
    assert_int_equal(write(match->ready[1], "", 1), 1);
    match->when = bide_in(0.002);
    if (victim->prepare)
        victim->prepare(match);
    if (victim->parks)
        match->victim = submit(match->pool, victim->parks, match);
    await_rest(match->pool);
}

static void begin(struct match *match, const struct player *player)
{
    for (unsigned i = 0; i < player->n; i++)
        assert_int_equal(bide_submit(match->pool, player->fn, match, NULL), 0);
    gate_await(&match->begun, player->n);
}

static void finish(struct match *match)
{
    assert_int_equal(bide_join(match->victim, NULL), 0);
    assert_int_equal(bide_pool_drain(match->pool, BIDE_FOREVER), 0);
    bide_completions_destroy(match->listed);
    assert_int_equal(close(match->pipe[0]), 0);
    assert_int_equal(close(match->pipe[1]), 0);
    assert_int_equal(close(match->ready[0]), 0);
    assert_int_equal(close(match->ready[1]), 0);
    bide_future_release(match->promise);
    bide_future_release(match->ball[0]);
    bide_future_release(match->ball[1]);
}

static void play(bide_pool *pool, const struct player *player, const struct victim *victim)
{
    struct match match = {.pool = pool};
    prepare(&match, victim);
    begin(&match, player);
    victim->make_due(&match);
    atomic_store(&match.is_due, true);
    finish(&match);
    if (match.turns >= PATIENCE)
        fail_msg("%s kept out %s", player->name, victim->name);
}

static void those_without_end_keep_nobody_out(void **state)
{
    struct fixture *at = *state;
    for (size_t i = 0; i < sizeof players / sizeof *players; i++)
        for (size_t k = 0; k < sizeof victims / sizeof *victims; k++)
            play(at->pool, &players[i], &victims[k]);
}

static void taking_what_is_ready_keeps_nobody_out(void **state)
{
    struct fixture *at = *state;
    for (size_t i = 0; i < sizeof takers / sizeof *takers; i++)
        for (size_t k = 0; k < sizeof victims / sizeof *victims; k++)
            play(at->pool, &takers[i], &victims[k]);
}

static int join_many(void *arg, bide_value *result)
{
    size_t most = seams_memory_live() + PATIENCE;
    (void)result;
    for (int i = 0; i < 5 * PATIENCE && seams_memory_live() < most; i++) {
        bide_future *child;
        if (CHECK_EQUAL(bide_submit(arg, return_at_once, NULL, &child), 0))
            CHECK_EQUAL(bide_join(child, NULL), 0);
    }
    CHECK(seams_memory_live() < most);
    return 0;
}

/* Each is started out of its turn, and what is left of it in the queue has to go. */
static void children_that_are_joined_do_not_pile_up(void **state)
{
    struct fixture *at = *state;
    assert_int_equal(bide_join(submit(at->pool, join_many, at->pool), NULL), 0);
}

/* The order of turns. Plain counters: all run on one worker. */

struct turn {
    struct match *match;
    unsigned expected, step, woke;
    bide_time when;
};

static int take_turns(void *arg, bide_value *result)
{
    struct turn *turn = arg;
    (void)result;
    for (unsigned i = 0; i < 5; i++) {
        CHECK_EQUAL(turn->match->turns++, turn->expected + i * turn->step);
        CHECK_EQUAL(bide_yield(), 0);
    }
    return 0;
}

static void those_who_yield_take_turns(void **state)
{
    struct fixture *at = *state;
    struct gate gate = GATE_INIT;
    struct match match = {.pool = at->pool};
    struct turn turns[MANY];
    occupy(at->pool, 1, &gate);
    for (unsigned i = 0; i < MANY; i++) {
        turns[i] = (struct turn){.match = &match, .expected = i, .step = MANY};
        assert_int_equal(bide_submit(at->pool, take_turns, &turns[i], NULL), 0);
    }
    vacate(at->pool, &gate);
    assert_int_equal(match.turns, 5 * MANY);
}

static int wait_or_sleep(void *arg, bide_value *result)
{
    struct turn *turn = arg;
    (void)result;
    int error = turn->expected % 2 ? bide_sleep_until(turn->when) : bide_future_wait(turn->match->promise, turn->when);
    CHECK(error == 0 || error == ECANCELED);
    turn->match->turns++;
    return 0;
}

static int yield_behind_all(void *arg, bide_value *result)
{
    struct match *match = arg;
    (void)result;
    gate_pass(&match->begun);
    CHECK_EQUAL(bide_promise_resolve(match->promise, bide_u64(0)), 0);
    CHECK_EQUAL(bide_yield(), 0);
    CHECK_EQUAL(match->turns, MANY);
    return 0;
}

/* Some were made ready by the one that yields, some by a thread, some by their deadline. */
static void who_yields_goes_behind_all_that_are_ready(void **state)
{
    struct fixture *at = *state;
    struct match match = {.pool = at->pool, .promise = make_promise()};
    struct turn turns[MANY];
    bide_future *futures[MANY];
    bide_time soon = bide_in(0.02);
    for (unsigned i = 0; i < MANY; i++) {
        turns[i] = (struct turn){.match = &match, .expected = i, .when = i % 4 == 1 ? soon : BIDE_FOREVER};
        futures[i] = submit(at->pool, wait_or_sleep, &turns[i]);
    }
    bide_future *last = submit(at->pool, yield_behind_all, &match);
    gate_await(&match.begun, 1);
    for (unsigned i = 3; i < MANY; i += 4)
        assert_int_equal(bide_future_cancel(futures[i]), 0);
    assert_int_equal(bide_sleep_until(soon), 0);
    gate_open(&match.begun);
    assert_int_equal(bide_join(last, NULL), 0);
    for (unsigned i = 0; i < MANY; i++)
        assert_int_equal(bide_join(futures[i], NULL), 0);
    bide_future_release(match.promise);
}

static int sleep_in_turn(void *arg, bide_value *result)
{
    struct turn *turn = arg;
    (void)result;
    CHECK_EQUAL(bide_sleep_until(turn->when), 0);
    CHECK(bide_clock() >= turn->when);
    turn->woke = turn->match->turns++;
    return 0;
}

static int look_at_clock(void *arg, bide_value *result)
{
    (void)result;
    *(bide_time *)arg = bide_clock();
    return 0;
}

/* false: not all were asleep before the first was to wake; they were when the last task starts. */
static bool sleep_in_turns(bide_pool *pool, bide_time step, double lead)
{
    struct gate gate = GATE_INIT;
    struct match match = {.pool = pool};
    struct turn turns[MANY];
    bide_time first = bide_in(lead), all_asleep;
    occupy(pool, 1, &gate);
    for (unsigned i = 0; i < MANY; i++) {
        unsigned place = step ? i * 5 % MANY : i;
        turns[i] = (struct turn){.match = &match, .expected = place, .when = first + step * place};
        assert_int_equal(bide_submit(pool, sleep_in_turn, &turns[i], NULL), 0);
    }
    assert_int_equal(bide_submit(pool, look_at_clock, &all_asleep, NULL), 0);
    vacate(pool, &gate);
    for (unsigned i = 0; i < MANY && all_asleep < first; i++)
        assert_int_equal(turns[i].woke, turns[i].expected);
    return all_asleep < first;
}

static void sleep_in_turns_once_in_time(bide_pool *pool, bide_time step)
{
    for (double lead = 0.005; !sleep_in_turns(pool, step, lead); lead *= 2)
        ;
}

static void those_who_sleep_until_one_time_wake_in_the_order_of_falling_asleep(void **state)
{
    struct fixture *at = *state;
    sleep_in_turns_once_in_time(at->pool, 0);
}

static void those_who_sleep_wake_in_the_order_of_their_times(void **state)
{
    struct fixture *at = *state;
    sleep_in_turns_once_in_time(at->pool, 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_ONE_WORKER(those_who_yield_take_turns),
        ON_ONE_WORKER(who_yields_goes_behind_all_that_are_ready),
        ON_ONE_WORKER(those_who_sleep_until_one_time_wake_in_the_order_of_falling_asleep),
        ON_ONE_WORKER(those_who_sleep_wake_in_the_order_of_their_times),
        ON_ONE_WORKER(those_without_end_keep_nobody_out),
        ON_ONE_WORKER(children_that_are_joined_do_not_pile_up),
        ON_ONE_WORKER(taking_what_is_ready_keeps_nobody_out),
    };
    return cmocka_run_group_tests(tests, fixture_begin, NULL);
}
