/* Events on their way to the notifier. */

#include "lib.h"
#include "array.h"
#include "str.h"
#include "str-sanitize.h"
#include "strescape.h"
#include "master-service.h"
#include "lemo-event-wire.h"
#include "lemonade-conn.h"
#include "lemonade-gone.h"
#include "lemonade-handoff.h"
#include "lemonade-spool.h"
#include "lemonade-user.h"

#define BREAKER_MSECS 5000
/* A client waits for this one; nothing else does. */
#define STATUS_TIMEOUT_MSECS 500

struct handoff_line {
	char id[LEMO_EVENT_ID_LEN + 1];
	const char *data; /* with its LF */
	size_t len;
	bool done;
};

struct lemonade_handoff {
	struct lemonade_user *luser;
	pool_t pool;
	const char *path;
	struct lemonade_conn *conn;
	struct lemo_buf buf;
	/* milliseconds left to wait; making the lines does not count */
	uint64_t budget;

	/* lines to be acknowledged; those before first are */
	ARRAY(struct handoff_line) lines;
	unsigned int first, waiting;
	/* devices that are gone, each followed by the hash */
	ARRAY_TYPE(const_string) gone;

	bool failed;  /* the socket is not used any more */
	bool retried; /* an EOF has been answered by a reconnect */
};

/* of the process: no use of the socket before */
static uint64_t breaker_until;

const char *lemonade_handoff_path(const struct lemonade_user *luser)
{
	const char *path = luser->set->lemonade_socket;

	if (*path == '/')
		return path;
	return t_strconcat(luser->user->set->base_dir, "/", path, NULL);
}

/* Then the notifier may have ended before the last logouts. */
static bool dovecot_stops(void)
{
	return master_service_is_killed(master_service) ||
		master_service_is_master_stopped(master_service);
}

static void breaker_open(struct lemonade_user *luser, const char *error)
{
	static time_t last_log;

	breaker_until = lemonade_conn_now() + BREAKER_MSECS;
	if (!dovecot_stops() && lemonade_log_now(&last_log)) {
		e_warning(luser->event, "%s - is lemonade-notify running? "
			  "Events wait in %s/spool", error,
			  luser->set->lemonade_state_dir);
	}
}

static void handoff_fail(struct lemonade_handoff *handoff, const char *error)
{
	if (handoff->conn != NULL)
		lemonade_conn_abort(&handoff->conn);
	handoff->failed = TRUE;
	breaker_open(handoff->luser, error);
}

struct lemonade_handoff *lemonade_handoff_begin(struct lemonade_user *luser)
{
	struct lemonade_handoff *handoff;
	pool_t pool;

	pool = pool_alloconly_create("lemonade handoff", 4096);
	handoff = p_new(pool, struct lemonade_handoff, 1);
	handoff->pool = pool;
	handoff->luser = luser;
	handoff->path = p_strdup(pool, lemonade_handoff_path(luser));
	handoff->budget = luser->set->lemonade_handoff_timeout;
	handoff->failed = lemonade_conn_now() < breaker_until;
	lemo_buf_init(&handoff->buf, LEMO_EVENT_LINE_MAX);
	p_array_init(&handoff->lines, pool, 4);
	p_array_init(&handoff->gone, pool, 2);
	return handoff;
}

static bool handoff_connect(struct lemonade_handoff *handoff)
{
	const char *error;

	if (handoff->failed)
		return FALSE;
	if (handoff->conn != NULL)
		return TRUE;
	handoff->conn = lemonade_conn_get(handoff->path, &error);
	if (handoff->conn == NULL) {
		handoff_fail(handoff, error);
		return FALSE;
	}
	return TRUE;
}

/* What was waited since start is used up. */
static void handoff_spend(struct lemonade_handoff *handoff, uint64_t start)
{
	uint64_t spent = lemonade_conn_now() - start;

	handoff->budget -= I_MIN(handoff->budget, spent);
}

static int handoff_send(struct lemonade_handoff *handoff, const char *data,
			size_t len, bool wait)
{
	uint64_t start = lemonade_conn_now();
	int ret;

	/* a line that nobody waits for goes into the socket's buffer or
	   nowhere */
	ret = lemonade_conn_write(handoff->conn, data, len,
				  wait ? start + handoff->budget : 0);
	handoff_spend(handoff, start);
	return ret;
}

