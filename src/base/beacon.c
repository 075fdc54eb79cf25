#include "base/beacon.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <unistd.h>

#if defined __linux__ && !defined BIDE_PORTABLE

#include <sys/eventfd.h>

static int open_both(struct beacon *beacon)
{
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    int error = fd < 0 ? errno : 0;
    *beacon = (struct beacon){fd, fd};
    return error;
}

#else

#include <fcntl.h>

static void set_flags(int fd)
{
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    fcntl(fd, F_SETFL, O_NONBLOCK);
}

static int open_both(struct beacon *beacon)
{
    int ends[2] = {-1, -1};
    int error = pipe(ends) ? errno : 0;
    if (!error) {
        set_flags(ends[0]);
        set_flags(ends[1]);
    }
    *beacon = (struct beacon){ends[0], ends[1]};
    return error;
}

#endif

int beacon_open(struct beacon *beacon)
{
    int own = errno;
    int error = open_both(beacon);
    errno = own;
    return error;
}

void beacon_close(struct beacon *beacon)
{
    int error = errno;
    if (beacon->lighter != beacon->watched)
        close(beacon->lighter);
    if (beacon->watched >= 0)
        close(beacon->watched);
    *beacon = (struct beacon){-1, -1};
    errno = error;
}

/* Around a call that would be a cancellation point: whoever lights a beacon has something in its hands. */
struct quiet {
    int error, cancel_state;
};

static struct quiet begin_quiet(void)
{
    struct quiet quiet = {.error = errno};
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &quiet.cancel_state);
    return quiet;
}

static void end_quiet(struct quiet quiet)
{
    int ignored;
    pthread_setcancelstate(quiet.cancel_state, &ignored);
    errno = quiet.error;
}

/* Neither can fail on a descriptor that is open: there is room for one, and there is one to be read. */
void beacon_light(const struct beacon *beacon)
{
    struct quiet quiet = begin_quiet();
    uint64_t one = 1;
    ssize_t ignored = write(beacon->lighter, &one, sizeof one);
    (void)ignored;
    end_quiet(quiet);
}

void beacon_put_out(const struct beacon *beacon)
{
    struct quiet quiet = begin_quiet();
    uint64_t one;
    ssize_t ignored = read(beacon->watched, &one, sizeof one);
    (void)ignored;
    end_quiet(quiet);
}
