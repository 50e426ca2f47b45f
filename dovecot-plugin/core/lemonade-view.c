/* The mailbox after a commit. */

#include "lib.h"
#include "array.h"
#include "mail-storage-private.h"
#include "lemonade-view.h"

#define VIEW_STATUS (STATUS_UIDVALIDITY | STATUS_UIDNEXT | STATUS_MESSAGES | \
	STATUS_UNSEEN | STATUS_HIGHESTMODSEQ)

bool lemonade_view_is_remote(const struct mailbox *box)
{
	return strcmp(box->storage->name, "imapc") == 0 ||
		strcmp(box->storage->name, "pop3c") == 0;
}

static void view_open_failed(struct lemonade_view *view)
{
	enum mail_error error;

	(void)mailbox_get_last_error(view->box, &error);
	if (error == MAIL_ERROR_PERM || view->box->acl_no_lookup_right)
		view->state = LEMONADE_VIEW_NO_ACCESS;
	else
		view->state = LEMONADE_VIEW_FAILED;
	mailbox_free(&view->box);
}

static void view_open(struct lemonade_view *view, struct mailbox *box)
{
	view->box = mailbox_alloc(box->list, box->vname, MAILBOX_FLAG_READONLY);
	if (mailbox_open(view->box) < 0) {
		view_open_failed(view);
		return;
	}
	view->state = LEMONADE_VIEW_OPEN;
	mailbox_get_open_status(view->box, VIEW_STATUS, &view->status);
	view->trans = mailbox_transaction_begin(view->box,
		MAILBOX_TRANSACTION_FLAG_NO_NOTIFY |
		MAILBOX_TRANSACTION_FLAG_NO_CACHE_DEC, "lemonade");
	view->mail = mail_alloc(view->trans, 0, NULL);
}

enum lemonade_view_state
lemonade_view_open(struct lemonade_view *view, struct mailbox *box)
{
	if (view->state != LEMONADE_VIEW_CLOSED)
		return view->state;
	if (lemonade_view_is_remote(box)) {
		view->state = LEMONADE_VIEW_FAILED;
		return view->state;
	}
	/* the two handles share the index: let it read what was committed,
	   then a new view shows it */
	if (box->opened && box->index != NULL)
		(void)mail_index_refresh(box->index);
	mail_storage_last_error_push(box->storage);
	view_open(view, box);
	mail_storage_last_error_pop(box->storage);
	return view->state;
}

void lemonade_view_close(struct lemonade_view *view)
{
	if (view->state == LEMONADE_VIEW_OPEN) {
		mail_free(&view->mail);
		mailbox_transaction_rollback(&view->trans);
		mailbox_free(&view->box);
	}
	view->state = LEMONADE_VIEW_CLOSED;
}

static void view_forget_range(struct lemonade_view *view,
			      const struct seq_range *range)
{
	uint32_t seq, seq1, seq2;

	if (!mail_index_lookup_seq_range(view->trans->view, range->seq1,
					 range->seq2, &seq1, &seq2))
		return;
	for (seq = seq1; seq <= seq2; seq++) {
		const struct mail_index_record *rec =
			mail_index_lookup(view->trans->view, seq);

		if (view->status.messages > 0)
			view->status.messages--;
		if ((rec->flags & MAIL_SEEN) == 0 && view->status.unseen > 0)
			view->status.unseen--;
	}
}

void lemonade_view_forget(struct lemonade_view *view,
			  const ARRAY_TYPE(seq_range) *uids)
{
	const struct seq_range *range;

	if (view->state != LEMONADE_VIEW_OPEN)
		return;
	array_foreach(uids, range)
		view_forget_range(view, range);
}