static void handoff_write_failed(struct lemonade_handoff *handoff)
{
	handoff_fail(handoff, t_strdup_printf("write(%s) failed: %m",
					      handoff->path));
}

/* The notifier went away, e.g. reloaded: its listener is still there. What is
   not acknowledged goes over a new connection; an id it has seen is no harm. */
static void handoff_reconnect(struct lemonade_handoff *handoff)
{
	const struct handoff_line *line;

	lemonade_conn_abort(&handoff->conn);
	if (handoff->retried) {
		handoff_fail(handoff, "Connection closed twice");
		return;
	}
	handoff->retried = TRUE;
	if (!handoff_connect(handoff))
		return;
	array_foreach(&handoff->lines, line) {
		if (!line->done &&
		    handoff_send(handoff, line->data, line->len, TRUE) < 0) {
			handoff_write_failed(handoff);
			return;
		}
	}
}

static void handoff_write(struct lemonade_handoff *handoff, const char *data,
			  size_t len, bool wait)
{
	if (!handoff_connect(handoff) ||
	    handoff_send(handoff, data, len, wait) == 0)
		return;
	if (errno == ETIMEDOUT)
		handoff_write_failed(handoff);
	else
		handoff_reconnect(handoff);
}

static void handoff_remember(struct lemonade_handoff *handoff, const char *id)
{
	struct handoff_line *line = array_append_space(&handoff->lines);
	char *data = p_malloc(handoff->pool, handoff->buf.len);

	i_strocpy(line->id, id, sizeof(line->id));
	memcpy(data, handoff->buf.data, handoff->buf.len);
	line->data = data;
	line->len = handoff->buf.len;
	handoff->waiting++;
}

void lemonade_handoff_add(struct lemonade_handoff *handoff,
			  const struct lemo_event *event, bool wait)
{
	static time_t last_log;

	e_debug(handoff->luser->event, "event %s: %s", event->id,
		lemo_event_type_name(event->type));
	lemo_buf_reset(&handoff->buf);
	lemo_event_encode(event, &handoff->buf);
	if (handoff->buf.failed) {
		if (lemonade_log_now(&last_log)) {
			e_error(handoff->luser->event, "Event %s is too long, "
				"dropped", event->id);
		}
		return;
	}
	if (wait)
		handoff_remember(handoff, event->id);
	handoff_write(handoff, handoff->buf.data, handoff->buf.len, wait);
}

/* False if nobody waited for it: a late answer to another hand-off, perhaps
   another user's. */
static bool handoff_done(struct lemonade_handoff *handoff, const char *id)
{
	struct handoff_line *lines;
	unsigned int i, count;
	bool found = FALSE;

	lines = array_get_modifiable(&handoff->lines, &count);
	/* answers come in order, but nobody promised */
	for (i = handoff->first; i < count; i++) {
		if (!lines[i].done && strcmp(lines[i].id, id) == 0) {
			lines[i].done = found = TRUE;
			handoff->waiting--;
			break;
		}
	}
	while (handoff->first < count && lines[handoff->first].done)
		handoff->first++;
	return found;
}

/* GONE, the device and the hash, perhaps several times */
static void handoff_gone(struct lemonade_handoff *handoff,
			 const char *const *args)
{
	const char *str;
	unsigned int i;

	while (args[0] != NULL && strcmp(args[0], "GONE") == 0 &&
	       args[1] != NULL && args[2] != NULL) {
		for (i = 1; i <= 2; i++) {
			str = p_strdup(handoff->pool, args[i]);
			array_push_back(&handoff->gone, &str);
		}
		args += 3;
	}
}

static void handoff_remove_gone(struct lemonade_handoff *handoff)
{
	const char *const *gone;
	unsigned int i, count;

	gone = array_get(&handoff->gone, &count);
	for (i = 0; i + 1 < count; i += 2)
		lemonade_gone_remove(handoff->luser, gone[i], gone[i + 1]);
}

static void handoff_refused(struct lemonade_handoff *handoff,
			    const char *const *args)
{
	static time_t last_log;

	if (args[1] == NULL)
		return;
	if (lemonade_log_now(&last_log)) {
		e_error(handoff->luser->event,
			"lemonade-notify refuses event %s: %s",
			str_sanitize(args[1], LEMO_EVENT_ID_LEN),
			str_sanitize(t_strarray_join(args + 2, " "), 200));
	}
	(void)handoff_done(handoff, args[1]);
}

