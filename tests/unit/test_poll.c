#include "support/primitive.h"
#include "support/rest.h"
#include "support/usage.h"

#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

/* ThreadSanitizer is at its end with some eight thousand fibers. */
#if defined __SANITIZE_THREAD__
#define CROWD 2000
#elif defined __has_feature
#if __has_feature(thread_sanitizer)
#define CROWD 2000
#endif
#endif
#ifndef CROWD
#define CROWD 10000
#endif

enum { MANY = 8 };

static void open_pair(int ends[2])
{
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
}

static void close_pair(const int ends[2])
{
    assert_int_equal(close(ends[0]), 0);
    assert_int_equal(close(ends[1]), 0);
}

static void put_byte(int fd)
{
    CHECK_EQUAL(write(fd, "", 1), 1);
}

static bool take_byte(int fd)
{
    char byte;
    ssize_t taken = read(fd, &byte, 1);
    CHECK(taken == 1 || (taken == -1 && errno == EAGAIN));
    return taken == 1;
}

static void fill(int fd)
{
    static const char bytes[4096];
    while (write(fd, bytes, sizeof bytes) > 0)
        ;
    assert_int_equal(errno, EAGAIN);
}

static void empty(int fd)
{
    char bytes[4096];
    while (read(fd, bytes, sizeof bytes) > 0)
        ;
    assert_int_equal(errno, EAGAIN);
}

/* What all waits have in common */

static int common[2];

static void make_common(void *thing, bool ready)
{
    (void)thing;
    if (!common[0])
        CHECK_EQUAL(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, common), 0);
    while (take_byte(common[0]))
        ;
    if (ready)
        put_byte(common[1]);
}

static int poll_common(void *thing, bide_time deadline)
{
    (void)thing;
    return bide_poll(&(struct pollfd){.fd = common[0], .events = POLLIN}, 1, deadline, NULL);
}

static int satisfy_common(void *thing)
{
    (void)thing;
    put_byte(common[1]);
    return 0;
}

static const struct primitive descriptors = {make_common, poll_common, satisfy_common};

WITH_PRIMITIVE(descriptors)

/* A wait of a task or thread for one descriptor. */
struct party {
    struct pollfd polled;
    bide_time deadline;
    struct sleeper sleeper;
    int ready, error;
};

static struct party party_of(int fd, short events)
{
    return (struct party){.polled = {.fd = fd, .events = events}, .deadline = BIDE_FOREVER, .sleeper = SLEEPER_INIT};
}

static int attend(void *arg)
{
    struct party *party = arg;
    sleeper_goes(&party->sleeper);
    errno = EDOM;
    party->error = bide_poll(&party->polled, 1, party->deadline, &party->ready);
    CHECK_EQUAL(errno, EDOM);
    return party->error;
}

static int attend_as_task(void *arg, bide_value *result)
{
    (void)result;
    attend(arg);
    return 0;
}

static bide_future *let_wait(bide_pool *pool, struct party *party)
{
    bide_future *task = submit(pool, attend_as_task, party);
    sleeper_await(&party->sleeper);
    return task;
}

static void assert_told(const struct party *party, short revents)
{
    assert_int_equal(party->error, 0);
    assert_int_equal(party->ready, 1);
    assert_int_equal(party->polled.revents, revents);
}

static bide_pool *make_pool_for(unsigned tasks)
{
    return make_pool(test_holds() ? tasks : 2);
}

/* Results */

static int get_results(void *arg, bide_value *result)
{
    const int *ends = arg;
    (void)result;
    static const bide_time deadlines[] = {BIDE_NOW, 1, BIDE_FOREVER};
    for (int i = 0; i < 3; i++) {
        struct pollfd polled[] = {{.fd = ends[0], .events = POLLIN, .revents = -1},
                                  {.fd = -1, .events = POLLIN, .revents = -1},
                                  {.fd = ends[1], .events = POLLIN | POLLOUT, .revents = -1},
                                  {.fd = ends[0], .events = POLLIN | POLLOUT, .revents = -1}};
        int ready = -1;
        CHECK_EQUAL(bide_poll(polled, 4, deadlines[i], &ready), 0);
        CHECK_EQUAL(ready, 3);
        CHECK_EQUAL(polled[0].revents, POLLIN);
        CHECK_EQUAL(polled[1].revents, 0);
        CHECK_EQUAL(polled[2].revents, POLLOUT);
        CHECK_EQUAL(polled[3].revents, POLLIN | POLLOUT);
    }
    return 0;
}

static void what_is_ready_is_told_at_once(void **state)
{
    struct fixture *at = *state;
    int ends[2];
    open_pair(ends);
    put_byte(ends[1]);
    get_results(ends, NULL);
    assert_int_equal(bide_join(submit(at->pool, get_results, ends), NULL), 0);
    close_pair(ends);
}

