/* Who has no work: how many workers sleep, and how many search, in one word. A worker searches from when it was woken, or has
 * found nothing, until it has work again, or sleeps. Of those who bring work only the one wakes somebody who sees a sleeper
 * and no searcher.
 *
 *   I1 push    publish the work; BARRIER; look at the word: if somebody sleeps and nobody searches, wake one
 *   I2 wake    under the monitor: take a sleeper, who now searches, in one step of the word
 *   I3 sleep   announce: be a sleeper, and no searcher, in one step; BARRIER; look at all work again: if there is some, search
 *              again. Who wakes by itself, at a deadline or because its lookout has seen something, has not been counted
 *              on: it is no searcher
 *   I4 leave   a searcher that has work, or goes on with a task that has waited, searches no more: if it was the last, and
 *              somebody sleeps, BARRIER, look for more work, and wake one if there is. So does whoever lets in what was handed
 *              in, and takes none of it, for who pushed that may have seen it go in and woken nobody
 *
 * Who pushes sees the sleeper, or the sleeper sees the work (I1, I3); who pushes sees no searcher, or the searcher that leaves
 * sees the work (I1, I4). So nobody sleeps for long while there is work that nobody is about to take.
 *
 * For what is pushed from outside the BARRIER is that all four are sequentially consistent. For a worker's own deque it is the
 * one of the deque: a worker that pushes pays nothing. It is left out where no other worker is at work. */
#ifndef RUN_IDLE_H
#define RUN_IDLE_H

#include "base/atomic.h"

struct idle {
    atomic_word word;
    char apart[CACHE_LINE - sizeof(atomic_word)];
};

#define IDLE_SLEEPER ((word)1)
#define IDLE_SEARCHER ((word)1 << 16)

static inline unsigned idle_sleepers(word seen)
{
    return (unsigned)(seen & (IDLE_SEARCHER - 1));
}

static inline unsigned idle_searchers(word seen)
{
    return (unsigned)(seen / IDLE_SEARCHER);
}

/* I1. From outside, and from a worker that has pushed to a deque. */
static inline bool idle_needs_wake(word seen)
{
    return idle_sleepers(seen) && !idle_searchers(seen);
}

static inline word idle_look(const struct idle *idle)
{
    return load_seq(&idle->word);
}

/* Changes, each in one step; the word as it is after it. */
static inline word idle_change(struct idle *idle, word difference)
{
    return add_seq(&idle->word, difference) + difference;
}

static inline word idle_begin_search(struct idle *idle)
{
    return idle_change(idle, IDLE_SEARCHER);
}

static inline word idle_end_search(struct idle *idle)
{
    return idle_change(idle, (word)0 - IDLE_SEARCHER);
}

static inline word idle_wake(struct idle *idle)
{
    return idle_change(idle, IDLE_SEARCHER - IDLE_SLEEPER);
}

#endif
