/* What the waits for all primitives have in common, proved for each of them by its own test program. */
#ifndef SUPPORT_PRIMITIVE_H
#define SUPPORT_PRIMITIVE_H

#include "support/asleep.h"

struct primitive {
    void (*make)(void *thing, bool ready); /* so that the first wait for it is ready, or is not */
    int (*wait)(void *thing, bide_time deadline);
    int (*satisfy)(void *thing); /* make ready what one waits for */
};

/* One that waits for a thing once, and tells how that ended, and the wait after it. */
struct visit {
    const struct primitive *primitive;
    bide_time deadline;
    void *thing;
    struct gate gate; /* passed before */
    struct sleeper sleeper;
    bool never_early;
    int error, next;
};

/* The one thing that there is at a time; not on a stack, where drd remembers what its place was. */
static uintptr_t visited[8];

static inline struct visit visit_of(const struct primitive *primitive, bool ready, bide_time deadline)
{
    struct visit visit = {.primitive = primitive,
                          .deadline = deadline,
                          .thing = visited,
                          .gate = {0, true},
                          .sleeper = SLEEPER_INIT,
                          .error = -1,
                          .next = -1};
    primitive->make(visit.thing, ready);
    return visit;
}

static inline int pay_visit(void *arg)
{
    struct visit *visit = arg;
    gate_pass(&visit->gate);
    sleeper_goes(&visit->sleeper);
    visit->error = visit->primitive->wait(visit->thing, visit->deadline);
    visit->never_early = bide_clock() >= visit->deadline;
    visit->next = bide_yield();
    return 0;
}

static inline int pay_visit_as_task(void *visit, bide_value *result)
{
    (void)result;
    return pay_visit(visit);
}

static inline void is_never_early(struct fixture *at, const struct primitive *primitive)
{
    struct caller caller;
    struct visit visit = visit_of(primitive, false, bide_in(0.01));
    caller_start(&caller, pay_visit, &visit);
    assert_int_equal(caller_end(&caller), 0);
    assert_int_equal(visit.error, ETIMEDOUT);
    assert_true(visit.never_early);
    visit = visit_of(primitive, false, bide_in(0.01));
    assert_int_equal(bide_join(submit(at->pool, pay_visit_as_task, &visit), NULL), 0);
    assert_int_equal(visit.error, ETIMEDOUT);
    assert_true(visit.never_early);
}

static inline void ends_when_asked_to_stop(struct fixture *at, const struct primitive *primitive)
{
    for (int i = 0; i < 2; i++) {
        struct visit visit = visit_of(primitive, false, i ? bide_in(1e6) : BIDE_FOREVER);
        bide_future *task = submit(at->pool, pay_visit_as_task, &visit);
        sleeper_await(&visit.sleeper);
        assert_int_equal(bide_future_cancel(task), 0);
        assert_int_equal(bide_join(task, NULL), 0);
        assert_int_equal(visit.error, ECANCELED);
        assert_int_equal(visit.next, 0);
    }
}

/* Asked before it waits: told at once, unless it is ready; also who only polls is told. */
static inline void tells_of_a_request_unless_ready(struct fixture *at, const struct primitive *primitive)
{
    static const bide_time deadlines[] = {BIDE_FOREVER, BIDE_FOREVER - 1, BIDE_NOW};
    for (int i = 0; i < 6; i++) {
        bool ready = i % 2;
        struct visit visit = visit_of(primitive, ready, deadlines[i / 2]);
        visit.gate.open = false;
        bide_future *task = submit(at->pool, pay_visit_as_task, &visit);
        gate_await(&visit.gate, 1);
        assert_int_equal(bide_future_cancel(task), 0);
        gate_open(&visit.gate);
        assert_int_equal(bide_join(task, NULL), 0);
        assert_int_equal(visit.error, ready ? 0 : ECANCELED);
        assert_int_equal(visit.next, ready ? ECANCELED : 0);
    }
}

/* A worker that parks, and is busy: what its waiting task is told meanwhile has come in one instant, for that task. */
struct busy {
    bide_pool *pool;
    struct gate neighbour;
    bide_future *task;
};

static inline void make_busy(struct busy *busy, bide_task_fn *fn, void *arg, struct sleeper *sleeper)
{
    *busy = (struct busy){.neighbour = GATE_INIT};
    assert_int_equal(bide_pool_create(&busy->pool, &(bide_pool_options){.workers = 1, .waiting = BIDE_PARK}), 0);
    busy->task = submit(busy->pool, fn, arg);
    sleeper_await(sleeper);
    occupy(busy->pool, 1, &busy->neighbour);
}

static inline void make_idle(struct busy *busy)
{
    gate_open(&busy->neighbour);
    assert_int_equal(bide_join(busy->task, NULL), 0);
    end_pool(busy->pool);
}

