/* Stacks for contexts. Each `struct stacks` is one thread's, and not locked. Stacks lie in slabs of address space, which take
 * memory only where they are touched: of a stack that was never used deeply, a page. Below each is a page that faults, as
 * long as the system has such pages to give; after that, who cares must compare stack pointer and lowest address.
 *
 * The stack given back last in a slab is the next to be taken from it. A slab without a stack in use goes back to the
 * system, but for one; and in a slab that has got sparse the memory of the free stacks does. */
#ifndef BASE_STACK_H
#define BASE_STACK_H

#include "base/list.h"

#include <stddef.h>

struct slab;

struct stacks {
    size_t usable;           /* of each stack, in bytes, from the address that take returns */
    size_t stride;           /* from one stack to the next */
    size_t guard;            /* bytes below each stack that fault */
    size_t live;             /* taken and not given back */
    unsigned per_slab;       /* stacks */
    struct slab *spare;      /* the one slab that may stay though none of its stacks is in use, if it does */
    struct list roomy, full; /* slabs, with a stack to take and without */
};

/* A little less than stack_size bytes will be usable, after rounding it up to whole pages; under sanitizers, twice as much. */
void stacks_init(struct stacks *stacks, size_t stack_size);

/* The lowest usable address, aligned to pages; the end is aligned to 16 bytes. NULL: no memory. */
void *stacks_take(struct stacks *stacks);

/* Nothing is on it any more. */
void stacks_give(struct stacks *stacks, void *stack);

/* Unmap them all; nobody uses one any more. */
void stacks_end(struct stacks *stacks);

#endif
