/* Fair: the thread that waits is that of the loop, which ends when the request has been done. */
#include "../libuv.h"
#include "workload.h"

static void empty(uv_work_t *request)
{
    (void)request;
}

static void trip(void *loop)
{
    uv_work_t request;
    queue_work(loop, &request, empty, NULL);
    uv_run(loop, UV_RUN_DEFAULT);
}

int main(int argc, char **argv)
{
    struct arguments arguments = parse(argc, argv, 20000);
    set_workers(arguments.workers);
    measure_trips(trip, uv_default_loop(), arguments.size);
    return 0;
}
