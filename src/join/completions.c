#include "base/beacon.h"
#include "base/memory.h"
#include "base/process.h"
#include "sync/future.h"
#include "wait/monitor.h"

#include <bide/completions.h>

#include <errno.h>

/* A monitor guards all of it. Each future that is added has an entry until it is taken:
 *
 *   listed   the entry's waiter stands in the list of the future
 *   ended    fired; it stands in `ended`, to be taken in this order
 *
 * Entries lie in blocks, and who looks for listed ones walks these, so that an entry needs no more than one link. Blocks are
 * freed when no entry is used and nobody walks.
 *
 * `takers` wait for the next end: each end fires one of them; a task that is added fires them all if one could run it in place;
 * so does the take that leaves nothing listed. The beacon is lit while something has ended. */
struct entry {
    struct waiter waiter; /* its owner is the block */
    bide_future *future;  /* a reference */
    void *tag;
    uint32_t cancelled_in; /* the last cancel that has seen to it, or that was before it */
    bool listed;
};

struct block {
    struct block *next;
    bide_completions *completions;
    size_t number, size;
    struct entry entries[];
};

/* Before an entry of a block; block NULL: behind the last of all. */
struct position {
    struct block *block;
    size_t index;
};

struct bide_completions {
    struct monitor monitor;
    struct list free, ended; /* entries */
    struct list takers;
    struct beacon beacon; /* once somebody has asked for it */
    bool is_lit;
    struct block *first, *last;
    struct position fresh; /* none before it is a task that has not started and could be run in place */
    size_t used, listed;   /* entries that are not free; those of them that are listed */
    unsigned walkers;      /* who let go of the monitor with a block in hand */
    uint32_t cancels;      /* how often bide_completions_cancel() was called */
    uint32_t generation;   /* of the process that made it */
};

#define FIRST_SIZE 8
#define LARGEST_SIZE 512

static struct entry *entry_of(struct link *link)
{
    return LISTED_IN(struct entry, waiter.link, link);
}

static struct entry *entry_at(struct position *position)
{
    if (position->block && position->index == position->block->size)
        *position = (struct position){position->block->next, 0};
    return position->block ? &position->block->entries[position->index] : NULL;
}

static struct position position_of(const struct entry *entry)
{
    struct block *block = entry->waiter.owner;
    return (struct position){block, (size_t)(entry - block->entries)};
}

static bool precedes(struct position position, struct position other)
{
    if (!other.block || position.block->number != other.block->number)
        return !other.block || position.block->number < other.block->number;
    return position.index < other.index;
}

static bool is_inherited(const bide_completions *completions)
{
    return completions->generation != process_generation();
}

/* Under the monitor, after a change. In a child it is the parent's. */
static void see_to_beacon(bide_completions *completions)
{
    bool should = !list_is_empty(&completions->ended);
    if (should == completions->is_lit || completions->beacon.watched < 0 || is_inherited(completions))
        return;
    completions->is_lit = should;
    should ? beacon_light(&completions->beacon) : beacon_put_out(&completions->beacon);
}

/* Under the monitor. */
static void become_ended(struct entry *entry)
{
    bide_completions *completions = position_of(entry).block->completions;
    entry->listed = false;
    completions->listed--;
    list_append(&completions->ended, &entry->waiter.link);
    see_to_beacon(completions);
}

/* The last touch of the queue by who settles is the unlock. */
static void entry_fire(struct waiter *waiter)
{
    struct entry *entry = LISTED_IN(struct entry, waiter, waiter);
    bide_completions *completions = position_of(entry).block->completions;
    monitor_lock(&completions->monitor);
    become_ended(entry);
    struct link *taker = list_take_first(&completions->takers);
    monitor_unlock(&completions->monitor);
    waiters_fire(taker);
}

static struct block *block_create(bide_completions *completions, size_t size)
{
    struct block *block = memory_alloc(sizeof *block + size * sizeof *block->entries);
    if (!block)
        return NULL;
    *block = (struct block){.completions = completions, .size = size};
    for (size_t i = 0; i < size; i++)
        block->entries[i] = (struct entry){.waiter = {.fire = entry_fire, .owner = block}};
    return block;
}

/* Under the monitor. */
static void append_block(bide_completions *completions, struct block *block)
{
    block->number = completions->last ? completions->last->number + 1 : 0;
    *(completions->last ? &completions->last->next : &completions->first) = block;
    completions->last = block;
    for (size_t i = 0; i < block->size; i++)
        list_append(&completions->free, &block->entries[i].waiter.link);
}

