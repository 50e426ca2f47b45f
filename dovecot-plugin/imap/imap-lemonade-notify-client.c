#include "lib.h"
#include "module-context.h"
#include "imap-common.h"
#include "imap-feature.h"
#include "imap-sync-private.h"
#include "mail-namespace.h"
#include "mail-storage.h"
#include "lemonade-compat.h"
#include "lemonade-imap-compat.h"
#include "imap-lemonade-notify.h"
#include "imap-lemonade-notify-client.h"
#include "imap-lemonade-own.h"

#define IMAP_LEMONADE_NOTIFY_CONTEXT(obj) \
	MODULE_CONTEXT(obj, imap_lemonade_notify_module)

struct imap_lemonade_notify_client {
	union imap_module_context module_ctx;
	struct imap_lemonade_notify *notify;
	/* it is what ENABLE METADATA means */
	bool enabled;
};

static MODULE_CONTEXT_DEFINE_INIT(imap_lemonade_notify_module,
				  &imap_module_register);
static bool features_registered;

bool imap_lemonade_notify_client_is_ours(struct client *client)
{
	return IMAP_LEMONADE_NOTIFY_CONTEXT(client) != NULL;
}

struct imap_lemonade_notify *imap_lemonade_notify_get(struct client *client)
{
	struct imap_lemonade_notify_client *nclient =
		IMAP_LEMONADE_NOTIFY_CONTEXT(client);

	return nclient == NULL ? NULL : nclient->notify;
}

static void notify_replace(struct imap_lemonade_notify_client *nclient,
			   struct client *client,
			   struct imap_lemonade_notify *notify)
{
	imap_lemonade_notify_free(&nclient->notify);
	imap_lemonade_own_forget_all(client);
	nclient->notify = notify;
	nclient->enabled = FALSE;
	if (notify != NULL)
		imap_lemonade_notify_wait(notify);
}

void imap_lemonade_notify_set(struct client *client,
			      struct imap_notify_context *ctx,
			      struct imap_lemonade_notify *notify)
{
	struct imap_lemonade_notify_client *nclient =
		IMAP_LEMONADE_NOTIFY_CONTEXT(client);
	enum imap_notify_event events = ctx->selected_events;

	if (client->notify_ctx != NULL)
		imap_notify_deinit(&client->notify_ctx);
	client->notify_immediate_expunges = ctx->selected_immediate_expunges;
	client->notify_count_changes =
		(events & IMAP_NOTIFY_EVENT_MESSAGE_NEW) != 0;
	client->notify_flag_changes =
		(events & IMAP_NOTIFY_EVENT_FLAG_CHANGE) != 0;
	client->notify_ctx = ctx;
	notify_replace(nclient, client, notify);
}

void imap_lemonade_notify_overflow(struct client *client)
{
	struct imap_lemonade_notify_client *nclient =
		IMAP_LEMONADE_NOTIFY_CONTEXT(client);
	struct imap_notify_context *ctx = client->notify_ctx;

	/* the context stays: it may be in use just now */
	if (ctx != NULL) {
		ctx->selected_events = 0;
		ctx->selected_set = FALSE;
		ctx->selected_immediate_expunges = FALSE;
		client->notify_immediate_expunges = FALSE;
		client->notify_count_changes = FALSE;
		client->notify_flag_changes = FALSE;
	}
	notify_replace(nclient, client, NULL);
	client_send_line(client, "* OK [NOTIFICATIONOVERFLOW] "
			 "Notifications have ended, changes may be missing");
}

/*
 * ENABLE METADATA
 */

/* All mailboxes that the client can see, and the server. */
static void enable_metadata(struct imap_lemonade_notify_client *nclient,
			    struct client *client, bool mailboxes)
{
	enum imap_notify_event events =
		IMAP_NOTIFY_EVENT_SERVER_METADATA_CHANGE;
	struct imap_lemonade_notify *notify;
	struct mail_namespace *ns;

	if (mailboxes)
		events |= IMAP_NOTIFY_EVENT_MAILBOX_METADATA_CHANGE;
	notify = imap_lemonade_notify_create(client);
	for (ns = client->user->namespaces; ns != NULL; ns = ns->next)
		imap_lemonade_notify_add(notify, ns, IMAP_NOTIFY_TYPE_SUBTREE,
					 "", events);
	if (!imap_lemonade_notify_start(notify))
		imap_lemonade_notify_free(&notify);
	notify_replace(nclient, client, notify);
	nclient->enabled = notify != NULL;
}

