#include "lib.h"
#include "ioloop.h"
#include "istream.h"
#include "llist.h"
#include "net.h"
#include "ostream.h"
#include "safe-memset.h"
#include "str.h"
#include "str-sanitize.h"
#include "lemonade-ssl-compat.h"
#include "redis-conn.h"
#include "redis-reader.h"
#include "resolve.h"

#include <hiredis/hiredis.h>

#define REDIS_READ_SIZE (32 * 1024)
/* How often a trouble that goes on is logged. */
#define REDIS_COMPLAIN_SECS 60
/* AUTH and SELECT */
#define REDIS_GREETING_MAX 2

/* A command that was not answered yet. */
struct redis_call {
	struct redis_call *prev, *next;
	channel_callback_t *callback;
	void *context;
};

struct redis_conn {
	struct event *event;
	struct resolver *resolver;
	const struct lemo_redis_url *url;
	char *name, *password, *ca_file;
	unsigned int timeout_msecs;

	/* while it connects and is connected; fd -1: it is not */
	bool active;
	struct resolver_request *lookup;
	unsigned int generation;
	int fd;
	struct io *io;
	struct istream *input;
	struct ostream *output;
	struct ssl_iostream_context *ssl_ctx;
	struct ssl_iostream *ssl;
	struct redis_reader *reader;
	/* what the server is told first, and what of it is not answered:
	   callers' commands wait for that */
	const char *greeting[REDIS_GREETING_MAX];
	unsigned int greeting_count, greeting_answered;
	bool ready;

	struct redis_call *head, *tail;
	/* commands that are not written yet */
	string_t *commands;
	struct timeout *to_flush, *to_answer;

	time_t complained;
	bool in_trouble, stopped;
};

bool redis_conn_is_possible(void)
{
	return TRUE;
}

struct redis_conn *redis_conn_init(struct event *event,
				   struct resolver *resolver,
				   const struct redis_conn_settings *set)
{
	struct redis_conn *conn = i_new(struct redis_conn, 1);

	conn->event = event;
	conn->resolver = resolver;
	conn->url = set->url;
	conn->name = i_strdup(set->name);
	conn->password = i_strdup(set->password);
	conn->ca_file = i_strdup(set->ca_file);
	conn->timeout_msecs = set->timeout_msecs;
	conn->fd = -1;
	conn->commands = str_new(default_pool, 4096);
	return conn;
}

static void redis_conn_disconnect(struct redis_conn *conn)
{
	if (conn->lookup != NULL)
		resolver_abort(&conn->lookup);
	timeout_remove(&conn->to_flush);
	timeout_remove(&conn->to_answer);
	io_remove(&conn->io);
	if (conn->ssl != NULL)
		ssl_iostream_destroy(&conn->ssl);
	i_stream_destroy(&conn->input);
	o_stream_destroy(&conn->output);
	i_close_fd(&conn->fd);
	if (conn->reader != NULL)
		redis_reader_deinit(&conn->reader);
	str_truncate(conn->commands, 0);
	conn->active = conn->ready = FALSE;
}

static void calls_answer(struct redis_call *head,
			 const struct channel_result *result)
{
	struct redis_call *call, *next;

	for (call = head; call != NULL; call = next) {
		next = call->next;
		call->callback(result, call->context);
		i_free(call);
	}
}

/* Closes it; what waits for an answer gets this one. text: without secrets. */
static void redis_conn_fail(struct redis_conn *conn, const char *text)
{
	struct channel_result result = {
		.answer = LEMO_ANSWER_RETRY,
		.text = text,
		.origin_failed = TRUE
	};
	struct redis_call *head = conn->head;

	redis_conn_disconnect(conn);
	/* an answer may send the next */
	conn->head = conn->tail = NULL;
	calls_answer(head, &result);
}

static const char *redis_conn_timeout_text(const struct redis_conn *conn)
{
	if (conn->reader == NULL)
		return "connect timed out";
	return conn->ssl == NULL || ssl_iostream_is_handshaked(conn->ssl) ?
		"no answer in time" : "TLS handshake timed out";
}

static void redis_conn_answer_timeout(struct redis_conn *conn)
{
	redis_conn_fail(conn, redis_conn_timeout_text(conn));
}

void redis_conn_stop(struct redis_conn *conn)
{
	conn->stopped = TRUE;
	redis_conn_fail(conn, "stopped");
}

void redis_conn_deinit(struct redis_conn **_conn)
{
	struct redis_conn *conn = *_conn;

	*_conn = NULL;
	i_assert(!conn->active && conn->head == NULL);
	if (conn->ssl_ctx != NULL)
		ssl_iostream_context_unref(&conn->ssl_ctx);
	if (conn->password != NULL)
		safe_memset(conn->password, 0, strlen(conn->password));
	str_free(&conn->commands);
	i_free(conn->password);
	i_free(conn->ca_file);
	i_free(conn->name);
	i_free(conn);
}

