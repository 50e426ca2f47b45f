/* Where a message stands among others: Dovecot's own comparison says. */

#include "lib.h"
#include "array.h"
#include "seq-range-array.h"
#include "mail-search-build.h"
#include "index-storage.h"
#include "index-sort-private.h"
#include "imap-lemonade-context-private.h"

/* A pair of messages is compared with what the cache has of them. Above so
   many Dovecot's SORT, which reads each once, but touches the whole mailbox,
   is cheaper. */
#define SORT_BY_PAIRS_MAX 64

static int
order_cmp(uint32_t uid1, uint32_t uid2, struct mail_search_sort_program *sort)
{
	struct mail_index_view *view = sort->t->view;
	uint32_t seq1, seq2;
	int ret;

	if (!mail_index_lookup_seq(view, uid1, &seq1) ||
	    !mail_index_lookup_seq(view, uid2, &seq2) ||
	    mail_index_is_expunged(view, seq2))
		return 0;
	T_BEGIN {
		ret = index_sort_node_cmp_type(sort, sort->sort_program,
					       seq1, seq2);
	} T_END;
	/* its last look was at the second, which may have found it gone */
	return sort->temp_mail->expunged ? 0 : ret;
}

static int order_cmp_callback(uint32_t uid1, uint32_t uid2, void *context)
{
	return order_cmp(uid1, uid2, context);
}

/* Many UIDs in order: those of them that are still there. Returns how many, or
   -1. */
static int order_by_search(struct mail_search_sort_program *sort,
			   uint32_t *uids, unsigned int count)
{
	struct mail_search_args *args = mail_search_build_init();
	struct mail_search_context *ctx;
	struct mail_search_arg *arg;
	unsigned int i, found = 0;
	struct mail *mail;

	arg = mail_search_build_add(args, SEARCH_UIDSET);
	p_array_init(&arg->value.seqset, args->pool, count);
	for (i = 0; i < count; i++)
		seq_range_array_add(&arg->value.seqset, uids[i]);
	ctx = mailbox_search_init(sort->t, args, sort->sort_program, 0, NULL);
	mail_search_args_unref(&args);
	while (mailbox_search_next(ctx, &mail) && found < count)
		uids[found++] = mail->uid;
	return mailbox_search_deinit(&ctx) < 0 ? -1 : (int)found;
}

static bool is_string_key(enum mail_sort_type key)
{
	switch (key & MAIL_SORT_MASK) {
	case MAIL_SORT_CC:
	case MAIL_SORT_FROM:
	case MAIL_SORT_SUBJECT:
	case MAIL_SORT_TO:
	case MAIL_SORT_DISPLAYFROM:
	case MAIL_SORT_DISPLAYTO:
		return TRUE;
	default:
		return FALSE;
	}
}

void imap_lemonade_sort_prepare(struct mailbox *box,
				const enum mail_sort_type *program)
{
	enum mail_sort_type key[] = {
		program[0] & MAIL_SORT_MASK, MAIL_SORT_END
	};
	uint32_t last = mail_index_view_get_messages_count(box->view);
	struct mailbox_transaction_context *t;
	struct mail_search_context *ctx;
	struct mail_search_args *args;
	struct mail_search_arg *arg;
	struct mail *mail;

	if (last == 0 || !is_string_key(program[0]) ||
	    (program[0] == key[0] && program[1] == MAIL_SORT_END))
		return;
	/* numbers are missing at the end of the mailbox only: to give one to
	   the last message gives one to all. The first one's says which
	   generation of numbers it is. */
	args = mail_search_build_init();
	arg = mail_search_build_add(args, SEARCH_SEQSET);
	p_array_init(&arg->value.seqset, args->pool, 2);
	seq_range_array_add(&arg->value.seqset, 1);
	seq_range_array_add(&arg->value.seqset, last);
	t = mailbox_transaction_begin(box, 0, "SORT");
	ctx = mailbox_search_init(t, args, key, 0, NULL);
	mail_search_args_unref(&args);
	while (mailbox_search_next(ctx, &mail)) ;
	/* if it fails, so will the SORT, and it says why */
	(void)mailbox_search_deinit(&ctx);
	(void)mailbox_transaction_commit(&t);
	/* what was written is seen from now on */
	(void)mail_index_refresh(box->index);
}

int imap_lemonade_context_insert(struct imap_lemonade_context *context,
				 struct mailbox *box, uint32_t *uids,
				 unsigned int count, size_t *places_r)
{
	struct mailbox_transaction_context *t;
	struct mail_search_sort_program *sort;
	int ret = count;

	t = mailbox_transaction_begin(box, 0, "CONTEXT=SORT update");
	sort = index_sort_program_init(t, context->program);
	if (count > SORT_BY_PAIRS_MAX)
		ret = order_by_search(sort, uids, count);
	else if (!lemo_results_sort(uids, count, order_cmp_callback, sort))
		ret = -1;
	if (ret >= 0 &&
	    !lemo_results_insert(&context->results, uids, ret,
				 order_cmp_callback, sort, places_r))
		ret = -1;
	if (index_sort_program_deinit(&sort) < 0)
		ret = -1;
	if (mailbox_transaction_commit(&t) < 0)
		ret = -1;
	return ret;
}
