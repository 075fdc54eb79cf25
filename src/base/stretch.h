/* Stretches: how long a thread has been doing what a user wrote. Reading the thread's signal mask back costs a system call; a
 * stretch that was shorter than the quickest system call has made none, and so has left the mask as it was.
 *
 * Time is the processor's own counter where it is fine enough (x86-64); elsewhere no stretch is short. The quickest call is
 * learned from those that the thread makes itself, after one of STRETCHES_PER_LESSON stretches at the latest, and three quarters
 * of it are the limit: so a processor that becomes faster, by more than a third and without having slept, is misjudged for no
 * longer than that. A stretch with marks is as long as the longest of its parts: so what bide itself does in between, in many
 * calls, does not make it long. */
#ifndef BASE_STRETCH_H
#define BASE_STRETCH_H

#include <stdbool.h>
#include <stdint.h>

#define STRETCHES_PER_LESSON 64

struct stretch {
    uint64_t began;
    uint64_t quickest; /* system call so far */
    unsigned count;
    bool is_long; /* whatever the counter says */
};

#if defined __x86_64__
static inline uint64_t stretch_clock(void)
{
    return __builtin_ia32_rdtsc();
}
#else
static inline uint64_t stretch_clock(void)
{
    return 0;
}
#endif

/* Learn, on the thread that it is for. */
void stretch_init(struct stretch *stretch);

/* Learn once more. A processor may be faster than it was before its thread slept. */
void stretch_refresh(struct stretch *stretch);

static inline void stretch_begin(struct stretch *stretch)
{
    stretch->is_long = false;
    stretch->began = stretch_clock();
}

/* It may have begun with another mask. */
static inline void stretch_make_long(struct stretch *stretch)
{
    stretch->is_long = true;
}

/* A part of it ends here, and the next begins. */
static inline void stretch_mark(struct stretch *stretch)
{
    uint64_t began = stretch->began;
    stretch->began = stretch_clock();
    if (stretch->began - began >= stretch->quickest / 4 * 3)
        stretch->is_long = true;
}

/* One has ended, and the next begins: had the first no time for a system call? */
static inline bool stretch_was_short(struct stretch *stretch)
{
    stretch_mark(stretch);
    bool was_short = !stretch->is_long && ++stretch->count % STRETCHES_PER_LESSON != 0;
    stretch->is_long = false;
    return was_short;
}

/* A system call that began when the last stretch ended is over. */
static inline void stretch_learn(struct stretch *stretch)
{
    uint64_t took = stretch_clock() - stretch->began;
    if (took < stretch->quickest)
        stretch->quickest = took;
    stretch_begin(stretch);
}

#endif
