/**
 * @file
 * A queue of values with a bound, between any number of tasks and plain threads on both sides; asyncio.Queue.
 *
 *     static bide_queue lines;
 *     bide_queue_init(&lines, 64, free_line);
 *     bide_queue_put(&lines, bide_ptr(line), BIDE_FOREVER);          waits while 64 are in it
 *     bide_queue_close(&lines);                                      when all have been put
 *
 *     while (bide_queue_get(&lines, &line, BIDE_FOREVER) == 0)       who takes them, until ESHUTDOWN
 *         ...
 *
 * First in, first out; and those that wait, on either side, are served in the order in which they came: an item is handed
 * to the getter that has waited longest, room to the putter that has. Who is handed something in the instant in which it is
 * asked to stop, or late, returns 0 with it: nothing is lost.
 *
 * An item is the queue's from the put that returned 0 to the get that returned 0, and the caller's otherwise. A queue must
 * not move, and nobody else may be in a call on it when it is destroyed, but the one that told the caller what it waited for:
 * that does not touch the queue again, unless it is bide_queue_close_now(), which then drops what was left. After fork() the
 * child has a copy, items and all, to be used if nobody was in a call then. In a task of a pool with #BIDE_HOLD a wait keeps
 * the worker, maybe from those who would end it. Any thread, any task; in a callback, what does not have to wait.
 */
#ifndef BIDE_QUEUE_H
#define BIDE_QUEUE_H

#include <bide/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A queue; for bide_queue_init(). */
typedef struct bide_queue {
    uintptr_t opaque[12]; /**< Not yours. */
} bide_queue;

/**
 * Make a queue, open and empty. This is the one call that needs memory.
 * @param[out] queue the queue, on return 0
 * @param capacity how many items may be in it; each takes 8 bytes from the start
 * @param drop called with each item that bide_queue_close_now() or bide_queue_destroy() throws out, by their caller and
 *        outside all locks; NULL: nothing is done with these
 * @return 0. ENOMEM. EINVAL: NULL queue; capacity 0, which means without bound to some libraries and without room to others
 */
BIDE_API int bide_queue_init(bide_queue *queue, size_t capacity, void (*drop)(bide_value item));

/**
 * Put an item in, waiting for room.
 * @param queue the queue
 * @param item the item, the queue's on return 0
 * @param deadline when to give up
 * @return 0. ESHUTDOWN: the queue is closed, or was while the call waited. ETIMEDOUT. ECANCELED: the calling task was asked
 *         to stop. EDEADLK: it would have to wait in a callback. EINVAL: NULL
 */
BIDE_API int bide_queue_put(bide_queue *queue, bide_value item, bide_time deadline);

/**
 * Take the oldest item out, waiting for one.
 * @param queue the queue
 * @param[out] item the item, yours on return 0
 * @param deadline when to give up
 * @return 0. ESHUTDOWN: the queue is closed, and nothing is left. ETIMEDOUT. ECANCELED: the calling task was asked to stop.
 *         EDEADLK: it would have to wait in a callback. EINVAL: NULL
 */
BIDE_API int bide_queue_get(bide_queue *queue, bide_value *item, bide_time deadline);

/**
 * Put an item in if there is room: never waits.
 * @param queue the queue
 * @param item the item, the queue's on return 0
 * @return 0. EAGAIN: it is full. ESHUTDOWN: it is closed. EINVAL: NULL
 */
BIDE_API int bide_queue_try_put(bide_queue *queue, bide_value item);

/**
 * Take the oldest item out if there is one: never waits.
 * @param queue the queue
 * @param[out] item the item, yours on return 0
 * @return 0. EAGAIN: it is empty. ESHUTDOWN: it is closed, and nothing is left. EINVAL: NULL
 */
BIDE_API int bide_queue_try_get(bide_queue *queue, bide_value *item);

/**
 * Let nothing more in. What is in the queue can be taken; all that wait in put or get are told ESHUTDOWN.
 * @param queue the queue; closed already: nothing is done
 * @return 0. EINVAL: NULL
 */
BIDE_API int bide_queue_close(bide_queue *queue);

/**
 * Close, and throw out what is left: from now on a get is ESHUTDOWN. Each item counts as done when it has been dropped.
 * @param queue the queue
 * @return 0. EINVAL: NULL
 */
BIDE_API int bide_queue_close_now(bide_queue *queue);

/**
 * Tell that an item which was taken is done with, for bide_queue_join().
 * @param queue the queue
 * @return 0. EINVAL: NULL, or no item is left that was put and is not done
 */
BIDE_API int bide_queue_task_done(bide_queue *queue);

/**
 * Wait until every item that was put is done. All that wait when the last one is are told, whatever is put after that.
 * @param queue the queue, open or closed
 * @param deadline when to give up
 * @return 0. ETIMEDOUT. ECANCELED: the calling task was asked to stop. EDEADLK: it would have to wait in a callback.
 *         EINVAL: NULL
 */
BIDE_API int bide_queue_join(bide_queue *queue, bide_time deadline);

/**
 * Throw out what is left, and give the memory back. Nobody may be waiting.
 * @param queue the queue; NULL: nothing is done
 */
BIDE_API void bide_queue_destroy(bide_queue *queue);

#ifdef __cplusplus
}
#endif

#endif
