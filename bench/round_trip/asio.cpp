// Fair: post with use_future, which is how Asio itself lets a caller wait for a task.
#include "workload.h"

#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>

#include <future>

using boost::asio::thread_pool;

static void trip(void *pool)
{
    boost::asio::post(*static_cast<thread_pool *>(pool), boost::asio::use_future([] {})).get();
}

int main(int argc, char **argv)
{
    arguments arguments = parse(argc, argv, 20000);
    thread_pool pool(arguments.workers);
    measure_trips(trip, &pool, arguments.size);
}
