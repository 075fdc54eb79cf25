#include "support/fixture.h"
#include "support/rest.h"

/* A task waits. A neighbour computes on the same worker, or nobody does; another task keeps the pool's other worker. Something
 * ends the wait. The waiter goes on when its neighbour next yields, waits or ends, or at once where there is none. */

enum end { CANCEL, READY, DEADLINE };
enum by { A_THREAD, ANOTHER_WORKER, ITS_NEIGHBOUR };
enum way { YIELDS, WAITS, ENDS, NOBODY };

static const char *const end_names[] = {"a cancel", "its being ready", "its deadline"};
static const char *const by_names[] = {"a thread", "another worker", "its neighbour"};
static const char *const way_names[] = {"it yields", "it waits", "it ends", "there is none"};

struct scene;

struct kind {
    const char *name;
    int (*wait)(struct scene *scene, bide_time deadline);
    void (*settle)(struct scene *scene); /* what it waits for becomes ready */
    void (*prepare)(struct scene *scene);
    bool settled_by_thread_only, hands_over, does_not_park;
};

struct scene {
    const struct kind *kind;
    enum end end;
    enum by by;
    enum way way;
    bide_time deadline;

    bide_pool *pool;
    bide_future *waiter, *neighbour, *other;
    struct gate begin, neighbour_cue, other_cue, other_acted, over;
    int worker; /* the waiter's */
    bool is_back;
    bide_future *back; /* a promise of the waiter's */

    bide_future *promise, *child, *running;
    struct gate child_started, busy_gate;
    bide_completions *listed;
    bide_mutex locked, own;
    bide_cond cond;
    bide_pool *busy; /* its worker stands at the gate, its queue is full */
};

/* What a task can wait for */

static int wait_sleeping(struct scene *scene, bide_time deadline)
{
    (void)scene;
    int error = bide_sleep_until(deadline);
    return error ? error : ETIMEDOUT;
}

static int wait_for_promise(struct scene *scene, bide_time deadline)
{
    return bide_future_wait(scene->promise, deadline);
}

static int wait_or_cancel_promise(struct scene *scene, bide_time deadline)
{
    return bide_future_wait_or_cancel(scene->promise, deadline);
}

static int wait_for_end_of_any(struct scene *scene, bide_time deadline)
{
    return bide_completions_next(scene->listed, deadline, NULL, NULL);
}

static void resolve(struct scene *scene)
{
    CHECK_EQUAL(bide_promise_resolve(scene->promise, bide_u64(1)), 0);
}

static int wait_for_running(struct scene *scene, bide_time deadline)
{
    return bide_future_wait(scene->running, deadline);
}

static int wait_for_drain(struct scene *scene, bide_time deadline)
{
    return bide_pool_drain(scene->busy, deadline);
}

static int wait_for_room(struct scene *scene, bide_time deadline)
{
    return bide_submit_until(scene->busy, stand_at, &scene->busy_gate, deadline, NULL);
}

static void let_busy_rest(struct scene *scene)
{
    gate_open(&scene->busy_gate);
    await_rest(scene->busy);
}

static int be_child(void *arg, bide_value *result)
{
    struct scene *scene = arg;
    (void)result;
    gate_arrive(&scene->child_started);
    return bide_future_wait(scene->promise, BIDE_FOREVER);
}

static void have_child(struct scene *scene)
{
    CHECK_EQUAL(bide_submit(scene->pool, be_child, scene, &scene->child), 0);
}

static void have_parked_child(struct scene *scene)
{
    have_child(scene);
    while (!gate_arrived(&scene->child_started))
        bide_yield();
}

static int wait_for_parked_child(struct scene *scene, bide_time deadline)
{
    return bide_future_wait(scene->child, deadline);
}

static int wait_for_new_child(struct scene *scene, bide_time deadline)
{
    have_child(scene);
    return bide_future_wait(scene->child, deadline);
}

static void cancel_child(struct scene *scene)
{
    CHECK_EQUAL(bide_future_cancel(scene->child), 0);
}

