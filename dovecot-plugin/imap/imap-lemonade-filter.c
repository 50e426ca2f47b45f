#include "lib.h"
#include "module-context.h"
#include "str.h"
#include "imap-common.h"
#include "lemonade-compat.h"
#include "lemonade-named-filter.h"
#include "imap-lemonade-filter.h"

#define CAPABILITY_FILTERS "FILTERS"
/* How imap_search_args_build() begins; see lemonade_filter_scope.failure. */
#define NO_PREFIX "NO [BADCHARSET] "
#define BAD_PREFIX "BAD "

#define IMAP_LEMONADE_FILTER_CONTEXT(obj) \
	MODULE_CONTEXT_REQUIRE(obj, imap_lemonade_filter_module)

struct imap_lemonade_filter_client {
	union imap_module_context module_ctx;
};

static MODULE_CONTEXT_DEFINE_INIT(imap_lemonade_filter_module,
				  &imap_module_register);

/* Of the command that runs: Dovecot runs one at a time. */
static struct lemonade_filter_scope scope;
static struct client_command_context *scope_cmd;

/*
 * Answers
 */

static const char *no_code(void)
{
	switch (scope.failure) {
	case LEMONADE_FILTER_FAILURE_UNDEFINED:
		return t_strdup_printf("UNDEFINED-FILTER %s", scope.name);
	case LEMONADE_FILTER_FAILURE_UNREADABLE:
		return "UNAVAILABLE";
	default:
		return "CANNOT";
	}
}

static const char *filter_answer(const char *data)
{
	if (scope.failure == LEMONADE_FILTER_FAILURE_CHARSET) {
		if (!str_begins_with(data, BAD_PREFIX))
			return data;
		return t_strconcat(BAD_PREFIX"[BADCHARSET (UTF-8 US-ASCII)] ",
				   data + strlen(BAD_PREFIX), NULL);
	}
	if (!str_begins_with(data, NO_PREFIX))
		return data;
	return t_strdup_printf("NO [%s] %s", no_code(),
			       data + strlen(NO_PREFIX));
}

static void filter_send_tagline(struct client_command_context *cmd,
				const char *data)
{
	struct imap_lemonade_filter_client *fclient =
		IMAP_LEMONADE_FILTER_CONTEXT(cmd->client);

	if (cmd != scope_cmd || scope.failure == LEMONADE_FILTER_FAILURE_NONE) {
		fclient->module_ctx.super.send_tagline(cmd, data);
		return;
	}
	T_BEGIN {
		fclient->module_ctx.super.send_tagline(cmd,
						       filter_answer(data));
	} T_END;
}

/*
 * Hooks
 */

static void command_begins(struct client_command_context *cmd)
{
	/* not where the plugin is not enabled for the user */
	if (scope_cmd != NULL ||
	    MODULE_CONTEXT(cmd->client, imap_lemonade_filter_module) == NULL)
		return;
	scope_cmd = cmd;
	lemonade_filter_scope_begin(&scope, cmd->client->user);
}

static void command_ran(struct client_command_context *cmd)
{
	if (scope_cmd != cmd)
		return;
	lemonade_filter_scope_end(&scope);
	scope_cmd = NULL;
}

void imap_lemonade_filter_client_created(struct client *client)
{
	struct imap_lemonade_filter_client *fclient;

	fclient = p_new(client->pool, struct imap_lemonade_filter_client, 1);
	fclient->module_ctx.super = client->v;
	client->v.send_tagline = filter_send_tagline;
	MODULE_CONTEXT_SET(client, imap_lemonade_filter_module, fclient);

	/* RFC 5466 section 3.2: one needs the other */
	if (strstr(str_c(client->capability_string), "METADATA") != NULL)
		client_add_capability(client, CAPABILITY_FILTERS);
}

void imap_lemonade_filter_init(void)
{
	command_hook_register(command_begins, command_ran);
}

void imap_lemonade_filter_deinit(void)
{
	command_hook_unregister(command_begins, command_ran);
}