static bool enable(struct client *client, bool mailboxes)
{
	struct imap_lemonade_notify_client *nclient =
		IMAP_LEMONADE_NOTIFY_CONTEXT(client);

	if (nclient == NULL || !client->set->imap_metadata)
		return FALSE;
	/* what NOTIFY says goes first */
	if (client->notify_ctx == NULL &&
	    (mailboxes || !nclient->enabled))
		enable_metadata(nclient, client, mailboxes);
	return TRUE;
}

static lemonade_imap_enable_t feature_enable_metadata(struct client *client)
{
	return LEMONADE_IMAP_ENABLED(enable(client, TRUE));
}

static lemonade_imap_enable_t feature_enable_server(struct client *client)
{
	return LEMONADE_IMAP_ENABLED(enable(client, FALSE));
}

/* Once a process, and not where nobody has METADATA: 2.3 takes every feature
   that it knows for enabled. */
static void features_register(void)
{
	if (features_registered)
		return;
	features_registered = TRUE;
	(void)imap_feature_register("METADATA", 0, feature_enable_metadata);
	(void)imap_feature_register("METADATA-SERVER", 0,
				    feature_enable_server);
}

/*
 * Hooks
 */

/* What has changed until now comes before the tagged answer: of NOOP, which
   asks for it, and of any command to who has no NOTIFY. */
static bool want_flush(const struct imap_lemonade_notify_client *nclient,
		       const struct client_command_context *cmd,
		       const char *data)
{
	const struct client *client = cmd->client;

	return nclient->notify != NULL && !client->disconnected &&
		!client->logged_out && str_begins_with(data, "OK ") &&
		(nclient->enabled ||
		 (cmd->name != NULL && strcasecmp(cmd->name, "NOOP") == 0));
}

static void notify_send_tagline(struct client_command_context *cmd,
				const char *data)
{
	struct imap_lemonade_notify_client *nclient =
		IMAP_LEMONADE_NOTIFY_CONTEXT(cmd->client);

	if (want_flush(nclient, cmd, data))
		imap_lemonade_notify_flush(nclient->notify);
	nclient->module_ctx.super.send_tagline(cmd, data);
}

/* Dovecot has one watch of INBOX's log for both, and takes it away from the
   mailbox list when a command begins in the selected INBOX. */
static int notify_sync_notify_more(struct imap_sync_context *ctx)
{
	struct client *client = ctx->client;
	struct imap_lemonade_notify_client *nclient =
		IMAP_LEMONADE_NOTIFY_CONTEXT(client);
	int ret;

	ret = nclient->module_ctx.super.sync_notify_more(ctx);
	if (ret > 0 && nclient->notify != NULL && client->mailbox != NULL &&
	    strcmp(mailbox_get_vname(client->mailbox), "INBOX") == 0)
		imap_lemonade_notify_flush(nclient->notify);
	return ret;
}

/* imap-hibernate knows of the selected mailbox only. */
static int notify_state_export(struct client *client, bool internal,
			       buffer_t *dest, const char **error_r)
{
	struct imap_lemonade_notify_client *nclient =
		IMAP_LEMONADE_NOTIFY_CONTEXT(client);

	if (nclient->notify != NULL) {
		*error_r = "METADATA is watched";
		return 0;
	}
	return nclient->module_ctx.super.state_export(client, internal, dest,
						      error_r);
}

static void notify_destroy(struct client *client, const char *reason)
{
	struct imap_lemonade_notify_client *nclient =
		IMAP_LEMONADE_NOTIFY_CONTEXT(client);

	imap_lemonade_notify_free(&nclient->notify);
	imap_lemonade_own_forget_all(client);
	nclient->module_ctx.super.destroy(client, reason);
}

void imap_lemonade_notify_client_created(struct client *client)
{
	struct imap_lemonade_notify_client *nclient;

	nclient = p_new(client->pool, struct imap_lemonade_notify_client, 1);
	nclient->module_ctx.super = client->v;
	client->v.send_tagline = notify_send_tagline;
	client->v.sync_notify_more = notify_sync_notify_more;
	client->v.state_export = notify_state_export;
	client->v.destroy = notify_destroy;
	MODULE_CONTEXT_SET(client, imap_lemonade_notify_module, nclient);
	if (client->set->imap_metadata)
		features_register();
}
