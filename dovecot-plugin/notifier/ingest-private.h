#ifndef INGEST_PRIVATE_H
#define INGEST_PRIVATE_H

/* For ingest-event.c and ingest-row.c. All inside a transaction. */

#include "push.h"

struct ingest_context {
	struct notifier *notifier;
	struct user *user;
	struct event_line *line;
	/* as it is stored: without devices, which are state, not event */
	struct lemo_buf encoded;
	/* what the acknowledgement says of devices that are gone */
	string_t *gone;
};

/* The event as it is stored. */
const struct lemo_buf *ingest_encode(struct ingest_context *ctx);

/* ingest-row.c: the device has none yet. */
void row_add(struct ingest_context *ctx, struct device *device,
	     enum row_class class);
/* Its push is in flight, or answered and not yet written off. */
bool row_is_open(const struct device *device);
/* What is in flight does not tell of this event: it gets a push of its own,
   unless that one fails, whose next try then comes after it. */
void row_follow(struct ingest_context *ctx, struct device *device);
/* One more event in a row that waits. replace: it speaks for the row. */
void row_merge(struct ingest_context *ctx, struct device *device,
	       enum row_class class, bool replace);
/* So many more, of which the row's event speaks already. */
void row_count(struct ingest_context *ctx, struct device *device,
	       unsigned int events);
void row_delete(struct ingest_context *ctx, struct device *device);
/* The event is about messages whose alerts still wait: then there is nothing to
   alert to, or, if that was tried already, the event speaks for the row from
   now on. If an alert is in flight or was just answered, the event follows it.
   False if it is about other messages. */
bool row_overtake(struct ingest_context *ctx, struct device *device);

#endif
