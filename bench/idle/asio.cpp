// Fair: a thread_pool at rest after its tasks have run.
#include "../countdown.h"
#include "workload.h"

#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

int main(int argc, char **argv)
{
    arguments arguments = parse(argc, argv, 5);
    boost::asio::thread_pool pool(arguments.workers);
    countdown running(IDLE_TASKS);
    for (int i = 0; i < IDLE_TASKS; i++)
        boost::asio::post(pool, [&] { running.count(); });
    running.wait();
    measure_idle(arguments.size);
}
