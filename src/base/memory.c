#include "base/memory.h"

#include <errno.h>
#include <stdlib.h>

void *memory_alloc(size_t size)
{
    int error = errno; /* bide leaves errno alone */
    void *memory = malloc(size);
    errno = error;
    return memory;
}

void memory_free(void *memory)
{
    free(memory);
}
