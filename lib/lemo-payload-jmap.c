/* The objects of RFC 8620 that a Web Push client of JMAP reads: StateChange
   (7.1) and PushVerification (7.2.2). */

#include "lemo-payload-private.h"

#include <string.h>

#include "lemo-banned.h"

/* Octets of an Id (RFC 8620 1.2). */
#define ID_MAX 255

#define MASK(type) LEMO_EVENT_MASK(LEMO_EVENT_##type)
#define QUOTAS (MASK(QUOTA_EXCEED) | MASK(QUOTA_WITHIN) | MASK(QUOTA_CHANGE))
#define MAILBOXES (MASK(MAILBOX_CREATE) | MASK(MAILBOX_DELETE) | \
	MASK(MAILBOX_RENAME) | MASK(MAILBOX_SUBSCRIBE) | \
	MASK(MAILBOX_UNSUBSCRIBE))
#define SESSIONS (MASK(LOGIN) | MASK(LOGOUT))
#define MESSAGES (LEMO_EVENT_MASK_RFC5423 & ~(QUOTAS | MAILBOXES | SESSIONS))

/* Which state changes with which event (RFC 8621 1.5, RFC 9425). */
static const struct {
	const char *type;
	lemo_event_mask_t events;
} states[] = {
	{ "Email", MESSAGES },
	{ "EmailDelivery", MASK(MESSAGE_NEW) },
	{ "Mailbox", MESSAGES | MAILBOXES },
	{ "Quota", QUOTAS }
};

static bool is_id_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		(c >= '0' && c <= '9') || c == '-';
}

/* A name as an Id: what may not stand in one, and "_", becomes "_" and two
   hex digits. */
static void add_id(struct lemo_buf *buf, const char *name)
{
	static const char hex[] = "0123456789ABCDEF";
	size_t len = 0;

	for (; *name != '\0' && len + 3 <= ID_MAX; name++) {
		unsigned char c = *name;

		if (is_id_char(*name)) {
			lemo_buf_addc(buf, *name);
			len++;
			continue;
		}
		lemo_buf_addc(buf, '_');
		lemo_buf_addc(buf, hex[c >> 4]);
		lemo_buf_addc(buf, hex[c & 15]);
		len += 3;
	}
}

static void add_changed(struct lemo_buf *buf, const struct lemo_event *event,
			const struct lemo_payload_args *args)
{
	const char *account = args->level >= LEMO_PAYLOAD_STATE &&
		event->user != NULL ? event->user : args->device;
	unsigned int i;

	lemo_json_name(buf, "changed");
	lemo_buf_adds(buf, "{\"");
	add_id(buf, account);
	lemo_buf_adds(buf, "\":{");
	for (i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		if ((states[i].events & LEMO_EVENT_MASK(event->type)) != 0)
			lemo_json_string(buf, states[i].type, event->id);
	}
	lemo_buf_adds(buf, "}}");
}

void lemo_payload_jmap(struct lemo_buf *buf, const struct lemo_event *event,
		       const struct lemo_payload_args *args)
{
	lemo_buf_addc(buf, '{');
	if (args->verification_code != NULL) {
		lemo_json_string(buf, "@type", "PushVerification");
		lemo_json_string(buf, "pushSubscriptionId", args->device);
		lemo_json_string(buf, "verificationCode",
				 args->verification_code);
	} else {
		lemo_json_string(buf, "@type", "StateChange");
		add_changed(buf, event, args);
		lemo_json_string(buf, "deviceClientId", args->device);
		lemo_payload_add_fields(buf, event, args);
	}
	lemo_buf_addc(buf, '}');
}
