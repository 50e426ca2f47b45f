#ifndef LEMO_EVENT_H
#define LEMO_EVENT_H

/*
 * A message store event (RFC 5423) as it travels from the mail process to
 * the notifier. Pure data; who fills what stands beside each field.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* RFC 5423 section 4, in its order; the last two are private (section 6,
   "vnd."): a device was written or removed in METADATA. */
enum lemo_event_type {
	LEMO_EVENT_MESSAGE_APPEND = 0,
	LEMO_EVENT_MESSAGE_EXPIRE,
	LEMO_EVENT_MESSAGE_EXPUNGE,
	LEMO_EVENT_MESSAGE_NEW,
	LEMO_EVENT_QUOTA_EXCEED,
	LEMO_EVENT_QUOTA_WITHIN,
	LEMO_EVENT_QUOTA_CHANGE,
	LEMO_EVENT_MESSAGE_READ,
	LEMO_EVENT_MESSAGE_TRASH,
	LEMO_EVENT_FLAGS_SET,
	LEMO_EVENT_FLAGS_CLEAR,
	LEMO_EVENT_LOGIN,
	LEMO_EVENT_LOGOUT,
	LEMO_EVENT_MAILBOX_CREATE,
	LEMO_EVENT_MAILBOX_DELETE,
	LEMO_EVENT_MAILBOX_RENAME,
	LEMO_EVENT_MAILBOX_SUBSCRIBE,
	LEMO_EVENT_MAILBOX_UNSUBSCRIBE,

	LEMO_EVENT_DEVICE_SET,
	LEMO_EVENT_DEVICE_UNSET,

	LEMO_EVENT_TYPE_COUNT
};

/* A set of event types: bit 1 << type. */
typedef uint32_t lemo_event_mask_t;
#define LEMO_EVENT_MASK(type) ((lemo_event_mask_t)1 << (type))
/* All types but the private ones. */
#define LEMO_EVENT_MASK_RFC5423 (LEMO_EVENT_MASK(LEMO_EVENT_DEVICE_SET) - 1)

/* Octets of an event id: lower-case hex of half a SHA-256. */
#define LEMO_EVENT_ID_LEN 32

/* What the plugin decided for one device of the user. */
struct lemo_event_device {
	/* deviceClientId, the last component of the METADATA entry */
	const char *name;
	/* LEMO_VERDICT_MATCH or the first condition that failed */
	const char *verdict;
	/* The device's JSON as stored; set only on a match. */
	const char *subscription;
	/* What a Sieve script says to it (RFC 5435), as below; text NULL:
	   nothing, then the others are not set either. */
	const char *text, *subject, *from;
	uint32_t importance;
	/* How long that may wait, see LEMO_NOTIFY_OPTION_TTL; 0: as the
	   device says. Without text, too. */
	uint32_t ttl;
};

#define LEMO_VERDICT_MATCH "match"
/* first failing condition, in the order in which they are asked */
#define LEMO_VERDICT_INVALID "invalid"   /* entry does not parse */
#define LEMO_VERDICT_DISABLED "disabled" /* by the user or the admin */
#define LEMO_VERDICT_EXPIRED "expired"   /* RFC 8620 7.2 "expires" */
#define LEMO_VERDICT_EVENTS "events"     /* no event group names it */
#define LEMO_VERDICT_ACL "acl"           /* mailbox no longer readable */
#define LEMO_VERDICT_OWN "own"           /* sent by the same user */
#define LEMO_VERDICT_FILTER "filter"     /* SEARCH criteria say no */
#define LEMO_VERDICT_AUTO "auto"         /* mailto: sent by a machine */
#define LEMO_VERDICT_SCRIPT "script"     /* push:none in a Sieve script */

/* 10 of METADATA and 10 device tokens (LEMO_DEVICES_MAX, LEMO_TOKENS_MAX), and
   what a Sieve script notifies that is no device (LEMO_SIEVE_NOTIFY_MAX) */
#define LEMO_EVENT_MAX_DEVICES 28

/*
 * Strings are UTF-8 or NULL when absent; numbers are 0 when absent. The
 * struct owns nothing.
 */
struct lemo_event {
	/* always: made in the plugin from stable facts */
	const char *id;
	enum lemo_event_type type;
	const char *user;
	/* always: RFC 3339, local time with UTC offset */
	const char *timestamp;
	/* always (RFC 5423 "uri"): server, mailbox or message */
	const char *uri;

	/* the process that caused it */
	const char *service, *process, *session, *server_fqdn;
	uint32_t pid;
	/* access protocols only; admin only when it differs from user */
	const char *client_ip, *admin;
	uint32_t client_port;
	/* Login and Logout: what the client connected to */
	const char *server_domain;
	uint32_t server_port;
	/* Logout: graceful, abort or timeout; length of the session, s */
	const char *disconnect;
	uint32_t duration;

	/* mailbox events and message events */
	const char *mailbox;      /* name as the user sees it, UTF-8 */
	const char *mailbox_id;   /* RFC 5423 mailboxID: an IMAP URL */
	const char *mailbox_guid; /* hex */
	/* MailboxRename: the name it had, as above */
	const char *old_mailbox, *old_mailbox_id;
	uint32_t uidvalidity, uidnext, messages, unseen;
	uint64_t highest_modseq;

	/* message events: uid for one message (with modseq), else uidset */
	uint32_t uid;
	const char *uidset;
	uint64_t modseq;
	/* flag events; may be set for MessageNew and MessageAppend.
	   Space-separated, without \Recent. */
	const char *flag_names;

	/* MessageNew and MessageAppend. size as in FETCH BODY[]. */
	uint64_t message_size;
	const char *message_guid, *message_id;
	/* as RFC 5435 3.5 counts: 1 high, 2 normal, 3 low; 0 = not looked at,
	   which is done if a device may ring in its quiet hours or wants
	   payload level 3 */
	uint32_t importance;
	/* only if a device or feed wants payload level 3 (decoded headers,
	   date in RFC 3339) or 4 (snippet) */
	const char *from, *to, *subject, *date, *snippet;

	/* in the notifier, as soon as it looks at one device: the words of a
	   Sieve script, its subject and :from, see lemo-notify-uri.h */
	const char *notify_text, *notify_subject, *notify_from;
	/* likewise: seconds that this may wait; 0: as the device says */
	uint32_t notify_ttl;

	/* quota events: RFC 5423 diskQuota and diskUsed in units of 1024
	   octets and maxMessages; messages is then what counts against it.
	   What has no limit is 0. */
	uint64_t disk_quota, disk_used, max_messages;
	const char *quota_root; /* its name */

	/* the admin's feed wants it */
	bool feed;

	struct lemo_event_device devices[LEMO_EVENT_MAX_DEVICES];
	unsigned int devices_count;
};

/* RFC 5423 name, e.g. "MessageNew"; "vnd.lemonade.DeviceSet" for ours. */
const char *lemo_event_type_name(enum lemo_event_type type);
/* Finds a type by name, ASCII case ignored. False and *type_r untouched if
   there is none. */
bool lemo_event_type_find(const char *name, size_t len,
			  enum lemo_event_type *type_r);

/* deviceClientId: [a-z0-9._-]{1,64} */
bool lemo_device_name_is_valid(const char *name);

/* Parses names separated by spaces or commas into a mask; "all" is all of
   RFC 5423, "" none. Returns 0, or -1 with *error_r (constant) and *pos_r
   (octet offset of the offending name); *mask_r is then untouched. */
int lemo_event_mask_parse(const char *names, lemo_event_mask_t *mask_r,
			  const char **error_r, size_t *pos_r);

#endif
