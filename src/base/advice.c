#include "base/advice.h"

#include "base/atomic.h"

#include <errno.h>
#include <sys/mman.h>

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
