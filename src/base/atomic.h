/* Atomic words. Every atomic access of bide is one of these; the memory order stands in the name. There are no standalone
 * fences: ThreadSanitizer does not understand them. A word is as wide as a pointer, so that it is lock-free everywhere. */
#ifndef BASE_ATOMIC_H
#define BASE_ATOMIC_H

#include "base/tools.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

typedef uintptr_t word;
typedef _Atomic(word) atomic_word;

#define CACHE_LINE 64 /* bytes; words that different threads write are so far apart */

/* Before anybody else can see it. */
static inline void word_init(atomic_word *at, word value)
{
    atomic_init(at, value);
}

static inline word load_relaxed(const atomic_word *at)
{
    return atomic_load_explicit((atomic_word *)(uintptr_t)at, memory_order_relaxed);
}

static inline word load_acquire(const atomic_word *at)
{
    word value = atomic_load_explicit((atomic_word *)(uintptr_t)at, memory_order_acquire);
    tools_acquire(at);
    return value;
}

/* Under helgrind and drd an exchange: they take every plain store to a shared word for a race. */
static inline void store_release(atomic_word *at, word value)
{
    tools_release(at);
#ifdef BIDE_VALGRIND
    atomic_exchange_explicit(at, value, memory_order_release);
#else
    atomic_store_explicit(at, value, memory_order_release);
#endif
}

/* Only what nobody else writes, or reads without an order of its own. */
static inline void store_relaxed(atomic_word *at, word value)
{
#ifdef BIDE_VALGRIND
    atomic_exchange_explicit(at, value, memory_order_relaxed);
#else
    atomic_store_explicit(at, value, memory_order_relaxed);
#endif
}

static inline word add_relaxed(atomic_word *at, word value)
{
    return atomic_fetch_add_explicit(at, value, memory_order_relaxed);
}

static inline word add_release(atomic_word *at, word value)
{
    tools_release(at);
    return atomic_fetch_add_explicit(at, value, memory_order_release);
}

static inline word add_acq_rel(atomic_word *at, word value)
{
    tools_release(at);
    word before = atomic_fetch_add_explicit(at, value, memory_order_acq_rel);
    tools_acquire(at);
    return before;
}

static inline word and_relaxed(atomic_word *at, word value)
{
    return atomic_fetch_and_explicit(at, value, memory_order_relaxed);
}

static inline word or_relaxed(atomic_word *at, word value)
{
    return atomic_fetch_or_explicit(at, value, memory_order_relaxed);
}

/* Compare and set. On failure *expected is what was found, acquired. */
static inline bool cas_acquire(atomic_word *at, word *expected, word desired)
{
    bool set =
        atomic_compare_exchange_strong_explicit(at, expected, desired, memory_order_acquire, memory_order_acquire);
    tools_acquire(at);
    return set;
}

static inline bool cas_acq_rel(atomic_word *at, word *expected, word desired)
{
    tools_release(at);
    bool set =
        atomic_compare_exchange_strong_explicit(at, expected, desired, memory_order_acq_rel, memory_order_acquire);
    tools_acquire(at);
    return set;
}

/* The sequentially consistent ones: of two threads that each write one word and then read the other's, one sees. */
static inline word load_seq(const atomic_word *at)
{
    word value = atomic_load_explicit((atomic_word *)(uintptr_t)at, memory_order_seq_cst);
    tools_acquire(at);
    return value;
}

/* By who will read nothing on the strength of it, so that the tools, whose cost grows with what they are told, need not know. */
static inline word look_seq(const atomic_word *at)
{
    return atomic_load_explicit((atomic_word *)(uintptr_t)at, memory_order_seq_cst);
}

static inline word exchange_seq(atomic_word *at, word value)
{
    tools_release(at);
    word before = atomic_exchange_explicit(at, value, memory_order_seq_cst);
    tools_acquire(at);
    return before;
}

static inline word add_seq(atomic_word *at, word value)
{
    tools_release(at);
    word before = atomic_fetch_add_explicit(at, value, memory_order_seq_cst);
    tools_acquire(at);
    return before;
}

static inline bool cas_seq(atomic_word *at, word *expected, word desired)
{
    tools_release(at);
    bool set =
        atomic_compare_exchange_strong_explicit(at, expected, desired, memory_order_seq_cst, memory_order_seq_cst);
    tools_acquire(at);
    return set;
}

#endif
