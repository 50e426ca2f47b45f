#include "lib.h"
#include "ioloop.h"
#include "llist.h"
#include "net.h"
#include "str.h"
#include "str-sanitize.h"
#include "strescape.h"
#include "account.h"
#include "device.h"
#include "ingest.h"
#include "lemo-event-wire.h"
#include "lemo-limits.h"
#include "lemonade-service-compat.h"
#include "notifier.h"
#include "notify-client.h"
#include "notify-clock.h"
#include "lemo-presence.h"
#include "outbox.h"
#include "presence.h"
#include "user.h"

#include <unistd.h>

/* Octets read from a connection at once. */
#define READ_MAX (64 * 1024)
/* Unfinished lines of one uid in memory. */
#define PARTIAL_MAX (4 * 1024 * 1024)
/* A peer that takes no answers is not read from; and this long, closed. */
#define OUTPUT_SECS 60
/* From connect to VERSION, and from the begin of a line to its end. */
#define PARTIAL_SECS 30
#define CHECK_MSECS 10000
#define LOG_INTERVAL_SECS 60
/* Connections kept free for newcomers. */
#define SPARE_CLIENTS 16

struct notify_client {
	struct notify_client *prev, *next; /* latest used first */
	struct notify_clients *clients;
	int refcount;
	int fd; /* -1 once closed */
	struct io *io;
	struct account *account;

	bool handshaked, writing;
	/* speaks another protocol: what it sends is read and dropped, so that
	   it sees why instead of a reset connection */
	bool rejected;
	/* lines that wait for their answer */
	unsigned int unanswered;
	/* since when something is awaited of the peer: the end of a line, the
	   handshake, that it reads */
	time_t waiting_since;
	char *partial;
	size_t partial_len;
	string_t *output; /* NULL = empty */
	/* what became of it, while the octets that were read are looked at */
	struct presence_conn *presence;
};

struct notify_clients {
	struct notifier *notifier;
	struct notify_client *head, *tail;
	unsigned int count, limit;
	struct timeout *to_check;
	time_t last_bad_logged;
	char buf[READ_MAX];
};

static void client_input(struct notify_client *client);
static void client_output(struct notify_client *client);

static void client_unref(struct notify_client *client)
{
	i_assert(client->refcount > 0);
	if (--client->refcount == 0)
		i_free(client);
}

static void client_free_partial(struct notify_client *client)
{
	client->account->partial -= client->partial_len;
	client->partial_len = 0;
	i_free_and_null(client->partial);
}

/* Everything but the descriptor, which is returned. */
static int client_detach(struct notify_client *client)
{
	struct notify_clients *clients = client->clients;
	int fd = client->fd;

	io_remove(&client->io);
	client->fd = -1;
	client_free_partial(client);
	str_free(&client->output);
	client->account->clients--;
	clients->count--;
	DLLIST2_REMOVE(&clients->head, &clients->tail, client);
	client_unref(client);
	return fd;
}

static void client_close(struct notify_client *client)
{
	int fd;

	if (client->fd == -1)
		return;
	fd = client_detach(client);
	i_close_fd(&fd);
	master_service_client_connection_destroyed(master_service);
}

static void client_bad(struct notify_client *client, const char *what)
{
	struct notify_clients *clients = client->clients;

	if (notify_clock_secs() <
	    clients->last_bad_logged + LOG_INTERVAL_SECS)
		return;
	clients->last_bad_logged = notify_clock_secs();
	e_warning(clients->notifier->event, "hand-off from uid %u: %s "
		  "(more of it is not logged for a minute)",
		  client->account->uid, what);
}

static void client_set_io(struct notify_client *client, bool writing)
{
	if (client->io != NULL && client->writing == writing)
		return;
	io_remove(&client->io);
	client->writing = writing;
	client->io = writing ?
		io_add(client->fd, IO_WRITE, client_output, client) :
		io_add(client->fd, IO_READ, client_input, client);
}

/* Drops the first octets of the output. */
static void client_written(struct notify_client *client, size_t size)
{
	if (size < str_len(client->output))
		str_delete(client->output, 0, size);
	else
		str_free(&client->output);
}

static void client_output(struct notify_client *client)
{
	ssize_t ret;

	if (client->output == NULL) {
		client_set_io(client, FALSE);
		return;
	}
	ret = write(client->fd, str_data(client->output),
		    str_len(client->output));
	if (ret < 0 && errno != EAGAIN && errno != EINTR) {
		client_close(client);
		return;
	}
	if (ret > 0)
		client_written(client, ret);
	if (client->output != NULL && !client->writing)
		client->waiting_since = notify_clock_secs();
	client_set_io(client, client->output != NULL);
}

static void client_add_output(struct notify_client *client, const char *line)
{
	if (client->output == NULL)
		client->output = str_new(default_pool, 128);
	str_append(client->output, line);
}

