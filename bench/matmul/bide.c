/* A task forks three of the four products of a phase and makes the fourth. */
#include "../bide.h"
#include "workload.h"

static int multiply(void *arg, bide_value *result)
{
    const struct product *whole = arg;
    struct product parts[QUARTERS];
    bide_child children[QUARTERS - 1];
    if (whole->n <= LEAF) {
        multiply_leaf(*whole);
        return 0;
    }
    for (size_t phase = 0; phase < PHASES; phase++) {
        for (size_t i = 0; i < QUARTERS; i++)
            parts[i] = quarter(*whole, phase, i);
        for (size_t i = 0; i < QUARTERS - 1; i++)
            bide_fork(&children[i], multiply, &parts[i]);
        check(multiply(&parts[QUARTERS - 1], result));
        for (size_t i = QUARTERS - 1; i-- > 0;)
            check(bide_fork_join(&children[i], NULL));
    }
    return 0;
}

static void matmul(void *pool, struct product product)
{
    run_task(pool, multiply, &product);
}

int main(int argc, char **argv)
{
    struct arguments arguments = parse(argc, argv, 2048);
    bide_pool *pool = make_pool(arguments.workers);
    measure_matmul(matmul, pool, arguments.size);
    return bide_pool_destroy(pool);
}
