#include "lib.h"
#include "module-context.h"
#include "imap-common.h"
#include "imap-commands.h"
#include "imap-sync-private.h"
#include "mail-storage-private.h"
#include "mail-index-view-private.h"
#include "mail-transaction-log.h"
#include "lemonade-compat.h"
#include "imap-lemonade-urlauth.h"
#include "imap-lemonade-urlmech.h"

#define LINE "* OK [URLMECH INTERNAL] URLs can be authorised."
/* How a key that is unset stands in a mailbox's transaction log: see
   mail_index_attribute_unset(). The NUL at its end is part of it. */
#define RESET "-pvendor/vendor.dovecot/imap-urlauth"

#define IMAP_LEMONADE_URLMECH_CONTEXT(obj) \
	MODULE_CONTEXT_REQUIRE(obj, imap_lemonade_urlmech_module)

struct imap_lemonade_urlmech_client {
	union imap_module_context module_ctx;
	/* How far the log of the selected mailbox is known; NULL: not at
	   all. */
	const struct mailbox *box;
	uint32_t log_seq;
	uoff_t log_offset;
};

static MODULE_CONTEXT_DEFINE_INIT(imap_lemonade_urlmech_module,
				  &imap_module_register);

/*
 * Log
 */

/* Changes of attributes: "+" or "-", "p" or "s", name, NUL; then numbers. */
static bool has_reset(const unsigned char *data, size_t size)
{
	const unsigned char *end;

	while (size > 1 && (*data == '+' || *data == '-')) {
		end = memchr(data, '\0', size);
		if (end == NULL)
			break;
		if (strcmp((const char *)data, RESET) == 0)
			return TRUE;
		size -= end + 1 - data;
		data = end + 1;
	}
	return FALSE;
}

static bool log_has_reset(struct mail_transaction_log_view *log_view)
{
	const struct mail_transaction_header *hdr;
	const void *data;
	bool found = FALSE;

	while (mail_transaction_log_view_next(log_view, &hdr, &data) > 0) {
		if ((hdr->type & MAIL_TRANSACTION_TYPE_MASK) ==
		    MAIL_TRANSACTION_ATTRIBUTE_UPDATE &&
		    has_reset(data, hdr->size))
			found = TRUE;
	}
	return found;
}

/* Reads what the view has seen of the log since the last time. */
static bool log_scan(const struct imap_lemonade_urlmech_client *uclient,
		     const struct mail_index_view *view)
{
	struct mail_transaction_log_view *log_view;
	const char *reason;
	bool reset, found = FALSE;

	log_view = mail_transaction_log_view_open(view->index->log);
	/* what is lost of the log is not told */
	if (mail_transaction_log_view_set(log_view, uclient->log_seq,
			uclient->log_offset, view->log_file_head_seq,
			view->log_file_head_offset, &reset, &reason) > 0)
		found = log_has_reset(log_view);
	mail_transaction_log_view_close(&log_view);
	return found;
}

static bool log_is_known(const struct imap_lemonade_urlmech_client *uclient,
			 const struct mailbox *box)
{
	return uclient->box == box &&
		uclient->log_seq == box->view->log_file_head_seq &&
		uclient->log_offset == box->view->log_file_head_offset;
}

static void log_remember(struct imap_lemonade_urlmech_client *uclient,
			 const struct mailbox *box)
{
	uclient->box = box;
	uclient->log_seq = box->view->log_file_head_seq;
	uclient->log_offset = box->view->log_file_head_offset;
}

/*
 * Client
 */

static int urlmech_sync_notify_more(struct imap_sync_context *ctx)
{
	struct imap_lemonade_urlmech_client *uclient =
		IMAP_LEMONADE_URLMECH_CONTEXT(ctx->client);
	bool known;

	/* a virtual mailbox has no log of its own mail */
	if (ctx->box == ctx->client->mailbox && ctx->box->view != NULL &&
	    !log_is_known(uclient, ctx->box)) {
		known = uclient->box == ctx->box;
		if (known && log_scan(uclient, ctx->box->view))
			client_send_line(ctx->client, LINE);
		log_remember(uclient, ctx->box);
	}
	return uclient->module_ctx.super.sync_notify_more(ctx);
}

static bool is_select(const struct client_command_context *cmd)
{
	return cmd->name != NULL && (strcasecmp(cmd->name, "SELECT") == 0 ||
				     strcasecmp(cmd->name, "EXAMINE") == 0);
}

static void urlmech_send_tagline(struct client_command_context *cmd,
				 const char *data)
{
	struct imap_lemonade_urlmech_client *uclient =
		IMAP_LEMONADE_URLMECH_CONTEXT(cmd->client);
	const struct mailbox *box = cmd->client->mailbox;

	if (is_select(cmd) && str_begins_with(data, "OK ") && box != NULL) {
		client_send_line(cmd->client, LINE);
		uclient->box = NULL;
		if (box->view != NULL)
			log_remember(uclient, box);
	}
	uclient->module_ctx.super.send_tagline(cmd, data);
}

void imap_lemonade_urlmech_client_created(struct client *client)
{
	const struct imap_lemonade_urlauth *urlauth =
		imap_lemonade_urlauth_get(client);
	struct imap_lemonade_urlmech_client *uclient;

	/* RFC 4467 section 10: nothing of it without TLS, if TLS is asked
	   for */
	if (urlauth == NULL || urlauth->tls_missing)
		return;
	uclient = p_new(client->pool, struct imap_lemonade_urlmech_client, 1);
	uclient->module_ctx.super = client->v;
	client->v.send_tagline = urlmech_send_tagline;
	client->v.sync_notify_more = urlmech_sync_notify_more;
	MODULE_CONTEXT_SET(client, imap_lemonade_urlmech_module, uclient);
}
