#include "base/memory.h"
#include "base/process.h"
#include "sync/callback.h"
#include "sync/future.h"
#include "wait/monitor.h"

#include <bide/group.h>

#include <assert.h>
#include <errno.h>

/* A monitor guards all of it. Each child that was spawned has a member:
 *
 *   children  its waiter stands in the list of the future, or is on its way from there; so somebody has a reference to that
 *   failed    ended that way; the member has a reference of its own
 *   spare     its future is gone, or not made yet
 *
 * Asking the children to stop takes callbacks and locks that a fire must not take: the first that fails posts a callback, which
 * asks the others, on the same thread, right after all who wait for that one have been told.
 *
 * `waiters` wait until there is no child, `spawners` for room, which is given to them in their order. Both look again when a
 * child is added that is the calling task itself, or that it could run in place. */
struct member {
    struct waiter waiter; /* its owner is the group */
    struct link link;
    bide_future *future;
    uint32_t asked_in; /* the last cancel that has seen to it, or that was before it */
};

struct bide_group {
    struct monitor monitor;
    bide_pool *pool;
    size_t limit, live, failures; /* live: children, and who was let in to spawn one */
    struct list children;         /* those that the last cancel has seen to are behind the others */
    struct list failed, spare;
    struct list waiters, spawners;
    struct callback stopper;
    uint32_t cancels;    /* how often all were asked to stop */
    uint32_t generation; /* of the process that made it */
    unsigned references; /* the user's, and the stopper's while that is posted */
    int first_error;
    bool stopped;
};

struct spawner {
    struct waiter waiter;
    bool admitted;
};

static struct member *member_of(struct link *link)
{
    return LISTED_IN(struct member, link, link);
}

static bool group_is_inherited(const bide_group *group)
{
    return group->generation != process_generation();
}

/* Under the monitor, which it lets go of: the last touch of the group. */
static void unlock_and_tell(bide_group *group, struct list *told)
{
    struct link *chain = list_take_all(told);
    monitor_unlock(&group->monitor);
    waiters_fire(chain);
}

static void free_members(struct link *chain)
{
    while (chain) {
        struct member *member = member_of(chain);
        chain = chain->next;
        memory_free(member);
    }
}

static void drop_reference(bide_group *group)
{
    monitor_lock(&group->monitor);
    bool last = --group->references == 0;
    monitor_unlock(&group->monitor);
    if (last)
        memory_free(group);
}

/* Under the monitor: refuse new children, and let the next round ask all there are. */
static void refuse_more(bide_group *group, struct list *told)
{
    group->stopped = true;
    group->cancels++;
    list_move_all(told, &group->spawners);
}

/* Under the monitor: one less. */
static void leave_group(bide_group *group, struct list *told)
{
    struct link *next = --group->live < group->limit ? list_take_first(&group->spawners) : NULL;
    if (next) {
        LISTED_IN(struct spawner, waiter.link, next)->admitted = true;
        group->live++;
        list_append(told, next);
    }
    if (group->live == 0)
        list_move_all(told, &group->waiters);
}

/* Under the monitor. */
static void keep_failure(bide_group *group, struct member *member, struct list *told)
{
    bide_future_retain(member->future);
    list_append(&group->failed, &member->link);
    if (group->failures++ == 0)
        group->first_error = bide_future_result(member->future, NULL);
    if (group->stopped)
        return;
    refuse_more(group, told);
    group->references++;
    callback_post(&group->stopper);
}

static void member_fire(struct waiter *waiter)
{
    struct member *member = LISTED_IN(struct member, waiter, waiter);
    bide_group *group = waiter->owner;
    struct list told = {NULL};
    monitor_lock(&group->monitor);
    list_remove(&group->children, &member->link);
    if (bide_future_state(member->future) == BIDE_FAILED)
        keep_failure(group, member, &told);
    else
        list_append(&group->spare, &member->link);
    leave_group(group, &told);
    unlock_and_tell(group, &told);
}

/* Under the monitor: a reference to a child that the last cancel has not seen to; NULL: there is none. */
static bide_future *take_unasked(bide_group *group)
{
    struct member *member = group->children.first ? member_of(group->children.first) : NULL;
    if (!member || member->asked_in == group->cancels)
        return NULL;
    member->asked_in = group->cancels;
    list_remove(&group->children, &member->link);
    list_append(&group->children, &member->link);
    bide_future_retain(member->future);
    return member->future;
}

static void ask_members(bide_group *group)
{
    bide_future *future;
    do {
        monitor_lock(&group->monitor);
        future = take_unasked(group);
        monitor_unlock(&group->monitor);
        if (future)
            bide_future_cancel(future);
        bide_future_release(future);
    } while (future);
}

static void stop_members(struct callback *stopper)
{
    bide_group *group = LISTED_IN(bide_group, stopper, stopper);
    ask_members(group);
    drop_reference(group);
}

