#include "lib.h"
#include "array.h"
#include "hex-binary.h"
#include "ioloop.h"
#include "llist.h"
#include "randgen.h"
#include "safe-memset.h"
#include "channel.h"
#include "channel-xmpp.h"
#include "lemo-xmpp.h"
#include "lemonade-settings.h"
#include "xmpp-conn.h"

#include <fcntl.h>
#include <unistd.h>

/*
 * XMPP messages (RFC 5437) from an external component of the administrator's
 * server. Nobody acknowledges a message. But the server reads what we say in
 * order, and answers in order: so a ping to ourselves goes behind what is sent
 * in one turn of the loop, and when it has come back all pushes before it are
 * done but for those that came back as an error. An error of another server
 * comes later, and is missed.
 */

#define SECRET_MAX 1024
#define NONCE_LEN 8

struct xmpp_push {
	struct xmpp_push *prev, *next;
	/* what errors name it by */
	char *id, *jid;
	/* not sent yet */
	struct lemo_buf stanza;
	/* the ping that decides, if it is sent */
	uint64_t ping;
	unsigned int tries;
	channel_callback_t *callback;
	void *context;
};

static struct {
	const struct lemonade_settings *set;
	char *secret;
	struct xmpp_conn *conn;
	/* until the connection is made; oldest first */
	struct xmpp_push *waiting_head, *waiting_tail;
	/* oldest first */
	struct xmpp_push *sent_head, *sent_tail;
	/* that of the pushes just sent; nobody else can guess it */
	char nonce[NONCE_LEN * 2 + 1];
	uint64_t ping;
	/* when they are all sent */
	struct timeout *to_ping;
	/* when the server must have said something */
	struct timeout *to_answer;
} xmpp;

static void xmpp_push_free(struct xmpp_push *push)
{
	lemo_buf_free(&push->stanza);
	i_free(push->id);
	i_free(push->jid);
	i_free(push);
}

/* It is in no list any more. */
static void xmpp_push_end(struct xmpp_push *push, enum lemo_answer answer,
			  bool origin_failed, const char *text)
{
	const struct channel_result result = {
		.answer = answer, .origin_failed = origin_failed, .text = text
	};

	push->callback(&result, push->context);
	xmpp_push_free(push);
}

static void xmpp_unsend(struct xmpp_push *push)
{
	DLLIST2_REMOVE(&xmpp.sent_head, &xmpp.sent_tail, push);
	if (xmpp.sent_head == NULL)
		timeout_remove(&xmpp.to_answer);
}

/*
 * What the server says
 */

/* From the address that it was sent to, with any resource, or the server that
   is responsible for it? */
static bool is_from_target(const char *from, const char *jid)
{
	size_t len = strlen(jid);
	const char *domain = lemo_xmpp_domain(jid);

	return strcasecmp(from, domain) == 0 ||
		(strncasecmp(from, jid, len) == 0 &&
		 (from[len] == '\0' || from[len] == '/'));
}

static void xmpp_push_bounced(struct xmpp_push *push,
			      const struct lemo_xmpp_stanza *stanza)
{
	const char *text = t_strconcat("XMPP ", stanza->condition[0] == '\0' ?
				       "error" : stanza->condition, NULL);

	xmpp_unsend(push);
	xmpp_push_end(push, lemo_xmpp_answer_of_error(stanza->error_type,
						      push->tries),
		      FALSE, text);
}

static void xmpp_bounced(const struct lemo_xmpp_stanza *stanza)
{
	struct xmpp_push *push, *next;

	/* two devices of one person may have the same address */
	for (push = xmpp.sent_head; push != NULL; push = next) {
		next = push->next;
		if (strcmp(push->id, stanza->id) == 0 &&
		    is_from_target(stanza->from, push->jid))
			xmpp_push_bounced(push, stanza);
	}
}

static const char *xmpp_ping_id(uint64_t ping)
{
	return t_strdup_printf("%s-%llu", xmpp.nonce,
			       (unsigned long long)ping);
}

/* Those before the ping are done. */
static void xmpp_ping_came_back(uint64_t ping)
{
	struct xmpp_push *push = xmpp.sent_head;

	/* one that was answered before buys no more time */
	if (push == NULL || push->ping > ping)
		return;
	timeout_remove(&xmpp.to_answer);
	while ((push = xmpp.sent_head) != NULL && push->ping <= ping) {
		xmpp_unsend(push);
		xmpp_push_end(push, LEMO_ANSWER_DONE, FALSE, "XMPP accepted");
	}
}

/* RFC 6120 8.2.3: requests are to be answered. (Messages are not: RFC 5437
   6.) */
