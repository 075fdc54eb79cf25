/* Fair: a request, which is the caller's in libuv, is all that a task needs. */
#include "../libuv.h"
#include "workload.h"

static struct gate gate;
static size_t finished;

static void block(uv_work_t *request)
{
    (void)request;
    gate_pass(&gate);
}

static void empty(uv_work_t *request)
{
    (void)request;
}

static void finish(uv_work_t *request, int status)
{
    (void)request;
    finished += status == 0;
}

int main(int argc, char **argv)
{
    struct arguments arguments = parse(argc, argv, 1000000);
    uv_loop_t *loop = uv_default_loop();
    uv_work_t *blockers = malloc(arguments.workers * sizeof *blockers);
    uv_work_t *requests = malloc(arguments.size * sizeof *requests);
    expect(blockers && requests, "memory");
    set_workers(arguments.workers);
    gate_init(&gate);
    for (unsigned i = 0; i < arguments.workers; i++)
        queue_work(loop, &blockers[i], block, NULL);
    gate_await(&gate, arguments.workers);
    double before = resident_bytes();
    for (size_t i = 0; i < arguments.size; i++)
        queue_work(loop, &requests[i], empty, finish);
    print("bytes_per_task", (resident_bytes() - before) / (double)arguments.size);
    gate_open(&gate, arguments.workers);
    uv_run(loop, UV_RUN_DEFAULT);
    expect(finished == arguments.size, "number of requests that were done");
    free(requests);
    free(blockers);
    return 0;
}