int bide_group_create(bide_group **group, bide_pool *pool, size_t limit)
{
    if (!group || !pool)
        return EINVAL;
    bide_group *made = memory_alloc(sizeof *made);
    if (!made)
        return ENOMEM;
    *made = (bide_group){.pool = pool, .limit = limit ? limit : SIZE_MAX, .references = 1};
    made->stopper.run = stop_members;
    made->generation = process_generation();
    word_init(&made->monitor.locked, 0);
    *group = made;
    return 0;
}

/* Is the caller a child, or does it run on the stack of one, or of who is spawning one? These count, and cannot go on before
 * the call returns. */
static bool stands_in_group(const bide_group *group)
{
    const struct strand *self = strand_current();
    while (self && self->spawns_into != group && !(self->future && future_has_waiter_of(self->future, group)))
        self = self->below;
    return self != NULL;
}

/* Under the monitor: a reference to a child that has not started and has to be run here; NULL: there is none. Before the first
 * there are no more than run at the same time, in a pool whose tasks keep their workers. */
static bide_future *find_unstarted_member(const bide_group *group, const struct runner *runner)
{
    struct link *first = runner && runner->holds ? group->children.first : NULL;
    for (struct link *link = first; link; link = link->next == first ? NULL : link->next) {
        bide_future *future = member_of(link)->future;
        if (future->runner == runner && bide_future_state(future) == BIDE_PENDING) {
            bide_future_retain(future);
            return future;
        }
    }
    return NULL;
}

/* Under the monitor, which it lets go of: run a child here. ENOENT: there is none. */
static int run_member_here(bide_group *group, const struct strand *self)
{
    bide_future *future = find_unstarted_member(group, self->runner);
    if (!future)
        return ENOENT;
    monitor_unlock(&group->monitor);
    enum run_here ran = future_run_here(future);
    bide_future_release(future);
    monitor_lock(&group->monitor);
    return ran == NO_STACK ? EDEADLK : 0;
}

/* Under the monitor, which it lets go of: until it is worth looking again. */
static int await_change(bide_group *group, struct list *condition, struct waiter *waiter, bide_time deadline)
{
    struct strand *self = waiter->strand;
    if (deadline == BIDE_NOW)
        return strand_poll(self);
    if (!strand_may_wait())
        return EDEADLK;
    int error = ENOENT;
    if (deadline == BIDE_FOREVER && !strand_stop_is_due(self))
        error = run_member_here(group, self);
    if (error != ENOENT)
        return error;
    list_append(condition, &waiter->link);
    return monitor_wait_listed(&group->monitor, condition, waiter, deadline, STOP | LATE);
}

/* Under the monitor, which it may let go of: count the caller in, when there is room. */
static int enter_group(bide_group *group, struct list *told)
{
    struct spawner self = {.admitted = false};
    int error = 0;
    waiter_init(&self.waiter, strand_current());
    while (!error && !self.admitted && !group->stopped && group->live >= group->limit && !stands_in_group(group))
        error = await_change(group, &group->spawners, &self.waiter, BIDE_FOREVER);
    if (!error && group->stopped)
        error = ECANCELED;
    if (!error && !self.admitted)
        group->live++;
    if (error && self.admitted)
        leave_group(group, told);
    return error;
}

static int reserve_place(bide_group *group, struct member **member)
{
    struct list told = {NULL};
    monitor_lock(&group->monitor);
    int error = enter_group(group, &told);
    struct link *spare = error ? NULL : list_take_first(&group->spare);
    unlock_and_tell(group, &told);
    if (error)
        return error;
    *member = spare ? member_of(spare) : memory_alloc(sizeof **member);
    return 0;
}

static void give_back(bide_group *group, struct member *member)
{
    struct list told = {NULL};
    monitor_lock(&group->monitor);
    if (member)
        list_append(&group->spare, &member->link);
    leave_group(group, &told);
    unlock_and_tell(group, &told);
}

static bool concerns(const bide_future *future, const struct strand *strand)
{
    return strand->runner && strand->runner == future->runner && (strand->runner->holds || strand->future == future);
}

/* Under the monitor: those who would not wait if they had known this child. */
static void tell_concerned(struct list *condition, const bide_future *future, struct list *told)
{
    struct link *last = condition->first ? condition->first->prev : NULL;
    for (struct link *link = condition->first, *next; link; link = next) {
        next = link == last ? NULL : link->next;
        if (concerns(future, LISTED_IN(struct waiter, link, link)->strand)) {
            list_remove(condition, link);
            list_append(told, link);
        }
    }
}

