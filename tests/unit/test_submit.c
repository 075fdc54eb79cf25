#include "support/asleep.h"
#include "support/rest.h"

#include <string.h>

/* Tasks append their names, in the order in which they run. */
struct journal {
    char text[64];
    size_t length;
};

/* Of all journals, as with gates. */
static pthread_mutex_t journal_lock = PTHREAD_MUTEX_INITIALIZER;

struct entry {
    struct journal *journal;
    char name;
};

static int write_entry(void *arg, bide_value *result)
{
    const struct entry *entry = arg;
    struct journal *journal = entry->journal;
    pthread_mutex_lock(&journal_lock);
    journal->text[journal->length++] = entry->name;
    pthread_mutex_unlock(&journal_lock);
    result->i64 = entry->name;
    return 0;
}

static void assert_journal(struct journal *journal, const char *expected)
{
    pthread_mutex_lock(&journal_lock);
    assert_string_equal(journal->text, expected);
    pthread_mutex_unlock(&journal_lock);
}

static void check_journal(struct journal *journal, const char *expected)
{
    pthread_mutex_lock(&journal_lock);
    if (!CHECK(strcmp(journal->text, expected) == 0))
        fprintf(stderr, "journal \"%s\", expected \"%s\"\n", journal->text, expected);
    pthread_mutex_unlock(&journal_lock);
}

/* A task that must not run, because its submission failed. */
static int never(void *arg, bide_value *result)
{
    (void)arg;
    (void)result;
    check_true(false, "a task ran that must not", __FILE__, __LINE__);
    return 0;
}

static bide_pool *make_bounded(unsigned workers, size_t max_pending)
{
    return make_pool_with(&(bide_pool_options){.workers = workers, .max_pending = max_pending});
}

static bide_pool *make_bounded_holding(unsigned workers, size_t max_pending)
{
    return make_pool_with(&(bide_pool_options){.workers = workers, .waiting = BIDE_HOLD, .max_pending = max_pending});
}

static void fill(bide_pool *pool, size_t n, struct entry *entries)
{
    for (size_t i = 0; i < n; i++)
        assert_int_equal(bide_try_submit(pool, write_entry, &entries[i], NULL), 0);
}

static void refuses_null(void **state)
{
    struct fixture *at = *state;
    bide_future *const untouched = (bide_future *)(void *)at;
    bide_future *future = untouched;
    assert_int_equal(bide_submit(NULL, never, NULL, &future), EINVAL);
    assert_int_equal(bide_submit(at->pool, NULL, NULL, &future), EINVAL);
    assert_int_equal(bide_try_submit(NULL, never, NULL, &future), EINVAL);
    assert_int_equal(bide_try_submit(at->pool, NULL, NULL, &future), EINVAL);
    assert_int_equal(bide_submit_until(NULL, never, NULL, BIDE_FOREVER, &future), EINVAL);
    assert_int_equal(bide_submit_until(at->pool, NULL, NULL, BIDE_FOREVER, &future), EINVAL);
    assert_ptr_equal(future, untouched);
}

static int add_one(void *arg, bide_value *result)
{
    CHECK_EQUAL(result->u64, 0);
    result->i64 = *(int *)arg + 1;
    return 0;
}

static void hands_arg_over_and_value_back(void **state)
{
    struct fixture *at = *state;
    int args[100];
    bide_future *futures[100];
    for (int i = 0; i < 100; i++) {
        args[i] = i;
        if (i % 3 == 0)
            assert_int_equal(bide_submit(at->pool, add_one, &args[i], &futures[i]), 0);
        else if (i % 3 == 1)
            assert_int_equal(bide_try_submit(at->pool, add_one, &args[i], &futures[i]), 0);
        else
            assert_int_equal(bide_submit_until(at->pool, add_one, &args[i], BIDE_NOW, &futures[i]), 0);
    }
    for (int i = 0; i < 100; i++) {
        bide_value value;
        assert_int_equal(bide_join(futures[i], &value), 0);
        assert_int_equal(value.i64, i + 1);
    }
}

static void runs_what_nobody_asks_for(void **state)
{
    struct fixture *at = *state;
    struct journal journal = {.length = 0};
    struct entry a = {&journal, 'a'};
    for (int i = 0; i < 9; i++)
        assert_int_equal(bide_submit(at->pool, write_entry, &a, NULL), 0);
    bide_future_release(submit(at->pool, write_entry, &a));
    assert_int_equal(bide_pool_drain(at->pool, BIDE_FOREVER), 0);
    assert_journal(&journal, "aaaaaaaaaa");
}

