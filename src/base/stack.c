#include "base/stack.h"

#include "base/atomic.h"
#include "base/memory.h"
#include "base/pages.h"

#include <assert.h>
#include <unistd.h>

#define SLAB_SIZE ((size_t)16 << 20)
#define PER_SLAB_MOST 64 /* bits in a mask */
#define GUARDED_ROW 16
#define SPARSE_LEAST 16 /* a smaller slab has too little to give back */

/* Each protected page makes two more mappings, of the 65,530 that a process has by default. */
#define PROTECTED_MOST 16000

#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
#define SIZE_FACTOR 2
#elif defined __has_feature
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define SIZE_FACTOR 2
#endif
#endif
#ifndef SIZE_FACTOR
#define SIZE_FACTOR 1
#endif

/* Stacks are numbered upwards. Free are those from `fresh` on, which were never taken, and the first `given` of `order`.
 * Those of `order` from `cold` on may hold memory: in use + given == fresh, cold <= given. */
struct slab {
    struct link link;
    char *memory;
    unsigned in_use, fresh, given, cold;
    unsigned guarded; /* at least the fresh ones */
    unsigned protected_pages;
    unsigned char order[PER_SLAB_MOST]; /* the last given back is the first to go */
};

/* At the upper end of each stack that is in use, in a page that it needs anyway. */
struct trailer {
    _Alignas(16) struct slab *slab; /* and so the end of what is usable is aligned */
    unsigned number;
};

static atomic_word protected_pages; /* of the process */

/* The page below each stack makes the stride an odd number of pages where stacks are 2^n: so the tops of many stacks do not
 * compete for the same places in the caches of address translations. */
void stacks_init(struct stacks *stacks, size_t stack_size)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t most = SIZE_MAX / 4 / SIZE_FACTOR;
    size_t wanted = (stack_size < most ? stack_size : most) * SIZE_FACTOR;
    size_t size = (wanted + (wanted == 0) + page - 1) / page * page;
    size_t fitting = SLAB_SIZE / size;
    *stacks = (struct stacks){.usable = size - sizeof(struct trailer), .stride = size + page, .guard = page};
    stacks->per_slab = fitting < 1 ? 1 : fitting > PER_SLAB_MOST ? PER_SLAB_MOST : (unsigned)fitting;
}

static void *address_of(const struct stacks *stacks, const struct slab *slab, unsigned number)
{
    return slab->memory + number * stacks->stride + stacks->guard;
}

static struct trailer *trailer_of(const struct stacks *stacks, void *stack)
{
    return (struct trailer *)(void *)((char *)stack + stacks->usable);
}

static bool protect(void *lowest, size_t size)
{
    if (add_relaxed(&protected_pages, 1) < PROTECTED_MOST && pages_protect(lowest, size))
        return true;
    add_relaxed(&protected_pages, (word)-1);
    return false;
}

/* Below the next that was never taken, and while at it below some more, since each call to the kernel costs a microsecond. */
static void guard_next(const struct stacks *stacks, struct slab *slab)
{
    char *lowest = slab->memory + slab->guarded * stacks->stride;
    unsigned left = stacks->per_slab - slab->guarded, row = left < GUARDED_ROW ? left : GUARDED_ROW;
    if (pages_mark_row(lowest, stacks->guard, stacks->stride, row)) {
        slab->guarded += row;
        return;
    }
    if (!pages_mark(lowest, stacks->guard) && protect(lowest, stacks->guard))
        slab->protected_pages++;
    slab->guarded++;
}

static struct slab *slab_map(struct stacks *stacks)
{
    struct slab *slab = memory_alloc(sizeof *slab);
    if (!slab)
        return NULL;
    *slab = (struct slab){.memory = pages_map(stacks->per_slab * stacks->stride)};
    if (!slab->memory) {
        memory_free(slab);
        return NULL;
    }
    list_append(&stacks->roomy, &slab->link);
    stacks->spare = slab;
    return slab;
}

