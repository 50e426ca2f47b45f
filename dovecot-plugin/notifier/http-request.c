#include "lib.h"
#include "array.h"
#include "ioloop.h"
#include "str.h"
#include "lemonade-settings.h"
#include "http-loop.h"
#include "http-request.h"
#include "http-sender.h"
#include "notify-clock.h"

#include "lemonade-config.h"

#include "lemo-banned.h"

#define HTTP_BUFFER_SIZE 1024L /* libcurl's minimum */

/* Behind the headers of every request: these are not sent. */
static struct curl_slist http_no_accept = { (char *)"Accept:", NULL };
static struct curl_slist http_no_expect = {
	(char *)"Expect:", &http_no_accept
};

/* Takes note of more octets of the answer. */
static bool http_request_receive(struct http_request *req, size_t size)
{
	req->received += size;
	return req->received <= HTTP_RESPONSE_MAX;
}

/* One octet too many shows that there was more. */
static void http_request_keep(struct http_request *req, const char *data,
			      size_t size)
{
	size_t room;

	if (req->answer_body == NULL)
		return;
	room = req->keep_body + 1 - str_len(req->answer_body);
	str_append_data(req->answer_body, data, I_MIN(size, room));
}

static size_t http_request_body(char *data, size_t size, size_t count,
				void *context)
{
	struct http_request *req = context;

	/* 0 ends the transfer */
	if (!http_request_receive(req, size * count))
		return 0;
	http_request_keep(req, data, size * count);
	return size * count;
}

static void
http_request_header_line(struct http_request *req, const char *line, size_t len)
{
	static const char retry_after[] = "retry-after:";
	const size_t name_len = sizeof(retry_after) - 1;

	if (len > 5 && strncmp(line, "HTTP/", 5) == 0) {
		/* a 1xx came before */
		req->retry_after = 0;
		req->answered = FALSE;
		return;
	}
	if (*line == '\r' || *line == '\n') {
		req->answered = TRUE;
		return;
	}
	if (len <= name_len || strncasecmp(line, retry_after, name_len) != 0)
		return;
	line += name_len;
	len -= name_len;
	while (len > 0 && (*line == ' ' || *line == '\t'))
		line++, len--;
	while (len > 0 && (unsigned char)line[len - 1] <= ' ')
		len--;
	req->retry_after = lemo_retry_after_parse(line, len, ioloop_time);
}

static size_t http_request_header(char *data, size_t size, size_t count,
				  void *context)
{
	struct http_request *req = context;

	if (!http_request_receive(req, size * count))
		return 0;
	http_request_header_line(req, data, size * count);
	return size * count;
}

/* libcurl wants to look up a name that we did not pin. It never may: its
   resolver blocks, and the fence has not seen the answer. */
static int http_request_resolver_start(void *resolver ATTR_UNUSED,
				       void *reserved ATTR_UNUSED,
				       void *context)
{
	const struct http_request *req = context;

	return req->peer_is_ip ? 0 : 1;
}

static bool
http_request_address_is_allowed(struct http_request *req,
				const struct curl_sockaddr *addr)
{
	const union {
		const struct sockaddr *sa;
		const struct sockaddr_in *in4;
		const struct sockaddr_in6 *in6;
	} u = { &addr->addr };
	struct ip_addr ip;
	const char *error;

	if (!req->fenced)
		return TRUE;
	i_zero(&ip);
	ip.family = addr->family;
	if (ip.family == AF_INET)
		ip.u.ip4 = u.in4->sin_addr;
	else if (ip.family == AF_INET6)
		ip.u.ip6 = u.in6->sin6_addr;
	else
		return FALSE;
	if (http_target_allows(&req->target, &ip, &error))
		return TRUE;
	i_strocpy(req->denied, error, sizeof(req->denied));
	return FALSE;
}

