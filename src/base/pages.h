/* Address space: every mapping that stacks lie in passes here. Replace pages.c to bring one that fails. Addresses and sizes
 * are whole pages. errno stays as it was. */
#ifndef BASE_PAGES_H
#define BASE_PAGES_H

#include <stdbool.h>
#include <stddef.h>

/* Zeros to read and write, which take memory page by page when they are touched; NULL: none to be had. */
void *pages_map(size_t size);
void pages_unmap(void *pages, size_t size);

/* Let every access fault, until it is unmapped. Marking costs no mapping of the process, but needs Linux 6.13; protecting
 * splits one in three. False: cannot be done. */
bool pages_mark(void *pages, size_t size);

/* Mark several, from one to the next by a stride: in one call to the kernel, where it has that (Linux 6.14). False: not all are
 * marked. */
bool pages_mark_row(char *first, size_t size, size_t stride, unsigned count);

bool pages_protect(void *pages, size_t size);

/* Let memory be there before it is touched, if the system can do that; all at once is cheaper than page by page. */
void pages_touch(void *pages, size_t size);

/* Give the memory back and keep the address space: zeros again, and what faults goes on faulting. */
void pages_discard(void *pages, size_t size);

#endif