static int wait_for_mutex(struct scene *scene, bide_time deadline)
{
    int error = bide_mutex_lock_until(&scene->locked, deadline);
    return error ? error : bide_mutex_unlock(&scene->locked);
}

static void unlock(struct scene *scene)
{
    CHECK_EQUAL(bide_mutex_unlock(&scene->locked), 0);
}

static int wait_for_signal(struct scene *scene, bide_time deadline)
{
    CHECK_EQUAL(bide_mutex_lock(&scene->own), 0);
    int error = bide_cond_wait(&scene->cond, &scene->own, deadline);
    CHECK_EQUAL(bide_mutex_unlock(&scene->own), 0);
    return error;
}

static void signal_once(struct scene *scene)
{
    CHECK_EQUAL(bide_mutex_lock(&scene->own), 0);
    CHECK_EQUAL(bide_cond_signal(&scene->cond), 0);
    CHECK_EQUAL(bide_mutex_unlock(&scene->own), 0);
}

static int wait_by_yielding(struct scene *scene, bide_time deadline)
{
    (void)scene, (void)deadline;
    return bide_yield();
}

static int be_neighbour(void *arg, bide_value *result);

static int wait_for_neighbour(struct scene *scene, bide_time deadline)
{
    CHECK_EQUAL(bide_submit(scene->pool, be_neighbour, scene, &scene->neighbour), 0);
    return bide_future_wait(scene->neighbour, deadline);
}

static const struct kind kinds[] = {
    {.name = "sleep", .wait = wait_sleeping},
    {.name = "wait for a promise", .wait = wait_for_promise, .settle = resolve},
    {.name = "wait for or cancel a promise", .wait = wait_or_cancel_promise, .settle = resolve},
    {.name = "wait for the end of any", .wait = wait_for_end_of_any, .settle = resolve},
    {.name = "wait for a task that runs elsewhere", .wait = wait_for_running, .settle = let_busy_rest},
    {.name = "wait for a task that is parked beside it",
     .wait = wait_for_parked_child,
     .settle = cancel_child,
     .prepare = have_parked_child},
    {.name = "wait for a task that has not started", .wait = wait_for_new_child, .settle = cancel_child},
    {.name = "wait for a task that starts next", .wait = wait_for_neighbour, .hands_over = true},
    {.name = "wait for a mutex", .wait = wait_for_mutex, .settle = unlock, .settled_by_thread_only = true},
    {.name = "wait for a signal", .wait = wait_for_signal, .settle = signal_once},
    {.name = "wait for room", .wait = wait_for_room, .settle = let_busy_rest},
    {.name = "wait for another pool to drain", .wait = wait_for_drain, .settle = let_busy_rest},
    {.name = "yield", .wait = wait_by_yielding, .does_not_park = true},
};

/* Where the neighbour is what is waited for: its end is what makes the waiter ready. */
static bool hands_over_playably(const struct scene *scene)
{
    return scene->deadline == BIDE_FOREVER && (scene->end == CANCEL  ? scene->way == YIELDS || scene->way == WAITS
                                               : scene->end == READY ? scene->by == ITS_NEIGHBOUR && scene->way == ENDS
                                                                     : false);
}

/* Does the scene make sense? A deadline comes from nobody, so it is played once. */
static bool is_playable(const struct scene *scene)
{
    const struct kind *kind = scene->kind;
    if (scene->by == ITS_NEIGHBOUR && scene->way == NOBODY)
        return false;
    if (kind->hands_over)
        return hands_over_playably(scene);
    if (kind->does_not_park)
        return scene->end == CANCEL && scene->way != NOBODY;
    if (scene->end == DEADLINE)
        return scene->by == A_THREAD;
    return scene->end == CANCEL || (kind->settle && (scene->by == A_THREAD || !kind->settled_by_thread_only));
}

/* The players */

static void act(struct scene *scene)
{
    if (scene->end == CANCEL)
        CHECK_EQUAL(bide_future_cancel(scene->waiter), 0);
    else if (scene->end == READY && scene->kind->settle)
        scene->kind->settle(scene);
}

