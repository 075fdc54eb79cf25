/* What the examples share: reading their arguments, and ending with one clear line where something went wrong. */
#ifndef EXAMPLES_CLI_H
#define EXAMPLES_CLI_H

#include <stdbool.h>
#include <stdint.h>

/* One argument; of the pointers, the one that is set says what it is. A table lists options first, ends in {0}. */
struct cli_arg {
    const char *form;            /* as the usage line shows it: "--workers W", "--sequential", "N", "[MAX_DELAY]" */
    unsigned *count;             /* a whole number */
    unsigned least;              /* what a count is at least */
    double *seconds;             /* a number of seconds, from 0 to a billion */
    bool *flag;                  /* set by an option that has no value */
    char ***words;               /* all that is left, one at least, and NULL behind it; the last of the table */
    void (*seed)(uint64_t seed); /* called with a whole number */
};

/* Read the arguments. Bad ones end the program with status 2 and a line on stderr; --help shows the usage and `about`. */
void cli_read(int argc, char *argv[], const char *about, const struct cli_arg args[]);

/* Show each line at once, not only on a terminal; before the first output. */
void cli_line_by_line(void);

/* What main() returns: 0, or 1 after a line on stderr that tells the error, or that stdout could not be written. */
int cli_end(int error);

#endif
