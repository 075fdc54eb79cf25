/* The smallest of them: one random wait, on the main thread. A plain thread may wait in bide as a task may. */
#include "cli.h"

#include <bide/bide.h>
#include <stdio.h>

int main(int argc, char *argv[])
{
    double max_delay = BIDE_DEFAULT_MAX_DELAY, delay = 0;
    const struct cli_arg args[] = {
        {.form = "--seed S", .seed = bide_random_seed},
        {.form = "[MAX_DELAY]", .seconds = &max_delay},
        {0},
    };
    cli_read(argc, argv, "Wait a random delay of up to MAX_DELAY seconds (10 unless given).", args);

    int error = bide_wait_random(max_delay, &delay);
    if (!error)
        printf("waited %.3f s\n", delay);
    return cli_end(error);
}
