/* Ten tasks use a service that bears three callers at once: a semaphore has a permit for each. None begins before the service
 * is there: an event tells. */
#include "cli.h"

#include <bide/bide.h>
#include <stdatomic.h>
#include <stdio.h>

enum { CALLERS = 10, AT_ONCE = 3 };

struct service {
    bide_event there; /* all zero: not yet */
    bide_semaphore permits;
    double seconds; /* that it takes for each */
    atomic_int callers, most, served;
};

/* What does not know of the limit. */
static void serve(struct service *service)
{
    int callers = atomic_fetch_add(&service->callers, 1) + 1, most = atomic_load(&service->most);
    while (callers > most && !atomic_compare_exchange_weak(&service->most, &most, callers))
        ;
    bide_sleep(service->seconds);
    atomic_fetch_sub(&service->callers, 1);
    atomic_fetch_add(&service->served, 1);
}

static int call(void *arg, bide_value *result)
{
    struct service *service = arg;
    (void)result;
    int error = bide_event_wait(&service->there, BIDE_FOREVER);
    if (!error)
        error = bide_semaphore_acquire(&service->permits, BIDE_FOREVER);
    if (error)
        return error;
    serve(service);
    return bide_semaphore_release(&service->permits);
}

static int call_all(bide_pool *pool, struct service *service)
{
    int error = bide_semaphore_init(&service->permits, AT_ONCE, AT_ONCE);
    for (int i = 0; i < CALLERS && !error; i++)
        error = bide_submit(pool, call, service, NULL);
    printf("served before the service is there: %d\n", atomic_load(&service->served));
    bide_event_set(&service->there);
    return error ? error : bide_pool_drain(pool, BIDE_FOREVER);
}

int main(int argc, char *argv[])
{
    bide_pool *pool;
    struct service service = {.most = 0};
    double slower = 1;
    const struct cli_arg args[] = {
        {.form = "--slower TIMES", .seconds = &slower},
        {0},
    };
    cli_read(argc, argv, "Let ten tasks use what bears three at once.", args);
    cli_line_by_line();
    service.seconds = 0.05 * slower;

    int error = bide_pool_create(&pool, NULL);
    if (error)
        return cli_end(error);
    error = call_all(pool, &service);
    bide_pool_destroy(pool);
    if (!error)
        printf("served: %d\nat once: %d\n", atomic_load(&service.served), atomic_load(&service.most));
    return cli_end(error);
}
