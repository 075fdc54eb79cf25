#include "run/injection.h"

#define CLOSED ((word)1)

bool injection_push(struct injection *injection, bide_future *first, bide_future *last)
{
    word head = load_relaxed(&injection->head);
    do {
        if (head == CLOSED)
            return false;
        last->link = (bide_future *)head;
    } while (!cas_seq(&injection->head, &head, (word)first));
    return true;
}

static struct batch turn_round(word head)
{
    struct batch batch = {NULL, (bide_future *)head, 0};
    for (bide_future *future = batch.last, *next; future; future = next) {
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
    return turn_round(injection_is_empty(injection) ? 0 : exchange_seq(&injection->head, 0));
}

struct batch injection_close(struct injection *injection)
{
    word head = exchange_seq(&injection->head, CLOSED);
    return turn_round(head == CLOSED ? 0 : head);
}
