// Fair: parallel_for over a blocked_range with the partitioner that it takes by itself; the calling thread is a worker.
#include "workload.h"

#include <tbb/blocked_range.h>
#include <tbb/global_control.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

template <typename Body> static void loop(void *arena, std::size_t n, const Body &body)
{
    static_cast<tbb::task_arena *>(arena)->execute([&] {
        tbb::parallel_for(tbb::blocked_range<std::size_t>(0, n), [&](const tbb::blocked_range<std::size_t> &range) {
            for (std::size_t i = range.begin(); i < range.end(); i++)
                body(i);
        });
    });
}

static void even(void *arena, double *data, std::size_t n)
{
    loop(arena, n, [=](std::size_t i) { data[i] = even_element(data[i]); });
}

static void growing(void *arena, double *data, std::size_t n)
{
    loop(arena, n, [=](std::size_t i) { data[i] = growing_element(data[i], i, n); });
}

int main(int argc, char **argv)
{
    arguments arguments = parse(argc, argv, 10000000);
    tbb::global_control threads(tbb::global_control::max_allowed_parallelism, arguments.workers);
    tbb::task_arena arena(int(arguments.workers));
    measure_loops(even, growing, &arena, arguments.size);
}
