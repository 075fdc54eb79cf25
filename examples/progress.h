/* Live bars of waiting tasks on a terminal; plain lines elsewhere. */
#ifndef EXAMPLES_PROGRESS_H
#define EXAMPLES_PROGRESS_H

#include <bide/bide.h>
#include <stdatomic.h>

#define SLICES 40 /* a bar is that wide where the terminal is wide enough */

/* One wait. Its task counts its slices, and the main thread, which shows them, tells when it has taken the result. */
struct wait {
    double delay;
    atomic_uint slices;
    bool taken;
};

struct progress {
    const struct wait *waits;
    size_t n;
    bool live;
    unsigned rows, columns; /* of the terminal */
    unsigned drawn;         /* lines that the next drawing replaces */
};

/* Before the first output. */
void progress_start(struct progress *progress, const struct wait waits[], size_t n);

/* Until when to wait for results before the bars are drawn again. */
bide_time progress_frame(const struct progress *progress);

/* Draw a bar for each wait that is not taken; one for all of them where they are more than the terminal has rows. */
void progress_draw(struct progress *progress);

/* Take the bars away and show, at once, that the result of a wait was taken. */
void progress_line(struct progress *progress, const struct wait *wait);

#endif
