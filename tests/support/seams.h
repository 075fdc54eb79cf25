/* The library under test is built with seams.c in place of cells.c, memory.c, pages.c, clock.c and spawn.c: its memory, address
 * space, clock and thread creation can be counted, made to fail and set. Programs that include this link bide_seams instead of bide. */
#ifndef SUPPORT_SEAMS_H
#define SUPPORT_SEAMS_H

#include <bide/base.h>

#include <stdbool.h>
#include <stddef.h>

/* Allocations made and not freed. */
size_t seams_memory_live(void);

/* The nth allocation from now (1: the next) fails, once; 0: none. */
void seams_fail_memory(size_t nth);

/* Pages mapped and not unmapped. */
size_t seams_pages_live(void);

/* The nth mapping of pages from now fails, once; 0: none. */
void seams_fail_pages(size_t nth);

/* The nth and all that follow. */
void seams_fail_pages_from(size_t nth);

/* Let the system be one that cannot mark pages as faulting, so that they have to be protected. */
void seams_refuse_marks(bool refuse);

/* Pages that were protected. */
size_t seams_pages_protected(void);

/* The nth thread creation from now fails with EAGAIN, once; 0: none. */
void seams_fail_spawn(size_t nth);

/* The nth and all that follow. */
void seams_fail_spawn_from(size_t nth);

/* Called by each thread that is about to create one; NULL: nothing. */
void seams_before_spawn(void (*call)(void *arg), void *arg);

/* Was the failure asked for last reached? */
bool seams_memory_failed(void);
bool seams_pages_failed(void);
bool seams_spawn_failed(void);

/* Threads that were created. */
size_t seams_spawned(void);

/* What the clock says; 0: the real time again. Waits go on using the real clock, so set it only where nothing waits. */
void seams_set_clock(bide_time now);

#endif
