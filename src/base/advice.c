#include "base/advice.h"

#include <errno.h>
#include <sys/mman.h>

#define NO_ADVICE (-1)

/* Where even what is no advice is taken, as an emulator may do, that some was taken does not mean that it is followed. */
bool advise(void *pages, size_t size, int advice)
{
    int error = errno; /* bide leaves errno alone */
    bool followed = madvise(pages, size, advice) == 0 && madvise(pages, size, NO_ADVICE) != 0;
    errno = error;
    return followed;
}
