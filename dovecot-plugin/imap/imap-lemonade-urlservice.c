#include "lib.h"
#include "hostpid.h"
#include "ioloop.h"
#include "iostream-temp.h"
#include "istream.h"
#include "net.h"
#include "ostream.h"
#include "str.h"
#include "strescape.h"
#include "imap-common.h"
#include "mail-user.h"
#include "imap-urlauth.h"
#include "imap-lemonade-urlservice.h"

#define HANDSHAKE "VERSION\timap-urlauth\t2\t0\n"
/* It may have to start two processes, and read much mail. */
#define ANSWER_TIMEOUT_MSECS (60 * 1000)
/* A line of it, octets: has a BODYPARTSTRUCTURE in it. */
#define LINE_MAX_SIZE (256 * 1024)
/* What of a part is kept in memory; more goes to a file. */
#define PART_MEMORY_MAX (32 * 1024)

enum service_state {
	STATE_LOGIN,	/* its OK to our token */
	STATE_OWNER,	/* its OK or NO to the owner */
	STATE_URL,	/* the line that answers a URL */
	STATE_OCTETS,	/* the part */
	STATE_IDLE
};

struct imap_lemonade_urlservice {
	struct client *client;
	char *owner;
	imap_lemonade_urlservice_callback_t *callback;
	void *context;

	int fd;
	struct istream *input;
	struct ostream *output;
	struct io *io;
	struct timeout *to;
	enum service_state state;
	bool owner_selected;

	/* what is asked for */
	char *url;
	enum imap_urlauth_fetch_flags flags;

	/* what has come of it */
	struct imap_lemonade_urlpart part;
	struct ostream *octets;
	uoff_t octets_left;
};

static void service_answer(struct imap_lemonade_urlservice *service, int ret)
{
	struct imap_lemonade_urlpart part = service->part;

	i_zero(&service->part);
	i_free(service->url);
	timeout_remove(&service->to);
	service->state = STATE_IDLE;
	service->callback(ret, &part, service->context);
	imap_lemonade_urlpart_free(&part);
}

static void service_close(struct imap_lemonade_urlservice *service)
{
	timeout_remove(&service->to);
	io_remove(&service->io);
	i_stream_destroy(&service->input);
	o_stream_destroy(&service->output);
	o_stream_destroy(&service->octets);
	i_close_fd(&service->fd);
}

static void service_fail(struct imap_lemonade_urlservice *service,
			 const char *reason)
{
	if (reason != NULL) {
		e_error(service->client->event,
			"lemonade: imap-urlauth: %s", reason);
	}
	service_close(service);
	imap_lemonade_urlpart_free(&service->part);
	if (service->url != NULL)
		service_answer(service, -1);
}

/*
 * Input
 */

static void service_send_url(struct imap_lemonade_urlservice *service)
{
	string_t *line = t_str_new(256);

	str_append(line, "URL\t");
	str_append_tabescaped(line, service->url);
	if ((service->flags & IMAP_URLAUTH_FETCH_FLAG_BODYPARTSTRUCTURE) != 0)
		str_append(line, "\tbpstruct");
	if ((service->flags & IMAP_URLAUTH_FETCH_FLAG_BINARY) != 0)
		str_append(line, "\tbinary");
	else if ((service->flags & IMAP_URLAUTH_FETCH_FLAG_BODY) != 0)
		str_append(line, "\tbody");
	str_append_c(line, '\n');
	service->state = STATE_URL;
	o_stream_nsend(service->output, str_data(line), str_len(line));
}

static void service_send_owner(struct imap_lemonade_urlservice *service)
{
	service->state = STATE_OWNER;
	o_stream_nsend_str(service->output, t_strdup_printf("USER\t%s\n",
				str_tabescape(service->owner)));
}

static bool service_login_line(struct imap_lemonade_urlservice *service,
			       const char *line)
{
	/* 2.4 says its version first */
	if (strncmp(line, "VERSION\t", 8) == 0)
		return TRUE;
	if (strcmp(line, "OK") != 0) {
		service_fail(service, "the session's token was refused");
		return FALSE;
	}
	service_send_owner(service);
	return TRUE;
}

