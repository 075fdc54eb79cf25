/* A user's program in a few lines, C11 and C++11 alike: exit 0 if the library it was linked with works. */
#include <bide/bide.h>

#include <stdio.h>

static int twice(void *arg, bide_value *result)
{
    const int *number = (const int *)arg;
    result->i64 = 2 * *number;
    return 0;
}

static int try_pool(bide_pool *pool)
{
    int number = 21;
    double delays[3] = {-1, -1, -1};
    bide_value value = bide_i64(0);
    bide_future *future;
    if (bide_submit(pool, twice, &number, &future) || bide_join(future, &value) || value.i64 != 42)
        return 1;
    return bide_wait_n(pool, 3, 0.01, delays) || delays[0] < 0 || delays[2] > 0.01;
}

int main(void)
{
    bide_pool *pool;
    if (bide_pool_create(&pool, NULL))
        return 1;
    int failed = try_pool(pool);
    printf("bide %s: %s\n", bide_version(), failed ? "failed" : "works");
    return bide_pool_destroy(pool) || failed;
}
