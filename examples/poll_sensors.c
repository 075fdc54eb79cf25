/* Ask many sensors (Modbus over TCP) for their temperature, all at once, and show each reply as it comes. What takes time,
 * connecting and the sensor's own pace, a task waits for in bide_poll(), which takes no thread; so the silent ones cost none
 * either, and keep nobody waiting. libmodbus waits in its own select(2) for a reply that comes in pieces: that is left to a
 * helper thread. */
#include "cli.h"

#include <arpa/inet.h>
#include <bide/bide.h>
#include <errno.h>
#include <modbus.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

enum { READ = MODBUS_FC_READ_HOLDING_REGISTERS, TEMPERATURE = 0 /* the register */ };

struct sensor {
    const char *address;
    bide_time asked, deadline;
    modbus_t *modbus;
    uint8_t reply[MODBUS_TCP_MAX_ADU_LENGTH];
    int length;
};

static int parse_address(const char *text, struct sockaddr_in *address)
{
    char host[INET_ADDRSTRLEN];
    unsigned port;
    int length = 0;
    if (sscanf(text, "%15[0-9.]:%5u%n", host, &port, &length) != 2 || text[length] || port > UINT16_MAX)
        return EINVAL;
    *address = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    return inet_pton(AF_INET, host, &address->sin_addr) == 1 ? 0 : EINVAL;
}

static int wait_until_ready(int fd, short events, bide_time deadline)
{
    struct pollfd polled = {.fd = fd, .events = events};
    return bide_poll(&polled, 1, deadline, NULL);
}

/* connect(2), but that only the task waits. */
static int connect_socket(int fd, const struct sockaddr_in *address, bide_time deadline)
{
    int error = connect(fd, (const struct sockaddr *)address, sizeof *address) ? errno : 0;
    if (error != EINPROGRESS)
        return error;
    error = wait_until_ready(fd, POLLOUT, deadline);
    if (!error && getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &(socklen_t){sizeof error}))
        error = errno;
    return error;
}

/* libmodbus gets a socket that is connected. */
static int open_sensor(struct sensor *sensor)
{
    struct sockaddr_in address;
    int error = parse_address(sensor->address, &address);
    if (error)
        return error;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return errno;
    error = fd < FD_SETSIZE ? connect_socket(fd, &address, sensor->deadline) : EMFILE; /* for its select(2) */
    if (!error && !(sensor->modbus = modbus_new_tcp(NULL, 0)))
        error = errno;
    if (!error)
        error = modbus_set_socket(sensor->modbus, fd) ? errno : 0;
    if (error)
        close(fd);
    return error;
}

/* On a helper thread, where what is left of the time may be spent in a call that blocks. */
static int receive(void *arg)
{
    struct sensor *sensor = arg;
    bide_time left = sensor->deadline - bide_clock();
    if (left < 1000)
        return ETIMEDOUT;
    modbus_set_response_timeout(sensor->modbus, (uint32_t)(left / 1000000000), (uint32_t)(left / 1000 % 1000000));
    modbus_set_byte_timeout(sensor->modbus, 0, 0); /* that is for the whole of it */
    sensor->length = modbus_receive_confirmation(sensor->modbus, sensor->reply);
    return sensor->length < 0 ? errno : 0;
}

/* In tenths of a degree. */
static int read_reply(const struct sensor *sensor, bide_value *temperature)
{
    int header = modbus_get_header_length(sensor->modbus);
    const uint8_t *reply = sensor->reply + header;
    if (sensor->length == header + 2 && reply[0] == (READ | 0x80))
        return MODBUS_ENOBASE + reply[1];
    if (sensor->length != header + 4 || reply[0] != READ || reply[1] != 2)
        return EMBBADDATA;
    temperature->i64 = (int16_t)MODBUS_GET_INT16_FROM_INT8(reply, 2);
    return 0;
}

static int ask(struct sensor *sensor, bide_value *temperature)
{
    uint8_t request[] = {MODBUS_TCP_SLAVE, READ, 0, TEMPERATURE, 0, 1};
    int received = 0;
    int error = modbus_send_raw_request(sensor->modbus, request, sizeof request) < 0 ? errno : 0;
    if (!error)
        error = wait_until_ready(modbus_get_socket(sensor->modbus), POLLIN, sensor->deadline);
    if (!error)
        error = bide_blocking(receive, sensor, &received);
    if (!error)
        error = received;
    return error ? error : read_reply(sensor, temperature);
}

static int poll_sensor(void *arg, bide_value *temperature)
{
    struct sensor *sensor = arg;
    int error = open_sensor(sensor);
    if (!error) {
        error = ask(sensor, temperature);
        modbus_close(sensor->modbus);
    }
    modbus_free(sensor->modbus);
    return error;
}

static void show(const struct sensor *sensor, int error, bide_value temperature)
{
    double seconds = (double)(bide_clock() - sensor->asked) / 1e9;
    if (error)
        printf("%s: %s after %.3f s\n", sensor->address, modbus_strerror(error), seconds);
    else
        printf("%s: %.1f degrees after %.3f s\n", sensor->address, (double)temperature.i64 / 10, seconds);
}

static int poll_all(bide_pool *pool, struct sensor sensors[], unsigned n, double patience)
{
    bide_completions *done;
    bide_future *future;
    bide_value temperature = {0};
    void *sensor;
    int error = bide_completions_create(&done);
    if (error)
        return error;
    for (unsigned i = 0; i < n && !error; i++) {
        sensors[i].asked = bide_clock();
        sensors[i].deadline = bide_in(patience);
        error = bide_completions_submit(done, pool, poll_sensor, &sensors[i], &sensors[i]);
    }
    while (bide_completions_next(done, BIDE_FOREVER, &future, &sensor) == 0) {
        int failure = bide_join(future, &temperature);
        show(sensor, failure, temperature);
    }
    bide_completions_destroy(done);
    return error;
}

int main(int argc, char *argv[])
{
    bide_pool_options options = {0};
    double patience = 1;
    char **addresses = argv + 1;
    const struct cli_arg args[] = {
        {.form = "--workers W", .count = &options.workers, .least = 1},
        {.form = "--patience SECONDS", .seconds = &patience},
        {.form = "ADDRESS:PORT...", .words = &addresses},
        {0},
    };
    cli_read(argc, argv, "Ask all these sensors at once, with that much patience for each (1 second unless given).",
             args);
    cli_line_by_line();

    unsigned n = 0;
    do
        n++;
    while (addresses[n]);
    options.max_blocking = n; /* should all of them send half a reply */
    bide_pool *pool;
    struct sensor *sensors = calloc(n, sizeof *sensors);
    int error = sensors ? bide_pool_create(&pool, &options) : ENOMEM;
    for (unsigned i = 0; i < n && !error; i++)
        sensors[i].address = addresses[i];
    if (!error) {
        error = poll_all(pool, sensors, n, patience);
        bide_pool_destroy(pool);
    }
    free(sensors);
    return cli_end(error);
}
