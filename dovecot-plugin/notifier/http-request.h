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
	struct http_loop *loop;
	/* what the transfer points to; cleared when it is done */
	pool_t pool;

	/* The request, in pool memory. */
	struct http_target target;
	const char *url, *method, *body;
	size_t body_len;
	/* octets of the answer's body to keep, and what came of them */
	size_t keep_body;
	string_t *answer_body;
	struct curl_slist *headers;
	/* for CURLOPT_RESOLVE, NULL if libcurl knows already */
	struct curl_slist *pin;

	/* whose address is needed: the target or the proxy */
	const char *peer_host;
	in_port_t peer_port;
	/* it is written as an address: curl may "resolve" it */
	bool peer_is_ip;
	bool peer_is_proxy;
	/* it has addresses of both families */
	bool peer_has_both;
	/* of the lookup of its name, 0 if there was none */
	unsigned int peer_generation;
	/* addresses are judged again at connect */
	bool fenced;

	struct resolver_request *lookup;
	int64_t started; /* notify_clock_msecs() */
	/* spreads the ends of requests; kept from one to the next */
	uint32_t jitter;
	/* in the loop, waiting for its turn or in transfer */
	bool running, in_transfer;

	/* NULL until its first turn, then kept with these options */
	CURL *easy;
	bool easy_has_proxy, easy_has_both;

	/* octets of header and body */
	size_t received;
	/* the answer's header is complete */
	bool answered;
	unsigned int retry_after;
	/* why an address was refused at connect */
	char denied[128];

	channel_callback_t *callback;
	void *context;
};

struct http_request *http_request_alloc(struct http_sender *http,
					struct http_loop *loop);
void http_request_free(struct http_request **req);

/* Copies the request, whose target is parsed already. -1 if it cannot be sent
   like this. */
int http_request_fill(struct http_request *req,
		      const struct channel_request *creq,
		      const char **error_r);
/* The handle with all options set; NULL if there is no memory. proxy: its
   URL, used if peer_is_proxy. */
CURL *http_request_get_easy(struct http_request *req,
			    const struct lemonade_settings *set,
			    const char *proxy);
/* Forgets all that came with the last request. */
void http_request_reset(struct http_request *req);

#endif