/* What the server says of a command is in no other log. */
static void redis_conn_complain(struct redis_conn *conn, const char *text)
{
	if (conn->in_trouble &&
	    ioloop_time < conn->complained + REDIS_COMPLAIN_SECS &&
	    ioloop_time >= conn->complained)
		return;
	conn->in_trouble = TRUE;
	conn->complained = ioloop_time;
	e_error(conn->event, "lemonade_feed_file: %s: %s; its events wait",
		conn->name, text);
}

/* False if that closed it. */
static bool redis_conn_write(struct redis_conn *conn)
{
	timeout_remove(&conn->to_flush);
	o_stream_nsend(conn->output, str_data(conn->commands),
		       str_len(conn->commands));
	str_truncate(conn->commands, 0);
	if (o_stream_flush(conn->output) >= 0)
		return TRUE;
	redis_conn_fail(conn, "connection is lost");
	return FALSE;
}

static void redis_conn_flush(struct redis_conn *conn)
{
	(void)redis_conn_write(conn);
}

/* False if that closed it: by then the next one may be under way. */
static bool redis_conn_greeting_answered(struct redis_conn *conn,
					 const struct redis_answer *answer)
{
	struct lemo_redis_error error;

	if (answer->error) T_BEGIN {
		lemo_redis_error_parse(answer->text, strlen(answer->text),
				       &error);
		redis_conn_complain(conn, t_strdup_printf("%s: %s",
			conn->greeting[conn->greeting_answered], error.text));
		redis_conn_fail(conn, error.text);
	} T_END;
	if (answer->error)
		return FALSE;
	if (++conn->greeting_answered < conn->greeting_count)
		return TRUE;
	conn->ready = TRUE;
	return redis_conn_write(conn);
}

static void redis_conn_call_answered(struct redis_conn *conn,
				     const struct redis_answer *answer)
{
	struct channel_result result = {
		.answer = LEMO_ANSWER_DONE,
		.text = "OK"
	};
	struct redis_call *call = conn->head;
	struct lemo_redis_error error;

	DLLIST2_REMOVE(&conn->head, &conn->tail, call);
	if (answer->error) {
		lemo_redis_error_parse(answer->text, strlen(answer->text),
				       &error);
		redis_conn_complain(conn, error.text);
		result.answer = LEMO_ANSWER_RETRY;
		result.origin_failed = error.of_server;
		result.text = error.text;
	} else if (conn->in_trouble) {
		conn->in_trouble = FALSE;
		e_info(conn->event, "lemonade_feed_file: %s: takes events "
		       "again", conn->name);
	}
	call->callback(&result, call->context);
	i_free(call);
}

/* False if it was closed. */
static bool redis_conn_answers(struct redis_conn *conn)
{
	struct redis_answer answer;
	int ret;

	while ((ret = redis_reader_next(conn->reader, &answer)) > 0) {
		if (conn->head == NULL) {
			/* to nothing that was asked */
			ret = -1;
			break;
		}
		timeout_reset(conn->to_answer);
		if (conn->ready)
			redis_conn_call_answered(conn, &answer);
		else if (!redis_conn_greeting_answered(conn, &answer))
			return FALSE;
		if (!conn->active)
			return FALSE;
	}
	if (ret < 0)
		redis_conn_fail(conn, "what answers is no Redis server");
	return ret == 0;
}

static const char *redis_conn_lost(struct redis_conn *conn)
{
	const char *error;

	if (conn->ssl == NULL || ssl_iostream_is_handshaked(conn->ssl))
		return "connection is lost";
	error = ssl_iostream_get_last_error(conn->ssl);
	redis_conn_complain(conn, error == NULL ? "TLS handshake failed" :
			    t_strdup_printf("TLS: %s",
					    str_sanitize(error, 256)));
	return "TLS handshake failed";
}

/* False if it was closed. */
static bool redis_conn_understand(struct redis_conn *conn)
{
	const unsigned char *data;
	size_t size;

	data = i_stream_get_data(conn->input, &size);
	if (!redis_reader_add(conn->reader, data, size)) {
		redis_conn_fail(conn, "what answers is no Redis server");
		return FALSE;
	}
	i_stream_skip(conn->input, size);
	return redis_conn_answers(conn);
}

/* Once a turn of the loop: a server may say more as fast as it is read. */
static void redis_conn_input(struct redis_conn *conn)
{
	ssize_t ret = i_stream_read(conn->input);

	if (ret > 0) {
		/* TLS may have more that its socket does not tell of */
		if (redis_conn_understand(conn))
			i_stream_set_input_pending(conn->input, TRUE);
	} else if (ret < 0) T_BEGIN {
		redis_conn_fail(conn, redis_conn_lost(conn));
	} T_END;
	else if (conn->ready && conn->head == NULL)
		timeout_remove(&conn->to_answer);
}

static void add_command(string_t *dest, unsigned int argc, const char **argv,
			const size_t *lens)
{
	char *command;
	int len;

	len = redisFormatCommandArgv(&command, argc, argv, lens);
	if (len < 0)
		i_fatal_status(FATAL_OUTOFMEM, "hiredis: out of memory");
	str_append_data(dest, command, len);
	safe_memset(command, 0, len);
	redisFreeCommand(command);
}

