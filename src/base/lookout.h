/* Lookouts: where one thread watches descriptors, and can sleep until one of them is ready or somebody wakes it. A set of epoll
 * and a beacon on Linux; elsewhere a table for poll(2). All is the owner's alone, but for lookout_light().
 *
 * What is watched has a list of links for each descriptor; what they are part of is the caller's affair. A descriptor is seen
 * once, and then taken with all its links. That is a hint: who wants to know looks with poll(2), and adds it again if it is not
 * ready. So nothing is lost on a descriptor that was closed, or is another file by now, or that several wait for.
 *
 *   O1 add    list the link; arm the descriptor, whatever is known of it, for it may be another file than before. If it is ready
 *             already it counts as seen
 *   O2 sleep  until something that is armed is ready, which disarms it; until the beacon is lit; or until the deadline. Not
 *             at all if something was seen and not taken
 *   O3 take   the links of all that was seen; look again without waiting if that is nothing
 *
 *   O4 light  by another thread, once for each sleep, and only for one that does not end without it: so a beacon that is lit
 *             is put out by the sleep that it was lit for, and the owner may close it then. The write is the last touch */
#ifndef BASE_LOOKOUT_H
#define BASE_LOOKOUT_H

#include "base/list.h"

#include <bide/base.h>

#include <poll.h>

struct lookout;

/* 0, ENOMEM, EMFILE, ENFILE. */
int lookout_create(struct lookout **made);
void lookout_destroy(struct lookout *lookout);

/* In a child process: free its memory. The descriptors are shared with the parent, or the child's own by now. */
void lookout_forget(struct lookout *lookout);

/* O1. 0; ENOMEM, ENOSPC, ELOOP; EBADF: it has just been closed, so it is worth a look. */
int lookout_add(struct lookout *lookout, int fd, short events, struct link *link);

/* If it has not been taken. */
void lookout_remove(struct lookout *lookout, int fd, struct link *link);

/* Is anything watched? NULL: no. */
bool lookout_is_used(const struct lookout *lookout);

/* Was something seen and not taken, or is it time to look without waiting? To be asked at each turn of a thread that is busy. */
bool lookout_should_look(struct lookout *lookout);

/* O2, without waiting, by who is not woken meanwhile: was something seen? */
bool lookout_look(struct lookout *lookout);

/* Was something seen and not taken? */
bool lookout_has_seen(const struct lookout *lookout);

/* O3. As a chain. */
struct link *lookout_take(struct lookout *lookout);

/* O2. true: woken; false: something was seen, or it is late. */
bool lookout_sleep(struct lookout *lookout, bide_time deadline);

/* After a sleep that nobody woke: until the beacon is lit, which somebody is about to do. */
void lookout_await_light(struct lookout *lookout);

/* O4. */
void lookout_light(struct lookout *lookout);

/* poll(2) until a deadline; goes on after signals. How many are ready, 0: it is late; or an errno value, negative. */
int poll_until(struct pollfd *fds, nfds_t n, bide_time deadline);

#endif