static inline void prefers_ready_in_the_same_instant(const struct primitive *primitive)
{
    for (int i = 0; i < 2; i++) {
        struct busy busy;
        struct visit visit = visit_of(primitive, false, i ? bide_in(1e6) : BIDE_FOREVER);
        make_busy(&busy, pay_visit_as_task, &visit, &visit.sleeper);
        if (i)
            assert_int_equal(primitive->satisfy(visit.thing), 0);
        assert_int_equal(bide_future_cancel(busy.task), 0);
        if (!i)
            assert_int_equal(primitive->satisfy(visit.thing), 0);
        make_idle(&busy);
        assert_int_equal(visit.error, 0);
        assert_int_equal(visit.next, ECANCELED);
    }
}

static inline void visit_in_callback(bide_future *future, void *ctx)
{
    struct visit *visit = ctx;
    (void)future;
    CHECK_EQUAL(visit->primitive->wait(visit->thing, BIDE_FOREVER), EDEADLK);
    CHECK_EQUAL(visit->primitive->wait(visit->thing, bide_in(1e6)), EDEADLK);
    CHECK_EQUAL(visit->primitive->wait(visit->thing, BIDE_NOW), ETIMEDOUT);
    visit->primitive->make(visit->thing, true);
    CHECK_EQUAL(visit->primitive->wait(visit->thing, BIDE_FOREVER), 0);
}

static inline int settle_promise(void *promise, bide_value *result)
{
    (void)result;
    return bide_promise_resolve(promise, bide_u64(0));
}

static inline void does_not_wait_in_a_callback(struct fixture *at, const struct primitive *primitive)
{
    struct visit visit = visit_of(primitive, false, BIDE_FOREVER);
    bide_future *promise = make_promise();
    assert_int_equal(bide_future_on_done(promise, visit_in_callback, &visit), 0);
    assert_int_equal(bide_join(submit(at->pool, settle_promise, promise), NULL), 0);
    bide_future_release(promise);
}

static inline void visit_in_child(void *arg)
{
    struct visit *visit = arg;
    CHECK_EQUAL(visit->primitive->wait(visit->thing, BIDE_FOREVER), 0);
    visit->primitive->make(visit->thing, false);
    CHECK_EQUAL(visit->primitive->wait(visit->thing, BIDE_NOW), ETIMEDOUT);
}

static inline void has_a_copy_in_a_child(const struct primitive *primitive)
{
    struct visit visit = visit_of(primitive, true, BIDE_FOREVER);
    check_in_child_process(visit_in_child, &visit);
    assert_int_equal(primitive->wait(visit.thing, BIDE_FOREVER), 0);
}

#define WITH_PRIMITIVE(primitive)                                                                                      \
    static void is_late_never_early(void **state)                                                                      \
    {                                                                                                                  \
        is_never_early(*state, &(primitive));                                                                          \
    }                                                                                                                  \
    static void ends_a_wait_when_asked_to_stop(void **state)                                                           \
    {                                                                                                                  \
        ends_when_asked_to_stop(*state, &(primitive));                                                                 \
    }                                                                                                                  \
    static void tells_of_a_request_made_before_unless_ready(void **state)                                              \
    {                                                                                                                  \
        tells_of_a_request_unless_ready(*state, &(primitive));                                                         \
    }                                                                                                                  \
    static void is_ready_for_who_is_asked_to_stop_in_the_same_instant(void **state)                                    \
    {                                                                                                                  \
        (void)state;                                                                                                   \
        prefers_ready_in_the_same_instant(&(primitive));                                                               \
    }                                                                                                                  \
    static void does_not_wait_in_callbacks(void **state)                                                               \
    {                                                                                                                  \
        does_not_wait_in_a_callback(*state, &(primitive));                                                             \
    }

/* For what is memory, and nothing else. */
#define WITH_COPIED_PRIMITIVE(primitive)                                                                               \
    WITH_PRIMITIVE(primitive)                                                                                          \
    static void is_a_copy_in_a_child_process(void **state)                                                             \
    {                                                                                                                  \
        (void)state;                                                                                                   \
        has_a_copy_in_a_child(&(primitive));                                                                           \
    }

#define PRIMITIVE_TESTS                                                                                                \
    ON_POOLS(is_late_never_early), ON_POOLS(ends_a_wait_when_asked_to_stop),                                           \
        ON_POOLS(tells_of_a_request_made_before_unless_ready),                                                         \
        ALONE(is_ready_for_who_is_asked_to_stop_in_the_same_instant), ON_ONE_WORKER(does_not_wait_in_callbacks)

#define COPIED_PRIMITIVE_TESTS PRIMITIVE_TESTS, ALONE(is_a_copy_in_a_child_process)

#endif
