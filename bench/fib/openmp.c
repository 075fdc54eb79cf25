/* Fair: the task of OpenMP's own examples, made by one thread of the team that all threads run. */
#include "workload.h"

#include <omp.h>

static uint64_t fib(unsigned n)
{
    if (n < 2)
        return n;
    uint64_t child;
#pragma omp task shared(child)
    child = fib(n - 1);
    uint64_t own = fib(n - 2);
#pragma omp taskwait
    return child + own;
}

static uint64_t fib_in_team(void *unused, unsigned n)
{
    (void)unused;
    uint64_t number = 0;
#pragma omp parallel
#pragma omp single
    number = fib(n);
    return number;
}

int main(int argc, char **argv)
{
    struct arguments arguments = parse(argc, argv, 30);
    omp_set_num_threads((int)arguments.workers);
    double seconds = measure_fib(fib_in_team, NULL, (unsigned)arguments.size);
    print("ns_per_spawn", seconds * 1e9 / fib_spawns((unsigned)arguments.size));
    return 0;
}
