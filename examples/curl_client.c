#include "curl_client.h"

#include <errno.h>

static int watch_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *of_socket)
{
    struct curl_client *client = ctx;
    nfds_t i = 0;
    (void)easy;
    (void)of_socket;
    while (i < client->n && client->sockets[i].fd != fd)
        i++;
    if (i == CURL_CLIENT_SOCKETS)
        return -1;
    if (i == client->n)
        client->n++;
    short events = (short)((what & CURL_POLL_IN ? POLLIN : 0) | (what & CURL_POLL_OUT ? POLLOUT : 0));
    client->sockets[i] = (struct pollfd){.fd = fd, .events = events};
    if (what == CURL_POLL_REMOVE)
        client->sockets[i] = client->sockets[--client->n];
    return 0;
}

static int set_timer(CURLM *multi, long milliseconds, void *ctx)
{
    struct curl_client *client = ctx;
    (void)multi;
    client->timer = milliseconds < 0 ? BIDE_FOREVER : bide_in((double)milliseconds / 1000);
    return 0;
}

int curl_client_open(struct curl_client *client)
{
    *client = (struct curl_client){.multi = curl_multi_init(), .timer = BIDE_FOREVER};
    if (!client->multi)
        return ENOMEM;
    curl_multi_setopt(client->multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
    curl_multi_setopt(client->multi, CURLMOPT_SOCKETDATA, client);
    curl_multi_setopt(client->multi, CURLMOPT_TIMERFUNCTION, set_timer);
    curl_multi_setopt(client->multi, CURLMOPT_TIMERDATA, client);
    return 0;
}

void curl_client_close(struct curl_client *client)
{
    curl_multi_cleanup(client->multi);
}

static int of_events(short revents)
{
    return (revents & (POLLIN | POLLHUP) ? CURL_CSELECT_IN : 0) | (revents & POLLOUT ? CURL_CSELECT_OUT : 0) |
           (revents & (POLLERR | POLLNVAL) ? CURL_CSELECT_ERR : 0);
}

/* Of a copy: what libcurl is told makes it call back, and that changes the sockets. */
static CURLMcode tell(struct curl_client *client, int *running)
{
    struct curl_client ready = *client;
    CURLMcode code = CURLM_OK;
    for (nfds_t i = 0; i < ready.n && code == CURLM_OK; i++) {
        int events = of_events(ready.sockets[i].revents);
        if (events)
            code = curl_multi_socket_action(client->multi, ready.sockets[i].fd, events, running);
    }
    if (code == CURLM_OK && client->timer <= bide_clock()) {
        client->timer = BIDE_FOREVER;
        code = curl_multi_socket_action(client->multi, CURL_SOCKET_TIMEOUT, 0, running);
    }
    return code;
}

static int turn(struct curl_client *client, bide_time deadline, int *running)
{
    bide_time until = client->timer < deadline ? client->timer : deadline;
    int error = bide_poll(client->sockets, client->n, until, NULL);
    if (error && (error != ETIMEDOUT || until == deadline))
        return error;
    return tell(client, running) == CURLM_OK ? 0 : EIO;
}

int curl_client_perform(struct curl_client *client, CURL *easy, bide_time deadline, CURLcode *code)
{
    int error = curl_multi_add_handle(client->multi, easy) == CURLM_OK ? 0 : ENOMEM, running = 1, left;
    while (!error && running)
        error = turn(client, deadline, &running);
    const CURLMsg *message = error ? NULL : curl_multi_info_read(client->multi, &left);
    if (message)
        *code = message->data.result;
    curl_multi_remove_handle(client->multi, easy);
    return error;
}
