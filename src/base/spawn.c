#include "base/spawn.h"

int spawn_thread(pthread_t *thread, const pthread_attr_t *attributes, void *(*body)(void *), void *arg)
{
    return pthread_create(thread, attributes, body, arg);
}
