#include "support/fixture.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define MANY 100

static bide_completions *make_queue(void)
{
    bide_completions *queue = NULL;
    assert_int_equal(bide_completions_create(&queue), 0);
    return queue;
}

static int descriptor_of(bide_completions *queue)
{
    int fd = -1;
    assert_int_equal(bide_completions_fd(queue, &fd), 0);
    assert_true(fd >= 0);
    return fd;
}

static bool is_readable_by(int fd, int milliseconds)
{
    struct pollfd polled = {.fd = fd, .events = POLLIN};
    int ready = poll(&polled, 1, milliseconds);
    CHECK(ready == 0 || (ready == 1 && polled.revents == POLLIN));
    return ready == 1;
}

static bool is_readable(int fd)
{
    return is_readable_by(fd, 0);
}

static void take(bide_completions *queue)
{
    assert_int_equal(bide_completions_next(queue, BIDE_NOW, NULL, NULL), 0);
}

static void list(bide_completions *queue, bide_future *future)
{
    assert_int_equal(bide_completions_add(queue, future, NULL), 0);
}

static void resolve(bide_future *promise)
{
    assert_int_equal(bide_promise_resolve(promise, bide_u64(0)), 0);
}

static void is_readable_while_something_has_ended(void **state)
{
    (void)state;
    bide_completions *queue = make_queue();
    bide_future *first = make_promise(), *second = make_promise();
    int fd = descriptor_of(queue);
    assert_false(is_readable(fd)); /* nothing is listed */
    list(queue, first);
    assert_false(is_readable(fd));
    list(queue, second);
    resolve(second);
    assert_true(is_readable(fd));
    assert_true(is_readable(fd));
    take(queue);
    assert_false(is_readable(fd));
    assert_int_equal(bide_completions_next(queue, BIDE_NOW, NULL, NULL), ETIMEDOUT);
    resolve(first);
    assert_true(is_readable(fd));
    take(queue);
    assert_false(is_readable(fd));
    assert_int_equal(bide_completions_next(queue, BIDE_NOW, NULL, NULL), ENOENT);
    bide_completions_destroy(queue);
    bide_future_release(first);
    bide_future_release(second);
}

static void knows_what_was_before_it(void **state)
{
    (void)state;
    bide_future *ended = make_promise(), *pending = make_promise();
    bide_completions *queue = make_queue();
    resolve(ended);
    list(queue, ended);
    list(queue, pending);
    int fd = descriptor_of(queue);
    assert_true(is_readable(fd));
    take(queue);
    assert_false(is_readable(fd));
    bide_completions_destroy(queue);
    queue = make_queue();
    list(queue, pending);
    assert_false(is_readable(descriptor_of(queue)));
    bide_completions_destroy(queue);
    bide_future_release(ended);
    bide_future_release(pending);
}

