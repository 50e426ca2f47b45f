/*
 * The callbacks of the notify plugin.
 *
 * Silent are: replication (dsync in all its forms and doveadm import), which
 * repeats what has happened elsewhere; virtual mailboxes, whose backends raise
 * the event; transactions that ask for silence, which the notify plugin knows
 * itself.
 */

#include "lib.h"
#include "mail-storage-private.h"
#include "notify-plugin.h"
#include "lemonade-commit.h"
#include "lemonade-compat.h"
#include "lemonade-events.h"
#include "lemonade-mailbox.h"
#include "lemonade-quota.h"
#include "lemonade-txn.h"
#include "lemonade-user.h"

static struct notify_context *lemonade_notify_ctx;

static bool doveadm_cmd_is(const struct lemonade_user *luser,
			   const char *const *names)
{
	const char *cmd = lemonade_user_doveadm_cmd(luser);

	return cmd != NULL && str_array_find(names, cmd);
}

/* The user of a mailbox whose changes are told, else NULL. */
static struct lemonade_user *told_user(struct mailbox *box)
{
	struct lemonade_user *luser = lemonade_user_get(box->storage->user);

	if (luser == NULL || luser->set == NULL ||
	    box->virtual_vfuncs != NULL || lemonade_user_replicates(luser))
		return NULL;
	return luser;
}

/* Also called for each transaction that only reads. */
static void *
lemonade_mail_transaction_begin(struct mailbox_transaction_context *t)
{
	struct lemonade_user *luser;

	if ((t->flags & MAILBOX_TRANSACTION_FLAG_SYNC) != 0)
		return NULL;
	luser = told_user(t->box);
	return luser == NULL ? NULL : lemonade_txn_begin(luser, t);
}

static bool txn_raises(const struct lemonade_txn *txn,
		       enum lemo_event_type type)
{
	return (txn->luser->events & LEMO_EVENT_MASK(type)) != 0;
}

/* dovecot-lda, lmtp and what an administrator puts into a mailbox are
   deliveries; clients append. */
static enum lemo_event_type
save_type(const struct lemonade_txn *txn, const struct mail *mail)
{
	static const char *const cmds[] = { "save", "move", NULL };

	if ((mail->box->flags & MAILBOX_FLAG_POST_SESSION) != 0 ||
	    doveadm_cmd_is(txn->luser, cmds))
		return LEMO_EVENT_MESSAGE_NEW;
	return LEMO_EVENT_MESSAGE_APPEND;
}

static void lemonade_mail_save(void *_txn, struct mail *mail)
{
	struct lemonade_txn *txn = _txn;
	enum lemo_event_type type;

	if (txn == NULL || txn->ignored)
		return;
	T_BEGIN {
		type = save_type(txn, mail);
		if (txn_raises(txn, type) && lemonade_txn_wanted(txn)) {
			/* maildir gives UIDs at commit only if asked to */
			mail->transaction->flags |=
				MAILBOX_TRANSACTION_FLAG_ASSIGN_UIDS;
			lemonade_txn_add_save(txn, type, mail);
		}
	} T_END;
}

static void lemonade_mail_copy(void *txn, struct mail *src ATTR_UNUSED,
			       struct mail *dst)
{
	lemonade_mail_save(txn, dst);
}

static enum lemo_event_type
expunge_type(const struct lemonade_txn *txn, const struct mail *mail)
{
	static const char *const cmds[] = { "expunge", NULL };
	const struct mail_private *pmail = (const struct mail_private *)mail;

	if (pmail->autoexpunged || doveadm_cmd_is(txn->luser, cmds))
		return LEMO_EVENT_MESSAGE_EXPIRE;
	return LEMO_EVENT_MESSAGE_EXPUNGE;
}

static void lemonade_mail_expunge(void *_txn, struct mail *mail)
{
	struct lemonade_txn *txn = _txn;
	enum lemo_event_type type;

	if (txn == NULL || txn->ignored)
		return;
	T_BEGIN {
		type = expunge_type(txn, mail);
		if (txn_raises(txn, type) && lemonade_txn_wanted(txn)) {
			if (lemonade_txn_add_expunge(txn, type, mail->uid))
				lemonade_quota_shrink(txn->luser,
						      &txn->devices);
		}
	} T_END;
}

