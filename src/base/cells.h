/* Memory for cells, which are all of one size and are made and freed by the million, often by different threads. Each thread has
 * up to two magazines of free cells, and takes from and gives to these without a lock; full magazines change hands in a depot.
 * After Bonwick and Adams, Magazines and Vmem (2001).
 *
 * Magazines are kept only while somebody uses cells in earnest: when the last user is gone, the depot is emptied, and so are the
 * magazines of the thread that was it; other threads' are when the thread ends, or gives a cell. Under AddressSanitizer and
 * valgrind nothing is kept, so that they see every use of a cell that was freed. */
#ifndef BASE_CELLS_H
#define BASE_CELLS_H

#define CELL_SIZE 56 /* bytes; with what an allocator adds a cache line */

/* NULL: no memory. */
void *cell_alloc(void);
void cell_free(void *cell);

/* Around the life of a pool. */
void cells_begin_use(void);
void cells_end_use(void);

#endif
