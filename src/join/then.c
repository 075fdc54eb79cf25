#include "base/memory.h"
#include "sync/future.h"

#include <errno.h>

/* Given to the future of the continuation as its argument. It holds the one that has ended from its turn until it has run, so
 * that a chain that goes on and on keeps nothing behind it. */
struct continuation {
    int (*fn)(bide_future *, void *, bide_value *);
    void *arg;
    bide_future *done; /* a reference, or NULL */
    bide_future *next;
};

static void let_go(struct continuation *continuation)
{
    bide_future *done = continuation->done;
    continuation->done = NULL;
    bide_future_release(done);
}

static void continuation_drop(void *arg)
{
    let_go(arg);
    memory_free(arg);
}

static int continuation_run(void *arg, bide_value *result)
{
    struct continuation *continuation = arg;
    int error = continuation->fn(continuation->done, continuation->arg, result);
    let_go(continuation);
    return error;
}

/* In a child the pool that it should run in is not there. */
static void take_turn(bide_future *done, void *arg)
{
    struct continuation *continuation = arg;
    if (future_is_inherited(continuation->next))
        return;
    bide_future_retain(done);
    continuation->done = done;
    future_admit(continuation->next);
}

/* Two references: the caller's, and that of the entry to be. */
static bide_future *create(struct runner *runner, int (*fn)(bide_future *, void *, bide_value *), void *arg)
{
    struct continuation *continuation = memory_alloc(sizeof *continuation);
    bide_future *next = continuation ? future_create(runner, continuation_run, continuation, 2) : NULL;
    if (!next) {
        memory_free(continuation);
        return NULL;
    }
    *continuation = (struct continuation){.fn = fn, .arg = arg, .next = next};
    next->drop = continuation_drop;
    future_defer(next);
    return next;
}

int bide_future_then(bide_future *future, bide_pool *pool, int (*fn)(bide_future *, void *, bide_value *), void *arg,
                     bide_future **next)
{
    if (!future || !pool || !fn || !next)
        return EINVAL;
    bide_future *made = create(runner_of(pool), fn, arg);
    if (!made)
        return ENOMEM;
    int error = future_is_inherited(made) ? ESHUTDOWN : bide_future_on_done(future, take_turn, made->arg);
    if (!error) {
        *next = made;
        return 0;
    }
    runner_let_go(made->runner);
    memory_free(made->arg);
    future_discard(made);
    return error;
}
