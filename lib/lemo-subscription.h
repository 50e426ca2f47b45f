#ifndef LEMO_SUBSCRIPTION_H
#define LEMO_SUBSCRIPTION_H

/*
 * A device: the JSON object a user stores in METADATA, mailbox "", entry
 * /private/vendor/vendor.lemonade/push/<deviceClientId>. Names are those of
 * RFC 8620 7.2 PushSubscription, plus ours (doc/clients.md has the table).
 * Parsed when it is set, and again, distrustfully, at each use.
 */

#include "lemo-limits.h"
#include "lemo-notify-groups.h"

enum lemo_payload {
	LEMO_PAYLOAD_WAKEUP = 0,   /* nothing but the device's own name */
	LEMO_PAYLOAD_STATE = 1,    /* account and counters */
	LEMO_PAYLOAD_LOCATOR = 2,  /* + where the message is */
	LEMO_PAYLOAD_ENVELOPE = 3, /* + From, To, Subject, Date */
	LEMO_PAYLOAD_SNIPPET = 4   /* + the first words */
};

enum lemo_urgency { /* RFC 8030 5.3 */
	LEMO_URGENCY_VERY_LOW,
	LEMO_URGENCY_LOW,
	LEMO_URGENCY_NORMAL,
	LEMO_URGENCY_HIGH
};

/* The body style of a webhook, which its user chooses; or of Web Push. */
enum lemo_format {
	LEMO_FORMAT_CLOUDEVENTS = 0,
	LEMO_FORMAT_NTFY,
	LEMO_FORMAT_GOTIFY,
	LEMO_FORMAT_APPRISE,
	LEMO_FORMAT_JMAP
};

/* Which connected sessions of the user hold pushes back (RFC 5551 5.3). */
enum lemo_when_connected {
	LEMO_WHEN_CONNECTED_MINE = 0, /* those that belong to the device */
	LEMO_WHEN_CONNECTED_ANY,
	LEMO_WHEN_CONNECTED_ALWAYS    /* none: a push always goes */
};

struct lemo_subscription {
	const char *channel;           /* never NULL: default filled in */
	const char *url;               /* NULL for log and null */
	/* base64url, p256dh a point of P-256; NULL without keys, which webpush
	   always has */
	const char *p256dh, *auth;
	/* NULL but for the channel "token", which no user can choose: see
	   lemo-token.h. Its URL is the administrator's. */
	const char *token;
	const char *verification_code; /* NULL until the client wrote it */
	const char *filter;            /* never NULL: default filled in */
	bool filter_is_default;
	/* NULL: the default, MessageNew in all personal mailboxes but those
	   with \Junk, \Trash, \Sent, \Drafts */
	struct lemo_notify_groups *events;
	/* the default of its channel is MessageNew alone: it can only wake the
	   phone, not take anything back, or it costs money */
	bool arrivals_only;
	int64_t expires;               /* Unix time, 0 = never */
	enum lemo_payload payload;
	enum lemo_urgency urgency;
	enum lemo_format format;
	enum lemo_when_connected when_connected;
	uint32_t ttl, collapse;        /* seconds */
	struct lemo_quiet *quiet;      /* NULL = none */
	bool disabled;

	void *json; /* owns the strings above */
};

#define LEMO_FILTER_DEFAULT "UNSEEN UNKEYWORD $Junk UNKEYWORD $Muted"

/* Says which field is wrong and why; both are for the client's eyes. field
   is "" for an error of the whole object. */
struct lemo_subscription_error {
	char field[LEMO_DEVICE_NAME_MAX + 1]; /* printable ASCII */
	const char *reason;                   /* constant */
	size_t pos;                           /* octet offset, in the field's
						 string (events) or the object
						 (JSON syntax); else 0 */
};

/* Parses the object of the device `name`. Strict: unknown fields, wrong
   types, doubled fields, oversize and values out of range are errors.
   Returns 0, or -1 with *error_r filled and *sub_r untouched. */
int lemo_subscription_parse(const char *json, size_t len, const char *name,
			    struct lemo_subscription **sub_r,
			    struct lemo_subscription_error *error_r);
void lemo_subscription_free(struct lemo_subscription **sub);

/* The channels this build knows and users can choose, NULL-terminated. */
extern const char *const lemo_channel_names[];

#endif