static void starts_first_what_was_first_submitted(void **state)
{
    struct fixture *at = *state;
    struct gate gate = GATE_INIT;
    struct journal journal = {.length = 0};
    struct entry entries[26];
    occupy(at->pool, 1, &gate);
    for (int i = 0; i < 26; i++) {
        entries[i] = (struct entry){&journal, (char)('a' + i)};
        assert_int_equal(bide_submit(at->pool, write_entry, &entries[i], NULL), 0);
    }
    vacate(at->pool, &gate);
    assert_journal(&journal, "abcdefghijklmnopqrstuvwxyz");
}

struct tree {
    unsigned depth;
    struct gate *leaves;
};

static int grow(void *arg, bide_value *result)
{
    struct tree *tree = arg, *children = malloc(2 * sizeof *children);
    bide_future *futures[2];
    int error = 0;
    if (tree->depth == 0)
        gate_arrive(tree->leaves);
    for (int i = 0; i < 2 && tree->depth > 0; i++) {
        children[i] = (struct tree){tree->depth - 1, tree->leaves};
        CHECK_EQUAL(bide_submit(bide_current_pool(), grow, &children[i], &futures[i]), 0);
    }
    for (int i = 0; i < 2 && tree->depth > 0; i++) {
        bide_value value = {0};
        error = error ? error : bide_join(futures[i], &value);
        result->u64 += value.u64;
    }
    result->u64 += tree->depth == 0;
    free(children);
    return error;
}

static void lets_tasks_submit_and_wait(void **state)
{
    struct fixture *at = *state;
    struct gate leaves = GATE_INIT;
    struct tree root = {6, &leaves};
    bide_value value;
    assert_int_equal(bide_join(submit(at->pool, grow, &root), &value), 0);
    assert_int_equal(value.u64, 64);
    assert_int_equal(gate_arrived(&leaves), 64);
}

static void bounds_nothing_unless_asked(void **state)
{
    struct fixture *at = *state;
    struct gate gate = GATE_INIT, done = GATE_INIT;
    gate_open(&done);
    occupy(at->pool, at->workers, &gate);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(bide_try_submit(at->pool, stand_at, &done, NULL), 0);
    vacate(at->pool, &gate);
    assert_int_equal(gate_arrived(&done), 1000);
}

/* What runs takes no room. */
static void is_full_with_max_pending_queued(void **state)
{
    (void)state;
    for (size_t max = 1; max <= 5; max += 2) {
        struct gate gate = GATE_INIT;
        struct journal journal = {.length = 0};
        struct entry entries[] = {{&journal, 'a'}, {&journal, 'b'}, {&journal, 'c'}, {&journal, 'd'}, {&journal, 'e'}};
        bide_pool *pool = make_bounded(2, max);
        bide_future *const untouched = (bide_future *)(void *)&gate;
        bide_future *future = untouched;
        occupy(pool, 2, &gate);
        fill(pool, max, entries);
        assert_int_equal(bide_try_submit(pool, never, NULL, &future), EAGAIN);
        assert_int_equal(bide_submit_until(pool, never, NULL, BIDE_NOW, &future), ETIMEDOUT);
        bide_time deadline = bide_in(0.01);
        assert_int_equal(bide_submit_until(pool, never, NULL, deadline, &future), ETIMEDOUT);
        assert_true(bide_clock() >= deadline);
        assert_ptr_equal(future, untouched);
        vacate(pool, &gate);
        assert_int_equal(journal.length, max);
        fill(pool, 1, entries);
        end_pool(pool);
        assert_int_equal(journal.length, max + 1);
    }
}

/* A submission by a thread that has to wait for room. */
struct submission {
    bide_pool *pool;
    bide_task_fn *fn;
    void *arg;
    bide_time deadline; /* 0: bide_submit() */
    bide_future *future;
};

static int submit_one(void *arg)
{
    struct submission *submission = arg;
    if (submission->deadline == 0)
        return bide_submit(submission->pool, submission->fn, submission->arg, &submission->future);
    return bide_submit_until(submission->pool, submission->fn, submission->arg, submission->deadline,
                             &submission->future);
}

