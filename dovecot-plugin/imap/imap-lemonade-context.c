#include "lib.h"
#include "array.h"
#include "module-context.h"
#include "seq-range-array.h"
#include "str.h"
#include "imap-common.h"
#include "imap-sync-private.h"
#include "mail-storage-hooks.h"
#include "mailbox-search-result-private.h"
#include "imap-lemonade-context-private.h"

#define CAPABILITY_CONTEXT_SORT "CONTEXT=SORT"
#define CANCELUPDATE "CANCELUPDATE"

#define IMAP_LEMONADE_CONTEXT_CLIENT(obj) \
	MODULE_CONTEXT_REQUIRE(obj, imap_lemonade_context_client_module)
#define IMAP_LEMONADE_CONTEXT_MAILBOX(obj) \
	MODULE_CONTEXT_REQUIRE(obj, imap_lemonade_context_mailbox_module)

struct imap_lemonade_context_client {
	union imap_module_context module_ctx;
	/* one line of log is enough */
	bool refusal_logged;
};

struct imap_lemonade_context_mailbox {
	union mailbox_module_context module_ctx;
	ARRAY_TYPE(imap_lemonade_contexts) contexts;
	/* of the search that updates one of them; one at a time does */
	ARRAY_TYPE(seq_range) changed;
};

static MODULE_CONTEXT_DEFINE_INIT(imap_lemonade_context_client_module,
				  &imap_module_register);
static MODULE_CONTEXT_DEFINE_INIT(imap_lemonade_context_mailbox_module,
				  &mail_storage_module_register);

/* Whose selected mailbox it is; NULL if nobody's. */
static struct client *client_of(const struct mailbox *box)
{
	struct client *client;

	for (client = imap_clients; client != NULL; client = client->next) {
		if (client->mailbox == box)
			return client;
	}
	return NULL;
}

static struct imap_search_update *
update_of(struct client *client, const struct imap_lemonade_context *context)
{
	return imap_lemonade_context_update(client, context->result,
					    context->args);
}

/*
 * Search
 */

static struct mail_search_context *
context_search_init(struct mailbox_transaction_context *t,
		    struct mail_search_args *args,
		    const enum mail_sort_type *program,
		    enum mail_fetch_field wanted_fields,
		    struct mailbox_header_lookup_ctx *wanted_headers)
{
	struct imap_lemonade_context_mailbox *mbox =
		IMAP_LEMONADE_CONTEXT_MAILBOX(t->box);
	struct client *client = client_of(t->box);

	if (program != NULL)
		imap_lemonade_sort_prepare(t->box, program);
	else if (client != NULL)
		imap_lemonade_context_narrow(client, t->box, args,
					     &mbox->changed);
	return mbox->module_ctx.super.search_init(t, args, program,
						  wanted_fields,
						  wanted_headers);
}

static bool context_search_next(struct mail_search_context *ctx,
				struct mail **mail_r, bool *tryagain_r)
{
	struct imap_lemonade_context_mailbox *mbox =
		IMAP_LEMONADE_CONTEXT_MAILBOX(ctx->transaction->box);

	if (!mbox->module_ctx.super.search_next_nonblock(ctx, mail_r,
							 tryagain_r))
		return FALSE;
	imap_lemonade_context_found(&mbox->contexts, ctx, (*mail_r)->uid);
	return TRUE;
}

static void log_refusal(struct client *client)
{
	struct imap_lemonade_context_client *cclient =
		IMAP_LEMONADE_CONTEXT_CLIENT(client);

	if (cclient->refusal_logged)
		return;
	cclient->refusal_logged = TRUE;
	e_info(client->event, "lemonade: UPDATE of SORT refused: "
	       "a client has at most %u such contexts "
	       "(further ones of this session are not logged)",
	       IMAP_LEMONADE_CONTEXTS_MAX);
}

