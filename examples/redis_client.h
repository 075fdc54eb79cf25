/* hiredis for tasks: a command waits for its reply without a thread. One connection is for one task at a time. */
#ifndef EXAMPLES_REDIS_CLIENT_H
#define EXAMPLES_REDIS_CLIENT_H

#include <hiredis.h>

/* Begin to connect to a port of this machine; the first command waits for it. Call redisFree() whatever comes of it. */
int redis_client_open(redisContext **redis, unsigned port);

/* redisCommand(), with that much patience. EPROTO: the reply is an error. ETIMEDOUT, or what the connection died of: close it.
 * A request to stop is none of its business: a reply nobody waits for would be taken for that of the next command. Call
 * freeReplyObject() whatever comes of it. */
int redis_client_command(redisContext *redis, double seconds, redisReply **reply, const char *format, ...);

/* Of an array of replies, or NULL. */
const redisReply *redis_client_element(const redisReply *reply, size_t i);

/* A string's, or "". */
const char *redis_client_text(const redisReply *reply);

#endif
