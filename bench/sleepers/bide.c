/* Tasks that have started and sleep. */
#include "bide_sleepers.h"

static int sleep_on(void *arg, bide_value *result)
{
    struct nap *nap = arg;
    result->f64 = nap->delay;
    nap->end = bide_in(nap->delay);
    return bide_sleep_until(nap->end);
}

static void start_one(bide_completions *done, bide_pool *pool, struct nap *nap)
{
    check(bide_completions_submit(done, pool, sleep_on, nap, nap));
}

int main(int argc, char **argv)
{
    measure(parse(argc, argv, 10000), start_one);
    return 0;
}
