/* A turn goes round: each task waits for its own semaphore, and releases that of the next. */
#include "../bide.h"

enum { MANY = 100 };

struct player {
    bide_semaphore mine, *next;
    size_t turns;
};

static int play(void *arg, bide_value *result)
{
    struct player *player = arg;
    (void)result;
    for (size_t i = 0; i < player->turns; i++) {
        check(bide_semaphore_acquire(&player->mine, BIDE_FOREVER));
        check(bide_semaphore_release(player->next));
    }
    return 0;
}

/* Nanoseconds that each of some n hand-offs takes. */
static double pass(bide_pool *pool, unsigned players, size_t n)
{
    struct player player[MANY] = {{.turns = 0}};
    bide_future *ends[MANY];
    size_t turns = n / players;
    for (unsigned i = 0; i < players; i++) {
        player[i].next = &player[(i + 1) % players].mine;
        player[i].turns = turns;
        check(bide_semaphore_init(&player[i].mine, 0, 0));
    }
    int64_t start = clock_ns();
    for (unsigned i = 0; i < players; i++)
        check(bide_submit(pool, play, &player[i], &ends[i]));
    check(bide_semaphore_release(&player[0].mine));
    for (unsigned i = 0; i < players; i++)
        check(bide_join(ends[i], NULL));
    return seconds_since(start) * 1e9 / (double)(turns * players);
}

int main(int argc, char **argv)
{
    struct arguments arguments = parse(argc, argv, 1000000);
    bide_pool *pool = make_pool(arguments.workers);
    pass(pool, 2, arguments.size / 10);
    print("two_ns", pass(pool, 2, arguments.size));
    print("hundred_ns", pass(pool, MANY, arguments.size));
    return bide_pool_destroy(pool);
}
