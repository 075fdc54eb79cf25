/* Background workers: consumers take jobs from a Redis stream, as members of a consumer group. A clean-up takes over what
 * consumers that died have left, a health check sees that Redis replies in time, and SIGTERM ends them all: who is at a job
 * finishes it, and takes no other. All are children of one bide_group, so the first that fails stops the rest.
 *
 * A job is an entry "name N seconds S" of the stream "jobs", and takes that long. The names of those done go to the list
 * "done". */
#include "cli.h"
#include "redis_client.h"

#include <bide/bide.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum { BLOCK = 500 /* milliseconds a consumer waits for a job, and so how long stopping may take */ };

struct service {
    unsigned port, consumers;
    double patience, stale, beat; /* in seconds */
    int signals;
    bide_group *group;
};

struct member {
    const struct service *service;
    int (*step)(struct member *); /* done again and again until it fails, or this is cancelled */
    redisContext *redis;
    unsigned number, jobs;
};

/* In one step: a job is done if and only if it is acknowledged, and that is once, whoever else had a try at it. */
static int acknowledge(const struct member *member, const char *id, const char *name)
{
    static const char script[] = "if redis.call('XACK', KEYS[1], ARGV[1], ARGV[2]) == 1 then"
                                 "  redis.call('XDEL', KEYS[1], ARGV[2])"
                                 "  redis.call('RPUSH', KEYS[2], ARGV[3])"
                                 " end return 0";
    redisReply *reply;
    int error = redis_client_command(member->redis, member->service->patience, &reply,
                                     "EVAL %s 2 jobs done consumers %s %s", script, id, name);
    freeReplyObject(reply);
    return error;
}

/* What was begun is finished, asked to stop or not. */
static int work(struct member *member, const redisReply *entry)
{
    const char *id = redis_client_text(redis_client_element(entry, 0));
    const redisReply *fields = redis_client_element(entry, 1);
    bide_time end = bide_in(strtod(redis_client_text(redis_client_element(fields, 3)), NULL));
    while (bide_sleep_until(end) == ECANCELED)
        continue;
    member->jobs++;
    return acknowledge(member, id, redis_client_text(redis_client_element(fields, 1)));
}

static int take_job(struct member *member)
{
    redisReply *reply;
    int error =
        redis_client_command(member->redis, member->service->patience + BLOCK / 1000.0, &reply,
                             "XREADGROUP GROUP consumers %u COUNT 1 BLOCK %d STREAMS jobs >", member->number, BLOCK);
    const redisReply *entries = redis_client_element(redis_client_element(reply, 0), 1);
    if (!error && entries)
        error = work(member, redis_client_element(entries, 0));
    freeReplyObject(reply);
    return error;
}

/* The command before may have passed over a request to stop. */
static int pause_for(double seconds)
{
    return bide_cancelled() ? ECANCELED : bide_sleep(seconds);
}

/* One job that somebody took long ago, and that is not acknowledged. */
static int clean_up(struct member *member)
{
    redisReply *reply;
    const struct service *service = member->service;
    int error =
        redis_client_command(member->redis, service->patience, &reply, "XAUTOCLAIM jobs consumers %u %.0f 0-0 COUNT 1",
                             member->number, service->stale * 1000);
    const redisReply *entry = redis_client_element(redis_client_element(reply, 1), 0);
    if (!error)
        error = entry ? work(member, entry) : pause_for(service->stale / 2);
    freeReplyObject(reply);
    return error;
}

static int check_health(struct member *member)
{
    redisReply *reply;
    bide_time asked = bide_clock();
    int error = redis_client_command(member->redis, member->service->patience, &reply, "XLEN jobs");
    if (!error)
        printf("healthy: %lld to do, reply after %.1f ms\n", reply->integer, (double)(bide_clock() - asked) / 1e6);
    freeReplyObject(reply);
    return error ? error : pause_for(member->service->beat);
}

/* EPROTO: there is such a group already; or the next command will tell. */
static int join_group(struct member *member)
{
    redisReply *reply;
    int error = redis_client_command(member->redis, member->service->patience, &reply,
                                     "XGROUP CREATE jobs consumers 0 MKSTREAM");
    freeReplyObject(reply);
    return error == EPROTO ? 0 : error;
}

static int run_member(void *arg, bide_value *result)
{
    struct member *member = arg;
    int error = redis_client_open(&member->redis, member->service->port);
    (void)result;
    if (!error)
        error = join_group(member);
    while (!error && !bide_cancelled())
        error = member->step(member);
    redisFree(member->redis);
    return error;
}

static int await_signal(void *arg, bide_value *result)
{
    const struct service *service = arg;
    struct pollfd polled = {.fd = service->signals, .events = POLLIN};
    int error = bide_poll(&polled, 1, BIDE_FOREVER, NULL);
    (void)result;
    return error ? error : bide_group_cancel(service->group);
}

static int run_members(struct service *service, struct member members[], unsigned n)
{
    int failure = 0, error = bide_group_spawn(service->group, await_signal, service, NULL);
    for (unsigned i = 0; i < n && !error; i++) {
        members[i] = (struct member){.service = service, .number = i};
        members[i].step = i == 0 ? check_health : i == 1 ? clean_up : take_job;
        error = bide_group_spawn(service->group, run_member, &members[i], NULL);
    }
    if (error)
        bide_group_cancel(service->group);
    bide_group_wait(service->group, BIDE_FOREVER, &failure);
    return failure ? failure : error == ECANCELED ? 0 : error;
}

static int run(struct service *service, bide_pool *pool)
{
    unsigned n = service->consumers + 2, jobs = 0;
    struct member *members = calloc(n, sizeof *members);
    int error = members ? bide_group_create(&service->group, pool, 0) : ENOMEM;
    if (!error) {
        error = run_members(service, members, n);
        bide_group_destroy(service->group);
    }
    for (unsigned i = 0; i < n && members; i++)
        jobs += members[i].jobs;
    printf("stopped, %u jobs done\n", jobs);
    free(members);
    return error;
}

/* For a descriptor instead of a handler. Before there are threads: all of them must block the signals. */
static int open_signals(int *fd)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, NULL);
    *fd = signalfd(-1, &set, SFD_CLOEXEC);
    return *fd < 0 ? errno : 0;
}

int main(int argc, char *argv[])
{
    struct service service = {.port = 6379, .consumers = 4, .patience = 5, .stale = 60, .beat = 10};
    bide_pool_options options = {0};
    const struct cli_arg args[] = {
        {.form = "--workers W", .count = &options.workers, .least = 1},
        {.form = "--consumers N", .count = &service.consumers, .least = 1},
        {.form = "--patience SECONDS", .seconds = &service.patience},
        {.form = "--stale SECONDS", .seconds = &service.stale},
        {.form = "--beat SECONDS", .seconds = &service.beat},
        {.form = "[PORT]", .count = &service.port, .least = 1},
        {0},
    };
    cli_read(argc, argv,
             "Do the jobs of the Redis server at that port of this machine (6379 unless given) until SIGTERM.", args);
    cli_line_by_line();

    bide_pool *pool;
    int error = open_signals(&service.signals);
    if (!error)
        error = bide_pool_create(&pool, &options);
    if (!error) {
        error = run(&service, pool);
        bide_pool_destroy(pool);
    }
    close(service.signals);
    return cli_end(error);
}
