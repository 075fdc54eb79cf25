#include "base/pages.h"

#include "base/advice.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/uio.h>

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#endif

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

#define MARKED_MOST 16

/* A huge page would turn the first touch of a stack into the memory of eight. */
void *pages_map(size_t size)
{
    int error = errno;
    void *pages =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    errno = error;
    if (pages == MAP_FAILED)
        return NULL;
#ifdef MADV_NOHUGEPAGE
    advise(pages, size, MADV_NOHUGEPAGE);
#endif
    return pages;
}

/* A hole may need one mapping more than the process can have: then the memory goes at least. */
void pages_unmap(void *pages, size_t size)
{
    int error = errno;
    if (munmap(pages, size) != 0)
        advise(pages, size, MADV_DONTNEED);
    errno = error;
}

bool pages_mark(void *pages, size_t size)
{
    return advise(pages, size, MADV_GUARD_INSTALL);
}

bool pages_mark_row(char *first, size_t size, size_t stride, unsigned count)
{
    struct iovec pages[MARKED_MOST];
    if (count > MARKED_MOST)
        return false;
    for (unsigned i = 0; i < count; i++)
        pages[i] = (struct iovec){first + i * stride, size};
    return advise_all(pages, count, MADV_GUARD_INSTALL);
}

bool pages_protect(void *pages, size_t size)
{
    int error = errno;
    bool done = mprotect(pages, size, PROT_NONE) == 0;
    errno = error;
    return done;
}

void pages_touch(void *pages, size_t size)
{
    advise(pages, size, MADV_POPULATE_WRITE);
}

void pages_discard(void *pages, size_t size)
{
    advise(pages, size, MADV_DONTNEED);
}