static void gives_room_in_the_order_of_asking(void **state)
{
    (void)state;
    struct gate gate = GATE_INIT;
    struct journal journal = {.length = 0};
    struct entry entries[] = {{&journal, 'a'}, {&journal, 'b'}, {&journal, 'c'}, {&journal, 'd'}, {&journal, 'e'}};
    struct submission submissions[4];
    struct caller callers[4];
    bide_pool *pool = make_bounded(1, 1);
    occupy(pool, 1, &gate);
    fill(pool, 1, entries);
    for (int i = 0; i < 4; i++) {
        bide_time deadline = i % 2 ? bide_in(1e6) : 0;
        submissions[i] = (struct submission){pool, write_entry, &entries[i + 1], deadline, NULL};
        caller_start(&callers[i], submit_one, &submissions[i]);
    }
    assert_int_equal(bide_try_submit(pool, never, NULL, NULL), EAGAIN);
    gate_open(&gate);
    for (int i = 0; i < 4; i++) {
        bide_value value;
        assert_int_equal(caller_end(&callers[i]), 0);
        assert_int_equal(bide_join(submissions[i].future, &value), 0);
        assert_int_equal(value.i64, entries[i + 1].name);
    }
    assert_journal(&journal, "abcde");
    end_pool(pool);
}

static void passes_room_over_one_that_was_late(void **state)
{
    (void)state;
    struct gate gate = GATE_INIT;
    struct journal journal = {.length = 0};
    struct entry entries[] = {{&journal, 'a'}, {&journal, 'b'}};
    bide_pool *pool = make_bounded(1, 1);
    struct submission late = {pool, never, NULL, bide_in(0.05), NULL};
    struct submission patient = {pool, write_entry, &entries[1], 0, NULL};
    struct caller first, second;
    occupy(pool, 1, &gate);
    fill(pool, 1, entries);
    caller_start(&first, submit_one, &late);
    caller_start(&second, submit_one, &patient);
    assert_int_equal(caller_end(&first), ETIMEDOUT);
    gate_open(&gate);
    assert_int_equal(caller_end(&second), 0);
    assert_int_equal(bide_join(patient.future, NULL), 0);
    assert_journal(&journal, "ab");
    end_pool(pool);
}

static void ends_waits_for_room_on_close(void **state)
{
    (void)state;
    for (enum bide_close how = BIDE_DRAIN; how <= BIDE_CANCEL; how++) {
        struct gate gate = GATE_INIT;
        struct journal journal = {.length = 0};
        struct entry a = {&journal, 'a'};
        struct caller callers[3];
        bide_pool *pool = make_bounded(1, 1);
        struct submission submission = {pool, never, NULL, 0, NULL};
        struct submission submission_until = {pool, never, NULL, bide_in(1e6), NULL};
        occupy(pool, 1, &gate);
        fill(pool, 1, &a);
        for (int i = 0; i < 3; i++)
            caller_start(&callers[i], submit_one, i % 2 ? &submission : &submission_until);
        assert_int_equal(bide_pool_close(pool, how, BIDE_NOW), ETIMEDOUT);
        for (int i = 0; i < 3; i++)
            assert_int_equal(caller_end(&callers[i]), ESHUTDOWN);
        assert_null(submission.future);
        assert_null(submission_until.future);
        gate_open(&gate);
        end_pool(pool);
        assert_journal(&journal, how == BIDE_DRAIN ? "a" : "");
    }
}

/* What a task of another pool sees while it waits for room. */
struct visitor {
    struct submission submission;
    struct sleeper sleeper;
    int first, second;
};

static int wait_for_room(void *arg, bide_value *result)
{
    struct visitor *visitor = arg;
    (void)result;
    sleeper_goes(&visitor->sleeper);
    visitor->first = submit_one(&visitor->submission);
    visitor->second = bide_yield();
    return 0;
}

static void can_be_cancelled_while_it_waits_for_room(void **state)
{
    struct fixture *at = *state;
    for (int i = 0; i < 2; i++) {
        struct gate gate = GATE_INIT;
        struct journal journal = {.length = 0};
        struct entry a = {&journal, 'a'};
        bide_pool *full = make_bounded(1, 1);
        struct visitor visitor = {{full, never, NULL, i ? bide_in(1e6) : 0, NULL}, SLEEPER_INIT, -1, -1};
        occupy(full, 1, &gate);
        fill(full, 1, &a);
        bide_future *task = submit(at->pool, wait_for_room, &visitor);
        sleeper_await(&visitor.sleeper);
        assert_int_equal(bide_future_cancel(task), 0);
        assert_int_equal(bide_join(task, NULL), 0);
        assert_int_equal(visitor.first, ECANCELED);
        assert_int_equal(visitor.second, 0);
        assert_null(visitor.submission.future);
        vacate(full, &gate);
        end_pool(full);
        assert_journal(&journal, "a");
    }
}

static int wait_for_room_at_home(void *arg, bide_value *result)
{
    struct visitor *visitor = arg;
    bide_pool *pool = visitor->submission.pool;
    CHECK_EQUAL(bide_try_submit(pool, stand_at, visitor->submission.arg, NULL), 0);
    visitor->submission.fn = never;
    return wait_for_room(arg, result);
}

