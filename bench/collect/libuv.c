/* Fair: requests in one array, which are the caller's in libuv, with their results; the loop runs in the thread that submits
 * and collects, and tells it which have been done. */
#include "../libuv.h"

struct task {
    uv_work_t request;
    size_t index, result;
    bool done;
};

static void give_index(uv_work_t *request)
{
    struct task *task = (struct task *)request;
    task->result = task->index;
}

static void finish(uv_work_t *request, int status)
{
    ((struct task *)request)->done = status == 0;
}

static size_t join(struct task *task)
{
    while (!task->done)
        uv_run(task->request.loop, UV_RUN_ONCE);
    return task->result;
}

static double collect(uv_loop_t *loop, struct task tasks[], size_t n)
{
    int64_t start = clock_ns();
    for (size_t i = 0; i < n; i++) {
        tasks[i].index = i;
        tasks[i].done = false;
        queue_work(loop, &tasks[i].request, give_index, finish);
    }
    for (size_t i = 0; i < n; i++)
        expect(join(&tasks[i]) == i, "result of a task");
    return seconds_since(start);
}

int main(int argc, char **argv)
{
    struct arguments arguments = parse(argc, argv, 1000000);
    struct task *tasks = malloc(arguments.size * sizeof *tasks);
    expect(tasks, "memory");
    set_workers(arguments.workers);
    collect(uv_default_loop(), tasks, arguments.size / 10);
    print("ns_per_task", collect(uv_default_loop(), tasks, arguments.size) * 1e9 / (double)arguments.size);
    for (int i = 0; i < 8; i++)
        collect(uv_default_loop(), tasks, arguments.size);
    print("tenth_ns_per_task", collect(uv_default_loop(), tasks, arguments.size) * 1e9 / (double)arguments.size);
    free(tasks);
    return 0;
}
