// Fair: an arena that only workers enter, so that the caller cannot run the task itself, and task_group's own wait, which
// looks a while before it sleeps: faster than a std::promise or an atomic.
#include "workload.h"

#include <tbb/global_control.h>
#include <tbb/task_arena.h>
#include <tbb/task_group.h>

static void trip(void *arena)
{
    tbb::task_group group;
    static_cast<tbb::task_arena *>(arena)->enqueue(group.defer([] {}));
    group.wait();
}

int main(int argc, char **argv)
{
    arguments arguments = parse(argc, argv, 20000);
    tbb::global_control threads(tbb::global_control::max_allowed_parallelism, arguments.workers + 1);
    tbb::task_arena arena(int(arguments.workers), 0);
    measure_trips(trip, &arena, arguments.size);
}