static int get_nothing(void *arg, bide_value *result)
{
    (void)result;
    static const bide_time deadlines[] = {BIDE_NOW, 1, 2};
    for (int i = 0; i < 3; i++) {
        struct pollfd polled = {.fd = *(const int *)arg, .events = POLLIN, .revents = -1};
        int ready = -1;
        CHECK_EQUAL(bide_poll(&polled, 1, deadlines[i], &ready), ETIMEDOUT);
        CHECK_EQUAL(ready, -1);
        CHECK_EQUAL(polled.revents, 0);
    }
    return 0;
}

static void what_is_not_is_late_at_once(void **state)
{
    struct fixture *at = *state;
    int ends[2];
    open_pair(ends);
    get_nothing(ends, NULL);
    assert_int_equal(bide_join(submit(at->pool, get_nothing, ends), NULL), 0);
    close_pair(ends);
}

/* valgrind lets poll(2) have more than the limit it was told of. */
static int refuse(void *arg, bide_value *result)
{
    struct pollfd polled[MANY + 1];
    struct rlimit before;
    int ready = -1;
    (void)arg, (void)result;
    CHECK_EQUAL(bide_poll(NULL, 1, BIDE_FOREVER, &ready), EINVAL);
    CHECK_EQUAL(bide_poll(NULL, 1, BIDE_NOW, NULL), EINVAL);
    for (int i = 0; i <= MANY; i++)
        polled[i] = (struct pollfd){.fd = -1};
    CHECK_EQUAL(getrlimit(RLIMIT_NOFILE, &before), 0);
    CHECK_EQUAL(setrlimit(RLIMIT_NOFILE, &(struct rlimit){MANY, before.rlim_max}), 0);
    bool refuses = poll(polled, MANY + 1, 0) < 0;
    CHECK_EQUAL(bide_poll(polled, MANY + 1, BIDE_NOW, &ready), refuses ? EINVAL : ETIMEDOUT);
    CHECK_EQUAL(setrlimit(RLIMIT_NOFILE, &before), 0);
    CHECK_EQUAL(ready, -1);
    return 0;
}

static void nonsense_is_einval(void **state)
{
    struct fixture *at = *state;
    refuse(NULL, NULL);
    assert_int_equal(bide_join(submit(at->pool, refuse, NULL), NULL), 0);
}

static int sleep_by_nothing(void *arg, bide_value *result)
{
    struct pollfd left_out = {.fd = -1, .events = POLLIN};
    (void)arg, (void)result;
    for (nfds_t n = 0; n < 2; n++) {
        bide_time deadline = bide_in(0.002);
        CHECK_EQUAL(bide_poll(n ? &left_out : NULL, n, deadline, NULL), ETIMEDOUT);
        CHECK(bide_clock() >= deadline);
    }
    return 0;
}

static void without_descriptors_it_is_a_sleep(void **state)
{
    struct fixture *at = *state;
    sleep_by_nothing(NULL, NULL);
    assert_int_equal(bide_join(submit(at->pool, sleep_by_nothing, NULL), NULL), 0);
    struct party party = party_of(-1, POLLIN);
    bide_future *task = let_wait(at->pool, &party);
    assert_int_equal(bide_future_cancel(task), 0);
    assert_int_equal(bide_join(task, NULL), 0);
    assert_int_equal(party.error, ECANCELED);
}

static void a_descriptor_that_is_not_open_is_told(void **state)
{
    struct fixture *at = *state;
    int ends[2];
    open_pair(ends);
    close_pair(ends);
    for (int i = 0; i < 2; i++) {
        struct party party = party_of(ends[0], POLLIN);
        i ? (void)attend(&party) : (void)bide_join(submit(at->pool, attend_as_task, &party), NULL);
        assert_told(&party, POLLNVAL);
    }
}

/* epoll does not take a file on a disk; to poll(2) it is always ready for what it knows, and for nothing else. */
static void a_file_is_ready_or_never(void **state)
{
    struct fixture *at = *state;
    FILE *file = tmpfile();
    assert_non_null(file);
    struct party party = party_of(fileno(file), POLLIN | POLLOUT);
    assert_int_equal(bide_join(submit(at->pool, attend_as_task, &party), NULL), 0);
    assert_told(&party, POLLIN | POLLOUT);
    party = party_of(fileno(file), POLLPRI);
    party.deadline = bide_in(0.002);
    assert_int_equal(bide_join(submit(at->pool, attend_as_task, &party), NULL), 0);
    assert_int_equal(party.error, ETIMEDOUT);
    fclose(file);
}

