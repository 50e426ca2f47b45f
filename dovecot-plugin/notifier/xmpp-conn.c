#include "lib.h"
#include "ioloop.h"
#include "net.h"
#include "ostream.h"
#include "sha1.h"
#include "hex-binary.h"
#include "safe-memset.h"
#include "str.h"
#include "str-sanitize.h"
#include "lemo-xmpp.h"
#include "lemonade-settings.h"
#include "resolve.h"
#include "xmpp-conn.h"

#include <unistd.h>

#include "lemo-banned.h"

/* Octets read at once */
#define READ_MAX 8192
/* Octets of what we say of ourselves */
#define OPEN_MAX 1024

enum xmpp_conn_state {
	XMPP_CONN_DOWN,
	/* looks up the host, connects, shakes hands */
	XMPP_CONN_OPENING,
	XMPP_CONN_READY
};

struct xmpp_conn {
	struct event *event;
	const struct lemonade_settings *set;
	const char *secret;
	const struct xmpp_conn_callbacks *callbacks;
	void *context;

	/* of lemonade_xmpp_server */
	char *host;
	in_port_t port;

	struct resolver *resolver;
	struct resolver_request *lookup;
	/* of the answer in use, 0 if the host is an address */
	unsigned int generation;

	enum xmpp_conn_state state;
	int fd;
	struct io *io;
	struct ostream *output;
	struct timeout *to;
	struct lemo_xmpp_reader *reader;
	/* what was logged last of why it does not work */
	char *complaint;
};

static void xmpp_conn_close(struct xmpp_conn *conn)
{
	if (conn->lookup != NULL)
		resolver_abort(&conn->lookup);
	timeout_remove(&conn->to);
	io_remove(&conn->io);
	if (conn->output != NULL)
		o_stream_abort(conn->output);
	o_stream_unref(&conn->output);
	i_close_fd(&conn->fd);
	lemo_xmpp_reader_deinit(&conn->reader);
	conn->state = XMPP_CONN_DOWN;
}

/* Once, until it works again: the scheduler tells of all tries. setting: the
   one that is wrong, NULL if none need be. */
static void xmpp_conn_complain(struct xmpp_conn *conn, const char *setting,
			       const char *text)
{
	if (null_strcmp(conn->complaint, text) == 0)
		return;
	i_free(conn->complaint);
	conn->complaint = i_strdup(text);
	if (setting != NULL) {
		e_error(conn->event, "%s: %s (server %s)", setting, text,
			conn->set->lemonade_xmpp_server);
	} else {
		e_warning(conn->event, "lemonade_xmpp_server %s: %s",
			  conn->set->lemonade_xmpp_server, text);
	}
}

static void xmpp_conn_fail_setting(struct xmpp_conn *conn, const char *setting,
				   const char *text)
{
	xmpp_conn_complain(conn, setting, text);
	xmpp_conn_close(conn);
	conn->callbacks->failed(text, conn->context);
}

void xmpp_conn_fail(struct xmpp_conn *conn, const char *text)
{
	xmpp_conn_fail_setting(conn, NULL, text);
}

static void xmpp_conn_timeout(struct xmpp_conn *conn)
{
	T_BEGIN {
		xmpp_conn_fail(conn, "XMPP server does not answer");
	} T_END;
}

void xmpp_conn_send(struct xmpp_conn *conn, const void *data, size_t len)
{
	/* what it does not take is missed soon enough: the stream is broken,
	   and the ping that follows is not answered */
	o_stream_cork(conn->output);
	o_stream_nsend(conn->output, data, len);
}

void xmpp_conn_flush(struct xmpp_conn *conn)
{
	o_stream_uncork(conn->output);
}

static void xmpp_conn_say(struct xmpp_conn *conn, struct lemo_buf *buf)
{
	xmpp_conn_send(conn, buf->data, buf->len);
	xmpp_conn_flush(conn);
	lemo_buf_free(buf);
}

