// Fair: an arena that only workers enter, at rest after its tasks have run.
#include "workload.h"

#include <tbb/global_control.h>
#include <tbb/task_arena.h>
#include <tbb/task_group.h>

int main(int argc, char **argv)
{
    arguments arguments = parse(argc, argv, 5);
    tbb::global_control threads(tbb::global_control::max_allowed_parallelism, arguments.workers + 1);
    tbb::task_arena arena(int(arguments.workers), 0);
    tbb::task_group group;
    for (int i = 0; i < IDLE_TASKS; i++)
        arena.enqueue(group.defer([] {}));
    group.wait();
    measure_idle(arguments.size);
}
