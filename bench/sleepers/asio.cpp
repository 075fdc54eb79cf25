// Fair: one steady_timer for each sleep, on an io_context that all threads run; their ends go to the main thread through
// a queue under a mutex and a condition, of which it takes all that is there at a time.
#include "../measure.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

using boost::asio::steady_timer;
using time_clock = std::chrono::steady_clock;

struct nap {
    double delay;
    time_clock::time_point end;
};

class completions
{
  public:
    void put(const nap &ended)
    {
        std::lock_guard<std::mutex> lock(mutex);
        ends.push_back(&ended);
        if (ends.size() == 1)
            some.notify_one();
    }

    void take(std::vector<const nap *> &taken)
    {
        std::unique_lock<std::mutex> lock(mutex);
        some.wait(lock, [this] { return !ends.empty(); });
        taken.clear();
        taken.swap(ends);
    }

  private:
    std::mutex mutex;
    std::condition_variable some;
    std::vector<const nap *> ends;
};

struct score {
    std::size_t delay_inversions = 0, end_inversions = 0;
};

static std::vector<nap> draw_all(std::size_t n)
{
    std::mt19937_64 random(1);
    std::uniform_real_distribution<double> delay(0, 1);
    std::vector<nap> naps(n);
    for (nap &each : naps)
        each.delay = delay(random);
    return naps;
}

static void start_nap(nap &each, steady_timer &timer, completions &done)
{
    auto delay = std::chrono::duration_cast<time_clock::duration>(std::chrono::duration<double>(each.delay));
    each.end = time_clock::now() + delay;
    timer.expires_at(each.end);
    timer.async_wait([&](const boost::system::error_code &) { done.put(each); });
}

static score collect(std::size_t n, completions &done)
{
    nap last{};
    score found;
    std::vector<const nap *> taken;
    for (std::size_t ends = 0; ends < n; ends += taken.size()) {
        done.take(taken);
        for (const nap *next : taken) {
            found.delay_inversions += next->delay < last.delay;
            found.end_inversions += next->end < last.end;
            last = *next;
        }
    }
    return found;
}

static void run(std::size_t n, unsigned workers)
{
    boost::asio::io_context io(static_cast<int>(workers));
    auto work = boost::asio::make_work_guard(io);
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < workers; i++)
        threads.emplace_back([&] { io.run(); });
    completions done;
    std::vector<nap> naps = draw_all(n);
    auto start = time_clock::now();
    std::vector<steady_timer> timers;
    timers.reserve(n);
    for (nap &each : naps) {
        timers.emplace_back(io);
        start_nap(each, timers.back(), done);
    }
    score found = collect(n, done);
    std::chrono::duration<double> elapsed = time_clock::now() - start;
    auto by_delay = [](const nap &a, const nap &b) { return a.delay < b.delay; };
    print("over_ms", (elapsed.count() - std::max_element(naps.begin(), naps.end(), by_delay)->delay) * 1e3);
    print("cpu_s", cpu_seconds(used()));
    print("peak_mb", double(used().ru_maxrss) / 1024);
    print("delay_inversions", double(found.delay_inversions));
    print("end_inversions", double(found.end_inversions));
    work.reset();
    for (std::thread &each : threads)
        each.join();
}

int main(int argc, char **argv)
{
    arguments given = parse(argc, argv, 10000);
    run(given.size, given.workers);
}