static const char *answer_line(enum ingest_answer answer, const char *id,
			       const char *text)
{
	if (answer == INGEST_OK) {
		return t_strconcat("OK\t", id, text == NULL ? "" : "\t",
				   text == NULL ? "" : text, "\n", NULL);
	}
	return t_strdup_printf("NO\t%s\t%s\n", id == NULL ? "-" : id, text);
}

static void client_answer(enum ingest_answer answer, const char *id,
			  const char *text, void *context)
{
	struct notify_client *client = context;

	client->unanswered--;
	if (client->fd != -1 && answer != INGEST_FAILED) T_BEGIN {
		if (answer == INGEST_NO)
			client_bad(client, text);
		client_add_output(client, answer_line(answer, id, text));
	} T_END;
	/* all lines of a turn are answered together: one write */
	if (client->fd != -1 && client->unanswered == 0)
		client_output(client);
	client_unref(client);
}

static const char *status_answer(struct notify_client *client,
				 const char *const *args)
{
	struct notifier *notifier = client->clients->notifier;
	struct user *user;

	if (str_array_length(args) != 3 || *args[1] == '\0' ||
	    strlen(args[1]) > LEMO_USER_MAX)
		return "NO\tSTATUS\tbad arguments\n";
	if (!outbox_is_usable(notifier->outbox)) {
		return t_strdup_printf("NO\tSTATUS\toutbox: %s\n",
			str_tabescape(outbox_get_state(notifier->outbox)));
	}
	user = user_get(notifier->users, client->account, args[1]);
	if (!user_is_owned(user))
		return "NO\tSTATUS\tdenied\n";
	return t_strdup_printf("STATUS\t%s\n", str_tabescape(
		device_status_json(device_find(notifier->users, user,
					       args[2]))));
}

static void client_status(struct notify_client *client, const char *line)
{
	/* it shows what this client has just said */
	ingest_flush(client->clients->notifier->ingest);
	if (client->fd == -1)
		return;
	client_add_output(client, status_answer(client,
						t_strsplit_tabescaped(line)));
	client_output(client);
}

/* "ONLINE", user and device: is a session of the device there? */
static const char *online_answer(struct notify_client *client,
				 const char *const *args)
{
	struct notifier *notifier = client->clients->notifier;

	if (str_array_length(args) != 3)
		return "NO\tONLINE\tbad arguments\n";
	return presence_is_connected(notifier->presence, client->account,
				     args[1], args[2]) ?
		"ONLINE\tyes\n" : "ONLINE\tmaybe\n";
}

static void client_online(struct notify_client *client, const char *line)
{
	client_add_output(client, online_answer(client,
						t_strsplit_tabescaped(line)));
	client_output(client);
}

static bool line_has_command(const char *line, size_t len, const char *command)
{
	size_t command_len = strlen(command);

	return len >= command_len && memcmp(line, command, command_len) == 0 &&
		(len == command_len || line[command_len] == '\t');
}

/* From now on it says nothing but how its session is. */
static void client_become_presence(struct notify_client *client,
				   const char *line, size_t len)
{
	struct presence *presence = client->clients->notifier->presence;
	struct account *account = client->account;

	client->presence = presence_accept(presence, account,
					   client_detach(client), line, len);
}

static void client_command(struct notify_client *client, const char *line,
			   size_t len)
{
	if (line_has_command(line, len, "EVENT")) {
		client->unanswered++;
		client->refcount++;
		ingest_add(client->clients->notifier->ingest, client->account,
			   line, len, client_answer, client);
	} else if (line_has_command(line, len, "STATUS")) {
		client_status(client, t_strndup(line, len));
	} else if (line_has_command(line, len, "ONLINE")) {
		client_online(client, t_strndup(line, len));
	} else if (line_has_command(line, len, LEMO_PRESENCE_COMMAND)) {
		client_become_presence(client, line, len);
	} else {
		client_bad(client, "unknown command");
		client_add_output(client, "NO\t-\tbad\tunknown command\n");
		client_output(client);
	}
}

/* Closed when the peer does, or when it is overdue. */
static void client_reject(struct notify_client *client)
{
	client_bad(client, "speaks another protocol or version; is the plugin "
		   "of another release still running?");
	client->rejected = TRUE;
	client_add_output(client, "NO\t-\tversion\tanother protocol "
			  "or version\n");
	client_output(client);
	if (client->fd != -1)
		(void)shutdown(client->fd, SHUT_WR);
}

static void client_line(struct notify_client *client, const char *line,
			size_t len)
{
	if (client->handshaked) T_BEGIN {
		client_command(client, line, len);
	} T_END;
	else if (version_string_verify(t_strndup(line, len),
				       NOTIFY_PROTOCOL_NAME,
				       NOTIFY_PROTOCOL_MAJOR)) {
		client->handshaked = TRUE;
	} else {
		client_reject(client);
	}
}

