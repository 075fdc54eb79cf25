/* Owners, as tasks and as threads, spawn into groups of which children fail, cancel, and spawn; owners are asked to stop and wait
 * until too late. Hunted: a child that is not awaited, one more than the limit at once where no child spawns, room that is lost
 * (the program hangs), a child that is taken for a stranger and waits for itself (so does that), a touch of a group that is
 * gone. */
#include "support/check.h"

#include <bide/bide.h>

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

enum { CHILDREN = 12, OWNERS = 3, KINDS = 8 };

struct family {
    bide_pool *pool;
    bide_group *group;
    uint64_t seed;
    size_t limit;
    atomic_int spawned, started, ended, failed, present;
    atomic_bool children_spawn;
};

static int spawn_one(struct family *family, bide_task_fn *fn)
{
    int error = bide_group_spawn(family->group, fn, family, NULL);
    CHECK(error == 0 || error == ECANCELED);
    atomic_fetch_add(&family->spawned, !error);
    return error;
}

static void begin(struct family *family)
{
    int present = atomic_fetch_add(&family->present, 1);
    CHECK((size_t)present < family->limit || atomic_load(&family->children_spawn));
    atomic_fetch_add(&family->started, 1);
}

static int end(struct family *family, int error)
{
    atomic_fetch_sub(&family->present, 1);
    atomic_fetch_add(&family->ended, 1);
    return error;
}

static int compute(void *arg, bide_value *result)
{
    (void)result;
    begin(arg);
    return end(arg, 0);
}

static int yield_often(void *arg, bide_value *result)
{
    int error = 0;
    (void)result;
    begin(arg);
    for (int i = 0; i < 5 && !error; i++)
        error = bide_yield();
    return end(arg, error);
}

static int nap(void *arg, bide_value *result)
{
    (void)result;
    begin(arg);
    return end(arg, bide_sleep(1e-5));
}

static int fail(void *arg, bide_value *result)
{
    struct family *family = arg;
    (void)result;
    begin(family);
    atomic_fetch_add(&family->failed, 1);
    return end(family, EIO);
}

static int cancel_all(void *arg, bide_value *result)
{
    struct family *family = arg;
    (void)result;
    begin(family);
    CHECK_EQUAL(bide_group_cancel(family->group), 0);
    return end(family, 0);
}

/* With a limit of 1 it would wait for itself if it did not know itself. */
static int have_two(void *arg, bide_value *result)
{
    struct family *family = arg;
    (void)result;
    atomic_store(&family->children_spawn, true);
    begin(family);
    if (!spawn_one(family, compute))
        spawn_one(family, yield_often);
    return end(family, 0);
}

/* With a deadline a task that keeps its worker runs no children, so it does not go on like that. */
static int wait_a_little(struct family *family, int *first)
{
    int error = ETIMEDOUT;
    for (int i = 0; i < 3 && error == ETIMEDOUT; i++)
        error = bide_group_wait(family->group, bide_in(2e-5), first);
    return error == ETIMEDOUT ? bide_group_wait(family->group, BIDE_FOREVER, first) : error;
}

/* Everything that began has ended, and failures are told if there were any. */
static void check_ends(struct family *family, int first)
{
    size_t n = 0;
    CHECK_EQUAL(atomic_load(&family->present), 0);
    CHECK_EQUAL(atomic_load(&family->ended), atomic_load(&family->started));
    CHECK(atomic_load(&family->started) <= atomic_load(&family->spawned));
    CHECK_EQUAL(bide_group_failed(family->group, NULL, 0, &n), 0);
    CHECK_EQUAL(n, atomic_load(&family->failed));
    CHECK_EQUAL(first, n ? EIO : 0);
}

static void raise_children(struct family *family)
{
    static bide_task_fn *const kinds[KINDS] = {compute, compute, yield_often, nap, compute, have_two, fail, cancel_all};
    uint64_t last = test_random(&family->seed) % 3 ? 6 : KINDS; /* with and without those that stop all */
    bool at_once = test_random(&family->seed) % 4 == 0;
    int error = 0, first = 0;
    for (int i = 0; i < CHILDREN && !error; i++)
        error = spawn_one(family, kinds[test_random(&family->seed) % last]);
    if (at_once) {
        bide_group_destroy(family->group);
        CHECK_EQUAL(atomic_load(&family->ended), atomic_load(&family->started));
        return;
    }
    error = test_random(&family->seed) % 2 ? wait_a_little(family, &first)
                                           : bide_group_wait(family->group, BIDE_FOREVER, &first);
    CHECK(error == 0 || error == ECANCELED);
    check_ends(family, first);
    bide_group_destroy(family->group);
}

static void found(struct family *family, bide_pool *pool, uint64_t *seed)
{
    memset(family, 0, sizeof *family);
    family->pool = pool;
    family->seed = test_random(seed) | 1;
    family->limit = 1 + test_random(seed) % 4;
    CHECK_EQUAL(bide_group_create(&family->group, pool, family->limit), 0);
}

static int own(void *arg, bide_value *result)
{
    (void)result;
    raise_children(arg);
    return 0;
}

static void *own_as_thread(void *arg)
{
    raise_children(arg);
    return NULL;
}

static void run(bide_pool *pool, uint64_t *seed)
{
    struct family families[OWNERS + 1];
    bide_future *owners[OWNERS];
    pthread_t thread;
    for (int i = 0; i <= OWNERS; i++)
        found(&families[i], pool, seed);
    pthread_create(&thread, NULL, own_as_thread, &families[OWNERS]);
    for (int i = 0; i < OWNERS; i++)
        CHECK_EQUAL(bide_submit(pool, own, &families[i], &owners[i]), 0);
    if (test_random(seed) % 2 && bide_future_state(owners[0]) != BIDE_PENDING)
        bide_future_cancel(owners[0]);
    for (int i = 0; i < OWNERS; i++)
        CHECK_EQUAL(bide_join(owners[i], NULL), 0);
    pthread_join(thread, NULL);
}

int main(int argc, char **argv)
{
    uint64_t seed = test_seed(argc, argv);
    for (unsigned kind = 0; kind < 6; kind++) {
        bide_pool *pool;
        bool is_full = kind >= 3; /* a spawn waits for room in the pool too */
        bide_pool_options options = {
            .workers = 1U << kind % 3, .waiting = test_holds() ? BIDE_HOLD : BIDE_PARK, .max_pending = is_full ? 2 : 0};
        CHECK_EQUAL(bide_pool_create(&pool, &options), 0);
        for (unsigned long i = test_scale(is_full ? 80 : 800); i > 0; i--)
            run(pool, &seed);
        CHECK_EQUAL(bide_pool_destroy(pool), 0);
    }
    return check_failures() != 0;
}
