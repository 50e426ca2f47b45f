#include "lib.h"
#include "ioloop.h"
#include "istream.h"
#include "net.h"
#include "ostream.h"
#include "str.h"
#include "str-sanitize.h"
#include "time-util.h"
#include "lemonade-deflate-compat.h"
#include "lemonade-ssl-compat.h"
#include "lemonade-check-conn.h"

#include <unistd.h>

#define ERROR_TEXT_MAX 200

struct lemonade_check_conn {
	struct lemonade_check_server *server;
	struct ioloop *ioloop, *outer_ioloop;
	int fd;
	struct istream *input;
	struct ostream *output;
	struct ssl_iostream_context *ssl_ctx;
	struct ssl_iostream *ssl;
	bool within_host, ready;
};

static unsigned int msecs_left(const struct lemonade_check_server *server)
{
	struct timeval now;
	long long diff;

	i_gettimeofday(&now);
	diff = timeval_diff_msecs(&server->deadline, &now);
	return diff <= 0 ? 0 : I_MIN(diff, LEMONADE_CHECK_WAIT_MSECS);
}

void lemonade_check_server_renew(struct lemonade_check_server *server,
				 unsigned int msecs)
{
	i_gettimeofday(&server->deadline);
	timeval_add_msecs(&server->deadline, msecs);
	server->octets_left = LEMONADE_CHECK_OCTETS_MAX;
}

static void wait_ready(struct lemonade_check_conn *conn)
{
	conn->ready = TRUE;
	io_loop_stop(conn->ioloop);
}

static void wait_over(struct lemonade_check_conn *conn)
{
	io_loop_stop(conn->ioloop);
}

/* Until io calls wait_ready(), which is then removed. */
static bool
wait_io(struct lemonade_check_conn *conn, struct io *io, unsigned int msecs)
{
	struct timeout *to = timeout_add(msecs, wait_over, conn);

	conn->ready = FALSE;
	io_loop_run(conn->ioloop);
	timeout_remove(&to);
	io_remove(&io);
	return conn->ready;
}

/* A conn's ioloop is the current one only while it is used. */
static void conn_enter(struct lemonade_check_conn *conn)
{
	conn->outer_ioloop = current_ioloop;
	io_loop_set_current(conn->ioloop);
}

static void conn_leave(struct lemonade_check_conn *conn)
{
	io_loop_set_current(conn->outer_ioloop);
}

bool lemonade_check_conn_wait(struct lemonade_check_conn *conn,
			      unsigned int msecs)
{
	bool ready;

	conn_enter(conn);
	ready = i_stream_get_data_size(conn->input) > 0 ||
		wait_io(conn, io_add_istream(conn->input, wait_ready, conn),
			I_MIN(msecs, msecs_left(conn->server)));
	conn_leave(conn);
	return ready;
}

/* -- connecting */

/* Would a packet to it come from the same address? Sends nothing. */
static bool ip_is_here(const struct ip_addr *ip)
{
	struct ip_addr own;
	int fd = net_connect_udp(ip, 1, NULL);
	bool here;

	if (fd == -1)
		return FALSE;
	here = net_getsockname(fd, &own, NULL) == 0 &&
		net_ip_compare(&own, ip);
	i_close_fd(&fd);
	return here;
}

static int connect_ip(struct lemonade_check_conn *conn,
		      const struct ip_addr *ip)
{
	int error;

	conn->fd = net_connect_ip(ip, conn->server->url.port, NULL);
	if (conn->fd == -1)
		return -1;
	if (!wait_io(conn, io_add(conn->fd, IO_WRITE, wait_ready, conn),
		     msecs_left(conn->server)))
		error = ETIMEDOUT;
	else
		error = net_geterror(conn->fd);
	conn->within_host = ip_is_here(ip);
	if (error == 0)
		return 0;
	i_close_fd(&conn->fd);
	errno = error;
	return -1;
}

static int resolve(const struct lemo_check_url *url, struct ip_addr **ips_r,
		   unsigned int *count_r, const char **error_r)
{
	int ret = net_gethostbyname(url->host, ips_r, count_r);

	if (ret == 0 && *count_r > 0)
		return 0;
	*error_r = t_strdup_printf("%s cannot be resolved: %s", url->host,
		ret == 0 ? "it has no address" : net_gethosterror(ret));
	return -1;
}

