#ifndef IMAP_LEMONADE_NOTIFY_PRIVATE_H
#define IMAP_LEMONADE_NOTIFY_PRIVATE_H

#include "imap-lemonade-notify.h"

#include "hash.h"
#include "mailbox-list-notify.h"

struct imap_lemonade_metadata;

struct imap_lemonade_notify_group {
	enum imap_notify_type type;
	enum imap_notify_event events;
	ARRAY_TYPE(const_string) names;
};

struct imap_lemonade_notify_ns {
	struct imap_lemonade_notify *notify;
	struct mail_namespace *ns;
	ARRAY(struct imap_lemonade_notify_group) groups;

	/* NULL: this namespace cannot be watched */
	struct mailbox_list_notify *list_notify;
	/* Where others decide what the user may list: the names that he could
	   (a deleted one is told to who knew it). Only for MailboxName. */
	HASH_TABLE(char *, char *) names;
	/* NULL: nobody asks for its metadata */
	struct imap_lemonade_metadata *metadata;
};

struct imap_lemonade_notify {
	pool_t pool;
	struct client *client;
	ARRAY(struct imap_lemonade_notify_ns *) namespaces;
	unsigned int names_count, groups_count;

	/* all events of all groups */
	enum imap_notify_event events;
	/* changes came in the middle of a response, or nobody reads them */
	struct timeout *to_retry;
	/* changes were lost, or are too many */
	bool overflown;
	/* imap_lemonade_notify_flush() runs: it ends what has overflown */
	bool flushing;
};

/* imap-lemonade-notify-tell.c: what is said of one change. */
void imap_lemonade_notify_tell(struct imap_lemonade_notify_ns *nns,
			       const struct mailbox_list_notify_rec *rec);
/* Before changes of names are told: what the client can list now. */
void imap_lemonade_notify_learn_names(struct imap_lemonade_notify_ns *nns);
/* As IMAP writes it, on the data stack. */
const char *imap_lemonade_notify_mutf7(const char *vname);

/* The events that groups of this namespace ask for. */
enum imap_notify_event
imap_lemonade_notify_ns_events(struct imap_lemonade_notify_ns *nns,
			       const char *vname);

#endif
