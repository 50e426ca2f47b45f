#include "lib.h"
#include "array.h"
#include "ioloop.h"
#include "llist.h"
#include "str.h"
#include "lemonade-settings.h"
#include "http-answer.h"
#include "http-loop.h"
#include "http-pins.h"
#include "http-request.h"
#include "http-sender.h"
#include "notify-clock.h"
#include "resolve.h"

#include <sys/resource.h>

#include "lemo-banned.h"

/* Finished requests kept with their easy handle (some 10 KB each). */
#define HTTP_IDLE_MAX 256
/* File descriptors wanted: connections open, idle, and the rest. */
#define HTTP_FDS_WANTED (2 * HTTP_SENDER_OPEN_MAX + 1024)

struct http_sender {
	struct event *event;
	const struct lemonade_settings *set;
	struct http_loop *loop;
	struct resolver *resolver;
	struct http_pins *pins;

	/* lemonade_http_proxy */
	bool proxied;
	struct lemo_weburl proxy;
	/* the setting is wrong: nothing is sent */
	const char *proxy_error;

	struct http_request *open, *idle;
	unsigned int open_count, idle_count;
	bool deinitializing;
};

static struct http_request *http_request_get(struct http_sender *http)
{
	struct http_request *req = http->idle;

	if (req == NULL)
		req = http_request_alloc(http, http->loop);
	else {
		DLLIST_REMOVE(&http->idle, req);
		http->idle_count--;
	}
	DLLIST_PREPEND(&http->open, req);
	http->open_count++;
	return req;
}

static void http_request_put(struct http_request *req)
{
	struct http_sender *http = req->http;

	if (req->lookup != NULL)
		resolver_abort(&req->lookup);
	if (req->running) {
		http_loop_remove(http->loop, req,
				 req->in_transfer ? req->easy : NULL);
		req->running = req->in_transfer = FALSE;
	}
	http_request_reset(req);
	DLLIST_REMOVE(&http->open, req);
	http->open_count--;
	if (http->idle_count >= HTTP_IDLE_MAX) {
		http_request_free(&req);
		return;
	}
	DLLIST_PREPEND(&http->idle, req);
	http->idle_count++;
}

/* The text must not be in the request. */
static void http_request_finish(struct http_request *req,
				const struct channel_result *result)
{
	channel_callback_t *callback = req->callback;
	void *context = req->context;

	http_request_put(req);
	callback(result, context);
}

/* Ends without having asked the origin. */
static void http_request_fail(struct http_request *req, enum lemo_answer answer,
			      bool origin_failed, const char *text)
{
	const struct channel_result result = {
		.answer = answer,
		.text = text,
		.origin_failed = origin_failed,
	};

	http_request_finish(req, &result);
}

/* libcurl 7.88 never gets to the second address when the first is silent;
   then at least the next request does. */
static void http_request_blame_address(const struct http_request *req,
				       CURLcode code)
{
	if (req->peer_generation == 0 ||
	    (code != CURLE_OPERATION_TIMEDOUT && code != CURLE_COULDNT_CONNECT))
		return;
	resolver_rotate(req->http->resolver, req->peer_host,
			req->peer_generation);
}

static void http_sender_done(CURL *easy, CURLcode code, void *context)
{
	struct http_sender *http = context;
	struct channel_result result;
	struct http_request *req;
	char *private;

	curl_easy_getinfo(easy, CURLINFO_PRIVATE, &private);
	req = (struct http_request *)private;
	i_assert(req->http == http && req->in_transfer);
	req->running = req->in_transfer = FALSE;
	http_answer_get(easy, code, req->answered, &result);
	if (result.status != 0) {
		result.retry_after = req->retry_after;
		if (req->answer_body != NULL)
			result.body = t_strdup(str_c(req->answer_body));
	} else {
		http_request_blame_address(req, code);
	}
	if (result.status == 0 && req->denied[0] != '\0') {
		result.answer = LEMO_ANSWER_PERMANENT;
		result.origin_failed = FALSE;
		result.text = t_strdup(req->denied);
	}
	http_request_finish(req, &result);
}

/* Its turn in the loop has come. */
static CURL *http_sender_start(void *transfer)
{
	struct http_request *req = transfer;
	CURL *easy;

	easy = http_request_get_easy(req, req->http->set,
				     req->http->proxy.origin);
	if (easy == NULL) {
		req->running = FALSE;
		http_request_fail(req, LEMO_ANSWER_RETRY, FALSE,
				  "out of memory");
		return NULL;
	}
	req->in_transfer = TRUE;
	return easy;
}

static void http_request_start(struct http_request *req)
{
	req->running = TRUE;
	http_loop_add(req->loop, req);
}

static bool http_request_judge(struct http_request *req,
			       const struct resolver_answer *names,
			       const char **error_r)
{
	unsigned int i;

	/* one bad address spoils the name: who mixes them wants to rebind */
	for (i = 0; req->fenced && i < names->ips_count; i++) {
		if (!http_target_allows(&req->target, &names->ips[i], error_r))
			return FALSE;
	}
	return TRUE;
}

static bool http_request_both_families(const struct resolver_answer *names)
{
	unsigned int i;

	for (i = 1; i < names->ips_count; i++) {
		if (names->ips[i].family != names->ips[0].family)
			return TRUE;
	}
	return FALSE;
}

