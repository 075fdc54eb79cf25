/* Tasks whose time has not come. */
#include "bide_lateness.h"

static int wake(void *arg, bide_value *result)
{
    struct sleeper *sleeper = arg;
    result->i64 = sleeper->late = bide_clock() - sleeper->due;
    return 0;
}

static void start_one(bide_pool *pool, struct sleeper *sleeper)
{
    check(bide_submit_at(pool, sleeper->due, wake, sleeper, NULL));
}

int main(int argc, char **argv)
{
    measure(parse(argc, argv, 10000), start_one);
    return 0;
}