static curl_socket_t
http_request_open_socket(void *context, curlsocktype purpose ATTR_UNUSED,
			 struct curl_sockaddr *addr)
{
	struct http_request *req = context;
	bool allowed;

	T_BEGIN {
		allowed = http_request_address_is_allowed(req, addr);
	} T_END;
	if (!allowed)
		return CURL_SOCKET_BAD;
	return http_loop_open_socket(req->loop, addr);
}

/* What no request may do, whatever its URL or answer says. */
static void http_request_set_limits(CURL *easy)
{
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl_easy_setopt(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
	/* else the environment would be asked */
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_NOPROXY, "");
	/* HTTP/2 of 7.88 loses requests (curl issues 10591, 10634) */
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION,
			 (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
	/* answers are small: libcurl allocates this anew for each request */
	curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, HTTP_BUFFER_SIZE);
	/* never: http-pins.c has old names taken out */
	curl_easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT, -1L);
}

static void http_request_set_tls(CURL *easy, const char *ca_file)
{
	curl_easy_setopt(easy, CURLOPT_SSLVERSION,
			 (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
	if (*ca_file != '\0')
		curl_easy_setopt(easy, CURLOPT_CAINFO, ca_file);
	/* With a directory libcurl reads all certificates again for every
	   connection; with the file alone it keeps them. */
	curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
}

static void http_request_set_callbacks(struct http_request *req)
{
	CURL *easy = req->easy;

	curl_easy_setopt(easy, CURLOPT_PRIVATE, req);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, http_request_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, req);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, http_request_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, req);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION,
			 http_request_open_socket);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, req);
	/* connections outlive the request */
	curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION,
			 http_loop_close_socket);
	curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, req->loop);
	curl_easy_setopt(easy, CURLOPT_RESOLVER_START_FUNCTION,
			 http_request_resolver_start);
	curl_easy_setopt(easy, CURLOPT_RESOLVER_START_DATA, req);
}

struct http_request *http_request_alloc(struct http_sender *http,
					struct http_loop *loop)
{
	struct http_request *req = i_new(struct http_request, 1);

	req->http = http;
	req->loop = loop;
	req->jitter = i_rand();
	req->pool = pool_alloconly_create(MEMPOOL_GROWING"http request", 2048);
	return req;
}

void http_request_free(struct http_request **_req)
{
	struct http_request *req = *_req;

	*_req = NULL;
	if (req->easy != NULL)
		curl_easy_cleanup(req->easy);
	pool_unref(&req->pool);
	i_free(req);
}

static int
http_request_fill_headers(struct http_request *req,
			  const ARRAY_TYPE(const_string) *headers,
			  const char **error_r)
{
	struct curl_slist *entry;
	const char *const *lines;
	unsigned int count;

	req->headers = &http_no_expect;
	lines = array_get(headers, &count);
	while (count > 0) {
		if (strpbrk(lines[--count], "\r\n") != NULL) {
			*error_r = "line break in a header";
			return -1;
		}
		entry = p_new(req->pool, struct curl_slist, 1);
		entry->data = p_strdup(req->pool, lines[count]);
		entry->next = req->headers;
		req->headers = entry;
	}
	return 0;
}

int http_request_fill(struct http_request *req,
		      const struct channel_request *creq,
		      const char **error_r)
{
	const struct http_target *target = &req->target;

	/* From the parts as we read them: libcurl cannot read it otherwise. */
	req->url = p_strconcat(req->pool, target->url.origin,
			       *target->path == '?' ? "/" : "", target->path,
			       NULL);
	req->method = p_strdup(req->pool, creq->method);
	req->body_len = creq->body.len;
	req->body = req->body_len == 0 ? "" :
		p_memdup(req->pool, creq->body.data, creq->body.len);
	req->keep_body = creq->keep_body;
	if (req->keep_body > 0)
		req->answer_body = str_new(req->pool, 256);
	return http_request_fill_headers(req, &creq->headers, error_r);
}

