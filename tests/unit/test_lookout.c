#include "base/clock.h"
#include "base/lookout.h"
#include "support/asleep.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MANY = 300, HIGH = 500 };

static struct lookout *make_lookout(void)
{
    struct lookout *lookout = NULL;
    assert_int_equal(lookout_create(&lookout), 0);
    return lookout;
}

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
    assert_int_equal(write(fd, "", 1), 1);
}

static size_t take(struct lookout *lookout)
{
    size_t taken = 0;
    for (struct link *link = lookout_take(lookout); link; link = link->next)
        taken++;
    return taken;
}

static void add(struct lookout *lookout, int fd, short events, struct link *link)
{
    *link = (struct link){NULL, NULL};
    assert_int_equal(lookout_add(lookout, fd, events, link), 0);
}

static void sees_once_what_is_ready(void **state)
{
    (void)state;
    struct lookout *lookout = make_lookout();
    struct link link;
    int ends[2];
    open_pair(ends);
    assert_false(lookout_is_used(NULL));
    assert_false(lookout_is_used(lookout));
    add(lookout, ends[0], POLLIN, &link);
    assert_true(lookout_is_used(lookout));
    assert_null(lookout_take(lookout));
    put_byte(ends[1]);
    assert_ptr_equal(lookout_take(lookout), &link);
    assert_false(lookout_is_used(lookout));
    assert_null(lookout_take(lookout));
    add(lookout, ends[0], POLLIN, &link); /* it still is */
    assert_ptr_equal(lookout_take(lookout), &link);
    close_pair(ends);
    lookout_destroy(lookout);
}

static void a_sleep_ends_by_what_is_ready(void **state)
{
    (void)state;
    struct lookout *lookout = make_lookout();
    struct link link;
    int ends[2];
    open_pair(ends);
    add(lookout, ends[0], POLLIN, &link);
    put_byte(ends[1]);
    for (int i = 0; i < 3; i++) { /* and what was not taken lets nobody sleep */
        assert_false(lookout_sleep(lookout, BIDE_FOREVER));
        assert_true(lookout_has_seen(lookout));
        assert_true(lookout_should_look(lookout));
    }
    assert_ptr_equal(lookout_take(lookout), &link);
    assert_false(lookout_has_seen(lookout));
    close_pair(ends);
    lookout_destroy(lookout);
}

static void a_sleep_ends_at_its_deadline_and_not_early(void **state)
{
    (void)state;
    struct lookout *lookout = make_lookout();
    struct link link;
    int ends[2];
    open_pair(ends);
    add(lookout, ends[0], POLLIN, &link);
    for (int i = 0; i < 20; i++) {
        bide_time deadline = clock_now() + i * 100000;
        errno = EDOM;
        assert_false(lookout_sleep(lookout, deadline));
        assert_int_equal(errno, EDOM);
        assert_true(clock_now() >= deadline);
        assert_false(lookout_has_seen(lookout));
    }
    lookout_remove(lookout, ends[0], &link);
    close_pair(ends);
    lookout_destroy(lookout);
}

static int sleep_long(void *lookout)
{
    return lookout_sleep(lookout, BIDE_FOREVER);
}

static int await_light(void *lookout)
{
    lookout_await_light(lookout);
    return true;
}

static void a_light_ends_one_sleep(void **state)
{
    (void)state;
    struct lookout *lookout = make_lookout();
    lookout_light(lookout);
    assert_true(lookout_sleep(lookout, BIDE_FOREVER));
    assert_false(lookout_sleep(lookout, bide_in(0.001)));
    for (int i = 0; i < 2; i++) {
        struct caller caller;
        caller_start(&caller, i ? await_light : sleep_long, lookout);
        lookout_light(lookout);
        assert_true(caller_end(&caller));
    }
    assert_false(lookout_sleep(lookout, bide_in(0.001)));
    lookout_destroy(lookout);
}

static void a_light_hides_nothing(void **state)
{
    (void)state;
    struct lookout *lookout = make_lookout();
    struct link link;
    int ends[2];
    open_pair(ends);
    add(lookout, ends[0], POLLIN, &link);
    put_byte(ends[1]);
    lookout_light(lookout);
    assert_true(lookout_sleep(lookout, BIDE_FOREVER));
    assert_ptr_equal(lookout_take(lookout), &link);
    assert_false(lookout_sleep(lookout, bide_in(0.001)));
    close_pair(ends);
    lookout_destroy(lookout);
}

static void all_links_of_a_descriptor_are_taken_with_it(void **state)
{
    (void)state;
    struct lookout *lookout = make_lookout();
    struct link links[3];
    int ends[2];
    open_pair(ends);
    add(lookout, ends[0], POLLPRI, &links[0]);
    add(lookout, ends[0], POLLIN, &links[1]);
    add(lookout, ends[0], POLLPRI, &links[2]);
    assert_null(lookout_take(lookout));
    put_byte(ends[1]);
    assert_int_equal(take(lookout), 3);
    add(lookout, ends[0], POLLPRI, &links[0]);
    assert_null(lookout_take(lookout)); /* the byte is no business of what is listed now */
    lookout_remove(lookout, ends[0], &links[0]);
    close_pair(ends);
    lookout_destroy(lookout);
}

