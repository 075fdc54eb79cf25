/* An echo server: each connection is a task that reads straight down, as if it had a thread of its own; while it waits for its
 * socket its worker serves others. The clients are tasks of the same pool. */
#include "cli.h"

#include <arpa/inet.h>
#include <bide/bide.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LINES = 10, PATIENCE = 30 /* seconds */ };

struct server {
    bide_group *connections; /* and clients */
    struct sockaddr_in address;
    int socket;
    unsigned clients;
};

static int await(int socket, short events)
{
    struct pollfd polled = {.fd = socket, .events = events};
    return bide_poll(&polled, 1, bide_in(PATIENCE), NULL);
}

/* Nothing got: the other side has said all. */
static int receive(int socket, char *bytes, size_t size, size_t *got)
{
    ssize_t received;
    int error = 0;
    while ((received = recv(socket, bytes, size, 0)) < 0 && !error)
        error = errno == EAGAIN ? await(socket, POLLIN) : errno;
    *got = received > 0 ? (size_t)received : 0;
    return error;
}

static int say(int socket, const char *bytes, size_t size)
{
    int error = 0;
    while (size && !error) {
        ssize_t sent = send(socket, bytes, size, MSG_NOSIGNAL);
        if (sent < 0)
            error = errno == EAGAIN ? await(socket, POLLOUT) : errno;
        bytes += sent > 0 ? sent : 0;
        size -= sent > 0 ? (size_t)sent : 0;
    }
    return error;
}

static int echo(void *arg, bide_value *result)
{
    int socket = (int)(intptr_t)arg, error = 0;
    char bytes[512];
    size_t got = 1;
    (void)result;
    while (got && !error) {
        error = receive(socket, bytes, sizeof bytes, &got);
        if (!error)
            error = say(socket, bytes, got);
    }
    close(socket);
    return error;
}

static int accept_one(struct server *server)
{
    int error = await(server->socket, POLLIN);
    int socket = error ? -1 : accept4(server->socket, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (socket < 0)
        return error ? error : errno;
    error = bide_group_spawn(server->connections, echo, (void *)(intptr_t)socket, NULL);
    if (error)
        close(socket);
    return error;
}

static int accept_all(void *arg, bide_value *result)
{
    struct server *server = arg;
    int error = 0;
    (void)result;
    for (unsigned i = 0; i < server->clients && !error; i++)
        error = accept_one(server);
    return error;
}

/* One line, and what comes back for it. */
static int chat(int socket, unsigned number)
{
    char line[32], answer[sizeof line] = "";
    size_t size = (size_t)snprintf(line, sizeof line, "line %u of %d", number, socket), got = 0;
    int error = say(socket, line, size);
    for (size_t more = 1; got < size && more && !error; got += more)
        error = receive(socket, answer + got, size - got, &more);
    return error ? error : got == size && memcmp(line, answer, size) == 0 ? 0 : EPROTO;
}

static int reach(int socket, const struct server *server)
{
    int error = 0;
    socklen_t size = sizeof error;
    if (connect(socket, (const struct sockaddr *)&server->address, sizeof server->address) == 0)
        return 0;
    if (errno != EINPROGRESS)
        return errno;
    int waited = await(socket, POLLOUT);
    getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size);
    return waited ? waited : error;
}

static int visit(void *arg, bide_value *result)
{
    const struct server *server = arg;
    (void)result;
    int client = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (client < 0)
        return errno;
    int error = reach(client, server);
    for (unsigned i = 0; i < LINES && !error; i++)
        error = chat(client, i);
    close(client);
    return error;
}

static int open_server(struct server *server)
{
    socklen_t size = sizeof server->address;
    server->address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    server->socket = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct sockaddr *address = (struct sockaddr *)&server->address;
    bool is_open = server->socket >= 0 && bind(server->socket, address, size) == 0 &&
                   listen(server->socket, SOMAXCONN) == 0 && getsockname(server->socket, address, &size) == 0;
    return is_open ? 0 : errno;
}

/* The first error, of whichever side, ends them all. */
static int run(bide_pool *pool, struct server *server)
{
    int failure = 0, error = bide_group_create(&server->connections, pool, 0);
    if (error)
        return error;
    error = bide_group_spawn(server->connections, accept_all, server, NULL);
    for (unsigned i = 0; i < server->clients && !error; i++)
        error = bide_group_spawn(server->connections, visit, server, NULL);
    if (error)
        bide_group_cancel(server->connections);
    bide_group_wait(server->connections, BIDE_FOREVER, &failure);
    bide_group_destroy(server->connections);
    return failure ? failure : error;
}

int main(int argc, char *argv[])
{
    bide_pool_options options = {.workers = 0};
    struct server server = {.clients = 100, .socket = -1};
    const struct cli_arg args[] = {
        {.form = "--workers W", .count = &options.workers, .least = 1},
        {.form = "[N]", .count = &server.clients, .least = 1},
        {0},
    };
    cli_read(argc, argv, "Serve N clients (100 unless given) at once that have their lines sent back.", args);

    bide_pool *pool = NULL;
    int error = open_server(&server);
    if (!error)
        error = bide_pool_create(&pool, &options);
    if (!error)
        error = run(pool, &server);
    bide_pool_destroy(pool);
    if (server.socket >= 0)
        close(server.socket);
    if (!error)
        printf("%u clients got each of their %d lines back\n", server.clients, LINES);
    return cli_end(error);
}
