/* One thread serves a socket and a completion queue from one poll(2) loop: questions come by the socket, tasks work on them, and
 * each answer goes back as soon as it is there. */
#include "cli.h"

#include <bide/bide.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

struct server {
    bide_pool *pool;
    bide_completions *answers;
    int socket;
    bool has_more; /* questions to come */
};

/* How many steps until it is 1, if an odd number n becomes 3n + 1 and an even one n / 2 (Collatz). */
static int count_steps(void *arg, bide_value *steps)
{
    for (uint64_t n = (uintptr_t)arg; n > 1; steps->u64++)
        n = n % 2 ? 3 * n + 1 : n / 2;
    return 0;
}

/* A task for each question. The tag tells which it was. */
static int take_question(struct server *server)
{
    uint32_t question;
    if (recv(server->socket, &question, sizeof question, MSG_WAITALL) != sizeof question) {
        server->has_more = false;
        return 0;
    }
    void *tag = (void *)(uintptr_t)question;
    return bide_completions_submit(server->answers, server->pool, count_steps, tag, tag);
}

/* All that are there. The descriptor does not tell how many. */
static int send_answers(struct server *server)
{
    bide_future *future;
    bide_value steps;
    void *tag;
    int error;
    while ((error = bide_completions_next(server->answers, BIDE_NOW, &future, &tag)) == 0) {
        error = bide_join(future, &steps);
        uint32_t answer[] = {(uint32_t)(uintptr_t)tag, (uint32_t)steps.u64};
        if (!error && send(server->socket, answer, sizeof answer, MSG_NOSIGNAL) != sizeof answer)
            error = EPIPE;
        if (error)
            return error;
    }
    return error == ETIMEDOUT ? 0 : error; /* or ENOENT: nothing is listed */
}

/* Until no question is to come, and none is open. */
static int serve(struct server *server)
{
    struct pollfd polled[] = {{.fd = server->socket, .events = POLLIN}, {.events = POLLIN}};
    int error = bide_completions_fd(server->answers, &polled[1].fd);
    while (!error && poll(polled, 2, -1) > 0) {
        if (polled[0].revents)
            error = take_question(server);
        if (!server->has_more)
            polled[0].fd = -1; /* poll(2) leaves it out */
        if (!error)
            error = send_answers(server);
        if (error == ENOENT)
            error = server->has_more ? 0 : ENOENT;
    }
    return error == ENOENT ? 0 : error;
}

struct client {
    int socket;
    unsigned n;
    uint32_t longest, of;
};

/* Asks about all numbers up to n. */
static void *ask(void *arg)
{
    const struct client *client = arg;
    for (uint32_t question = 1; question <= client->n; question++)
        send(client->socket, &question, sizeof question, MSG_NOSIGNAL);
    shutdown(client->socket, SHUT_WR);
    return NULL;
}

static void *listen_for_answers(void *arg)
{
    struct client *client = arg;
    uint32_t answer[2];
    while (recv(client->socket, answer, sizeof answer, MSG_WAITALL) == sizeof answer)
        if (answer[1] > client->longest) {
            client->longest = answer[1];
            client->of = answer[0];
        }
    return NULL;
}

static int run(struct server *server, struct client *client)
{
    pthread_t asker, listener;
    int error = pthread_create(&asker, NULL, ask, client);
    if (error)
        return error;
    error = pthread_create(&listener, NULL, listen_for_answers, client);
    int served = error ? error : serve(server);
    shutdown(server->socket, SHUT_RDWR);
    if (!error)
        pthread_join(listener, NULL);
    pthread_join(asker, NULL);
    return served;
}

int main(int argc, char *argv[])
{
    bide_pool_options options = {0};
    unsigned n = 10000;
    const struct cli_arg args[] = {
        {.form = "--workers W", .count = &options.workers, .least = 1},
        {.form = "[N]", .count = &n, .least = 1},
        {0},
    };
    cli_read(argc, argv, "Serve N questions (10000 unless given) that come by a socket, from one poll(2) loop.", args);

    int ends[2];
    struct server server = {.has_more = true};
    int error = socketpair(AF_UNIX, SOCK_STREAM, 0, ends) ? errno : 0;
    if (error)
        return cli_end(error);
    struct client client = {.socket = ends[1], .n = n};
    server.socket = ends[0];
    error = bide_pool_create(&server.pool, &options);
    if (!error)
        error = bide_completions_create(&server.answers);
    if (!error)
        error = run(&server, &client);
    bide_pool_destroy(server.pool);
    bide_completions_destroy(server.answers);
    close(ends[0]);
    close(ends[1]);
    if (!error)
        printf("of the numbers up to %u, %u takes the most steps: %u\n", n, client.of, client.longest);
    return cli_end(error);
}
