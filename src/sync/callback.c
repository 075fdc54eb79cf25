#include "sync/callback.h"

#include "base/memory.h"
#include "sync/future.h"

#include <errno.h>

struct registration {
    struct callback callback;
    void (*fn)(bide_future *, void *);
    void *ctx;
    bide_future *future;
};

/* Those of this thread that were posted and have not run yet. */
static _Thread_local struct {
    struct list posted;
    bool running;
} trampoline;

void callback_post(struct callback *callback)
{
    list_append(&trampoline.posted, &callback->waiter.link);
}

/* The settler's reference stays until the callbacks have run, unless it is itself within one: so take another. */
static void registration_fire(struct waiter *waiter)
{
    struct registration *registration = LISTED_IN(struct registration, callback.waiter, waiter);
    bide_future_retain(registration->future);
    callback_post(&registration->callback);
}

static void call(bide_future *future, void (*fn)(bide_future *, void *), void *ctx)
{
    struct strand_excursion excursion = strand_leave();
    fn(future, ctx);
    strand_return(excursion);
}

static void registration_run(struct callback *callback)
{
    struct registration *registration = LISTED_IN(struct registration, callback, callback);
    call(registration->future, registration->fn, registration->ctx);
    bide_future_release(registration->future);
    memory_free(registration);
}

void callbacks_run(void)
{
    if (trampoline.running)
        return;
    trampoline.running = true;
    for (struct link *link; (link = list_take_first(&trampoline.posted));) {
        struct callback *callback = LISTED_IN(struct callback, waiter.link, link);
        callback->run(callback);
    }
    trampoline.running = false;
}

/* What it settles has its callbacks called after it, as with the others. */
static void call_at_once(bide_future *future, void (*fn)(bide_future *, void *), void *ctx)
{
    bool within = trampoline.running;
    trampoline.running = true;
    call(future, fn, ctx);
    trampoline.running = within;
    callbacks_run();
}

int bide_future_on_done(bide_future *future, void (*fn)(bide_future *, void *), void *ctx)
{
    if (!future || !fn)
        return EINVAL;
    if (bide_future_state(future) < BIDE_DONE) {
        if (future_is_inherited(future))
            return ESHUTDOWN;
        struct registration *registration = memory_alloc(sizeof *registration);
        if (!registration)
            return ENOMEM;
        struct callback callback = {.waiter.fire = registration_fire, .run = registration_run};
        *registration = (struct registration){.callback = callback, .fn = fn, .ctx = ctx, .future = future};
        if (future_enlist(future, &registration->callback.waiter))
            return 0;
        memory_free(registration);
    }
    call_at_once(future, fn, ctx);
    return 0;
}
