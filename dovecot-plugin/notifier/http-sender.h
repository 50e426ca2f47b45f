#ifndef HTTP_SENDER_H
#define HTTP_SENDER_H

/*
 * HTTP requests to targets that users chose: libcurl multi on Dovecot's
 * ioloop, names resolved by Dovecot's dns-client, the SSRF fence applied to
 * the answer and again at connect, no redirects, TLS verified, size and time
 * limited. It never queues: the scheduler keeps at most
 * lemonade_origin_connections requests open to an origin.
 */

#include "channel.h"

struct http_sender;
struct lemonade_settings;

/* Response octets read at most; more ends the transfer, the status counts. */
#define HTTP_RESPONSE_MAX (16 * 1024)
/* Requests the caller keeps open at once, to all origins together. */
#define HTTP_SENDER_OPEN_MAX 1024

struct http_sender *http_sender_init(struct event *event,
				     const struct lemonade_settings *set,
				     const char *dns_client_socket_path);
/* Cancels what is open (callbacks are called with LEMO_ANSWER_RETRY). */
void http_sender_deinit(struct http_sender **http);

/* Sends the request, which is copied. trusted: no fence. The callback is
   called exactly once, perhaps before this returns; it may send again, but not
   deinit. Never blocks, takes at most lemonade_request_timeout. */
void http_sender_send(struct http_sender *http,
		      const struct channel_request *req, bool trusted,
		      channel_callback_t *callback, void *context);
unsigned int http_sender_open_count(const struct http_sender *http);

#endif