/* With a deadline nothing is run in place, so that a task waits for room in its own pool too. */
static void can_be_cancelled_while_it_waits_for_room_at_home(void **state)
{
    (void)state;
    struct gate done = GATE_INIT;
    bide_pool *pool = make_bounded_holding(1, 1);
    struct visitor visitor = {{pool, NULL, &done, bide_in(1e6), NULL}, SLEEPER_INIT, -1, -1};
    gate_open(&done);
    bide_future *task = submit(pool, wait_for_room_at_home, &visitor);
    sleeper_await(&visitor.sleeper);
    assert_int_equal(gate_arrived(&done), 0);
    assert_int_equal(bide_future_cancel(task), 0);
    assert_int_equal(bide_join(task, NULL), 0);
    assert_int_equal(visitor.first, ECANCELED);
    assert_int_equal(visitor.second, 0);
    end_pool(pool);
    assert_int_equal(gate_arrived(&done), 1);
}

/* A task of another pool that was asked to stop, and only looks for room. */
struct passer {
    struct gate gate;
    bide_pool *pool;
};

static int look_for_room(void *arg, bide_value *result)
{
    struct passer *passer = arg;
    (void)result;
    gate_pass(&passer->gate);
    CHECK_EQUAL(bide_try_submit(passer->pool, never, NULL, NULL), EAGAIN);
    CHECK_EQUAL(bide_submit_until(passer->pool, never, NULL, BIDE_NOW, NULL), ECANCELED);
    CHECK_EQUAL(bide_submit_until(passer->pool, never, NULL, BIDE_NOW, NULL), ETIMEDOUT);
    return 0;
}

static void delivers_a_request_to_who_looks_for_room(void **state)
{
    struct fixture *at = *state;
    struct gate gate = GATE_INIT;
    struct journal journal = {.length = 0};
    struct entry a = {&journal, 'a'};
    struct passer passer = {GATE_INIT, make_bounded(1, 1)};
    occupy(passer.pool, 1, &gate);
    fill(passer.pool, 1, &a);
    bide_future *task = submit(at->pool, look_for_room, &passer);
    gate_await(&passer.gate, 1);
    assert_int_equal(bide_future_cancel(task), 0);
    gate_open(&passer.gate);
    assert_int_equal(bide_join(task, NULL), 0);
    vacate(passer.pool, &gate);
    end_pool(passer.pool);
}

static void gives_room_to_tasks_of_other_pools(void **state)
{
    struct fixture *at = *state;
    struct gate gate = GATE_INIT;
    struct journal journal = {.length = 0};
    struct entry entries[] = {{&journal, 'a'}, {&journal, 'b'}};
    bide_pool *full = make_bounded(1, 1);
    struct visitor visitor = {{full, write_entry, &entries[1], 0, NULL}, SLEEPER_INIT, -1, -1};
    occupy(full, 1, &gate);
    fill(full, 1, entries);
    bide_future *task = submit(at->pool, wait_for_room, &visitor);
    sleeper_await(&visitor.sleeper);
    assert_journal(&journal, "");
    gate_open(&gate);
    assert_int_equal(bide_join(task, NULL), 0);
    assert_int_equal(visitor.first, 0);
    assert_int_equal(bide_join(visitor.submission.future, NULL), 0);
    assert_journal(&journal, "ab");
    end_pool(full);
}

static int submit_to_own_pool(void *arg, bide_value *result)
{
    struct entry *entries = arg;
    struct journal *journal = entries->journal;
    bide_pool *pool = bide_current_pool();
    (void)result;
    for (int i = 0; i < 2; i++)
        CHECK_EQUAL(bide_submit(pool, write_entry, &entries[i], NULL), 0);
    check_journal(journal, "");
    CHECK_EQUAL(bide_try_submit(pool, never, NULL, NULL), EAGAIN);
    CHECK_EQUAL(bide_submit_until(pool, never, NULL, BIDE_NOW, NULL), ETIMEDOUT);
    bide_time deadline = bide_in(0.01);
    CHECK_EQUAL(bide_submit_until(pool, never, NULL, deadline, NULL), ETIMEDOUT);
    CHECK(bide_clock() >= deadline);
    check_journal(journal, "");
    CHECK_EQUAL(bide_submit(pool, write_entry, &entries[2], NULL), 0);
    check_journal(journal, "a");
    CHECK_EQUAL(bide_submit_until(pool, write_entry, &entries[3], BIDE_FOREVER, NULL), 0);
    check_journal(journal, "ab");
    return 0;
}

struct crowd {
    struct gate gate;
    struct entry *entries;
};

