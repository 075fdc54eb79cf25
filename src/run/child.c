#include "run/child.h"

#include "base/inline.h"
#include "run/pool.h"

#include <errno.h>

enum { LISTED, ENDED, RETURNED };

_Static_assert(sizeof(struct child) <= sizeof(bide_child), "a child fits what its user has for it");

static struct child *child_of(word entry)
{
    return (struct child *)(entry & ~ENTRY_CHILD);
}

static word child_entry(const struct child *child)
{
    return (word)child | ENTRY_CHILD;
}

static int call_child(struct child *child)
{
    child->value = bide_u64(0);
    return child->error = child->fn(child->arg, &child->value);
}

/* In the parent, which is not told of a request meanwhile. */
static int call_shielded(struct child *child)
{
    struct strand *parent = child->parent;
    parent->shields++;
    call_child(child);
    parent->shields--;
    return child->error;
}

static int fail(void *arg, bide_value *result)
{
    (void)arg;
    (void)result;
    return EINVAL;
}

static APART void call_in_fork(struct child *child)
{
    if (child->parent)
        call_shielded(child);
    else
        call_child(child);
    child->parent = NULL;
}

void bide_fork(bide_child *opaque, bide_task_fn *fn, void *arg)
{
    struct child *child = (struct child *)(void *)opaque;
    struct strand *self = strand_task;
    child->fn = fn ? fn : fail;
    child->arg = arg;
    child->parent = self;
    word_init(&child->state, LISTED);
    if (self && deque_push(&task_worker(self)->own, child_entry(child)))
        worker_tell_of_push(task_worker(self));
    else
        call_in_fork(child);
}

/* B3. It was taken by another worker. */
static void await_thief(struct child *child)
{
    struct strand *self = child->parent;
    struct waiter waiter;
    word seen = LISTED;
    waiter_init(&waiter, self);
    if (cas_acq_rel(&child->state, &seen, (word)&waiter)) {
        strand_await_fire(self);
        strand_end_wait_keeping_stop(self, FIRED);
    }
    if (load_acquire(&child->state) == RETURNED)
        call_shielded(child);
}

/* From below others, which are out of sight for a moment, also if it is not there any more. */
static bool take_from_below(struct child *child)
{
    struct worker *worker = task_worker(child->parent);
    bool taken = deque_remove(&worker->own, child_entry(child));
    worker_tell_of_push(worker);
    return taken;
}

/* It is not the newest. */
static APART int join_slowly(struct child *child)
{
    if (child->parent && take_from_below(child))
        call_shielded(child);
    else if (child->parent)
        await_thief(child);
    return child->error;
}

int bide_fork_join(bide_child *opaque, bide_value *value)
{
    struct child *child = (struct child *)(void *)opaque;
    bool taken = child->parent && deque_pop_that(&task_worker(child->parent)->own, child_entry(child));
    int error = taken ? call_shielded(child) : join_slowly(child);
    if (!error && value)
        *value = child->value;
    tools_end(child, sizeof *child);
    return error;
}

/* The last touch, unless somebody waits. */
static void leave_child(struct child *child, word state)
{
    struct waiter *waiter = (struct waiter *)exchange_seq(&child->state, state);
    if (waiter)
        waiter->fire(waiter);
}

void child_run(word entry, struct worker *worker)
{
    struct child *child = child_of(entry);
    struct task task;
    task_begin_child(&task, worker, child->parent->future);
    call_child(child);
    task_end_child(&task);
    leave_child(child, ENDED);
}

void child_return(word entry)
{
    leave_child(child_of(entry), RETURNED);
}
