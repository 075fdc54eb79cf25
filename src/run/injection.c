#include "run/injection.h"

#include "base/trail.h"

#define CLOSED ((word)1)

/* What this thread has pushed, wherever. */
static _Thread_local struct {
    struct trail trail;
    unsigned length;
} pushed;

bool injection_push(struct injection *injection, bide_future *first, bide_future *last)
{
    last->ahead = trail_add(&pushed.trail, pushed.length++, first);
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
    struct trail trail;
    for (bide_future *future = first, *next; future; future = next) {
        next = future->link;
        trail_follow(future->ahead);
        future->ahead = trail_add(&trail, (unsigned)batch.length++, future);
        future->link = batch.first;
        batch.first = future;
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