static int conn_connect(struct lemonade_check_conn *conn,
			const char **error_r)
{
	const struct lemo_check_url *url = &conn->server->url;
	struct ip_addr *ips;
	unsigned int i, count;

	if (resolve(url, &ips, &count, error_r) < 0)
		return -1;
	for (i = 0; i < count; i++) {
		if (connect_ip(conn, &ips[i]) == 0)
			return 0;
	}
	*error_r = t_strdup_printf("connect to %s port %u: %m", url->host,
				   url->port);
	return -1;
}

static void conn_streams(struct lemonade_check_conn *conn)
{
	(void)net_set_tcp_nodelay(conn->fd, TRUE);
	conn->input = i_stream_create_fd(conn->fd, LEMONADE_CHECK_LINE_MAX);
	conn->output = o_stream_create_fd(conn->fd, SIZE_MAX);
	o_stream_set_no_error_handling(conn->output, TRUE);
}

static int conn_open(struct lemonade_check_conn *conn, const char **error_r)
{
	if (conn_connect(conn, error_r) < 0)
		return -1;
	conn_streams(conn);
	return 0;
}

struct lemonade_check_conn *
lemonade_check_conn_init(struct lemonade_check_server *server,
			 const char **error_r)
{
	struct lemonade_check_conn *conn = i_new(struct lemonade_check_conn, 1);
	int ret;

	if (server->deadline.tv_sec == 0)
		lemonade_check_server_renew(server, LEMONADE_CHECK_TIME_MSECS);
	conn->server = server;
	conn->fd = -1;
	conn->outer_ioloop = current_ioloop;
	conn->ioloop = io_loop_create();
	ret = conn_open(conn, error_r);
	conn_leave(conn);
	if (ret == 0 && server->url.tls)
		ret = lemonade_check_conn_tls(conn, error_r);
	if (ret < 0)
		lemonade_check_conn_deinit(&conn);
	return conn;
}

void lemonade_check_conn_deinit(struct lemonade_check_conn **_conn)
{
	struct lemonade_check_conn *conn = *_conn;

	if (conn == NULL)
		return;
	*_conn = NULL;
	conn_enter(conn);
	if (conn->ssl != NULL)
		ssl_iostream_destroy(&conn->ssl);
	i_stream_destroy(&conn->input);
	o_stream_destroy(&conn->output);
	if (conn->ssl_ctx != NULL)
		ssl_iostream_context_unref(&conn->ssl_ctx);
	i_close_fd(&conn->fd);
	conn_leave(conn);
	io_loop_set_current(conn->ioloop);
	io_loop_destroy(&conn->ioloop);
	if (current_ioloop != conn->outer_ioloop)
		io_loop_set_current(conn->outer_ioloop);
	i_free(conn);
}

/* -- TLS, DEFLATE */

static int tls_handshake(struct lemonade_check_conn *conn,
			 const char **error_r)
{
	const char *error;
	int ret;

	while ((ret = ssl_iostream_handshake(conn->ssl)) == 0) {
		if (wait_io(conn, io_add_istream(conn->input, wait_ready,
						 conn),
			    msecs_left(conn->server)))
			continue;
		*error_r = "TLS: no handshake in time";
		return -1;
	}
	if (ret > 0 && !ssl_iostream_has_handshake_failed(conn->ssl))
		return 0;
	error = ssl_iostream_get_last_error(conn->ssl);
	*error_r = t_strdup_printf("TLS: %s", error == NULL ?
		"the handshake failed" : str_sanitize(error, ERROR_TEXT_MAX));
	return -1;
}

static int tls_start(struct lemonade_check_conn *conn, const char **error_r)
{
	const char *error;

	/* RFC 3501 6.2.1, RFC 3207 6: what came before is not trusted */
	if (i_stream_get_data_size(conn->input) > 0) {
		*error_r = "TLS: the server sent something before it";
		return -1;
	}
	if (lemonade_ssl_client_context(conn->server->ca_file,
					&conn->ssl_ctx, &error) < 0 ||
	    lemonade_ssl_client_create(conn->ssl_ctx, conn->server->url.host,
				       conn->server->event, &conn->input,
				       &conn->output, &conn->ssl,
				       &error) < 0) {
		*error_r = t_strdup_printf("TLS: %s", error);
		return -1;
	}
	return tls_handshake(conn, error_r);
}

int lemonade_check_conn_tls(struct lemonade_check_conn *conn,
			    const char **error_r)
{
	int ret;

	conn_enter(conn);
	ret = tls_start(conn, error_r);
	conn_leave(conn);
	return ret;
}

