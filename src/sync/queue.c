#include "base/memory.h"
#include "wait/monitor.h"

#include <bide/queue.h>

#include <assert.h>
#include <errno.h>

/* A monitor guards a ring of items, and those that wait.
 *
 *   P1 put    a getter waits: hand it the item
 *   P2        else there is room: append the item to the ring
 *   P3        else list a trader with the item among the putters, and park
 *   G1 get    there is an item in the ring: take it; a putter waits: append its item in its stead
 *   G2        else list a trader among the getters, and park
 *
 * So the ring is empty while getters wait and full while putters do, and who comes finds nothing to take ahead of them. P1 and
 * G1 detach whom they serve, and a fire is not lost by who gives up in that moment: ready wins. A close detaches all, and
 * serves none. */
struct queue {
    struct monitor monitor;
    struct list getters, putters, joiners;
    bide_value *items;
    size_t capacity, first, length;
    size_t undone; /* items that were put, and not told to be done */
    void (*drop)(bide_value item);
    bool closed;
} __attribute__((may_alias));

_Static_assert(sizeof(struct queue) <= sizeof(bide_queue), "it fits what users allocate");

struct trader {
    struct waiter waiter;
    bide_value item; /* what it puts; what it gets, once served */
    bool served;
};

/* One side's part of the trade, under the monitor. EAGAIN: it has to wait. `served`: who is to be fired. */
typedef int trade_fn(struct queue *queue, bide_value *item, struct link **served);

static struct queue *opened_queue(bide_queue *opaque)
{
    struct queue *queue = (struct queue *)opaque->opaque;
    assert(queue->items && "initialised, and not destroyed");
    return queue;
}

static bide_value *item_at(struct queue *queue, size_t index)
{
    size_t to_end = queue->capacity - queue->first;
    return &queue->items[index < to_end ? queue->first + index : index - to_end];
}

static struct trader *serve_first(struct list *side, struct link **served)
{
    *served = list_take_first(side);
    if (!*served)
        return NULL;
    struct trader *trader = LISTED_IN(struct trader, waiter.link, *served);
    trader->served = true;
    return trader;
}

static int offer(struct queue *queue, bide_value *item, struct link **served)
{
    if (queue->closed)
        return ESHUTDOWN;
    if (queue->length == queue->capacity)
        return EAGAIN;
    struct trader *getter = serve_first(&queue->getters, served);
    *(getter ? &getter->item : item_at(queue, queue->length++)) = *item;
    queue->undone++;
    return 0;
}

static int take_item(struct queue *queue, bide_value *item, struct link **served)
{
    if (!queue->length)
        return queue->closed ? ESHUTDOWN : EAGAIN;
    struct trader *putter = serve_first(&queue->putters, served);
    bide_value *oldest = item_at(queue, 0);
    *item = *oldest;
    queue->first = (size_t)(item_at(queue, 1) - queue->items);
    if (!putter) {
        queue->length--;
        return 0;
    }
    *oldest = putter->item; /* the ring was full, so its first place is now its last */
    queue->undone++;
    return 0;
}

/* Under the monitor, which it unlocks. */
static int wait_to_be_served(struct queue *queue, struct list *side, bide_value *item, bide_time deadline)
{
    struct trader self = {.item = *item};
    waiter_init(&self.waiter, strand_current());
    list_append(side, &self.waiter.link);
    monitor_unlock(&queue->monitor);
    int error = monitor_await_fire(&queue->monitor, side, &self.waiter, deadline);
    *item = self.item;
    return error || self.served ? error : ESHUTDOWN;
}

static int trade(bide_queue *opaque, trade_fn *part, bide_value *item, bide_time deadline)
{
    struct queue *queue = opened_queue(opaque);
    struct link *served = NULL;
    monitor_lock(&queue->monitor);
    int error = part(queue, item, &served);
    bool waits = error == EAGAIN && deadline != BIDE_NOW;
    if (waits && strand_may_wait())
        return wait_to_be_served(queue, part == offer ? &queue->putters : &queue->getters, item, deadline);
    monitor_unlock(&queue->monitor);
    waiters_fire(served);
    if (!error && deadline != BIDE_NOW)
        strand_pass();
    return waits ? EDEADLK : error;
}

