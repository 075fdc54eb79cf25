/**
 * @file
 * Completions: a condition-guarded queue of futures in the order in which they end; asyncio.as_completed().
 *
 *     bide_completions *done;
 *     bide_completions_create(&done);
 *     for (i = 0; i < n; i++)
 *         bide_completions_submit(done, pool, work, &args[i], &args[i]);
 *     while (bide_completions_next(done, BIDE_FOREVER, &future, &tag) == 0)
 *         bide_join(future, &value);                       first ended, first handed out
 *     bide_completions_destroy(done);
 *
 * A future is listed when it is added, and handed out once after it has ended; added after its end it can be taken at
 * once; added twice it is handed out twice. Futures of any pools, and promises, mix. Futures may be added while others
 * are taken; several threads and tasks may do either. Only bide_completions_destroy() must be the last call. In a child made
 * by fork() an inherited queue hands out what had ended, if at the fork nobody was in a call and nothing listed was just
 * ending; destroying it does nothing.
 */
#ifndef BIDE_COMPLETIONS_H
#define BIDE_COMPLETIONS_H

#include <bide/base.h>
#include <bide/future.h>
#include <bide/pool.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A queue of ended futures. */
typedef struct bide_completions bide_completions;

/**
 * Make an empty queue.
 * @param[out] completions the queue, on return 0
 * @return 0. ENOMEM. EINVAL: NULL
 */
BIDE_API int bide_completions_create(bide_completions **completions);

/**
 * List a future.
 * @param completions the queue
 * @param future the future, borrowed; the queue takes a reference of its own
 * @param tag handed out with it, to tell it from others; the caller's
 * @return 0. ENOMEM, ESHUTDOWN (a future inherited by fork() that has not ended): not listed. EINVAL: NULL queue or future
 */
BIDE_API int bide_completions_add(bide_completions *completions, bide_future *future, void *tag);

/**
 * Submit a task and list its future, both or neither.
 * @param completions the queue
 * @param pool the pool
 * @param fn the task
 * @param arg handed to it
 * @param tag handed out with the future
 * @return as bide_submit(); EINVAL: NULL queue
 */
BIDE_API int bide_completions_submit(bide_completions *completions, bide_pool *pool, bide_task_fn *fn, void *arg,
                                     void *tag);

/**
 * Take the next future that has ended, in the order of their ends. In a task of a pool with #BIDE_HOLD, with #BIDE_FOREVER,
 * a listed task of the same pool that has not started is run in place while nothing has ended; what ends meanwhile is handed
 * out after it.
 * @param completions the queue
 * @param deadline when to give up
 * @param[out] future the queue's reference, now yours, on return 0; NULL: it is released
 * @param[out] tag the tag, on return 0; NULL: not wanted
 * @return 0. ENOENT: none is listed, or another took the last. ETIMEDOUT. ECANCELED: the calling task was asked to stop.
 *         EDEADLK: in a callback, or, with #BIDE_HOLD, with less than a quarter of the stack left when a listed task has not
 *         started. ESHUTDOWN: nothing has ended, and the queue was inherited by fork(). EINVAL: NULL queue
 */
BIDE_API int bide_completions_next(bide_completions *completions, bide_time deadline, bide_future **future, void **tag);

/**
 * Ask every listed future to stop. Each is still handed out when it has ended; what is added later is not asked.
 * @param completions the queue
 * @return 0. EINVAL: NULL
 */
BIDE_API int bide_completions_cancel(bide_completions *completions);

/**
 * A descriptor for poll(2), epoll(7), select(2) and the loops that stand on them: readable while something that is listed
 * has ended. Take with #BIDE_NOW when it is: another may have been quicker. While nothing is listed it is not readable, so a
 * loop may look at it all the time. It is made by the first call, and closed by bide_completions_destroy() and exec(3). Never
 * read from it, write to it or close it.
 * @param completions the queue
 * @param[out] fd the descriptor, on return 0; the same at each call
 * @return 0. EMFILE, ENFILE, ENOMEM: none to be had. ESHUTDOWN: the queue was inherited by fork(). EINVAL: NULL
 */
BIDE_API int bide_completions_fd(bide_completions *completions, int *fd);

/**
 * Forget what is listed and free the queue; cancels nothing. Nobody may be waiting in bide_completions_next().
 * @param completions the queue; NULL: nothing is done
 */
BIDE_API void bide_completions_destroy(bide_completions *completions);

#ifdef __cplusplus
}
#endif

#endif
