#include "lib.h"
#include "array.h"
#include "module-context.h"
#include "seq-range-array.h"
#include "str.h"
#include "imap-common.h"
#include "imap-quote.h"
#include "imap-search.h"
#include "imap-sync-private.h"
#include "index-storage.h"
#include "index-sort-private.h"
#include "mail-search.h"
#include "mail-storage-hooks.h"
#include "mailbox-search-result-private.h"
#include "imap-lemonade-context-private.h"

#define CAPABILITY_CONTEXT_SORT "CONTEXT=SORT"
#define CANCELUPDATE "CANCELUPDATE"

#define IMAP_LEMONADE_CONTEXT_CLIENT(obj) \
	MODULE_CONTEXT(obj, imap_lemonade_context_client_module)
#define IMAP_LEMONADE_CONTEXT_MAILBOX(obj) \
	MODULE_CONTEXT_REQUIRE(obj, imap_lemonade_context_mailbox_module)

struct imap_lemonade_context_client {
	union imap_module_context module_ctx;
	/* one line of log is enough */
	bool refusal_logged;
};

struct imap_lemonade_context_mailbox {
	union mailbox_module_context module_ctx;
	ARRAY(struct imap_lemonade_context *) contexts;
};

static MODULE_CONTEXT_DEFINE_INIT(imap_lemonade_context_client_module,
				  &imap_module_register);
static MODULE_CONTEXT_DEFINE_INIT(imap_lemonade_context_mailbox_module,
				  &mail_storage_module_register);

/*
 * Contexts and updates
 */

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
update_of_result(struct client *client, const struct mail_search_result *result)
{
	struct imap_search_update *update;

	if (!array_is_created(&client->search_updates))
		return NULL;
	array_foreach_modifiable(&client->search_updates, update) {
		if (update->result == result)
			return update;
	}
	return NULL;
}

static struct imap_search_update *
update_of_context(struct client *client,
		  const struct imap_lemonade_context *context)
{
	struct imap_search_update *update;

	update = update_of_result(client, context->result);
	return update != NULL && update->result->search_args == context->args ?
		update : NULL;
}

static void context_free(struct imap_lemonade_context_mailbox *mbox,
			 struct imap_lemonade_context *context)
{
	struct imap_lemonade_context *const *contexts;

	array_foreach(&mbox->contexts, contexts) {
		if (*contexts == context) {
			array_delete(&mbox->contexts,
				     array_foreach_idx(&mbox->contexts,
						       contexts), 1);
			break;
		}
	}
	array_free(&context->removed);
	array_free(&context->added);
	lemo_results_free(&context->results);
	mail_search_args_unref(&context->args);
	i_free(context);
}

/* Frees those that CANCELUPDATE has ended. */
static void contexts_prune(struct imap_lemonade_context_mailbox *mbox,
			   struct client *client)
{
	struct imap_lemonade_context *context;
	unsigned int i = array_count(&mbox->contexts);

	while (i-- > 0) {
		context = array_idx_elem(&mbox->contexts, i);
		if (update_of_context(client, context) == NULL)
			context_free(mbox, context);
	}
}

/* Ends an update whose arguments were kept ready. */
static void update_end(struct client *client,
		       struct imap_search_update *update)
{
	unsigned int idx;

	idx = array_ptr_to_idx(&client->search_updates, update);
	mail_search_args_deinit(update->result->search_args);
	imap_search_update_free(update);
	array_delete(&client->search_updates, idx, 1);
}

/* RFC 5267 section 4.3.1 */
static void update_refuse(struct client *client,
			  struct imap_search_update *update,
			  const char *reason)
{
	T_BEGIN {
		string_t *str = t_str_new(128);

		str_append(str, "* NO [NOUPDATE ");
		imap_append_quoted(str, update->tag);
		str_printfa(str, "] %s", reason);
		client_send_line(client, str_c(str));
	} T_END;
	update_end(client, update);
}

static void context_refuse(struct imap_lemonade_context_mailbox *mbox,
			   struct client *client,
			   struct imap_lemonade_context *context,
			   const char *reason)
{
	update_refuse(client, update_of_context(client, context), reason);
	context_free(mbox, context);
}

/*
 * The first results
 */

static struct imap_lemonade_context *
context_of_search(struct imap_lemonade_context_mailbox *mbox,
		  const struct mail_search_context *ctx)
{
	struct imap_lemonade_context *context;

	array_foreach_elem(&mbox->contexts, context) {
		if (context->search == ctx)
			return context;
	}
	return NULL;
}

static struct imap_lemonade_context *
context_create(struct imap_lemonade_context_mailbox *mbox,
	       struct mail_search_context *ctx)
{
	struct imap_lemonade_context *context;

	context = i_new(struct imap_lemonade_context, 1);
	context->search = ctx;
	context->result = array_idx_elem(&ctx->results, 0);
	context->args = context->result->search_args;
	mail_search_args_ref(context->args);
	memcpy(context->program, ctx->sort_program->sort_program,
	       sizeof(context->program));
	lemo_results_init(&context->results);
	i_array_init(&context->removed, 4);
	i_array_init(&context->added, 4);
	array_push_back(&mbox->contexts, &context);
	return context;
}