static void http_request_resolved(const struct resolver_answer *names,
				  void *context)
{
	struct http_request *req = context;
	const char *error;

	if (names->error != NULL) {
		http_request_fail(req, LEMO_ANSWER_RETRY,
				  !names->local_trouble && !req->peer_is_proxy,
				  t_strdup(names->error));
		return;
	}
	if (!http_request_judge(req, names, &error)) {
		http_request_fail(req, LEMO_ANSWER_PERMANENT, FALSE, error);
		return;
	}
	req->pin = http_pins_set(req->http->pins, req->pool, req->peer_host,
				 req->peer_port, names->ips, names->ips_count,
				 names->generation);
	req->peer_generation = names->generation;
	req->peer_has_both = http_request_both_families(names);
	http_request_start(req);
}

/* Directly or by the proxy? The admin's own hosts are reached directly. */
static void http_request_route(struct http_request *req)
{
	const struct http_sender *http = req->http;
	const struct lemo_weburl *peer = &req->target.url;

	req->peer_is_proxy = http->proxied &&
		!http_target_is_listed(&req->target, NULL);
	if (req->peer_is_proxy)
		peer = &http->proxy;
	req->fenced = !req->target.trusted && !req->peer_is_proxy;
	req->peer_host = peer->host;
	req->peer_port = peer->port;
	req->peer_is_ip = peer->host_is_ip;
}

/* What can be said without looking up the name. */
static bool
http_request_is_allowed(struct http_request *req, const char **error_r)
{
	const struct http_target *target = &req->target;
	struct ip_addr ip;

	if (!target->url.host_is_ip) {
		return !req->peer_is_proxy ||
			http_target_allows(target, NULL, error_r);
	}
	if (net_addr2ip(target->url.host, &ip) < 0) {
		*error_r = "address is not valid";
		return FALSE;
	}
	return http_target_allows(target, &ip, error_r);
}

static int http_request_prepare(struct http_request *req,
				const struct channel_request *creq,
				bool trusted, const char **error_r)
{
	const struct http_sender *http = req->http;

	if (http_target_parse(p_strdup(req->pool, creq->url), trusted,
			      http->set->lemonade_allow_hosts, &req->target,
			      error_r) < 0)
		return -1;
	http_request_route(req);
	if (!http_request_is_allowed(req, error_r))
		return -1;
	return http_request_fill(req, creq, error_r);
}

static void http_request_submit(struct http_request *req)
{
	struct http_sender *http = req->http;

	if (req->peer_is_ip) {
		http_request_start(req);
		return;
	}
	resolver_lookup(http->resolver, req->peer_host,
			http->set->lemonade_request_timeout,
			http_request_resolved, req, &req->lookup);
}

static void http_sender_refuse(const char *text, channel_callback_t *callback,
			       void *context)
{
	const struct channel_result result = {
		.answer = LEMO_ANSWER_RETRY,
		.text = text,
	};

	callback(&result, context);
}

void http_sender_send(struct http_sender *http,
		      const struct channel_request *creq, bool trusted,
		      channel_callback_t *callback, void *context)
{
	struct http_request *req;
	const char *error;

	if (http->deinitializing) {
		http_sender_refuse("shutting down", callback, context);
		return;
	}
	if (http->proxy_error != NULL) {
		http_sender_refuse(http->proxy_error, callback, context);
		return;
	}
	req = http_request_get(http);
	req->callback = callback;
	req->context = context;
	req->started = notify_clock_msecs();
	if (http_request_prepare(req, creq, trusted, &error) < 0)
		http_request_fail(req, LEMO_ANSWER_PERMANENT, FALSE, error);
	else
		http_request_submit(req);
}

unsigned int http_sender_open_count(const struct http_sender *http)
{
	return http->open_count;
}

/* Raises the soft limit as far as it may go. */
static rlim_t http_sender_fd_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return 1024;
	if (limit.rlim_cur < HTTP_FDS_WANTED) {
		rlim_t old = limit.rlim_cur;

		limit.rlim_cur = I_MIN(limit.rlim_max, HTTP_FDS_WANTED);
		if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
			limit.rlim_cur = old;
	}
	return limit.rlim_cur;
}

static void http_sender_init_proxy(struct http_sender *http)
{
	const char *proxy = http->set->lemonade_http_proxy, *error;

	if (*proxy == '\0')
		return;
	http->proxied = TRUE;
	if (lemo_weburl_parse(proxy, &http->proxy, &error) < 0) {
		http->proxy_error = "lemonade_http_proxy is not valid";
		e_error(http->event, "lemonade_http_proxy %s", error);
	}
}

struct http_sender *http_sender_init(struct event *event,
				     const struct lemonade_settings *set,
				     const char *dns_client_socket_path)
{
	struct http_sender *http;
	rlim_t fds = http_sender_fd_limit();

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		i_fatal("curl_global_init() failed");
	http = i_new(struct http_sender, 1);
	http->event = event_create(event);
	http->set = set;
	http->loop = http_loop_init(I_MIN(fds, HTTP_FDS_WANTED) / 4 * 3,
				    http_sender_start, http_sender_done, http);
	if (http->loop == NULL)
		i_fatal("curl_multi_init() failed");
	http->resolver = resolver_init(http->event, dns_client_socket_path);
	http->pins = http_pins_init(2 * HTTP_SENDER_OPEN_MAX);
	http_sender_init_proxy(http);
	return http;
}

void http_sender_deinit(struct http_sender **_http)
{
	struct http_sender *http = *_http;
	struct http_request *req;

	*_http = NULL;
	http->deinitializing = TRUE;
	while (http->open != NULL) {
		http_request_fail(http->open, LEMO_ANSWER_RETRY, FALSE,
				  "shutting down");
	}
	while ((req = http->idle) != NULL) {
		DLLIST_REMOVE(&http->idle, req);
		http_request_free(&req);
	}
	http_loop_deinit(&http->loop);
	http_pins_deinit(&http->pins);
	resolver_deinit(&http->resolver);
	event_unref(&http->event);
	i_free(http);
	curl_global_cleanup();
}
