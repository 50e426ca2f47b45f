#include "lib.h"
#include "fd-util.h"
#include "ioloop.h"
#include "net.h"
#include "str.h"
#include "lemo-presence.h"
#include "lemonade-handoff.h"
#include "lemonade-user.h"
#include "imap-lemonade-presence.h"
#include "imap-lemonade-tcp.h"

#include <sys/socket.h>

#define VERSION_LINE "VERSION\tlemonade-notify\t1\t0\n"
#define READ_SIZE 1024
/* PRESENCE, and VERSION or AWAY beside it */
#define SAY_MAX (LEMO_PRESENCE_LINE_MAX + 100)
/* A notifier that is reloaded is back at once: but not all sessions shall
   come in the same moment. Then twice as long each time. */
#define RETRY_MIN_MSECS 200
#define RETRY_MAX_MSECS (60 * 1000)
/* It has too many sessions. */
#define REFUSED_MSECS (5 * 60 * 1000)
/* How often the TCP connection of a device's session is looked at. */
#define ALIVE_MSECS (5 * 1000)

struct imap_lemonade_presence {
	struct lemonade_user *luser;
	pool_t pool;
	struct lemo_presence line;

	int fd; /* -1: not connected */
	struct io *io;
	struct timeout *to_retry, *to_alive;
	string_t *input;
	unsigned int retry_msecs;
	/* the client's TCP connection is dead, and has been for so long */
	bool away;
	unsigned int away_msecs;
};

static void presence_connect(struct imap_lemonade_presence *presence);

/*
 * Connection
 */

static void presence_close(struct imap_lemonade_presence *presence)
{
	io_remove(&presence->io);
	timeout_remove(&presence->to_retry);
	i_close_fd(&presence->fd);
	str_truncate(presence->input, 0);
}

/* Between a half of the time and all of it. */
static unsigned int jitter(unsigned int msecs)
{
	return msecs / 2 + i_rand_limit(msecs / 2 + 1);
}

static void presence_retry(struct imap_lemonade_presence *presence,
			   unsigned int msecs)
{
	presence_close(presence);
	presence->to_retry = timeout_add_to(io_loop_get_root(), jitter(msecs),
					    presence_connect, presence);
}

static void presence_lost(struct imap_lemonade_presence *presence)
{
	unsigned int msecs = presence->retry_msecs;

	presence->retry_msecs = I_MIN(msecs * 2, RETRY_MAX_MSECS);
	presence_retry(presence, msecs);
}

static int presence_send(struct imap_lemonade_presence *presence,
			 const void *data, size_t len)
{
	return send(presence->fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL) ==
		(ssize_t)len ? 0 : -1;
}

/* Everything there is to say: at first, and whenever it changes. */
static int presence_say(struct imap_lemonade_presence *presence,
			const char *before)
{
	struct lemo_buf buf;
	int ret = -1;

	lemo_buf_init(&buf, SAY_MAX);
	lemo_buf_adds(&buf, before);
	lemo_presence_encode(&presence->line, &buf);
	if (presence->away)
		lemo_buf_addf(&buf, "AWAY\t%u\n", presence->away_msecs);
	if (!buf.failed)
		ret = presence_send(presence, buf.data, buf.len);
	lemo_buf_free(&buf);
	return ret;
}

/*
 * Answers
 */

static void presence_add_name(struct imap_lemonade_presence *presence,
			      const char *device);

/* What the session said before it hibernated comes back. */
static void presence_told(struct imap_lemonade_presence *presence, char *text)
{
	struct lemo_presence line;
	const char *error;
	unsigned int i;

	if (lemo_presence_decode(text, strlen(text), &line, &error) < 0)
		return;
	presence->retry_msecs = RETRY_MIN_MSECS;
	for (i = 0; i < line.devices_count; i++)
		presence_add_name(presence, line.devices[i]);
}

/* False if the connection is not to be kept. */
static bool presence_answer(struct imap_lemonade_presence *presence,
			    char *line)
{
	if (strncmp(line, "NO\t", 3) == 0)
		return FALSE;
	presence_told(presence, line);
	return TRUE;
}

static bool presence_answers(struct imap_lemonade_presence *presence)
{
	char *start = str_c_modifiable(presence->input), *line = start, *end;
	bool keep = TRUE;

	while (keep && (end = strchr(line, '\n')) != NULL) {
		*end = '\0';
		keep = presence_answer(presence, line);
		line = end + 1;
	}
	str_delete(presence->input, 0, line - start);
	return keep;
}

