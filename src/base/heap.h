/* A heap of points in time: the earliest comes first, equal ones in the order in which they were added, as long as that was
 * within the last 2^31. What is listed has a timer in it, which the heap keeps right, so that it can be taken out from
 * anywhere. Four children to each parent: flatter than two, and they fill a cache line. Not locked. All zero is an empty
 * heap. */
#ifndef BASE_HEAP_H
#define BASE_HEAP_H

#include <bide/base.h>

#include <stdbool.h>
#include <stddef.h>

struct timer {
    uint32_t place, order;
};

struct heap_entry {
    bide_time when;
    struct timer *timer; /* of what is listed */
};

struct heap {
    struct heap_entry *entries;
    size_t length, capacity;
    uint32_t added;
};

/* Make room for that many in all; false: no memory. */
bool heap_reserve(struct heap *heap, size_t capacity);

/* There must be room. */
void heap_add(struct heap *heap, bide_time when, struct timer *timer);

/* Is it listed? *timer may hold anything if it is not. */
bool heap_holds(const struct heap *heap, const struct timer *timer);

/* When it is listed for. */
bide_time heap_time_of(const struct heap *heap, const struct timer *timer);

/* Take out one that is listed. */
void heap_remove(struct heap *heap, const struct timer *timer);

/* The time of the earliest; BIDE_FOREVER: the heap is empty. */
bide_time heap_first_time(const struct heap *heap);

/* Take out the earliest, unless it is later than that: NULL. */
struct timer *heap_take_until(struct heap *heap, bide_time latest);

/* Give back the memory, if it is empty. */
void heap_trim(struct heap *heap);

#endif
