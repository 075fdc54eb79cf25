/* Thread creation: replace spawn.c to bring threads of another kind, or ones that cannot be had. */
#ifndef BASE_SPAWN_H
#define BASE_SPAWN_H

#include <pthread.h>

int spawn_thread(pthread_t *thread, const pthread_attr_t *attributes, void *(*body)(void *), void *arg);

#endif
