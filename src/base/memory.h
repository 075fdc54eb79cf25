/* Memory: every byte bide asks for passes here. Replace memory.c to bring an allocator of your own, or one that fails. */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

#include <stddef.h>

/* NULL: none to be had. Aligned for any type; contents undefined. */
void *memory_alloc(size_t size);
void memory_free(void *memory);

#endif
