// Fair: plain posts. The pool's own wait for all, join(), would end its threads, so the last task wakes the main thread.
#include "../countdown.h"
#include "workload.h"

#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

using boost::asio::thread_pool;

struct counted_pool {
    thread_pool &pool;
    countdown running;
};

static void submit(void *arg, std::size_t n)
{
    counted_pool &tasks = *static_cast<counted_pool *>(arg);
    for (std::size_t i = 0; i < n; i++)
        boost::asio::post(tasks.pool, [&] { tasks.running.count(); });
}

static double submit_and_wait(thread_pool &pool, std::size_t each)
{
    counted_pool tasks{pool, countdown(each * SUBMITTERS)};
    int64_t start = clock_ns();
    submit_from_outside(submit, &tasks, each);
    tasks.running.wait();
    return seconds_since(start);
}

int main(int argc, char **argv)
{
    arguments arguments = parse(argc, argv, 1000000);
    std::size_t each = arguments.size / SUBMITTERS;
    thread_pool pool(arguments.workers);
    submit_and_wait(pool, each / 10);
    print("ns_per_task", submit_and_wait(pool, each) * 1e9 / double(each * SUBMITTERS));
    for (int i = 0; i < 8; i++)
        submit_and_wait(pool, each);
    print("tenth_ns_per_task", submit_and_wait(pool, each) * 1e9 / double(each * SUBMITTERS));
}