static int be_other(void *arg, bide_value *result)
{
    struct scene *scene = arg;
    (void)result;
    gate_pass(&scene->other_cue);
    act(scene);
    gate_arrive(&scene->other_acted);
    gate_pass(&scene->over);
    return 0;
}

static int be_waiter(void *arg, bide_value *result)
{
    struct scene *scene = arg;
    const int expected[] = {ECANCELED, 0, ETIMEDOUT};
    (void)result;
    scene->worker = bide_worker_index();
    if (scene->kind->prepare)
        scene->kind->prepare(scene);
    gate_pass(&scene->begin);
    if (scene->end == DEADLINE)
        scene->deadline = bide_in(0.002);
    CHECK_EQUAL(scene->kind->wait(scene, scene->deadline), expected[scene->end]);
    CHECK_EQUAL(bide_worker_index(), scene->worker);
    scene->is_back = true;
    CHECK_EQUAL(bide_promise_resolve(scene->back, bide_u64(0)), 0);
    return 0;
}

/* Where a child that has started must end first, that one has to be given way too. */
static void yield_for(struct scene *scene)
{
    bool through_child = scene->end == READY && scene->child && bide_future_state(scene->child) == BIDE_RUNNING;
    CHECK_EQUAL(bide_yield(), 0);
    if (through_child)
        CHECK_EQUAL(bide_yield(), 0);
    CHECK(scene->is_back);
}

static int be_neighbour(void *arg, bide_value *result)
{
    struct scene *scene = arg;
    (void)result;
    CHECK_EQUAL(bide_worker_index(), scene->worker);
    gate_pass(&scene->neighbour_cue);
    if (scene->by == ITS_NEIGHBOUR)
        act(scene);
    CHECK(!scene->is_back || scene->end == DEADLINE);
    if (scene->way == YIELDS)
        yield_for(scene);
    else if (scene->way == WAITS)
        CHECK_EQUAL(bide_future_wait(scene->back, BIDE_FOREVER), 0);
    return 0;
}

/* The play */

static void set_stage(struct scene *scene)
{
    scene->back = make_promise();
    scene->promise = make_promise();
    assert_int_equal(bide_completions_create(&scene->listed), 0);
    assert_int_equal(bide_completions_add(scene->listed, scene->promise, NULL), 0);
    assert_int_equal(bide_mutex_lock(&scene->locked), 0);
    scene->busy = make_pool_with(&(bide_pool_options){.workers = 1, .max_pending = 1});
    scene->running = submit(scene->busy, stand_at, &scene->busy_gate);
    gate_await(&scene->busy_gate, 1);
    assert_int_equal(bide_submit(scene->busy, stand_at, &scene->busy_gate, NULL), 0);
}

static void await_waiting(struct scene *scene)
{
    if (scene->way == NOBODY)
        await_rest_of(scene->pool, (unsigned)scene->worker);
    else
        gate_await(&scene->neighbour_cue, 1);
}

static void enter(struct scene *scene)
{
    scene->other = submit(scene->pool, be_other, scene);
    gate_await(&scene->other_cue, 1);
    scene->waiter = submit(scene->pool, be_waiter, scene);
    gate_await(&scene->begin, 1);
    if (scene->way != NOBODY && !scene->kind->hands_over)
        scene->neighbour = submit(scene->pool, be_neighbour, scene);
    gate_open(&scene->begin);
    await_waiting(scene);
}

static void end_wait(struct scene *scene)
{
    if (scene->end == DEADLINE) {
        assert_int_equal(bide_sleep_until(scene->deadline), 0);
    } else if (scene->by == ANOTHER_WORKER) {
        gate_open(&scene->other_cue);
        gate_await(&scene->other_acted, 1);
    } else if (scene->by == A_THREAD) {
        act(scene);
    }
    gate_open(&scene->neighbour_cue);
}

