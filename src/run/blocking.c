#include "base/memory.h"
#include "run/pool.h"

#include <errno.h>

#define DEFAULT_MOST 64
#define IDLE_SECONDS 5.0 /* until a helper without a call leaves */
#define STACK_SIZE ((size_t)8 << 20)

/* A call, on the stack of the task that waits for it. Listed until a helper starts it, or the task gives up; a helper that has
 * started it fires it when it has returned, which is the helper's last touch. */
struct call {
    struct waiter waiter;
    int (*fn)(void *arg);
    void *arg;
    int returned;
    bool refused; /* there is no helper, and none to be had */
};

struct helper {
    struct link link;
    struct bide_pool *pool;
    pthread_t thread;
};

static _Thread_local const bide_pool *helped_pool;

bool blocking_is_helper_of(const bide_pool *pool)
{
    return helped_pool == pool;
}

/* Under the monitor, which it lets go of while it waits. NULL: the helper is to leave. */
static struct call *next_call(struct blocking *blocking)
{
    int error = 0;
    while (list_is_empty(&blocking->calls) && !blocking->ends && !error)
        error = monitor_wait(&blocking->monitor, &blocking->for_calls, bide_in(IDLE_SECONDS), LATE);
    struct link *link = list_take_first(&blocking->calls);
    blocking->queued -= link != NULL;
    blocking->free--;
    return link ? LISTED_IN(struct call, waiter.link, link) : NULL;
}

static void *help(void *arg)
{
    struct helper *self = arg;
    struct blocking *blocking = &self->pool->blocking;
    struct thread_state clean;
    struct stretch stretch;
    self->thread = pthread_self();
    helped_pool = self->pool;
    thread_state_save(&clean);
    stretch_init(&stretch);
    monitor_lock(&blocking->monitor);
    for (struct call *call; (call = next_call(blocking));) {
        monitor_unlock(&blocking->monitor);
        stretch_begin(&stretch);
        call->returned = call->fn(call->arg);
        thread_state_restore(&clean, &stretch);
        monitor_lock(&blocking->monitor);
        blocking->free++; /* before the task goes on, and calls again */
        monitor_unlock(&blocking->monitor);
        call->waiter.fire(&call->waiter);
        monitor_lock(&blocking->monitor);
    }
    list_append(&blocking->gone, &self->link);
    struct link *ender = --blocking->helpers ? NULL : list_take_first(&blocking->for_end);
    monitor_unlock(&blocking->monitor);
    waiters_fire(ender);
    return NULL;
}

/* Join those that have left. */
static void bury(struct blocking *blocking)
{
    monitor_lock(&blocking->monitor);
    struct link *chain = list_take_all(&blocking->gone);
    monitor_unlock(&blocking->monitor);
    while (chain) {
        struct helper *helper = LISTED_IN(struct helper, link, chain);
        chain = chain->next;
        pthread_join(helper->thread, NULL);
        memory_free(helper);
    }
}

/* One more, that was counted. false: no thread to be had. */
static bool add_helper(bide_pool *pool)
{
    pthread_t thread;
    int kept = errno;
    bury(&pool->blocking);
    struct helper *helper = memory_alloc(sizeof *helper);
    if (helper)
        *helper = (struct helper){.pool = pool};
    bool added = helper && thread_create(&thread, STACK_SIZE, help, helper) == 0;
    if (!added)
        memory_free(helper);
    errno = kept;
    return added;
}

/* Under the monitor. */
static bool needs_helper(const bide_pool *pool)
{
    const struct blocking *blocking = &pool->blocking;
    unsigned most = pool->options.max_blocking ? pool->options.max_blocking : DEFAULT_MOST;
    return blocking->queued > blocking->free && blocking->helpers < most;
}

/* false: it was taken by a helper. */
static bool withdraw(struct blocking *blocking, struct call *call)
{
    monitor_lock(&blocking->monitor);
    bool listed = link_is_listed(&call->waiter.link);
    if (listed)
        list_remove(&blocking->calls, &call->waiter.link);
    blocking->queued -= listed;
    monitor_unlock(&blocking->monitor);
    return listed;
}

/* One that was counted could not be had. If it would have been the only one, nobody will ever take what is listed. */
static void miss_helper(struct blocking *blocking)
{
    struct link *refused = NULL;
    monitor_lock(&blocking->monitor);
    blocking->free--;
    if (--blocking->helpers == 0) {
        blocking->queued = 0;
        refused = list_take_all(&blocking->calls);
        for (struct link *link = refused; link; link = link->next)
            LISTED_IN(struct call, waiter.link, link)->refused = true;
    }
    monitor_unlock(&blocking->monitor);
    waiters_fire(refused);
}

static void hand_in(bide_pool *pool, struct call *call)
{
    struct blocking *blocking = &pool->blocking;
    monitor_lock(&blocking->monitor);
    blocking->queued++;
    bool needed = needs_helper(pool);
    blocking->helpers += needed;
    blocking->free += needed;
    list_append(&blocking->calls, &call->waiter.link);
    struct link *helper = list_take_first(&blocking->for_calls);
    monitor_unlock(&blocking->monitor);
    waiters_fire(helper);
    if (needed && !add_helper(pool))
        miss_helper(blocking);
}

static int call_elsewhere(struct strand *self, struct call *call)
{
    bide_pool *pool = (bide_pool *)self->runner;
    if (strand_deliver_stop(self))
        return ECANCELED;
    waiter_init(&call->waiter, self);
    hand_in(pool, call);
    word ended = strand_park(self, FIRED | STOP, BIDE_FOREVER);
    if (!(ended & FIRED) && !withdraw(&pool->blocking, call)) {
        strand_await_fire(self);
        ended = FIRED;
    }
    int error = strand_end_wait(self, ended);
    return !error && call->refused ? EAGAIN : error;
}

int bide_blocking(int (*fn)(void *arg), void *arg, int *returned)
{
    if (!fn)
        return EINVAL;
    struct strand *self = strand_current();
    struct call call = {.fn = fn, .arg = arg};
    int error = 0;
    if (!self->future || self->runner->holds)
        call.returned = fn(arg);
    else
        error = call_elsewhere(self, &call);
    if (!error && returned)
        *returned = call.returned;
    return error;
}

void blocking_end(struct blocking *blocking)
{
    monitor_lock(&blocking->monitor);
    blocking->ends = true;
    struct link *helpers = list_take_all(&blocking->for_calls);
    monitor_unlock(&blocking->monitor);
    waiters_fire(helpers);
    monitor_lock(&blocking->monitor);
    while (blocking->helpers)
        monitor_wait(&blocking->monitor, &blocking->for_end, BIDE_FOREVER, 0);
    monitor_unlock(&blocking->monitor);
    bury(blocking);
}
