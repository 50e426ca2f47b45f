#include "lib.h"
#include "istream.h"
#include "imap-common.h"
#include "imap-arg.h"
#include "lemo-event.h"
#include "lemonade-compat.h"
#include "lemonade-names.h"
#include "imap-lemonade-claim.h"
#include "imap-lemonade-client.h"

#define ID_FIELD "deviceClientId"
#define ENTRY_PREFIX "/private/"LEMONADE_PUSH_PREFIX
#define STATUS_SUFFIX "/status"
/* Octets of a command's arguments; more names no device. */
#define ARGS_MAX 8192

static void claim(struct client *client, const char *device)
{
	device = t_str_lcase(device);
	if (lemo_device_name_is_valid(device))
		imap_lemonade_client_claim(client, device);
}

/* ("name" "Mail" "deviceClientId" "phone") */
static void claim_id(struct client *client, const struct imap_arg *args)
{
	const char *field, *value;

	if (!imap_arg_get_list(args, &args))
		return;
	for (; !IMAP_ARG_IS_EOL(&args[0]) && !IMAP_ARG_IS_EOL(&args[1]);
	     args += 2) {
		if (imap_arg_get_string(&args[0], &field) &&
		    strcasecmp(field, ID_FIELD) == 0 &&
		    imap_arg_get_string(&args[1], &value))
			claim(client, value);
	}
}

/* The device that an entry names; NULL if none. */
static const char *entry_device(const struct imap_arg *arg)
{
	const char *entry, *name, *slash;

	if (!imap_arg_get_astring(arg, &entry) ||
	    strncasecmp(entry, ENTRY_PREFIX, strlen(ENTRY_PREFIX)) != 0)
		return NULL;
	name = entry + strlen(ENTRY_PREFIX);
	slash = strchr(name, '/');
	if (slash != NULL && strcasecmp(slash, STATUS_SUFFIX) != 0)
		return NULL;
	return t_str_lcase(t_strcut(name, '/'));
}

/* [options] "" entry or (entries). A phone asks for itself by name; who looks
   at several devices, or at all with DEPTH, is none of them. */
static void claim_getmetadata(struct client *client,
			      const struct imap_arg *args)
{
	const struct imap_arg *entries;
	const char *mailbox, *device, *found = NULL;

	if (imap_arg_get_list(args, &entries))
		args++;
	if (!imap_arg_get_astring(args, &mailbox) || *mailbox != '\0')
		return;
	args++;
	if (imap_arg_get_list(args, &entries))
		args = entries;
	for (; !IMAP_ARG_IS_EOL(args); args++) {
		device = entry_device(args);
		if (device == NULL)
			continue;
		if (found != NULL && strcmp(found, device) != 0)
			return;
		found = device;
	}
	if (found != NULL)
		claim(client, found);
}

static void parse_args(struct client_command_context *cmd,
		       void (*func)(struct client *client,
				    const struct imap_arg *args))
{
	const struct imap_arg *args;
	struct imap_parser *parser;
	struct istream *input;

	input = i_stream_create_from_data(cmd->args, strlen(cmd->args));
	(void)i_stream_read(input);
	parser = lemonade_imap_parser_create(input, ARGS_MAX);
	if (imap_parser_finish_line(parser, 0, 0, &args) > 0)
		func(cmd->client, args);
	imap_parser_unref(&parser);
	i_stream_unref(&input);
}

static void command_begins(struct client_command_context *cmd ATTR_UNUSED)
{
}

/* Its arguments are known now. Of one that takes longer this is the first
   time, and all others do no harm. */
static void command_ran(struct client_command_context *cmd)
{
	if (cmd->args == NULL || cmd->name == NULL)
		return;
	if (strcasecmp(cmd->name, "ID") == 0) T_BEGIN {
		parse_args(cmd, claim_id);
	} T_END;
	else if (strcasecmp(cmd->name, "GETMETADATA") == 0) T_BEGIN {
		parse_args(cmd, claim_getmetadata);
	} T_END;
}

void imap_lemonade_claim_init(void)
{
	command_hook_register(command_begins, command_ran);
}

void imap_lemonade_claim_deinit(void)
{
	command_hook_unregister(command_begins, command_ran);
}
