/* Cells by themselves, on memory that is counted: threads allocate and free each other's while users come and go, and other
 * threads end. Hunted: a cell that is given twice, or overwritten while it is free; and memory that is kept when the last user
 * and the last thread are gone. */
#include "base/cells.h"
#include "base/memory.h"
#include "base/pages.h"

#include "support/check.h"
#include "support/gate.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { THREADS = 4, SLOTS = 8, MOST = 600, WORDS = CELL_SIZE / sizeof(uint64_t) };

static atomic_size_t live, mapped; /* bytes */

void *memory_alloc(size_t size)
{
    CHECK_EQUAL(size, CELL_SIZE);
    atomic_fetch_add(&live, size);
    return malloc(size);
}

void memory_free(void *memory)
{
    atomic_fetch_sub(&live, memory ? CELL_SIZE : 0);
    free(memory);
}

void *pages_map(size_t size)
{
    void *pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(pages != MAP_FAILED);
    atomic_fetch_add(&live, size);
    atomic_fetch_add(&mapped, size);
    return pages;
}

void pages_unmap(void *pages, size_t size)
{
    CHECK_EQUAL(munmap(pages, size), 0);
    atomic_fetch_sub(&live, size);
}

void pages_touch(void *pages, size_t size)
{
    (void)pages;
    (void)size;
}

/* Cells that are handed from thread to thread. */
struct batch {
    unsigned count;
    uint64_t mark, *cells[MOST];
};

static struct batch *make_batch(uint64_t mark)
{
    struct batch *batch = malloc(sizeof *batch);
    batch->mark = mark;
    batch->count = (unsigned)(mark % MOST) + 1;
    for (unsigned i = 0; i < batch->count; i++) {
        batch->cells[i] = cell_alloc();
        for (unsigned word = 0; word < WORDS; word++)
            batch->cells[i][word] = mark + i;
    }
    return batch;
}

static void end_batch(struct batch *batch)
{
    for (unsigned i = 0; batch && i < batch->count; i++) {
        for (unsigned word = 0; word < WORDS; word++)
            CHECK(batch->cells[i][word] == batch->mark + i);
        cell_free(batch->cells[i]);
    }
    free(batch);
}

static void run_thread(void *(*body)(void *arg), void *arg)
{
    pthread_t thread;
    CHECK_EQUAL(pthread_create(&thread, NULL, body, arg), 0);
    CHECK_EQUAL(pthread_join(thread, NULL), 0);
}

static void what_is_freed_is_used_again(void)
{
    cells_begin_use();
    end_batch(make_batch(MOST - 1));
    size_t before = atomic_load(&mapped);
    for (int i = 0; i < 100; i++)
        end_batch(make_batch(MOST - 1));
    CHECK_EQUAL(atomic_load(&mapped), before);
    cells_end_use();
    CHECK_EQUAL(atomic_load(&live), 0);
}

/* What was made without users goes with those that come. */
static void *use_without_users(void *arg)
{
    end_batch(make_batch(MOST - 1));
    return arg;
}

static void nothing_is_kept_from_before_the_users(void)
{
    run_thread(use_without_users, NULL);
    cells_begin_use();
    cells_end_use();
    CHECK_EQUAL(atomic_load(&live), 0);
}

static void *free_all(void *batch)
{
    end_batch(batch);
    return NULL;
}

/* What it keeps goes to those that stay. */
static void a_thread_that_ends_leaves_its_cells(void)
{
    cells_begin_use();
    run_thread(free_all, make_batch(MOST - 1));
    cells_end_use();
    CHECK_EQUAL(atomic_load(&live), 0);
}

static pthread_key_t late_key;

static void free_late(void *batch)
{
    end_batch(batch);
}

static void *free_now_and_late(void *batch)
{
    end_batch(make_batch(MOST / 2));
    CHECK_EQUAL(pthread_setspecific(late_key, batch), 0);
    return NULL;
}

/* By the destructor of a key that was made later than the cells' own. */
static void a_thread_may_free_cells_while_it_ends(void)
{
    cells_begin_use();
    CHECK_EQUAL(pthread_key_create(&late_key, free_late), 0);
    run_thread(free_now_and_late, make_batch(MOST - 1));
    CHECK_EQUAL(pthread_key_delete(late_key), 0);
    cells_end_use();
    CHECK_EQUAL(atomic_load(&live), 0);
}

struct keeper {
    struct gate gate;
    struct batch *batch;
};

static void *keep_and_free_later(void *arg)
{
    struct keeper *keeper = arg;
    end_batch(make_batch(MOST - 1));
    gate_pass(&keeper->gate);
    end_batch(keeper->batch);
    return NULL;
}