static void handoff_answer(struct lemonade_handoff *handoff, const char *line)
{
	const char *const *args = t_strsplit_tabescaped(line);

	if (args[0] == NULL)
		return;
	if (strcmp(args[0], "OK") == 0 && args[1] != NULL) {
		if (handoff_done(handoff, args[1]))
			handoff_gone(handoff, args + 2);
	} else if (strcmp(args[0], "NO") == 0)
		handoff_refused(handoff, args);
}

static void handoff_await(struct lemonade_handoff *handoff)
{
	uint64_t deadline = lemonade_conn_now() + handoff->budget;
	char *line;
	int ret;

	while (handoff->waiting > 0 && !handoff->failed) T_BEGIN {
		ret = lemonade_conn_read(handoff->conn, deadline, &line);
		if (ret > 0)
			handoff_answer(handoff, line);
		else if (ret < 0)
			handoff_reconnect(handoff);
		else
			handoff_fail(handoff, "No acknowledgement in time");
	} T_END;
}

static void handoff_spool(struct lemonade_handoff *handoff)
{
	static time_t last_log;
	const struct handoff_line *line;
	const char *error;

	array_foreach(&handoff->lines, line) T_BEGIN {
		if (!line->done &&
		    lemonade_spool_add(handoff->luser->set, line->id,
				       line->data, line->len, &error) < 0 &&
		    lemonade_log_now(&last_log)) {
			e_error(handoff->luser->event, "Event lost, neither "
				"socket nor spool took it: %s", error);
		}
	} T_END;
}

void lemonade_handoff_end(struct lemonade_handoff **_handoff)
{
	struct lemonade_handoff *handoff = *_handoff;

	*_handoff = NULL;
	handoff_await(handoff);
	if (handoff->waiting > 0)
		handoff_spool(handoff);
	if (handoff->conn != NULL)
		lemonade_conn_release(&handoff->conn);
	lemo_buf_free(&handoff->buf);
	/* with hand-offs of its own */
	handoff_remove_gone(handoff);
	pool_unref(&handoff->pool);
}

/*
 * Questions
 */

/* The answer to "COMMAND TAB user TAB device" is "COMMAND TAB answer". */
static const char *conn_ask(struct lemonade_conn *conn, const char *command,
			    const char *request, uint64_t deadline)
{
	const char *const *args;
	char *line;

	if (lemonade_conn_write(conn, request, strlen(request), deadline) < 0)
		return NULL;
	while (lemonade_conn_read(conn, deadline, &line) > 0) {
		args = t_strsplit_tabescaped(line);
		if (args[0] == NULL || args[1] == NULL)
			continue;
		if (strcmp(args[0], command) == 0)
			return args[1];
		if (strcmp(args[0], "NO") == 0 &&
		    strcmp(args[1], command) == 0)
			return NULL;
	}
	return NULL;
}

static const char *handoff_ask(struct lemonade_user *luser,
			       const char *command, const char *device,
			       unsigned int msecs)
{
	struct lemonade_conn *conn;
	const char *error, *answer;

	if (lemonade_conn_now() < breaker_until)
		return NULL;
	conn = lemonade_conn_get(lemonade_handoff_path(luser), &error);
	if (conn == NULL) {
		breaker_open(luser, error);
		return NULL;
	}
	answer = conn_ask(conn, command, t_strdup_printf("%s\t%s\t%s\n",
		command, str_tabescape(luser->user->username), device),
		lemonade_conn_now() + msecs);
	if (answer != NULL)
		lemonade_conn_release(&conn);
	else
		lemonade_conn_abort(&conn);
	return answer;
}

const char *lemonade_handoff_status(struct lemonade_user *luser,
				    const char *device)
{
	return handoff_ask(luser, "STATUS", device, STATUS_TIMEOUT_MSECS);
}

const char *lemonade_handoff_online(struct lemonade_user *luser,
				    const char *device)
{
	const char *answer = handoff_ask(luser, "ONLINE", device,
		luser->set->lemonade_handoff_timeout);

	/* a delivery does not wait twice */
	if (answer == NULL && lemonade_conn_now() >= breaker_until)
		breaker_open(luser, "No answer in time");
	return answer;
}

void lemonade_handoff_deinit(void)
{
	lemonade_conn_close_all();
}
