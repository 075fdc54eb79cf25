/* A task at each end of a connection: it reads and writes, and where that would block it waits in bide_poll(). */
#include "../bide.h"
#include "workload.h"

#include <errno.h>

struct client {
    int ends[2];
    size_t trips;
};

static void await(int fd, short events)
{
    struct pollfd end = {.fd = fd, .events = events};
    check(bide_poll(&end, 1, BIDE_FOREVER, NULL));
}

/* 0: the other end is closed. */
static size_t receive(int fd, char *message)
{
    ssize_t n;
    while ((n = read(fd, message, MESSAGE)) < 0) {
        expect(errno == EAGAIN, "reading");
        await(fd, POLLIN);
    }
    return (size_t)n;
}

static void send_all(int fd, const char *message, size_t length)
{
    for (size_t sent = 0; sent < length;) {
        ssize_t n = write(fd, message + sent, length - sent);
        expect(n >= 0 || errno == EAGAIN, "writing");
        if (n < 0)
            await(fd, POLLOUT);
        else
            sent += (size_t)n;
    }
}

static int serve(void *arg, bide_value *result)
{
    struct client *client = arg;
    char message[MESSAGE];
    size_t length;
    (void)result;
    while ((length = receive(client->ends[1], message)) > 0)
        send_all(client->ends[1], message, length);
    close(client->ends[1]);
    return 0;
}

static int ask(void *arg, bide_value *result)
{
    struct client *client = arg;
    char message[MESSAGE] = {0};
    (void)result;
    for (size_t i = 0; i < client->trips; i++) {
        send_all(client->ends[0], message, MESSAGE);
        for (size_t length = 0; length < MESSAGE;) {
            size_t more = receive(client->ends[0], message);
            expect(more > 0, "answer");
            length += more;
        }
    }
    close(client->ends[0]);
    return 0;
}

/* Microseconds for each of some n messages that go there and back. */
static double echo(bide_pool *pool, unsigned connections, size_t n)
{
    struct client clients[CONNECTIONS];
    size_t trips = n / connections;
    for (unsigned i = 0; i < connections; i++) {
        clients[i].trips = trips;
        make_connection(clients[i].ends);
    }
    int64_t start = clock_ns();
    for (unsigned i = 0; i < connections; i++) {
        check(bide_submit(pool, serve, &clients[i], NULL));
        check(bide_submit(pool, ask, &clients[i], NULL));
    }
    check(bide_pool_drain(pool, BIDE_FOREVER));
    return seconds_since(start) * 1e6 / (double)(trips * connections);
}

int main(int argc, char **argv)
{
    struct arguments arguments = parse(argc, argv, 100000);
    bide_pool *pool = make_pool(arguments.workers);
    echo(pool, 1, arguments.size / 10);
    print("one_us", echo(pool, 1, arguments.size));
    print("sixty_four_us", echo(pool, CONNECTIONS, arguments.size));
    return bide_pool_destroy(pool);
}
