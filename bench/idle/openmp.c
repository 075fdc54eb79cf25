/* Fair: a team that its runtime keeps after the region in which its tasks have run, with the runtime's own settings. */
#include "workload.h"

#include <omp.h>

int main(int argc, char **argv)
{
    struct arguments arguments = parse(argc, argv, 5);
    omp_set_num_threads((int)arguments.workers);
    int ran = 0;
#pragma omp parallel
#pragma omp single
    for (int i = 0; i < IDLE_TASKS; i++) {
#pragma omp task
#pragma omp atomic
        ran++;
    }
    expect(ran == IDLE_TASKS, "number of tasks that ran");
    measure_idle(arguments.size);
    return 0;
}
