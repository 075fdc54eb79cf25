#include "base/advice.h"

#include "base/atomic.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NO_ADVICE (-1)

enum { UNKNOWN, IGNORED, FOLLOWED };

static atomic_word taken_advice;

/* An emulator may take any advice and follow none: then it takes also what is none. */
static bool is_followed(void *pages, size_t size)
{
    word known = load_acquire(&taken_advice);
    if (known == UNKNOWN) {
        known = madvise(pages, size, NO_ADVICE) == 0 ? IGNORED : FOLLOWED;
        store_release(&taken_advice, known);
    }
    return known == FOLLOWED;
}

bool advise(void *pages, size_t size, int advice)
{
    int error = errno; /* bide leaves errno alone */
    bool followed = madvise(pages, size, advice) == 0 && is_followed(pages, size);
    errno = error;
    return followed;
}

/* The kernel's name for the calling process, where it asks for a descriptor of one. */
#define SELF (-10000)

/* process_madvise() of a libc would be a cancellation point to some, and is missing in others; valgrind does not know it. */
bool advise_all(const struct iovec pages[], size_t count, int advice)
{
#if defined SYS_process_madvise && !defined BIDE_VALGRIND
    size_t size = 0;
    int error = errno;
    for (size_t i = 0; i < count; i++)
        size += pages[i].iov_len;
    bool taken = syscall(SYS_process_madvise, SELF, pages, count, advice, 0U) == (long)size;
    taken = taken && is_followed(pages[0].iov_base, pages[0].iov_len);
    errno = error;
    return taken;
#else
    (void)pages, (void)count, (void)advice;
    return false;
#endif
}
