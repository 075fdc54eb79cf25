/* A program that is one task: bide_run() makes a pool, runs the task and all that it submits, and gives its value.
 *
 * The main task waits for tasks of its own pool. With a single worker, too: those that have not started are then run in
 * place of the wait. */
#include "cli.h"

#include <bide/bide.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

struct job {
    unsigned number;
    bide_future *future;
};

static int square(void *arg, bide_value *result)
{
    const struct job *job = arg;
    int error = bide_sleep(0.01);
    *result = bide_u64((uint64_t)job->number * job->number);
    return error;
}

static int submit_jobs(struct job jobs[], unsigned n, unsigned *submitted)
{
    int error = 0;
    for (*submitted = 0; *submitted < n && !error; *submitted += !error) {
        struct job *job = &jobs[*submitted];
        job->number = *submitted + 1;
        error = bide_submit(bide_current_pool(), square, job, &job->future);
    }
    return error;
}

/* Every job is joined, whatever has happened before: it works on memory of its submitter's. */
static int sum_of_squares(unsigned n, uint64_t *sum)
{
    struct job *jobs = calloc(n + (size_t)1, sizeof *jobs);
    unsigned submitted;
    bide_value value;
    if (!jobs)
        return ENOMEM;
    int error = submit_jobs(jobs, n, &submitted);
    for (unsigned i = 0; i < submitted; i++) {
        int ended = bide_join(jobs[i].future, &value);
        if (ended == 0)
            *sum += value.u64;
        else if (error == 0)
            error = ended;
    }
    free(jobs);
    return error;
}

static int main_task(void *arg, bide_value *result)
{
    const unsigned *n = arg;
    return sum_of_squares(*n, &result->u64);
}

int main(int argc, char *argv[])
{
    unsigned n = 5;
    bide_pool_options options = {0};
    bide_value sum;
    const struct cli_arg args[] = {
        {.form = "--workers W", .count = &options.workers, .least = 1},
        {.form = "[N]", .count = &n},
        {0},
    };
    cli_read(argc, argv, "Sum the squares of 1 to N (5 unless given), each squared by a task of its own.", args);

    int error = bide_run(&options, main_task, &n, &sum);
    if (!error)
        printf("the squares of 1 to %u add up to %ju\n", n, (uintmax_t)sum.u64);
    return cli_end(error);
}
