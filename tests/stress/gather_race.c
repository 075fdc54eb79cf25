/* Two tasks and a thread wait for some of the promises that two other tasks end, while one of them is asked to stop and all
 * of them are late now and then. Hunted: a settler that touches a wait that has returned (the stack where it lay is used at
 * once), a wait that is not told (the program hangs), or is told what is not so, and a request that is lost, or told twice. */
#include "support/check.h"

#include <bide/bide.h>

#include <errno.h>
#include <sched.h>
#include <stdatomic.h>

enum { MOST = 12, TASKS = 2 };

struct race {
    bide_future *promises[MOST];
    size_t n;
    bide_future *victim; /* that is asked to stop */
    atomic_bool begun, asked;
};

struct part {
    struct race *race;
    uint64_t seed;
    bool may_be_asked;
    unsigned told;
};

static bool has_ended(const bide_future *future)
{
    return bide_future_state(future) >= BIDE_DONE;
}

static bool has_failed(const bide_future *future)
{
    return bide_future_state(future) == BIDE_FAILED;
}

/* Where the wait lay. */
static __attribute__((noinline)) void use_stack(void)
{
    volatile unsigned char frame[1536];
    for (size_t i = 0; i < sizeof frame; i++)
        frame[i] = (unsigned char)(i * 7);
    sched_yield();
    for (size_t i = 0; i < sizeof frame; i++)
        CHECK_EQUAL(frame[i], (unsigned char)(i * 7));
}

static bool all(const struct race *race, bool (*have)(const bide_future *))
{
    for (size_t i = 0; i < race->n; i++)
        if (!have(race->promises[i]))
            return false;
    return true;
}

static bool none_has_failed(const struct race *race)
{
    for (size_t i = 0; i < race->n; i++)
        if (has_failed(race->promises[i]))
            return false;
    return true;
}

static int wait_once(const struct race *race, enum bide_when when, bide_time deadline)
{
    size_t which = race->n + 1;
    int error = bide_wait_many(race->promises, race->n, when, deadline, &which);
    if (error)
        CHECK_EQUAL(which, race->n + 1);
    else if (when == BIDE_ALL || which == race->n)
        CHECK(which == race->n && all(race, has_ended) && (when != BIDE_FIRST_FAILED || none_has_failed(race)));
    else
        CHECK(when == BIDE_FIRST_ENDED ? has_ended(race->promises[which]) : has_failed(race->promises[which]));
    return error;
}

/* Without a request ECANCELED is a promise's. */
static int gather_once(const struct race *race, bool collects)
{
    bide_value values[MOST];
    int errors[MOST] = {0};
    int error = bide_gather(race->promises, race->n, values, collects ? errors : NULL);
    for (size_t i = 0; i < race->n && !error; i++)
        CHECK_EQUAL(bide_future_result(race->promises[i], NULL), errors[i]);
    if (!collects)
        CHECK(error == 0 || error == EIO || error == ECANCELED);
    return collects ? error : 0;
}

static bide_time some_deadline(uint64_t *seed)
{
    uint64_t kind = test_random(seed) % 8;
    return kind == 0 ? BIDE_NOW : kind < 4 ? BIDE_FOREVER : bide_in((double)kind * 1e-6);
}

/* Until all have ended. */
static void wait_often(struct part *part)
{
    do {
        uint64_t kind = test_random(&part->seed) % 5;
        int error = kind < 3 ? wait_once(part->race, (enum bide_when)kind, some_deadline(&part->seed))
                             : gather_once(part->race, kind == 3 || part->may_be_asked);
        CHECK(error == 0 || (error == ETIMEDOUT && kind < 3) || (error == ECANCELED && part->may_be_asked));
        part->told += error == ECANCELED;
        use_stack();
    } while (!all(part->race, has_ended));
}

static int wait_in_a_task(void *arg, bide_value *result)
{
    struct part *part = arg;
    (void)result;
    if (part->may_be_asked)
        atomic_store(&part->race->begun, true);
    wait_often(part);
    bool asked = atomic_load(&part->race->asked);
    part->told += bide_yield() == ECANCELED;
    CHECK(part->told <= (part->may_be_asked ? 1U : 0U));
    CHECK(!asked || !part->may_be_asked || part->told == 1);
    return 0;
}

static int end_all(void *arg, bide_value *result)
{
    struct part *part = arg;
    struct race *race = part->race;
    size_t at = test_random(&part->seed) % race->n, asks_at = test_random(&part->seed) % (2 * race->n);
    (void)result;
    for (size_t i = 0; i < race->n; i++, at = (at + 1) % race->n) {
        if (i == asks_at && part->may_be_asked)
            atomic_store(&race->asked, bide_future_cancel(race->victim) == 0);
        uint64_t kind = test_random(&part->seed) % 8;
        int error = kind == 0   ? bide_promise_fail(race->promises[at], EIO)
                    : kind == 1 ? bide_future_cancel(race->promises[at])
                                : bide_promise_resolve(race->promises[at], bide_u64(kind));
        CHECK(error == 0 || error == EALREADY);
    }
    return 0;
}

static void submit_all(bide_pool *pool, bide_task_fn *fn, struct part parts[], bide_future *tasks[])
{
    for (int i = 0; i < TASKS; i++)
        CHECK_EQUAL(bide_submit(pool, fn, &parts[i], &tasks[i]), 0);
}

static void run(bide_pool *waiters, bide_pool *enders, uint64_t *seed)
{
    struct race race = {.n = 1 + test_random(seed) % MOST};
    struct part parts[2 * TASKS + 1];
    bide_future *tasks[2 * TASKS];
    for (int i = 0; i <= 2 * TASKS; i++)
        parts[i] = (struct part){&race, test_random(seed) | 1, i == 0 || i == TASKS, 0};
    for (size_t i = 0; i < race.n; i++)
        CHECK_EQUAL(bide_promise_create(&race.promises[i]), 0);
    submit_all(waiters, wait_in_a_task, parts, tasks);
    race.victim = tasks[0];
    while (!atomic_load(&race.begun))
        sched_yield();
    submit_all(enders, end_all, parts + TASKS, tasks + TASKS);
    wait_often(&parts[2 * TASKS]);
    for (int i = 0; i < 2 * TASKS; i++) {
        CHECK_EQUAL(bide_future_wait(tasks[i], BIDE_FOREVER), 0);
        CHECK_EQUAL(bide_future_state(tasks[i]), BIDE_DONE);
    }
    for (int i = 0; i < 2 * TASKS; i++)
        bide_future_release(tasks[i]);
    for (size_t i = 0; i < race.n; i++)
        bide_future_release(race.promises[i]);
}

static bide_pool *make(unsigned workers)
{
    bide_pool *pool = NULL;
    bide_pool_options options = {.workers = workers, .waiting = test_holds() ? BIDE_HOLD : BIDE_PARK};
    CHECK_EQUAL(bide_pool_create(&pool, &options), 0);
    return pool;
}

int main(int argc, char **argv)
{
    uint64_t seed = test_seed(argc, argv);
    unsigned long rounds = test_scale(4000);
    for (unsigned workers = 1; workers <= 4; workers *= 2) {
        bide_pool *waiters = make(workers), *enders = make(TASKS);
        for (unsigned long i = 0; i < rounds; i++)
            run(waiters, enders, &seed);
        CHECK_EQUAL(bide_pool_destroy(waiters), 0);
        CHECK_EQUAL(bide_pool_destroy(enders), 0);
    }
    return check_failures() != 0;
}
