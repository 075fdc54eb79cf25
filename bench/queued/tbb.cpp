// Fair: tasks enqueued in an arena, and for each the smallest handle there is: its result and an atomic to wait for.
#include "workload.h"

#include <tbb/global_control.h>
#include <tbb/task_arena.h>

#include <atomic>
#include <vector>

struct handle {
    std::size_t result = 0;
    std::atomic<bool> ready{false};
};

static struct gate gate;

int main(int argc, char **argv)
{
    arguments arguments = parse(argc, argv, 1000000);
    gate_init(&gate);
    tbb::global_control threads(tbb::global_control::max_allowed_parallelism, arguments.workers + 1);
    tbb::task_arena arena(int(arguments.workers), 0);
    for (unsigned i = 0; i < arguments.workers; i++)
        arena.enqueue([] { gate_pass(&gate); });
    gate_await(&gate, arguments.workers);
    double before = resident_bytes();
    std::vector<handle> handles(arguments.size);
    for (std::size_t i = 0; i < arguments.size; i++)
        arena.enqueue([&handle = handles[i], i] {
            handle.result = i;
            handle.ready.store(true, std::memory_order_release);
            handle.ready.notify_one();
        });
    print("bytes_per_task", (resident_bytes() - before) / double(arguments.size));
    gate_open(&gate, arguments.workers);
    for (std::size_t i = 0; i < arguments.size; i++) {
        handles[i].ready.wait(false, std::memory_order_acquire);
        expect(handles[i].result == i, "result of a task");
    }
}
