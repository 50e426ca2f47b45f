#ifndef LEMO_PAYLOAD_H
#define LEMO_PAYLOAD_H

/*
 * What a push says. CloudEvents 1.0 structured JSON whose `data` has the
 * parameter names of RFC 5423, cut to the payload level; or StateChange of
 * JMAP; or the body styles of ntfy, gotify and Apprise. doc/clients.md has
 * examples.
 */

#include "lemo-buf.h"
#include "lemo-subscription.h"

/* Largest body. */
#define LEMO_PAYLOAD_MAX (16 * 1024)

struct lemo_payload_args {
	const char *device;       /* deviceClientId; NULL in a feed */
	enum lemo_payload level;
	enum lemo_format format;
	enum lemo_urgency urgency;
	/* how many events the push stands for (>= 1) */
	uint32_t events_count;
	/* octets of a Sieve script's words; 0: LEMO_NOTIFY_TEXT_MAX */
	size_t text_max;
	/* set for a verification push: its code */
	const char *verification_code;
};

/* The content type of a format, constant. */
const char *lemo_payload_content_type(enum lemo_format format);
/* Appends the body. What others may have written (From, Subject, ...) is cut
   and freed of control characters; a uidset too long for a push is left out. */
void lemo_payload_add(struct lemo_buf *buf, const struct lemo_event *event,
		      const struct lemo_payload_args *args);
/* Appends the `type' of the CloudEvent that it is. */
void lemo_payload_add_type(struct lemo_buf *buf, const struct lemo_event *event,
			   const struct lemo_payload_args *args);
/* Appends the n-th header line that the format wants beside the content type,
   "Name: value" without CR LF. False, and nothing appended, if there are no
   more. ntfy takes plain text and headers on the topic's URL; its JSON would
   have to go to another URL than the user's. */
bool lemo_payload_add_header(struct lemo_buf *buf,
			     const struct lemo_event *event,
			     const struct lemo_payload_args *args,
			     unsigned int n);

#endif