static bool is_updated_sort(const struct mail_search_context *ctx)
{
	return ctx->sort_program != NULL && array_not_empty(&ctx->results);
}

static struct mail_search_context *
context_search_init(struct mailbox_transaction_context *t,
		    struct mail_search_args *args,
		    const enum mail_sort_type *program,
		    enum mail_fetch_field wanted_fields,
		    struct mailbox_header_lookup_ctx *wanted_headers)
{
	struct imap_lemonade_context_mailbox *mbox =
		IMAP_LEMONADE_CONTEXT_MAILBOX(t->box);

	if (program != NULL)
		imap_lemonade_sort_prepare(t->box, program);
	return mbox->module_ctx.super.search_init(t, args, program,
						  wanted_fields,
						  wanted_headers);
}

static bool context_search_next(struct mail_search_context *ctx,
				struct mail **mail_r, bool *tryagain_r)
{
	struct imap_lemonade_context_mailbox *mbox =
		IMAP_LEMONADE_CONTEXT_MAILBOX(ctx->transaction->box);
	struct imap_lemonade_context *context;

	if (!mbox->module_ctx.super.search_next_nonblock(ctx, mail_r,
							 tryagain_r))
		return FALSE;
	if (is_updated_sort(ctx)) {
		context = context_of_search(mbox, ctx);
		if (context == NULL)
			context = context_create(mbox, ctx);
		if (!lemo_results_append(&context->results, (*mail_r)->uid))
			context->failed = TRUE;
	}
	return TRUE;
}

/* Of which nobody knows for a single message where it stands. */
static bool sorts_by_relevancy(const enum mail_sort_type *program)
{
	for (; *program != MAIL_SORT_END; program++) {
		if ((*program & MAIL_SORT_MASK) == MAIL_SORT_RELEVANCY)
			return TRUE;
	}
	return FALSE;
}

static void log_refusal(struct client *client)
{
	struct imap_lemonade_context_client *cclient =
		IMAP_LEMONADE_CONTEXT_CLIENT(client);

	if (cclient == NULL || cclient->refusal_logged)
		return;
	cclient->refusal_logged = TRUE;
	e_info(client->event, "lemonade: UPDATE of SORT refused: "
	       "a client has at most %u such contexts "
	       "(further ones of this session are not logged)",
	       IMAP_LEMONADE_CONTEXTS_MAX);
}

/* The SORT is done, and the context begins if it may. */
static void context_begin(struct imap_lemonade_context_mailbox *mbox,
			  struct client *client,
			  struct imap_lemonade_context *context)
{
	context->search = NULL;
	contexts_prune(mbox, client);
	if (context->failed)
		context_refuse(mbox, client, context, "Out of memory");
	else if (sorts_by_relevancy(context->program)) {
		context_refuse(mbox, client, context,
			       "SORT by relevancy is not updated");
	} else if (array_count(&mbox->contexts) > IMAP_LEMONADE_CONTEXTS_MAX) {
		log_refusal(client);
		context_refuse(mbox, client, context,
			       "Too many contexts of SORT");
	} else {
		e_debug(client->event, "lemonade: Context of SORT with %zu "
			"messages", context->results.count);
	}
}

/* Dovecot prepares the keywords of the criteria for the first search and for
   changed flags, but not for new messages: then the process would crash. */
static void keep_args_ready(struct client *client,
			    const struct mail_search_context *ctx)
{
	struct mail_search_result *result;

	array_foreach_elem(&ctx->results, result) {
		if (update_of_result(client, result) != NULL)
			mail_search_args_init(result->search_args, result->box,
					      FALSE, NULL);
	}
}

static struct imap_lemonade_context *
context_searched(struct imap_lemonade_context_mailbox *mbox,
		 struct mail_search_context *ctx)
{
	struct imap_lemonade_context *context = context_of_search(mbox, ctx);

	/* nothing may have matched */
	if (context == NULL && is_updated_sort(ctx))
		context = context_create(mbox, ctx);
	return context;
}

static int context_search_deinit(struct mail_search_context *ctx)
{
	struct mailbox *box = ctx->transaction->box;
	struct imap_lemonade_context_mailbox *mbox =
		IMAP_LEMONADE_CONTEXT_MAILBOX(box);
	struct imap_lemonade_context *context = NULL;
	struct client *client = client_of(box);
	struct imap_search_update *update;
	int ret;

	if (client != NULL && array_not_empty(&ctx->results)) {
		keep_args_ready(client, ctx);
		context = context_searched(mbox, ctx);
	}
	ret = mbox->module_ctx.super.search_deinit(ctx);
	if (context == NULL)
		return ret;
	update = update_of_context(client, context);
	if (ret < 0 || update == NULL) {
		/* the command fails */
		if (update != NULL)
			update_end(client, update);
		context_free(mbox, context);
	} else {
		context_begin(mbox, client, context);
	}
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
	context_refuse(mbox, client, context,
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
		contexts_prune(mbox, client);
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
				update_of_context(client, context)) < 0)
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
				update_of_context(client, context));
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
		context_free(mbox, array_idx_elem(&mbox->contexts, 0));
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