static void presence_input(struct imap_lemonade_presence *presence)
{
	char data[READ_SIZE];
	ssize_t ret;

	ret = recv(presence->fd, data, sizeof(data), MSG_DONTWAIT);
	if (ret < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (ret <= 0 ||
	    str_len(presence->input) + ret > LEMO_PRESENCE_LINE_MAX * 2) {
		presence_lost(presence);
		return;
	}
	str_append_data(presence->input, data, ret);
	if (!presence_answers(presence))
		presence_retry(presence, REFUSED_MSECS);
}

static void presence_connect(struct imap_lemonade_presence *presence)
{
	timeout_remove(&presence->to_retry);
	T_BEGIN {
		presence->fd = net_connect_unix(
			lemonade_handoff_path(presence->luser));
	} T_END;
	if (presence->fd == -1) {
		presence_lost(presence);
		return;
	}
	fd_close_on_exec(presence->fd, TRUE);
	presence->io = io_add_to(io_loop_get_root(), presence->fd, IO_READ,
				 presence_input, presence);
	if (presence_say(presence, VERSION_LINE) < 0)
		presence_lost(presence);
}

/*
 * The session
 */

/* A dead connection may take Dovecot a quarter of an hour to notice, and the
   phone at its end shall ring meanwhile. */
static void presence_check_alive(struct imap_lemonade_presence *presence)
{
	bool away;

	away = imap_lemonade_tcp_is_dead(&presence->luser->user->conn,
					 &presence->away_msecs);
	if (away == presence->away)
		return;
	presence->away = away;
	if (presence->fd != -1 && presence_say(presence, "") < 0)
		presence_lost(presence);
}

static void presence_add_name(struct imap_lemonade_presence *presence,
			      const char *device)
{
	if (!lemo_presence_has_device(&presence->line, device)) {
		(void)lemo_presence_add_device(&presence->line,
			p_strdup(presence->pool, device));
	}
	if (presence->to_alive == NULL) {
		presence->to_alive = timeout_add_to(io_loop_get_root(),
			ALIVE_MSECS, presence_check_alive, presence);
	}
}

static const char *client_ip(const struct mail_user *user)
{
	if (user->conn.remote_ip == NULL || user->conn.remote_ip->family == 0)
		return "";
	return net_ip2addr(user->conn.remote_ip);
}

struct imap_lemonade_presence *
imap_lemonade_presence_begin(struct lemonade_user *luser)
{
	const struct mail_user *user = luser->user;
	struct imap_lemonade_presence *presence;
	pool_t pool;

	if (user->session_id == NULL)
		return NULL;
	pool = pool_alloconly_create("imap lemonade presence", 512);
	presence = p_new(pool, struct imap_lemonade_presence, 1);
	presence->pool = pool;
	presence->luser = luser;
	presence->line.user = user->username;
	presence->line.session = user->session_id;
	presence->line.client_ip = p_strdup(pool, client_ip(user));
	presence->retry_msecs = RETRY_MIN_MSECS;
	presence->input = str_new(default_pool, 64);
	presence_connect(presence);
	return presence;
}

void imap_lemonade_presence_add(struct imap_lemonade_presence *presence,
				const char *device)
{
	if (presence == NULL ||
	    lemo_presence_has_device(&presence->line, device))
		return;
	presence_add_name(presence, device);
	if (presence->fd != -1 && presence_say(presence, "") < 0)
		presence_lost(presence);
}

void imap_lemonade_presence_end(struct imap_lemonade_presence **_presence)
{
	struct imap_lemonade_presence *presence = *_presence;

	if (presence == NULL)
		return;
	*_presence = NULL;
	presence_close(presence);
	timeout_remove(&presence->to_alive);
	str_free(&presence->input);
	pool_unref(&presence->pool);
}

void imap_lemonade_presence_hibernate(struct imap_lemonade_presence **_presence)
{
	static const char text[] = "HIBERNATE\n";
	struct imap_lemonade_presence *presence = *_presence;

	if (presence == NULL)
		return;
	if (presence->fd == -1)
		presence_connect(presence);
	if (presence->fd != -1)
		(void)presence_send(presence, text, strlen(text));
	imap_lemonade_presence_end(_presence);
}
