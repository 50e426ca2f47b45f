/* Connections of sessions: PRESENCE as often as it likes, AWAY, HIBERNATE.
   AWAY says for how long the client has acknowledged nothing, milliseconds. */

#include "lib.h"
#include "ioloop.h"
#include "llist.h"
#include "strnum.h"
#include "account.h"
#include "lemo-buf.h"
#include "master-service.h"
#include "notifier.h"
#include "presence-private.h"

#include <sys/socket.h>
#include <unistd.h>

#define LOG_INTERVAL_SECS 60
/* Octets read at once; a session says little. */
#define READ_MAX 4096

#define AWAY "AWAY\t"
#define HIBERNATE "HIBERNATE"
#define AWAY_MAX_MSECS (60 * 60 * 1000)

#define ANSWER_FULL "NO\tPRESENCE\tfull\ttoo many sessions\n"
#define ANSWER_BAD "NO\tPRESENCE\tbad\t"

static void conn_close(struct presence_conn *conn)
{
	struct presence *presence = conn->presence;

	if (conn->session != NULL &&
	    conn->session->state != SESSION_HIBERNATED)
		presence_session_free(presence, &conn->session);
	io_remove(&conn->io);
	i_close_fd(&conn->fd);
	i_free(conn->partial);
	conn->account->presences--;
	presence->count--;
	DLLIST2_REMOVE(&presence->head, &presence->tail, conn);
	i_free(conn);
	master_service_client_connection_destroyed(master_service);
}

void presence_conns_close(struct presence *presence)
{
	while (presence->head != NULL)
		conn_close(presence->head);
}

/* False if it takes no answer: it is none of ours. */
static bool conn_answer(struct presence_conn *conn, const char *text,
			size_t len)
{
	return send(conn->fd, text, len, MSG_DONTWAIT | MSG_NOSIGNAL) ==
		(ssize_t)len;
}

static void conn_refuse(struct presence_conn *conn, const char *text)
{
	(void)conn_answer(conn, text, strlen(text));
	conn_close(conn);
}

static void conn_bad(struct presence_conn *conn, const char *error)
{
	conn_refuse(conn, t_strconcat(ANSWER_BAD, error, "\n", NULL));
}

/*
 * Lines; false if the connection is closed
 */

/* The same user and session as before? */
static bool session_is(const struct presence_session *session,
		       const struct lemo_presence *line)
{
	return strcmp(session->user->name, line->user) == 0 &&
		strcmp(session->id, line->session) == 0;
}

/* Tells which devices it belongs to: more than it said if it did so before it
   hibernated. */
static bool conn_tell(struct presence_conn *conn,
		      const struct lemo_presence *line)
{
	struct lemo_buf buf;
	bool told;

	lemo_buf_init(&buf, LEMO_PRESENCE_LINE_MAX + 1);
	lemo_presence_encode(line, &buf);
	told = !buf.failed && conn_answer(conn, buf.data, buf.len);
	lemo_buf_free(&buf);
	if (!told)
		conn_close(conn);
	return told;
}

static bool conn_presence(struct presence_conn *conn, char *text, size_t len)
{
	struct lemo_presence line;
	const char *error;

	if (lemo_presence_decode(text, len, &line, &error) < 0) {
		conn_bad(conn, error);
		return FALSE;
	}
	if (conn->session == NULL) {
		conn->session = presence_session_add(conn->presence,
						     conn->account, &line);
		return conn_tell(conn, &line);
	}
	if (!session_is(conn->session, &line)) {
		conn_bad(conn, "another user or session");
		return FALSE;
	}
	presence_session_set_devices(conn->session, &line);
	conn->session->state = SESSION_CONNECTED;
	return TRUE;
}

static bool conn_hibernate(struct presence_conn *conn)
{
	if (conn->session->state == SESSION_CONNECTED &&
	    presence_hibernate(conn->presence, conn->session))
		conn->session = NULL;
	conn_close(conn);
	return FALSE;
}