/* Waking */

static void what_gets_ready_wakes_a_task(void **state)
{
    struct fixture *at = *state;
    int ends[2];
    open_pair(ends);
    for (int i = 0; i < MANY; i++) {
        struct party party = party_of(ends[0], POLLIN);
        party.deadline = i % 2 ? BIDE_FOREVER : bide_in(1e6);
        bide_future *task = let_wait(at->pool, &party);
        put_byte(ends[1]);
        assert_int_equal(bide_join(task, NULL), 0);
        assert_told(&party, POLLIN);
        assert_true(take_byte(ends[0]));
    }
    close_pair(ends);
}

static int put_byte_as_task(void *fd, bide_value *result)
{
    (void)result;
    put_byte(*(const int *)fd);
    return 0;
}

static void what_gets_ready_wakes_a_thread(void **state)
{
    struct fixture *at = *state;
    int ends[2];
    open_pair(ends);
    for (int i = 0; i < MANY; i++) {
        struct party party = party_of(ends[0], POLLIN);
        struct caller caller;
        party.deadline = i % 2 ? BIDE_FOREVER : bide_in(1e6);
        caller_start(&caller, attend, &party);
        assert_int_equal(bide_join(submit(at->pool, put_byte_as_task, &ends[1]), NULL), 0);
        assert_int_equal(caller_end(&caller), 0);
        assert_told(&party, POLLIN);
        assert_true(take_byte(ends[0]));
    }
    close_pair(ends);
}

static void room_wakes_who_writes(void **state)
{
    struct fixture *at = *state;
    int ends[2];
    open_pair(ends);
    fill(ends[0]);
    struct party party = party_of(ends[0], POLLOUT);
    bide_future *task = let_wait(at->pool, &party);
    empty(ends[1]);
    assert_int_equal(bide_join(task, NULL), 0);
    assert_told(&party, POLLOUT);
    close_pair(ends);
}

static void the_end_of_the_other_side_is_told(void **state)
{
    struct fixture *at = *state;
    int ends[2];
    open_pair(ends);
    struct party party = party_of(ends[0], 0);
    bide_future *task = let_wait(at->pool, &party);
    assert_int_equal(close(ends[1]), 0);
    assert_int_equal(bide_join(task, NULL), 0);
    assert_told(&party, POLLHUP);
    assert_int_equal(close(ends[0]), 0);
}

struct choice {
    struct pollfd polled[MANY * MANY];
    struct sleeper sleeper;
    int error, ready;
};

static int choose(void *arg, bide_value *result)
{
    struct choice *choice = arg;
    (void)result;
    sleeper_goes(&choice->sleeper);
    choice->error = bide_poll(choice->polled, MANY * MANY, BIDE_FOREVER, &choice->ready);
    return 0;
}

static void any_of_many_descriptors_ends_the_wait(void **state)
{
    struct fixture *at = *state;
    static int ends[MANY * MANY][2];
    static struct choice choice;
    for (int i = 0; i < MANY * MANY; i++)
        open_pair(ends[i]);
    for (int chosen = 0; chosen < MANY * MANY; chosen += MANY + 3) {
        choice = (struct choice){.sleeper = SLEEPER_INIT};
        for (int i = 0; i < MANY * MANY; i++)
            choice.polled[i] = (struct pollfd){.fd = ends[i][0], .events = POLLIN};
        bide_future *task = submit(at->pool, choose, &choice);
        sleeper_await(&choice.sleeper);
        put_byte(ends[chosen][1]);
        assert_int_equal(bide_join(task, NULL), 0);
        assert_int_equal(choice.error, 0);
        assert_int_equal(choice.ready, 1);
        for (int i = 0; i < MANY * MANY; i++)
            assert_int_equal(choice.polled[i].revents, i == chosen ? POLLIN : 0);
        assert_true(take_byte(ends[chosen][0]));
    }
    for (int i = 0; i < MANY * MANY; i++)
        close_pair(ends[i]);
}

/* Several on one descriptor */

static void all_who_wait_for_a_descriptor_are_told(void **state)
{
    (void)state;
    bide_pool *pool = make_pool_for(MANY);
    struct party parties[MANY];
    bide_future *tasks[MANY];
    struct caller caller;
    struct party thread;
    int ends[2];
    open_pair(ends);
    thread = party_of(ends[0], POLLIN);
    caller_start(&caller, attend, &thread);
    for (int i = 0; i < MANY; i++) {
        parties[i] = party_of(ends[0], POLLIN);
        tasks[i] = let_wait(pool, &parties[i]);
    }
    put_byte(ends[1]);
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(bide_join(tasks[i], NULL), 0);
        assert_told(&parties[i], POLLIN);
    }
    assert_int_equal(caller_end(&caller), 0);
    end_pool(pool);
    close_pair(ends);
}