/* XEP-0114 3: SHA-1 of stream id and secret */
static void xmpp_conn_shake_hands(struct xmpp_conn *conn, const char *id)
{
	unsigned char digest[SHA1_RESULTLEN];
	struct sha1_ctxt ctx;
	struct lemo_buf buf;

	sha1_init(&ctx);
	sha1_loop(&ctx, id, strlen(id));
	sha1_loop(&ctx, conn->secret, strlen(conn->secret));
	sha1_result(&ctx, digest);
	lemo_buf_init(&buf, OPEN_MAX);
	lemo_xmpp_handshake_add(&buf, binary_to_hex(digest, sizeof(digest)));
	xmpp_conn_say(conn, &buf);
}

static void xmpp_conn_accepted(struct xmpp_conn *conn)
{
	timeout_remove(&conn->to);
	conn->state = XMPP_CONN_READY;
	i_free(conn->complaint);
	e_info(conn->event, "XMPP server %s: connected as component %s",
	       conn->set->lemonade_xmpp_server,
	       lemo_xmpp_domain(conn->set->lemonade_xmpp_from));
	conn->callbacks->ready(conn->context);
}

static void
xmpp_conn_stream_error(struct xmpp_conn *conn, const char *condition)
{
	if (strcmp(condition, "not-authorized") == 0) {
		xmpp_conn_fail_setting(conn, "lemonade_xmpp_secret_file",
			"XMPP server does not accept the component's secret");
	} else if (strcmp(condition, "host-unknown") == 0) {
		xmpp_conn_fail_setting(conn, "lemonade_xmpp_from",
			t_strdup_printf("XMPP server knows no component %s",
				lemo_xmpp_domain(
					conn->set->lemonade_xmpp_from)));
	} else {
		xmpp_conn_fail(conn, t_strdup_printf(
			"XMPP server ended the stream: %s",
			str_sanitize(condition, 64)));
	}
}

/* False if the connection is closed. */
static bool xmpp_conn_handle(struct xmpp_conn *conn,
			     const struct lemo_xmpp_stanza *stanza)
{
	switch (stanza->kind) {
	case LEMO_XMPP_OPEN:
		xmpp_conn_shake_hands(conn, stanza->id);
		return TRUE;
	case LEMO_XMPP_ACCEPTED:
		if (conn->state == XMPP_CONN_OPENING)
			xmpp_conn_accepted(conn);
		return conn->fd != -1;
	case LEMO_XMPP_MESSAGE:
	case LEMO_XMPP_IQ:
		if (conn->state == XMPP_CONN_READY)
			conn->callbacks->stanza(stanza, conn->context);
		return conn->fd != -1;
	case LEMO_XMPP_STREAM_ERROR:
		xmpp_conn_stream_error(conn, stanza->condition);
		return FALSE;
	case LEMO_XMPP_CLOSE:
		xmpp_conn_fail(conn, "XMPP server ended the stream");
		return FALSE;
	case LEMO_XMPP_OTHER:
		break;
	}
	return TRUE;
}

static void xmpp_conn_understand(struct xmpp_conn *conn, const char *data,
				 size_t len)
{
	const struct lemo_xmpp_stanza *stanza;
	const char *error;
	int ret;

	lemo_xmpp_reader_push(conn->reader, data, len);
	while ((ret = lemo_xmpp_reader_next(conn->reader, &stanza,
					    &error)) > 0) {
		if (!xmpp_conn_handle(conn, stanza))
			return;
	}
	if (ret < 0) {
		xmpp_conn_fail(conn, t_strdup_printf("XMPP server %s",
						     error));
	}
}

