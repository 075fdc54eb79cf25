/* A task forks nine of the calls and makes the tenth. */
#include "../bide.h"
#include "workload.h"

struct tree {
    uint64_t first, leaves;
};

static int skynet(void *arg, bide_value *result)
{
    const struct tree *tree = arg;
    struct tree below[SKYNET_CHILDREN];
    bide_child children[SKYNET_CHILDREN - 1];
    bide_value value;
    uint64_t leaves = tree->leaves / SKYNET_CHILDREN;
    if (tree->leaves == 1) {
        result->u64 = tree->first;
        return 0;
    }
    for (unsigned i = 0; i < SKYNET_CHILDREN; i++)
        below[i] = (struct tree){tree->first + i * leaves, leaves};
    for (unsigned i = 0; i < SKYNET_CHILDREN - 1; i++)
        bide_fork(&children[i], skynet, &below[i]);
    check(skynet(&below[SKYNET_CHILDREN - 1], result));
    for (unsigned i = SKYNET_CHILDREN - 1; i-- > 0;) {
        check(bide_fork_join(&children[i], &value));
        result->u64 += value.u64;
    }
    return 0;
}

static uint64_t skynet_in_pool(void *pool, uint64_t first, uint64_t leaves)
{
    struct tree tree = {first, leaves};
    return run_task(pool, skynet, &tree);
}

int main(int argc, char **argv)
{
    struct arguments arguments = parse(argc, argv, 8);
    bide_pool *pool = make_pool(arguments.workers);
    measure_skynet(skynet_in_pool, pool, arguments.size);
    return bide_pool_destroy(pool);
}
