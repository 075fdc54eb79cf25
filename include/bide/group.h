/**
 * @file
 * Groups: structured concurrency; asyncio.TaskGroup, with a limit. Tasks are spawned into a group, and who leaves it waits for
 * them all; so what they use may live on the stack of who made the group.
 *
 *     bide_group *group;
 *     int failure = 0, error = bide_group_create(&group, pool, 8);     at most eight at once
 *     if (error)
 *         return error;
 *     for (i = 0; i < n && !error; i++)
 *         error = bide_group_spawn(group, fetch, &pages[i], NULL);     waits for room
 *     if (error)
 *         bide_group_cancel(group);                                    no page without all the others
 *     error = bide_group_wait(group, BIDE_FOREVER, &failure);
 *     bide_group_destroy(group);
 *
 * The first child that fails makes the group ask the others to stop, at once, whoever waits, and refuse new ones. A child that
 * ends cancelled has not failed, whoever asked it. Children may spawn into their group and cancel it, which asks them too. Any
 * number of tasks and threads, of any pools, may use a group at the same time; only bide_group_destroy() must be the last
 * call. A group that has neither failed nor been cancelled can be used again when all have ended. Its pool must be there while
 * children are spawned. After fork() a child process can only read an inherited group's failures, and destroying it does
 * nothing.
 */
#ifndef BIDE_GROUP_H
#define BIDE_GROUP_H

#include <bide/base.h>
#include <bide/future.h>
#include <bide/pool.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Tasks that are awaited together. */
typedef struct bide_group bide_group;

/**
 * Make a group without children.
 * @param[out] group the group, on return 0
 * @param pool where its children run
 * @param limit how many children there may be at once; 0: any number
 * @return 0. ENOMEM. EINVAL: NULL group or pool
 */
BIDE_API int bide_group_create(bide_group **group, bide_pool *pool, size_t limit);

/**
 * Submit a task as a child. Waits while there are `limit` children, first come, first let in; but never in a child of this
 * group, which is one of those who would have to end, nor in a task that a full pool with #BIDE_HOLD runs in the middle of a
 * spawn. (What a child calls by bide_blocking() does wait.) With #BIDE_HOLD a task of the same pool runs children in place that
 * have not started, instead of waiting.
 * @param group the group
 * @param fn the task
 * @param arg handed to it; the caller's, until the child has ended
 * @param[out] future a reference to its future, on return 0; NULL: nobody will ask. The group needs no reference of the
 *             caller's
 * @return 0. ECANCELED: a child has failed, the group was cancelled, or the calling task was asked to stop while it waited.
 *         ENOMEM, ESHUTDOWN, EINVAL, EDEADLK: as bide_submit(), and EINVAL: NULL group; EDEADLK: in a callback, without
 *         room, or, with #BIDE_HOLD, less than a quarter of the stack is left to run a child in. On any error nothing was
 *         spawned, arg was not touched, and the other children go on
 */
BIDE_API int bide_group_spawn(bide_group *group, bide_task_fn *fn, void *arg, bide_future **future);

/**
 * Ask all children to stop, and refuse new ones from now on. Waits for nobody. Called again it asks again those that are left.
 * @param group the group
 * @return 0. EINVAL: NULL. ESHUTDOWN: inherited by fork()
 */
BIDE_API int bide_group_cancel(bide_group *group);

/**
 * Wait until all children have ended. Several may wait. In a task of the same pool with #BIDE_HOLD, with #BIDE_FOREVER,
 * children that have not started are run in place.
 * @param group the group
 * @param deadline when to give up; cancels nothing, call again
 * @param[out] first_error what the first child that failed has failed with, 0 if none has; on return 0 and ECANCELED; NULL: not
 *             wanted
 * @return 0: all have ended, in whatever way. ETIMEDOUT. ECANCELED: the calling task was asked to stop; the group was
 *         cancelled, and all have ended, whatever the deadline: that wait is not interrupted again. EDEADLK: in a callback,
 *         in a child of this group, or, with #BIDE_HOLD, in a task that is run in the middle of a spawn into it, or with less
 *         than a quarter of the stack left when a child has not started. EINVAL: NULL group. ESHUTDOWN: inherited by fork(),
 *         with children left
 */
BIDE_API int bide_group_wait(bide_group *group, bide_time deadline, int *first_error);

/**
 * Read which children have failed, in the order in which they ended. Waits for nobody.
 * @param group the group
 * @param[out] failed the first of them, as many as there are, at most `max`: a reference to each; may be NULL if that is 0
 * @param max room in `failed`
 * @param[out] n how many have failed so far, which may be more than `max`
 * @return 0. EINVAL: NULL
 */
BIDE_API int bide_group_failed(bide_group *group, bide_future *failed[], size_t max, size_t *n);

/**
 * Cancel and await what is left, and free the group. Not interrupted: a request to stop the calling task stays for its next
 * wait. Not in a child of this group, nor, if children are left, in a callback: an assertion in debug builds.
 * @param group the group; NULL: nothing is done
 */
BIDE_API void bide_group_destroy(bide_group *group);

#ifdef __cplusplus
}
#endif

#endif
