// Fair: one task_group that all submitters run tasks in and the main thread waits for, which is faster than enqueuing in one
// arena. No submitter waits, so that only workers run tasks.
#include "workload.h"

#include <tbb/global_control.h>
#include <tbb/task_group.h>

#include <atomic>

struct counted_group {
    tbb::task_group group;
    std::atomic<std::size_t> ran{0};
};

static void submit(void *arg, std::size_t n)
{
    counted_group &tasks = *static_cast<counted_group *>(arg);
    for (std::size_t i = 0; i < n; i++)
        tasks.group.run([&] { tasks.ran.fetch_add(1, std::memory_order_relaxed); });
}

static double submit_and_wait(std::size_t each)
{
    counted_group tasks;
    int64_t start = clock_ns();
    submit_from_outside(submit, &tasks, each);
    tasks.group.wait();
    double seconds = seconds_since(start);
    expect(tasks.ran == each * SUBMITTERS, "number of tasks that ran");
    return seconds;
}

int main(int argc, char **argv)
{
    arguments arguments = parse(argc, argv, 1000000);
    std::size_t each = arguments.size / SUBMITTERS;
    tbb::global_control threads(tbb::global_control::max_allowed_parallelism, arguments.workers + 1);
    submit_and_wait(each / 10);
    print("ns_per_task", submit_and_wait(each) * 1e9 / double(each * SUBMITTERS));
    for (int i = 0; i < 8; i++)
        submit_and_wait(each);
    print("tenth_ns_per_task", submit_and_wait(each) * 1e9 / double(each * SUBMITTERS));
}