static bool conn_away(struct presence_conn *conn, const char *number)
{
	unsigned int msecs;

	if (str_to_uint(number, &msecs) < 0 || msecs > AWAY_MAX_MSECS) {
		conn_bad(conn, "bad number");
		return FALSE;
	}
	conn->session->state = SESSION_AWAY;
	presence_held_ring(conn->presence, conn->session, msecs);
	return TRUE;
}

static bool conn_line(struct presence_conn *conn, char *line, size_t len)
{
	if (conn->session != NULL && strncmp(line, AWAY, strlen(AWAY)) == 0)
		return conn_away(conn, line + strlen(AWAY));
	if (conn->session != NULL && strcmp(line, HIBERNATE) == 0)
		return conn_hibernate(conn);
	return conn_presence(conn, line, len);
}

/*
 * Input
 */

static bool conn_add_partial(struct presence_conn *conn, const char *data,
			     size_t size)
{
	if (conn->partial_len + size > LEMO_PRESENCE_LINE_MAX) {
		conn_bad(conn, "too long");
		return FALSE;
	}
	conn->partial = i_realloc(conn->partial, conn->partial_len,
				  conn->partial_len + size + 1);
	memcpy(conn->partial + conn->partial_len, data, size);
	conn->partial_len += size;
	conn->partial[conn->partial_len] = '\0';
	return TRUE;
}

/* The line that has just become complete. */
static bool conn_take_line(struct presence_conn *conn)
{
	char *line = conn->partial;
	size_t len = conn->partial_len;
	bool ret;

	conn->partial = NULL;
	conn->partial_len = 0;
	T_BEGIN {
		ret = conn_line(conn, line, len);
	} T_END;
	i_free(line);
	return ret;
}

void presence_conn_data(struct presence_conn *conn, const char *data,
			size_t size)
{
	const char *end = data + size, *lf;

	while (data < end) {
		lf = memchr(data, '\n', end - data);
		if (!conn_add_partial(conn, data,
				      (lf == NULL ? end : lf) - data) ||
		    lf == NULL || !conn_take_line(conn))
			return;
		data = lf + 1;
	}
}

static void conn_input(struct presence_conn *conn)
{
	char data[READ_MAX];
	ssize_t ret;

	if (!account_takes_turn(conn->account))
		return;
	ret = read(conn->fd, data, sizeof(data));
	if (ret < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (ret <= 0) {
		conn_close(conn);
		return;
	}
	conn->account->turn_octets += ret;
	presence_conn_data(conn, data, ret);
}

/*
 * Room
 */

static void log_full(struct presence *presence)
{
	if (ioloop_time < presence->last_full + LOG_INTERVAL_SECS &&
	    ioloop_time >= presence->last_full)
		return;
	presence->last_full = ioloop_time;
	e_warning(presence->notifier->event, "%u sessions are connected: "
		  "others do not hold pushes back. Raise client_limit in "
		  "service lemonade-notify", presence->count);
}

/* If another uid has more sessions, its oldest goes. */
static bool make_room(struct presence *presence, const struct account *account)
{
	struct presence_conn *conn, *victim = NULL;
	unsigned int most = account->presences + 1;

	if (presence->count < presence->limit)
		return TRUE;
	log_full(presence);
	for (conn = presence->tail; conn != NULL; conn = conn->prev) {
		if (conn->account->presences > most) {
			victim = conn;
			most = conn->account->presences;
		}
	}
	if (victim == NULL)
		return FALSE;
	conn_refuse(victim, ANSWER_FULL);
	return TRUE;
}

struct presence_conn *
presence_accept(struct presence *presence, struct account *account, int fd,
		const char *line, size_t len)
{
	bool room = make_room(presence, account);
	struct presence_conn *conn = i_new(struct presence_conn, 1);

	conn->presence = presence;
	conn->account = account;
	conn->fd = fd;
	account->presences++;
	presence->count++;
	DLLIST2_PREPEND(&presence->head, &presence->tail, conn);
	if (!room) {
		conn_refuse(conn, ANSWER_FULL);
		return NULL;
	}
	conn->io = io_add(fd, IO_READ, conn_input, conn);
	return conn_add_partial(conn, line, len) && conn_take_line(conn) ?
		conn : NULL;
}
