#include "support/asleep.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>

enum { MANY = 12, HIGH = 500 };

/* A task that polls while an allocation fails, and once more. */
struct needy {
    struct pollfd polled[MANY];
    size_t nth;
    bool reached;
    int error;
};

static int poll_without_memory(void *arg, bide_value *result)
{
    struct needy *needy = arg;
    (void)result;
    seams_fail_memory(needy->nth);
    errno = EDOM;
    needy->error = bide_poll(needy->polled, MANY, bide_in(0.0005), NULL);
    CHECK_EQUAL(errno, EDOM);
    needy->reached = seams_memory_failed();
    seams_fail_memory(0);
    CHECK_EQUAL(bide_poll(needy->polled, MANY, bide_in(0.0005), NULL), ETIMEDOUT);
    return 0;
}

static void poll_in_a_new_pool(struct needy *needy)
{
    bide_pool *pool = make_pool(1);
    assert_int_equal(bide_join(submit(pool, poll_without_memory, needy), NULL), 0);
    end_pool(pool);
    assert_int_equal(seams_memory_live(), 0);
}

/* More descriptors than fit a task's stack, and some with numbers for which there is no place yet. What is allocated while the
 * task waits is its worker's, which does without. */
static void reports_no_memory_and_waits_when_there_is_some(void **state)
{
    (void)state;
    struct needy needy = {.reached = true};
    unsigned refused = 0;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    for (int i = 0; i < MANY; i++)
        needy.polled[i] = (struct pollfd){i < MANY / 2 ? ends[0] : fcntl(ends[0], F_DUPFD_CLOEXEC, HIGH), POLLIN, 0};
    for (needy.nth = 1; needy.reached; needy.nth++) {
        poll_in_a_new_pool(&needy);
        assert_true(needy.error == ETIMEDOUT || needy.error == ENOMEM);
        refused += needy.error == ENOMEM;
    }
    assert_int_equal(needy.error, ETIMEDOUT);
    assert_true(refused >= 4); /* the lookout, its places, the waiters, more places */
    for (int i = MANY / 2; i < MANY; i++)
        assert_int_equal(close(needy.polled[i].fd), 0);
    assert_int_equal(close(ends[0]), 0);
    assert_int_equal(close(ends[1]), 0);
}

static int next_descriptor(void)
{
    int fd = dup(STDERR_FILENO);
    CHECK(fd >= 0);
    CHECK_EQUAL(close(fd), 0);
    return fd;
}

static void leave_descriptors(int spare, struct rlimit *before)
{
    CHECK_EQUAL(getrlimit(RLIMIT_NOFILE, before), 0);
    struct rlimit less = *before;
    less.rlim_cur = (rlim_t)next_descriptor() + (rlim_t)spare;
    CHECK_EQUAL(setrlimit(RLIMIT_NOFILE, &less), 0);
}

static int poll_without_descriptors(void *arg, bide_value *result)
{
    struct pollfd polled = {.fd = *(const int *)arg, .events = POLLIN};
    (void)result;
    for (int spare = 0; spare < 2; spare++) {
        struct rlimit before;
        int next = next_descriptor();
        leave_descriptors(spare, &before);
        errno = EDOM;
        CHECK_EQUAL(bide_poll(&polled, 1, BIDE_FOREVER, NULL), EMFILE);
        CHECK_EQUAL(bide_poll(&polled, 1, BIDE_NOW, NULL), ETIMEDOUT);
        CHECK_EQUAL(errno, EDOM);
        CHECK_EQUAL(setrlimit(RLIMIT_NOFILE, &before), 0);
        CHECK_EQUAL(next_descriptor(), next);
    }
    CHECK_EQUAL(bide_poll(&polled, 1, bide_in(0.0005), NULL), ETIMEDOUT);
    return 0;
}

static void reports_no_descriptors_and_waits_when_there_are_some(void **state)
{
    struct fixture *at = *state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(bide_join(submit(at->pool, poll_without_descriptors, &ends[0]), NULL), 0);
    assert_int_equal(close(ends[0]), 0);
    assert_int_equal(close(ends[1]), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ALONE(reports_no_memory_and_waits_when_there_is_some),
        ON_POOLS(reports_no_descriptors_and_waits_when_there_are_some),
    };
    return cmocka_run_group_tests(tests, fixture_begin, NULL);
}
