/* Many threads and tasks submit at once, to pools with and without a bound. Hunted: a task that is lost, runs twice,
 * or runs though its submit failed; a result that is another task's; a submit that is never let in (the program
 * hangs). */
#include "support/check.h"

#include <bide/bide.h>

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

enum { THREADS = 3, WINDOW = 32, CHILDREN = 3 };

struct job {
    uint64_t payload;
    unsigned ran;
    bide_future *future;
};

static uint64_t answer_to(uint64_t payload)
{
    return (payload ^ payload >> 29) * UINT64_C(0x9e3779b97f4a7c15);
}

/* Some fail, with an error that belongs to their payload. */
static int error_of(uint64_t payload)
{
    return payload % 16 == 0 ? (int)(payload >> 8 & 0xffff) + 1 : 0;
}

static int answer(void *arg, bide_value *result)
{
    struct job *job = arg;
    job->ran++;
    result->u64 = answer_to(job->payload);
    return error_of(job->payload);
}

static void collect(struct job *job)
{
    bide_value value = bide_u64(0);
    CHECK_EQUAL(bide_join(job->future, &value), error_of(job->payload));
    CHECK_EQUAL(job->ran, 1);
    CHECK(value.u64 == (error_of(job->payload) ? 0 : answer_to(job->payload)));
    job->future = NULL;
}

/* Whether it was let in. */
static bool hand_in(bide_pool *pool, bide_task_fn *fn, struct job *job, uint64_t way)
{
    int error = way % 4 == 0   ? bide_try_submit(pool, fn, job, &job->future)
                : way % 4 == 1 ? bide_submit_until(pool, fn, job, bide_in(1e-5), &job->future)
                               : bide_submit(pool, fn, job, &job->future);
    CHECK(error == 0 || (error == EAGAIN && way % 4 == 0) || (error == ETIMEDOUT && way % 4 == 1));
    return error == 0;
}

/* A job that hands in others, to its own pool, before it answers. */
static int spread(void *arg, bide_value *result)
{
    struct job *job = arg, children[CHILDREN] = {{0}};
    uint64_t random = job->payload | 1;
    for (int i = 0; i < CHILDREN; i++) {
        children[i].payload = test_random(&random);
        bool in = hand_in(bide_current_pool(), answer, &children[i], children[i].payload >> 32);
        if (in && i > 0)
            collect(&children[i]);
    }
    if (children[0].future)
        collect(&children[0]);
    return answer(job, result);
}

struct submitter {
    bide_pool *pool;
    uint64_t seed;
    unsigned long jobs;
    uint64_t sum; /* of the payloads of those let in */
    pthread_t thread;
};

static void *submit_all(void *arg)
{
    struct submitter *submitter = arg;
    struct job window[WINDOW] = {{0}};
    for (unsigned long i = 0; i < submitter->jobs; i++) {
        uint64_t random = test_random(&submitter->seed);
        struct job *job = &window[random % WINDOW];
        if (job->future)
            collect(job);
        *job = (struct job){.payload = test_random(&submitter->seed)};
        if (hand_in(submitter->pool, random >> 16 & 1 ? answer : spread, job, random >> 32))
            submitter->sum += job->payload;
    }
    for (int i = 0; i < WINDOW; i++)
        if (window[i].future)
            collect(&window[i]);
    return NULL;
}

/* What nobody asks for adds up all the same. */
struct sum {
    bide_mutex mutex;
    uint64_t sum;
};

struct summand {
    struct sum *sum;
    uint64_t payload;
};

static int add(void *arg, bide_value *result)
{
    struct summand *summand = arg;
    CHECK_EQUAL(bide_mutex_lock(&summand->sum->mutex), 0);
    summand->sum->sum += summand->payload;
    CHECK_EQUAL(bide_mutex_unlock(&summand->sum->mutex), 0);
    free(summand);
    (void)result;
    return 0;
}

static uint64_t submit_summands(bide_pool *pool, struct sum *sum, unsigned long n, uint64_t *random)
{
    uint64_t expected = 0;
    for (unsigned long i = 0; i < n; i++) {
        struct summand *summand = malloc(sizeof *summand);
        *summand = (struct summand){sum, test_random(random)};
        expected += summand->payload;
        CHECK_EQUAL(bide_submit(pool, add, summand, NULL), 0);
    }
    return expected;
}

static void storm(unsigned workers, size_t max_pending, uint64_t *random)
{
    struct submitter submitters[THREADS];
    struct sum sum = {.sum = 0};
    bide_pool *pool;
    unsigned long jobs = test_scale(2000);
    if (!CHECK_EQUAL(bide_pool_create(&pool, &(bide_pool_options){.workers = workers,
                                                                  .waiting = test_holds() ? BIDE_HOLD : BIDE_PARK,
                                                                  .max_pending = max_pending}),
                     0))
        return;
    for (int i = 0; i < THREADS; i++) {
        submitters[i] = (struct submitter){.pool = pool, .seed = test_random(random), .jobs = jobs};
        pthread_create(&submitters[i].thread, NULL, submit_all, &submitters[i]);
    }
    uint64_t expected = submit_summands(pool, &sum, jobs, random);
    for (int i = 0; i < THREADS; i++)
        pthread_join(submitters[i].thread, NULL);
    CHECK_EQUAL(bide_pool_destroy(pool), 0);
    CHECK(sum.sum == expected);
}

int main(int argc, char **argv)
{
    static const size_t bounds[] = {0, 1, 7};
    uint64_t random = test_seed(argc, argv);
    for (unsigned workers = 1; workers <= 4; workers *= 2)
        for (int i = 0; i < 3; i++)
            storm(workers, bounds[i], &random);
    return check_failures() != 0;
}
