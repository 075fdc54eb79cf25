#include "base/memory.h"
#include "base/process.h"
#include "sync/future.h"
#include "wait/monitor.h"

#include <bide/completions.h>

#include <errno.h>

/* A monitor guards three lists; an entry is in one of them from its being added to its being taken.
 *
 *   fresh    listed, and may be a task that has not started
 *   begun    listed, and has started, or was asked to stop, or is a promise: never one to be run in place. Those that the
 *            last cancel has seen to, or that were added after it, stand at the end
 *   ended    fired, to be taken in this order
 *
 * The entry's waiter stands in the list of its future from the add to the end. `takers` wait for the next end: each end
 * fires one of them; a task that is added fires them all if one could run it in place; so does the take that leaves nothing
 * listed. */
struct bide_completions {
    struct monitor monitor;
    struct list fresh, begun, ended;
    struct list takers;
    word cancels;        /* how often bide_completions_cancel() was called */
    uint32_t generation; /* of the process that made it */
};

struct entry {
    struct link link;
    struct list *in; /* the list that holds it */
    struct waiter waiter;
    bide_completions *completions;
    bide_future *future; /* a reference */
    void *tag;
    word cancelled_in; /* the last cancel that has seen to it */
};

static struct entry *entry_of(struct link *link)
{
    return link ? LISTED_IN(struct entry, link, link) : NULL;
}

/* Under the monitor. */
static void move(struct entry *entry, struct list *to, void (*put)(struct list *, struct link *))
{
    if (entry->in)
        list_remove(entry->in, &entry->link);
    entry->in = to;
    put(to, &entry->link);
}

/* The last touch of the queue by who settles is the unlock. */
static void entry_fire(struct waiter *waiter)
{
    struct entry *entry = LISTED_IN(struct entry, waiter, waiter);
    bide_completions *completions = entry->completions;
    monitor_lock(&completions->monitor);
    move(entry, &completions->ended, list_append);
    struct link *taker = list_take_first(&completions->takers);
    monitor_unlock(&completions->monitor);
    waiters_fire(taker);
}

static bool is_inherited(const bide_completions *completions)
{
    return completions->generation != process_generation();
}

static struct entry *entry_create(bide_completions *completions, void *tag)
{
    struct entry *entry = memory_alloc(sizeof *entry);
    if (entry)
        *entry = (struct entry){.waiter.fire = entry_fire, .completions = completions, .tag = tag};
    return entry;
}

/* Under the monitor: is a task of that pool among the takers? */
static bool is_awaited_by(const bide_completions *completions, const struct runner *runner)
{
    for (struct link *first = completions->takers.first, *link = first; link;) {
        if (LISTED_IN(struct waiter, link, link)->strand->runner == runner)
            return runner->holds;
        link = link->next == first ? NULL : link->next;
    }
    return false;
}

/* Listed before it is enlisted: its end may come at once. Takes the reference. */
static void entry_list(struct entry *entry, bide_future *future)
{
    bide_completions *completions = entry->completions;
    struct link *takers = NULL;
    entry->future = future;
    monitor_lock(&completions->monitor);
    entry->cancelled_in = completions->cancels;
    move(entry, &completions->fresh, list_append);
    if (future->runner && is_awaited_by(completions, future->runner))
        takers = list_take_all(&completions->takers);
    monitor_unlock(&completions->monitor);
    waiters_fire(takers);
    if (!future_enlist(future, &entry->waiter))
        entry_fire(&entry->waiter);
}

int bide_completions_create(bide_completions **completions)
{
    if (!completions)
        return EINVAL;
    bide_completions *made = memory_alloc(sizeof *made);
    if (!made)
        return ENOMEM;
    *made = (bide_completions){.generation = process_generation()};
    word_init(&made->monitor.locked, 0);
    *completions = made;
    return 0;
}

int bide_completions_add(bide_completions *completions, bide_future *future, void *tag)
{
    if (!completions || !future)
        return EINVAL;
    if (bide_future_state(future) < BIDE_DONE && future_is_inherited(future))
        return ESHUTDOWN;
    struct entry *entry = entry_create(completions, tag);
    if (!entry)
        return ENOMEM;
    bide_future_retain(future);
    entry_list(entry, future);
    return 0;
}

int bide_completions_submit(bide_completions *completions, bide_pool *pool, bide_task_fn *fn, void *arg, void *tag)
{
    bide_future *future;
    if (!completions)
        return EINVAL;
    struct entry *entry = entry_create(completions, tag);
    if (!entry)
        return ENOMEM;
    int error = bide_submit(pool, fn, arg, &future);
    if (error)
        memory_free(entry);
    else
        entry_list(entry, future);
    return error;
}

static bool none_is_listed(const bide_completions *completions)
{
    return list_is_empty(&completions->fresh) && list_is_empty(&completions->begun);
}

/* By the last cancel, or added after it. */
static bool was_cancelled(const bide_completions *completions, const struct entry *entry)
{
    return entry->cancelled_in >= completions->cancels;
}

/* Under the monitor: a reference to a listed task that has not started and could be run here; NULL: there is none. Those of
 * other pools stay fresh for the tasks of theirs. */