static void each_is_told_what_it_waits_for(void **state)
{
    (void)state;
    bide_pool *pool = make_pool_for(2);
    int ends[2];
    open_pair(ends);
    fill(ends[0]);
    struct party reader = party_of(ends[0], POLLIN), writer = party_of(ends[0], POLLOUT);
    bide_future *reads = let_wait(pool, &reader), *writes = let_wait(pool, &writer);
    put_byte(ends[1]);
    assert_int_equal(bide_join(reads, NULL), 0);
    assert_told(&reader, POLLIN);
    sleeper_await(&writer.sleeper);
    assert_int_equal(bide_future_state(writes), BIDE_RUNNING);
    empty(ends[1]);
    assert_int_equal(bide_join(writes, NULL), 0);
    assert_told(&writer, POLLOUT);
    end_pool(pool);
    close_pair(ends);
}

struct share {
    int fd;
    unsigned taken, wanted;
};

static int take_share(void *arg, bide_value *result)
{
    struct share *share = arg;
    struct pollfd polled = {.fd = share->fd, .events = POLLIN};
    (void)result;
    while (share->taken < share->wanted)
        if (take_byte(share->fd))
            share->taken++;
        else
            CHECK_EQUAL(bide_poll(&polled, 1, BIDE_FOREVER, NULL), 0);
    return 0;
}

static void several_share_what_comes_on_one_descriptor(void **state)
{
    (void)state;
    bide_pool *pool = make_pool_for(MANY);
    struct share shares[MANY];
    bide_future *tasks[MANY];
    unsigned wanted = (unsigned)test_scale(200);
    int ends[2];
    open_pair(ends);
    for (int i = 0; i < MANY; i++) {
        shares[i] = (struct share){.fd = ends[0], .wanted = wanted};
        tasks[i] = submit(pool, take_share, &shares[i]);
    }
    for (unsigned i = 0; i < MANY * wanted; i++)
        while (write(ends[1], "", 1) != 1)
            sched_yield();
    for (int i = 0; i < MANY; i++)
        assert_int_equal(bide_join(tasks[i], NULL), 0);
    assert_false(take_byte(ends[0]));
    end_pool(pool);
    close_pair(ends);
}

/* Closed meanwhile */

/* Not by the C library: for ThreadSanitizer it is a race to close what others use. It is one, and has a defined end. */
static void close_behind(int fd)
{
    assert_int_equal(syscall(SYS_close, fd), 0);
}

static void one_that_is_closed_meanwhile_can_be_cancelled(void **state)
{
    struct fixture *at = *state;
    int ends[2];
    open_pair(ends);
    struct party party = party_of(ends[0], POLLIN);
    bide_future *task = let_wait(at->pool, &party);
    close_behind(ends[0]);
    close_behind(ends[1]);
    int error = bide_future_cancel(task);
    assert_true(error == 0 || error == EALREADY);
    assert_int_equal(bide_join(task, NULL), 0);
    assert_true(party.error == ECANCELED || (party.error == 0 && party.polled.revents == POLLNVAL));
}

/* The number of one that was closed, waited for or not, is another's. */
static void a_new_descriptor_of_the_same_number_wakes(void **state)
{
    struct fixture *at = *state;
    int first[2], second[2];
    open_pair(first);
    open_pair(second);
    for (int i = 0; i < MANY; i++) {
        struct party party = party_of(first[0], POLLIN);
        bide_future *task = let_wait(at->pool, &party);
        if (i % 2)
            assert_int_equal(bide_future_cancel(task), 0);
        else
            put_byte(first[1]);
        assert_int_equal(bide_join(task, NULL), 0);
        assert_int_equal(dup2(second[0], first[0]), first[0]);
        party = party_of(first[0], POLLIN);
        task = let_wait(at->pool, &party);
        put_byte(second[1]);
        assert_int_equal(bide_join(task, NULL), 0);
        assert_told(&party, POLLIN);
        assert_true(take_byte(second[0]));
        close_pair(first);
        open_pair(first);
    }
    close_pair(first);
    close_pair(second);
}

static void one_closed_while_it_is_waited_for_leaves_its_number_good(void **state)
{
    (void)state;
    bide_pool *pool = make_pool_for(2);
    int first[2], second[2];
    open_pair(first);
    open_pair(second);
    struct party old = party_of(first[0], POLLIN), new = party_of(first[0], POLLIN);
    bide_future *waits = let_wait(pool, &old);
    close_behind(first[0]);
    assert_int_equal(fcntl(second[0], F_DUPFD_CLOEXEC, first[0]), first[0]);
    bide_future *task = let_wait(pool, &new);
    put_byte(second[1]);
    assert_int_equal(bide_join(task, NULL), 0);
    assert_told(&new, POLLIN);
    bide_future_cancel(waits);
    assert_int_equal(bide_join(waits, NULL), 0);
    assert_true(old.error == 0 || old.error == ECANCELED);
    end_pool(pool);
    close_pair(first);
    close_pair(second);
}

