/* A deque of words, none of them 0, in a ring that does not grow. Its owner, one thread, adds at the new end and takes from
 * either; any thread takes from the old end. After Chase and Lev, Dynamic Circular Work-Stealing Deque (2005), with the
 * orders of Lê and others, Correct and Efficient Work-Stealing for Weak Memory Models (2013), but for the barrier.
 *
 * Those between top and bottom are listed. Both only grow, but for the moment in which the owner pops; a slot is written
 * again only when top is past it.
 *
 *   D1 push    owner: write the slot; publish bottom + 1
 *   D2 pop     owner: publish bottom − 1, which claims that one; BARRIER; read top. Below: it is the owner's. The same: it is
 *              the last, so race for it as D4 does, and put bottom back. Above: it was taken; put bottom back
 *   D3 shift   owner: as D4, but it knows bottom and needs no barrier
 *   D4 steal   any: read top; BARRIER; read bottom; if top is below: read the slot; compare-and-swap that same top to top + 1
 *
 * Suppose that the owner pops i without a race, so that it read a top below i after publishing bottom = i, and that a thief
 * takes i, so that it read top = i and after that a bottom above i. By the barriers one of them sees what the other did
 * first: the thief that bottom, or the owner that top. A contradiction.
 *
 * The barrier is the asymmetric one, where the owner pays nothing and the thief makes a system call; or else bottom and top
 * are read and written sequentially consistent. */
#ifndef RUN_DEQUE_H
#define RUN_DEQUE_H

#include "base/atomic.h"
#include "base/barrier.h"

struct deque {
    atomic_word top;
    char apart[CACHE_LINE - sizeof(atomic_word)]; /* what thieves write from what the owner writes */
    atomic_word bottom;
    word mask;       /* slots − 1 */
    word top_seen;   /* by the owner: top is not below it */
    bool asymmetric; /* BARRIER is barrier.h's */
    atomic_word *slots;
};

/* The number of slots is a power of two. */
void deque_init(struct deque *deque, atomic_word *slots, word count, bool asymmetric);

/* As anybody sees it, who may be late, unless there was a BARRIER before. */
static inline word deque_length(const struct deque *deque)
{
    word top = look_seq(&deque->top), bottom = look_seq(&deque->bottom);
    return (intptr_t)(bottom - top) > 0 ? bottom - top : 0;
}

/* D1. false: there is no room. */
static inline bool deque_push(struct deque *deque, word entry)
{
    word bottom = load_relaxed(&deque->bottom);
    if (bottom - deque->top_seen > deque->mask) {
        deque->top_seen = load_acquire(&deque->top);
        if (bottom - deque->top_seen > deque->mask)
            return false;
    }
    store_release(&deque->slots[bottom & deque->mask], entry);
    if (deque->asymmetric)
        store_release(&deque->bottom, bottom + 1);
    else
        exchange_seq(&deque->bottom, bottom + 1);
    return true;
}

/* The end of D2 for the last one, and D3. */
static inline bool deque_win(struct deque *deque, word top)
{
    return cas_seq(&deque->top, &top, top + 1);
}

/* D2. bottom is the newest's place; false: it was taken, or there is none. */
static inline bool deque_claim_newest(struct deque *deque, word bottom)
{
    word top;
    if (deque->asymmetric) {
        store_release(&deque->bottom, bottom);
        barrier_light();
        top = load_relaxed(&deque->top);
    } else {
        exchange_seq(&deque->bottom, bottom);
        top = load_seq(&deque->top);
    }
    if ((intptr_t)(bottom - top) > 0)
        return true;
    bool won = bottom == top && deque_win(deque, top);
    store_release(&deque->bottom, bottom + 1);
    return won;
}

/* The newest; 0: there is none. */
static inline word deque_pop(struct deque *deque)
{
    word bottom = load_relaxed(&deque->bottom) - 1;
    word entry = load_relaxed(&deque->slots[bottom & deque->mask]);
    return deque_claim_newest(deque, bottom) ? entry : 0;
}

/* The newest, if it is that very one. It may be in its slot though it was taken; then it cannot be claimed. */
static inline bool deque_pop_that(struct deque *deque, word entry)
{
    word bottom = load_relaxed(&deque->bottom) - 1;
    return load_relaxed(&deque->slots[bottom & deque->mask]) == entry && deque_claim_newest(deque, bottom);
}

/* D3. The oldest, for the owner; 0: there is none. */
word deque_shift(struct deque *deque);

/* D4. The oldest, for anybody; 0: there is none, or somebody else was faster. */
word deque_steal(struct deque *deque);

/* For the owner: take out that very one; false: it is not listed. */
bool deque_remove(struct deque *deque, word entry);

#endif
