/* Fair: futures in one array, each with a mutex and a condition of its own, so that a task needs no memory but the pool's. */
#include "../glib.h"

struct task {
    struct future future;
    size_t index;
};

static void give_index(gpointer data, gpointer unused)
{
    struct task *task = data;
    (void)unused;
    future_settle(&task->future, task->index);
}

static double collect(GThreadPool *pool, struct task tasks[], size_t n)
{
    int64_t start = clock_ns();
    for (size_t i = 0; i < n; i++) {
        future_init(&tasks[i].future);
        tasks[i].index = i;
        push(pool, &tasks[i]);
    }
    for (size_t i = 0; i < n; i++)
        expect(future_join(&tasks[i].future) == i, "result of a task");
    return seconds_since(start);
}

int main(int argc, char **argv)
{
    struct arguments arguments = parse(argc, argv, 1000000);
    struct task *tasks = g_new(struct task, arguments.size);
    GThreadPool *pool = make_pool(give_index, arguments.workers);
    collect(pool, tasks, arguments.size / 10);
    print("ns_per_task", collect(pool, tasks, arguments.size) * 1e9 / (double)arguments.size);
    for (int i = 0; i < 8; i++)
        collect(pool, tasks, arguments.size);
    print("tenth_ns_per_task", collect(pool, tasks, arguments.size) * 1e9 / (double)arguments.size);
    g_thread_pool_free(pool, FALSE, TRUE);
    g_free(tasks);
    return 0;
}
