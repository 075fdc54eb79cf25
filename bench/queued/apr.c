/* Fair: futures in one array, so that a task needs no memory but that and the pool's. Fewer tasks than the others: queueing a
 * million takes many minutes. */
#include "../apr.h"
#include "workload.h"

struct task {
    struct future future;
    size_t index;
};

static void *block(apr_thread_t *thread, void *arg)
{
    (void)thread;
    gate_pass(arg);
    return NULL;
}

static void *give_index(apr_thread_t *thread, void *arg)
{
    struct task *task = arg;
    (void)thread;
    future_settle(&task->future, task->index);
    return NULL;
}

int main(int argc, char **argv)
{
    struct arguments arguments = parse(argc, argv, 20000);
    struct task *tasks = malloc(arguments.size * sizeof *tasks);
    apr_thread_pool_t *pool = make_pool(arguments.workers);
    struct gate gate;
    expect(tasks, "memory");
    gate_init(&gate);
    for (unsigned i = 0; i < arguments.workers; i++)
        push(pool, block, &gate);
    gate_await(&gate, arguments.workers);
    double before = resident_bytes();
    for (size_t i = 0; i < arguments.size; i++) {
        tasks[i] = (struct task){.index = i};
        push(pool, give_index, &tasks[i]);
    }
    print("bytes_per_task", (resident_bytes() - before) / (double)arguments.size);
    gate_open(&gate, arguments.workers);
    for (size_t i = 0; i < arguments.size; i++)
        expect(future_join(&tasks[i].future) == i, "result of a task");
    free(tasks);
    return destroy_pool(pool);
}
