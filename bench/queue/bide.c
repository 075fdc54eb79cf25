/* Tasks put numbers into a queue with a bound, and tasks take them out. */
#include "../bide.h"

enum { ROOM = 64, MOST = 4 };

struct line {
    bide_queue queue;
    size_t each; /* numbers of each who puts */
};

static int put_numbers(void *arg, bide_value *result)
{
    struct line *line = arg;
    (void)result;
    for (size_t i = 1; i <= line->each; i++)
        check(bide_queue_put(&line->queue, bide_u64(i), BIDE_FOREVER));
    return 0;
}

static int add_numbers(void *arg, bide_value *result)
{
    struct line *line = arg;
    bide_value number;
    while (bide_queue_get(&line->queue, &number, BIDE_FOREVER) == 0)
        result->u64 += number.u64;
    return 0;
}

static void run(bide_pool *pool, struct line *line, unsigned pairs)
{
    bide_future *putters[MOST], *getters[MOST];
    uint64_t sum = 0;
    bide_value part;
    for (unsigned i = 0; i < pairs; i++) {
        check(bide_submit(pool, add_numbers, line, &getters[i]));
        check(bide_submit(pool, put_numbers, line, &putters[i]));
    }
    for (unsigned i = 0; i < pairs; i++)
        check(bide_join(putters[i], NULL));
    check(bide_queue_close(&line->queue));
    for (unsigned i = 0; i < pairs; i++) {
        check(bide_join(getters[i], &part));
        sum += part.u64;
    }
    expect(sum == pairs * (line->each * (line->each + 1) / 2), "all numbers have arrived");
}

/* Nanoseconds that each of n takes. */
static double pass(bide_pool *pool, unsigned pairs, size_t n)
{
    struct line line = {.each = n / pairs};
    check(bide_queue_init(&line.queue, ROOM, NULL));
    int64_t start = clock_ns();
    run(pool, &line, pairs);
    double ns = seconds_since(start) * 1e9;
    bide_queue_destroy(&line.queue);
    return ns / (double)(line.each * pairs);
}

int main(int argc, char **argv)
{
    struct arguments arguments = parse(argc, argv, 1000000);
    bide_pool *pool = make_pool(arguments.workers);
    pass(pool, 1, arguments.size / 10);
    print("one_to_one_ns", pass(pool, 1, arguments.size));
    print("four_to_four_ns", pass(pool, MOST, arguments.size));
    return bide_pool_destroy(pool);
}
