/* Threads that make promises and submit tasks, and hand them to each other to be settled, looked at and let go of, while they
 * make and destroy pools, and end. Hunted: a future in two hands at once, or overwritten while it is nobody's; a thread that
 * takes with it what another one uses. */
#include "support/check.h"

#include <bide/bide.h>

#include <pthread.h>
#include <stdlib.h>

enum { THREADS = 4, SLOTS = 8, MOST = 400 };

/* Futures that are handed from thread to thread; what they are to come to is told by the mark. */
struct batch {
    unsigned count;
    uint64_t mark;
    bool promised;
    uint64_t args[MOST];
    void *pointers[MOST];
    bide_future *futures[MOST];
};

static bide_pool *shared_pool;
static struct batch *slots[SLOTS];

/* Put one into a slot, and take out the one that was there. */
static struct batch *exchange(uint64_t slot, struct batch *batch)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&lock);
    struct batch *before = slots[slot % SLOTS];
    slots[slot % SLOTS] = batch;
    pthread_mutex_unlock(&lock);
    return before;
}

static uint64_t answer_to(uint64_t question)
{
    return question * UINT64_C(0x9e3779b97f4a7c15) ^ question >> 7;
}

static int answer(void *arg, bide_value *result)
{
    result->u64 = answer_to(*(const uint64_t *)arg);
    return 0;
}

static struct batch *make_batch(bide_pool *pool, uint64_t mark)
{
    unsigned long scaled = test_scale(MOST), most = scaled < MOST ? scaled : MOST;
    struct batch *batch = malloc(sizeof *batch);
    batch->mark = mark;
    batch->count = (unsigned)((mark >> 8) % most) + 1;
    batch->promised = mark % 3 == 0;
    for (unsigned i = 0; i < batch->count; i++) {
        batch->args[i] = mark + i;
        batch->pointers[i] = &batch->args[i];
        if (batch->promised)
            CHECK_EQUAL(bide_promise_create(&batch->futures[i]), 0);
    }
    if (!batch->promised)
        CHECK_EQUAL(bide_submit_many(pool, answer, batch->pointers, batch->count, batch->futures), 0);
    return batch;
}

static void end_batch(struct batch *batch)
{
    for (unsigned i = 0; batch && i < batch->count; i++) {
        bide_value value = bide_u64(0);
        if (batch->promised && i % 8)
            CHECK_EQUAL(bide_promise_resolve(batch->futures[i], bide_u64(answer_to(batch->mark + i))), 0);
        if (batch->promised && i % 8 == 0)
            bide_future_release(batch->futures[i]);
        else if (CHECK_EQUAL(bide_join(batch->futures[i], &value), 0))
            CHECK(value.u64 == answer_to(batch->mark + i));
    }
    free(batch);
}

static void hand_over(bide_pool *pool, uint64_t *seed)
{
    struct batch *batch = test_random(seed) % 3 ? make_batch(pool, test_random(seed)) : NULL;
    end_batch(exchange(test_random(seed), batch));
}

/* Its tasks have ended when it is gone; their futures stay. */
static void make_and_destroy(uint64_t *seed)
{
    bide_pool *pool;
    bide_pool_options options = {.workers = 1 + (unsigned)(test_random(seed) % 2),
                                 .waiting = test_random(seed) % 2 ? BIDE_HOLD : BIDE_PARK};
    if (!CHECK_EQUAL(bide_pool_create(&pool, &options), 0))
        return;
    for (int i = 0; i < 3; i++)
        hand_over(pool, seed);
    CHECK_EQUAL(bide_pool_destroy(pool), 0);
}

static void *live(void *arg)
{
    uint64_t seed = *(uint64_t *)arg;
    for (int i = 0; i < 6; i++) {
        if (!shared_pool || test_random(&seed) % 4 == 0)
            make_and_destroy(&seed);
        else
            hand_over(shared_pool, &seed);
    }
    return NULL;
}

/* Every other time there is no pool but those that the threads make, and so now and then none. */
static void play(uint64_t *seed, bool shares)
{
    pthread_t threads[THREADS];
    uint64_t seeds[THREADS];
    shared_pool = NULL;
    if (shares)
        CHECK_EQUAL(bide_pool_create(&shared_pool, &(bide_pool_options){.workers = 2}), 0);
    for (int i = 0; i < THREADS; i++) {
        seeds[i] = test_random(seed) | 1;
        CHECK_EQUAL(pthread_create(&threads[i], NULL, live, &seeds[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        CHECK_EQUAL(pthread_join(threads[i], NULL), 0);
    CHECK_EQUAL(bide_pool_destroy(shared_pool), 0);
    for (unsigned i = 0; i < SLOTS; i++)
        end_batch(exchange(i, NULL));
}

int main(int argc, char **argv)
{
    uint64_t seed = test_seed(argc, argv);
    for (unsigned long i = test_scale(60); i && !check_failures(); i--)
        play(&seed, i % 2);
    return check_failures() != 0;
}
