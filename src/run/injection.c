#include "run/injection.h"

#define CLOSED ((word)1)

bool injection_push(struct injection *injection, bide_future *first, bide_future *last)
{
    word head = load_relaxed(&injection->head);
    do {
        if (head == CLOSED) {
            last->link = NULL;
            return false;
        }
        last->link = (bide_future *)head;
    } while (!cas_seq(&injection->head, &head, (word)first));
    return true;
}

struct batch batch_turned(bide_future *first)
{
    struct batch batch = {NULL, first, 0};
    for (bide_future *future = first, *next; future; future = next) {
        next = future->link;
        future->link = batch.first;
        batch.first = future;
        batch.length++;
    }
    return batch;
}

bool injection_is_empty(const struct injection *injection)
{
    word head = load_seq(&injection->head);
    return head == 0 || head == CLOSED;
}

struct batch injection_take(struct injection *injection)
{
    return batch_turned(injection_is_empty(injection) ? NULL : (bide_future *)exchange_seq(&injection->head, 0));
}

struct batch injection_close(struct injection *injection)
{
    word head = exchange_seq(&injection->head, CLOSED);
    return batch_turned(head == CLOSED ? NULL : (bide_future *)head);
}
