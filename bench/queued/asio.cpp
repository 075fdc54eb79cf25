// Fair: post with use_future, which is how Asio itself hands out a task's result.
#include "workload.h"

#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>

#include <future>
#include <vector>

static struct gate gate;

int main(int argc, char **argv)
{
    arguments arguments = parse(argc, argv, 1000000);
    gate_init(&gate);
    boost::asio::thread_pool pool(arguments.workers);
    for (unsigned i = 0; i < arguments.workers; i++)
        boost::asio::post(pool, [] { gate_pass(&gate); });
    gate_await(&gate, arguments.workers);
    double before = resident_bytes();
    std::vector<std::future<std::size_t>> futures(arguments.size);
    for (std::size_t i = 0; i < arguments.size; i++)
        futures[i] = boost::asio::post(pool, boost::asio::use_future([i] { return i; }));
    print("bytes_per_task", (resident_bytes() - before) / double(arguments.size));
    gate_open(&gate, arguments.workers);
    for (std::size_t i = 0; i < arguments.size; i++)
        expect(futures[i].get() == i, "result of a task");
}