/* The worker */

static int count_turn(void *count, bide_value *result)
{
    (void)result;
    atomic_fetch_add((atomic_uint *)count, 1);
    return 0;
}

static void a_worker_is_free_while_its_task_waits(void **state)
{
    struct fixture *at = *state;
    atomic_uint count = 0;
    int ends[2];
    if (test_holds())
        return;
    open_pair(ends);
    struct party party = party_of(ends[0], POLLIN);
    bide_future *task = let_wait(at->pool, &party);
    for (unsigned i = 0; i < at->workers * MANY; i++)
        assert_int_equal(bide_join(submit(at->pool, count_turn, &count), NULL), 0);
    assert_int_equal(atomic_load(&count), at->workers * MANY);
    assert_int_equal(bide_future_state(task), BIDE_RUNNING);
    put_byte(ends[1]);
    assert_int_equal(bide_join(task, NULL), 0);
    close_pair(ends);
}

struct sleeper_beside {
    bide_time when;
    bide_future *promise;
};

static int sleep_beside(void *arg, bide_value *result)
{
    const struct sleeper_beside *beside = arg;
    (void)result;
    CHECK_EQUAL(bide_sleep_until(beside->when), 0);
    CHECK(bide_clock() >= beside->when);
    CHECK_EQUAL(bide_future_wait(beside->promise, BIDE_FOREVER), 0);
    return 0;
}

/* A worker that sleeps at descriptors wakes for all else as any worker does. */
static void deadlines_and_wakes_come_while_a_worker_looks_out(void **state)
{
    struct fixture *at = *state;
    int ends[2];
    if (test_holds())
        return;
    open_pair(ends);
    struct party party = party_of(ends[0], POLLIN);
    bide_future *task = let_wait(at->pool, &party);
    for (int i = 0; i < MANY; i++) {
        struct sleeper_beside beside = {bide_in(0.001), make_promise()};
        bide_future *later, *slept = submit(at->pool, sleep_beside, &beside);
        assert_int_equal(bide_submit_at(at->pool, bide_in(0.002), stand_at, &(struct gate){0, true}, &later), 0);
        assert_int_equal(bide_join(later, NULL), 0);
        assert_int_equal(bide_promise_resolve(beside.promise, bide_u64(0)), 0);
        assert_int_equal(bide_join(slept, NULL), 0);
        bide_future_release(beside.promise);
    }
    put_byte(ends[1]);
    assert_int_equal(bide_join(task, NULL), 0);
    close_pair(ends);
}

/* One on each worker, which it keeps once it was told. */
struct guard {
    int ends[2];
    struct gate *placed, *busy;
};

static int guard(void *arg, bide_value *result)
{
    const struct guard *guard = arg;
    struct pollfd polled = {.fd = guard->ends[0], .events = POLLIN};
    (void)result;
    gate_pass(guard->placed);
    CHECK_EQUAL(bide_poll(&polled, 1, BIDE_FOREVER, NULL), 0);
    gate_pass(guard->busy);
    return 0;
}

static int return_at_once(void *arg, bide_value *result)
{
    (void)arg, (void)result;
    return 0;
}

static void wake_all_but(struct guard *guards, unsigned workers, unsigned spared)
{
    for (unsigned i = 1; i < workers; i++) {
        put_byte(guards[(spared + i) % workers].ends[1]);
        gate_await(guards->busy, i);
    }
}

static void schedule_while_descriptors_wake(bide_pool *pool, unsigned workers, unsigned spared)
{
    struct gate placed = GATE_INIT, busy = GATE_INIT;
    struct guard guards[MANY];
    bide_future *later;
    for (unsigned i = 0; i < workers; i++) {
        guards[i] = (struct guard){.placed = &placed, .busy = &busy};
        open_pair(guards[i].ends);
        assert_int_equal(bide_submit(pool, guard, &guards[i], NULL), 0);
    }
    gate_await(&placed, workers);
    gate_open(&placed);
    await_rest(pool);
    assert_int_equal(bide_submit_at(pool, bide_in(0.005), return_at_once, NULL, &later), 0);
    wake_all_but(guards, workers, spared);
    assert_int_equal(bide_join(later, NULL), 0);
    gate_open(&busy);
    put_byte(guards[spared].ends[1]);
    assert_int_equal(bide_pool_drain(pool, BIDE_FOREVER), 0);
    for (unsigned i = 0; i < workers; i++)
        close_pair(guards[i].ends);
}

