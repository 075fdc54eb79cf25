/* Messages that go there and back over connections of the loopback device. */
#ifndef BENCH_ECHO_WORKLOAD_H
#define BENCH_ECHO_WORKLOAD_H

#include "../measure.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

enum { MESSAGE = 64, CONNECTIONS = 64 };

static inline int prepared(int fd)
{
    int on = 1;
    expect(fd >= 0, "connection");
    expect(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0, "option of a connection");
    expect(fcntl(fd, F_SETFL, O_NONBLOCK) == 0, "option of a connection");
    return fd;
}

/* Both ends of a connection by TCP, which do not block. */
static inline void make_connection(int ends[2])
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int door = socket(AF_INET, SOCK_STREAM, 0), fd = socket(AF_INET, SOCK_STREAM, 0);
    expect(bind(door, (struct sockaddr *)&address, length) == 0, "address");
    expect(listen(door, 1) == 0, "listening");
    expect(getsockname(door, (struct sockaddr *)&address, &length) == 0, "address");
    expect(connect(fd, (struct sockaddr *)&address, length) == 0, "connecting");
    ends[0] = prepared(fd);
    ends[1] = prepared(accept(door, NULL, NULL));
    close(door);
}

#endif
