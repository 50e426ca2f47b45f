/* Client of the notifier's admin socket. */

#include "lib.h"
#include "istream.h"
#include "net.h"
#include "str.h"
#include "strescape.h"
#include "time-util.h"
#include "lemonade-admin.h"

#include <poll.h>
#include <sysexits.h>
#include <unistd.h>

#define HANDSHAKE "VERSION\tlemonade-notify\t1\t0\n"
#define HANDSHAKE_PREFIX "VERSION\tlemonade-notify\t1\t"

struct lemonade_admin {
	int fd;
	struct istream *input;
	char *path;
	bool handshaken;

	/* of the command that runs */
	struct timeval deadline;
	unsigned int timeout_msecs;
};

static int fail(struct lemonade_admin_error *error_r, int exit_code,
		const char *text)
{
	error_r->exit_code = exit_code;
	error_r->text = text;
	return -1;
}

static void connect_failed(const char *path,
			   struct lemonade_admin_error *error_r)
{
	if (errno == EACCES) {
		fail(error_r, EX_NOPERM, t_strdup_printf(
			"connect(%s) failed: %m: only root may ask "
			"lemonade-notify, run doveadm as root", path));
	} else if (errno == ENOENT) {
		fail(error_r, EX_TEMPFAIL, t_strdup_printf(
			"lemonade-notify is not running: %s is missing: add "
			"lemonade to the protocols setting and start or "
			"reload Dovecot", path));
	} else {
		fail(error_r, EX_TEMPFAIL, t_strdup_printf(
			"lemonade-notify is not running: connect(%s) failed: "
			"%m: start Dovecot, and see its log if it runs",
			path));
	}
}

struct lemonade_admin *
lemonade_admin_connect(const char *path, struct lemonade_admin_error *error_r)
{
	struct lemonade_admin *admin;
	int fd;

	fd = net_connect_unix(path);
	if (fd == -1) {
		connect_failed(path, error_r);
		return NULL;
	}
	admin = i_new(struct lemonade_admin, 1);
	admin->fd = fd;
	admin->input = i_stream_create_fd(fd, LEMONADE_ADMIN_LINE_MAX);
	admin->path = i_strdup(path);
	return admin;
}

void lemonade_admin_disconnect(struct lemonade_admin **_admin)
{
	struct lemonade_admin *admin = *_admin;

	if (admin == NULL)
		return;
	*_admin = NULL;
	i_stream_destroy(&admin->input);
	i_close_fd(&admin->fd);
	i_free(admin->path);
	i_free(admin);
}

static int lost(struct lemonade_admin *admin,
		struct lemonade_admin_error *error_r)
{
	return fail(error_r, EX_TEMPFAIL, t_strdup_printf(
		"lemonade-notify closed the connection (%s): see its log "
		"lines for the reason", admin->path));
}

/* Waits until the socket is ready, at most until the deadline. */
static int wait_for(struct lemonade_admin *admin, short events,
		    struct lemonade_admin_error *error_r)
{
	struct pollfd pfd = { .fd = admin->fd, .events = events };
	struct timeval now;
	int msecs, ret;

	do {
		i_gettimeofday(&now);
		msecs = timeval_diff_msecs(&admin->deadline, &now);
		ret = msecs <= 0 ? 0 : poll(&pfd, 1, msecs);
	} while (ret < 0 && errno == EINTR);
	if (ret > 0)
		return 0;
	if (ret < 0)
		return lost(admin, error_r);
	return fail(error_r, EX_TEMPFAIL, t_strdup_printf(
		"lemonade-notify did not answer within %u ms (%s): see its "
		"log lines for the reason", admin->timeout_msecs,
		admin->path));
}