static void redis_conn_greet(struct redis_conn *conn, string_t *dest,
			     unsigned int argc, const char **argv)
{
	conn->greeting[conn->greeting_count++] = argv[0];
	add_command(dest, argc, argv, NULL);
}

static void redis_conn_add_greeting(struct redis_conn *conn, string_t *dest)
{
	const char *auth[3] = { "AUTH" }, *select[2] = { "SELECT" };
	unsigned int argc = 1;

	conn->greeting_count = conn->greeting_answered = 0;
	if (conn->password != NULL) {
		if (conn->url->user[0] != '\0')
			auth[argc++] = conn->url->user;
		auth[argc++] = conn->password;
		redis_conn_greet(conn, dest, argc, auth);
	}
	select[1] = dec2str(conn->url->db);
	redis_conn_greet(conn, dest, 2, select);
}

static void redis_conn_say_greeting(struct redis_conn *conn)
{
	string_t *greeting = str_new(default_pool, 1024);

	T_BEGIN {
		redis_conn_add_greeting(conn, greeting);
	} T_END;
	o_stream_nsend(conn->output, str_data(greeting), str_len(greeting));
	safe_memset(str_c_modifiable(greeting), 0, str_len(greeting));
	str_free(&greeting);
}

static int redis_conn_start_tls(struct redis_conn *conn, const char **error_r)
{
	if (conn->ssl_ctx == NULL &&
	    lemonade_ssl_client_context(conn->ca_file, &conn->ssl_ctx,
					error_r) < 0)
		return -1;
	return lemonade_ssl_client_create(conn->ssl_ctx, conn->url->host,
					  conn->event, &conn->input,
					  &conn->output, &conn->ssl, error_r);
}

static void redis_conn_open_streams(struct redis_conn *conn)
{
	const char *error;

	conn->input = i_stream_create_fd(conn->fd, REDIS_READ_SIZE);
	conn->output = o_stream_create_fd(conn->fd, SIZE_MAX);
	o_stream_set_no_error_handling(conn->output, TRUE);
	conn->reader = redis_reader_init();
	if (conn->url->tls && redis_conn_start_tls(conn, &error) < 0) {
		redis_conn_complain(conn, t_strdup_printf("TLS: %s", error));
		redis_conn_fail(conn, "TLS cannot be started");
		return;
	}
	conn->io = io_add_istream(conn->input, redis_conn_input, conn);
	redis_conn_say_greeting(conn);
}

static void redis_conn_connect_failed(struct redis_conn *conn, int error)
{
	if (conn->generation != 0)
		resolver_rotate(conn->resolver, conn->url->host,
				conn->generation);
	T_BEGIN {
		redis_conn_fail(conn, t_strdup_printf("connect: %s",
						      strerror(error)));
	} T_END;
}

static void redis_conn_connected(struct redis_conn *conn)
{
	int error = net_geterror(conn->fd);

	io_remove(&conn->io);
	if (error != 0)
		redis_conn_connect_failed(conn, error);
	else T_BEGIN {
		redis_conn_open_streams(conn);
	} T_END;
}

static void redis_conn_connect_ip(struct redis_conn *conn,
				  const struct ip_addr *ip)
{
	conn->fd = net_connect_ip(ip, conn->url->port, NULL);
	if (conn->fd == -1) {
		redis_conn_connect_failed(conn, errno);
		return;
	}
	(void)net_set_tcp_nodelay(conn->fd, TRUE);
	conn->io = io_add(conn->fd, IO_WRITE, redis_conn_connected, conn);
}

static void redis_conn_resolved(const struct resolver_answer *answer,
				void *context)
{
	struct redis_conn *conn = context;

	if (answer->error != NULL) T_BEGIN {
		redis_conn_fail(conn, t_strdup(answer->error));
	} T_END;
	else {
		conn->generation = answer->generation;
		redis_conn_connect_ip(conn, &answer->ips[0]);
	}
}

static void redis_conn_connect(struct redis_conn *conn)
{
	struct ip_addr ip;

	conn->active = TRUE;
	conn->generation = 0;
	if (net_addr2ip(conn->url->host, &ip) == 0)
		redis_conn_connect_ip(conn, &ip);
	else {
		resolver_lookup(conn->resolver, conn->url->host,
				conn->timeout_msecs, redis_conn_resolved, conn,
				&conn->lookup);
	}
}

void redis_conn_send(struct redis_conn *conn, unsigned int argc,
		     const char **argv, const size_t *lens,
		     channel_callback_t *callback, void *context)
{
	struct redis_call *call = i_new(struct redis_call, 1);

	call->callback = callback;
	call->context = context;
	DLLIST2_APPEND(&conn->head, &conn->tail, call);
	if (conn->stopped) {
		redis_conn_fail(conn, "stopped");
		return;
	}
	add_command(conn->commands, argc, argv, lens);
	if (conn->to_answer == NULL) {
		conn->to_answer = timeout_add(conn->timeout_msecs,
					      redis_conn_answer_timeout, conn);
	}
	if (!conn->active)
		redis_conn_connect(conn);
	else if (conn->ready && conn->to_flush == NULL)
		conn->to_flush = timeout_add_short(0, redis_conn_flush, conn);
}
