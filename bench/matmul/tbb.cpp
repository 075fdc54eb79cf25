// Fair: one task_group on the stack for each product, TBB's form for fork and join; the calling thread is one of the workers.
#include "workload.h"

#include <tbb/global_control.h>
#include <tbb/task_arena.h>
#include <tbb/task_group.h>

static void multiply(product whole)
{
    if (whole.n <= LEAF) {
        multiply_leaf(whole);
        return;
    }
    tbb::task_group group;
    for (std::size_t phase = 0; phase < PHASES; phase++) {
        for (std::size_t i = 0; i < QUARTERS - 1; i++)
            group.run([part = quarter(whole, phase, i)] { multiply(part); });
        multiply(quarter(whole, phase, QUARTERS - 1));
        group.wait();
    }
}

static void multiply_in(void *arena, product whole)
{
    static_cast<tbb::task_arena *>(arena)->execute([=] { multiply(whole); });
}

int main(int argc, char **argv)
{
    arguments arguments = parse(argc, argv, 2048);
    tbb::global_control threads(tbb::global_control::max_allowed_parallelism, arguments.workers);
    tbb::task_arena arena(int(arguments.workers));
    measure_matmul(multiply_in, &arena, arguments.size);
}