static int context_search_deinit(struct mail_search_context *ctx)
{
	struct mailbox *box = ctx->transaction->box;
	struct imap_lemonade_context_mailbox *mbox =
		IMAP_LEMONADE_CONTEXT_MAILBOX(box);
	struct imap_lemonade_context *context = NULL;
	struct client *client = client_of(box);
	int ret;

	if (client != NULL && array_not_empty(&ctx->results)) {
		context = imap_lemonade_context_searched(&mbox->contexts,
							 client, ctx);
	}
	ret = mbox->module_ctx.super.search_deinit(ctx);
	if (context == NULL)
		return ret;
	if (ret < 0 || update_of(client, context) == NULL) {
		/* the command fails */
		imap_lemonade_context_end(&mbox->contexts, client, context);
		return ret;
	}
	imap_lemonade_contexts_prune(&mbox->contexts, client);
	if (!imap_lemonade_context_begin(&mbox->contexts, client, context))
		log_refusal(client);
	return ret;
}

/*
 * Changes
 */

/* What has come and gone again, or the other way round, is no change. */
static void add_changes(ARRAY_TYPE(seq_range) *changes,
			ARRAY_TYPE(seq_range) *pending,
			ARRAY_TYPE(seq_range) *opposite)
{
	ARRAY_TYPE(seq_range) undone;

	t_array_init(&undone, 8);
	array_append_array(&undone, changes);
	seq_range_array_intersect(&undone, opposite);
	seq_range_array_remove_seq_range(opposite, &undone);
	seq_range_array_remove_seq_range(changes, &undone);
	seq_range_array_merge(pending, changes);
}

/* Takes the changes from Dovecot, which then has none to tell. */
static void context_take_changes(struct imap_lemonade_context *context)
{
	struct mail_search_result *result = context->result;
	ARRAY_TYPE(seq_range) removed, added;

	if (array_is_empty(&result->removed_uids) &&
	    array_is_empty(&result->added_uids))
		return;
	T_BEGIN {
		t_array_init(&removed, 8);
		t_array_init(&added, 8);
		mailbox_search_result_sync(result, &removed, &added);
		add_changes(&removed, &context->removed, &context->added);
		add_changes(&added, &context->added, &context->removed);
	} T_END;
}

/* The client is to have the SORT done anew: this should not happen. */
static void context_lost(struct imap_lemonade_context_mailbox *mbox,
			 struct client *client,
			 struct imap_lemonade_context *context)
{
	e_error(client->event, "lemonade: Context of SORT ended: "
		"The order of messages could not be found out: %s",
		mailbox_get_last_internal_error(client->mailbox, NULL));
	imap_lemonade_context_refuse(&mbox->contexts, client, context,
		"Messages could not be sorted, no further updates");
}

/* The client to whom a change of the mailbox's contexts matters; NULL if there
   are none. */
static struct client *
contexts_client(struct imap_lemonade_context_mailbox *mbox,
		const struct mailbox *box)
{
	struct client *client;

	if (array_is_empty(&mbox->contexts))
		return NULL;
	client = client_of(box);
	if (client != NULL)
		imap_lemonade_contexts_prune(&mbox->contexts, client);
	return client;
}

/* Messages about to be expunged still have their sequence numbers. */
static struct mailbox_sync_context *
context_sync_init(struct mailbox *box, enum mailbox_sync_flags flags)
{
	struct imap_lemonade_context_mailbox *mbox =
		IMAP_LEMONADE_CONTEXT_MAILBOX(box);
	struct imap_lemonade_context *context;
	struct mailbox_sync_context *sync;
	struct client *client;
	unsigned int i;

	sync = mbox->module_ctx.super.sync_init(box, flags);
	client = contexts_client(mbox, box);
	if (client == NULL)
		return sync;
	for (i = array_count(&mbox->contexts); i-- > 0;) {
		context = array_idx_elem(&mbox->contexts, i);
		context_take_changes(context);
		if (imap_lemonade_context_tell_removed(context, client,
				update_of(client, context)) < 0)
			context_lost(mbox, client, context);
	}
	return sync;
}

/* Before Dovecot tells clients what is new. */
static int context_sync_deinit(struct mailbox_sync_context *ctx,
			       struct mailbox_sync_status *status_r)
{
	struct mailbox *box = ctx->box;
	struct imap_lemonade_context_mailbox *mbox =
		IMAP_LEMONADE_CONTEXT_MAILBOX(box);
	struct imap_lemonade_context *context;
	int ret;

