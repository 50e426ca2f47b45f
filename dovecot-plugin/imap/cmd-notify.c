#include "lib.h"
#include "imap-common.h"
#include "imap-commands.h"
#include "lemonade-compat.h"
#include "cmd-notify.h"
#include "imap-lemonade-notify.h"
#include "imap-lemonade-notify-args.h"
#include "imap-lemonade-notify-client.h"

#define BAD_PREFIX "BAD "

/* BAD counts against the client. */
static void send_answer(struct client_command_context *cmd, const char *answer)
{
	if (str_begins_with(answer, BAD_PREFIX))
		client_send_command_error(cmd, answer + strlen(BAD_PREFIX));
	else
		client_send_tagline(cmd, answer);
}

static bool lemonade_cmd_notify(struct client_command_context *cmd)
{
	struct client *client = cmd->client;
	struct imap_lemonade_notify_args nargs;
	const struct imap_arg *args;
	const char *answer;

	if (!imap_lemonade_notify_client_is_ours(client))
		return cmd_notify(cmd);
	if (!client_read_args(cmd, 0, 0, &args))
		return FALSE;

	if (imap_lemonade_notify_args_parse(client, args, &nargs,
					    &answer) < 0) {
		send_answer(cmd, answer);
		return TRUE;
	}
	if (nargs.notify != NULL && !imap_lemonade_notify_start(nargs.notify)) {
		imap_lemonade_notify_args_free(&nargs);
		client_send_tagline(cmd, "NO [NOTIFICATIONOVERFLOW] "
			"NOTIFY not supported for these mailboxes.");
		return TRUE;
	}
	imap_lemonade_notify_set(client, nargs.ctx, nargs.notify);
	if (nargs.notify != NULL)
		imap_lemonade_notify_send_status(nargs.notify, nargs.status);
	return cmd_sync(cmd, 0, IMAP_SYNC_FLAG_SAFE, "OK NOTIFY completed.");
}

static void replace(command_func_t *func)
{
	const struct command *old = command_find("NOTIFY");
	enum command_flags flags;

	/* not there, or somebody else's */
	if (old == NULL)
		return;
	flags = old->flags;
	command_unregister("NOTIFY");
	command_register("NOTIFY", func, flags);
}

void imap_lemonade_cmd_notify_init(void)
{
	replace(lemonade_cmd_notify);
}

void imap_lemonade_cmd_notify_deinit(void)
{
	replace(cmd_notify);
}