static bool http_request_make_easy(struct http_request *req,
				   const struct lemonade_settings *set)
{
	if (req->easy != NULL)
		return TRUE;
	req->easy = curl_easy_init();
	if (req->easy == NULL)
		return FALSE;
	http_request_set_limits(req->easy);
	http_request_set_tls(req->easy, set->lemonade_ca_file);
	http_request_set_callbacks(req);
	curl_easy_setopt(req->easy, CURLOPT_USERAGENT,
			 "lemonade/"LEMONADE_VERSION);
	curl_easy_setopt(req->easy, CURLOPT_PATH_AS_IS, 1L);
	req->easy_has_proxy = FALSE;
	req->easy_has_both = TRUE; /* libcurl's default: 200 ms */
	return TRUE;
}

/* With a second address family to try, libcurl looks again at a connection
   that is not made after this time. For hundreds of connections begun at one
   moment it would then do all TLS handshakes in one call: so never if there is
   no second family, and else not at one moment. */
static void http_request_set_families(struct http_request *req)
{
	long msecs = req->peer_has_both ? 200 + i_rand_limit(400) :
		24 * 3600 * 1000L;

	if (req->easy_has_both == req->peer_has_both)
		return;
	req->easy_has_both = req->peer_has_both;
	curl_easy_setopt(req->easy, CURLOPT_HAPPY_EYEBALLS_TIMEOUT_MS, msecs);
}

static void http_request_set_proxy(struct http_request *req, const char *proxy)
{
	if (req->easy_has_proxy == req->peer_is_proxy)
		return;
	req->easy_has_proxy = req->peer_is_proxy;
	curl_easy_setopt(req->easy, CURLOPT_PROXY,
			 req->peer_is_proxy ? proxy : "");
}

static long http_request_msecs_left(struct http_request *req,
				    const struct lemonade_settings *set)
{
	long spent = notify_clock_msecs() - req->started;
	long left = (long)set->lemonade_request_timeout - spent;

	/* 0 would be no limit at all */
	if (left <= 0)
		return 1;
	/* Up to a tenth less: requests that began together would end together,
	   and closing hundreds of connections in one call takes its time. */
	req->jitter = req->jitter * 1103515245 + 12345;
	return left - (req->jitter >> 16) % (left / 10 + 1);
}

CURL *http_request_get_easy(struct http_request *req,
			    const struct lemonade_settings *set,
			    const char *proxy)
{
	CURL *easy;

	if (!http_request_make_easy(req, set))
		return NULL;
	http_request_set_proxy(req, proxy);
	http_request_set_families(req);
	easy = req->easy;
	curl_easy_setopt(easy, CURLOPT_URL, req->url);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, req->headers);
	curl_easy_setopt(easy, CURLOPT_POSTFIELDS, req->body);
	curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)req->body_len);
	if (strcmp(req->method, "POST") != 0)
		curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, req->method);
	if (req->pin != NULL)
		curl_easy_setopt(easy, CURLOPT_RESOLVE, req->pin);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS,
			 http_request_msecs_left(req, set));
	return easy;
}

static void http_request_reset_easy(CURL *easy)
{
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, NULL);
	curl_easy_setopt(easy, CURLOPT_RESOLVE, NULL);
	curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, NULL);
	curl_easy_setopt(easy, CURLOPT_POSTFIELDS, NULL);
}

void http_request_reset(struct http_request *req)
{
	if (req->easy != NULL)
		http_request_reset_easy(req->easy);
	p_clear(req->pool);
	req->headers = req->pin = NULL;
	req->peer_has_both = req->peer_is_proxy = FALSE;
	req->peer_generation = 0;
	req->fenced = FALSE;
	req->received = 0;
	req->keep_body = 0;
	req->answer_body = NULL;
	req->answered = FALSE;
	req->retry_after = 0;
	req->denied[0] = '\0';
	req->callback = NULL;
	req->context = NULL;
}