static int get_item(bide_queue *queue, bide_value *item, bide_time deadline)
{
    bide_value taken = {0};
    int error = queue && item ? trade(queue, take_item, &taken, deadline) : EINVAL;
    if (!error)
        *item = taken;
    return error;
}

static int or_poll(int error)
{
    return error == EAGAIN ? strand_poll(strand_current()) : error;
}

int bide_queue_init(bide_queue *opaque, size_t capacity, void (*drop)(bide_value item))
{
    if (!opaque || !capacity)
        return EINVAL;
    struct queue *queue = (struct queue *)opaque->opaque;
    bide_value *items = capacity <= SIZE_MAX / sizeof *items ? memory_alloc(capacity * sizeof *items) : NULL;
    if (!items)
        return ENOMEM;
    *queue = (struct queue){.items = items, .capacity = capacity, .drop = drop};
    word_init(&queue->monitor.locked, 0);
    return 0;
}

int bide_queue_put(bide_queue *queue, bide_value item, bide_time deadline)
{
    return queue ? or_poll(trade(queue, offer, &item, deadline)) : EINVAL;
}

int bide_queue_get(bide_queue *queue, bide_value *item, bide_time deadline)
{
    return or_poll(get_item(queue, item, deadline));
}

int bide_queue_try_put(bide_queue *queue, bide_value item)
{
    return queue ? trade(queue, offer, &item, BIDE_NOW) : EINVAL;
}

int bide_queue_try_get(bide_queue *queue, bide_value *item)
{
    return get_item(queue, item, BIDE_NOW);
}

static void drop_items(struct queue *queue, size_t length)
{
    for (size_t i = 0; i < length && queue->drop; i++)
        queue->drop(*item_at(queue, i));
}

/* false: so many are not undone. */
static bool count_done(struct queue *queue, size_t count)
{
    monitor_lock(&queue->monitor);
    size_t done = count < queue->undone ? count : queue->undone;
    queue->undone -= done;
    struct link *joiners = queue->undone ? NULL : list_take_all(&queue->joiners);
    monitor_unlock(&queue->monitor);
    waiters_fire(joiners);
    return done == count;
}

/* What is left when it is closed, `kept` of it at most, and the rest is the caller's: nobody else touches it, or the ring. */
static size_t close_keeping(struct queue *queue, size_t kept)
{
    monitor_lock(&queue->monitor);
    size_t length = queue->length;
    queue->closed = true;
    queue->length = length < kept ? length : kept;
    list_move_all(&queue->getters, &queue->putters);
    struct link *told = list_take_all(&queue->getters);
    monitor_unlock(&queue->monitor);
    waiters_fire(told);
    return length;
}

int bide_queue_close(bide_queue *queue)
{
    if (!queue)
        return EINVAL;
    close_keeping(opened_queue(queue), SIZE_MAX);
    return 0;
}

int bide_queue_close_now(bide_queue *opaque)
{
    if (!opaque)
        return EINVAL;
    struct queue *queue = opened_queue(opaque);
    size_t left = close_keeping(queue, 0);
    drop_items(queue, left);
    count_done(queue, left);
    return 0;
}

int bide_queue_task_done(bide_queue *queue)
{
    return queue && count_done(opened_queue(queue), 1) ? 0 : EINVAL;
}

/* Not in a loop: who is fired was told of a zero, which need not last. */
int bide_queue_join(bide_queue *opaque, bide_time deadline)
{
    if (!opaque)
        return EINVAL;
    struct queue *queue = opened_queue(opaque);
    monitor_lock(&queue->monitor);
    return monitor_finish(&queue->monitor, &queue->joiners, queue->undone == 0, deadline);
}

void bide_queue_destroy(bide_queue *opaque)
{
    if (!opaque)
        return;
    struct queue *queue = opened_queue(opaque);
    assert(list_is_empty(&queue->getters) && list_is_empty(&queue->putters) && list_is_empty(&queue->joiners));
    drop_items(queue, queue->length);
    memory_free(queue->items);
    queue->items = NULL;
}
