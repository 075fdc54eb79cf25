// Fair: TBB has no futures; a task_group with the result, on the heap so that it could outlive the call, is what its users
// make one of. The calling thread is one of the workers.
#include "../fib/workload.h"

#include <tbb/global_control.h>
#include <tbb/task_arena.h>
#include <tbb/task_group.h>

#include <memory>

static uint64_t fib(unsigned n);

class future
{
  public:
    explicit future(unsigned n)
    {
        group.run([this, n] { value = fib(n); });
    }

    uint64_t get()
    {
        group.wait();
        return value;
    }

  private:
    uint64_t value = 0;
    tbb::task_group group;
};

static uint64_t fib(unsigned n)
{
    if (n < 2)
        return n;
    auto child = std::make_unique<future>(n - 1);
    uint64_t own = fib(n - 2);
    return child->get() + own;
}

static uint64_t fib_in(void *arena, unsigned n)
{
    return static_cast<tbb::task_arena *>(arena)->execute([n] { return fib(n); });
}

int main(int argc, char **argv)
{
    arguments arguments = parse(argc, argv, 30);
    tbb::global_control threads(tbb::global_control::max_allowed_parallelism, arguments.workers);
    tbb::task_arena arena(int(arguments.workers));
    double seconds = measure_fib(fib_in, &arena, unsigned(arguments.size));
    print("ns_per_spawn", seconds * 1e9 / fib_spawns(unsigned(arguments.size)));
}
