#include "progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define BESIDE_BAR 32 /* columns of a bar's line that are not bar */

/* A terminal that does not know its size is taken for a small one. */
static bool find_terminal(struct progress *progress)
{
    const char *kind = getenv("TERM");
    struct winsize size;
    if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0)
        return false;
    progress->rows = size.ws_row ? size.ws_row : 24;
    progress->columns = size.ws_col ? size.ws_col : 80;
    return progress->columns > BESIDE_BAR && kind && strcmp(kind, "dumb") != 0;
}

void progress_start(struct progress *progress, const struct wait waits[], size_t n)
{
    *progress = (struct progress){.waits = waits, .n = n};
    progress->live = find_terminal(progress);
    setvbuf(stdout, NULL, _IOFBF, (size_t)1 << 16); /* a frame is shown as a whole, by fflush() */
}

bide_time progress_frame(const struct progress *progress)
{
    return progress->live ? bide_in(0.05) : BIDE_FOREVER;
}

static void draw_bar(const struct progress *progress, double part)
{
    unsigned room = progress->columns - BESIDE_BAR, width = room < SLICES ? room : SLICES;
    unsigned full = (unsigned)(part * width);
    putchar('[');
    for (unsigned i = 0; i < width; i++)
        putchar(i < full ? '#' : '.');
    putchar(']');
}

static double part_of(const struct wait *wait)
{
    return (double)atomic_load_explicit(&wait->slices, memory_order_relaxed) / SLICES;
}

static void draw_each(struct progress *progress)
{
    for (const struct wait *wait = progress->waits; wait < progress->waits + progress->n; wait++) {
        if (wait->taken)
            continue;
        printf("wait %6zu ", (size_t)(wait - progress->waits));
        draw_bar(progress, part_of(wait));
        printf(" %.3f s\n", wait->delay);
        progress->drawn++;
    }
}

static void draw_together(struct progress *progress, size_t waiting)
{
    double parts = 0;
    for (size_t i = 0; i < progress->n; i++)
        parts += part_of(&progress->waits[i]);
    draw_bar(progress, parts / (double)progress->n);
    printf(" %zu of %zu wait\n", waiting, progress->n);
    progress->drawn++;
}

static void erase(struct progress *progress)
{
    if (progress->drawn)
        printf("\033[%uA\033[J", progress->drawn);
    progress->drawn = 0;
}

void progress_draw(struct progress *progress)
{
    size_t waiting = 0;
    if (!progress->live)
        return;
    for (size_t i = 0; i < progress->n; i++)
        waiting += !progress->waits[i].taken;
    erase(progress);
    if (waiting < progress->rows)
        draw_each(progress);
    else
        draw_together(progress, waiting);
    fflush(stdout);
}

void progress_line(struct progress *progress, const struct wait *wait)
{
    erase(progress);
    printf("wait %zu: %.3f s\n", (size_t)(wait - progress->waits), wait->delay);
    if (!progress->live)
        fflush(stdout);
}
