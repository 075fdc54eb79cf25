/* Callbacks of futures: called last, outside all locks, on the thread that settles; one after the other, so that a chain of
 * them does not recurse. */
#ifndef SYNC_CALLBACK_H
#define SYNC_CALLBACK_H

#include "wait/strand.h"

/* May not wait. It may be freed in its run. */
struct callback {
    struct waiter waiter;
    void (*run)(struct callback *callback);
};

/* In a fire: have it run when all that fires with this one has fired. */
void callback_post(struct callback *callback);

/* Run those that were posted on this thread, unless called from within one. */
void callbacks_run(void);

#endif
