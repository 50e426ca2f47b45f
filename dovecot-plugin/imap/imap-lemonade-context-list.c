/* Contexts, and Dovecot's updates that they belong to. */

#include "lib.h"
#include "array.h"
#include "str.h"
#include "imap-common.h"
#include "imap-quote.h"
#include "imap-search.h"
#include "mail-search.h"
#include "mailbox-search-result-private.h"
#include "imap-lemonade-context-private.h"

struct imap_search_update *
imap_lemonade_context_update(struct client *client,
			     const struct mail_search_result *result,
			     const struct mail_search_args *args)
{
	struct imap_search_update *update;

	if (!array_is_created(&client->search_updates))
		return NULL;
	array_foreach_modifiable(&client->search_updates, update) {
		if (update->result == result &&
		    update->result->search_args == args)
			return update;
	}
	return NULL;
}

void imap_lemonade_context_free(ARRAY_TYPE(imap_lemonade_contexts) *contexts,
				struct imap_lemonade_context *context)
{
	struct imap_lemonade_context *const *contextp;

	array_foreach(contexts, contextp) {
		if (*contextp == context) {
			array_delete(contexts,
				     array_foreach_idx(contexts, contextp), 1);
			break;
		}
	}
	array_free(&context->removed);
	array_free(&context->added);
	lemo_results_free(&context->results);
	mail_search_args_unref(&context->args);
	i_free(context);
}

void imap_lemonade_contexts_prune(ARRAY_TYPE(imap_lemonade_contexts) *contexts,
				  struct client *client)
{
	struct imap_lemonade_context *context;
	unsigned int i = array_count(contexts);

	while (i-- > 0) {
		context = array_idx_elem(contexts, i);
		if (imap_lemonade_context_update(client, context->result,
						 context->args) == NULL)
			imap_lemonade_context_free(contexts, context);
	}
}

/* A search keeps its arguments ready as long as it is updated. */
static void update_end(struct client *client, struct imap_search_update *update)
{
	unsigned int idx = array_ptr_to_idx(&client->search_updates, update);

	mail_search_args_deinit(update->result->search_args);
	imap_search_update_free(update);
	array_delete(&client->search_updates, idx, 1);
}

void imap_lemonade_context_end(ARRAY_TYPE(imap_lemonade_contexts) *contexts,
			       struct client *client,
			       struct imap_lemonade_context *context)
{
	struct imap_search_update *update;

	update = imap_lemonade_context_update(client, context->result,
					      context->args);
	if (update != NULL)
		update_end(client, update);
	imap_lemonade_context_free(contexts, context);
}

void imap_lemonade_context_refuse(ARRAY_TYPE(imap_lemonade_contexts) *contexts,
				  struct client *client,
				  struct imap_lemonade_context *context,
				  const char *reason)
{
	struct imap_search_update *update;

	update = imap_lemonade_context_update(client, context->result,
					      context->args);
	if (update != NULL) T_BEGIN {
		string_t *str = t_str_new(128);

		str_append(str, "* NO [NOUPDATE ");
		imap_append_quoted(str, update->tag);
		str_printfa(str, "] %s", reason);
		client_send_line(client, str_c(str));
	} T_END;
	imap_lemonade_context_end(contexts, client, context);
}
