/* Chains of cells that lie anywhere in memory: each tells which one the walk comes to some steps later, so that it is there by
 * then. Chains here grow at the end from which they are walked, so who adds a cell notes the one it added that many steps
 * before. It is no more than a hint: others may have added to the chain, and the cell may be gone. So addresses are kept
 * inverted: to who looks for leaks they are no references. */
#ifndef BASE_TRAIL_H
#define BASE_TRAIL_H

#include <stdint.h>

#define TRAIL_STEPS 16 /* a step takes some nanoseconds, and a cell to come from memory some hundred */

struct trail {
    uintptr_t past[TRAIL_STEPS];
};

static inline uintptr_t trail_hint(const void *cell)
{
    return ~(uintptr_t)cell;
}

/* One more, before which so many were added: what it is to tell. */
static inline uintptr_t trail_add(struct trail *trail, unsigned added, const void *cell)
{
    uintptr_t hint = trail_hint(cell), *past = &trail->past[added % TRAIL_STEPS];
    uintptr_t ahead = added < TRAIL_STEPS ? hint : *past;
    *past = hint;
    return ahead;
}

/* The walk has come to one that tells this. */
static inline void trail_follow(uintptr_t ahead)
{
    __builtin_prefetch((const void *)~ahead, 1);
}

#endif