static void is_one_and_closed_by_destroy(void **state)
{
    (void)state;
    bide_completions *queue = make_queue();
    int fd = descriptor_of(queue);
    assert_int_equal(descriptor_of(queue), fd);
    assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    assert_int_equal(fcntl(fd, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
    bide_completions_destroy(queue);
    assert_int_equal(fcntl(fd, F_GETFD), -1);
}

/* Whatever is done, in any order. */
static void tells_the_truth_at_every_step(void **state)
{
    (void)state;
    bide_completions *queue = make_queue();
    bide_future *pending[MANY];
    size_t n = 0, ended = 0;
    uint64_t seed = 1;
    int fd = descriptor_of(queue);
    for (unsigned long i = 0; i < test_scale(20000); i++) {
        uint64_t draw = test_random(&seed);
        if (draw % 3 == 0 && n < MANY) {
            pending[n] = make_promise();
            list(queue, pending[n++]);
        } else if (draw % 3 == 1 && n > 0) {
            resolve(pending[--n]);
            bide_future_release(pending[n]);
            ended++;
        } else if (ended) {
            take(queue);
            ended--;
        }
        assert_int_equal(is_readable(fd), ended > 0);
    }
    bide_completions_destroy(queue);
    while (n > 0)
        bide_future_release(pending[--n]);
}

static int pass_gate(void *gate, bide_value *result)
{
    (void)result;
    gate_pass(gate);
    return 0;
}

/* It is the end of the task that wakes who polls. */
static void wakes_who_polls(void **state)
{
    struct fixture *at = *state;
    bide_completions *queue = make_queue();
    int fd = descriptor_of(queue);
    for (unsigned i = 0; i < MANY / 4; i++) {
        struct gate gate = GATE_INIT;
        assert_int_equal(bide_completions_submit(queue, at->pool, pass_gate, &gate, NULL), 0);
        gate_await(&gate, 1);
        assert_false(is_readable(fd));
        gate_open(&gate);
        assert_true(is_readable_by(fd, -1));
        take(queue);
    }
    bide_completions_destroy(queue);
}

#define TAKERS 4

struct takers {
    bide_completions *queue;
    int fd;
    unsigned long share;
};

/* Each takes its share; who comes too late polls again. */
static void *poll_and_take(void *arg)
{
    const struct takers *takers = arg;
    for (unsigned long taken = 0; taken < takers->share;) {
        CHECK(is_readable_by(takers->fd, -1));
        int error = bide_completions_next(takers->queue, BIDE_NOW, NULL, NULL);
        CHECK(error == 0 || error == ETIMEDOUT);
        taken += error == 0;
    }
    return NULL;
}

static int return_at_once(void *arg, bide_value *result)
{
    (void)arg;
    (void)result;
    return 0;
}

static void several_may_poll(void **state)
{
    struct fixture *at = *state;
    struct takers takers = {.queue = make_queue(), .share = test_scale(500)};
    pthread_t threads[TAKERS];
    takers.fd = descriptor_of(takers.queue);
    for (unsigned long i = 0; i < TAKERS * takers.share; i++)
        assert_int_equal(bide_completions_submit(takers.queue, at->pool, return_at_once, NULL, NULL), 0);
    for (int i = 0; i < TAKERS; i++)
        threads[i] = start_thread(poll_and_take, &takers);
    for (int i = 0; i < TAKERS; i++)
        end_thread(threads[i]);
    bide_completions_destroy(takers.queue);
}

static void without_descriptors_there_is_none(void **state)
{
    (void)state;
    struct rlimit own, none;
    bide_completions *queue = make_queue();
    int fd = -2;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &own), 0);
    none = own;
    none.rlim_cur = 0;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    errno = EDOM;
    assert_int_equal(bide_completions_fd(queue, &fd), EMFILE);
    assert_int_equal(errno, EDOM);
    assert_int_equal(fd, -2);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &own), 0);
    assert_false(is_readable(descriptor_of(queue)));
    bide_completions_destroy(queue);
}

/* The child's queue takes, and the parent's descriptor tells of the parent's. */
static void a_child_process_leaves_it_alone(void **state)
{
    (void)state;
    bide_completions *queue = make_queue();
    bide_future *ended = make_promise(), *pending = make_promise();
    int fd = descriptor_of(queue), status = -1;
    resolve(ended);
    list(queue, ended);
    list(queue, pending);
    pid_t child = fork();
    if (child == 0) {
        int ignored;
        CHECK_EQUAL(bide_completions_fd(queue, &ignored), ESHUTDOWN);
        CHECK_EQUAL(bide_completions_next(queue, BIDE_NOW, NULL, NULL), 0);
        const char *program = check_failures() ? "false" : "true";
        execlp(program, program, (char *)NULL);
        _exit(2);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_true(is_readable(fd));
    take(queue);
    assert_false(is_readable(fd));
    bide_completions_destroy(queue);
    bide_future_release(ended);
    bide_future_release(pending);
}

static void null_is_einval(void **state)
{
    (void)state;
    bide_completions *queue = make_queue();
    int fd;
    assert_int_equal(bide_completions_fd(NULL, &fd), EINVAL);
    assert_int_equal(bide_completions_fd(queue, NULL), EINVAL);
    bide_completions_destroy(queue);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ALONE(is_readable_while_something_has_ended),
        ALONE(knows_what_was_before_it),
        ALONE(is_one_and_closed_by_destroy),
        ALONE(tells_the_truth_at_every_step),
        ON_POOLS(wakes_who_polls),
        ON_POOLS(several_may_poll),
        ALONE(without_descriptors_there_is_none),
        ALONE(a_child_process_leaves_it_alone),
        ALONE(null_is_einval),
    };
    return cmocka_run_group_tests(tests, fixture_begin, NULL);
}
