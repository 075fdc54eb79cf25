/* Threads push single entries and chains into an injection; one takes them out, and closes it at some moment. Hunted: an entry
 * that is taken twice, or never, or though it was refused; two of one thread that change places; a chain that is not left to
 * who pushed it when it was refused. */
#include "run/injection.h"
#include "support/check.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { MOST_PUSHERS = 4, LONGEST_CHAIN = 5 };

struct pusher {
    struct injection *injection;
    struct bide_future *entries; /* their numbers stand in arg */
    size_t count, accepted;
    uint64_t seed;
    size_t taken; /* by the taker */
};

struct game {
    struct injection injection;
    struct pusher pushers[MOST_PUSHERS];
    unsigned count;
    atomic_uint over;
};

/* What follows a failed check would say little more. */
static void insist(bool held)
{
    if (!held)
        abort();
}

/* Entries from `begin` on, the newest first; the link of the oldest says nothing yet. */
static bide_future *chain(struct pusher *pusher, size_t begin, size_t length)
{
    for (size_t i = begin; i < begin + length; i++) {
        pusher->entries[i].arg = (void *)i;
        pusher->entries[i].link = &pusher->entries[i > begin ? i - 1 : i];
    }
    return &pusher->entries[begin + length - 1];
}

static void check_is_left(const struct pusher *pusher, const bide_future *first, size_t begin)
{
    const bide_future *entry = first;
    for (const bide_future *last = &pusher->entries[begin]; entry != last; entry = entry->link)
        insist(CHECK(entry > last && entry->link == entry - 1));
    insist(CHECK(entry->link == NULL));
}

/* false: it was refused. */
static bool push(struct pusher *pusher)
{
    size_t begin = pusher->accepted, left = pusher->count - begin;
    size_t length = test_random(&pusher->seed) % 2 ? 1 : test_random(&pusher->seed) % LONGEST_CHAIN + 1;
    if (length > left)
        length = left;
    bide_future *first = chain(pusher, begin, length);
    if (!injection_push(pusher->injection, first, &pusher->entries[begin])) {
        check_is_left(pusher, first, begin);
        return false;
    }
    pusher->accepted += length;
    return true;
}

struct seat {
    struct game *game;
    struct pusher *pusher;
};

static void *push_all(void *arg)
{
    struct seat *seat = arg;
    struct pusher *pusher = seat->pusher;
    while (pusher->accepted < pusher->count && push(pusher))
        if (test_random(&pusher->seed) % 16 == 0)
            sched_yield();
    if (pusher->accepted < pusher->count)
        insist(CHECK(injection_is_empty(pusher->injection) && !push(pusher)));
    atomic_fetch_add(&seat->game->over, 1);
    return NULL;
}

static struct pusher *pusher_of(struct game *game, const bide_future *entry)
{
    struct pusher *pusher = game->pushers;
    while (pusher < game->pushers + game->count &&
           (entry < pusher->entries || entry >= pusher->entries + pusher->count))
        pusher++;
    insist(CHECK(pusher < game->pushers + game->count));
    return pusher;
}

static size_t look_at(struct game *game, struct batch batch)
{
    size_t length = 0;
    bide_future *last = NULL;
    for (bide_future *entry = batch.first; entry; entry = entry->link) {
        struct pusher *pusher = pusher_of(game, entry);
        insist(CHECK_EQUAL((size_t)entry->arg, pusher->taken));
        insist(CHECK(entry == &pusher->entries[pusher->taken++]));
        last = entry;
        length++;
    }
    insist(CHECK(batch.last == last));
    insist(CHECK_EQUAL(batch.length, length));
    return length;
}

/* At the end if that many do not come. */
static void take_and_close(struct game *game, size_t close_after)
{
    for (size_t taken = 0; taken < close_after && atomic_load(&game->over) < game->count;) {
        size_t length = look_at(game, injection_take(&game->injection));
        taken += length;
        if (!length)
            sched_yield();
    }
    look_at(game, injection_close(&game->injection));
    look_at(game, injection_take(&game->injection));
}

static void begin(struct game *game, unsigned pushers, uint64_t *seed)
{
    *game = (struct game){.count = pushers};
    for (unsigned i = 0; i < pushers; i++) {
        struct pusher *pusher = &game->pushers[i];
        *pusher = (struct pusher){&game->injection, NULL, test_scale(2000), 0, test_random(seed), 0};
        pusher->entries = calloc(pusher->count, sizeof *pusher->entries);
        insist(CHECK(pusher->entries != NULL));
    }
}

static void end(struct game *game)
{
    insist(CHECK_EQUAL(injection_take(&game->injection).length, 0));
    for (unsigned i = 0; i < game->count; i++) {
        insist(CHECK_EQUAL(game->pushers[i].taken, game->pushers[i].accepted));
        free(game->pushers[i].entries);
    }
}

static void play(unsigned pushers, uint64_t *seed)
{
    struct game game;
    pthread_t threads[MOST_PUSHERS];
    struct seat seats[MOST_PUSHERS];
    begin(&game, pushers, seed);
    for (unsigned i = 0; i < pushers; i++) {
        seats[i] = (struct seat){&game, &game.pushers[i]};
        insist(CHECK_EQUAL(pthread_create(&threads[i], NULL, push_all, &seats[i]), 0));
    }
    take_and_close(&game, test_random(seed) % (pushers * game.pushers[0].count));
    for (unsigned i = 0; i < pushers; i++)
        insist(CHECK_EQUAL(pthread_join(threads[i], NULL), 0));
    end(&game);
}

int main(int argc, char **argv)
{
    uint64_t seed = test_seed(argc, argv);
    for (unsigned long round = test_scale(200); round; round--)
        for (unsigned pushers = 1; pushers <= MOST_PUSHERS; pushers++)
            play(pushers, &seed);
    return check_failures() ? EXIT_FAILURE : EXIT_SUCCESS;
}