/* Whichever of them kept the time, and whoever had an eye on that one. */
static void workers_that_descriptors_wake_leave_the_time_to_an_idle_one(void **state)
{
    struct fixture *at = *state;
    for (unsigned spared = 0; spared < at->workers && !test_holds(); spared++)
        schedule_while_descriptors_wake(at->pool, at->workers, spared);
}

struct stretch_of_work {
    atomic_bool is_due, ran;
    unsigned turns; /* since it was due */
    bide_pool *pool;
};

static int work_long(void *arg, bide_value *result)
{
    struct stretch_of_work *work = arg;
    (void)result;
    for (bide_time end = bide_in(0.0003); bide_clock() < end;)
        ;
    work->turns += atomic_load(&work->is_due);
    bool goes_on = !atomic_load(&work->ran) && work->turns < 64;
    return goes_on ? bide_submit(work->pool, work_long, work, NULL) : 0;
}

struct late_party {
    struct party party;
    struct stretch_of_work work;
};

static int attend_and_tell(void *arg, bide_value *result)
{
    struct late_party *late = arg;
    attend_as_task(&late->party, result);
    atomic_store(&late->work.ran, true);
    return 0;
}

static void long_turns_keep_out_nobody_once(bide_pool *pool)
{
    struct late_party late = {.work.pool = pool};
    int ends[2];
    open_pair(ends);
    late.party = party_of(ends[0], POLLIN);
    bide_future *task = submit(pool, attend_and_tell, &late);
    sleeper_await(&late.party.sleeper);
    assert_int_equal(bide_submit(pool, work_long, &late.work, NULL), 0);
    put_byte(ends[1]);
    atomic_store(&late.work.is_due, true);
    assert_int_equal(bide_join(task, NULL), 0);
    assert_int_equal(bide_pool_drain(pool, BIDE_FOREVER), 0);
    assert_in_range(late.work.turns, 0, 3);
    close_pair(ends);
}

/* A worker that has only long turns looks out between any two. */
static void long_turns_keep_nobody_out(void **state)
{
    struct fixture *at = *state;
    for (int i = 0; i < MANY && !test_holds(); i++)
        long_turns_keep_out_nobody_once(at->pool);
}

/* Neither what is ready for nobody, nor for those who wait for something else, wakes anybody again and again. */
static void who_waits_costs_nothing(void **state)
{
    (void)state;
    bide_pool *pool = make_pool(test_holds() ? 3 : 1);
    struct party parties[3];
    bide_future *tasks[3];
    int ends[2], others[2];
    open_pair(ends);
    open_pair(others);
    for (int i = 0; i < 3; i++) {
        parties[i] = party_of(i ? others[0] : ends[0], i ? POLLPRI : POLLIN);
        parties[i].deadline = i == 2 ? bide_in(1e6) : BIDE_FOREVER;
        tasks[i] = let_wait(pool, &parties[i]);
    }
    assert_int_equal(bide_future_cancel(tasks[0]), 0);
    assert_int_equal(bide_join(tasks[0], NULL), 0);
    put_byte(ends[1]);
    put_byte(others[1]);
    assert_idle();
    for (int i = 1; i < 3; i++) {
        assert_int_equal(bide_future_cancel(tasks[i]), 0);
        assert_int_equal(bide_join(tasks[i], NULL), 0);
        assert_int_equal(parties[i].error, ECANCELED);
    }
    end_pool(pool);
    close_pair(ends);
    close_pair(others);
}

static void closing_with_cancel_ends_the_wait(void **state)
{
    struct fixture *at = *state;
    int ends[2];
    open_pair(ends);
    struct party party = party_of(ends[0], POLLIN);
    bide_future *task = let_wait(at->pool, &party);
    assert_int_equal(bide_pool_close(at->pool, BIDE_DRAIN, bide_in(0.001)), ETIMEDOUT);
    assert_int_equal(bide_pool_close(at->pool, BIDE_CANCEL, BIDE_FOREVER), 0);
    assert_int_equal(bide_join(task, NULL), 0);
    assert_int_equal(party.error, ECANCELED);
    close_pair(ends);
}

static int open_descriptors(void)
{
    int open = 0;
    for (int fd = 0; fd < 256; fd++)
        open += fcntl(fd, F_GETFD) >= 0;
    return open;
}

