/* Callbacks of futures: called last, outside all locks, on the thread that settles; one after the other, so that a chain of
 * them does not recurse. */
#ifndef SYNC_CALLBACK_H
#define SYNC_CALLBACK_H

/* Call those that have fired on this thread, unless called from within one. */
void callbacks_run(void);

#endif
