/* Tasks and a thread wait for a socket of their own, for one that they share, and now and then for descriptors that become
 * another file, or none, meanwhile; with deadlines that pass. A byte is put into one own socket at a time, and no other until it
 * was taken, while tasks are asked to stop, at most one for each byte. Hunted: a wake-up that is lost (the program hangs), a byte
 * of the shared one that is not taken, a request that is swallowed by a deadline or told twice, an error that makes no sense. */
#include "support/check.h"

#include <bide/bide.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { TASKS = 4, CHANGING = 3, HIGH = 500 };

struct taker {
    int ends[2];
    uint64_t seed;
    bide_future *task;
    atomic_ulong asked, told, taken;
};

static struct {
    int shared[2];
    int spare[2][2];                /* of which the first is ready */
    int changing[CHANGING];         /* numbers, higher than any that is given out */
    struct taker takers[TASKS + 1]; /* the last one is a thread */
    uint64_t canceller_seed, changer_seed;
    atomic_ulong round, shared_taken;
    unsigned long shared_put;
    atomic_bool goes_on;
} race;

static bide_time some_deadline(uint64_t *seed)
{
    uint64_t choice = test_random(seed) % 8;
    return choice < 6 ? BIDE_FOREVER : choice < 7 ? bide_clock() + (bide_time)(test_random(seed) % 30000) : BIDE_NOW;
}

static void hear(struct taker *taker)
{
    CHECK(atomic_fetch_add(&taker->told, 1) < atomic_load(&taker->asked));
}

/* 0: there will be no more. */
static ssize_t take_byte(int fd)
{
    char byte;
    ssize_t taken = recv(fd, &byte, 1, MSG_DONTWAIT);
    CHECK(taken >= 0 || errno == EAGAIN);
    return taken;
}

static void await_some(struct taker *taker)
{
    struct pollfd polled[2 + CHANGING] = {{.fd = taker->ends[0], .events = POLLIN},
                                          {.fd = race.shared[0], .events = POLLIN}};
    nfds_t n = test_random(&taker->seed) % 4 ? 2 : 2 + CHANGING;
    int ready = 0;
    for (nfds_t i = 2; i < n; i++)
        polled[i] = (struct pollfd){.fd = race.changing[i - 2], .events = POLLIN};
    int error = bide_poll(polled, n, some_deadline(&taker->seed), &ready);
    CHECK(error == 0 || error == ETIMEDOUT || error == ECANCELED);
    CHECK(error || (ready > 0 && ready <= (int)n));
    if (error == ECANCELED)
        hear(taker);
}

static int take(void *arg, bide_value *result)
{
    struct taker *taker = arg;
    (void)result;
    for (ssize_t taken = -1; taken; taken = take_byte(taker->ends[0])) {
        atomic_fetch_add(&taker->taken, taken == 1);
        atomic_fetch_add(&race.shared_taken, take_byte(race.shared[0]) == 1);
        await_some(taker);
    }
    if (bide_yield() == ECANCELED)
        hear(taker);
    return 0;
}

static void *take_as_thread(void *taker)
{
    take(taker, NULL);
    return NULL;
}

/* false: it is over. */
static bool await_round(unsigned long *last)
{
    unsigned long round = *last;
    while (atomic_load(&race.goes_on) && (round = atomic_load(&race.round)) == *last)
        sched_yield();
    bool is_new = round != *last;
    *last = round;
    return is_new;
}

/* Ask one again only when it was told the last time. */
static void *ask(void *arg)
{
    (void)arg;
    for (unsigned long round = 0; await_round(&round);) {
        struct taker *taker = &race.takers[test_random(&race.canceller_seed) % TASKS];
        if (atomic_load(&taker->asked) != atomic_load(&taker->told))
            continue;
        atomic_fetch_add(&taker->asked, 1);
        CHECK_EQUAL(bide_future_cancel(taker->task), 0);
    }
    return NULL;
}

/* Not by the C library: for ThreadSanitizer it is a race to close what others use. It is one, and has a defined end. */
static void *change(void *arg)
{
    (void)arg;
    for (unsigned long round = 0; await_round(&round);) {
        uint64_t choice = test_random(&race.changer_seed) >> 8;
        int number = race.changing[choice / 4 % CHANGING];
        if (choice % 4 == 0)
            syscall(SYS_close, number);
        else
            CHECK_EQUAL(syscall(SYS_dup3, race.spare[choice % 2][0], number, O_CLOEXEC), number);
    }
    return NULL;
}

