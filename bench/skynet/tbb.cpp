// Fair: one task_group on the stack for each node, TBB's form for fork and join; the calling thread is one of the workers.
#include "workload.h"

#include <tbb/global_control.h>
#include <tbb/task_arena.h>
#include <tbb/task_group.h>

static uint64_t skynet(uint64_t first, uint64_t leaves)
{
    if (leaves == 1)
        return first;
    uint64_t sums[SKYNET_CHILDREN], sum = 0, below = leaves / SKYNET_CHILDREN;
    tbb::task_group group;
    for (unsigned i = 0; i < SKYNET_CHILDREN - 1; i++)
        group.run([=, &sums] { sums[i] = skynet(first + i * below, below); });
    sums[SKYNET_CHILDREN - 1] = skynet(first + (SKYNET_CHILDREN - 1) * below, below);
    group.wait();
    for (uint64_t each : sums)
        sum += each;
    return sum;
}

static uint64_t skynet_in(void *arena, uint64_t first, uint64_t leaves)
{
    return static_cast<tbb::task_arena *>(arena)->execute([=] { return skynet(first, leaves); });
}

int main(int argc, char **argv)
{
    arguments arguments = parse(argc, argv, 8);
    tbb::global_control threads(tbb::global_control::max_allowed_parallelism, arguments.workers);
    tbb::task_arena arena(int(arguments.workers));
    measure_skynet(skynet_in, &arena, arguments.size);
}
