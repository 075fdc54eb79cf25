#include "run/entry.h"

#include "base/cells.h"
#include "base/cpus.h"
#include "base/memory.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#define HOLDING_STACK_SIZE ((size_t)8 << 20)
#define PARKING_STACK_SIZE ((size_t)256 << 10)
#define LEAST_ROOT_STACK_SIZE ((size_t)1 << 20) /* for worker_start, in a parking pool */

/* For a holding pool the system says so itself. */
static bool is_stack_size(size_t size)
{
    return size == 0 || size >= (size_t)PTHREAD_STACK_MIN;
}

static bool are_valid(const bide_pool_options *options)
{
    uint64_t reserved = 0;
    for (size_t i = 0; i < sizeof options->reserved / sizeof *options->reserved; i++)
        reserved |= options->reserved[i];
    bool holds = options->waiting == BIDE_HOLD;
    return reserved == 0 && (holds || options->waiting == BIDE_PARK) && (holds || is_stack_size(options->stack_size));
}

/* More workers than that, and each membarrier would interrupt too many. */
#define MOST_ASYMMETRIC 16

#define SLOTS_PER_WORKER (OWN_SLOTS + BATCH_SLOTS)

/* The slots of the deques lie behind the workers, and are not touched before they are used. NULL: no memory. */
static bide_pool *pool_alloc(unsigned workers)
{
    size_t size, slots;
    if (__builtin_mul_overflow(workers, sizeof(struct worker), &size) ||
        __builtin_add_overflow(size, sizeof(bide_pool), &size) ||
        __builtin_mul_overflow(workers, SLOTS_PER_WORKER * sizeof(atomic_word), &slots) ||
        __builtin_add_overflow(slots, size, &slots))
        return NULL;
    bide_pool *pool = memory_alloc(slots);
    if (pool)
        memset(pool, 0, size);
    return pool;
}

static void init_workers(bide_pool *pool)
{
    unsigned workers = pool->options.workers;
    bool asymmetric = workers <= MOST_ASYMMETRIC && barrier_is_asymmetric();
    atomic_word *slots = (atomic_word *)(void *)(pool->workers + workers);
    for (struct worker *worker = pool->workers; worker < pool->workers + workers; worker++) {
        worker->pool = pool;
        worker->index = (unsigned)(worker - pool->workers);
        deque_init(&worker->own, slots, OWN_SLOTS, asymmetric);
        deque_init(&worker->batch, slots + OWN_SLOTS, BATCH_SLOTS, asymmetric);
        slots += SLOTS_PER_WORKER;
    }
}

static void init_runner(struct runner *runner, bool holds)
{
    word_init(&runner->keepers, 1);
    runner->generation = future_generation();
    runner->holds = holds;
    runner->run_here = holds ? worker_run_in_place : worker_run_at_once;
    runner->admit = pool_admit;
    runner->forget = pool_forget;
}

static bide_pool *pool_make(const bide_pool_options *options)
{
    unsigned workers = options->workers ? options->workers : cpus_usable();
    bide_pool *pool = pool_alloc(workers);
    if (!pool)
        return NULL;
    init_runner(&pool->runner, options->waiting == BIDE_HOLD || !CONTEXT_IS_AVAILABLE);
    pool->options = *options;
    pool->options.workers = workers;
    if (!options->stack_size)
        pool->options.stack_size = pool->runner.holds ? HOLDING_STACK_SIZE : PARKING_STACK_SIZE;
    strncpy(pool->name, options->name ? options->name : "bide", sizeof pool->name - 1);
    pool->options.name = pool->name;
    init_workers(pool);
    cells_begin_use();
    return pool;
}

static size_t root_stack_size(const bide_pool *pool)
{
    size_t size = pool->options.stack_size;
    return pool->runner.holds || size > LEAST_ROOT_STACK_SIZE ? size : LEAST_ROOT_STACK_SIZE;
}

/* Start the workers, as many as can be had, and wait until each has passed its worker_start. */
static int pool_start(bide_pool *pool, unsigned *created)
{
    int error = 0, kept = errno; /* bide leaves errno alone; thread creation does not */
    for (*created = 0; *created < pool->options.workers && !error; *created += !error) {
        struct worker *worker = &pool->workers[*created];
        error = thread_create(&worker->thread, root_stack_size(pool), worker_main, worker);
    }
    monitor_lock(&pool->monitor);
    while (pool->started < *created)
        monitor_wait(&pool->monitor, &pool->for_event, BIDE_FOREVER, 0);
    monitor_unlock(&pool->monitor);
    errno = kept;
    return error ? error : pool->start_error;
}

void pool_stop(bide_pool *pool, unsigned workers)
{
    monitor_lock(&pool->monitor);
    pool->stopping = true;
    store_release(&pool->refuses, 1);
    struct link *idle = list_take_all(&pool->for_work);
    for (struct link *worker = idle; worker; worker = worker->next) {
        idle_wake(&pool->idle);
        pool->waking++;
    }
    monitor_unlock(&pool->monitor);
    waiters_fire(idle);
    for (unsigned i = 0; i < workers; i++)
        pthread_join(pool->workers[i].thread, NULL);
}

void pool_free(bide_pool *pool)
{
    runner_let_go(&pool->runner);
    cells_end_use();
}

bool pool_is_inherited(const bide_pool *pool)
{
    return pool->runner.generation != future_generation();
}

int bide_pool_create(bide_pool **pool, const bide_pool_options *options)
{
    static const bide_pool_options defaults;
    if (!pool || (options && !are_valid(options)))
        return EINVAL;
    bide_pool *made = pool_make(options ? options : &defaults);
    if (!made)
        return ENOMEM;
    unsigned created;
    int error = pool_start(made, &created);
    if (error) {
        pool_stop(made, created);
        pool_free(made);
        return error;
    }
    *pool = made;
    return 0;
}
