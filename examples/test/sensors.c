/* sensors KIND...: sensors on loopback, each on a port of its own, made with the server part of libmodbus. Shows an address for
 * each, and serves them until it is killed. A KIND is the seconds until a reply, or a way to fail: "silent" never replies,
 * "half" sends the beginning of a reply, "refusing" is not there, "wrong" has no such register. The n-th is n tenths of a degree
 * warm. */
#include <errno.h>
#include <modbus.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct sensor {
    const char *kind;
    modbus_t *modbus;
    modbus_mapping_t *registers;
    int listener;
};

static _Noreturn void give_up(const char *what)
{
    fprintf(stderr, "sensors: %s: %s\n", what, modbus_strerror(errno));
    exit(1);
}

static void open_sensor(struct sensor *sensor, unsigned warmth)
{
    struct sockaddr_in address = {0};
    socklen_t size = sizeof address;
    sensor->modbus = modbus_new_tcp("127.0.0.1", 0);
    sensor->registers = modbus_mapping_new(0, 0, strcmp(sensor->kind, "wrong") == 0 ? 0 : 1, 0);
    if (!sensor->modbus || !sensor->registers)
        give_up("modbus_new_tcp");
    if (sensor->registers->nb_registers)
        sensor->registers->tab_registers[0] = (uint16_t)warmth;
    sensor->listener = modbus_tcp_listen(sensor->modbus, 1);
    if (sensor->listener < 0 || getsockname(sensor->listener, (struct sockaddr *)&address, &size))
        give_up("modbus_tcp_listen");
    printf("127.0.0.1:%u\n", (unsigned)ntohs(address.sin_port));
}

static void reply(const struct sensor *sensor, const uint8_t *query, int length)
{
    static const uint8_t half_reply[] = {0, 1, 0, 0, 0, 5, 0xff};
    double seconds = strtod(sensor->kind, NULL);
    struct timespec delay = {.tv_sec = (time_t)seconds, .tv_nsec = (long)((seconds - (double)(time_t)seconds) * 1e9)};
    if (strcmp(sensor->kind, "silent") == 0)
        return;
    if (strcmp(sensor->kind, "half") == 0) {
        send(modbus_get_socket(sensor->modbus), half_reply, sizeof half_reply, MSG_NOSIGNAL);
        return;
    }
    nanosleep(&delay, NULL);
    modbus_reply(sensor->modbus, query, length, sensor->registers);
}

static void *serve(void *arg)
{
    struct sensor *sensor = arg;
    uint8_t query[MODBUS_TCP_MAX_ADU_LENGTH];
    while (modbus_tcp_accept(sensor->modbus, &sensor->listener) >= 0) {
        int length;
        while ((length = modbus_receive(sensor->modbus, query)) >= 0)
            if (length > 0)
                reply(sensor, query, length);
        modbus_close(sensor->modbus);
    }
    return NULL;
}

int main(int argc, char *argv[])
{
    struct sensor *sensors = calloc((size_t)argc, sizeof *sensors);
    pthread_t thread;
    if (!sensors)
        return 1;
    for (int i = 1; i < argc; i++) {
        sensors[i].kind = argv[i];
        open_sensor(&sensors[i], (unsigned)i);
    }
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "refusing") == 0)
            close(sensors[i].listener);
        else if (pthread_create(&thread, NULL, serve, &sensors[i]))
            give_up("pthread_create");
    fclose(stdout);
    for (;;)
        pause();
}