/* Under the monitor, which it lets go of. false: no memory. */
static bool grow(bide_completions *completions)
{
    size_t size = completions->last ? completions->last->size * 2 : FIRST_SIZE;
    monitor_unlock(&completions->monitor);
    struct block *block = block_create(completions, size < LARGEST_SIZE ? size : LARGEST_SIZE);
    monitor_lock(&completions->monitor);
    if (block)
        append_block(completions, block);
    return block != NULL;
}

/* Under the monitor, which it may let go of: an entry to be listed; NULL: no memory. */
static struct entry *take_free(bide_completions *completions)
{
    while (list_is_empty(&completions->free))
        if (!grow(completions))
            return NULL;
    completions->used++;
    return entry_of(list_take_first(&completions->free));
}

/* Under the monitor: detach all blocks, if none is in use. */
static struct block *trim(bide_completions *completions)
{
    struct block *unused = completions->first;
    if (completions->used || completions->walkers || completions->first == completions->last)
        return NULL;
    completions->first = completions->last = completions->fresh.block = NULL;
    completions->free.first = NULL;
    return unused;
}

static void free_blocks(struct block *block)
{
    while (block) {
        struct block *next = block->next;
        memory_free(block);
        block = next;
    }
}

/* Under the monitor. */
static void put_free(bide_completions *completions, struct entry *entry)
{
    completions->used--;
    list_prepend(&completions->free, &entry->waiter.link);
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

/* Under the monitor. Who is to be fired, since it could run the task in place. */
static struct link *list_entry(bide_completions *completions, struct entry *entry, bide_future *future, void *tag)
{
    struct position position = position_of(entry);
    entry->future = future;
    entry->tag = tag;
    entry->cancelled_in = completions->cancels;
    entry->listed = true;
    completions->listed++;
    if (!future->runner) /* nothing more of it: the pool of one that has ended may be gone */
        return NULL;
    if (precedes(position, completions->fresh))
        completions->fresh = position;
    return is_awaited_by(completions, future->runner) ? list_take_all(&completions->takers) : NULL;
}

/* Listed before it is enlisted: its end may come at once. */
static void enlist(struct entry *entry, struct link *takers)
{
    waiters_fire(takers);
    if (!future_enlist(entry->future, &entry->waiter))
        entry_fire(&entry->waiter);
}

int bide_completions_create(bide_completions **completions)
{
    if (!completions)
        return EINVAL;
    bide_completions *made = memory_alloc(sizeof *made);
    if (!made)
        return ENOMEM;
    *made = (bide_completions){.generation = process_generation(), .beacon = {-1, -1}};
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
    struct link *takers = NULL;
    monitor_lock(&completions->monitor);
    struct entry *entry = take_free(completions);
    if (entry)
        takers = list_entry(completions, entry, future, tag);
    monitor_unlock(&completions->monitor);
    if (!entry)
        return ENOMEM;
    bide_future_retain(future);
    enlist(entry, takers);
    return 0;
}

static struct entry *reserve(bide_completions *completions)
{
    monitor_lock(&completions->monitor);
    struct entry *entry = take_free(completions);
    monitor_unlock(&completions->monitor);
    return entry;
}

int bide_completions_submit(bide_completions *completions, bide_pool *pool, bide_task_fn *fn, void *arg, void *tag)
{
    bide_future *future;
    struct link *takers = NULL;
    if (!completions)
        return EINVAL;
    struct entry *entry = reserve(completions);
    if (!entry)
        return ENOMEM;
    int error = bide_submit(pool, fn, arg, &future);
    monitor_lock(&completions->monitor);
    if (error)
        put_free(completions, entry);
    else
        takers = list_entry(completions, entry, future, tag);
    monitor_unlock(&completions->monitor);
    if (!error)
        enlist(entry, takers);
    return error;
}

static bool is_unstarted(const struct entry *entry)
{
    return entry->listed && entry->future->runner && bide_future_state(entry->future) == BIDE_PENDING;
}

/* Under the monitor: a reference to a listed task that has not started and could be run here; NULL: there is none. Those of
 * other pools stay behind `fresh` for the tasks of theirs. */
static bide_future *find_unstarted(bide_completions *completions)
{
    struct runner *runner = strand_current()->runner;
    bool all_begun = runner && runner->holds;
    struct position at = all_begun ? completions->fresh : (struct position){NULL, 0};
    for (struct entry *entry; (entry = entry_at(&at)); at.index++) {
        bool unstarted = is_unstarted(entry);
        all_begun &= !unstarted;
        if (all_begun)
            completions->fresh = (struct position){at.block, at.index + 1};
        if (unstarted && entry->future->runner == runner && future_could_start(entry->future)) {
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
    if (deadline == BIDE_FOREVER && !strand_stop_is_due(self))
        error = run_one_here(completions);
    return error == ENOENT ? monitor_wait(&completions->monitor, &completions->takers, deadline, STOP | LATE) : error;
}

/* What is handed out. */
struct ended {
    bide_future *future;
    void *tag;
};

/* Under the monitor: take the first that has ended, and with it the blocks if none is in use any more. */
static struct ended take_first(bide_completions *completions, struct block **unused)
{
    struct entry *entry = entry_of(list_take_first(&completions->ended));
    put_free(completions, entry);
    see_to_beacon(completions);
    *unused = trim(completions);
    return (struct ended){entry->future, entry->tag};
}

static int take_ended(bide_completions *completions, bide_time deadline, struct ended *taken)
{
    struct link *others = NULL;
    struct block *unused = NULL;
    int error = 0;
    monitor_lock(&completions->monitor);
    while (list_is_empty(&completions->ended) && !error)
        error = completions->listed ? await_end_of_any(completions, deadline) : ENOENT;
    if (!error)
        *taken = take_first(completions, &unused);
    if (!error && list_is_empty(&completions->ended) && !completions->listed)
        others = list_take_all(&completions->takers);
    monitor_unlock(&completions->monitor);
    waiters_fire(others);
    free_blocks(unused);
    if (!error && deadline != BIDE_NOW)
        strand_pass();
    return error == EAGAIN ? strand_poll(strand_current()) : error;
}

int bide_completions_next(bide_completions *completions, bide_time deadline, bide_future **future, void **tag)
{
    struct ended taken = {NULL, NULL};
    int error = completions ? take_ended(completions, deadline, &taken) : EINVAL;
    if (error)
        return error;
    if (tag)
        *tag = taken.tag;
    if (future)
        *future = taken.future;
    else
        bide_future_release(taken.future);
    return 0;
}

/* Ask for one, unless it is not listed, or the last cancel has seen to it, or was before it. */
static void cancel_entry(bide_completions *completions, struct entry *entry)
{
    bide_future *future = NULL;
    monitor_lock(&completions->monitor);
    if (entry->listed && entry->cancelled_in != completions->cancels) {
        entry->cancelled_in = completions->cancels;
        future = entry->future;
        bide_future_retain(future);
    }
    monitor_unlock(&completions->monitor);
    if (future)
        bide_future_cancel(future);
    bide_future_release(future);
}

/* The walk goes as far as it did when it began: what is added later needs no look. */
int bide_completions_cancel(bide_completions *completions)
{
    if (!completions)
        return EINVAL;
    monitor_lock(&completions->monitor);
    completions->cancels++;
    completions->walkers++;
    struct block *last = completions->last;
    monitor_unlock(&completions->monitor);
    for (struct block *block = last ? completions->first : NULL; block; block = block == last ? NULL : block->next)
        for (size_t i = 0; i < block->size; i++)
            cancel_entry(completions, &block->entries[i]);
    monitor_lock(&completions->monitor);
    completions->walkers--;
    monitor_unlock(&completions->monitor);
    return 0;
}

int bide_completions_fd(bide_completions *completions, int *fd)
{
    if (!completions || !fd)
        return EINVAL;
    if (is_inherited(completions))
        return ESHUTDOWN;
    int error = 0;
    monitor_lock(&completions->monitor);
    if (completions->beacon.watched < 0)
        error = beacon_open(&completions->beacon);
    see_to_beacon(completions);
    int watched = completions->beacon.watched;
    monitor_unlock(&completions->monitor);
    if (!error)
        *fd = watched;
    return error;
}

/* Under the monitor: take the waiter out of the future. If it was detached it is on its way to the ended, so wait for it
 * there. */
static void unlist(bide_completions *completions, struct entry *entry)
{
    while (entry->listed) {
        if (future_unlist(entry->future, &entry->waiter))
            become_ended(entry);
        else
            monitor_wait(&completions->monitor, &completions->takers, BIDE_FOREVER, 0);
    }
}

static void release_all(struct link *ended)
{
    while (ended) {
        struct entry *entry = entry_of(ended);
        ended = ended->next;
        bide_future_release(entry->future);
    }
}

void bide_completions_destroy(bide_completions *completions)
{
    if (!completions || is_inherited(completions)) /* in a child a waiter may be on its way for ever: leave it all */
        return;
    monitor_lock(&completions->monitor);
    struct position at = {completions->first, 0};
    for (struct entry *entry; (entry = entry_at(&at)); at.index++)
        unlist(completions, entry);
    struct link *forgotten = list_take_all(&completions->ended);
    monitor_unlock(&completions->monitor);
    release_all(forgotten);
    beacon_close(&completions->beacon);
    free_blocks(completions->first);
    memory_free(completions);
}