static bide_future *find_unstarted(bide_completions *completions)
{
    struct runner *runner = strand_current()->runner;
    struct link *link = runner && runner->holds ? completions->fresh.first : NULL;
    for (struct link *next; link; link = next) {
        struct entry *entry = entry_of(link);
        next = link->next == completions->fresh.first ? NULL : link->next;
        if (bide_future_state(entry->future) != BIDE_PENDING || !entry->future->runner) {
            move(entry, &completions->begun, was_cancelled(completions, entry) ? list_append : list_prepend);
        } else if (entry->future->runner == runner) {
            bide_future_retain(entry->future);
            return entry->future;
        }
    }
    return NULL;
}

/* Under the monitor, which it lets go of: run a listed task here. ENOENT: there is none. */
static int run_one_here(bide_completions *completions)
{
    bide_future *future = find_unstarted(completions);
    if (!future)
        return ENOENT;
    monitor_unlock(&completions->monitor);
    enum run_here ran = future_run_here(future);
    bide_future_release(future);
    monitor_lock(&completions->monitor);
    return ran == NO_STACK && list_is_empty(&completions->ended) ? EDEADLK : 0;
}

/* Under the monitor: wait until it is worth looking for an end again. EAGAIN: the deadline is BIDE_NOW. */
static int await_end_of_any(bide_completions *completions, bide_time deadline)
{
    struct strand *self = strand_current();
    if (is_inherited(completions))
        return ESHUTDOWN;
    if (deadline == BIDE_NOW)
        return EAGAIN;
    if (!strand_may_wait())
        return EDEADLK;
    int error = ENOENT;
    if (deadline == BIDE_FOREVER && !self->operations->stop_is_due(self))
        error = run_one_here(completions);
    return error == ENOENT ? monitor_wait(&completions->monitor, &completions->takers, deadline, STOP | LATE) : error;
}

/* Take the first that has ended; NULL: *error says why there is none. */
static struct entry *take_ended(bide_completions *completions, bide_time deadline, int *error)
{
    struct link *others = NULL;
    *error = 0;
    monitor_lock(&completions->monitor);
    while (list_is_empty(&completions->ended) && !*error)
        *error = none_is_listed(completions) ? ENOENT : await_end_of_any(completions, deadline);
    struct entry *taken = *error ? NULL : entry_of(list_take_first(&completions->ended));
    if (taken && list_is_empty(&completions->ended) && none_is_listed(completions))
        others = list_take_all(&completions->takers);
    monitor_unlock(&completions->monitor);
    waiters_fire(others);
    if (*error == EAGAIN)
        *error = strand_poll(strand_current());
    return taken;
}

int bide_completions_next(bide_completions *completions, bide_time deadline, bide_future **future, void **tag)
{
    int error = EINVAL;
    struct entry *entry = completions ? take_ended(completions, deadline, &error) : NULL;
    if (!entry)
        return error;
    if (tag)
        *tag = entry->tag;
    if (future)
        *future = entry->future;
    else
        bide_future_release(entry->future);
    memory_free(entry);
    return 0;
}

/* An entry that the last cancel has not seen to; a reference to its future. What was added after the cancel stands at the end
 * of the fresh. */
static bide_future *next_to_cancel(bide_completions *completions)
{
    bide_future *future = NULL;
    monitor_lock(&completions->monitor);
    struct entry *entry = entry_of(completions->fresh.first);
    if (!entry || was_cancelled(completions, entry))
        entry = entry_of(completions->begun.first);
    if (entry && !was_cancelled(completions, entry)) {
        entry->cancelled_in = completions->cancels;
        move(entry, &completions->begun, list_append);
        future = entry->future;
        bide_future_retain(future);
    }
    monitor_unlock(&completions->monitor);
    return future;
}

int bide_completions_cancel(bide_completions *completions)
{
    if (!completions)
        return EINVAL;
    monitor_lock(&completions->monitor);
    completions->cancels++;
    monitor_unlock(&completions->monitor);
    for (bide_future *future; (future = next_to_cancel(completions)); bide_future_release(future))
        bide_future_cancel(future);
    return 0;
}

static void free_entries(struct link *chain)
{
    while (chain) {
        struct entry *entry = entry_of(chain);
        chain = chain->next;
        bide_future_release(entry->future);
        memory_free(entry);
    }
}

/* Under the monitor: take the waiters out of the futures of a list. One that was detached is on its way to the ended, so wait
 * for it there. */
static void unlist_all(bide_completions *completions, struct list *listed)
{
    for (struct link *link; (link = listed->first);) {
        struct entry *entry = entry_of(link);
        if (future_unlist(entry->future, &entry->waiter))
            move(entry, &completions->ended, list_append);
        else
            monitor_wait(&completions->monitor, &completions->takers, BIDE_FOREVER, 0);
    }
}

void bide_completions_destroy(bide_completions *completions)
{
    if (!completions || is_inherited(completions)) /* in a child a waiter may be on its way for ever: leave it all */
        return;
    monitor_lock(&completions->monitor);
    unlist_all(completions, &completions->fresh);
    unlist_all(completions, &completions->begun);
    struct link *forgotten = list_take_all(&completions->ended);
    monitor_unlock(&completions->monitor);
    free_entries(forgotten);
    memory_free(completions);
}
