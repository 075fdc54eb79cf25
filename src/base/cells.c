#include "base/cells.h"

#include "base/atomic.h"
#include "base/memory.h"
#include "base/spin.h"

#include <pthread.h>
#include <stddef.h>

#define MAGAZINE 128    /* cells */
#define DEPOT_MOST 8192 /* magazines: a million cells */
#define TRIES_FOR_DEPOT                                                                                                \
    32 /* then memory comes from, and goes to, the system: in a forked child the lock may stay taken */

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
    struct cell *below; /* of the first of a magazine in the depot: the next magazine */
};

/* Taking a magazine and putting one is all that happens under the lock. */
static struct {
    atomic_word locked;
    struct cell *top;
    size_t magazines;
} depot;

static atomic_word users;

static _Thread_local struct {
    struct cell *loaded, *full;
    unsigned count; /* of the loaded ones */
    bool ends_with_thread;
} mine;

static bool depot_lock(void)
{
    unsigned tries = 0;
    word unlocked = 0;
    while (!cas_acquire(&depot.locked, &unlocked, 1)) {
        if (tries == TRIES_FOR_DEPOT)
            return false;
        spin_wait(&tries);
        unlocked = 0;
    }
    return true;
}

static void depot_unlock(void)
{
    store_release(&depot.locked, 0);
}

static struct cell *depot_take(void)
{
    if (!depot_lock())
        return NULL;
    struct cell *magazine = depot.top;
    if (magazine) {
        depot.top = magazine->below;
        depot.magazines--;
    }
    depot_unlock();
    return magazine;
}

static bool depot_put(struct cell *magazine)
{
    if (!depot_lock())
        return false;
    bool put = depot.magazines < DEPOT_MOST && load_relaxed(&users);
    if (put) {
        magazine->below = depot.top;
        depot.top = magazine;
        depot.magazines++;
    }
    depot_unlock();
    return put;
}

static void free_all(struct cell *cells)
{
    for (struct cell *next; cells; cells = next) {
        next = cells->next;
        memory_free(cells);
    }
}

static void give_magazine(struct cell *magazine)
{
    if (magazine && !depot_put(magazine))
        free_all(magazine);
}

static void empty_mine(void)
{
    free_all(mine.loaded);
    give_magazine(mine.full);
    mine.loaded = mine.full = NULL;
    mine.count = 0;
}

static pthread_key_t at_exit;
static bool has_key;

static void leave_thread(void *unused)
{
    (void)unused;
    empty_mine();
}

static void make_key(void)
{
    has_key = pthread_key_create(&at_exit, leave_thread) == 0;
}

/* A thread that cannot be seen to end keeps nothing. */
static bool may_keep(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    if (mine.ends_with_thread)
        return true;
    pthread_once(&once, make_key);
    mine.ends_with_thread = has_key && pthread_setspecific(at_exit, &mine) == 0;
    return mine.ends_with_thread;
}

static bool load(void)
{
    mine.loaded = mine.full ? mine.full : depot_take();
    mine.full = NULL;
    mine.count = mine.loaded ? MAGAZINE : 0;
    return mine.loaded;
}

static void unload(void)
{
    give_magazine(mine.full);
    mine.full = mine.loaded;
    mine.loaded = NULL;
    mine.count = 0;
}

void *cell_alloc(void)
{
    if (!KEEPS_CELLS || (!mine.loaded && !(may_keep() && load())))
        return memory_alloc(CELL_SIZE);
    struct cell *cell = mine.loaded;
    mine.loaded = cell->next;
    mine.count--;
    return cell;
}

void cell_free(void *freed)
{
    struct cell *cell = freed;
    if (!KEEPS_CELLS || !load_relaxed(&users) || !may_keep()) {
        memory_free(cell);
        empty_mine();
        return;
    }
    if (mine.count == MAGAZINE)
        unload();
    cell->next = mine.loaded;
    mine.loaded = cell;
    mine.count++;
}

void cells_begin_use(void)
{
    add_relaxed(&users, 1);
}

void cells_end_use(void)
{
    if (add_release(&users, (word)-1) != 1)
        return;
    empty_mine();
    for (struct cell *magazine; (magazine = depot_take());)
        free_all(magazine);
}
