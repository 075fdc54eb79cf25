// Fair: post with use_future, which is how Asio itself hands out a task's result.
#include "../measure.h"

#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>

#include <future>
#include <vector>

using boost::asio::thread_pool;

static double collect(thread_pool &pool, std::size_t n)
{
    std::vector<std::future<std::size_t>> futures(n);
    int64_t start = clock_ns();
    for (std::size_t i = 0; i < n; i++)
        futures[i] = boost::asio::post(pool, boost::asio::use_future([i] { return i; }));
    for (std::size_t i = 0; i < n; i++)
        expect(futures[i].get() == i, "result of a task");
    return seconds_since(start);
}

int main(int argc, char **argv)
{
    arguments arguments = parse(argc, argv, 1000000);
    thread_pool pool(arguments.workers);
    collect(pool, arguments.size / 10);
    print("ns_per_task", collect(pool, arguments.size) * 1e9 / double(arguments.size));
    for (int i = 0; i < 8; i++)
        collect(pool, arguments.size);
    print("tenth_ns_per_task", collect(pool, arguments.size) * 1e9 / double(arguments.size));
}