static void slab_unmap(struct stacks *stacks, struct slab *slab)
{
    list_remove(&stacks->roomy, &slab->link);
    pages_unmap(slab->memory, stacks->per_slab * stacks->stride);
    add_relaxed(&protected_pages, (word)0 - slab->protected_pages);
    memory_free(slab);
}

static struct slab *roomy_slab(struct stacks *stacks)
{
    struct link *first = stacks->roomy.first;
    return first ? LISTED_IN(struct slab, link, first) : slab_map(stacks);
}

static unsigned slab_take(const struct stacks *stacks, struct slab *slab)
{
    slab->in_use++;
    if (slab->given == 0) {
        if (slab->guarded == slab->fresh)
            guard_next(stacks, slab);
        return slab->fresh++;
    }
    slab->given--;
    if (slab->cold > slab->given)
        slab->cold = slab->given;
    return slab->order[slab->given];
}

void *stacks_take(struct stacks *stacks)
{
    struct slab *slab = roomy_slab(stacks);
    if (!slab)
        return NULL;
    unsigned number = slab_take(stacks, slab);
    void *stack = address_of(stacks, slab, number);
    *trailer_of(stacks, stack) = (struct trailer){slab, number};
    if (stacks->spare == slab)
        stacks->spare = NULL;
    if (slab->in_use == stacks->per_slab) {
        list_remove(&stacks->roomy, &slab->link);
        list_append(&stacks->full, &slab->link);
    }
    stacks->live++;
    return stack;
}

static uint64_t given_mask(const struct slab *slab)
{
    uint64_t mask = 0;
    for (unsigned i = 0; i < slab->given; i++)
        mask |= UINT64_C(1) << slab->order[i];
    return mask;
}

/* Neighbours together: each call interrupts every processor that runs a thread of this process. */
static void discard_given(const struct stacks *stacks, struct slab *slab)
{
    uint64_t mask = given_mask(slab);
    for (unsigned first = 0, end; first < slab->fresh; first = end + 1) {
        for (end = first; end < slab->fresh && mask >> end & 1; end++)
            ;
        if (end > first)
            pages_discard(slab->memory + first * stacks->stride, (end - first) * stacks->stride);
    }
    slab->cold = slab->given;
}

/* With a quarter in use there are at most so many calls plus one, and at least twice as many stacks were given back for
 * them. A stack that is taken and given in turn never gets here. */
static bool is_sparse(const struct stacks *stacks, const struct slab *slab)
{
    return stacks->per_slab >= SPARSE_LEAST && slab->in_use <= stacks->per_slab / 4 &&
           slab->given - slab->cold >= stacks->per_slab / 2;
}

static void slab_emptied(struct stacks *stacks, struct slab *slab)
{
    if (stacks->spare) {
        slab_unmap(stacks, slab);
        return;
    }
    list_remove(&stacks->roomy, &slab->link);
    list_append(&stacks->roomy, &slab->link);
    stacks->spare = slab;
}

/* A slab that was full is now the fullest of those with room. Taking goes on there, so that the others get empty. */
void stacks_give(struct stacks *stacks, void *stack)
{
    struct trailer *trailer = trailer_of(stacks, stack);
    struct slab *slab = trailer->slab;
    assert(slab->in_use + slab->given == slab->fresh && slab->cold <= slab->given);
    if (slab->in_use == stacks->per_slab) {
        list_remove(&stacks->full, &slab->link);
        list_prepend(&stacks->roomy, &slab->link);
    }
    slab->order[slab->given++] = (unsigned char)trailer->number;
    slab->in_use--;
    stacks->live--;
    if (is_sparse(stacks, slab))
        discard_given(stacks, slab);
    if (slab->in_use == 0)
        slab_emptied(stacks, slab);
}

void stacks_end(struct stacks *stacks)
{
    list_move_all(&stacks->roomy, &stacks->full);
    for (struct link *link; (link = stacks->roomy.first);)
        slab_unmap(stacks, LISTED_IN(struct slab, link, link));
    stacks->spare = NULL;
}
