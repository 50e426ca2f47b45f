#include "lib.h"
#include "ioloop.h"
#include "istream.h"
#include "llist.h"
#include "net.h"
#include "ostream.h"
#include "str.h"
#include "strescape.h"
#include "admin-private.h"
#include "ingest.h"
#include "lemo-limits.h"
#include "lemonade-service-compat.h"
#include "notifier.h"

#include <stdarg.h>

#define ADMIN_LINE_MAX (64 * 1024)

static const struct admin_command {
	const char *name;
	unsigned int min_args, max_args;
	/* ends the answer itself */
	bool ends;
	admin_command_t *func;
} admin_commands[] = {
	{ "STATUS", 0, 0, FALSE, admin_cmd_status },
	{ "QUEUE", 0, 1, FALSE, admin_cmd_queue },
	{ "DEVICES", 2, 2, FALSE, admin_cmd_devices },
	{ "RETRY", 0, 1, FALSE, admin_cmd_retry },
	{ "PURGE", 1, 2, FALSE, admin_cmd_purge },
	{ "EXPORT", 2, 2, FALSE, admin_cmd_export },
	{ "TRACE", 0, 0, FALSE, admin_cmd_trace },
	{ "TEST", 5, 5, TRUE, admin_cmd_test },
	{ "TEST-FEED", 2, 2, TRUE, admin_cmd_test_feed },
	{ "CODE", 4, 4, FALSE, admin_cmd_code },
	{ "SIEVE-SECRET", 1, 1, FALSE, admin_cmd_sieve_secret },
	{ "VAPID-SHOW", 0, 0, FALSE, admin_cmd_vapid_show },
	{ "VAPID-EXPORT", 0, 0, FALSE, admin_cmd_vapid_export },
	{ "VAPID-IMPORT", 1, 1, FALSE, admin_cmd_vapid_import },
	{ "VAPID-ROTATE", 0, 0, FALSE, admin_cmd_vapid_rotate }
};

struct admin_clients {
	struct notifier *notifier;
	struct admin_client *head;
};

void admin_client_unref(struct admin_client **_client)
{
	struct admin_client *client = *_client;

	*_client = NULL;
	i_assert(client->refcount > 0);
	if (--client->refcount > 0)
		return;
	i_stream_unref(&client->input);
	o_stream_unref(&client->output);
	i_free(client);
}

static void admin_client_close(struct admin_client *client)
{
	if (client->fd == -1)
		return;
	io_remove(&client->io);
	i_stream_close(client->input);
	o_stream_close(client->output);
	i_close_fd(&client->fd);
	DLLIST_REMOVE(&client->admins->head, client);
	master_service_client_connection_destroyed(master_service);
	admin_client_unref(&client);
}

void admin_row(struct admin_client *client, const char *field, ...)
{
	string_t *str = t_str_new(256);
	va_list args;

	str_append(str, "ROW");
	va_start(args, field);
	for (; field != NULL; field = va_arg(args, const char *)) {
		str_append_c(str, '\t');
		str_append_tabescaped(str, field);
	}
	va_end(args);
	str_append_c(str, '\n');
	o_stream_nsend(client->output, str_data(str), str_len(str));
}

void admin_end(struct admin_client *client, const char *error)
{
	const char *line = error == NULL ? "OK\n" :
		t_strdup_printf("NO\t%s\n", str_tabescape(error));

	o_stream_nsend_str(client->output, line);
}

static const struct admin_command *admin_find_command(const char *name)
{
	unsigned int i;

	for (i = 0; i < N_ELEMENTS(admin_commands); i++) {
		if (strcmp(admin_commands[i].name, name) == 0)
			return &admin_commands[i];
	}
	return NULL;
}

static void admin_client_command(struct admin_client *client, const char *line)
{
	const char *const *args = t_strsplit_tabescaped(line);
	const struct admin_command *command;
	unsigned int count = str_array_length(args);
	const char *error;

	command = count == 0 ? NULL : admin_find_command(args[0]);
	if (command == NULL) {
		admin_end(client, "unknown command");
		return;
	}
	if (count - 1 < command->min_args || count - 1 > command->max_args) {
		admin_end(client, "wrong number of arguments");
		return;
	}
	/* what was handed over before is seen by the command */
	ingest_flush(client->notifier->ingest);
	error = command->func(client, args);
	if (!command->ends)
		admin_end(client, error);
}

static bool admin_client_line(struct admin_client *client, const char *line)
{
	if (client->handshaked) {
		admin_client_command(client, line);
		return TRUE;
	}
	if (!version_string_verify(line, NOTIFY_PROTOCOL_NAME,
				   NOTIFY_PROTOCOL_MAJOR)) {
		e_error(client->notifier->event, "admin: the client speaks "
			"another protocol or version");
		return FALSE;
	}
	client->handshaked = TRUE;
	return TRUE;
}

static void admin_client_lines(struct admin_client *client)
{
	const char *line;
	bool ok = TRUE;

	o_stream_cork(client->output);
	while (ok && !client->busy &&
	       (line = i_stream_next_line(client->input)) != NULL) T_BEGIN {
		ok = admin_client_line(client, line);
	} T_END;
	o_stream_uncork(client->output);
	if (!ok)
		admin_client_close(client);
}

static void admin_client_input(struct admin_client *client)
{
	switch (i_stream_read(client->input)) {
	case -2:
		e_error(client->notifier->event, "admin: line is too long");
		/* fall through */
	case -1:
		admin_client_close(client);
		return;
	default:
		break;
	}
	admin_client_lines(client);
}

void admin_client_go_on(struct admin_client *client)
{
	client->busy = FALSE;
	if (client->fd != -1)
		admin_client_lines(client);
}

void admin_client_create(struct admin_clients *admins, int fd)
{
	struct admin_client *client = i_new(struct admin_client, 1);

	client->refcount = 1;
	client->admins = admins;
	client->notifier = admins->notifier;
	client->fd = fd;
	net_set_nonblock(fd, TRUE);
	client->input = i_stream_create_fd(fd, ADMIN_LINE_MAX);
	client->output = o_stream_create_fd(fd, SIZE_MAX);
	o_stream_set_no_error_handling(client->output, TRUE);
	client->io = io_add(fd, IO_READ, admin_client_input, client);
	DLLIST_PREPEND(&admins->head, client);
	o_stream_nsend_str(client->output, NOTIFY_VERSION_LINE);
}

struct admin_clients *admin_clients_init(struct notifier *notifier)
{
	struct admin_clients *admins = i_new(struct admin_clients, 1);

	admins->notifier = notifier;
	return admins;
}

void admin_clients_deinit(struct admin_clients **_admins)
{
	struct admin_clients *admins = *_admins;

	*_admins = NULL;
	while (admins->head != NULL)
		admin_client_close(admins->head);
	i_free(admins);
}