static void leave(struct scene *scene)
{
    assert_int_equal(bide_join(scene->waiter, NULL), 0);
    if (scene->neighbour)
        assert_int_equal(bide_join(scene->neighbour, NULL), 0);
    scene->end = DEADLINE; /* nothing to do any more for the other one */
    gate_open(&scene->other_cue);
    gate_open(&scene->over);
    assert_int_equal(bide_join(scene->other, NULL), 0);
    bide_promise_resolve(scene->promise, bide_u64(0));
    if (scene->child)
        bide_join(scene->child, NULL);
}

/* What was waited for is as good as before. */
static void strike(struct scene *scene)
{
    int error = bide_completions_next(scene->listed, BIDE_NOW, NULL, NULL);
    assert_true(error == 0 || (error == ENOENT && scene->kind->wait == wait_for_end_of_any));
    bide_completions_destroy(scene->listed);
    bide_mutex_unlock(&scene->locked);
    assert_int_equal(bide_mutex_try(&scene->locked), 0);
    assert_int_equal(bide_mutex_try(&scene->own), 0);
    vacate(scene->busy, &scene->busy_gate);
    end_pool(scene->busy);
    bide_future_release(scene->running);
    bide_future_release(scene->promise);
    bide_future_release(scene->back);
}

/* Slow tools see every fifth. */
static bool is_played(const struct scene *scene)
{
    static unsigned long scenes;
    return is_playable(scene) && (test_scale(5) >= 5 || scenes++ % 5 == 0);
}

static void play(const struct scene *plot)
{
    struct scene scene = *plot;
    if (!is_played(&scene))
        return;
    set_stage(&scene);
    enter(&scene);
    end_wait(&scene);
    leave(&scene);
    strike(&scene);
    if (check_failures())
        fail_msg("%s, ended by %s, from %s; the neighbour: %s", plot->kind->name, end_names[plot->end],
                 by_names[plot->by], way_names[plot->way]);
}

static void play_each(bide_pool *pool, enum end end, enum way way)
{
    const bide_time deadlines[] = {BIDE_FOREVER, bide_in(3600)};
    for (size_t kind = 0; kind < sizeof kinds / sizeof *kinds; kind++)
        for (enum by by = A_THREAD; by <= ITS_NEIGHBOUR; by++)
            for (int i = 0; i < (end == DEADLINE ? 1 : 2); i++)
                play(&(struct scene){
                    .kind = &kinds[kind], .end = end, .by = by, .way = way, .deadline = deadlines[i], .pool = pool});
}

static void a_cancelled_waiter_goes_on_when_its_neighbour_gives_way(void **state)
{
    struct fixture *at = *state;
    for (enum way way = YIELDS; way <= ENDS; way++)
        play_each(at->pool, CANCEL, way);
}

static void a_ready_waiter_goes_on_when_its_neighbour_gives_way(void **state)
{
    struct fixture *at = *state;
    for (enum way way = YIELDS; way <= ENDS; way++)
        play_each(at->pool, READY, way);
}

static void a_late_waiter_goes_on_when_its_neighbour_gives_way(void **state)
{
    struct fixture *at = *state;
    for (enum way way = YIELDS; way <= ENDS; way++)
        play_each(at->pool, DEADLINE, way);
}

static void without_a_neighbour_a_waiter_goes_on_at_once(void **state)
{
    struct fixture *at = *state;
    for (enum end end = CANCEL; end <= DEADLINE; end++)
        play_each(at->pool, end, NOBODY);
}

#define ON_TWO_WORKERS(test) FIXTURE_ENTRY(test, #test " on 2 workers", 2)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_TWO_WORKERS(a_cancelled_waiter_goes_on_when_its_neighbour_gives_way),
        ON_TWO_WORKERS(a_ready_waiter_goes_on_when_its_neighbour_gives_way),
        ON_TWO_WORKERS(a_late_waiter_goes_on_when_its_neighbour_gives_way),
        ON_TWO_WORKERS(without_a_neighbour_a_waiter_goes_on_at_once),
    };
    return cmocka_run_group_tests(tests, fixture_begin, NULL);
}
