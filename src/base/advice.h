/* Advice to the kernel about pages of memory, where more than speed may hang on it. */
#ifndef BASE_ADVICE_H
#define BASE_ADVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/uio.h>

/* Of madvise(). True: it is followed. */
bool advise(void *pages, size_t size, int advice);

/* Of several. True: all of it is followed. */
bool advise_all(const struct iovec pages[], size_t count, int advice);

#endif
