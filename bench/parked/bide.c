/* Tasks that have started and sleep. */
#include "bide_parked.h"

static int sleep_on(void *arg, bide_value *result)
{
    result->ptr = arg;
    atomic_fetch_add(&started, 1);
    return bide_sleep(HOUR);
}

static void park_one(bide_completions *done, bide_pool *pool)
{
    check(bide_completions_submit(done, pool, sleep_on, NULL, NULL));
}

int main(int argc, char **argv)
{
    measure(parse(argc, argv, 10000), park_one);
    return 0;
}
