/* Fair: a timer for each sleep, on the one thread that a loop has, and no queue between it and who collects. Timers count whole
 * milliseconds, to which delays are rounded up. */
#include "../libuv.h"

struct nap {
    uv_timer_t timer;
    double delay;
    int64_t end;
};

static struct nap *last;
static size_t ends, delay_inversions, end_inversions;

static void collect(uv_timer_t *timer)
{
    struct nap *next = (struct nap *)timer;
    delay_inversions += last && next->delay < last->delay;
    end_inversions += last && next->end < last->end;
    last = next;
    ends++;
}

static void start_nap(uv_loop_t *loop, struct nap *nap)
{
    uv_timer_init(loop, &nap->timer);
    uv_update_time(loop);
    nap->end = clock_ns() + (int64_t)(nap->delay * 1e9);
    expect(uv_timer_start(&nap->timer, collect, (uint64_t)(nap->delay * 1e3) + 1, 0) == 0, "timer");
}

int main(int argc, char **argv)
{
    struct arguments arguments = parse(argc, argv, 10000);
    struct nap *naps = malloc(arguments.size * sizeof *naps);
    double longest = 0;
    expect(naps, "memory");
    for (size_t i = 0; i < arguments.size; i++) {
        naps[i].delay = drand48();
        longest = naps[i].delay > longest ? naps[i].delay : longest;
    }
    int64_t start = clock_ns();
    for (size_t i = 0; i < arguments.size; i++)
        start_nap(uv_default_loop(), &naps[i]);
    uv_run(uv_default_loop(), UV_RUN_DEFAULT);
    double over = seconds_since(start) - longest;
    expect(ends == arguments.size, "number of naps that ended");
    print("over_ms", over * 1e3);
    print("cpu_s", cpu_seconds(used()));
    print("peak_mb", (double)used().ru_maxrss / 1024);
    print("delay_inversions", (double)delay_inversions);
    print("end_inversions", (double)end_inversions);
    free(naps);
    return 0;
}
