#include "lib.h"
#include "ioloop.h"
#include "lemonade-anvil-compat.h"
#include "anvil.h"
#include "notify-clock.h"

#include <poll.h>
#include <sys/socket.h>

#define ANVIL_WAIT_MSECS 100
/* After an answer that did not come in time. */
#define ANVIL_PAUSE_MSECS 5000
#define DUMP_COMMAND "CONNECT-DUMP\n"
#define READ_SIZE (32 * 1024)

struct anvil {
	struct event *event;
	int fd; /* -1: gone */
	string_t *input;
	/* dumps asked for whose end was not read yet: answers come late, but
	   in order */
	unsigned int asked;
	/* lines of the dump's head that are still to come */
	unsigned int head;
	bool greeted;
	int64_t pause_until;
};

struct anvil_reader {
	struct anvil *anvil;
	anvil_wants_t *wants;
	anvil_hibernated_t *hibernated;
	void *context;
};

static void anvil_close(struct anvil *anvil, const char *why)
{
	e_warning(anvil->event, "anvil: %s. Until doveadm reload, sessions "
		  "that hibernate do not hold pushes back", why);
	i_close_fd(&anvil->fd);
}

struct anvil *anvil_init(struct event *event, const char *path)
{
	struct anvil *anvil = i_new(struct anvil, 1);
	const char *hello = LEMONADE_ANVIL_HANDSHAKE;

	anvil->event = event;
	anvil->input = str_new(default_pool, 256);
	anvil->fd = net_connect_unix(path);
	if (anvil->fd == -1) {
		e_warning(event, "connect(%s) failed: %m. Sessions that "
			  "hibernate do not hold pushes back", path);
	} else if (write(anvil->fd, hello, strlen(hello)) !=
		   (ssize_t)strlen(hello)) {
		anvil_close(anvil, "write failed");
	}
	return anvil;
}

void anvil_deinit(struct anvil **_anvil)
{
	struct anvil *anvil = *_anvil;

	*_anvil = NULL;
	i_close_fd(&anvil->fd);
	str_free(&anvil->input);
	i_free(anvil);
}

bool anvil_is_there(struct anvil *anvil)
{
	char c;

	if (anvil->fd != -1 &&
	    recv(anvil->fd, &c, 1, MSG_PEEK | MSG_DONTWAIT) == 0)
		anvil_close(anvil, "the connection is gone");
	return anvil->fd != -1;
}

static void dump_line(struct anvil_reader *reader, const char *line)
{
	struct lemonade_anvil_session session;

	/* what is left of a dump that nobody waits for any more */
	if (reader->anvil->asked > 1)
		return;
	if (lemonade_anvil_parse(line, &session) &&
	    reader->wants(session.user, session.client_ip, reader->context) &&
	    lemonade_anvil_is_hibernated(&session)) {
		reader->hibernated(session.user, session.client_ip,
				   session.count, reader->context);
	}
}

static void anvil_line(struct anvil_reader *reader, const char *line)
{
	struct anvil *anvil = reader->anvil;

	if (!anvil->greeted && strncmp(line, "VERSION\t", 8) == 0) {
		anvil->greeted = TRUE;
	} else if (anvil->head > 0) {
		anvil->head--;
	} else if (*line != '\0') {
		dump_line(reader, line);
	} else if (anvil->asked > 0) {
		anvil->asked--;
		anvil->head = LEMONADE_ANVIL_DUMP_HEADERS;
	}
}

static void anvil_lines(struct anvil_reader *reader)
{
	string_t *input = reader->anvil->input;
	char *line = str_c_modifiable(input), *start = line, *end;

	while ((end = strchr(line, '\n')) != NULL) T_BEGIN {
		*end = '\0';
		anvil_line(reader, line);
		line = end + 1;
	} T_END;
	str_delete(input, 0, line - start);
}

/* 1 = something came, 0 = nothing in time, -1 = gone */
static int anvil_read(struct anvil *anvil, int msecs)
{
	struct pollfd pfd = { .fd = anvil->fd, .events = POLLIN };
	char data[READ_SIZE];
	ssize_t ret;

	if (poll(&pfd, 1, msecs) <= 0)
		return 0;
	ret = recv(anvil->fd, data, sizeof(data), MSG_DONTWAIT);
	if (ret > 0) {
		str_append_data(anvil->input, data, ret);
		return 1;
	}
	if (ret < 0 && (errno == EAGAIN || errno == EINTR))
		return 1;
	anvil_close(anvil, "the connection is gone");
	return -1;
}

static int anvil_ask(struct anvil *anvil)
{
	const size_t len = strlen(DUMP_COMMAND);

	if (send(anvil->fd, DUMP_COMMAND, len, MSG_DONTWAIT | MSG_NOSIGNAL) !=
	    (ssize_t)len) {
		anvil_close(anvil, "the connection is gone");
		return -1;
	}
	if (anvil->asked++ == 0)
		anvil->head = LEMONADE_ANVIL_DUMP_HEADERS;
	return 0;
}

int anvil_dump(struct anvil *anvil, anvil_wants_t *wants,
	       anvil_hibernated_t *hibernated, void *context)
{
	struct anvil_reader reader = { anvil, wants, hibernated, context };
	int64_t now = notify_clock_msecs();
	int64_t deadline = now + ANVIL_WAIT_MSECS;
	int ret;

	if (anvil->fd == -1 || now < anvil->pause_until ||
	    anvil_ask(anvil) < 0)
		return -1;
	while (anvil->asked > 0) {
		ret = now < deadline ? anvil_read(anvil, deadline - now) : 0;
		if (ret < 0)
			return -1;
		if (ret == 0) {
			anvil->pause_until = now + ANVIL_PAUSE_MSECS;
			return -1;
		}
		anvil_lines(&reader);
		now = notify_clock_msecs();
	}
	return 0;
}
