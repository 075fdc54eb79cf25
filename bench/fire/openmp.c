/* Fair: one thread of the team makes the tasks, as in every OpenMP program; no thread outside could. The region ends when all
 * have run. While many wait the runtimes run a new one at once, as a call. */
#include "../measure.h"

#include <omp.h>

static double fire(size_t n)
{
    size_t ran = 0;
    int64_t start = clock_ns();
#pragma omp parallel
#pragma omp single
    for (size_t i = 0; i < n; i++) {
#pragma omp task
#pragma omp atomic
        ran++;
    }
    double seconds = seconds_since(start);
    expect(ran == n, "number of tasks that ran");
    return seconds;
}

int main(int argc, char **argv)
{
    struct arguments arguments = parse(argc, argv, 1000000);
    omp_set_num_threads((int)arguments.workers);
    fire(arguments.size / 10);
    print("ns_per_task", fire(arguments.size) * 1e9 / (double)arguments.size);
    for (int i = 0; i < 8; i++)
        fire(arguments.size);
    print("tenth_ns_per_task", fire(arguments.size) * 1e9 / (double)arguments.size);
    return 0;
}
