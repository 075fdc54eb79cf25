// The workload of ../sleepers.c with Boost.Asio: sleepers N [MAX_DELAY]
//
// Fair: one steady_timer for each sleep, on an io_context that two threads run, as bide has two workers; their ends go
// to the main thread through a queue under a mutex and a condition, of which it takes all that is there at a time.
#include <boost/asio.hpp>

#include <algorithm>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

#include <sys/resource.h>

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

static std::vector<nap> draw_all(std::size_t n, double max_delay)
{
    std::mt19937_64 random(1);
    std::uniform_real_distribution<double> delay(0, max_delay);
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

static void report(std::size_t n, double over, const score &found)
{
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    auto seconds = [](const timeval &time) { return double(time.tv_sec) + double(time.tv_usec) / 1e6; };
    std::printf("asio %zu %.1f %.2f %.1f %zu %zu\n", n, over * 1e3, seconds(usage.ru_utime) + seconds(usage.ru_stime),
                double(usage.ru_maxrss) / 1024, found.delay_inversions, found.end_inversions);
}

static void measure(std::size_t n, double max_delay)
{
    boost::asio::io_context io(2);
    auto work = boost::asio::make_work_guard(io);
    std::thread threads[] = {std::thread([&] { io.run(); }), std::thread([&] { io.run(); })};
    completions done;
    std::vector<nap> naps = draw_all(n, max_delay);
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
    double longest = n ? std::max_element(naps.begin(), naps.end(), by_delay)->delay : 0;
    report(n, elapsed.count() - longest, found);
    work.reset();
    for (std::thread &each : threads)
        each.join();
}

int main(int argc, char **argv)
{
    measure(argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 0, argc > 2 ? std::strtod(argv[2], nullptr) : 1);
}
