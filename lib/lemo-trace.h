#ifndef LEMO_TRACE_H
#define LEMO_TRACE_H

/*
 * What became of an event: facts, each a line in the notifier's trace, and
 * the story that the lines about one message, device or user tell. Pure: the
 * notifier writes the lines, doveadm reads them.
 *
 *   TIME <TAB> KIND <TAB> k=value <TAB> k=value ... <LF>
 *
 * TIME is the wall clock's milliseconds, KIND a letter, keys are letters
 * (table in lemo-trace.c). Values are escaped as in lemo-event-wire.h and cut
 * to LEMO_TRACE_VALUE_MAX octets. What a newer version wrote is left out.
 */

#include "lemo-buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum lemo_trace_kind {
	/* a mail process told it; device is NULL */
	LEMO_TRACE_EVENT = 'E',
	/* a condition did not let it through to the device: reason is its
	   name in the status entry, detail may say more */
	LEMO_TRACE_HELD_BACK = 'H',
	/* it has a row of its own; wait: at the earliest after so long;
	   reason: all that was held back for it is in this row */
	LEMO_TRACE_QUEUED = 'Q',
	/* it joins a row that waits, of `events' events now; reason: as
	   above */
	LEMO_TRACE_MERGED = 'M',
	/* a request was made at `time': result is what came of it after
	   msecs; wait: until the next try */
	LEMO_TRACE_SENT = 'S',
	/* no request, and there will be none: reason says why */
	LEMO_TRACE_NOT_SENT = 'X',
	/* reason: words of their own */
	LEMO_TRACE_NOTE = 'N'
};

/* Strings are UTF-8 or NULL, numbers 0 when absent. Owns nothing. */
struct lemo_trace_record {
	int64_t time; /* wall clock, ms; never negative */
	enum lemo_trace_kind kind;
	/* always */
	const char *user;
	/* of the event; SENT, NOT_SENT: of the one that speaks for the row */
	const char *event_id;
	/* deviceClientId, or LEMO_TRACE_FEED */
	const char *device;

	/* EVENT */
	const char *type, *service, *mailbox, *message_id, *flag_names;
	const char *uidset;
	uint64_t uid;
	/* tells mailboxes (with their UIDVALIDITY) of a user apart; 0 = none */
	uint64_t mailbox_key;
	/* the feed gets it, too */
	bool feed;

	/* the others, see enum */
	const char *reason, *detail;
	const char *where; /* SENT: channel and origin, no path */
	const char *result;
	/* of the row. SENT and NOT_SENT are about all that joined up to it */
	uint64_t generation;
	uint64_t events, tries, msecs, wait;
	/* SENT, NOT_SENT: nothing more will come of these events */
	bool final;
};

/* "device" of what goes to the administrator's feed. No device has it. */
#define LEMO_TRACE_FEED "(feed)"

#define LEMO_TRACE_VALUE_MAX 512
/* Longest line, LF included: more than all values, escaped, can be. */
#define LEMO_TRACE_LINE_MAX (16 * 1024)

/* Appends the line with its LF. On overflow buf->failed is set. */
void lemo_trace_encode(const struct lemo_trace_record *record,
		       struct lemo_buf *buf);
/* Decodes a line of len octets without its LF, in place: the record's strings
   point into it, so the octet behind it must be writable (the LF's place).
   False, *record_r untouched, if it is none: torn by a crash, or of a kind we
   do not know. */
bool lemo_trace_decode(char *line, size_t len,
		       struct lemo_trace_record *record_r);

/* Appends what it says in plain words, without time, user and device. */
void lemo_trace_words(const struct lemo_trace_record *record,
		      struct lemo_buf *buf);

#endif
