/* Fair: only the thread of a loop may queue work to it, so each submitter has a loop; all loops share the pool. */
#include "../libuv.h"
#include "workload.h"

#include <stdatomic.h>

static atomic_size_t ran, taken;

static void count(uv_work_t *request)
{
    (void)request;
    atomic_fetch_add_explicit(&ran, 1, memory_order_relaxed);
}

static void submit_and_wait(void *requests, size_t n)
{
    uv_work_t *own = (uv_work_t *)requests + atomic_fetch_add(&taken, n);
    uv_loop_t loop;
    expect(uv_loop_init(&loop) == 0, "loop");
    for (size_t i = 0; i < n; i++)
        queue_work(&loop, &own[i], count, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    expect(uv_loop_close(&loop) == 0, "end of a loop");
}

static double submit_all(uv_work_t requests[], size_t each)
{
    int64_t start = clock_ns();
    atomic_store(&taken, 0);
    submit_from_outside(submit_and_wait, requests, each);
    expect(atomic_exchange(&ran, 0) == each * SUBMITTERS, "number of tasks that ran");
    return seconds_since(start);
}

int main(int argc, char **argv)
{
    struct arguments arguments = parse(argc, argv, 1000000);
    size_t each = arguments.size / SUBMITTERS;
    uv_work_t *requests = malloc(each * SUBMITTERS * sizeof *requests);
    expect(requests, "memory");
    set_workers(arguments.workers);
    submit_all(requests, each / 10);
    print("ns_per_task", submit_all(requests, each) * 1e9 / (double)(each * SUBMITTERS));
    for (int i = 0; i < 8; i++)
        submit_all(requests, each);
    print("tenth_ns_per_task", submit_all(requests, each) * 1e9 / (double)(each * SUBMITTERS));
    free(requests);
    return 0;
}