static void its_descriptors_are_closed_with_the_pool(void **state)
{
    (void)state;
    int ends[2];
    open_pair(ends);
    int before = open_descriptors();
    bide_pool *pool = make_pool(2);
    assert_int_equal(open_descriptors(), before); /* who does not poll has none */
    struct party party = party_of(ends[0], POLLIN);
    bide_future *task = let_wait(pool, &party);
    assert_true(open_descriptors() > before);
    put_byte(ends[1]);
    assert_int_equal(bide_join(task, NULL), 0);
    end_pool(pool);
    assert_int_equal(open_descriptors(), before);
    close_pair(ends);
}

/* A child of a task is shielded from requests, wherever it runs. */
struct shielded {
    struct party parties[2];
};

static int fork_and_attend(void *arg, bide_value *result)
{
    struct shielded *shielded = arg;
    bide_child child;
    (void)result;
    bide_fork(&child, attend_as_task, &shielded->parties[0]);
    bide_fork_join(&child, NULL);
    attend(&shielded->parties[1]);
    return 0;
}

static void a_child_waits_whatever_its_parent_is_asked(void **state)
{
    struct fixture *at = *state;
    int ends[2];
    open_pair(ends);
    struct shielded shielded = {.parties = {party_of(ends[0], POLLIN), party_of(ends[0], POLLPRI)}};
    bide_future *task = submit(at->pool, fork_and_attend, &shielded);
    sleeper_await(&shielded.parties[0].sleeper);
    assert_int_equal(bide_future_cancel(task), 0);
    sleeper_await(&shielded.parties[0].sleeper);
    assert_int_equal(gate_arrived(&shielded.parties[1].sleeper.going), 0);
    put_byte(ends[1]);
    assert_int_equal(bide_join(task, NULL), 0);
    assert_told(&shielded.parties[0], POLLIN);
    assert_int_equal(shielded.parties[1].error, ECANCELED);
    close_pair(ends);
}

/* Processes */

/* By exec: what looks for lost memory at an exit would find that of the threads which are not here. */
static _Noreturn void leave_process(void)
{
    const char *program = check_failures() ? "false" : "true";
    execlp(program, program, (char *)NULL);
    _exit(2);
}

static void await_process(pid_t child)
{
    int status = -1;
    CHECK(child > 0);
    CHECK_EQUAL(waitpid(child, &status, 0), child);
    CHECK_EQUAL(status, 0);
}

static int poll_in_child_process(void *arg, bide_value *result)
{
    struct party *party = arg;
    pid_t child = fork();
    if (child == 0) {
        CHECK_EQUAL(bide_poll(&party->polled, 1, BIDE_NOW, NULL), ETIMEDOUT);
        CHECK_EQUAL(bide_poll(&party->polled, 1, BIDE_FOREVER, NULL), ESHUTDOWN);
        leave_process();
    }
    await_process(child);
    return attend_as_task(party, result);
}

static void in_a_child_process_an_inherited_task_does_not_wait(void **state)
{
    struct fixture *at = *state;
    int ends[2];
    open_pair(ends);
    struct party party = party_of(ends[0], POLLIN);
    bide_future *task = submit(at->pool, poll_in_child_process, &party);
    sleeper_await(&party.sleeper);
    put_byte(ends[1]);
    assert_int_equal(bide_join(task, NULL), 0);
    assert_told(&party, POLLIN);
    close_pair(ends);
}

/* What had the numbers of the pool's descriptors is the child's own. */
static void destroy_among_other_descriptors(bide_pool *pool)
{
    int own = open("/dev/null", O_RDONLY);
    for (int number = STDERR_FILENO + 1; number < own + 64; number++)
        CHECK_EQUAL(dup2(own, number), number);
    CHECK_EQUAL(bide_pool_destroy(pool), 0);
    for (int number = STDERR_FILENO + 1; number < own + 64; number++)
        CHECK(fcntl(number, F_GETFD) >= 0);
}

/* The child waits for itself, and destroys the pool, while the parent's task goes on waiting for what both know. */
static void a_child_process_leaves_the_waits_of_its_parent_alone(void **state)
{
    struct fixture *at = *state;
    int ends[2];
    open_pair(ends);
    for (int i = 0; i < 3; i++) {
        struct party party = party_of(ends[0], POLLIN);
        bide_future *task = let_wait(at->pool, &party);
        pid_t child = fork();
        if (child == 0) {
            CHECK_EQUAL(bide_poll(&party.polled, 1, bide_in(0.001), NULL), ETIMEDOUT);
            destroy_among_other_descriptors(at->pool);
            leave_process();
        }
        await_process(child);
        put_byte(ends[1]);
        assert_int_equal(bide_join(task, NULL), 0);
        assert_told(&party, POLLIN);
        assert_true(take_byte(ends[0]));
    }
    close_pair(ends);
}

/* A crowd */

