/* A doubly linked list of links that sit inside what they list. All zero is an empty list. Not locked. */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>

/* Listed: prev is not NULL. The list is a ring: the first one's prev is the last. */
struct link {
    struct link *next, *prev;
};

struct list {
    struct link *first;
};

/* The thing of that type whose member a link is. */
#define LISTED_IN(type, member, link) ((type *)(void *)((char *)(link)-offsetof(type, member)))

static inline bool list_is_empty(const struct list *list)
{
    return list->first == NULL;
}

static inline bool link_is_listed(const struct link *link)
{
    return link->prev != NULL;
}

static inline void list_append(struct list *list, struct link *link)
{
    struct link *first = list->first;
    if (!first) {
        link->next = link->prev = link;
        list->first = link;
        return;
    }
    assert(link_is_listed(first));
    link->next = first;
    link->prev = first->prev;
    first->prev->next = link;
    first->prev = link;
}

static inline void list_prepend(struct list *list, struct link *link)
{
    list_append(list, link);
    list->first = link;
}

static inline void list_remove(struct list *list, struct link *link)
{
    if (list->first == link)
        list->first = link->next == link ? NULL : link->next;
    link->next->prev = link->prev;
    link->prev->next = link->next;
    link->next = link->prev = NULL;
}

static inline struct link *list_take_first(struct list *list)
{
    struct link *first = list->first;
    if (first)
        list_remove(list, first);
    return first;
}

/* All of them as a chain: along next, the last one's is NULL; none of them counts as listed. */
static inline struct link *list_take_all(struct list *list)
{
    struct link *first = list->first;
    if (!first)
        return NULL;
    first->prev->next = NULL;
    for (struct link *link = first; link; link = link->next)
        link->prev = NULL;
    list->first = NULL;
    return first;
}

/* All of them to the end of another list. */
static inline void list_move_all(struct list *to, struct list *from)
{
    struct link *first = from->first, *head = to->first;
    from->first = NULL;
    if (!first)
        return;
    if (!head) {
        to->first = first;
        return;
    }
    struct link *last = first->prev;
    head->prev->next = first;
    first->prev = head->prev;
    last->next = head;
    head->prev = last;
}

#endif
