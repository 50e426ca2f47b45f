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
/* After so many lines it is looked which are acknowledged: the notifier does
   not read on from who does not take its answers. */
#define DRAIN_LINES 64
/* A client waits for this one; nothing else does. */
#define STATUS_TIMEOUT_MSECS 500

struct handoff_line {
	char id[LEMO_EVENT_ID_LEN + 1];
	char *data; /* with its LF; NULL: done */
	size_t len;
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
	unsigned int first, waiting, undrained;
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
	i_array_init(&handoff->lines, 4);
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
		if (line->data != NULL &&
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

	i_strocpy(line->id, id, sizeof(line->id));
	line->len = handoff->buf.len;
	line->data = i_malloc(line->len);
	memcpy(line->data, handoff->buf.data, line->len);
	handoff->waiting++;
}

static void handoff_line_done(struct handoff_line *line)
{
	i_free(line->data);
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
	for (i = handoff->first; i < count && !found; i++) {
		if (lines[i].data == NULL || strcmp(lines[i].id, id) != 0)
			continue;
		handoff_line_done(&lines[i]);
		handoff->waiting--;
		found = TRUE;
	}
	while (handoff->first < count && lines[handoff->first].data == NULL)
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

/* Reads one answer. False if none has come by then. */
static bool handoff_read(struct lemonade_handoff *handoff, uint64_t deadline)
{
	char *line;
	int ret;

	ret = lemonade_conn_read(handoff->conn, deadline, &line);
	if (ret > 0)
		handoff_answer(handoff, line);
	else if (ret < 0)
		handoff_reconnect(handoff);
	return ret != 0;
}

static void handoff_await(struct lemonade_handoff *handoff)
{
	uint64_t deadline = lemonade_conn_now() + handoff->budget;

	while (handoff->waiting > 0 && !handoff->failed) T_BEGIN {
		if (!handoff_read(handoff, deadline))
			handoff_fail(handoff, "No acknowledgement in time");
	} T_END;
}

static void handoff_spool(struct lemonade_handoff *handoff)
{
	static time_t last_log;
	struct handoff_line *line;
	const char *error;

	array_foreach_modifiable(&handoff->lines, line) T_BEGIN {
		if (line->data != NULL &&
		    lemonade_spool_add(handoff->luser->set, line->id,
				       line->data, line->len, &error) < 0 &&
		    lemonade_log_now(&last_log)) {
			e_error(handoff->luser->event, "Event lost, neither "
				"socket nor spool took it: %s", error);
		}
		handoff_line_done(line);
	} T_END;
	array_clear(&handoff->lines);
	handoff->first = handoff->waiting = 0;
}

/* Takes the answers that are there. */
static void handoff_drain(struct lemonade_handoff *handoff)
{
	bool more = TRUE;

	handoff->undrained = 0;
	while (more && !handoff->failed) T_BEGIN {
		more = handoff_read(handoff, 0);
	} T_END;
	array_delete(&handoff->lines, 0, handoff->first);
	handoff->first = 0;
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
	/* a transaction may bring a hundred thousand lines: memory is for those
	   that are still waited for */
	if (++handoff->undrained >= DRAIN_LINES)
		handoff_drain(handoff);
	if (handoff->failed && handoff->waiting > 0)
		handoff_spool(handoff);
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
	array_free(&handoff->lines);
	/* with hand-offs of its own */
	handoff_remove_gone(handoff);
	pool_unref(&handoff->pool);
}

/*
 * Questions
 */

/* The answer to "COMMAND TAB user TAB device" is "COMMAND TAB answer". Returns
   1 with *answer_r (NULL: refused), 0 if none came in time, -1 if the
   connection failed. */
static int conn_ask(struct lemonade_conn *conn, const char *command,
		    const char *request, uint64_t deadline,
		    const char **answer_r)
{
	const char *const *args;
	char *line;
	int ret;

	*answer_r = NULL;
	if (lemonade_conn_write(conn, request, strlen(request), deadline) < 0)
		return -1;
	while ((ret = lemonade_conn_read(conn, deadline, &line)) > 0) {
		args = t_strsplit_tabescaped(line);
		if (args[0] == NULL || args[1] == NULL)
			continue;
		if (strcmp(args[0], command) == 0) {
			*answer_r = args[1];
			return 1;
		}
		if (strcmp(args[0], "NO") == 0 &&
		    strcmp(args[1], command) == 0)
			return 1;
	}
	return ret;
}

static const char *handoff_ask(struct lemonade_user *luser,
			       const char *command, const char *device,
			       unsigned int msecs)
{
	struct lemonade_conn *conn;
	const char *error, *answer;
	int ret;

	if (lemonade_conn_now() < breaker_until)
		return NULL;
	conn = lemonade_conn_get(lemonade_handoff_path(luser), &error);
	if (conn == NULL) {
		breaker_open(luser, error);
		return NULL;
	}
	ret = conn_ask(conn, command, t_strdup_printf("%s\t%s\t%s\n",
		command, str_tabescape(luser->user->username), device),
		lemonade_conn_now() + msecs, &answer);
	if (ret > 0)
		lemonade_conn_release(&conn);
	else
		lemonade_conn_abort(&conn);
	/* who asks for all devices waits once, and so does a delivery */
	if (ret == 0)
		breaker_open(luser, "No answer in time");
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
	return handoff_ask(luser, "ONLINE", device,
			   luser->set->lemonade_handoff_timeout);
}

void lemonade_handoff_deinit(void)
{
	lemonade_conn_close_all();
}
