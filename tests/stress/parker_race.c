/* Threads that sleep until they are woken, again and again: woken before they sleep, while they do, at the deadline, and while
 * signals come; by themselves, or at a lookout. Hunted: a wake that is lost, or comes early; a waker that touches what its
 * sleeper has unmade. */
#include "base/clock.h"
#include "base/parker.h"
#include "support/check.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

static void *wake(void *parker)
{
    parker_wake(parker);
    return NULL;
}

static pthread_t start(void *(*body)(void *arg), void *arg)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, body, arg) != 0)
        abort();
    return thread;
}

static void a_wake_before_the_sleep_counts(void)
{
    struct parker parker;
    parker_make(&parker, NULL);
    parker_wake(&parker);
    errno = EDOM;
    CHECK(parker_sleep(&parker, BIDE_FOREVER));
    CHECK(parker_sleep(&parker, BIDE_NOW));
    CHECK_EQUAL(errno, EDOM);
    parker_unmake(&parker);
}

static void a_deadline_ends_a_sleep_and_not_early(void)
{
    for (int i = 0; i < 20; i++) {
        struct parker parker;
        bide_time deadline = clock_now() + i * 100000;
        parker_make(&parker, NULL);
        errno = EDOM;
        CHECK(!parker_sleep(&parker, deadline));
        CHECK_EQUAL(errno, EDOM);
        CHECK(clock_now() >= deadline);
        CHECK(!parker_sleep(&parker, BIDE_NOW));
        pthread_t waker = start(wake, &parker);
        CHECK(parker_sleep(&parker, BIDE_FOREVER));
        parker_unmake(&parker);
        CHECK_EQUAL(pthread_join(waker, NULL), 0);
    }
}

struct sleeper {
    struct parker parker;
    atomic_word is_awake;
};

static void *sleep_without_end(void *arg)
{
    struct sleeper *sleeper = arg;
    CHECK(parker_sleep(&sleeper->parker, BIDE_FOREVER));
    store_release(&sleeper->is_awake, 1);
    return NULL;
}

static void do_nothing(int signal)
{
    (void)signal;
}

static void no_signal_ends_a_sleep(void)
{
    struct sleeper sleeper;
    struct sigaction action = {.sa_handler = do_nothing};
    sigemptyset(&action.sa_mask);
    CHECK_EQUAL(sigaction(SIGUSR1, &action, NULL), 0);
    parker_make(&sleeper.parker, NULL);
    word_init(&sleeper.is_awake, 0);
    pthread_t thread = start(sleep_without_end, &sleeper);
    for (int i = 0; i < 100; i++) {
        CHECK_EQUAL(pthread_kill(thread, SIGUSR1), 0);
        sched_yield();
    }
    CHECK(!load_acquire(&sleeper.is_awake));
    parker_wake(&sleeper.parker);
    CHECK_EQUAL(pthread_join(thread, NULL), 0);
    CHECK(load_acquire(&sleeper.is_awake));
    parker_unmake(&sleeper.parker);
}

/* The place where a sleeper tells who is to wake it. */
struct game {
    atomic_word place; /* a parker, or 0 */
    struct lookout *lookout;
    uint64_t seed;
    unsigned long rounds;
};

static struct parker *take(struct game *game)
{
    word parker = load_relaxed(&game->place);
    while (parker && !cas_acq_rel(&game->place, &parker, 0))
        ;
    return (struct parker *)parker;
}

static void *wake_again_and_again(void *arg)
{
    struct game *game = arg;
    uint64_t seed = game->seed + 1;
    for (unsigned long woken = 0; woken < game->rounds;) {
        struct parker *parker = take(game);
        if (!parker || test_random(&seed) % 4 == 0)
            sched_yield();
        if (parker)
            parker_wake(parker);
        woken += parker != NULL;
    }
    return NULL;
}

/* If it is late it takes the parker back, unless the waker has it. Then it scribbles over it. true: it was woken. */
static bool sleep_once(struct game *game, bide_time deadline)
{
    struct parker parker;
    parker_make(&parker, game->lookout);
    word expected = 0;
    CHECK(cas_acq_rel(&game->place, &expected, (word)&parker));
    bool woken = parker_sleep(&parker, deadline);
    if (!woken && take(game) != &parker) {
        parker_await(&parker);
        woken = true;
    }
    parker_unmake(&parker);
    tools_end(&parker, sizeof parker);
    memset((void *)&parker, 0xa5, sizeof parker);
    return woken;
}

static void who_is_woken_may_unmake(uint64_t *seed, unsigned long rounds, struct lookout *lookout)
{
    struct game game = {.seed = test_random(seed), .rounds = rounds, .lookout = lookout};
    word_init(&game.place, 0);
    pthread_t waker = start(wake_again_and_again, &game);
    for (unsigned long woken = 0; woken < game.rounds;) {
        bool has_deadline = test_random(seed) % 4 == 0;
        bide_time deadline = has_deadline ? clock_now() + (bide_time)(test_random(seed) % 20000) : BIDE_FOREVER;
        bool was_woken = sleep_once(&game, deadline);
        CHECK(was_woken || clock_now() >= deadline);
        woken += was_woken;
    }
    CHECK_EQUAL(pthread_join(waker, NULL), 0);
}

/* No light is left over from the last sleep. */
static void who_is_woken_at_a_lookout_may_close_it(uint64_t *seed)
{
    struct lookout *lookout;
    for (int i = 0; i < 4 && CHECK_EQUAL(lookout_create(&lookout), 0); i++) {
        who_is_woken_may_unmake(seed, test_scale(2000), lookout);
        CHECK(!lookout_sleep(lookout, clock_now() + 100000));
        lookout_destroy(lookout);
    }
}

int main(int argc, char **argv)
{
    uint64_t seed = test_seed(argc, argv);
    a_wake_before_the_sleep_counts();
    a_deadline_ends_a_sleep_and_not_early();
    no_signal_ends_a_sleep();
    who_is_woken_may_unmake(&seed, test_scale(50000), NULL);
    who_is_woken_at_a_lookout_may_close_it(&seed);
    return check_failures() ? EXIT_FAILURE : EXIT_SUCCESS;
}
