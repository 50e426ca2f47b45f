/* ESEARCH with ADDTO and REMOVEFROM, and the FETCH before it. */

#include "lib.h"
#include "array.h"
#include "ostream.h"
#include "seq-range-array.h"
#include "str.h"
#include "imap-common.h"
#include "imap-fetch.h"
#include "imap-quote.h"
#include "imap-sync-private.h"
#include "mail-search-build.h"
#include "imap-lemonade-context-private.h"

/*
 * ESEARCH
 */

/* What the client knows the messages at the places by. False if it knows one
   of them no more. */
static bool get_numbers(const struct lemo_results *results,
			struct mailbox *box, bool uids,
			const size_t *places, size_t count,
			ARRAY_TYPE(uint32_t) *numbers)
{
	uint32_t number, last;
	size_t i;

	i_array_init(numbers, count);
	for (i = 0; i < count; i++) {
		number = results->uids[places[i]];
		if (!uids) {
			mailbox_get_seq_range(box, number, number,
					      &number, &last);
			if (number == 0)
				return FALSE;
		}
		array_push_back(numbers, &number);
	}
	return TRUE;
}

static int append_item(const struct imap_lemonade_context *context,
		       const struct client *client,
		       const struct imap_search_update *update,
		       enum lemo_results_change change,
		       const size_t *places, size_t count, string_t *str)
{
	ARRAY_TYPE(uint32_t) numbers;
	struct lemo_buf buf;
	int ret = -1;

	lemo_buf_init(&buf, count * LEMO_RESULTS_PAIR_MAX);
	if (get_numbers(&context->results, client->mailbox,
			update->return_uids, places, count, &numbers)) {
		lemo_results_pairs(&buf, change, places,
				   array_front(&numbers), count);
		ret = buf.failed ? -1 : 0;
	}
	if (ret == 0) {
		str_append(str, change == LEMO_RESULTS_ADDED ?
			   " ADDTO (" : " REMOVEFROM (");
		str_append_data(str, buf.data, buf.len);
		str_append_c(str, ')');
	}
	array_free(&numbers);
	lemo_buf_free(&buf);
	return ret;
}

static string_t *response_begin(const struct imap_search_update *update)
{
	string_t *str = str_new(default_pool, 256);

	str_append(str, "* ESEARCH (TAG ");
	imap_append_string(str, update->tag);
	str_append_c(str, ')');
	if (update->return_uids)
		str_append(str, " UID");
	return str;
}

static void response_send(string_t *str, struct client *client)
{
	str_append(str, "\r\n");
	o_stream_nsend(client->output, str_data(str), str_len(str));
}

/*
 * What has changed
 */

/* Ascending. */
static void uids_of_ranges(const ARRAY_TYPE(seq_range) *ranges,
			   ARRAY_TYPE(uint32_t) *uids_r)
{
	struct seq_range_iter iter;
	unsigned int n = 0;
	uint32_t uid;

	i_array_init(uids_r, seq_range_count(ranges));
	seq_range_array_iter_init(&iter, ranges);
	while (seq_range_array_iter_nth(&iter, n++, &uid))
		array_push_back(uids_r, &uid);
}

static int append_removed(struct imap_lemonade_context *context,
			  const struct client *client,
			  const struct imap_search_update *update,
			  string_t *str)
{
	ARRAY_TYPE(uint32_t) uids;
	size_t *places, count;
	int ret = 0;

	uids_of_ranges(&context->removed, &uids);
	array_clear(&context->removed);
	places = i_new(size_t, I_MAX(array_count(&uids), 1));
	count = lemo_results_find(&context->results, array_front(&uids),
				  array_count(&uids), places);
	if (count > 0) {
		ret = append_item(context, client, update,
				  LEMO_RESULTS_REMOVED, places, count, str);
		lemo_results_remove(&context->results, places, count);
	}
	i_free(places);
	array_free(&uids);
	return ret;
}

