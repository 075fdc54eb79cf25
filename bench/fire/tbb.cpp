// Fair: one task_group, run and waited for by the calling thread, which is one of the workers: TBB's common form, and faster
// than enqueuing from outside.
#include "../measure.h"

#include <tbb/global_control.h>
#include <tbb/task_arena.h>
#include <tbb/task_group.h>

#include <atomic>

static double fire(tbb::task_arena &arena, std::size_t n)
{
    std::atomic<std::size_t> ran{0};
    int64_t start = clock_ns();
    arena.execute([&] {
        tbb::task_group group;
        for (std::size_t i = 0; i < n; i++)
            group.run([&] { ran.fetch_add(1, std::memory_order_relaxed); });
        group.wait();
    });
    double seconds = seconds_since(start);
    expect(ran == n, "number of tasks that ran");
    return seconds;
}

int main(int argc, char **argv)
{
    arguments arguments = parse(argc, argv, 1000000);
    tbb::global_control threads(tbb::global_control::max_allowed_parallelism, arguments.workers);
    tbb::task_arena arena(int(arguments.workers));
    fire(arena, arguments.size / 10);
    print("ns_per_task", fire(arena, arguments.size) * 1e9 / double(arguments.size));
    for (int i = 0; i < 8; i++)
        fire(arena, arguments.size);
    print("tenth_ns_per_task", fire(arena, arguments.size) * 1e9 / double(arguments.size));
}
