/* Tasks whose time has not come. */
#include "bide_sleepers.h"

static int give_delay(void *arg, bide_value *result)
{
    result->f64 = ((const struct nap *)arg)->delay;
    return 0;
}

static void start_one(bide_completions *done, bide_pool *pool, struct nap *nap)
{
    bide_future *future;
    nap->end = bide_in(nap->delay);
    check(bide_submit_at(pool, nap->end, give_delay, nap, &future));
    check(bide_completions_add(done, future, nap));
    bide_future_release(future);
}

int main(int argc, char **argv)
{
    measure(parse(argc, argv, 10000), start_one);
    return 0;
}