static void lemonade_mail_update_flags(void *_txn, struct mail *mail,
				       enum mail_flags old_flags)
{
	struct lemonade_txn *txn = _txn;

	if (txn == NULL || txn->ignored || !lemonade_txn_wanted(txn))
		return;
	lemonade_txn_add_flags(txn, mail->uid, old_flags,
			       mail_get_flags(mail));
}

static void lemonade_mail_update_keywords(void *_txn, struct mail *mail,
					  const char *const *old_keywords)
{
	struct lemonade_txn *txn = _txn;

	if (txn == NULL || txn->ignored || !lemonade_txn_wanted(txn))
		return;
	lemonade_txn_add_keywords(txn, mail->uid, old_keywords,
				  mail_get_keywords(mail));
}

static void
lemonade_mail_transaction_commit(void *_txn,
	struct mail_transaction_commit_changes *changes)
{
	struct lemonade_txn *txn = _txn;

	if (txn == NULL)
		return;
	if (txn->pool != NULL)
		lemonade_commit(txn, changes);
	lemonade_txn_free(&txn);
}

static void lemonade_mail_transaction_rollback(void *_txn)
{
	struct lemonade_txn *txn = _txn;

	if (txn != NULL)
		lemonade_txn_free(&txn);
}

static void lemonade_mailbox_create(struct mailbox *box)
{
	struct lemonade_user *luser = told_user(box);

	if (luser != NULL)
		lemonade_mailbox_created(luser, box);
}

static void *lemonade_mailbox_deleting(struct mailbox *box)
{
	struct lemonade_user *luser = told_user(box);

	return luser == NULL ? NULL :
		lemonade_mailbox_delete_begin(luser, box);
}

static void lemonade_mailbox_delete(void *txn,
				    struct mailbox *box ATTR_UNUSED)
{
	struct lemonade_deletion *deletion = txn;

	if (deletion != NULL)
		lemonade_mailbox_delete_commit(&deletion);
}

static void lemonade_mailbox_delete_failed(void *txn)
{
	struct lemonade_deletion *deletion = txn;

	if (deletion != NULL)
		lemonade_mailbox_delete_rollback(&deletion);
}

static void lemonade_mailbox_rename(struct mailbox *src, struct mailbox *dest)
{
	struct lemonade_user *luser = told_user(dest);

	if (luser != NULL)
		lemonade_mailbox_renamed(luser, src, dest);
}

static void lemonade_mailbox_set_subscribed(struct mailbox *box,
					    bool subscribed)
{
	struct lemonade_user *luser = told_user(box);

	if (luser != NULL)
		lemonade_mailbox_subscribed(luser, box, subscribed);
}

static const struct notify_vfuncs lemonade_notify_vfuncs = {
	.mail_transaction_begin = lemonade_mail_transaction_begin,
	.mail_save = lemonade_mail_save,
	.mail_copy = lemonade_mail_copy,
	.mail_expunge = lemonade_mail_expunge,
	.mail_update_flags = lemonade_mail_update_flags,
	.mail_update_keywords = lemonade_mail_update_keywords,
	.mail_transaction_commit = lemonade_mail_transaction_commit,
	.mail_transaction_rollback = lemonade_mail_transaction_rollback,
	.mailbox_create = lemonade_mailbox_create,
	.mailbox_delete_begin = lemonade_mailbox_deleting,
	.mailbox_delete_commit = lemonade_mailbox_delete,
	.mailbox_delete_rollback = lemonade_mailbox_delete_failed,
	.mailbox_rename = lemonade_mailbox_rename,
	.mailbox_set_subscribed = lemonade_mailbox_set_subscribed
};

void lemonade_events_init(void)
{
	lemonade_notify_ctx = notify_register(&lemonade_notify_vfuncs);
}

void lemonade_events_deinit(void)
{
	lemonade_notify_unregister(&lemonade_notify_ctx);
}
