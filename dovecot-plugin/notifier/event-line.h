#ifndef EVENT_LINE_H
#define EVENT_LINE_H

#include "lemo-event-wire.h"

struct lemo_subscription;

/* A decoded event and the octets its strings point into. */
struct event_line {
	int refcount;
	struct lemo_event event;
	char data[];
};

/* Copies and decodes one line without its LF. NULL with *error_r (constant)
   if it is not a good one. */
struct event_line *event_line_parse(const void *data, size_t len,
				    const char **error_r);
void event_line_ref(struct event_line *line);
void event_line_unref(struct event_line **line);

/* True for types that say a message came: the alert itself. */
bool event_is_arrival(const struct lemo_event *event);
/* True for types that matter only for a message that rang before. */
bool event_is_about_rung(const struct lemo_event *event);
/* True if the event makes an alert pointless: read, deleted, gone. */
bool event_ends_alert(const struct lemo_event *event);

/* Hash of mailbox GUID and UIDVALIDITY, 0 without a mailbox. */
int64_t event_mailbox_key(const struct lemo_event *event);
/* Hash of delivery session and Message-ID, 0 if either is unknown. */
int64_t event_ring_key(const struct lemo_event *event);
/* Seconds that a push about it may wait. */
uint32_t event_ttl(const struct lemo_event *event,
		   const struct lemo_subscription *sub);
/* True if uid is among the messages of the event. */
bool event_has_uid(const struct lemo_event *event, uint32_t uid);

#endif
