/* Where a worker finds the next entry: what is due, its batch, its own deque, the backlog, and the deques of others. */
#ifndef RUN_SEARCH_H
#define RUN_SEARCH_H

#include "run/pool.h"

/* An entry for which nobody needs the monitor. 0: there is none, or there is something else to look at. */
word search_quickly(struct worker *self);

/* The rest begins under the monitor. Is there something that this worker can take out? */
bool search_look(struct worker *self);

/* Unlock it, and take that out; 0: it was stolen meanwhile. */
word search_take(struct worker *self, bool backlog_first);

/* Are others to be asked? Only if there is nothing here; but now and then when the queue comes first, for what others have may
 * wait for them for long. */
bool search_should_steal(struct worker *self, bool has_work, bool to_queue);

/* Unlock it, and ask them; 0: none has any to spare. The worker may go on with a fiber then: so its search is over, too. If it
 * was the one that watches what is scheduled, another one has to. */
word search_steal(struct worker *self);

/* Before it sleeps it searches for a moment: what comes then needs no waking. Not with an alarm to keep soon. */
bool search_should_last(const struct worker *self);

/* Do that, without the monitor. */
void search_longer(struct worker *self);

#endif
