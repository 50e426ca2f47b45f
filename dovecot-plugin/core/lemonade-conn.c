/* Connections to lemonade-notify. */

#include "lib.h"
#include "llist.h"
#include "fd-util.h"
#include "ioloop.h"
#include "net.h"
#include "str.h"
#include "time-util.h"
#include "lemonade-conn.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#define VERSION_LINE "VERSION\tlemonade-notify\t1\t0\n"
#define VERSION_PREFIX "VERSION\tlemonade-notify\t1\t"
#define CONNS_MAX 8
/* An unused connection is closed after this time. */
#define IDLE_MSECS 5000
/* Longest answer: a status in JSON. */
#define LINE_MAX_LEN (64 * 1024)
#define READ_SIZE 4096

struct lemonade_conn {
	struct lemonade_conn *prev, *next;
	char *path;
	uid_t euid;
	int fd;
	bool greeted, in_use;
	struct timeout *to_idle;

	string_t *input;
	size_t input_pos; /* start of the next line */
};

static struct lemonade_conn *conns;

uint64_t lemonade_conn_now(void)
{
	struct timespec ts;

	/* Dovecot's own calls look at the wall clock: when that is set back, a
	   deadline would be an hour away */
	if (clock_gettime(CLOCK_MONOTONIC, &ts) < 0)
		i_fatal("clock_gettime() failed: %m");
	return (uint64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void conn_free(struct lemonade_conn **_conn)
{
	struct lemonade_conn *conn = *_conn;

	*_conn = NULL;
	DLLIST_REMOVE(&conns, conn);
	timeout_remove(&conn->to_idle);
	i_close_fd(&conn->fd);
	str_free(&conn->input);
	i_free(conn->path);
	i_free(conn);
}

static struct lemonade_conn *conn_new(const char *path, int fd)
{
	struct lemonade_conn *conn = i_new(struct lemonade_conn, 1);

	conn->path = i_strdup(path);
	conn->euid = geteuid();
	conn->fd = fd;
	conn->input = str_new(default_pool, 256);
	DLLIST_PREPEND(&conns, conn);
	return conn;
}

/* Reads what is there. 0: nothing, -1: EOF or error. */
static ssize_t conn_input(struct lemonade_conn *conn)
{
	unsigned char data[READ_SIZE];
	ssize_t ret;

	ret = recv(conn->fd, data, sizeof(data), MSG_DONTWAIT);
	if (ret < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	if (ret == 0 || str_len(conn->input) + ret > LINE_MAX_LEN)
		return -1;
	str_append_data(conn->input, data, ret);
	return ret;
}

/* Takes the next line out of the buffer. */
static char *conn_next_line(struct lemonade_conn *conn)
{
	char *line, *end;

	line = str_c_modifiable(conn->input) + conn->input_pos;
	end = strchr(line, '\n');
	if (end == NULL) {
		/* make room; an incomplete line stays */
		str_delete(conn->input, 0, conn->input_pos);
		conn->input_pos = 0;
		return NULL;
	}
	*end = '\0';
	conn->input_pos += end + 1 - line;
	return line;
}

/* Late answers to lines that nobody waited for are dropped. */
static bool conn_is_alive(struct lemonade_conn *conn)
{
	char *line;
	ssize_t ret;

	do {
		ret = conn_input(conn);
		while ((line = conn_next_line(conn)) != NULL) {
			if (!conn->greeted &&
			    strncmp(line, VERSION_PREFIX,
				    strlen(VERSION_PREFIX)) != 0)
				return FALSE;
			conn->greeted = TRUE;
		}
	} while (ret > 0);
	return ret == 0;
}

static struct lemonade_conn *conn_find(const char *path)
{
	struct lemonade_conn *conn, *next;
	uid_t euid = geteuid();

	for (conn = conns; conn != NULL; conn = next) {
		next = conn->next;
		if (conn->in_use || conn->euid != euid ||
		    strcmp(conn->path, path) != 0)
			continue;
		if (conn_is_alive(conn))
			return conn;
		conn_free(&conn);
	}
	return NULL;
}

struct lemonade_conn *lemonade_conn_get(const char *path,
					const char **error_r)
{
	struct lemonade_conn *conn = conn_find(path);
	int fd;

	if (conn == NULL) {
		fd = net_connect_unix(path);
		if (fd == -1) {
			*error_r = t_strdup_printf("connect(%s) failed: %m",
						   path);
			return NULL;
		}
		fd_close_on_exec(fd, TRUE);
		conn = conn_new(path, fd);
		if (lemonade_conn_write(conn, VERSION_LINE,
					strlen(VERSION_LINE), 0) < 0) {
			*error_r = t_strdup_printf("write(%s) failed: %m",
						   path);
			conn_free(&conn);
			return NULL;
		}
	}
	timeout_remove(&conn->to_idle);
	conn->in_use = TRUE;
	return conn;
}

static void conn_idle(struct lemonade_conn *conn)
{
	conn_free(&conn);
}

static void conns_limit(void)
{
	struct lemonade_conn *conn, *last = NULL;
	unsigned int count = 0;

	for (conn = conns; conn != NULL; conn = conn->next) {
		count++;
		if (!conn->in_use)
			last = conn;
	}
	if (count > CONNS_MAX && last != NULL)
		conn_free(&last);
}

void lemonade_conn_release(struct lemonade_conn **_conn)
{
	struct lemonade_conn *conn = *_conn;
	struct ioloop *ioloop = io_loop_get_root();

	if (ioloop == NULL) {
		conn_free(_conn);
		return;
	}
	*_conn = NULL;
	conn->in_use = FALSE;
	/* the current loop may be one that ends with a dict lookup */
	conn->to_idle = timeout_add_to(ioloop, IDLE_MSECS, conn_idle, conn);
	conns_limit();
}

void lemonade_conn_abort(struct lemonade_conn **conn)
{
	conn_free(conn);
}

void lemonade_conn_close_all(void)
{
	struct lemonade_conn *conn;

	while ((conn = conns) != NULL)
		conn_free(&conn);
}

/* Waits until the socket is ready or the deadline is there. */
static int conn_poll(struct lemonade_conn *conn, short events,
		     uint64_t deadline)
{
	struct pollfd pfd = { .fd = conn->fd, .events = events };
	uint64_t now = lemonade_conn_now();
	int ret;

	if (now >= deadline)
		return 0;
	ret = poll(&pfd, 1, (int)(deadline - now));
	if (ret < 0 && errno == EINTR)
		return 1;
	return ret;
}

int lemonade_conn_write(struct lemonade_conn *conn, const void *data,
			size_t len, uint64_t deadline)
{
	const unsigned char *p = data;
	ssize_t ret;

	while (len > 0) {
		ret = send(conn->fd, p, len, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (ret > 0) {
			p += ret;
			len -= ret;
		} else if (ret < 0 && errno != EAGAIN && errno != EINTR) {
			return -1;
		} else if (conn_poll(conn, POLLOUT, deadline) <= 0) {
			errno = ETIMEDOUT;
			return -1;
		}
	}
	return 0;
}

int lemonade_conn_read(struct lemonade_conn *conn, uint64_t deadline,
		       char **line_r)
{
	char *line;
	ssize_t ret;

	for (;;) {
		while ((line = conn_next_line(conn)) != NULL) {
			if (conn->greeted) {
				*line_r = line;
				return 1;
			}
			if (strncmp(line, VERSION_PREFIX,
				    strlen(VERSION_PREFIX)) != 0)
				return -1;
			conn->greeted = TRUE;
		}
		ret = conn_input(conn);
		if (ret < 0)
			return -1;
		if (ret == 0 && (ret = conn_poll(conn, POLLIN, deadline)) <= 0)
			return ret;
	}
}
