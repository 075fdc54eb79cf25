#include "sync/callback.h"

#include "base/memory.h"
#include "sync/future.h"

#include <errno.h>

struct callback {
    struct waiter waiter;
    void (*fn)(bide_future *, void *);
    void *ctx;
    bide_future *future;
};

/* Those of this thread that have fired and were not called yet. */
static _Thread_local struct {
    struct list fired;
    bool running;
} trampoline;

/* The settler's reference stays until the callbacks have run, unless it is itself within one: so take another. */
static void callback_fire(struct waiter *waiter)
{
    struct callback *callback = LISTED_IN(struct callback, waiter, waiter);
    bide_future_retain(callback->future);
    list_append(&trampoline.fired, &waiter->link);
}

static void call(bide_future *future, void (*fn)(bide_future *, void *), void *ctx)
{
    struct strand_excursion excursion = strand_leave();
    fn(future, ctx);
    strand_return(excursion);
}

void callbacks_run(void)
{
    if (trampoline.running)
        return;
    trampoline.running = true;
    for (struct link *link; (link = list_take_first(&trampoline.fired));) {
        struct callback *callback = LISTED_IN(struct callback, waiter.link, link);
        call(callback->future, callback->fn, callback->ctx);
        bide_future_release(callback->future);
        memory_free(callback);
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
        struct callback *callback = memory_alloc(sizeof *callback);
        if (!callback)
            return ENOMEM;
        *callback = (struct callback){.waiter.fire = callback_fire, .fn = fn, .ctx = ctx, .future = future};
        if (future_enlist(future, &callback->waiter))
            return 0;
        memory_free(callback);
    }
    call_at_once(future, fn, ctx);
    return 0;
}