	ret = mbox->module_ctx.super.sync_deinit(ctx, status_r);
	if (contexts_client(mbox, box) != NULL) {
		array_foreach_elem(&mbox->contexts, context)
			context_take_changes(context);
	}
	return ret;
}

static int contexts_tell(struct imap_sync_context *sync)
{
	struct imap_lemonade_context_mailbox *mbox =
		IMAP_LEMONADE_CONTEXT_MAILBOX(sync->box);
	struct client *client = contexts_client(mbox, sync->box);
	struct imap_lemonade_context *context;
	unsigned int i;
	int ret;

	if (client == NULL)
		return 1;
	for (i = array_count(&mbox->contexts); i-- > 0;) {
		context = array_idx_elem(&mbox->contexts, i);
		T_BEGIN {
			ret = imap_lemonade_context_tell(context, sync,
				update_of(client, context));
		} T_END;
		if (ret == 0)
			return 0;
		if (ret < 0)
			context_lost(mbox, client, context);
	}
	return 1;
}

static int context_sync_notify_more(struct imap_sync_context *sync)
{
	struct imap_lemonade_context_client *cclient =
		IMAP_LEMONADE_CONTEXT_CLIENT(sync->client);

	if (contexts_tell(sync) == 0)
		return 0;
	return cclient->module_ctx.super.sync_notify_more(sync);
}

/*
 * Hooks
 */

static void context_mailbox_close(struct mailbox *box)
{
	struct imap_lemonade_context_mailbox *mbox =
		IMAP_LEMONADE_CONTEXT_MAILBOX(box);

	while (array_not_empty(&mbox->contexts))
		imap_lemonade_context_free(&mbox->contexts,
			array_idx_elem(&mbox->contexts, 0));
	if (array_is_created(&mbox->changed))
		array_free(&mbox->changed);
	mbox->module_ctx.super.close(box);
}

static void context_mailbox_allocated(struct mailbox *box)
{
	struct mailbox_vfuncs *v = box->vlast;
	struct imap_lemonade_context_mailbox *mbox;

	mbox = p_new(box->pool, struct imap_lemonade_context_mailbox, 1);
	mbox->module_ctx.super = *v;
	box->vlast = &mbox->module_ctx.super;
	p_array_init(&mbox->contexts, box->pool, 1);
	v->close = context_mailbox_close;
	v->search_init = context_search_init;
	v->search_next_nonblock = context_search_next;
	v->search_deinit = context_search_deinit;
	v->sync_init = context_sync_init;
	v->sync_deinit = context_sync_deinit;
	MODULE_CONTEXT_SET(box, imap_lemonade_context_mailbox_module, mbox);
}

static struct mail_storage_hooks context_hooks = {
	.mailbox_allocated = context_mailbox_allocated
};

void imap_lemonade_context_client_created(struct client *client)
{
	struct imap_lemonade_context_client *cclient;
	const char *const *capabilities;

	cclient = p_new(client->pool, struct imap_lemonade_context_client, 1);
	cclient->module_ctx.super = client->v;
	client->v.sync_notify_more = context_sync_notify_more;
	MODULE_CONTEXT_SET(client, imap_lemonade_context_client_module,
			   cclient);

	/* RFC 5267 section 4.1: one needs the other */
	capabilities = t_strsplit_spaces(str_c(client->capability_string), " ");
	if (str_array_find(capabilities, "SORT"))
		client_add_capability(client, CAPABILITY_CONTEXT_SORT);
}

/* Dovecot's CANCELUPDATE, sent behind a SEARCH or SORT that still runs, frees
   what this writes into, and the process would crash. Now it waits. */
static void cancelupdate_set_flags(enum command_flags flags)
{
	const struct command *command = command_find(CANCELUPDATE);
	command_func_t *func;

	if (command == NULL)
		return;
	func = command->func;
	command_unregister(CANCELUPDATE);
	command_register(CANCELUPDATE, func, flags);
}

void imap_lemonade_context_init(struct module *module)
{
	mail_storage_hooks_add(module, &context_hooks);
	cancelupdate_set_flags(COMMAND_FLAG_BREAKS_MAILBOX);
}

void imap_lemonade_context_deinit(void)
{
	cancelupdate_set_flags(0);
	mail_storage_hooks_remove(&context_hooks);
}