static void what_was_removed_is_not_taken(void **state)
{
    (void)state;
    struct lookout *lookout = make_lookout();
    struct link links[2];
    int ends[2];
    open_pair(ends);
    add(lookout, ends[0], POLLIN, &links[0]);
    add(lookout, ends[0], POLLIN, &links[1]);
    lookout_remove(lookout, ends[0], &links[0]);
    put_byte(ends[1]);
    assert_ptr_equal(lookout_take(lookout), &links[1]);
    lookout_remove(lookout, ends[0], &links[1]); /* it was taken: nothing is done */
    assert_false(lookout_is_used(lookout));
    assert_false(lookout_sleep(lookout, bide_in(0.001)));
    close_pair(ends);
    lookout_destroy(lookout);
}

/* Another file has the number by now, which the kernel has not heard of. */
static void a_number_that_is_used_again_is_as_good_as_any(void **state)
{
    (void)state;
    struct lookout *lookout = make_lookout();
    struct link links[2];
    int first[2], second[2];
    open_pair(first);
    open_pair(second);
    for (int i = 0; i < 2; i++) {
        add(lookout, first[0], POLLIN, &links[0]);
        if (i == 0)
            lookout_remove(lookout, first[0], &links[0]);
        assert_int_equal(dup2(second[0], first[0]), first[0]);
        add(lookout, first[0], POLLIN, &links[1]);
        assert_null(lookout_take(lookout));
        put_byte(second[1]);
        assert_int_equal(take(lookout), i + 1);
        assert_int_equal(read(second[0], links, 1), 1);
        close_pair(first);
        open_pair(first);
    }
    close_pair(first);
    close_pair(second);
    lookout_destroy(lookout);
}

static void what_is_closed_cannot_be_added(void **state)
{
    (void)state;
    struct lookout *lookout = make_lookout();
    struct link link = {NULL, NULL};
    int ends[2];
    open_pair(ends);
    close_pair(ends);
    errno = EDOM;
    int error = lookout_add(lookout, ends[0], POLLIN, &link);
    assert_int_equal(errno, EDOM);
    assert_true(error ? error == EBADF && !lookout_is_used(lookout)
                      : take(lookout) == 1); /* poll(2) would say so later */
    lookout_destroy(lookout);
}

static void many_are_seen_however_high_their_numbers(void **state)
{
    (void)state;
    static struct link links[MANY];
    static int fds[MANY];
    struct lookout *lookout = make_lookout();
    int ends[2];
    size_t taken = 0;
    open_pair(ends);
    for (int i = 0; i < MANY; i++) {
        fds[i] = fcntl(ends[0], F_DUPFD_CLOEXEC, HIGH);
        assert_true(fds[i] >= HIGH);
        add(lookout, fds[i], POLLIN, &links[i]);
    }
    assert_null(lookout_take(lookout));
    put_byte(ends[1]);
    while (lookout_is_used(lookout))
        taken += take(lookout);
    assert_int_equal(taken, MANY);
    for (int i = 0; i < MANY; i++)
        assert_int_equal(close(fds[i]), 0);
    close_pair(ends);
    lookout_destroy(lookout);
}

static void who_is_busy_looks_now_and_then(void **state)
{
    (void)state;
    struct lookout *lookout = make_lookout();
    struct link link;
    int ends[2];
    bide_time now = clock_now();
    int turns = 1;
    open_pair(ends);
    add(lookout, ends[0], POLLIN, &link);
    seams_set_clock(now);
    assert_null(lookout_take(lookout));
    while (!lookout_should_look(lookout))
        turns++;
    assert_in_range(turns, 2, 64);
    assert_null(lookout_take(lookout));
    assert_false(lookout_should_look(lookout));
    seams_set_clock(now + 100000);
    assert_true(lookout_should_look(lookout));
    seams_set_clock(0);
    lookout_remove(lookout, ends[0], &link);
    assert_false(lookout_should_look(lookout)); /* for nobody */
    close_pair(ends);
    lookout_destroy(lookout);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ALONE(sees_once_what_is_ready),
        ALONE(a_sleep_ends_by_what_is_ready),
        ALONE(a_sleep_ends_at_its_deadline_and_not_early),
        ALONE(a_light_ends_one_sleep),
        ALONE(a_light_hides_nothing),
        ALONE(all_links_of_a_descriptor_are_taken_with_it),
        ALONE(what_was_removed_is_not_taken),
        ALONE(a_number_that_is_used_again_is_as_good_as_any),
        ALONE(what_is_closed_cannot_be_added),
        ALONE(many_are_seen_however_high_their_numbers),
        ALONE(who_is_busy_looks_now_and_then),
    };
    return cmocka_run_group_tests(tests, fixture_begin, NULL);
}
