/* Memory for cells, which are all of one size and are made and freed by the million, often by different threads. Each thread has
 * up to two magazines of free cells, and takes from and gives to these without a lock; full magazines change hands in a depot.
 * After Bonwick and Adams, Magazines and Vmem (2001).
 *
 * Cells lie in regions, which take memory as they are used, and each fills a cache line. While there are users the depot keeps
 * what it has, and what threads leave that end. When the last user has gone, the cells in the depot and in that thread's
 * magazines go home, and so do others when their thread ends or fills a magazine; a region all of whose cells are home goes back
 * to the system. Under AddressSanitizer and valgrind nothing is kept, so that they see every use of a cell that was freed. */
#ifndef BASE_CELLS_H
#define BASE_CELLS_H

#define CELL_SIZE 64 /* bytes: a cache line */

/* NULL: no memory. */
void *cell_alloc(void);
void cell_free(void *freed);

/* Around the life of a pool. */
void cells_begin_use(void);
void cells_end_use(void);

#endif
