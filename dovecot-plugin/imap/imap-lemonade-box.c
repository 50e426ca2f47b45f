#include "lib.h"
#include "array.h"
#include "imap-common.h"
#include "imap-notify.h"
#include "imap-sync-private.h"
#include "mail-storage-hooks.h"
#include "mail-storage-private.h"
#include "lemo-metadata-log.h"
#include "imap-lemonade-box.h"
#include "imap-lemonade-notify-client.h"
#include "imap-lemonade-own.h"

#define IMAP_LEMONADE_BOX_CONTEXT(obj) \
	MODULE_CONTEXT_REQUIRE(obj, imap_lemonade_box_module)

struct imap_lemonade_box {
	union mailbox_module_context module_ctx;
};

static MODULE_CONTEXT_DEFINE_INIT(imap_lemonade_box_module,
				  &mail_storage_module_register);

static struct client *box_client(const struct mailbox *box)
{
	struct client *client;

	for (client = imap_clients; client != NULL; client = client->next) {
		if (client->user == box->storage->user)
			return client;
	}
	return NULL;
}

/* Dovecot lets them pass. */
static bool name_is_refused(const char *key,
			    const struct mail_attribute_value *value)
{
	return (value->value != NULL || value->value_stream != NULL) &&
		!lemo_metadata_key_is_valid(key);
}

static int box_attribute_set(struct mailbox_transaction_context *t,
			     enum mail_attribute_type type_flags,
			     const char *key,
			     const struct mail_attribute_value *value)
{
	struct imap_lemonade_box *lbox = IMAP_LEMONADE_BOX_CONTEXT(t->box);
	struct client *client = box_client(t->box);

	if (client != NULL && name_is_refused(key, value)) {
		mail_storage_set_error(t->box->storage, MAIL_ERROR_PARAMS,
			"An entry needs a name below /private or /shared, a "
			"vendor's one below /vendor/TOKEN");
		return -1;
	}
	if (client != NULL && imap_lemonade_notify_get(client) != NULL)
		imap_lemonade_own_attribute(t);
	return lbox->module_ctx.super.attribute_set(t, type_flags, key, value);
}

/* RFC 5465 section 5.1: FlagChange gives FETCH with UID. Dovecot has a flag
   for it in the sync whose record this is, but sets it for QRESYNC only. */
static bool box_sync_next(struct mailbox_sync_context *ctx,
			  struct mailbox_sync_rec *rec_r)
{
	struct imap_lemonade_box *lbox = IMAP_LEMONADE_BOX_CONTEXT(ctx->box);
	struct client *client = box_client(ctx->box);
	struct imap_sync_context *sync;

	if (client != NULL && client->syncing &&
	    client->mailbox == ctx->box && client->notify_ctx != NULL &&
	    client->notify_flag_changes) {
		sync = container_of(rec_r, struct imap_sync_context, sync_rec);
		sync->imap_flags |= IMAP_SYNC_FLAG_SEND_UID;
	}
	return lbox->module_ctx.super.sync_next(ctx, rec_r);
}

static void box_allocated(struct mailbox *box)
{
	struct mailbox_vfuncs *v = box->vlast;
	struct imap_lemonade_box *lbox;

	lbox = p_new(box->pool, struct imap_lemonade_box, 1);
	lbox->module_ctx.super = *v;
	box->vlast = &lbox->module_ctx.super;
	v->attribute_set = box_attribute_set;
	v->sync_next = box_sync_next;
	MODULE_CONTEXT_SET(box, imap_lemonade_box_module, lbox);
}

static const struct mail_storage_hooks box_hooks = {
	.mailbox_allocated = box_allocated
};

void imap_lemonade_box_init(struct module *module)
{
	mail_storage_hooks_add(module, &box_hooks);
}

void imap_lemonade_box_deinit(void)
{
	mail_storage_hooks_remove(&box_hooks);
}