static int send_all(struct lemonade_admin *admin, const unsigned char *data,
		    size_t size, struct lemonade_admin_error *error_r)
{
	ssize_t ret;

	while (size > 0) {
		ret = send(admin->fd, data, size, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (ret > 0) {
			data += ret;
			size -= ret;
		} else if (errno != EAGAIN && errno != EINTR) {
			return lost(admin, error_r);
		} else if (wait_for(admin, POLLOUT, error_r) < 0) {
			return -1;
		}
	}
	return 0;
}

static int send_command(struct lemonade_admin *admin,
			const char *const *args,
			struct lemonade_admin_error *error_r)
{
	string_t *str = t_str_new(1024);

	if (!admin->handshaken)
		str_append(str, HANDSHAKE);
	str_append(str, *args);
	while (*++args != NULL) {
		str_append_c(str, '\t');
		str_append_tabescaped(str, *args);
	}
	str_append_c(str, '\n');
	return send_all(admin, str_data(str), str_len(str), error_r);
}

static int read_line(struct lemonade_admin *admin, const char **line_r,
		     struct lemonade_admin_error *error_r)
{
	while ((*line_r = i_stream_next_line(admin->input)) == NULL) {
		switch (i_stream_read(admin->input)) {
		case 0:
			if (wait_for(admin, POLLIN, error_r) < 0)
				return -1;
			break;
		case -1:
			return lost(admin, error_r);
		case -2:
			return fail(error_r, EX_PROTOCOL,
				    "lemonade-notify sent too long a line");
		}
	}
	return 0;
}

static int read_handshake(struct lemonade_admin *admin,
			  struct lemonade_admin_error *error_r)
{
	const char *line;

	if (admin->handshaken)
		return 0;
	if (read_line(admin, &line, error_r) < 0)
		return -1;
	if (strncmp(line, HANDSHAKE_PREFIX, strlen(HANDSHAKE_PREFIX)) != 0) {
		return fail(error_r, EX_PROTOCOL, t_strdup_printf(
			"%s is not the socket of this version's "
			"lemonade-notify: restart Dovecot after an upgrade",
			admin->path));
	}
	admin->handshaken = TRUE;
	return 0;
}

/* Returns 1 for a row, 0 for the end, -1 for an error. */
static int read_row(struct lemonade_admin *admin,
		    const char *const **fields_r,
		    struct lemonade_admin_error *error_r)
{
	const char *line, *const *args;

	if (read_line(admin, &line, error_r) < 0)
		return -1;
	args = t_strsplit_tabescaped(line);
	if (null_strcmp(args[0], "OK") == 0)
		return 0;
	if (null_strcmp(args[0], "ROW") == 0) {
		*fields_r = args + 1;
		return 1;
	}
	if (null_strcmp(args[0], "NO") == 0) {
		return fail(error_r, EX_DATAERR, args[1] == NULL ?
			    "lemonade-notify refused" : args[1]);
	}
	return fail(error_r, EX_PROTOCOL,
		    "lemonade-notify sent something unexpected");
}

static int read_rows(struct lemonade_admin *admin,
		     lemonade_admin_row_t *callback, void *context,
		     struct lemonade_admin_error *error_r)
{
	const char *const *fields;
	int ret;

	while ((ret = read_row(admin, &fields, error_r)) > 0) T_BEGIN {
		if (callback != NULL)
			callback(fields, context);
	} T_END;
	return ret;
}

int lemonade_admin_command(struct lemonade_admin *admin,
			   const char *const *args, unsigned int timeout_msecs,
			   lemonade_admin_row_t *callback, void *context,
			   struct lemonade_admin_error *error_r)
{
	admin->timeout_msecs = timeout_msecs;
	i_gettimeofday(&admin->deadline);
	timeval_add_msecs(&admin->deadline, timeout_msecs);

	if (send_command(admin, args, error_r) < 0 ||
	    read_handshake(admin, error_r) < 0)
		return -1;
	return read_rows(admin, callback, context, error_r);
}

const char *lemonade_admin_value(const char *const *fields, const char *key)
{
	size_t len = strlen(key);

	for (; *fields != NULL; fields++) {
		if (strncmp(*fields, key, len) == 0 && (*fields)[len] == '=')
			return *fields + len + 1;
	}
	return NULL;
}