static void a_thread_that_outlives_the_users_lets_go_at_its_end(void)
{
    struct keeper keeper = {.gate = GATE_INIT};
    pthread_t thread;
    cells_begin_use();
    keeper.batch = make_batch(0);
    CHECK_EQUAL(pthread_create(&thread, NULL, keep_and_free_later, &keeper), 0);
    gate_await(&keeper.gate, 1);
    cells_end_use();
    gate_open(&keeper.gate);
    CHECK_EQUAL(pthread_join(thread, NULL), 0);
    CHECK_EQUAL(atomic_load(&live), 0);
}

/* Regions that are used up, and one that is not. */
static void memory_for_many_goes_home(void)
{
    for (unsigned long regions = 1; regions <= test_scale(9); regions++) {
        uint64_t *last = NULL;
        cells_begin_use();
        for (unsigned long i = 0; i < regions * 16000; i++) {
            uint64_t *cell = cell_alloc();
            cell[0] = (uintptr_t)last;
            cell[WORDS - 1] = i;
            last = cell;
        }
        for (unsigned long i = regions * 16000; i-- > 0;) {
            uint64_t *cell = last;
            CHECK_EQUAL(cell[WORDS - 1], i);
            last = (uint64_t *)(uintptr_t)cell[0];
            cell_free(cell);
        }
        cells_end_use();
        CHECK_EQUAL(atomic_load(&live), 0);
    }
}

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

static void *allocate_and_free(void *arg)
{
    uint64_t seed = *(uint64_t *)arg;
    for (int i = 0; i < 40; i++) {
        bool uses = test_random(&seed) % 4 == 0;
        if (uses)
            cells_begin_use();
        for (int n = 0; n < 8; n++) {
            struct batch *batch = test_random(&seed) % 2 ? make_batch(test_random(&seed)) : NULL;
            end_batch(exchange(test_random(&seed), batch));
        }
        if (uses)
            cells_end_use();
    }
    return NULL;
}

/* AddressSanitizer is given all cells to keep, and its lock may be one that the child finds locked for good (seen with gcc 12). */
#if defined __SANITIZE_ADDRESS__
#define CHILD_HAS_CELLS false
#elif defined __has_feature
#if __has_feature(address_sanitizer)
#define CHILD_HAS_CELLS false
#endif
#endif
#ifndef CHILD_HAS_CELLS
#define CHILD_HAS_CELLS true
#endif

/* In the midst of it: whatever the other threads were at, the child can have cells. It leaves by exec: what looks for lost
 * memory at an exit would find theirs. */
static void have_cells_in_a_child_process(uint64_t mark)
{
    int status = -1;
    pid_t child = fork();
    if (child == 0) {
        alarm(50);
        cells_begin_use();
        for (uint64_t i = 0; i < 4; i++)
            end_batch(make_batch(mark + i));
        cells_end_use();
        const char *program = check_failures() ? "false" : "true";
        execlp(program, program, (char *)NULL);
        _exit(2);
    }
    CHECK(child > 0 && waitpid(child, &status, 0) == child);
    CHECK_EQUAL(status, 0);
}

static void threads_and_users_come_and_go(uint64_t *seed)
{
    pthread_t threads[THREADS];
    uint64_t seeds[THREADS];
    for (int i = 0; i < THREADS; i++) {
        seeds[i] = test_random(seed) | 1;
        CHECK_EQUAL(pthread_create(&threads[i], NULL, allocate_and_free, &seeds[i]), 0);
    }
    if (CHILD_HAS_CELLS)
        have_cells_in_a_child_process(test_random(seed));
    for (int i = 0; i < THREADS; i++)
        CHECK_EQUAL(pthread_join(threads[i], NULL), 0);
    for (unsigned i = 0; i < SLOTS; i++)
        end_batch(exchange(i, NULL));
    cells_begin_use();
    cells_end_use();
    CHECK_EQUAL(atomic_load(&live), 0);
}

int main(int argc, char **argv)
{
    uint64_t seed = test_seed(argc, argv);
    what_is_freed_is_used_again();
    nothing_is_kept_from_before_the_users();
    a_thread_that_ends_leaves_its_cells();
    a_thread_may_free_cells_while_it_ends();
    a_thread_that_outlives_the_users_lets_go_at_its_end();
    memory_for_many_goes_home();
    for (unsigned long i = test_scale(30); i && !check_failures(); i--)
        threads_and_users_come_and_go(&seed);
    return check_failures() != 0;
}
