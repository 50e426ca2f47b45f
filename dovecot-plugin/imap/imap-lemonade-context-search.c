/* The search of a SORT that is to be updated: its results are the context's
   first ones. */

#include "lib.h"
#include "array.h"
#include "seq-range-array.h"
#include "imap-common.h"
#include "index-storage.h"
#include "index-sort-private.h"
#include "mail-search.h"
#include "mailbox-search-result-private.h"
#include "imap-lemonade-context-private.h"

static bool is_updated_sort(const struct mail_search_context *ctx)
{
	return ctx->sort_program != NULL && array_not_empty(&ctx->results);
}

static struct imap_lemonade_context *
context_create(ARRAY_TYPE(imap_lemonade_contexts) *contexts,
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
	array_push_back(contexts, &context);
	return context;
}

static struct imap_lemonade_context *
context_get(ARRAY_TYPE(imap_lemonade_contexts) *contexts,
	    struct mail_search_context *ctx)
{
	struct imap_lemonade_context *context;

	array_foreach_elem(contexts, context) {
		if (context->search == ctx)
			return context;
	}
	return context_create(contexts, ctx);
}

void imap_lemonade_context_found(ARRAY_TYPE(imap_lemonade_contexts) *contexts,
				 struct mail_search_context *ctx, uint32_t uid)
{
	struct imap_lemonade_context *context;

	if (!is_updated_sort(ctx))
		return;
	context = context_get(contexts, ctx);
	if (!lemo_results_append(&context->results, uid))
		context->failed = TRUE;
}

/* Dovecot prepares the keywords of the criteria for the first search and for
   changed flags, but not for new messages: then the process would crash. */
static void keep_args_ready(struct client *client,
			    const struct mail_search_context *ctx)
{
	struct mail_search_result *result;

	array_foreach_elem(&ctx->results, result) {
		if (imap_lemonade_context_update(client, result,
						 ctx->args) != NULL)
			mail_search_args_init(ctx->args, result->box, FALSE,
					      NULL);
	}
}

struct imap_lemonade_context *
imap_lemonade_context_searched(ARRAY_TYPE(imap_lemonade_contexts) *contexts,
			       struct client *client,
			       struct mail_search_context *ctx)
{
	struct imap_lemonade_context *context;

	keep_args_ready(client, ctx);
	if (!is_updated_sort(ctx))
		return NULL;
	context = context_get(contexts, ctx);
	context->search = NULL;
	return context;
}

static bool is_updated(struct client *client,
		       const struct mail_search_args *args)
{
	const struct imap_search_update *update;

	if (!array_is_created(&client->search_updates))
		return FALSE;
	array_foreach(&client->search_updates, update) {
		if (update->result->search_args == args)
			return TRUE;
	}
	return FALSE;
}

void imap_lemonade_context_narrow(struct client *client, struct mailbox *box,
				  struct mail_search_args *args,
				  ARRAY_TYPE(seq_range) *seqs)
{
	struct mail_search_arg *arg = args->args;
	const struct seq_range *range;
	uint32_t seq1, seq2;

	if (arg == NULL || arg->type != SEARCH_UIDSET)
		return;
	if (!is_updated(client, args))
		return;
	/* Dovecot's array is still needed as it is */
	if (array_is_created(seqs))
		array_free(seqs);
	i_array_init(seqs, array_count(&arg->value.seqset));
	array_foreach(&arg->value.seqset, range) {
		mailbox_get_seq_range(box, range->seq1, range->seq2,
				      &seq1, &seq2);
		if (seq1 != 0)
			seq_range_array_add_range(seqs, seq1, seq2);
	}
	arg->type = SEARCH_SEQSET;
	arg->value.seqset = *seqs;
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

bool imap_lemonade_context_begin(ARRAY_TYPE(imap_lemonade_contexts) *contexts,
				 struct client *client,
				 struct imap_lemonade_context *context)
{
	if (context->failed) {
		imap_lemonade_context_refuse(contexts, client, context,
			"Out of memory");
	} else if (sorts_by_relevancy(context->program)) {
		imap_lemonade_context_refuse(contexts, client, context,
			"SORT by relevancy is not updated");
	} else if (array_count(contexts) > IMAP_LEMONADE_CONTEXTS_MAX) {
		imap_lemonade_context_refuse(contexts, client, context,
			"Too many contexts of SORT");
		return FALSE;
	} else {
		e_debug(client->event, "lemonade: Context of SORT with %zu "
			"messages", context->results.count);
	}
	return TRUE;
}