/* Those that the client was told of: of others, EXISTS is held back. */
static void take_announced(struct imap_lemonade_context *context,
			   const struct client *client,
			   ARRAY_TYPE(uint32_t) *uids_r)
{
	ARRAY_TYPE(uint32_t) all;
	uint32_t uid, seq, last;

	uids_of_ranges(&context->added, &all);
	array_clear(&context->added);
	i_array_init(uids_r, array_count(&all));
	array_foreach_elem(&all, uid) {
		mailbox_get_seq_range(client->mailbox, uid, uid, &seq, &last);
		if (seq > client->messages_count)
			seq_range_array_add(&context->added, uid);
		else if (seq != 0)
			array_push_back(uids_r, &uid);
	}
	array_free(&all);
}

static int append_added(struct imap_lemonade_context *context,
			const struct client *client,
			const struct imap_search_update *update, string_t *str)
{
	ARRAY_TYPE(uint32_t) uids;
	size_t *places;
	int ret;

	take_announced(context, client, &uids);
	places = i_new(size_t, I_MAX(array_count(&uids), 1));
	ret = array_is_empty(&uids) ? 0 :
		imap_lemonade_context_insert(context, client->mailbox,
					     array_front_modifiable(&uids),
					     array_count(&uids), places);
	if (ret > 0) {
		ret = append_item(context, client, update, LEMO_RESULTS_ADDED,
				  places, ret, str);
	}
	i_free(places);
	array_free(&uids);
	return ret;
}

static int tell_changes(struct imap_lemonade_context *context,
			struct client *client,
			const struct imap_search_update *update, bool added)
{
	string_t *str = response_begin(update);
	size_t head = str_len(str);
	int ret = 0;

	if (array_not_empty(&context->removed))
		ret = append_removed(context, client, update, str);
	if (ret == 0 && added && array_not_empty(&context->added))
		ret = append_added(context, client, update, str);
	if (ret == 0 && str_len(str) > head)
		response_send(str, client);
	str_free(&str);
	return ret;
}

/*
 * FETCH
 */

static int fetch_more(struct imap_lemonade_context *context,
		      struct imap_search_update *update)
{
	int ret;

	ret = imap_fetch_more_no_lock_update(update->fetch_ctx);
	context->fetching = ret == 0;
	if (ret == 0)
		return 0;
	return imap_fetch_end(update->fetch_ctx) < 0 ? -1 : ret;
}

/* Only new messages: RFC 5465 section 7. */
static int fetch_begin(struct imap_lemonade_context *context,
		       struct imap_sync_context *sync,
		       struct imap_search_update *update)
{
	struct mail_search_args *args;
	struct mail_search_arg *arg;
	ARRAY_TYPE(seq_range) seqs;

	t_array_init(&seqs, 1);
	seq_range_array_add_range(&seqs, sync->messages_count + 1,
				  sync->client->messages_count);
	args = mail_search_build_init();
	arg = mail_search_build_add(args, SEARCH_UIDSET);
	p_array_init(&arg->value.seqset, args->pool, 1);
	mailbox_get_uid_range(sync->box, &seqs, &arg->value.seqset);
	seq_range_array_intersect(&arg->value.seqset, &context->added);
	if (array_is_empty(&arg->value.seqset)) {
		mail_search_args_unref(&args);
		return 1;
	}
	imap_fetch_begin(update->fetch_ctx, sync->box, args);
	mail_search_args_unref(&args);
	return fetch_more(context, update);
}

static int tell_new(struct imap_lemonade_context *context,
		    struct imap_sync_context *sync,
		    struct imap_search_update *update)
{
	if (context->fetching)
		return fetch_more(context, update);
	if (update->fetch_ctx == NULL || !sync->have_new_mails)
		return 1;
	return fetch_begin(context, sync, update);
}

int imap_lemonade_context_tell_removed(struct imap_lemonade_context *context,
				       struct client *client,
				       const struct imap_search_update *update)
{
	return tell_changes(context, client, update, FALSE);
}

int imap_lemonade_context_tell(struct imap_lemonade_context *context,
			       struct imap_sync_context *sync,
			       struct imap_search_update *update)
{
	int ret;

	if (array_is_empty(&context->removed) &&
	    array_is_empty(&context->added))
		return 1;
	ret = tell_new(context, sync, update);
	if (ret == 0)
		return 0;
	if (ret < 0) {
		/* a message that cannot be read is no reason to lose count */
		client_send_untagged_storage_error(sync->client,
			mailbox_get_storage(sync->box));
	}
	return tell_changes(context, sync->client, update, TRUE) < 0 ? -1 : 1;
}