static void xmpp_refuse_request(const struct lemo_xmpp_stanza *stanza)
{
	struct lemo_buf buf;

	lemo_buf_init(&buf, LEMO_XMPP_MESSAGE_MAX);
	lemo_xmpp_unserved_add(&buf, lemo_xmpp_domain(
		xmpp.set->lemonade_xmpp_from), stanza->from, stanza->id);
	if (!buf.failed && stanza->from[0] != '\0' && stanza->id[0] != '\0') {
		xmpp_conn_send(xmpp.conn, buf.data, buf.len);
		xmpp_conn_flush(xmpp.conn);
	}
	lemo_buf_free(&buf);
}

static void xmpp_wait_for_answer(void);

/* Ours comes back as the request that it is; from servers that do not let us
   speak to ourselves as an error. */
static void xmpp_iq(const struct lemo_xmpp_stanza *stanza)
{
	size_t len = strlen(xmpp.nonce);
	uint64_t ping;

	if (strncmp(stanza->id, xmpp.nonce, len) == 0 &&
	    stanza->id[len] == '-' &&
	    str_to_uint64(stanza->id + len + 1, &ping) == 0) {
		xmpp_ping_came_back(ping);
		xmpp_wait_for_answer();
	} else if (strcmp(stanza->type, "get") == 0 ||
		   strcmp(stanza->type, "set") == 0)
		xmpp_refuse_request(stanza);
}

static void xmpp_stanza(const struct lemo_xmpp_stanza *stanza,
			void *context ATTR_UNUSED)
{
	if (stanza->kind == LEMO_XMPP_IQ)
		xmpp_iq(stanza);
	else if (strcmp(stanza->type, "error") == 0)
		xmpp_bounced(stanza);
}

/*
 * What we say
 */

static void xmpp_answer_timeout(void *context ATTR_UNUSED)
{
	T_BEGIN {
		xmpp_conn_fail(xmpp.conn, "XMPP server does not answer");
	} T_END;
}

static void xmpp_wait_for_answer(void)
{
	if (xmpp.sent_head != NULL && xmpp.to_answer == NULL) {
		xmpp.to_answer = timeout_add(
			xmpp.set->lemonade_request_timeout,
			xmpp_answer_timeout, NULL);
	}
}

static void xmpp_ping(void *context ATTR_UNUSED)
{
	struct lemo_buf buf;

	timeout_remove(&xmpp.to_ping);
	lemo_buf_init(&buf, LEMO_XMPP_MESSAGE_MAX);
	T_BEGIN {
		lemo_xmpp_ping_add(&buf, lemo_xmpp_domain(
			xmpp.set->lemonade_xmpp_from),
			xmpp_ping_id(xmpp.ping));
	} T_END;
	xmpp.ping++;
	xmpp_conn_send(xmpp.conn, buf.data, buf.len);
	xmpp_conn_flush(xmpp.conn);
	lemo_buf_free(&buf);
	xmpp_wait_for_answer();
}

static void xmpp_push_send(struct xmpp_push *push)
{
	xmpp_conn_send(xmpp.conn, push->stanza.data, push->stanza.len);
	lemo_buf_free(&push->stanza);
	push->ping = xmpp.ping;
	DLLIST2_APPEND(&xmpp.sent_head, &xmpp.sent_tail, push);
	if (xmpp.to_ping == NULL)
		xmpp.to_ping = timeout_add_short(0, xmpp_ping, NULL);
}

static void xmpp_ready(void *context ATTR_UNUSED)
{
	struct xmpp_push *push;

	while ((push = xmpp.waiting_head) != NULL) {
		DLLIST2_REMOVE(&xmpp.waiting_head, &xmpp.waiting_tail, push);
		xmpp_push_send(push);
	}
}

static void xmpp_pushes_fail(struct xmpp_push *head, const char *text)
{
	struct xmpp_push *push;

	while ((push = head) != NULL) {
		head = push->next;
		xmpp_push_end(push, LEMO_ANSWER_RETRY, TRUE, text);
	}
}

/* An answer may send the next one, so the lists are taken away before. */
static void xmpp_failed(const char *text, void *context ATTR_UNUSED)
{
	struct xmpp_push *waiting = xmpp.waiting_head, *sent = xmpp.sent_head;

	timeout_remove(&xmpp.to_ping);
	timeout_remove(&xmpp.to_answer);
	xmpp.waiting_head = xmpp.waiting_tail = NULL;
	xmpp.sent_head = xmpp.sent_tail = NULL;
	xmpp_pushes_fail(sent, text);
	xmpp_pushes_fail(waiting, text);
}

static const struct xmpp_conn_callbacks xmpp_callbacks = {
	.ready = xmpp_ready,
	.stanza = xmpp_stanza,
	.failed = xmpp_failed
};

