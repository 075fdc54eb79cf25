/* Tasks that have started and sleep. */
#include "bide_lateness.h"

static int sleep_on(void *arg, bide_value *result)
{
    struct sleeper *sleeper = arg;
    int error = bide_sleep_until(sleeper->due);
    result->i64 = sleeper->late = bide_clock() - sleeper->due;
    return error;
}

static void start_one(bide_pool *pool, struct sleeper *sleeper)
{
    check(bide_submit(pool, sleep_on, sleeper, NULL));
}

int main(int argc, char **argv)
{
    measure(parse(argc, argv, 10000), start_one);
    return 0;
}
