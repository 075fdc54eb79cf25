/* What becomes of an entry once it was taken out, or is waited for: its task, or child, runs on the calling worker, unless it is
 * dead. Whatever runs finds the thread as a task finds it, and leaves it so. */
#ifndef RUN_ENTRY_H
#define RUN_ENTRY_H

#include "run/pool.h"

/* See to one that was taken out; with a refusal it is not called, but ends with that. false: it was dead. */
bool entry_see_to(struct worker *self, word entry, int refusal);

/* Let go of one that was taken out for its end: nobody will run it, or somebody else does. */
void entry_refuse(word entry);

/* The pool's side of future_run_here(). In a holding pool it runs on the caller's stack, in a parking one on another, from
 * which the worker comes back when it has ended, or waits. */
enum run_here worker_run_in_place(struct runner *runner, bide_future *future);
enum run_here worker_run_at_once(struct runner *runner, bide_future *future);

/* Is there stack enough to run a task in place? */
bool worker_has_stack(const struct worker *self);

/* Under the monitor, which it unlocks: take the oldest entry, fire who was woken, and run the entry on the calling worker, in
 * place. */
void worker_run_oldest(struct worker *self, struct link *woken);

#endif