/* Others wait for the room that it makes. */
static int submit_past_others(void *arg, bide_value *result)
{
    struct crowd *crowd = arg;
    (void)result;
    gate_pass(&crowd->gate);
    for (int i = 0; i < 2; i++)
        CHECK_EQUAL(bide_submit(bide_current_pool(), write_entry, &crowd->entries[i], NULL), 0);
    return 0;
}

static void makes_room_though_others_wait_for_it(void **state)
{
    (void)state;
    struct journal journal = {.length = 0};
    struct entry entries[] = {{&journal, 'b'}, {&journal, 'c'}, {&journal, 'a'}, {&journal, 'd'}};
    struct crowd crowd = {GATE_INIT, entries};
    struct caller caller;
    bide_pool *pool = make_bounded_holding(1, 1);
    struct submission outside = {pool, write_entry, &entries[3], 0, NULL};
    bide_future *task = submit(pool, submit_past_others, &crowd);
    gate_await(&crowd.gate, 1);
    fill(pool, 1, &entries[2]);
    caller_start(&caller, submit_one, &outside);
    gate_open(&crowd.gate);
    assert_int_equal(bide_join(task, NULL), 0);
    assert_int_equal(caller_end(&caller), 0);
    assert_int_equal(bide_join(outside.future, NULL), 0);
    assert_journal(&journal, "abcd");
    end_pool(pool);
}

/* The worker that submits is the only one that could make room. */
static void makes_room_for_itself(void **state)
{
    (void)state;
    struct journal journal = {.length = 0};
    struct entry entries[] = {{&journal, 'a'}, {&journal, 'b'}, {&journal, 'c'}, {&journal, 'd'}};
    bide_pool *pool = make_bounded_holding(1, 2);
    assert_int_equal(bide_join(submit(pool, submit_to_own_pool, entries), NULL), 0);
    end_pool(pool);
    assert_journal(&journal, "abcd");
}

static int submit_past_a_cancelled_one(void *arg, bide_value *result)
{
    struct entry *entries = arg;
    bide_pool *pool = bide_current_pool();
    bide_future *future;
    (void)result;
    CHECK_EQUAL(bide_submit(pool, never, NULL, &future), 0);
    CHECK_EQUAL(bide_future_cancel(future), 0);
    CHECK_EQUAL(bide_try_submit(pool, never, NULL, NULL), EAGAIN);
    CHECK_EQUAL(bide_submit(pool, write_entry, &entries[0], NULL), 0);
    check_journal(entries->journal, "");
    CHECK_EQUAL(bide_join(future, NULL), ECANCELED);
    return 0;
}

static int submit_past_one_run_in_place(void *arg, bide_value *result)
{
    struct entry *entries = arg;
    bide_pool *pool = bide_current_pool();
    bide_future *future;
    (void)result;
    CHECK_EQUAL(bide_submit(pool, write_entry, &entries[0], &future), 0);
    CHECK_EQUAL(bide_join(future, NULL), 0);
    check_journal(entries->journal, "a");
    CHECK_EQUAL(bide_try_submit(pool, never, NULL, NULL), EAGAIN);
    CHECK_EQUAL(bide_submit(pool, write_entry, &entries[1], NULL), 0);
    check_journal(entries->journal, "a");
    return 0;
}

static void makes_room_of_a_task_run_in_place(void **state)
{
    (void)state;
    struct journal journal = {.length = 0};
    struct entry entries[] = {{&journal, 'a'}, {&journal, 'b'}};
    bide_pool *pool = make_bounded_holding(1, 1);
    assert_int_equal(bide_join(submit(pool, submit_past_one_run_in_place, entries), NULL), 0);
    end_pool(pool);
    assert_journal(&journal, "ab");
}

struct two_in_gate {
    bide_pool *pool;
    struct gate gate;
};

static int submit_two(void *arg, bide_value *result)
{
    struct two_in_gate *two = arg;
    (void)result;
    for (int i = 0; i < 2; i++)
        CHECK_EQUAL(bide_submit(two->pool, stand_at, &two->gate, NULL), 0);
    return 0;
}

/* It runs the oldest in place; those that it has woken run the others beside it. */
static void keeps_no_worker_out_while_it_makes_room(void **state)
{
    (void)state;
    for (int i = 0; i < 16; i++) {
        struct two_in_gate two = {make_bounded_holding(3, 1), GATE_INIT};
        await_rest(two.pool);
        assert_int_equal(bide_submit(two.pool, submit_two, &two, NULL), 0);
        gate_await(&two.gate, 2);
        bide_future *third = submit(two.pool, stand_at, &(struct gate){0, true});
        assert_int_equal(bide_join(third, NULL), 0);
        gate_open(&two.gate);
        end_pool(two.pool);
    }
}

