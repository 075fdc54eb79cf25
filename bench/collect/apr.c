/* Fair: futures in one array, so that a task needs no memory but that and the pool's. */
#include "../apr.h"

struct task {
    struct future future;
    size_t index;
};

static void *give_index(apr_thread_t *thread, void *arg)
{
    struct task *task = arg;
    (void)thread;
    future_settle(&task->future, task->index);
    return NULL;
}

static double collect(apr_thread_pool_t *pool, struct task tasks[], size_t n)
{
    int64_t start = clock_ns();
    for (size_t i = 0; i < n; i++) {
        tasks[i] = (struct task){.index = i};
        push(pool, give_index, &tasks[i]);
    }
    for (size_t i = 0; i < n; i++)
        expect(future_join(&tasks[i].future) == i, "result of a task");
    return seconds_since(start);
}

int main(int argc, char **argv)
{
    struct arguments arguments = parse(argc, argv, 1000000);
    struct task *tasks = malloc(arguments.size * sizeof *tasks);
    apr_thread_pool_t *pool = make_pool(arguments.workers);
    expect(tasks, "memory");
    collect(pool, tasks, arguments.size / 10);
    print("ns_per_task", collect(pool, tasks, arguments.size) * 1e9 / (double)arguments.size);
    free(tasks);
    return destroy_pool(pool);
}
