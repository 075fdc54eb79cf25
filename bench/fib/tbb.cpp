// Fair: a task_group on the stack for each child, TBB's form for fork and join; the calling thread is one of the workers.
#include "workload.h"

#include <tbb/global_control.h>
#include <tbb/task_arena.h>
#include <tbb/task_group.h>

static uint64_t fib(unsigned n)
{
    if (n < 2)
        return n;
    uint64_t child = 0;
    tbb::task_group group;
    group.run([&child, n] { child = fib(n - 1); });
    uint64_t own = fib(n - 2);
    group.wait();
    return child + own;
}

static uint64_t fib_in(void *arena, unsigned n)
{
    return static_cast<tbb::task_arena *>(arena)->execute([n] { return fib(n); });
}

int main(int argc, char **argv)
{
    arguments arguments = parse(argc, argv, 39);
    tbb::global_control threads(tbb::global_control::max_allowed_parallelism, arguments.workers);
    tbb::task_arena arena(int(arguments.workers));
    double seconds = measure_fib(fib_in, &arena, unsigned(arguments.size));
    print("ns_per_spawn", seconds * 1e9 / fib_spawns(unsigned(arguments.size)));
    print("ms", seconds * 1e3);
}
