#include "wait/strand.h"

#include <bide/pool.h>

#include <errno.h>

int bide_run(const bide_pool_options *options, bide_task_fn *fn, void *arg, bide_value *result)
{
    bide_pool *pool;
    bide_future *future;
    if (!fn)
        return EINVAL;
    if (!strand_may_wait())
        return EDEADLK;
    int error = bide_pool_create(&pool, options);
    if (error)
        return error;
    error = bide_submit(pool, fn, arg, &future);
    if (!error)
        error = bide_join(future, result);
    bide_pool_destroy(pool);
    return error;
}
