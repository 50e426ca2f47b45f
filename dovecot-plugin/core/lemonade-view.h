#ifndef LEMONADE_VIEW_H
#define LEMONADE_VIEW_H

/*
 * A second, read-only look at the mailbox after a commit. It is opened only
 * when somebody needs it and never synced: syncing a maildir reads the whole
 * directory, while opening it already shows the new message.
 */

#include "mail-storage-private.h"

enum lemonade_view_state {
	LEMONADE_VIEW_CLOSED = 0,
	LEMONADE_VIEW_OPEN,
	/* The user may not read the mailbox (ACL). */
	LEMONADE_VIEW_NO_ACCESS,
	/* Not to be had: deleted meanwhile, an error (logged), or a remote
	   storage, where it would be network I/O. */
	LEMONADE_VIEW_FAILED
};

struct lemonade_view {
	enum lemonade_view_state state;
	struct mailbox *box;
	struct mailbox_transaction_context *trans;
	struct mail *mail;
	/* UIDVALIDITY, UIDNEXT, MESSAGES, UNSEEN, HIGHESTMODSEQ */
	struct mailbox_status status;
	/* What filters have taken, microseconds; kept when it is closed */
	uint64_t filter_usecs;
};

/* True if looking at it would be network I/O. */
bool lemonade_view_is_remote(const struct mailbox *box);

/* Opens it at the first call; box is the mailbox that was changed. */
enum lemonade_view_state
lemonade_view_open(struct lemonade_view *view, struct mailbox *box);
void lemonade_view_close(struct lemonade_view *view);

/* Takes mails that are going to be expunged out of status. */
void lemonade_view_forget(struct lemonade_view *view,
			  const ARRAY_TYPE(seq_range) *uids);

#endif