static void xmpp_conn_input(struct xmpp_conn *conn)
{
	char data[READ_MAX];
	ssize_t len = read(conn->fd, data, sizeof(data));

	if (len < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	T_BEGIN {
		if (len > 0)
			xmpp_conn_understand(conn, data, len);
		else if (len < 0) {
			xmpp_conn_fail(conn, t_strdup_printf(
				"XMPP server closed the connection: %m"));
		} else {
			xmpp_conn_fail(conn,
				"XMPP server closed the connection");
		}
	} T_END;
}

static void xmpp_conn_refused(struct xmpp_conn *conn, int error)
{
	if (conn->generation != 0)
		resolver_rotate(conn->resolver, conn->host, conn->generation);
	xmpp_conn_fail(conn, t_strdup_printf(
		"XMPP server cannot be reached: %s", strerror(error)));
}

static void xmpp_conn_connected(struct xmpp_conn *conn)
{
	int error = net_geterror(conn->fd);
	struct lemo_buf buf;

	if (error != 0) T_BEGIN {
		xmpp_conn_refused(conn, error);
	} T_END;
	if (error != 0)
		return;
	(void)net_set_tcp_nodelay(conn->fd, TRUE);
	io_remove(&conn->io);
	conn->io = io_add(conn->fd, IO_READ, xmpp_conn_input, conn);
	conn->output = o_stream_create_fd(conn->fd, XMPP_CONN_OUTPUT_MAX);
	o_stream_set_no_error_handling(conn->output, TRUE);
	lemo_buf_init(&buf, OPEN_MAX);
	lemo_xmpp_open_add(&buf, lemo_xmpp_domain(
		conn->set->lemonade_xmpp_from));
	xmpp_conn_say(conn, &buf);
}

static void xmpp_conn_connect(struct xmpp_conn *conn, const struct ip_addr *ip)
{
	conn->fd = net_connect_ip(ip, conn->port, NULL);
	conn->reader = lemo_xmpp_reader_init();
	if (conn->fd == -1)
		xmpp_conn_refused(conn, errno);
	else if (conn->reader == NULL)
		i_fatal_status(FATAL_OUTOFMEM, "XMPP reader: out of memory");
	else {
		conn->io = io_add(conn->fd, IO_WRITE, xmpp_conn_connected,
				  conn);
	}
}

static void xmpp_conn_resolved(const struct resolver_answer *answer,
			       void *context)
{
	struct xmpp_conn *conn = context;

	if (answer->error != NULL) {
		xmpp_conn_fail(conn, t_strdup_printf("XMPP server: %s",
						     answer->error));
		return;
	}
	conn->generation = answer->generation;
	xmpp_conn_connect(conn, &answer->ips[0]);
}

void xmpp_conn_want(struct xmpp_conn *conn)
{
	struct ip_addr ip;

	if (conn->state != XMPP_CONN_DOWN)
		return;
	conn->state = XMPP_CONN_OPENING;
	conn->to = timeout_add(conn->set->lemonade_request_timeout,
			       xmpp_conn_timeout, conn);
	if (net_addr2ip(conn->host, &ip) == 0)
		xmpp_conn_connect(conn, &ip);
	else {
		resolver_lookup(conn->resolver, conn->host,
				conn->set->lemonade_request_timeout,
				xmpp_conn_resolved, conn, &conn->lookup);
	}
}

bool xmpp_conn_is_ready(const struct xmpp_conn *conn)
{
	return conn->state == XMPP_CONN_READY;
}

struct xmpp_conn *xmpp_conn_init(struct event *event,
				 const struct lemonade_settings *set,
				 const char *secret,
				 const char *dns_client_socket_path,
				 const struct xmpp_conn_callbacks *callbacks,
				 void *context)
{
	struct xmpp_conn *conn = i_new(struct xmpp_conn, 1);
	const char *host = "";

	conn->event = event_create(event);
	conn->set = set;
	conn->secret = secret;
	conn->callbacks = callbacks;
	conn->context = context;
	conn->fd = -1;
	/* the settings are checked */
	(void)net_str2hostport(set->lemonade_xmpp_server,
			       LEMO_XMPP_COMPONENT_PORT, &host, &conn->port);
	conn->host = i_strdup(host);
	conn->resolver = resolver_init(conn->event, dns_client_socket_path);
	return conn;
}

void xmpp_conn_deinit(struct xmpp_conn **_conn)
{
	struct xmpp_conn *conn = *_conn;

	*_conn = NULL;
	if (conn->state == XMPP_CONN_READY) {
		o_stream_nsend_str(conn->output, LEMO_XMPP_CLOSING);
		xmpp_conn_flush(conn);
	}
	xmpp_conn_close(conn);
	resolver_deinit(&conn->resolver);
	event_unref(&conn->event);
	i_free(conn->complaint);
	i_free(conn->host);
	i_free(conn);
}
