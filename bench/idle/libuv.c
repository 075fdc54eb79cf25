/* Fair: all requests have been done, so that neither the loop nor the pool has anything to wait for. */
#include "../libuv.h"
#include "workload.h"

static void empty(uv_work_t *request)
{
    (void)request;
}

int main(int argc, char **argv)
{
    struct arguments arguments = parse(argc, argv, 5);
    uv_work_t requests[IDLE_TASKS];
    set_workers(arguments.workers);
    for (int i = 0; i < IDLE_TASKS; i++)
        queue_work(uv_default_loop(), &requests[i], empty, NULL);
    uv_run(uv_default_loop(), UV_RUN_DEFAULT);
    measure_idle(arguments.size);
    return 0;
}
