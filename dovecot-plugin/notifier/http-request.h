#ifndef HTTP_REQUEST_H
#define HTTP_REQUEST_H

/*
 * Between http-sender.c (who may go where, and when) and http-request.c (one
 * libcurl handle: its options, and what it calls during a transfer).
 */

#include <curl/curl.h>
#include "net.h"
#include "channel.h"
#include "http-target.h"

struct http_request {
	struct http_request *prev, *next; /* http->open, or http->idle */
	struct http_sender *http;
	CURL *easy;
	/* what the transfer points to; cleared when it is done */
	pool_t pool;

	struct http_target target;
	/* whose address is needed: the target or the proxy */
	const char *peer_host;
	in_port_t peer_port;
	struct resolver_request *lookup;
	struct timeval started;
	/* addresses are judged again at connect */
	bool fenced;
	bool running; /* in the loop */
	bool proxied;
	bool two_families;

	/* octets of header and body */
	size_t received;
	unsigned int retry_after;
	/* the peer is written as an address: curl may "resolve" it */
	bool peer_is_ip;
	/* why an address was refused at connect */
	char denied[128];

	channel_callback_t *callback;
	void *context;
};

/* NULL if there is no memory. */
struct http_request *http_request_alloc(struct http_sender *http,
					const struct lemonade_settings *set);
void http_request_free(struct http_request **req);

/* Copies the request, whose target is parsed already, into the handle. -1 if
   it cannot be sent like this. */
int http_request_fill(struct http_request *req,
		      const struct channel_request *creq,
		      const char **error_r);
/* proxy: its URL or "" for none */
void http_request_set_proxy(struct http_request *req, const char *proxy);
/* Has the peer addresses of both families? */
void http_request_set_families(struct http_request *req, bool two);
/* Forgets all that came with the last request. */
void http_request_reset(struct http_request *req);

#endif