/* A cancelled task takes room until a worker comes to it, and is not run then. */
static void makes_room_of_a_cancelled_task(void **state)
{
    (void)state;
    struct journal journal = {.length = 0};
    struct entry a = {&journal, 'a'};
    bide_pool *pool = make_bounded_holding(1, 1);
    assert_int_equal(bide_join(submit(pool, submit_past_a_cancelled_one, &a), NULL), 0);
    end_pool(pool);
    assert_journal(&journal, "a");
}

/* How much stack was left where a submission could not run another task in place any more. */
struct descent {
    bool bottom;
    unsigned depth;
    size_t size, left;
};

static void measure_stack(struct descent *descent, const void *here)
{
    pthread_attr_t attributes;
    void *lowest;
    CHECK_EQUAL(pthread_getattr_np(pthread_self(), &attributes), 0);
    CHECK_EQUAL(pthread_attr_getstack(&attributes, &lowest, &descent->size), 0);
    CHECK_EQUAL(pthread_attr_destroy(&attributes), 0);
    descent->left = (size_t)((uintptr_t)here - (uintptr_t)lowest);
}

static int descend(void *arg, bide_value *result)
{
    struct descent *descent = arg;
    volatile unsigned char frame[8192];
    int error = 0;
    for (size_t i = 0; i < sizeof frame; i += 512)
        frame[i] = 1;
    while (!descent->bottom && error == 0)
        error = bide_submit(bide_current_pool(), descend, descent, NULL);
    if (!descent->bottom) {
        CHECK_EQUAL(error, EDEADLK);
        descent->bottom = true;
        measure_stack(descent, __builtin_frame_address(0));
    }
    descent->depth += frame[512];
    (void)result;
    return 0;
}

static void keeps_a_quarter_of_the_stack(void **state)
{
    (void)state;
    struct descent descent = {0};
    bide_pool *pool = make_pool_with(
        &(bide_pool_options){.workers = 1, .waiting = BIDE_HOLD, .stack_size = 2 << 20, .max_pending = 1});
    assert_int_equal(bide_join(submit(pool, descend, &descent), NULL), 0);
    end_pool(pool);
    assert_true(descent.bottom);
    assert_true(descent.depth > 10);
    assert_in_range(descent.left, descent.size / 4 - 32768, descent.size / 4 + 32768);
}

/* Callbacks may submit, but not wait for room. */
static void call_back_full(bide_future *future, void *ctx)
{
    bide_pool *pool = ctx;
    (void)future;
    CHECK_EQUAL(bide_submit(pool, never, NULL, NULL), EDEADLK);
    CHECK_EQUAL(bide_submit_until(pool, never, NULL, bide_in(1e6), NULL), EDEADLK);
    CHECK_EQUAL(bide_try_submit(pool, never, NULL, NULL), EAGAIN);
}

static void call_back_free(bide_future *future, void *ctx)
{
    struct submission *submission = ctx;
    (void)future;
    CHECK_EQUAL(submit_one(submission), 0);
}

static void submits_from_callbacks(void **state)
{
    (void)state;
    struct gate gate = GATE_INIT;
    struct journal journal = {.length = 0};
    struct entry entries[] = {{&journal, 'a'}, {&journal, 'b'}};
    bide_pool *pool = make_bounded(1, 1);
    struct submission submission = {pool, write_entry, &entries[0], 0, NULL};
    bide_future *promise = make_promise();
    assert_int_equal(bide_promise_resolve(promise, bide_u64(0)), 0);
    assert_int_equal(bide_future_on_done(promise, call_back_free, &submission), 0);
    assert_int_equal(bide_join(submission.future, NULL), 0);

    occupy(pool, 1, &gate);
    fill(pool, 1, &entries[1]);
    assert_int_equal(bide_future_on_done(promise, call_back_full, pool), 0);
    bide_future_release(promise);
    vacate(pool, &gate);
    end_pool(pool);
    assert_journal(&journal, "ab");
}

/* A task on the worker settles: its callbacks may not run others in place either. */
static int settle(void *promise, bide_value *result)
{
    (void)result;
    return bide_promise_resolve(promise, bide_u64(0));
}

static void submits_from_callbacks_on_workers(void **state)
{
    (void)state;
    struct gate gate = GATE_INIT;
    struct journal journal = {.length = 0};
    struct entry a = {&journal, 'a'};
    bide_pool *full = make_bounded(1, 1), *pool = make_pool(1);
    bide_future *promise = make_promise();
    occupy(full, 1, &gate);
    fill(full, 1, &a);
    assert_int_equal(bide_future_on_done(promise, call_back_full, full), 0);
    assert_int_equal(bide_join(submit(pool, settle, promise), NULL), 0);
    bide_future_release(promise);
    vacate(full, &gate);
    end_pool(full);
    end_pool(pool);
}

