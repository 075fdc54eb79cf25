/* libcurl for tasks: a transfer waits without a thread. Its multi interface tells which sockets it waits for, and until
 * when, and bide_poll() waits for that. */
#ifndef EXAMPLES_CURL_CLIENT_H
#define EXAMPLES_CURL_CLIENT_H

#include <bide/bide.h>
#include <curl/curl.h>
#include <poll.h>

enum { CURL_CLIENT_SOCKETS = 16 }; /* of one transfer: a few, if the name has several addresses */

/* For one transfer at a time; its connections are kept for the next. Must not move. */
struct curl_client {
    CURLM *multi;
    struct pollfd sockets[CURL_CLIENT_SOCKETS];
    nfds_t n;
    bide_time timer;
};

int curl_client_open(struct curl_client *client);
void curl_client_close(struct curl_client *client);

/* curl_easy_perform() until a deadline: what comes of the transfer is in `code`, on return 0. Else ETIMEDOUT, ECANCELED (the
 * calling task was asked to stop), or another errno value; it has been given up. */
int curl_client_perform(struct curl_client *client, CURL *easy, bide_time deadline, CURLcode *code);

#endif
