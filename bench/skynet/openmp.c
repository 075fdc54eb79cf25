/* Fair: tasks and a taskwait, made by one thread of the team that all threads run. */
#include "workload.h"

#include <omp.h>

static uint64_t skynet(uint64_t first, uint64_t leaves)
{
    if (leaves == 1)
        return first;
    uint64_t sums[SKYNET_CHILDREN], sum = 0, below = leaves / SKYNET_CHILDREN;
    for (unsigned i = 0; i < SKYNET_CHILDREN - 1; i++) {
#pragma omp task shared(sums)
        sums[i] = skynet(first + i * below, below);
    }
    sums[SKYNET_CHILDREN - 1] = skynet(first + (SKYNET_CHILDREN - 1) * below, below);
#pragma omp taskwait
    for (unsigned i = 0; i < SKYNET_CHILDREN; i++)
        sum += sums[i];
    return sum;
}

static uint64_t skynet_in_team(void *unused, uint64_t first, uint64_t leaves)
{
    (void)unused;
    uint64_t sum = 0;
#pragma omp parallel
#pragma omp single
    sum = skynet(first, leaves);
    return sum;
}

int main(int argc, char **argv)
{
    struct arguments arguments = parse(argc, argv, 8);
    omp_set_num_threads((int)arguments.workers);
    measure_skynet(skynet_in_team, NULL, arguments.size);
    return 0;
}