/* Its waiter is enlisted in the same step, as the child may be here too, and looks for that. */
static void add_member(bide_group *group, struct member *member, bide_future *future)
{
    struct list told = {NULL};
    monitor_lock(&group->monitor);
    *member =
        (struct member){.waiter = {.fire = member_fire, .owner = group}, .future = future, .asked_in = group->cancels};
    list_append(&group->children, &member->link);
    bool ended = !future_enlist(future, &member->waiter), stopped = group->stopped;
    tell_concerned(&group->spawners, future, &told);
    tell_concerned(&group->waiters, future, &told);
    unlock_and_tell(group, &told);
    if (stopped)
        bide_future_cancel(future);
    if (ended)
        member_fire(&member->waiter);
    callbacks_run();
}

/* In a full pool it may run other tasks here first. */
static int submit_child(bide_group *group, bide_task_fn *fn, void *arg, bide_future **child)
{
    struct strand *self = strand_current();
    self->spawns_into = group;
    int error = bide_submit(group->pool, fn, arg, child);
    self->spawns_into = NULL;
    return error;
}

int bide_group_spawn(bide_group *group, bide_task_fn *fn, void *arg, bide_future **future)
{
    struct member *member;
    bide_future *made;
    if (!group || !fn)
        return EINVAL;
    int error = group_is_inherited(group) ? ESHUTDOWN : reserve_place(group, &member);
    if (error)
        return error;
    error = member ? submit_child(group, fn, arg, &made) : ENOMEM;
    if (error) {
        give_back(group, member);
        return error;
    }
    add_member(group, member, made);
    if (future)
        *future = made;
    else
        bide_future_release(made);
    return 0;
}

int bide_group_cancel(bide_group *group)
{
    struct list told = {NULL};
    if (!group)
        return EINVAL;
    if (group_is_inherited(group))
        return ESHUTDOWN;
    monitor_lock(&group->monitor);
    refuse_more(group, &told);
    unlock_and_tell(group, &told);
    ask_members(group);
    return 0;
}

/* Under the monitor, which it may let go of: those who have been asked to stop end without help. */
static void await_asked(bide_group *group)
{
    while (group->live > 0)
        monitor_wait(&group->monitor, &group->waiters, BIDE_FOREVER, 0);
}

/* Under the monitor, which it may let go of. */
static int await_members(bide_group *group, bide_time deadline)
{
    struct waiter self;
    int error = 0;
    waiter_init(&self, strand_current());
    while (group->live > 0 && !error)
        error = stands_in_group(group) ? EDEADLK : await_change(group, &group->waiters, &self, deadline);
    return error;
}

/* Under the monitor, which it lets go of. */
static void cancel_and_await_all(bide_group *group)
{
    monitor_unlock(&group->monitor);
    bide_group_cancel(group);
    monitor_lock(&group->monitor);
    await_asked(group);
}

/* In a child, where nobody changes the group any more, and who held the monitor does not let go of it. */
static int look_at_inherited(const bide_group *group, int *first_error)
{
    if (group->live > 0)
        return ESHUTDOWN;
    if (first_error)
        *first_error = group->first_error;
    return 0;
}

int bide_group_wait(bide_group *group, bide_time deadline, int *first_error)
{
    if (!group)
        return EINVAL;
    if (group_is_inherited(group))
        return look_at_inherited(group, first_error);
    monitor_lock(&group->monitor);
    int error = await_members(group, deadline);
    if (error == ECANCELED)
        cancel_and_await_all(group);
    bool ended = !error || error == ECANCELED;
    if (ended && first_error)
        *first_error = group->first_error;
    struct link *spare = ended ? list_take_all(&group->spare) : NULL;
    monitor_unlock(&group->monitor);
    free_members(spare);
    if (!error && deadline != BIDE_NOW)
        strand_pass();
    return error;
}

/* The list only grows, at its end. */
int bide_group_failed(bide_group *group, bide_future *failed[], size_t max, size_t *n)
{
    if (!group || !n || (max && !failed))
        return EINVAL;
    if (!group_is_inherited(group))
        monitor_lock(&group->monitor);
    const struct link *link = group->failed.first;
    *n = group->failures;
    monitor_unlock(&group->monitor);
    for (size_t i = 0; i < *n && i < max; i++) {
        link = i ? link->next : link;
        failed[i] = LISTED_IN(struct member, link, link)->future;
        bide_future_retain(failed[i]);
    }
    return 0;
}

static void forget_failures(struct link *chain)
{
    for (struct link *link = chain; link; link = link->next)
        bide_future_release(member_of(link)->future);
    free_members(chain);
}

void bide_group_destroy(bide_group *group)
{
    if (!group || group_is_inherited(group)) /* in a child a waiter may be on its way for ever: leave it all */
        return;
    monitor_lock(&group->monitor);
    assert(group->live == 0 || (strand_may_wait() && !stands_in_group(group)));
    cancel_and_await_all(group);
    struct link *failed = list_take_all(&group->failed), *spare = list_take_all(&group->spare);
    monitor_unlock(&group->monitor);
    forget_failures(failed);
    free_members(spare);
    drop_reference(group);
}
