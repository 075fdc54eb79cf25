// Fair: plain posts. The pool's own wait for all, join(), would end its threads, so the last task wakes the caller.
#include "../countdown.h"
#include "../measure.h"

#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

using boost::asio::thread_pool;

static double fire(thread_pool &pool, std::size_t n)
{
    countdown running(n);
    int64_t start = clock_ns();
    for (std::size_t i = 0; i < n; i++)
        boost::asio::post(pool, [&] { running.count(); });
    running.wait();
    return seconds_since(start);
}

int main(int argc, char **argv)
{
    arguments arguments = parse(argc, argv, 1000000);
    thread_pool pool(arguments.workers);
    fire(pool, arguments.size / 10);
    print("ns_per_task", fire(pool, arguments.size) * 1e9 / double(arguments.size));
    for (int i = 0; i < 8; i++)
        fire(pool, arguments.size);
    print("tenth_ns_per_task", fire(pool, arguments.size) * 1e9 / double(arguments.size));
}
