#include "support/gate.h"

#include <pthread.h>

/* One lock and one condition for all gates: so a gate may live anywhere, and needs no end. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;

void gate_arrive(struct gate *gate)
{
    pthread_mutex_lock(&lock);
    gate->arrived++;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

void gate_pass(struct gate *gate)
{
    pthread_mutex_lock(&lock);
    gate->arrived++;
    pthread_cond_broadcast(&changed);
    while (!gate->open)
        pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
}

void gate_await(struct gate *gate, unsigned n)
{
    pthread_mutex_lock(&lock);
    while (gate->arrived < n)
        pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
}

void gate_open(struct gate *gate)
{
    pthread_mutex_lock(&lock);
    gate->open = true;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

unsigned gate_arrived(struct gate *gate)
{
    pthread_mutex_lock(&lock);
    unsigned arrived = gate->arrived;
    pthread_mutex_unlock(&lock);
    return arrived;
}