/* As many as there can be descriptors for, two each. */
static unsigned size_of_crowd(void)
{
    struct rlimit most;
    rlim_t wanted = 2 * CROWD + 256;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &most), 0);
    if (most.rlim_max < wanted && setrlimit(RLIMIT_NOFILE, &(struct rlimit){wanted, wanted}) == 0)
        most.rlim_max = wanted;
    most.rlim_cur = most.rlim_max < wanted ? most.rlim_max : wanted;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &most), 0);
    unsigned n = (unsigned)(most.rlim_cur - 256) / 2;
    return n < test_scale(CROWD) ? n : (unsigned)test_scale(CROWD);
}

struct member {
    int ends[2];
    bide_future *task;
    struct gate *begun;
};

static int answer_on_own_socket(void *arg, bide_value *result)
{
    const struct member *member = arg;
    struct pollfd polled = {.fd = member->ends[0], .events = POLLIN};
    (void)result;
    gate_arrive(member->begun);
    for (int i = 0; i < 2; i++) {
        CHECK_EQUAL(bide_poll(&polled, 1, BIDE_FOREVER, NULL), 0);
        CHECK(take_byte(member->ends[0]));
        put_byte(member->ends[0]);
    }
    return 0;
}

static void await_answer(const struct member *member)
{
    assert_int_equal(bide_poll(&(struct pollfd){.fd = member->ends[1], .events = POLLIN}, 1, BIDE_FOREVER, NULL), 0);
    assert_true(take_byte(member->ends[1]));
}

/* The last first, and then all at once. */
static void a_crowd_waits_each_on_its_own_socket(void **state)
{
    (void)state;
    unsigned n = test_holds() ? MANY : size_of_crowd();
    struct member *members = calloc(n, sizeof *members);
    struct gate begun = GATE_INIT;
    bide_pool *pool = make_pool_for(n);
    assert_non_null(members);
    for (unsigned i = 0; i < n; i++) {
        members[i].begun = &begun;
        open_pair(members[i].ends);
        members[i].task = submit(pool, answer_on_own_socket, &members[i]);
    }
    gate_await(&begun, n);
    for (unsigned i = n; i-- > 0;) {
        put_byte(members[i].ends[1]);
        await_answer(&members[i]);
    }
    for (unsigned i = 0; i < n; i++)
        put_byte(members[i].ends[1]);
    for (unsigned i = 0; i < n; i++)
        await_answer(&members[i]);
    for (unsigned i = 0; i < n; i++) {
        assert_int_equal(bide_join(members[i].task, NULL), 0);
        close_pair(members[i].ends);
    }
    end_pool(pool);
    free(members);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PRIMITIVE_TESTS,
        ON_POOLS(what_is_ready_is_told_at_once),
        ON_POOLS(what_is_not_is_late_at_once),
        ON_ONE_WORKER(nonsense_is_einval),
        ON_POOLS(without_descriptors_it_is_a_sleep),
        ON_ONE_WORKER(a_descriptor_that_is_not_open_is_told),
        ON_ONE_WORKER(a_file_is_ready_or_never),
        ON_POOLS(what_gets_ready_wakes_a_task),
        ON_POOLS(what_gets_ready_wakes_a_thread),
        ON_POOLS(room_wakes_who_writes),
        ON_POOLS(the_end_of_the_other_side_is_told),
        ON_POOLS(any_of_many_descriptors_ends_the_wait),
        ALONE(all_who_wait_for_a_descriptor_are_told),
        ALONE(each_is_told_what_it_waits_for),
        ALONE(several_share_what_comes_on_one_descriptor),
        ON_POOLS(one_that_is_closed_meanwhile_can_be_cancelled),
        ON_POOLS(a_new_descriptor_of_the_same_number_wakes),
        ALONE(one_closed_while_it_is_waited_for_leaves_its_number_good),
        ON_POOLS(a_worker_is_free_while_its_task_waits),
        ON_POOLS(deadlines_and_wakes_come_while_a_worker_looks_out),
        ON_POOLS(workers_that_descriptors_wake_leave_the_time_to_an_idle_one),
        ON_ONE_WORKER(long_turns_keep_nobody_out),
        ALONE(who_waits_costs_nothing),
        ON_POOLS(closing_with_cancel_ends_the_wait),
        ALONE(its_descriptors_are_closed_with_the_pool),
        ON_POOLS(a_child_waits_whatever_its_parent_is_asked),
        ON_POOLS(in_a_child_process_an_inherited_task_does_not_wait),
        ON_POOLS(a_child_process_leaves_the_waits_of_its_parent_alone),
        ALONE(a_crowd_waits_each_on_its_own_socket),
    };
    return cmocka_run_group_tests(tests, fixture_begin, NULL);
}
