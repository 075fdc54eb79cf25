/* bide_for() with the grain that it chooses. */
#include "../bide.h"
#include "workload.h"

struct numbers {
    double *data;
    size_t n;
};

static void even_part(size_t begin, size_t end, void *ctx)
{
    const struct numbers *numbers = ctx;
    for (size_t i = begin; i < end; i++)
        numbers->data[i] = even_element(numbers->data[i]);
}

static void growing_part(size_t begin, size_t end, void *ctx)
{
    const struct numbers *numbers = ctx;
    for (size_t i = begin; i < end; i++)
        numbers->data[i] = growing_element(numbers->data[i], i, numbers->n);
}

static void even(void *pool, double *data, size_t n)
{
    struct numbers numbers = {data, n};
    check(bide_for(pool, 0, n, 0, even_part, &numbers));
}

static void growing(void *pool, double *data, size_t n)
{
    struct numbers numbers = {data, n};
    check(bide_for(pool, 0, n, 0, growing_part, &numbers));
}

int main(int argc, char **argv)
{
    struct arguments arguments = parse(argc, argv, 10000000);
    bide_pool *pool = make_pool(arguments.workers);
    measure_loops(even, growing, pool, arguments.size);
    return bide_pool_destroy(pool);
}
