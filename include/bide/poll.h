/**
 * @file
 * Waiting for descriptors: poll(2) that parks the task; what asyncio's streams and loop.sock_recv() stand on.
 *
 *     struct pollfd polled = {.fd = socket, .events = POLLIN};
 *     while ((got = read(socket, buffer, sizeof buffer)) < 0 && errno == EAGAIN)
 *         if ((error = bide_poll(&polled, 1, BIDE_FOREVER, NULL)))
 *             return error;
 *
 * A task reads straight down, as if it had a thread of its own, and its worker is free for others while it waits: thousands of
 * connections are as many tasks on a few workers. A worker that has nothing else to do sleeps until one of the descriptors of
 * its tasks is ready; one that is busy looks at them between the turns of its tasks. No thread is added. Make descriptors
 * non-blocking: that one is ready says only that something was there.
 *
 * Any number of tasks and threads may wait for one descriptor, each for what it likes; all are told, and who comes too late finds
 * nothing to read and waits again. If a descriptor is closed while it is waited for, that wait may last until its deadline or a
 * request to stop, or say POLLNVAL; ask the task to stop, or shut a socket down before you close it. A descriptor that gets
 * the same number later is as good as any.
 *
 * The first wait in a task on a worker opens two descriptors, which are closed with the pool. On a plain thread it is poll(2)
 * itself, with a deadline, resumed after signal handlers. With #BIDE_HOLD the worker sleeps with its task.
 */
#ifndef BIDE_POLL_H
#define BIDE_POLL_H

#include <bide/base.h>

#include <poll.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Wait until one of some descriptors is ready. What is ready wins over a request to stop and over the deadline.
 * @param fds what to wait for, as in poll(2), which writes each revents: on return 0 or ETIMEDOUT it has; entries with a
 *            negative fd are left out. What epoll knows, and what is always ready, as a file on a disk is
 * @param n how many; 0: a sleep until the deadline
 * @param deadline when to give up
 * @param[out] ready how many are ready, on return 0; NULL: not wanted
 * @return 0: at least one is ready, be it with POLLERR, POLLHUP or POLLNVAL. ETIMEDOUT. ECANCELED: the calling task was asked
 *         to stop. EDEADLK: it would have to wait in a callback. EINVAL: NULL with n above 0, or n is more than the process
 *         may have open. ENOMEM, EMFILE, ENFILE, ENOSPC (the system's limit of watches), ELOOP (sets of epoll nested too
 *         deep): it could not wait. ESHUTDOWN: it would have to wait in a task that was inherited by fork()
 */
BIDE_API int bide_poll(struct pollfd *fds, nfds_t n, bide_time deadline, int *ready);

#ifdef __cplusplus
}
#endif

#endif