/* An argument that counts how often it was dropped. */
struct owned {
    struct gate *gate;
    int error;
    unsigned dropped;
};

static void drop(void *arg)
{
    struct owned *owned = arg;
    owned->dropped++;
}

static int use_owned(void *arg, bide_value *result)
{
    struct owned *owned = arg;
    (void)result;
    CHECK_EQUAL(owned->dropped, 0);
    if (owned->gate)
        gate_pass(owned->gate);
    CHECK_EQUAL(owned->dropped, 0);
    return owned->error;
}

static bide_future *submit_owned(bide_pool *pool, struct owned *owned)
{
    bide_future *future = submit(pool, use_owned, owned);
    assert_int_equal(bide_future_own(future, drop), 0);
    return future;
}

static void drops_the_argument_of_what_ran(void **state)
{
    struct fixture *at = *state;
    struct owned done = {NULL, 0, 0}, failed = {NULL, ENOENT, 0};
    bide_future *future = submit_owned(at->pool, &done), *other = submit_owned(at->pool, &failed);
    assert_int_equal(bide_pool_drain(at->pool, BIDE_FOREVER), 0);
    assert_int_equal(done.dropped, 0);
    assert_int_equal(failed.dropped, 0);
    assert_int_equal(bide_join(future, NULL), 0);
    bide_future_release(other);
    assert_int_equal(done.dropped, 1);
    assert_int_equal(failed.dropped, 1);
}

static void drops_the_argument_of_what_was_let_go_before(void **state)
{
    struct fixture *at = *state;
    struct gate gate = GATE_INIT;
    struct owned running = {&gate, 0, 0}, queued = {&gate, 0, 0};
    bide_future *future = submit_owned(at->pool, &running);
    gate_await(&gate, 1);
    bide_future_release(future);
    bide_future_release(submit_owned(at->pool, &queued));
    vacate(at->pool, &gate);
    end_pool(at->pool);
    at->pool = NULL;
    assert_int_equal(running.dropped, 1);
    assert_int_equal(queued.dropped, 1);
}

static void drops_the_argument_of_what_never_ran(void **state)
{
    struct fixture *at = *state;
    struct gate gate = GATE_INIT;
    struct owned cancelled = {NULL, 0, 0}, released = {NULL, 0, 0}, closed = {NULL, 0, 0};
    occupy(at->pool, at->workers, &gate);
    bide_future *future = submit_owned(at->pool, &cancelled), *other = submit_owned(at->pool, &released);
    bide_future *last = submit_owned(at->pool, &closed);
    assert_int_equal(bide_future_cancel(future), 0);
    assert_int_equal(bide_join(future, NULL), ECANCELED);
    bide_future_release(other);
    assert_int_equal(bide_pool_close(at->pool, BIDE_CANCEL, BIDE_NOW), ETIMEDOUT);
    assert_int_equal(bide_future_state(last), BIDE_CANCELLED);
    gate_open(&gate);
    end_pool(at->pool);
    at->pool = NULL;
    assert_int_equal(cancelled.dropped, 1);
    assert_int_equal(released.dropped, 1);
    assert_int_equal(closed.dropped, 0);
    bide_future_release(last);
    assert_int_equal(closed.dropped, 1);
}

/* Plain, as one worker runs both tasks. */
struct loop {
    unsigned rounds;
    bool ended;
};

static int go_round(void *arg, bide_value *result)
{
    (void)result;
    struct loop *loop = arg;
    loop->rounds++;
    return loop->ended ? 0 : bide_submit(bide_current_pool(), go_round, loop, NULL);
}

static int end_loop(void *arg, bide_value *result)
{
    (void)result;
    struct loop *loop = arg;
    loop->ended = true;
    return 0;
}

static void a_task_that_submits_itself_keeps_no_other_out(void **state)
{
    struct fixture *at = *state;
    struct loop loop = {0, false};
    assert_int_equal(bide_submit(at->pool, go_round, &loop, NULL), 0);
    assert_int_equal(bide_join(submit(at->pool, end_loop, &loop), NULL), 0);
    fixture_end_pool(at);
    assert_true(loop.ended && loop.rounds > 0);
}

/* Turns for ever, until somebody comes. */
struct mill {
    struct gate turning, held;
    bide_future *child;
    bool ended;
};

