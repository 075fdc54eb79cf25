/* Tasks whose time has not come. */
#include "bide_parked.h"

static int never(void *arg, bide_value *result)
{
    result->ptr = arg;
    return 0;
}

static void park_one(bide_completions *done, bide_pool *pool)
{
    bide_future *future;
    check(bide_submit_at(pool, bide_in(HOUR), never, NULL, &future));
    check(bide_completions_add(done, future, NULL));
    bide_future_release(future);
    atomic_fetch_add(&started, 1);
}

int main(int argc, char **argv)
{
    measure(parse(argc, argv, 10000), park_one);
    return 0;
}
