/* The owner of a small deque pushes, pops, shifts and takes out at random, now filling it and now keeping it empty, while
 * thieves steal. Hunted: an entry that is taken twice, or never, or before what it points to can be seen; a newest that is not
 * the newest; a thief that is given an older one than before. */
#include "run/deque.h"
#include "support/check.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { MOST_SLOTS = 64, MOST_THIEVES = 3, MOOD = 64 };

struct item {
    unsigned long number, check; /* one is the other's complement */
    atomic_uint taken;
};

struct game {
    struct deque deque;
    atomic_word slots[MOST_SLOTS];
    struct item *items;
    unsigned long count, pushed;
    atomic_bool is_over;
    uint64_t seed;
    unsigned long
        listed[MOST_SLOTS]; /* numbers of those that the owner has not taken, the oldest, some perhaps stolen, first */
    unsigned long slots_used, length;
    unsigned inclination; /* of so many acts of 8 to be a push */
};

/* What follows a failed check would say little more. */
static void insist(bool held)
{
    if (!held)
        abort();
}

/* The number of an entry that somebody has taken. */
static unsigned long take(struct game *game, word entry)
{
    struct item *item = (struct item *)entry;
    insist(CHECK(item >= game->items && item < game->items + game->count));
    insist(CHECK_EQUAL(item->number, item - game->items));
    insist(CHECK_EQUAL(item->check, ~item->number));
    insist(CHECK_EQUAL(atomic_fetch_add(&item->taken, 1), 0));
    return item->number;
}

static void *steal(void *arg)
{
    struct game *game = arg;
    unsigned long next = 0;
    while (!atomic_load(&game->is_over)) {
        word entry = deque_steal(&game->deque);
        if (!entry) {
            sched_yield();
            continue;
        }
        unsigned long number = take(game, entry);
        insist(CHECK(number >= next));
        next = number + 1;
    }
    return NULL;
}

/* The owner knows: what is older than one that it has got was stolen. */
static void forget_up_to(struct game *game, unsigned long place)
{
    game->length -= place;
    for (unsigned long i = 0; i < game->length; i++)
        game->listed[i] = game->listed[i + place];
}

static void push(struct game *game)
{
    if (game->pushed == game->count)
        return;
    struct item *item = &game->items[game->pushed];
    item->number = game->pushed;
    item->check = ~item->number;
    if (!deque_push(&game->deque, (word)item)) {
        insist(CHECK_EQUAL(game->length, game->slots_used));
        return;
    }
    if (game->length == game->slots_used)
        forget_up_to(game, 1);
    game->listed[game->length++] = game->pushed++;
}

static void pop(struct game *game)
{
    word entry = deque_pop(&game->deque);
    if (entry) {
        insist(CHECK(game->length > 0));
        insist(CHECK_EQUAL(take(game, entry), game->listed[--game->length]));
    } else {
        game->length = 0;
    }
}

static void shift(struct game *game)
{
    word entry = deque_shift(&game->deque);
    unsigned long place = 0;
    if (entry) {
        unsigned long number = take(game, entry);
        while (place < game->length && game->listed[place] != number)
            place++;
        insist(CHECK(place < game->length));
    }
    forget_up_to(game, entry ? place + 1 : game->length);
}

static void take_out(struct game *game)
{
    if (game->length == 0)
        return;
    unsigned long place = test_random(&game->seed) % game->length;
    word entry = (word)&game->items[game->listed[place]];
    if (!deque_remove(&game->deque, entry)) {
        forget_up_to(game, place + 1);
        return;
    }
    take(game, entry);
    game->length--;
    for (unsigned long i = place; i < game->length; i++)
        game->listed[i] = game->listed[i + 1];
}

static void act(struct game *game)
{
    void (*const takes[])(struct game *) = {pop, pop, shift, take_out};
    uint64_t random = test_random(&game->seed) >> 32;
    if (random % MOOD == 0)
        game->inclination = (unsigned)(random / MOOD % 7 + 1);
    if (random / 1024 % 8 < game->inclination)
        push(game);
    else
        takes[random / 8192 % 4](game);
}

static void play_owner(struct game *game)
{
    while (game->pushed < game->count)
        act(game);
    do
        shift(game);
    while (deque_length(&game->deque));
    atomic_store(&game->is_over, true);
}

static void check_all_taken(const struct game *game)
{
    for (unsigned long i = 0; i < game->count; i++)
        CHECK_EQUAL(atomic_load(&game->items[i].taken), 1);
}

static void play(unsigned slots, unsigned thieves, bool asymmetric, uint64_t *seed)
{
    struct game game = {.count = test_scale(100000), .slots_used = slots, .seed = test_random(seed), .inclination = 4};
    pthread_t threads[MOST_THIEVES];
    game.items = calloc(game.count, sizeof *game.items);
    insist(CHECK(game.items != NULL));
    deque_init(&game.deque, game.slots, slots, asymmetric);
    for (unsigned i = 0; i < thieves; i++)
        CHECK_EQUAL(pthread_create(&threads[i], NULL, steal, &game), 0);
    play_owner(&game);
    for (unsigned i = 0; i < thieves; i++)
        CHECK_EQUAL(pthread_join(threads[i], NULL), 0);
    check_all_taken(&game);
    free(game.items);
}

int main(int argc, char **argv)
{
    uint64_t seed = test_seed(argc, argv);
    for (int asymmetric = 0; asymmetric <= (barrier_is_asymmetric() ? 1 : 0); asymmetric++)
        for (unsigned slots = 2; slots <= MOST_SLOTS; slots *= 2)
            for (unsigned thieves = 1; thieves <= MOST_THIEVES; thieves++)
                play(slots, thieves, asymmetric, &seed);
    return check_failures() ? EXIT_FAILURE : EXIT_SUCCESS;
}