static bool service_owner_line(struct imap_lemonade_urlservice *service,
			       const char *line)
{
	if (strcmp(line, "OK") != 0) {
		/* no such user: it waits for another one, we do not */
		service_answer(service, 0);
		return TRUE;
	}
	service->owner_selected = TRUE;
	service_send_url(service);
	return TRUE;
}

static void service_octets_begin(struct imap_lemonade_urlservice *service,
				 uoff_t size)
{
	string_t *prefix = t_str_new(128);

	mail_user_set_get_temp_prefix(prefix, service->client->user->set);
	service->octets = iostream_temp_create_sized(str_c(prefix), 0,
		"(URLFETCH part)", PART_MEMORY_MAX);
	o_stream_set_no_error_handling(service->octets, TRUE);
	service->part.size = service->octets_left = size;
	service->state = STATE_OCTETS;
}

/* OK [hasnuls] [bpstruct=...] size, or NO [error=...] */
static bool service_url_line(struct imap_lemonade_urlservice *service,
			     const char *line)
{
	static const char structure[] = "bpstruct=";
	const char *const *args = t_strsplit_tabescaped(line);
	uoff_t size;

	if (args[0] != NULL && strcmp(args[0], "NO") == 0) {
		service_answer(service, 0);
		return TRUE;
	}
	if (args[0] == NULL || strcmp(args[0], "OK") != 0 || args[1] == NULL) {
		service_fail(service, "answers nonsense");
		return FALSE;
	}
	for (args++; args[1] != NULL; args++) {
		if (strcmp(args[0], "hasnuls") == 0)
			service->part.has_nuls = TRUE;
		else if (strncmp(args[0], structure, strlen(structure)) == 0) {
			i_free(service->part.structure);
			service->part.structure =
				i_strdup(args[0] + strlen(structure));
		}
	}
	if (str_to_uoff(args[0], &size) < 0) {
		service_fail(service, "answers nonsense");
		return FALSE;
	}
	if (size == 0)
		service_answer(service, 1);
	else
		service_octets_begin(service, size);
	return TRUE;
}

static bool service_line(struct imap_lemonade_urlservice *service)
{
	const char *line = i_stream_next_line(service->input);

	if (line == NULL)
		return FALSE;
	switch (service->state) {
	case STATE_LOGIN:
		return service_login_line(service, line);
	case STATE_OWNER:
		return service_owner_line(service, line);
	case STATE_URL:
		return service_url_line(service, line);
	case STATE_OCTETS:
	case STATE_IDLE:
		break;
	}
	service_fail(service, "speaks without being asked");
	return FALSE;
}

static bool service_octets_end(struct imap_lemonade_urlservice *service)
{
	if (service->octets->stream_errno != 0) {
		service_fail(service, t_strdup_printf(
			"the part cannot be kept: %s",
			o_stream_get_error(service->octets)));
		return FALSE;
	}
	service->part.input = iostream_temp_finish(&service->octets,
						   IO_BLOCK_SIZE);
	service_answer(service, 1);
	return TRUE;
}

/* The octets, and a LF behind them. */
static bool service_octets(struct imap_lemonade_urlservice *service)
{
	const unsigned char *data;
	size_t size;

	data = i_stream_get_data(service->input, &size);
	if (service->octets_left > 0) {
		size = I_MIN(size, service->octets_left);
		o_stream_nsend(service->octets, data, size);
		i_stream_skip(service->input, size);
		service->octets_left -= size;
		return size > 0;
	}
	if (size == 0)
		return FALSE;
	if (*data != '\n') {
		service_fail(service, "sent a part of another size");
		return FALSE;
	}
	i_stream_skip(service->input, 1);
	return service_octets_end(service);
}

