#include "base/barrier.h"

#include "base/atomic.h"
#include "base/spin.h"

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifdef __has_feature
#define IS_TSAN_OF_CLANG __has_feature(thread_sanitizer)
#else
#define IS_TSAN_OF_CLANG 0
#endif

#if defined SYS_membarrier && !defined __SANITIZE_THREAD__ && !IS_TSAN_OF_CLANG

/* As the kernel numbers them. */
#define PRIVATE_EXPEDITED (1 << 3)
#define REGISTER_PRIVATE_EXPEDITED (1 << 4)

enum { NOT_KNOWN, MISSING, THERE };

static atomic_word known;

/* A child that fork() makes is registered as its parent is. */
bool barrier_is_asymmetric(void)
{
    word found = load_acquire(&known);
    if (found == NOT_KNOWN) {
        int error = errno; /* bide leaves errno alone */
        found = syscall(SYS_membarrier, REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0 ? THERE : MISSING;
        errno = error;
        store_release(&known, found);
    }
    return found == THERE;
}

/* It can want for memory. */
void barrier_heavy(void)
{
    unsigned tries = 0;
    int error = errno;
    while (syscall(SYS_membarrier, PRIVATE_EXPEDITED, 0, 0) != 0)
        spin_wait(&tries);
    errno = error;
}

#else

bool barrier_is_asymmetric(void)
{
    return false;
}

void barrier_heavy(void)
{
}

#endif
