/* Fair: equal parts for even work, and OpenMP's own schedule of ever smaller parts for work that is not. */
#include "workload.h"

#include <omp.h>

static void even(void *unused, double *data, size_t n)
{
    (void)unused;
#pragma omp parallel for schedule(static)
    for (size_t i = 0; i < n; i++)
        data[i] = even_element(data[i]);
}

static void growing(void *unused, double *data, size_t n)
{
    (void)unused;
#pragma omp parallel for schedule(guided)
    for (size_t i = 0; i < n; i++)
        data[i] = growing_element(data[i], i, n);
}

int main(int argc, char **argv)
{
    struct arguments arguments = parse(argc, argv, 10000000);
    omp_set_num_threads((int)arguments.workers);
    measure_loops(even, growing, NULL, arguments.size);
    return 0;
}
