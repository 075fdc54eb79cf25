// Fair: an arena that only workers enter, so that the caller stays outside. TBB has no futures; a result owned by the caller
// with an atomic to wait for is its users' cheapest handle: a task_group or a std::promise for each task takes longer.
#include "../measure.h"

#include <tbb/global_control.h>
#include <tbb/task_arena.h>

#include <atomic>
#include <vector>

struct handle {
    std::size_t result = 0;
    std::atomic<bool> ready{false};
};

static double collect(tbb::task_arena &arena, std::size_t n)
{
    std::vector<handle> handles(n);
    int64_t start = clock_ns();
    for (std::size_t i = 0; i < n; i++)
        arena.enqueue([&handle = handles[i], i] {
            handle.result = i;
            handle.ready.store(true, std::memory_order_release);
            handle.ready.notify_one();
        });
    for (std::size_t i = 0; i < n; i++) {
        handles[i].ready.wait(false, std::memory_order_acquire);
        expect(handles[i].result == i, "result of a task");
    }
    return seconds_since(start);
}

int main(int argc, char **argv)
{
    arguments arguments = parse(argc, argv, 1000000);
    tbb::global_control threads(tbb::global_control::max_allowed_parallelism, arguments.workers + 1);
    tbb::task_arena arena(int(arguments.workers), 0);
    collect(arena, arguments.size / 10);
    print("ns_per_task", collect(arena, arguments.size) * 1e9 / double(arguments.size));
    for (int i = 0; i < 8; i++)
        collect(arena, arguments.size);
    print("tenth_ns_per_task", collect(arena, arguments.size) * 1e9 / double(arguments.size));
}