void lemonade_check_conn_deflate(struct lemonade_check_conn *conn)
{
	struct istream *input = conn->input;
	struct ostream *output = conn->output;

	conn_enter(conn);
	conn->input = i_stream_create_deflate(input);
	conn->output = lemonade_deflate_create(output, conn->server->event);
	o_stream_set_no_error_handling(conn->output, TRUE);
	i_stream_unref(&input);
	o_stream_unref(&output);
	conn_leave(conn);
}

bool lemonade_check_conn_is_private(const struct lemonade_check_conn *conn)
{
	return conn->within_host || conn->ssl != NULL;
}

/* -- octets */

void lemonade_check_conn_send(struct lemonade_check_conn *conn,
			      const void *data, size_t size)
{
	conn_enter(conn);
	o_stream_nsend(conn->output, data, size);
	(void)o_stream_flush(conn->output);
	conn_leave(conn);
}

static int conn_lost(struct lemonade_check_conn *conn, const char **error_r)
{
	*error_r = conn->input->stream_errno == 0 ?
		"the server closed the connection" :
		t_strdup_printf("the connection is lost: %s", str_sanitize(
			i_stream_get_error(conn->input), ERROR_TEXT_MAX));
	return -1;
}

static int conn_silent(struct lemonade_check_conn *conn, const char **error_r)
{
	*error_r = msecs_left(conn->server) == 0 ? "the server is too slow" :
		t_strdup_printf("the server said nothing for %u s",
				LEMONADE_CHECK_WAIT_MSECS / 1000);
	return -1;
}

/* Something more than there is: 0, or -1 with *error_r. */
static int conn_read(struct lemonade_check_conn *conn, const char **error_r)
{
	ssize_t ret;

	while ((ret = i_stream_read(conn->input)) == 0) {
		if (wait_io(conn, io_add_istream(conn->input, wait_ready,
						 conn),
			    msecs_left(conn->server)))
			continue;
		return conn_silent(conn, error_r);
	}
	if (ret == -1)
		return conn_lost(conn, error_r);
	if (ret == -2) {
		*error_r = t_strdup_printf("the server sent a line of more "
			"than %u octets", LEMONADE_CHECK_LINE_MAX);
		return -1;
	}
	if ((size_t)ret > conn->server->octets_left ||
	    msecs_left(conn->server) == 0) {
		*error_r = "the server does not stop sending";
		return -1;
	}
	conn->server->octets_left -= ret;
	return 0;
}

static int conn_line(struct lemonade_check_conn *conn, string_t *line,
		     const char **error_r)
{
	const unsigned char *data, *lf;
	size_t size, len;

	for (;;) {
		data = i_stream_get_data(conn->input, &size);
		lf = size == 0 ? NULL : memchr(data, '\n', size);
		if (lf != NULL)
			break;
		if (conn_read(conn, error_r) < 0)
			return -1;
	}
	len = lf - data;
	str_append_data(line, data,
			len > 0 && data[len - 1] == '\r' ? len - 1 : len);
	i_stream_skip(conn->input, len + 1);
	return 0;
}

int lemonade_check_conn_line(struct lemonade_check_conn *conn, string_t *line,
			     const char **error_r)
{
	int ret;

	conn_enter(conn);
	ret = conn_line(conn, line, error_r);
	conn_leave(conn);
	return ret;
}

static int conn_octets(struct lemonade_check_conn *conn, size_t left,
		       string_t *dest, const char **error_r)
{
	const unsigned char *data;
	size_t size;

	while (left > 0) {
		data = i_stream_get_data(conn->input, &size);
		size = I_MIN(size, left);
		str_append_data(dest, data, size);
		i_stream_skip(conn->input, size);
		left -= size;
		if (left > 0 && conn_read(conn, error_r) < 0)
			return -1;
	}
	return 0;
}

int lemonade_check_conn_octets(struct lemonade_check_conn *conn, size_t size,
			       string_t *dest, const char **error_r)
{
	int ret;

	if (size > conn->server->octets_left) {
		*error_r = "the server sent too long a literal";
		return -1;
	}
	conn_enter(conn);
	ret = conn_octets(conn, size, dest, error_r);
	conn_leave(conn);
	return ret;
}

bool lemonade_check_host_is_here(const struct lemo_check_url *url)
{
	struct ip_addr *ips;
	unsigned int i, count;
	const char *error;

	if (resolve(url, &ips, &count, &error) < 0)
		return FALSE;
	for (i = 0; i < count; i++) {
		if (ip_is_here(&ips[i]))
			return TRUE;
	}
	return FALSE;
}
