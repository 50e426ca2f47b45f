#ifndef LEMONADE_TXN_H
#define LEMONADE_TXN_H

/*
 * What happened in one mailbox transaction. Filled by the callbacks of the
 * notify plugin, which run once a mail and must cost next to nothing: they
 * add a UID to a range. Lines are made of it at commit.
 */

#include "mail-storage-private.h"
#include "lemonade-device.h"
#include "lemonade-named-filter.h"

struct lemonade_user;

/* A saved or copied mail. */
struct lemonade_save {
	enum lemo_event_type type; /* MESSAGE_NEW or MESSAGE_APPEND */
	unsigned int idx;          /* in changes->saved_uids */
	const char *flag_names;    /* NULL if none */
};

/* What one type of event says about a set of mails. */
struct lemonade_change {
	enum lemo_event_type type;
	const char *flag_names; /* NULL for expunges */
	ARRAY_TYPE(seq_range) uids;
};
ARRAY_DEFINE_TYPE(lemonade_change, struct lemonade_change);

/* Mails whose flags (keywords) changed in the same way. */
struct lemonade_flags {
	enum mail_flags set, cleared;
	ARRAY_TYPE(seq_range) uids;
};
struct lemonade_keywords {
	const char *const *set, *const *cleared; /* NULL-terminated */
	ARRAY_TYPE(seq_range) uids;
};

/* A device that was written or removed. */
struct lemonade_device_change {
	const char *name;
	const char *json; /* NULL: removed */
};

struct lemonade_txn {
	struct lemonade_txn *prev, *next;
	struct lemonade_user *luser;
	/* Compared only; freed by the storage before commit is called. */
	const struct mailbox_transaction_context *t;
	struct mailbox *box;

	/* NULL until something happened. The rest is of this pool. */
	pool_t pool;
	ARRAY_TYPE(lemonade_device) devices;
	ARRAY(struct lemonade_save) saves;
	ARRAY(struct lemonade_flags) flags;
	ARRAY(struct lemonade_keywords) keywords;
	ARRAY_TYPE(lemonade_change) expunges;
	ARRAY(struct lemonade_device_change) device_changes;

	/* New entries of named filters that are not committed yet. */
	unsigned int private_filters[LEMONADE_FILTER_DIR_COUNT];
	unsigned int shared_filters[LEMONADE_FILTER_DIR_COUNT];

	/* Nobody can want anything of it: the user has no device and the
	   feed asks for nothing. */
	bool ignored;
};

struct lemonade_txn *
lemonade_txn_begin(struct lemonade_user *luser,
		   struct mailbox_transaction_context *t);
void lemonade_txn_free(struct lemonade_txn **txn);
/* The user's open transaction, or NULL. */
struct lemonade_txn *
lemonade_txn_find(struct lemonade_user *luser,
		  const struct mailbox_transaction_context *t);

/* To be called first in each callback: reads the devices at the first call.
   False if the callback may return at once. */
bool lemonade_txn_wanted(struct lemonade_txn *txn);

void lemonade_txn_add_save(struct lemonade_txn *txn,
			   enum lemo_event_type type, struct mail *mail);
/* True for the first one of this transaction. */
bool lemonade_txn_add_expunge(struct lemonade_txn *txn,
			      enum lemo_event_type type, uint32_t uid);
void lemonade_txn_add_flags(struct lemonade_txn *txn, uint32_t uid,
			    enum mail_flags old_flags,
			    enum mail_flags new_flags);
void lemonade_txn_add_keywords(struct lemonade_txn *txn, uint32_t uid,
			       const char *const *old_keywords,
			       const char *const *new_keywords);
/* json NULL: removed. A later change of the same device replaces it. */
void lemonade_txn_add_device(struct lemonade_txn *txn, const char *name,
			     const char *json);

/* All flag changes as RFC 5423 names them: one change a type and set of
   names; changes of the same mails are merged, so STORE +FLAGS ($Forwarded
   \Flagged) is one. simple: \Seen and \Deleted come as MessageRead and
   MessageTrash (RFC 5423 section 4.2). */
void lemonade_txn_get_flag_changes(struct lemonade_txn *txn, bool simple,
				   ARRAY_TYPE(lemonade_change) *changes);

#endif