/* Appends to the unfinished line; closes a peer that wants too much. */
static bool client_add_partial(struct notify_client *client, const char *data,
			       size_t len)
{
	if (client->partial_len + len >= LEMO_EVENT_LINE_MAX) {
		client_bad(client, "line is too long");
		client_close(client);
		return FALSE;
	}
	if (client->account->partial + len > PARTIAL_MAX) {
		client_bad(client, "too many unfinished lines");
		client_close(client);
		return FALSE;
	}
	if (client->partial_len == 0)
		client->waiting_since = notify_clock_secs();
	client->partial = i_realloc(client->partial, client->partial_len,
				    client->partial_len + len);
	memcpy(client->partial + client->partial_len, data, len);
	client->partial_len += len;
	client->account->partial += len;
	return TRUE;
}

static void client_partial_line(struct notify_client *client)
{
	char *line = client->partial;
	size_t len = client->partial_len;

	client->partial = NULL;
	client_free_partial(client);
	client_line(client, line, len);
	i_free(line);
}

static void client_data(struct notify_client *client, const char *data,
			size_t size)
{
	const char *end = data + size, *lf;

	while (data < end && client->fd != -1 && !client->rejected) {
		lf = memchr(data, '\n', end - data);
		if (lf == NULL) {
			(void)client_add_partial(client, data, end - data);
			return;
		}
		if (client->partial_len == 0)
			client_line(client, data, lf - data);
		else if (client_add_partial(client, data, lf - data))
			client_partial_line(client);
		data = lf + 1;
	}
	if (client->presence != NULL)
		presence_conn_data(client->presence, data, end - data);
}

static void client_input(struct notify_client *client)
{
	struct notify_clients *clients = client->clients;
	ssize_t ret;

	if (!account_takes_turn(client->account))
		return;
	ret = read(client->fd, clients->buf, sizeof(clients->buf));
	if (ret < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (ret <= 0) {
		client_close(client);
		return;
	}
	client->account->turn_octets += ret;
	if (client != clients->head) {
		DLLIST2_REMOVE(&clients->head, &clients->tail, client);
		DLLIST2_PREPEND(&clients->head, &clients->tail, client);
	}
	client->refcount++;
	client_data(client, clients->buf, ret);
	client_unref(client);
}

/* The longest unused connection of the uid that has most of them. */
static void clients_make_room(struct notify_clients *clients)
{
	struct notify_client *client, *victim = clients->tail;

	for (client = clients->tail; client != NULL; client = client->prev) {
		if (client->account->clients > victim->account->clients &&
		    client->unanswered == 0)
			victim = client;
	}
	client_close(victim);
}

void notify_client_create(struct notify_clients *clients, int fd)
{
	struct notify_client *client;
	struct net_unix_cred cred;

	if (net_getunixcred(fd, &cred) < 0) {
		e_error(clients->notifier->event,
			"getting the peer's credentials failed: %m");
		i_close_fd(&fd);
		master_service_client_connection_destroyed(master_service);
		return;
	}
	if (clients->count + SPARE_CLIENTS >= clients->limit)
		clients_make_room(clients);
	client = i_new(struct notify_client, 1);
	client->refcount = 1;
	client->clients = clients;
	client->account = account_get(clients->notifier->accounts, cred.uid);
	client->account->clients++;
	client->fd = fd;
	client->waiting_since = notify_clock_secs();
	net_set_nonblock(fd, TRUE);
	clients->count++;
	DLLIST2_PREPEND(&clients->head, &clients->tail, client);
	client_set_io(client, FALSE);
	client_add_output(client, NOTIFY_VERSION_LINE);
	client_output(client);
}

static bool client_is_overdue(const struct notify_client *client)
{
	time_t waited = notify_clock_secs() - client->waiting_since;

	if (client->output != NULL)
		return waited >= OUTPUT_SECS;
	return (!client->handshaked || client->partial_len > 0) &&
		waited >= PARTIAL_SECS;
}

static void clients_check(struct notify_clients *clients)
{
	struct notify_client *client, *next;

	for (client = clients->head; client != NULL; client = next) {
		next = client->next;
		if (client_is_overdue(client))
			client_close(client);
	}
}

struct notify_clients *notify_clients_init(struct notifier *notifier,
					   unsigned int client_limit)
{
	struct notify_clients *clients = i_new(struct notify_clients, 1);

	clients->notifier = notifier;
	clients->limit = I_MAX(client_limit, SPARE_CLIENTS * 2);
	clients->to_check = timeout_add(CHECK_MSECS, clients_check, clients);
	return clients;
}

void notify_clients_deinit(struct notify_clients **_clients)
{
	struct notify_clients *clients = *_clients;

	*_clients = NULL;
	timeout_remove(&clients->to_check);
	while (clients->head != NULL)
		client_close(clients->head);
	i_free(clients);
}
