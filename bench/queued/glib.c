/* Fair: futures in one array, so that a task needs no memory but that and the pool's. */
#include "../glib.h"
#include "workload.h"

struct task {
    struct future future;
    size_t index;
};

static struct gate gate;

static void run(gpointer data, gpointer unused)
{
    struct task *task = data;
    (void)unused;
    if (data == &gate)
        gate_pass(&gate);
    else
        future_settle(&task->future, task->index);
}

static void queue(GThreadPool *pool, struct task *task, size_t index)
{
    future_init(&task->future);
    task->index = index;
    push(pool, task);
}

int main(int argc, char **argv)
{
    struct arguments arguments = parse(argc, argv, 1000000);
    struct task *tasks = g_new(struct task, arguments.size);
    GThreadPool *pool = make_pool(run, arguments.workers);
    gate_init(&gate);
    for (unsigned i = 0; i < arguments.workers; i++)
        push(pool, &gate);
    gate_await(&gate, arguments.workers);
    double before = resident_bytes();
    for (size_t i = 0; i < arguments.size; i++)
        queue(pool, &tasks[i], i);
    print("bytes_per_task", (resident_bytes() - before) / (double)arguments.size);
    gate_open(&gate, arguments.workers);
    for (size_t i = 0; i < arguments.size; i++)
        expect(future_join(&tasks[i].future) == i, "result of a task");
    g_thread_pool_free(pool, FALSE, TRUE);
    g_free(tasks);
    return 0;
}