static bool service_next(struct imap_lemonade_urlservice *service)
{
	bool more;

	if (service->input == NULL)
		return FALSE;
	T_BEGIN {
		more = service->state == STATE_OCTETS ?
			service_octets(service) : service_line(service);
	} T_END;
	return more;
}

static void service_input(struct imap_lemonade_urlservice *service)
{
	switch (i_stream_read(service->input)) {
	case -1:
		/* a worker that gives up on a message ends like this, and
		   says why in the log */
		service_fail(service, NULL);
		return;
	case -2:
		service_fail(service, "sent too long a line");
		return;
	}
	if (service->to != NULL)
		timeout_reset(service->to);
	while (service_next(service)) ;
}

static void service_timeout(struct imap_lemonade_urlservice *service)
{
	service_fail(service, "does not answer");
}

/*
 * Connection
 */

static void service_login(struct imap_lemonade_urlservice *service)
{
	const struct mail_user *user = service->client->user;
	string_t *line = t_str_new(256);

	str_printfa(line, HANDSHAKE"AUTH\timap\t%s\t", my_pid);
	str_append_tabescaped(line, user->username);
	str_append_c(line, '\t');
	if (user->session_id != NULL)
		str_append_tabescaped(line, user->session_id);
	str_append_c(line, '\t');
	str_append_tabescaped(line, user->auth_token);
	str_append_c(line, '\n');
	o_stream_nsend(service->output, str_data(line), str_len(line));
}

static int service_connect(struct client *client)
{
	const char *path = t_strconcat(client->user->set->base_dir,
				       "/"IMAP_URLAUTH_SOCKET_NAME, NULL);
	int fd;

	if (client->user->auth_token == NULL) {
		e_error(client->event, "lemonade: imap-urlauth: the session "
			"has no token of the auth service");
		return -1;
	}
	fd = net_connect_unix(path);
	if (fd == -1) {
		e_error(client->event,
			"lemonade: imap-urlauth: connect(%s) failed: %m",
			path);
	}
	return fd;
}

struct imap_lemonade_urlservice *
imap_lemonade_urlservice_init(struct client *client, const char *owner,
			      imap_lemonade_urlservice_callback_t *callback,
			      void *context)
{
	struct imap_lemonade_urlservice *service;
	int fd = service_connect(client);

	if (fd == -1)
		return NULL;
	service = i_new(struct imap_lemonade_urlservice, 1);
	service->client = client;
	service->owner = i_strdup(owner);
	service->callback = callback;
	service->context = context;
	service->fd = fd;
	service->input = i_stream_create_fd(fd, LINE_MAX_SIZE);
	service->output = o_stream_create_fd(fd, SIZE_MAX);
	o_stream_set_no_error_handling(service->output, TRUE);
	service->io = io_add_to(io_loop_get_root(), fd, IO_READ, service_input,
				service);
	service_login(service);
	return service;
}

void imap_lemonade_urlservice_deinit(struct imap_lemonade_urlservice **_service)
{
	struct imap_lemonade_urlservice *service = *_service;

	if (service == NULL)
		return;
	*_service = NULL;
	service_close(service);
	imap_lemonade_urlpart_free(&service->part);
	i_free(service->url);
	i_free(service->owner);
	i_free(service);
}

void imap_lemonade_urlservice_ask(struct imap_lemonade_urlservice *service,
				  const char *url,
				  enum imap_urlauth_fetch_flags flags)
{
	i_assert(service->url == NULL);

	service->url = i_strdup(url);
	service->flags = flags;
	service->to = timeout_add_to(io_loop_get_root(), ANSWER_TIMEOUT_MSECS,
				     service_timeout, service);
	if (service->owner_selected)
		service_send_url(service);
	else if (service->state == STATE_IDLE)
		service_send_owner(service);
}

bool imap_lemonade_urlservice_is_open(
	const struct imap_lemonade_urlservice *service)
{
	return service->fd != -1;
}

const char *
imap_lemonade_urlservice_owner(const struct imap_lemonade_urlservice *service)
{
	return service->owner;
}
