/* Fair: tasks and a taskwait, made by one thread of the team that all threads run. */
#include "workload.h"

#include <omp.h>

static void multiply(struct product whole)
{
    if (whole.n <= LEAF) {
        multiply_leaf(whole);
        return;
    }
    for (size_t phase = 0; phase < PHASES; phase++) {
        for (size_t i = 0; i < QUARTERS - 1; i++) {
            struct product part = quarter(whole, phase, i);
#pragma omp task
            multiply(part);
        }
        multiply(quarter(whole, phase, QUARTERS - 1));
#pragma omp taskwait
    }
}

static void multiply_in_team(void *unused, struct product whole)
{
    (void)unused;
#pragma omp parallel
#pragma omp single
    multiply(whole);
}

int main(int argc, char **argv)
{
    struct arguments arguments = parse(argc, argv, 2048);
    omp_set_num_threads((int)arguments.workers);
    measure_matmul(multiply_in_team, NULL, arguments.size);
    return 0;
}
