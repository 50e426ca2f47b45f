#ifndef IMAP_LEMONADE_NOTIFY_H
#define IMAP_LEMONADE_NOTIFY_H

/*
 * What a client is told of mailboxes other than the selected one, and of
 * METADATA: RFC 5465 (NOTIFY) and RFC 5464 section 4.4 (ENABLE METADATA).
 *
 * Dovecot's own struct imap_notify_context is kept for the selected mailbox
 * alone: it gets no namespaces. What Dovecot says of other mailboxes lacks
 * UIDVALIDITY, the parent's name and the modified UTF-7 of RFC 3501, and it
 * knows no metadata events.
 *
 * Changes come from the mailbox list index and from INBOX's log, within half
 * a second; nothing is told in the middle of a response.
 */

#include "imap-notify.h"

struct mail_namespace;

/* Limits; more is refused with NOTIFICATIONOVERFLOW. */
#define IMAP_LEMONADE_NOTIFY_MAX_NAMES 100
#define IMAP_LEMONADE_NOTIFY_MAX_GROUPS 100
/* Octets that may wait for a client that does not read. */
#define IMAP_LEMONADE_NOTIFY_MAX_OUTPUT (64 * 1024)

#define IMAP_LEMONADE_NOTIFY_MESSAGE_EVENTS \
	(IMAP_NOTIFY_EVENT_MESSAGE_NEW | IMAP_NOTIFY_EVENT_MESSAGE_EXPUNGE | \
	 IMAP_NOTIFY_EVENT_FLAG_CHANGE)
#define IMAP_LEMONADE_NOTIFY_METADATA_EVENTS \
	(IMAP_NOTIFY_EVENT_MAILBOX_METADATA_CHANGE | \
	 IMAP_NOTIFY_EVENT_SERVER_METADATA_CHANGE)

struct imap_lemonade_notify;

/* Nothing is watched until it is started. */
struct imap_lemonade_notify *
imap_lemonade_notify_create(struct client *client);
void imap_lemonade_notify_free(struct imap_lemonade_notify **notify);

/* Events of the mailboxes that type and name say; a namespace may be given
   any number of times. name is UTF-8, "" for all of the namespace. */
void imap_lemonade_notify_add(struct imap_lemonade_notify *notify,
			      struct mail_namespace *ns,
			      enum imap_notify_type type, const char *name,
			      enum imap_notify_event events);
/* More names or groups were added than the limits allow. */
bool imap_lemonade_notify_is_too_much(const struct imap_lemonade_notify *n);

/* Looks at the state that changes are told against. False if there are
   namespaces, and none can be watched. */
bool imap_lemonade_notify_start(struct imap_lemonade_notify *notify);

/* Untagged STATUS for the mailboxes with message events, or LIST (\NoAccess)
   (RFC 5465 section 3.1). Without status only the latter, where others own
   the mailboxes. */
void imap_lemonade_notify_send_status(struct imap_lemonade_notify *notify,
				      bool status);

/* From now on changes are told until notify is freed; not while another one
   of the client is: two watches of one file in a process disturb each
   other. */
void imap_lemonade_notify_wait(struct imap_lemonade_notify *notify);
/* Tells what has changed now, not half a second later. */
void imap_lemonade_notify_flush(struct imap_lemonade_notify *notify);

/* Events asked for a mailbox, by all groups. */
enum imap_notify_event
imap_lemonade_notify_events(struct imap_lemonade_notify *notify,
			    struct mail_namespace *ns, const char *vname);

#endif
