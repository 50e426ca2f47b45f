#include "lib.h"
#include "module-context.h"
#include "str.h"
#include "imap-common.h"
#include "imap-feature.h"
#include "imap-sync-private.h"
#include "lemonade-compat.h"
#include "imap-lemonade-answer.h"

#define COMPRESS_MECHANISM "DEFLATE"
/* How Dovecot's refusals begin. */
#define BADURL_PREFIX "NO [BADURL "
#define LIMIT_PREFIX "NO [LIMIT] "
#define TOO_BIG_TEXT "Mail size is larger than"

#define IMAP_LEMONADE_ANSWER_CONTEXT(obj) \
	MODULE_CONTEXT(obj, imap_lemonade_answer_module)

struct imap_lemonade_answer_client {
	union imap_module_context module_ctx;
};

static MODULE_CONTEXT_DEFINE_INIT(imap_lemonade_answer_module,
				  &imap_module_register);

static command_func_t cmd_lemonade_compress;
static command_func_t cmd_lemonade_enable;

/* Commands that pass through a function of ours; super: Dovecot's. */
static struct answer_command {
	const char *name;
	command_func_t *func, *super;
} answer_commands[] = {
	{ "COMPRESS", cmd_lemonade_compress, NULL },
	{ "ENABLE", cmd_lemonade_enable, NULL },
};

/*
 * Commands
 */

static bool answer_super(struct client_command_context *cmd)
{
	unsigned int i;

	for (i = 0; strcasecmp(answer_commands[i].name, cmd->name) != 0; i++) ;
	return answer_commands[i].super(cmd);
}

static bool cmd_lemonade_compress(struct client_command_context *cmd)
{
	const struct imap_arg *args;
	const char *mechanism;

	if (!client_read_args(cmd, 0, 0, &args))
		return FALSE;
	if (imap_arg_get_atom(args, &mechanism) &&
	    strcasecmp(mechanism, COMPRESS_MECHANISM) != 0) {
		client_send_command_error(cmd,
			"Unknown compression mechanism.");
		return TRUE;
	}
	return answer_super(cmd);
}

/* True if there are only names, of which Dovecot will enable none. */
static bool enables_nothing(const struct imap_arg *args)
{
	const char *name;
	unsigned int idx;

	for (; !IMAP_ARG_IS_EOL(args); args++) {
		if (!imap_arg_get_atom(args, &name) ||
		    imap_feature_lookup(name, &idx))
			return FALSE;
	}
	return TRUE;
}

static bool cmd_lemonade_enable(struct client_command_context *cmd)
{
	const struct imap_arg *args;

	if (!client_read_args(cmd, 0, 0, &args))
		return FALSE;
	if (IMAP_ARG_IS_EOL(args)) {
		client_send_command_error(cmd, "Missing arguments.");
		return TRUE;
	}
	if (enables_nothing(args))
		client_send_line(cmd->client, "* ENABLED");
	return answer_super(cmd);
}

/*
 * Tagged answers
 */

/* The URL as url-resp-text may have it, the rest as it is. */
static const char *badurl_answer(const char *data)
{
	const char *url = data + strlen(BADURL_PREFIX), *p, *end = url;
	string_t *str = t_str_new(128);

	/* the text behind it has no such bracket */
	for (p = url; (p = strstr(p, "] ")) != NULL; p++)
		end = p;
	str_append(str, BADURL_PREFIX);
	for (p = url; p < end; p++) {
		if ((unsigned char)*p < ' ' || *p == ']' || *p == 0x7f)
			str_printfa(str, "%%%02X", (unsigned char)*p);
		else
			str_append_c(str, *p);
	}
	str_append(str, end);
	return str_c(str);
}

static const char *append_answer(const char *data)
{
	if (str_begins_with(data, LIMIT_PREFIX TOO_BIG_TEXT)) {
		return t_strconcat("NO [TOOBIG] ",
				   data + strlen(LIMIT_PREFIX), NULL);
	}
	if (str_begins_with(data, BADURL_PREFIX))
		return badurl_answer(data);
	return data;
}

static void answer_send_tagline(struct client_command_context *cmd,
				const char *data)
{
	struct imap_lemonade_answer_client *aclient =
		IMAP_LEMONADE_ANSWER_CONTEXT(cmd->client);

	/* Dovecot would panic. SETMETADATA tells of a wrong entry name, and
	   then of a mistake in what follows. */
	if (cmd->tagline_sent)
		return;
	if (cmd->name == NULL || strcasecmp(cmd->name, "APPEND") != 0) {
		aclient->module_ctx.super.send_tagline(cmd, data);
		return;
	}
	T_BEGIN {
		aclient->module_ctx.super.send_tagline(cmd,
						       append_answer(data));
	} T_END;
}

/*
 * Hooks
 */

static void command_begins(struct client_command_context *cmd)
{
	struct answer_command *command;
	unsigned int i;

	/* not where the plugin is not enabled for the user */
	if (cmd->name == NULL ||
	    IMAP_LEMONADE_ANSWER_CONTEXT(cmd->client) == NULL)
		return;
	for (i = 0; i < N_ELEMENTS(answer_commands); i++) {
		command = &answer_commands[i];
		if (strcasecmp(command->name, cmd->name) == 0 &&
		    cmd->func != command->func) {
			command->super = cmd->func;
			cmd->func = command->func;
		}
	}
}

/* The mailbox is synchronised later, with the flags of all commands that
   wait for it. */
static void command_ran(struct client_command_context *cmd)
{
	if (cmd->sync != NULL &&
	    IMAP_LEMONADE_ANSWER_CONTEXT(cmd->client) != NULL &&
	    client_has_enabled(cmd->client, imap_feature_condstore))
		cmd->sync->imap_flags |= IMAP_SYNC_FLAG_SEND_UID;
}

void imap_lemonade_answer_client_created(struct client *client)
{
	struct imap_lemonade_answer_client *aclient;

	aclient = p_new(client->pool, struct imap_lemonade_answer_client, 1);
	aclient->module_ctx.super = client->v;
	client->v.send_tagline = answer_send_tagline;
	MODULE_CONTEXT_SET(client, imap_lemonade_answer_module, aclient);
}

void imap_lemonade_answer_init(void)
{
	command_hook_register(command_begins, command_ran);
}

void imap_lemonade_answer_deinit(void)
{
	command_hook_unregister(command_begins, command_ran);
}
