#include "redis_client.h"

#include <bide/bide.h>
#include <errno.h>
#include <poll.h>
#include <stdarg.h>

static int error_of(const redisContext *redis)
{
    return redis->err == REDIS_ERR_IO ? errno : redis->err == REDIS_ERR_EOF ? ECONNRESET : EPROTO;
}

int redis_client_open(redisContext **redis, unsigned port)
{
    *redis = redisConnectNonBlock("127.0.0.1", (int)port);
    if (!*redis)
        return ENOMEM;
    return (*redis)->err ? error_of(*redis) : 0;
}

/* A request to stop is told once, so it can be passed over. */
static int await(const redisContext *redis, short events, bide_time deadline)
{
    struct pollfd polled = {.fd = redis->fd, .events = events};
    int error;
    do
        error = bide_poll(&polled, 1, deadline, NULL);
    while (error == ECANCELED);
    return error;
}

static int send_command(redisContext *redis, bide_time deadline)
{
    int sent = 0, error = 0;
    while (!error && !sent) {
        error = await(redis, POLLOUT, deadline);
        if (!error && redisBufferWrite(redis, &sent) != REDIS_OK)
            error = error_of(redis);
    }
    return error;
}

static int read_reply(redisContext *redis, bide_time deadline, redisReply **reply)
{
    void *read = NULL;
    int error = 0;
    while (!error && !read) {
        error = await(redis, POLLIN, deadline);
        if (!error && (redisBufferRead(redis) != REDIS_OK || redisGetReplyFromReader(redis, &read) != REDIS_OK))
            error = error_of(redis);
    }
    *reply = read;
    return !error && (*reply)->type == REDIS_REPLY_ERROR ? EPROTO : error;
}

int redis_client_command(redisContext *redis, double seconds, redisReply **reply, const char *format, ...)
{
    bide_time deadline = bide_in(seconds);
    va_list args;
    va_start(args, format);
    int error = redisvAppendCommand(redis, format, args) == REDIS_OK ? 0 : ENOMEM;
    va_end(args);
    *reply = NULL;
    if (!error)
        error = send_command(redis, deadline);
    return error ? error : read_reply(redis, deadline, reply);
}

const redisReply *redis_client_element(const redisReply *reply, size_t i)
{
    return reply && reply->type == REDIS_REPLY_ARRAY && i < reply->elements ? reply->element[i] : NULL;
}

const char *redis_client_text(const redisReply *reply)
{
    return reply && reply->type == REDIS_REPLY_STRING ? reply->str : "";
}