static void put_byte(int fd)
{
    while (send(fd, "", 1, MSG_DONTWAIT) != 1)
        sched_yield();
}

static void put_round(uint64_t *seed)
{
    struct taker *taker = &race.takers[test_random(seed) % (TASKS + 1)];
    unsigned long before = atomic_load(&taker->taken);
    atomic_fetch_add(&race.round, 1);
    if (test_random(seed) % 4 == 0) {
        put_byte(race.shared[1]);
        race.shared_put++;
    }
    put_byte(taker->ends[1]);
    while (atomic_load(&taker->taken) == before)
        sched_yield();
}

static void open_pair(int ends[2])
{
    CHECK_EQUAL(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
}

static void close_pair(const int ends[2])
{
    CHECK_EQUAL(close(ends[0]), 0);
    CHECK_EQUAL(close(ends[1]), 0);
}

static void begin(bide_pool *pool, uint64_t *seed)
{
    race.canceller_seed = test_random(seed) | 1;
    race.changer_seed = test_random(seed) | 1;
    race.shared_put = 0;
    atomic_store(&race.round, 0);
    atomic_store(&race.shared_taken, 0);
    atomic_store(&race.goes_on, true);
    open_pair(race.shared);
    open_pair(race.spare[0]);
    open_pair(race.spare[1]);
    put_byte(race.spare[0][1]);
    for (int i = 0; i < CHANGING; i++)
        race.changing[i] = fcntl(race.spare[1][0], F_DUPFD_CLOEXEC, HIGH);
    for (int i = 0; i <= TASKS; i++) {
        race.takers[i] = (struct taker){.seed = test_random(seed) | 1};
        open_pair(race.takers[i].ends);
        if (i < TASKS)
            CHECK_EQUAL(bide_submit(pool, take, &race.takers[i], &race.takers[i].task), 0);
    }
    for (int i = 0; i < TASKS; i++)
        while (bide_future_state(race.takers[i].task) == BIDE_PENDING)
            sched_yield();
}

static void end(pthread_t thread)
{
    for (int i = 0; i <= TASKS; i++)
        CHECK_EQUAL(shutdown(race.takers[i].ends[1], SHUT_WR), 0);
    for (int i = 0; i < TASKS; i++) {
        CHECK_EQUAL(bide_join(race.takers[i].task, NULL), 0);
        CHECK_EQUAL(atomic_load(&race.takers[i].told), atomic_load(&race.takers[i].asked));
    }
    pthread_join(thread, NULL);
    while (take_byte(race.shared[0]) == 1)
        atomic_fetch_add(&race.shared_taken, 1);
    CHECK_EQUAL(atomic_load(&race.shared_taken), race.shared_put);
    for (int i = 0; i <= TASKS; i++)
        close_pair(race.takers[i].ends);
    for (int i = 0; i < CHANGING; i++)
        close(race.changing[i]);
    close_pair(race.spare[0]);
    close_pair(race.spare[1]);
    close_pair(race.shared);
}

static void run(unsigned workers, unsigned long rounds, uint64_t *seed)
{
    bide_pool *pool;
    pthread_t thread, canceller, changer;
    CHECK_EQUAL(bide_pool_create(
                    &pool, &(bide_pool_options){.workers = workers, .waiting = test_holds() ? BIDE_HOLD : BIDE_PARK}),
                0);
    begin(pool, seed);
    pthread_create(&thread, NULL, take_as_thread, &race.takers[TASKS]);
    pthread_create(&canceller, NULL, ask, NULL);
    pthread_create(&changer, NULL, change, NULL);
    for (unsigned long i = 0; i < rounds; i++)
        put_round(seed);
    atomic_store(&race.goes_on, false);
    pthread_join(canceller, NULL);
    pthread_join(changer, NULL);
    end(thread);
    CHECK_EQUAL(bide_pool_destroy(pool), 0);
}

/* A task that holds its worker keeps it to the end. */
int main(int argc, char **argv)
{
    uint64_t seed = test_seed(argc, argv);
    unsigned long rounds = test_scale(5000);
    for (unsigned workers = test_holds() ? TASKS : 1; workers <= TASKS; workers *= 2)
        run(workers, rounds, &seed);
    return check_failures() != 0;
}
