#ifndef LEMO_NOTIFY_GROUPS_H
#define LEMO_NOTIFY_GROUPS_H

/*
 * Event groups as in NOTIFY SET (RFC 5465 section 6 and 8), used outband:
 *
 *   (personal (MessageNew)) (subtree "Lists/IETF" (MessageNew FlagChange))
 *   (mailboxes INBOX NONE)
 *
 * Mailbox specifiers: inboxes, personal, subscribed, subtree, mailboxes.
 * selected and selected-delayed are refused: they belong to a connection.
 * Events: those of RFC 5465 section 5 and, as its event-ext, the names of
 * RFC 5423 that NOTIFY lacks. MessageNew means delivered mail; FlagChange
 * means FlagsSet, FlagsClear, MessageRead and MessageTrash; MailboxName
 * means MailboxCreate, MailboxDelete and MailboxRename; SubscriptionChange
 * the two subscription events. MessageNew may carry fetch-atts; they are
 * refused ("payload" says what is sent). AnnotationChange,
 * MailboxMetadataChange and ServerMetadataChange are refused. The pairing
 * rule of RFC 5465 section 5 does not apply.
 * MessageExpunge includes MessageExpire (RFC 5465 5.3).
 * All groups that name a mailbox apply to it (RFC 5465 section 6), but NONE in
 * any of them silences it. "inboxes" is the same as "personal" (6.3).
 * Mailbox names are UTF-8 atoms or quoted strings; "INBOX" in any case. Spaces
 * may be doubled.
 */

#include "lemo-event.h"

#define LEMO_NOTIFY_MAX_GROUPS 20
#define LEMO_NOTIFY_MAX_MAILBOXES 50

struct lemo_notify_groups;

/* What the caller knows of a mailbox. */
struct lemo_mailbox_facts {
	const char *name;    /* UTF-8, NUL-terminated */
	char separator;
	bool personal;       /* in the user's personal namespace */
	bool subscribed;     /* see lemo_notify_groups_want_subscribed() */
};

/* Parses len octets. Returns 0, or -1 with *error_r (constant) and *pos_r
   (octet offset); *groups_r is then untouched. Free with _free(). */
int lemo_notify_groups_parse(const char *str, size_t len,
			     struct lemo_notify_groups **groups_r,
			     const char **error_r, size_t *pos_r);
void lemo_notify_groups_free(struct lemo_notify_groups **groups);

/* True if the answer of _events() can depend on facts->subscribed. */
bool lemo_notify_groups_want_subscribed(const struct lemo_notify_groups *g);
/* The event types that the groups naming this mailbox ask for. */
lemo_event_mask_t lemo_notify_groups_events(const struct lemo_notify_groups *g,
					    const struct lemo_mailbox_facts *f);
/* All event types any group asks for. */
lemo_event_mask_t lemo_notify_groups_any(const struct lemo_notify_groups *g);
/* The n-th mailbox name mentioned by `mailboxes' or `subtree', or NULL: for
   the ACL check at registration. */
const char *lemo_notify_groups_mailbox(const struct lemo_notify_groups *g,
				       unsigned int n);

#endif
