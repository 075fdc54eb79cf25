#include "run/deque.h"

void deque_init(struct deque *deque, atomic_word *slots, word count, bool asymmetric)
{
    word_init(&deque->bottom, 0);
    word_init(&deque->top, 0);
    deque->mask = count - 1;
    deque->top_seen = 0;
    deque->asymmetric = asymmetric;
    deque->slots = slots;
    word_init(&slots[count - 1], 0); /* is looked at before the first push */
}

word deque_shift(struct deque *deque)
{
    word bottom = load_relaxed(&deque->bottom), top;
    while ((intptr_t)(bottom - (top = load_acquire(&deque->top))) > 0) {
        word entry = load_relaxed(&deque->slots[top & deque->mask]);
        if (deque_win(deque, top))
            return entry;
    }
    return 0;
}

word deque_steal(struct deque *deque)
{
    if (!deque_length(deque))
        return 0;
    word top = load_seq(&deque->top);
    if (deque->asymmetric)
        barrier_heavy();
    word bottom = load_seq(&deque->bottom);
    if ((intptr_t)(bottom - top) <= 0)
        return 0;
    word entry = load_acquire(&deque->slots[top & deque->mask]);
    return deque_win(deque, top) ? entry : 0;
}

static bool has(const struct deque *deque, word entry)
{
    word at = load_relaxed(&deque->bottom), top = load_acquire(&deque->top);
    while ((intptr_t)(at - top) > 0)
        if (load_relaxed(&deque->slots[--at & deque->mask]) == entry)
            return true;
    return false;
}

/* Those that are newer are popped with it, which leaves them in their slots, and pushed again. When a thief took the entry
 * first, and the last that was popped was the last there was, these go one slot further: so each is read before the one
 * below it is written. */
bool deque_remove(struct deque *deque, word entry)
{
    if (!has(deque, entry))
        return false;
    word end = load_relaxed(&deque->bottom), at = end, popped;
    do {
        popped = deque_pop(deque);
        at--;
    } while (popped && popped != entry);
    word next = load_relaxed(&deque->slots[(at + 1) & deque->mask]);
    while (++at != end) {
        word newer = next;
        next = load_relaxed(&deque->slots[(at + 1) & deque->mask]);
        deque_push(deque, newer);
    }
    return popped == entry;
}
