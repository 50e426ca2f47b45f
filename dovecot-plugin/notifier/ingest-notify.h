#ifndef INGEST_NOTIFY_H
#define INGEST_NOTIFY_H

/*
 * What Sieve scripts say (RFC 5435): words for one device of an event, and
 * targets that are no devices of the user but on the administrator's list
 * lemonade_sieve_targets. Such a target gets a device for the time of its
 * push, so that no words are merged into others.
 */

#include "ingest-private.h"

/* The same event as this device is told of it. False on failure. */
bool ingest_words_begin(const struct ingest_context *ctx,
			const struct lemo_event_device *verdict,
			struct ingest_context *own_r);
void ingest_words_end(struct ingest_context *own);

/* Inside a transaction: a device whose name is lemo_notify_is_device(). ctx:
   of ingest_words_begin(). */
void ingest_notify(struct ingest_context *ctx,
		   const struct lemo_event_device *verdict);

#endif
