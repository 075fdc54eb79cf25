/* Children: work that a task has forked and will join. The record lies on the parent's stack; its entry is in the deque of the
 * parent's worker.
 *
 *   B1 fork    write the record; push the entry
 *   B2 join    take the entry back, if it is still there: it is the newest, unless other tasks of this worker have pushed
 *              since. Then it is a plain call, and nobody else has seen the record
 *   B3 else    it was stolen: unless it has ended, put a waiter into the state by compare-and-swap, and park until fired
 *   B4 thief   run it; write the result; exchange the state with ENDED, which is the last touch unless a waiter was there:
 *              fire it. Or RETURNED, if it is not to be run here: the parent does
 *
 * The parent never changes its worker, so B1 and B2 are the deque's owner. */
#ifndef RUN_CHILD_H
#define RUN_CHILD_H

#include "wait/strand.h"

#include <bide/fork.h>

/* The mark of a child among the entries of a deque; a future has none. */
#define ENTRY_CHILD ((word)1)

struct child {
    atomic_word state; /* LISTED, ENDED, RETURNED, or the waiter */
    bide_task_fn *fn;
    void *arg;
    bide_value value;
    int error;
    struct strand *parent; /* NULL: it was called at once */
};

struct worker;

static inline bool entry_is_child(word entry)
{
    return entry & ENTRY_CHILD;
}

/* B4, for an entry that was taken out. */
void child_run(word entry, struct worker *worker);
void child_return(word entry);

#endif
