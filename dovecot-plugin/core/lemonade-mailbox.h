#ifndef LEMONADE_MAILBOX_H
#define LEMONADE_MAILBOX_H

/*
 * Events of mailboxes (RFC 5423 section 4.4). Called by the callbacks of the
 * notify plugin, after the fact.
 */

struct lemonade_user;
struct lemonade_deletion;
struct mailbox;

/* Raises nothing for a directory, which is no mailbox, and for what Dovecot
   makes by itself: INBOX and mailboxes with auto = create. */
void lemonade_mailbox_created(struct lemonade_user *luser,
			      struct mailbox *box);
void lemonade_mailbox_renamed(struct lemonade_user *luser,
			      struct mailbox *src, struct mailbox *dest);
void lemonade_mailbox_subscribed(struct lemonade_user *luser,
				 struct mailbox *box, bool subscribed);

/* The user may now see an existing mailbox, or no longer: as if it were made
   or deleted. */
void lemonade_mailbox_access_changed(struct lemonade_user *luser,
				     struct mailbox *box, bool granted);

/* Keeps what can only be told while it exists. NULL if nobody can want to
   know. */
struct lemonade_deletion *
lemonade_mailbox_delete_begin(struct lemonade_user *luser,
			      struct mailbox *box);
void lemonade_mailbox_delete_commit(struct lemonade_deletion **deletion);
void lemonade_mailbox_delete_rollback(struct lemonade_deletion **deletion);

#endif