static int channel_xmpp_build(pool_t pool, const struct channel_job *job,
			      struct channel_request *req_r,
			      const char **error_r)
{
	i_zero(req_r);
	req_r->method = "message";
	p_array_init(&req_r->headers, pool, 1);
	lemo_buf_init(&req_r->body, LEMO_XMPP_MESSAGE_MAX);
	lemo_xmpp_message_add(&req_r->body, job->url,
			      job->set->lemonade_xmpp_from, job->push_id,
			      job->event, &job->payload);
	if (req_r->body.failed) {
		*error_r = "payload is too large";
		return -1;
	}
	return 0;
}

static struct xmpp_push *
xmpp_push_new(const struct channel_job *job, const struct lemo_buf *stanza)
{
	struct xmpp_push *push = i_new(struct xmpp_push, 1);
	struct lemo_xmpp_uri uri;
	const char *error;

	if (lemo_xmpp_uri_parse(job->url, &uri, &error) < 0)
		i_unreached();
	push->id = i_strdup(job->push_id);
	push->jid = i_strndup(uri.jid, uri.bare_len);
	push->stanza = *stanza;
	push->tries = job->tries;
	return push;
}

static void xmpp_refuse(channel_callback_t *callback, void *context,
			enum lemo_answer answer, const char *text)
{
	const struct channel_result result = {
		.answer = answer, .text = text
	};

	callback(&result, context);
}

static void channel_xmpp_send(struct http_sender *http ATTR_UNUSED,
			      const struct channel_job *job,
			      channel_callback_t *callback, void *context)
{
	struct channel_request req;
	struct xmpp_push *push;
	const char *error;

	if (xmpp.conn == NULL) {
		xmpp_refuse(callback, context, LEMO_ANSWER_RETRY,
			    "lemonade_xmpp_secret_file has no secret");
		return;
	}
	if (channel_xmpp_build(pool_datastack_create(), job, &req,
			       &error) < 0) {
		lemo_buf_free(&req.body);
		xmpp_refuse(callback, context, LEMO_ANSWER_PERMANENT, error);
		return;
	}
	push = xmpp_push_new(job, &req.body);
	push->callback = callback;
	push->context = context;
	if (xmpp_conn_is_ready(xmpp.conn))
		xmpp_push_send(push);
	else {
		DLLIST2_APPEND(&xmpp.waiting_head, &xmpp.waiting_tail, push);
		xmpp_conn_want(xmpp.conn);
	}
}

/*
 * The secret, and the connection
 */

/* The first line of the file */
static const char *read_line(int fd, char *buf, size_t size)
{
	ssize_t len = read(fd, buf, size - 1);

	if (len < 0)
		return t_strdup_printf("cannot be read: %m");
	buf[len] = '\0';
	buf[strcspn(buf, "\r\n")] = '\0';
	return *buf == '\0' ? "has no secret in its first line" : NULL;
}

void channel_xmpp_read_secret(const struct lemonade_settings *set)
{
	const char *path = set->lemonade_xmpp_secret_file, *error;
	char buf[SECRET_MAX];
	int fd;

	if (*set->lemonade_xmpp_server == '\0')
		return;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	error = fd == -1 ? t_strdup_printf("cannot be opened: %m") :
		read_line(fd, buf, sizeof(buf));
	i_close_fd(&fd);
	if (error == NULL)
		xmpp.secret = i_strdup(buf);
	else {
		i_error("lemonade_xmpp_secret_file: %s %s; channel xmpp does "
			"not work", path, error);
	}
	safe_memset(buf, 0, sizeof(buf));
}

void channel_xmpp_init(struct event *event,
		       const struct lemonade_settings *set,
		       const char *dns_client_socket_path)
{
	unsigned char nonce[NONCE_LEN];

	if (xmpp.secret == NULL)
		return;
	random_fill(nonce, sizeof(nonce));
	(void)i_strocpy(xmpp.nonce, binary_to_hex(nonce, sizeof(nonce)),
			sizeof(xmpp.nonce));
	xmpp.set = set;
	xmpp.conn = xmpp_conn_init(event, set, xmpp.secret,
				   dns_client_socket_path, &xmpp_callbacks,
				   NULL);
	/* what is wrong is to be known before the first push */
	xmpp_conn_want(xmpp.conn);
}

void channel_xmpp_deinit(void)
{
	if (xmpp.conn == NULL)
		return;
	xmpp_failed("shutting down", NULL);
	xmpp_conn_deinit(&xmpp.conn);
	safe_memset(xmpp.secret, 0, strlen(xmpp.secret));
	i_free(xmpp.secret);
}

static const char *channel_xmpp_origin(const struct lemonade_settings *set)
{
	return t_strconcat("xmpp://", set->lemonade_xmpp_server, NULL);
}

const struct channel_vfuncs channel_xmpp = {
	.name = "xmpp",
	.needs_url = TRUE,
	.needs_verification = TRUE,
	.origin = channel_xmpp_origin,
	.build = channel_xmpp_build,
	.send = channel_xmpp_send,
};
