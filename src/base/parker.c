#include "base/parker.h"

#include "base/clock.h"

#include <errno.h>

#if PARKER_IS_FUTEX

#include <sys/syscall.h>
#include <unistd.h>

/* As linux/futex.h has them, which not every C library finds. */
#define FUTEX_WAIT_BITSET_PRIVATE (9 | 128) /* until an absolute time of CLOCK_MONOTONIC */
#define FUTEX_WAKE_PRIVATE (1 | 128)
#define ALL_BITS UINT32_MAX

/* The four bytes that the kernel compares: those that hold a small number. */
static void *futex_of(struct parker *parker)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    return (char *)&parker->woken + sizeof(word) - 4;
#else
    return &parker->woken;
#endif
}

void parker_make(struct parker *parker, struct lookout *lookout)
{
    parker->lookout = lookout;
    store_relaxed(&parker->woken, 0);
}

void parker_unmake(struct parker *parker)
{
    (void)parker;
}

/* An errno value, or 0; errno itself stays as it was. */
static int call_futex(struct parker *parker, int operation, uint32_t value, const struct timespec *deadline)
{
    int before = errno;
    tools_begin_futex();
    int error = syscall(SYS_futex, futex_of(parker), operation, value, deadline, NULL, ALL_BITS) < 0 ? errno : 0;
    tools_end_futex();
    errno = before;
    return error;
}

static bool sleep_alone(struct parker *parker, bide_time deadline)
{
    struct timespec until = clock_timespec(deadline);
    int error = 0;
    while (!load_relaxed(&parker->woken) && error != ETIMEDOUT)
        error = call_futex(parker, FUTEX_WAIT_BITSET_PRIVATE, 0, deadline == BIDE_FOREVER ? NULL : &until);
    return load_acquire(&parker->woken);
}

/* After the store the parker may be gone: its address is only a name. */
static void wake_alone(struct parker *parker)
{
    store_release(&parker->woken, 1);
    call_futex(parker, FUTEX_WAKE_PRIVATE, 1, NULL);
}

#else

void parker_make(struct parker *parker, struct lookout *lookout)
{
    pthread_condattr_t monotonic;
    parker->lookout = lookout;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &parker->cancel_state);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&parker->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_mutex_init(&parker->lock, NULL);
    parker->woken = false;
}

/* helgrind itself looks into a mutex that is destroyed, without having seen the end of the unlock before. */
void parker_unmake(struct parker *parker)
{
    int ignored;
    pthread_cond_destroy(&parker->changed);
    tools_enter_library();
    pthread_mutex_destroy(&parker->lock);
    tools_leave_library();
    pthread_setcancelstate(parker->cancel_state, &ignored);
}

/* glibc signals a condition itself, without the lock, when a deadline meets a signal; helgrind thinks that we do. */
static int wait_until(struct parker *parker, const struct timespec *deadline)
{
    tools_enter_library();
    int error = pthread_cond_timedwait(&parker->changed, &parker->lock, deadline);
    tools_leave_library();
    return error;
}

static bool sleep_alone(struct parker *parker, bide_time deadline)
{
    struct timespec until = clock_timespec(deadline);
    int error = 0;
    pthread_mutex_lock(&parker->lock);
    while (!parker->woken && error != ETIMEDOUT)
        error =
            deadline == BIDE_FOREVER ? pthread_cond_wait(&parker->changed, &parker->lock) : wait_until(parker, &until);
    bool woken = parker->woken;
    pthread_mutex_unlock(&parker->lock);
    return woken;
}

static void wake_alone(struct parker *parker)
{
    pthread_mutex_lock(&parker->lock);
    parker->woken = true;
    pthread_cond_signal(&parker->changed);
    pthread_mutex_unlock(&parker->lock);
}

#endif

bool parker_sleep(struct parker *parker, bide_time deadline)
{
    return parker->lookout ? lookout_sleep(parker->lookout, deadline) : sleep_alone(parker, deadline);
}

void parker_await(struct parker *parker)
{
    if (parker->lookout)
        lookout_await_light(parker->lookout);
    else
        sleep_alone(parker, BIDE_FOREVER);
}

void parker_wake(struct parker *parker)
{
    if (parker->lookout)
        lookout_light(parker->lookout);
    else
        wake_alone(parker);
}
