// C++: lets a thread wait until a number of tasks have run.
#ifndef BENCH_COUNTDOWN_H
#define BENCH_COUNTDOWN_H

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <mutex>

class countdown
{
  public:
    explicit countdown(std::size_t n) : left(n), ended(n == 0)
    {
    }

    void count()
    {
        if (left.fetch_sub(1, std::memory_order_acq_rel) != 1)
            return;
        std::lock_guard<std::mutex> lock(mutex);
        ended = true;
        end.notify_one();
    }

    void wait()
    {
        std::unique_lock<std::mutex> lock(mutex);
        end.wait(lock, [this] { return ended; });
    }

  private:
    std::atomic<std::size_t> left;
    std::mutex mutex;
    std::condition_variable end;
    bool ended;
};

#endif
