/* Fair: requests in one array, which are the caller's in libuv, without a callback; the loop ends when all have been done. */
#include "../libuv.h"

#include <stdatomic.h>

static atomic_size_t ran;

static void count(uv_work_t *request)
{
    (void)request;
    atomic_fetch_add_explicit(&ran, 1, memory_order_relaxed);
}

static double fire(uv_loop_t *loop, uv_work_t requests[], size_t n)
{
    int64_t start = clock_ns();
    for (size_t i = 0; i < n; i++)
        queue_work(loop, &requests[i], count, NULL);
    uv_run(loop, UV_RUN_DEFAULT);
    expect(atomic_exchange(&ran, 0) == n, "number of tasks that ran");
    return seconds_since(start);
}

int main(int argc, char **argv)
{
    struct arguments arguments = parse(argc, argv, 1000000);
    uv_work_t *requests = malloc(arguments.size * sizeof *requests);
    expect(requests, "memory");
    set_workers(arguments.workers);
    fire(uv_default_loop(), requests, arguments.size / 10);
    print("ns_per_task", fire(uv_default_loop(), requests, arguments.size) * 1e9 / (double)arguments.size);
    for (int i = 0; i < 8; i++)
        fire(uv_default_loop(), requests, arguments.size);
    print("tenth_ns_per_task", fire(uv_default_loop(), requests, arguments.size) * 1e9 / (double)arguments.size);
    free(requests);
    return 0;
}