static int turn(void *arg, bide_value *result)
{
    (void)result;
    struct mill *mill = arg;
    gate_arrive(&mill->turning);
    return mill->ended ? 0 : bide_submit(bide_current_pool(), turn, mill, NULL);
}

static int end_mill(void *arg, bide_value *result)
{
    (void)result;
    struct mill *mill = arg;
    mill->ended = true;
    return 0;
}

static void nor_one_that_comes_later(void **state)
{
    struct fixture *at = *state;
    struct mill mill = {.turning = GATE_INIT};
    assert_int_equal(bide_submit(at->pool, turn, &mill, NULL), 0);
    gate_await(&mill.turning, 100);
    assert_int_equal(bide_join(submit(at->pool, end_mill, &mill), NULL), 0);
    fixture_end_pool(at);
    assert_true(mill.ended);
}

static int hand_in_and_compute(void *arg, bide_value *result)
{
    (void)result;
    struct mill *mill = arg;
    gate_await(&mill->turning, 100);
    mill->child = submit(bide_current_pool(), end_mill, mill);
    gate_pass(&mill->held);
    return 0;
}

/* The other worker does not come back to its deque. */
static void nor_one_that_a_busy_worker_has(void **state)
{
    (void)state;
    bide_pool *pool = make_pool(2);
    struct mill mill = {.turning = GATE_INIT, .held = GATE_INIT};
    assert_int_equal(bide_submit(pool, turn, &mill, NULL), 0);
    bide_future *busy = submit(pool, hand_in_and_compute, &mill);
    gate_await(&mill.held, 1);
    assert_int_equal(bide_join(mill.child, NULL), 0);
    gate_open(&mill.held);
    assert_int_equal(bide_join(busy, NULL), 0);
    end_pool(pool);
}

/* Nothing was handed over, so nothing may be dropped: the caller still has it. */
static void leaves_the_argument_of_a_failed_submit_alone(void **state)
{
    (void)state;
    struct owned owned = {NULL, 0, 0};
    unsigned char before[sizeof owned];
    bide_future *future = NULL;
    bide_pool *pool = make_pool(1);
    memcpy(before, &owned, sizeof owned);
    assert_int_equal(bide_pool_close(pool, BIDE_DRAIN, BIDE_FOREVER), 0);
    assert_int_equal(bide_submit(pool, never, &owned, &future), ESHUTDOWN);
    assert_int_equal(bide_try_submit(pool, never, &owned, &future), ESHUTDOWN);
    assert_int_equal(bide_submit_until(pool, never, &owned, BIDE_FOREVER, &future), ESHUTDOWN);
    assert_int_equal(bide_submit_until(pool, never, &owned, BIDE_NOW, &future), ESHUTDOWN);
    assert_null(future);
    end_pool(pool);
    assert_memory_equal(before, &owned, sizeof owned);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_ONE_WORKER(refuses_null),
        ON_POOLS(hands_arg_over_and_value_back),
        ON_POOLS(runs_what_nobody_asks_for),
        ON_ONE_WORKER(starts_first_what_was_first_submitted),
        ON_ONE_WORKER(a_task_that_submits_itself_keeps_no_other_out),
        ON_ONE_WORKER(nor_one_that_comes_later),
        ALONE(nor_one_that_a_busy_worker_has),
        ON_POOLS(lets_tasks_submit_and_wait),
        ON_POOLS(bounds_nothing_unless_asked),
        ALONE(is_full_with_max_pending_queued),
        ALONE(gives_room_in_the_order_of_asking),
        ALONE(passes_room_over_one_that_was_late),
        ALONE(ends_waits_for_room_on_close),
        ON_POOLS(can_be_cancelled_while_it_waits_for_room),
        ALONE(can_be_cancelled_while_it_waits_for_room_at_home),
        ON_ONE_WORKER(delivers_a_request_to_who_looks_for_room),
        ON_POOLS(gives_room_to_tasks_of_other_pools),
        ALONE(makes_room_for_itself),
        ALONE(makes_room_though_others_wait_for_it),
        ALONE(keeps_no_worker_out_while_it_makes_room),
        ALONE(makes_room_of_a_cancelled_task),
        ALONE(makes_room_of_a_task_run_in_place),
        ALONE(keeps_a_quarter_of_the_stack),
        ALONE(submits_from_callbacks),
        ALONE(submits_from_callbacks_on_workers),
        ON_POOLS(drops_the_argument_of_what_ran),
        ON_ONE_WORKER(drops_the_argument_of_what_was_let_go_before),
        ON_ONE_WORKER(drops_the_argument_of_what_never_ran),
        ALONE(leaves_the_argument_of_a_failed_submit_alone),
    };
    return cmocka_run_group_tests(tests, fixture_begin, NULL);
}
