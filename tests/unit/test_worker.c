/* Whom a worker goes on with, of those that are ready and those that are queued. */
#include "support/fixture.h"

#include <math.h>

enum { HANDINGS = 130, FEW = 3 }; /* a worker looks at the queue every so many switches: more than two of its rounds */

/* How another thread makes a parked task ready. */
struct waking {
    int (*wait)(bide_future *promise);
    int expected;
    int (*wake)(bide_future *promise, bide_future *sleeper);
};

static int wait_for(bide_future *promise)
{
    return bide_future_wait(promise, BIDE_FOREVER);
}

static int wait_long_for(bide_future *promise)
{
    return bide_future_wait(promise, bide_in(1e6));
}

static int sleep_on(bide_future *promise)
{
    (void)promise;
    return bide_sleep(INFINITY);
}

static int keep_promise(bide_future *promise, bide_future *sleeper)
{
    (void)sleeper;
    return bide_promise_resolve(promise, bide_u64(0));
}

static int cancel(bide_future *promise, bide_future *sleeper)
{
    (void)promise;
    return bide_future_cancel(sleeper);
}

static const struct waking wakings[] = {
    {wait_for, 0, keep_promise},
    {wait_long_for, 0, keep_promise},
    {wait_for, ECANCELED, cancel},
    {sleep_on, ECANCELED, cancel},
};

#define WAKINGS (sizeof wakings / sizeof *wakings)

/* Plain: all on one worker, and the test's own thread only while that stands at the gate, or has ended. */
struct scene {
    const struct waking *waking;
    bide_future *promise, *sleeper;
    struct gate gate;
    bool awake, others_see_it;
    bide_mutex mutex;
    bide_cond changed;
    unsigned turn, handed, gate_at, handed_at_gate, handed_before;
};

static int sleep_and_tell(void *arg, bide_value *result)
{
    struct scene *scene = arg;
    (void)result;
    CHECK_EQUAL(scene->waking->wait(scene->promise), scene->waking->expected);
    scene->handed_before = scene->handed - scene->handed_at_gate;
    scene->awake = true;
    return 0;
}

static int look_who_is_awake(void *arg, bide_value *result)
{
    struct scene *scene = arg;
    (void)result;
    scene->others_see_it = scene->awake;
    return 0;
}

static void begin(struct scene *scene, bide_pool *pool, const struct waking *waking)
{
    *scene = (struct scene){.waking = waking, .promise = make_promise(), .gate = GATE_INIT};
    scene->sleeper = submit(pool, sleep_and_tell, scene);
}

/* While a task stands at the gate, and so after the sleeper has parked. */
static void wake(struct scene *scene)
{
    assert_int_equal(scene->waking->wake(scene->promise, scene->sleeper), 0);
    gate_open(&scene->gate);
}

static void end(struct scene *scene)
{
    assert_int_equal(bide_join(scene->sleeper, NULL), 0);
    bide_future_release(scene->promise);
}

static void what_another_thread_made_ready_comes_before_what_is_queued(void **state)
{
    struct fixture *at = *state;
    for (size_t i = 0; i < WAKINGS; i++) {
        struct scene scene;
        begin(&scene, at->pool, &wakings[i]);
        occupy(at->pool, 1, &scene.gate);
        assert_int_equal(bide_submit(at->pool, look_who_is_awake, &scene, NULL), 0);
        wake(&scene);
        assert_int_equal(bide_pool_drain(at->pool, BIDE_FOREVER), 0);
        assert_true(scene.others_see_it);
        end(&scene);
    }
}

/* Two such are never both parked for long: each makes the other one ready before it waits. */
static void hand_over(struct scene *scene, unsigned self)
{
    while (scene->turn != self && !scene->awake)
        CHECK_EQUAL(bide_cond_wait(&scene->changed, &scene->mutex, BIDE_FOREVER), 0);
    if (++scene->handed == scene->gate_at) {
        scene->handed_at_gate = scene->handed;
        gate_pass(&scene->gate);
    }
    scene->turn = !self;
    bide_cond_broadcast(&scene->changed);
}

static int hand_over_until_awake(struct scene *scene, unsigned self)
{
    CHECK_EQUAL(bide_mutex_lock(&scene->mutex), 0);
    while (!scene->awake)
        hand_over(scene, self);
    bide_cond_broadcast(&scene->changed);
    CHECK_EQUAL(bide_mutex_unlock(&scene->mutex), 0);
    return 0;
}

static int ping(void *scene, bide_value *result)
{
    (void)result;
    return hand_over_until_awake(scene, 0);
}

static int pong(void *scene, bide_value *result)
{
    (void)result;
    return hand_over_until_awake(scene, 1);
}

static void wake_amid_handings(bide_pool *pool, const struct waking *waking, unsigned gate_at)
{
    struct scene scene;
    begin(&scene, pool, waking);
    scene.gate_at = gate_at;
    assert_int_equal(bide_submit(pool, ping, &scene, NULL), 0);
    assert_int_equal(bide_submit(pool, pong, &scene, NULL), 0);
    gate_await(&scene.gate, 1);
    wake(&scene);
    assert_int_equal(bide_pool_drain(pool, BIDE_FOREVER), 0);
    assert_in_range(scene.handed_before, 0, FEW);
    end(&scene);
}

static void what_another_thread_made_ready_goes_on_among_those_that_are(void **state)
{
    struct fixture *at = *state;
    for (size_t i = 0; i < WAKINGS; i++)
        for (unsigned gate_at = 1; gate_at <= HANDINGS; gate_at++)
            wake_amid_handings(at->pool, &wakings[i], gate_at);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_ONE_WORKER(what_another_thread_made_ready_comes_before_what_is_queued),
        ON_ONE_WORKER(what_another_thread_made_ready_goes_on_among_those_that_are),
    };
    return cmocka_run_group_tests(tests, fixture_begin, NULL);
}
