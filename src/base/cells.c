#include "base/cells.h"

#include "base/atomic.h"
#include "base/inline.h"
#include "base/memory.h"
#include "base/pages.h"
#include "base/process.h"
#include "base/spin.h"
#include "base/trail.h"

#include <pthread.h>
#include <stddef.h>

#define REGION_SIZE ((size_t)1 << 20)
#define MAGAZINE 127                       /* cells */
#define MAGAZINES_PER_REGION 129           /* with what describes it they fill a region */
#define TOUCHED_AT_ONCE ((size_t)64 << 10) /* bytes: a page fault each would cost more than the task */

#if defined BIDE_VALGRIND || defined __SANITIZE_ADDRESS__
#define KEEPS_CELLS 0
#elif defined __has_feature
#if __has_feature(address_sanitizer)
#define KEEPS_CELLS 0
#endif
#endif
#ifndef KEEPS_CELLS
#define KEEPS_CELLS 1
#endif

/* A free one. */
struct cell {
    struct cell *next;
    uintptr_t ahead;    /* in its magazine: see trail.h */
    struct cell *below; /* of the first of a magazine in the depot: the next magazine */
};

/* Aligned to its size. */
struct region {
    _Alignas(CELL_SIZE) atomic_word home; /* cells that are free for good */
};

_Static_assert(sizeof(struct region) + (size_t)MAGAZINES_PER_REGION * MAGAZINE * CELL_SIZE == REGION_SIZE,
               "nothing is left over");

/* All but `users` is guarded by the lock, which is the generation of the process that holds it. A forked child may find it
 * locked by its parent: it takes it over, and begins anew. */
static struct {
    atomic_word locked, users;
    struct cell *top;
    struct cell *loose;   /* of threads that have ended: less than a magazine */
    unsigned loose_count; /* of them */
    struct region *open;  /* with magazines that were never taken */
    unsigned taken;       /* of the open one */
    char *touched;        /* up to where its pages are there */
} depot;

static _Thread_local struct {
    struct cell *loaded, *full;
    unsigned count; /* of the loaded ones */
    struct trail trail;
    bool ends_with_thread;
} mine;

static void depot_lock(void)
{
    unsigned tries = 0;
    word own = process_generation(), seen = 0;
    while (!cas_acquire(&depot.locked, &seen, own))
        if (seen == own) {
            spin_wait(&tries);
            seen = 0;
        }
    if (seen) {
        depot.top = depot.loose = NULL;
        depot.loose_count = 0;
        depot.open = NULL;
    }
}

static void depot_unlock(void)
{
    store_release(&depot.locked, 0);
}

static APART void send_home(void *cell, size_t count)
{
    struct region *region = (struct region *)((uintptr_t)cell / REGION_SIZE * REGION_SIZE);
    if (add_acq_rel(&region->home, count) + count == (word)MAGAZINES_PER_REGION * MAGAZINE)
        pages_unmap(region, REGION_SIZE);
}

static void send_all_home(struct cell *cells)
{
    for (struct cell *next; cells; cells = next) {
        next = cells->next;
        send_home(cells, 1);
    }
}

/* Twice as much is mapped, of which an aligned half stays. */
static struct region *map_region(void)
{
    char *pages = pages_map(2 * REGION_SIZE);
    if (!pages)
        return NULL;
    size_t before = REGION_SIZE - (uintptr_t)pages % REGION_SIZE;
    pages_unmap(pages, before);
    if (before < REGION_SIZE)
        pages_unmap(pages + before + REGION_SIZE, REGION_SIZE - before);
    return (struct region *)(void *)(pages + before);
}

/* Under the lock. */
static bool open_region(void)
{
    if (depot.open && depot.taken < MAGAZINES_PER_REGION)
        return true;
    depot.open = map_region();
    depot.taken = 0;
    depot.touched = (char *)depot.open + TOUCHED_AT_ONCE;
    return depot.open;
}

/* Under the lock: one that was never taken. NULL: no memory. */
static struct cell *new_magazine(void)
{
    if (!open_region())
        return NULL;
    char *first = (char *)(depot.open + 1) + (size_t)depot.taken++ * MAGAZINE * CELL_SIZE;
    char *end = first + (size_t)MAGAZINE * CELL_SIZE;
    for (; depot.touched < end; depot.touched += TOUCHED_AT_ONCE)
        pages_touch(depot.touched, TOUCHED_AT_ONCE);
    for (char *cell = first; cell < end; cell += CELL_SIZE)
        ((struct cell *)(void *)cell)->next = cell + CELL_SIZE < end ? (struct cell *)(void *)(cell + CELL_SIZE) : NULL;
    return (struct cell *)(void *)first;
}

