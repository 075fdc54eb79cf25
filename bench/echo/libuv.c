/* Fair: a loop for each worker, on a thread of its own, which has both ends of its connections, so that no message goes from
 * thread to thread; and uv_try_write(), the quickest way to write. */
#include "../libuv.h"
#include "workload.h"

struct client {
    uv_tcp_t ends[2];
    char message[2][MESSAGE];
    size_t length, trips;
};

struct thread {
    uv_thread_t id;
    uv_loop_t loop;
    struct client *clients;
    unsigned n;
};

static void write_all(uv_stream_t *stream, char *message, size_t length)
{
    uv_buf_t buffer = uv_buf_init(message, (unsigned)length);
    expect(uv_try_write(stream, &buffer, 1) == (int)length, "writing");
}

static void give_buffer(uv_handle_t *handle, size_t unused, uv_buf_t *buffer)
{
    struct client *client = handle->data;
    (void)unused;
    *buffer = uv_buf_init(client->message[handle == (uv_handle_t *)&client->ends[1]], MESSAGE);
}

static void serve(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer)
{
    if (length < 0)
        uv_close((uv_handle_t *)stream, NULL);
    else
        write_all(stream, buffer->base, (size_t)length);
}

static void ask(struct client *client)
{
    client->length = 0;
    if (client->trips-- > 0)
        write_all((uv_stream_t *)&client->ends[0], client->message[0], MESSAGE);
    else
        uv_close((uv_handle_t *)&client->ends[0], NULL);
}

static void receive(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer)
{
    struct client *client = stream->data;
    (void)buffer;
    expect(length >= 0, "answer");
    client->length += (size_t)length;
    if (client->length == MESSAGE)
        ask(client);
}

static void open_end(uv_loop_t *loop, struct client *client, int end, int fd)
{
    static const uv_read_cb on_read[2] = {receive, serve};
    uv_tcp_t *tcp = &client->ends[end];
    uv_tcp_init(loop, tcp);
    tcp->data = client;
    expect(uv_tcp_open(tcp, fd) == 0, "connection");
    expect(uv_read_start((uv_stream_t *)tcp, give_buffer, on_read[end]) == 0, "reading");
}

static void run(void *arg)
{
    struct thread *thread = arg;
    for (unsigned i = 0; i < thread->n; i++)
        ask(&thread->clients[i]);
    uv_run(&thread->loop, UV_RUN_DEFAULT);
}

static void prepare(struct thread *thread, unsigned n, size_t trips)
{
    int ends[2];
    uv_loop_init(&thread->loop);
    thread->clients = calloc(n + 1, sizeof *thread->clients);
    thread->n = n;
    expect(thread->clients, "memory");
    for (unsigned i = 0; i < n; i++) {
        make_connection(ends);
        thread->clients[i].trips = trips;
        open_end(&thread->loop, &thread->clients[i], 0, ends[0]);
        open_end(&thread->loop, &thread->clients[i], 1, ends[1]);
    }
}

/* Microseconds for each of some n messages that go there and back. */
static double echo(struct thread threads[], unsigned workers, unsigned connections, size_t n)
{
    for (unsigned i = 0; i < workers; i++)
        prepare(&threads[i], connections / workers + (i < connections % workers), n / connections);
    int64_t start = clock_ns();
    for (unsigned i = 0; i < workers; i++)
        uv_thread_create(&threads[i].id, run, &threads[i]);
    for (unsigned i = 0; i < workers; i++)
        uv_thread_join(&threads[i].id);
    double us = seconds_since(start) * 1e6;
    for (unsigned i = 0; i < workers; i++) {
        uv_loop_close(&threads[i].loop);
        free(threads[i].clients);
    }
    return us / (double)(n / connections * connections);
}

int main(int argc, char **argv)
{
    struct arguments arguments = parse(argc, argv, 100000);
    struct thread *threads = calloc(arguments.workers, sizeof *threads);
    expect(threads, "memory");
    echo(threads, arguments.workers, 1, arguments.size / 10);
    print("one_us", echo(threads, arguments.workers, 1, arguments.size));
    print("sixty_four_us", echo(threads, arguments.workers, CONNECTIONS, arguments.size));
    free(threads);
    return 0;
}
