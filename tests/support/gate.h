/* A gate: tasks stand at it until it is opened, and the test knows how many do. So "running", "queued" and "all busy" are
 * facts before anything is tested on them. Built on plain pthreads: a task at a gate blocks its thread and cannot be
 * cancelled. */
#ifndef SUPPORT_GATE_H
#define SUPPORT_GATE_H

#include <stdbool.h>

struct gate {
    unsigned arrived; /* since the start; never counts down */
    bool open;
};

#define GATE_INIT                                                                                                      \
    {                                                                                                                  \
        0, false                                                                                                       \
    }

/* Arrive, and stand there until the gate is open. */
void gate_pass(struct gate *gate);

/* Arrive, and go on: tells the test that a point has been reached. */
void gate_arrive(struct gate *gate);

/* Wait until n have arrived. */
void gate_await(struct gate *gate, unsigned n);

void gate_open(struct gate *gate);

/* How many have arrived so far. */
unsigned gate_arrived(struct gate *gate);

#endif
