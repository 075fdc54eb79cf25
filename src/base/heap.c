#include "base/heap.h"

#include "base/memory.h"

#include <string.h>

#define CHILDREN 4
#define SMALLEST 64 /* entries that there is room for if there is any */

bool heap_reserve(struct heap *heap, size_t capacity)
{
    size_t larger = heap->capacity ? heap->capacity : SMALLEST;
    if (capacity <= heap->capacity)
        return true;
    if (capacity > UINT32_MAX || capacity > PTRDIFF_MAX / 2 / sizeof *heap->entries)
        return false;
    while (larger < capacity)
        larger *= 2;
    struct heap_entry *entries = memory_alloc(larger * sizeof *entries);
    if (!entries)
        return false;
    if (heap->length)
        memcpy(entries, heap->entries, heap->length * sizeof *entries);
    memory_free(heap->entries);
    heap->entries = entries;
    heap->capacity = larger;
    return true;
}

static bool is_before(const struct heap_entry *entry, const struct heap_entry *other)
{
    return entry->when != other->when ? entry->when < other->when
                                      : (int32_t)(entry->timer->order - other->timer->order) < 0;
}

static void put(struct heap *heap, size_t at, struct heap_entry entry)
{
    heap->entries[at] = entry;
    entry.timer->place = (uint32_t)at;
}

/* An entry belongs at that place or nearer to the root. */
static void rise(struct heap *heap, size_t at, struct heap_entry entry)
{
    while (at > 0) {
        size_t parent = (at - 1) / CHILDREN;
        if (!is_before(&entry, &heap->entries[parent]))
            break;
        put(heap, at, heap->entries[parent]);
        at = parent;
    }
    put(heap, at, entry);
}

static size_t earliest_child(const struct heap *heap, size_t at)
{
    size_t first = at * CHILDREN + 1, earliest = first;
    for (size_t child = first + 1; child < first + CHILDREN && child < heap->length; child++)
        if (is_before(&heap->entries[child], &heap->entries[earliest]))
            earliest = child;
    return earliest;
}

/* An entry belongs at that place or farther from the root. */
static void sink(struct heap *heap, size_t at, struct heap_entry entry)
{
    while (at * CHILDREN + 1 < heap->length) {
        size_t child = earliest_child(heap, at);
        if (!is_before(&heap->entries[child], &entry))
            break;
        put(heap, at, heap->entries[child]);
        at = child;
    }
    put(heap, at, entry);
}

void heap_add(struct heap *heap, bide_time when, struct timer *timer)
{
    timer->order = heap->added++;
    rise(heap, heap->length++, (struct heap_entry){when, timer});
}

bool heap_holds(const struct heap *heap, const struct timer *timer)
{
    return timer->place < heap->length && heap->entries[timer->place].timer == timer;
}

bide_time heap_time_of(const struct heap *heap, const struct timer *timer)
{
    return heap->entries[timer->place].when;
}

static void remove_at(struct heap *heap, size_t at)
{
    struct heap_entry last = heap->entries[--heap->length];
    if (at == heap->length)
        return;
    if (is_before(&last, &heap->entries[at]))
        rise(heap, at, last);
    else
        sink(heap, at, last);
}

void heap_remove(struct heap *heap, const struct timer *timer)
{
    remove_at(heap, timer->place);
}

bide_time heap_first_time(const struct heap *heap)
{
    return heap->length ? heap->entries[0].when : BIDE_FOREVER;
}

struct timer *heap_take_until(struct heap *heap, bide_time latest)
{
    if (heap->length == 0 || heap->entries[0].when > latest)
        return NULL;
    struct timer *timer = heap->entries[0].timer;
    remove_at(heap, 0);
    return timer;
}

void heap_trim(struct heap *heap)
{
    if (heap->length)
        return;
    memory_free(heap->entries);
    heap->entries = NULL;
    heap->capacity = 0;
}
