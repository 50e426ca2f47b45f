#ifndef LEMO_EVENT_FIELDS_H
#define LEMO_EVENT_FIELDS_H

/*
 * Private to lib/: the fields of struct lemo_event by name. One table says
 * both how a field travels (lemo-event-wire.c) and at which payload level a
 * push tells it (lemo-payload.c), so that a new field cannot be forgotten in
 * one of the two.
 */

#include "lemo-event.h"

enum lemo_event_field_kind {
	LEMO_FIELD_STR,
	/* free text: may be cut short in a payload */
	LEMO_FIELD_TEXT,
	/* a Sieve script's words: may have several lines */
	LEMO_FIELD_WORDS,
	/* like STR; its value is a URL: printable ASCII */
	LEMO_FIELD_URL,
	LEMO_FIELD_U32,
	LEMO_FIELD_U64,
	LEMO_FIELD_BOOL
};

/* Not in any payload's data. */
#define LEMO_FIELD_NEVER 255
/* In the data of feeds only: what a phone has no business to know. */
#define LEMO_FIELD_FEED 254

struct lemo_event_field {
	const char *key;
	unsigned char key_len;
	unsigned char kind;  /* enum lemo_event_field_kind */
	unsigned char level; /* least payload level, or one of the above */
	unsigned short offset;
};

#define LEMO_EVENT_FIELDS_COUNT 50
extern const struct lemo_event_field
	lemo_event_fields[LEMO_EVENT_FIELDS_COUNT];

static inline const void *
lemo_event_field_get(const struct lemo_event *event,
		     const struct lemo_event_field *field)
{
	return (const char *)event + field->offset;
}

#endif
