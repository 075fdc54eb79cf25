#include "sync/future.h"

#include <errno.h>

int bide_promise_create(bide_future **promise)
{
    if (!promise)
        return EINVAL;
    bide_future *future = future_create(NULL, NULL, NULL, 1);
    if (!future)
        return ENOMEM;
    *promise = future;
    return 0;
}

int bide_promise_resolve(bide_future *promise, bide_value value)
{
    return promise && !promise->runner ? future_keep(promise, 0, value) : EINVAL;
}

int bide_promise_fail(bide_future *promise, int error)
{
    return promise && !promise->runner && error ? future_keep(promise, error, bide_u64(0)) : EINVAL;
}