static struct cell *depot_take(void)
{
    depot_lock();
    struct cell *magazine = depot.top;
    if (magazine)
        depot.top = magazine->below;
    else
        magazine = new_magazine();
    depot_unlock();
    return magazine;
}

static void depot_put(struct cell *magazine)
{
    if (!magazine)
        return;
    depot_lock();
    bool keeps = load_relaxed(&depot.users);
    if (keeps) {
        magazine->below = depot.top;
        depot.top = magazine;
    }
    depot_unlock();
    if (!keeps)
        send_all_home(magazine);
}

/* Under the lock. */
static void keep_loose(struct cell *cell)
{
    cell->next = depot.loose;
    depot.loose = cell;
    if (++depot.loose_count < MAGAZINE)
        return;
    cell->below = depot.top;
    depot.top = cell;
    depot.loose = NULL;
    depot.loose_count = 0;
}

/* Of a magazine that is not full. */
static void depot_put_loose(struct cell *cells)
{
    depot_lock();
    bool keeps = load_relaxed(&depot.users);
    for (struct cell *next; cells && keeps; cells = next) {
        next = cells->next;
        keep_loose(cells);
    }
    depot_unlock();
    send_all_home(cells);
}

static void empty_mine(void)
{
    depot_put_loose(mine.loaded);
    depot_put(mine.full);
    mine.loaded = mine.full = NULL;
    mine.count = 0;
}

static pthread_key_t at_exit;
static bool has_key;

/* What the thread frees after that, in the destructors of other keys, calls it once more. */
static void leave_thread(void *unused)
{
    (void)unused;
    mine.ends_with_thread = false;
    empty_mine();
}

static void make_key(void)
{
    has_key = pthread_key_create(&at_exit, leave_thread) == 0;
}

/* A thread that cannot be seen to end has no magazines. */
static APART bool see_end_of_thread(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    if (mine.ends_with_thread)
        return true;
    pthread_once(&once, make_key);
    mine.ends_with_thread = has_key && pthread_setspecific(at_exit, &mine) == 0;
    return mine.ends_with_thread;
}

static APART bool load(void)
{
    mine.loaded = mine.full ? mine.full : depot_take();
    mine.full = NULL;
    mine.count = mine.loaded ? MAGAZINE : 0;
    return mine.loaded;
}

static APART void unload(void)
{
    depot_put(mine.full);
    mine.full = mine.loaded;
    mine.loaded = NULL;
    mine.count = 0;
}

void *cell_alloc(void)
{
    if (!KEEPS_CELLS)
        return memory_alloc(CELL_SIZE);
    if (!mine.loaded && (!see_end_of_thread() || !load()))
        return NULL;
    struct cell *cell = mine.loaded;
    mine.loaded = cell->next;
    trail_follow(cell->ahead);
    mine.count--;
    return cell;
}

void cell_free(void *freed)
{
    struct cell *cell = freed;
    if (!KEEPS_CELLS) {
        memory_free(cell);
        return;
    }
    if (!mine.ends_with_thread && !see_end_of_thread()) {
        send_home(cell, 1);
        return;
    }
    if (mine.count == MAGAZINE)
        unload();
    cell->next = mine.loaded;
    cell->ahead = trail_add(&mine.trail, mine.count++, cell);
    mine.loaded = cell;
}

void cells_begin_use(void)
{
    add_relaxed(&depot.users, 1);
}

void cells_end_use(void)
{
    if (!KEEPS_CELLS || add_acq_rel(&depot.users, (word)-1) != 1)
        return;
    empty_mine();
    depot_lock();
    struct cell *all = depot.top, *loose = depot.loose;
    struct region *open = depot.open;
    size_t untaken = (size_t)(MAGAZINES_PER_REGION - depot.taken) * MAGAZINE;
    depot.top = depot.loose = NULL;
    depot.loose_count = 0;
    depot.open = NULL;
    depot_unlock();
    send_all_home(loose);
    for (struct cell *below; all; all = below) {
        below = all->below;
        send_all_home(all);
    }
    if (open && untaken)
        send_home(open, untaken);
}
