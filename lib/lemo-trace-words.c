/* Facts of the trace in plain words. */

#include "lemo-trace.h"

#include <inttypes.h>
#include <string.h>

#include "lemo-banned.h"

/* Held-back reasons that need more than their name. */
static const struct {
	const char *reason, *words;
} held_back_words[] = {
	{ "acl", "the user may not read the mailbox" },
	{ "auto", "the message was sent by a machine (Auto-Submitted)" },
	{ "budget", "more pushes an hour than its budget; it waits" },
	{ "copy", "another copy of this delivery rang it already" },
	{ "disabled", "it is disabled" },
	{ "events", "its events do not name this one" },
	{ "expired", "its subscription has expired" },
	{ "gone", "its push service knows it no more" },
	{ "invalid", "its entry cannot be parsed" },
	{ "own", "the user sent it himself" },
	{ "presence", "it is connected" },
	{ "quiet", "quiet hours" },
	{ "script", "a Sieve script says push:none" },
	{ "silent", "it is about a message that never rang it" },
	{ "unverified", "its verification code has not come back" }
};

static void add_secs(struct lemo_buf *buf, uint64_t msecs)
{
	if (msecs < 1000)
		lemo_buf_addf(buf, "%"PRIu64" ms", msecs);
	else if (msecs < 10 * 1000)
		lemo_buf_addf(buf, "%"PRIu64".%"PRIu64" s", msecs / 1000,
			      msecs % 1000 / 100);
	else
		lemo_buf_addf(buf, "%"PRIu64" s", msecs / 1000);
}

static bool is_arrival(const char *type)
{
	return strcmp(type, "MessageNew") == 0 ||
		strcmp(type, "MessageAppend") == 0;
}

static void event_words(const struct lemo_trace_record *record,
			struct lemo_buf *buf)
{
	const char *type = record->type == NULL ? "event" : record->type;

	lemo_buf_adds(buf, type);
	if (record->flag_names != NULL && !is_arrival(type))
		lemo_buf_addf(buf, " (%s)", record->flag_names);
	if (record->mailbox != NULL)
		lemo_buf_addf(buf, " %s", record->mailbox);
	if (record->uid != 0)
		lemo_buf_addf(buf, " UID %"PRIu64, record->uid);
	else if (record->uidset != NULL)
		lemo_buf_addf(buf, " UIDs %s", record->uidset);
	if (record->service != NULL) {
		lemo_buf_addf(buf, "%s by %s", is_arrival(type) ?
			      " arrived" : "", record->service);
	}
	if (record->message_id != NULL)
		lemo_buf_addf(buf, ", Message-ID %s", record->message_id);
	if (record->feed)
		lemo_buf_adds(buf, "; the feed gets it");
}

static void held_back_reason(const struct lemo_trace_record *record,
			     struct lemo_buf *buf)
{
	const char *reason = record->reason == NULL ? "?" : record->reason;
	size_t i;

	if (strcmp(reason, "filter") == 0) {
		lemo_buf_addf(buf, "filter `%s' does not match",
			      record->detail == NULL ? "?" : record->detail);
		return;
	}
	for (i = 0; i < sizeof(held_back_words) / sizeof(held_back_words[0]);
	     i++) {
		if (strcmp(held_back_words[i].reason, reason) == 0)
			break;
	}
	lemo_buf_adds(buf, i == sizeof(held_back_words) /
		      sizeof(held_back_words[0]) ? reason :
		      held_back_words[i].words);
	if (record->detail != NULL)
		lemo_buf_addf(buf, " (%s)", record->detail);
}

static void held_back_words_add(const struct lemo_trace_record *record,
				struct lemo_buf *buf)
{
	/* it is sent all the same */
	if (record->reason != NULL && strcmp(record->reason, "ceiling") == 0) {
		lemo_buf_adds(buf, "is told less than it asks for: "
			      "the channel's payload ceiling");
		return;
	}
	lemo_buf_adds(buf, "held back: ");
	held_back_reason(record, buf);
}

static void resumed_words(const struct lemo_trace_record *record,
			  struct lemo_buf *buf)
{
	if (record->reason == NULL)
		return;
	lemo_buf_addf(buf, " with all that was held back before (%s)",
		      record->reason);
}

static void wait_words(const struct lemo_trace_record *record,
		       struct lemo_buf *buf)
{
	if (record->wait == 0)
		return;
	lemo_buf_adds(buf, ", waits ");
	add_secs(buf, record->wait);
	if (record->detail != NULL)
		lemo_buf_addf(buf, " (%s)", record->detail);
}

static void sent_words(const struct lemo_trace_record *record,
		       struct lemo_buf *buf)
{
	lemo_buf_adds(buf, "sent");
	if (record->where != NULL)
		lemo_buf_addf(buf, " to %s", record->where);
	if (record->events > 1)
		lemo_buf_addf(buf, " for %"PRIu64" events", record->events);
	lemo_buf_addf(buf, ", answered %s in ",
		      record->result == NULL ? "?" : record->result);
	add_secs(buf, record->msecs);
	if (record->wait != 0) {
		lemo_buf_addf(buf, "; try %"PRIu64" failed, the next one in ",
			      record->tries);
		add_secs(buf, record->wait);
	}
	if (record->reason != NULL)
		lemo_buf_addf(buf, "; %s", record->reason);
}

void lemo_trace_words(const struct lemo_trace_record *record,
		      struct lemo_buf *buf)
{
	switch (record->kind) {
	case LEMO_TRACE_EVENT:
		event_words(record, buf);
		break;
	case LEMO_TRACE_HELD_BACK:
		held_back_words_add(record, buf);
		break;
	case LEMO_TRACE_QUEUED:
		lemo_buf_adds(buf, "queued");
		resumed_words(record, buf);
		wait_words(record, buf);
		break;
	case LEMO_TRACE_MERGED:
		lemo_buf_addf(buf, "joins a push that waits (%"PRIu64
			      " events now)", record->events);
		resumed_words(record, buf);
		break;
	case LEMO_TRACE_SENT:
		sent_words(record, buf);
		break;
	case LEMO_TRACE_NOT_SENT:
		lemo_buf_addf(buf, "not sent: %s", record->reason == NULL ?
			      "?" : record->reason);
		break;
	case LEMO_TRACE_NOTE:
		lemo_buf_adds(buf, record->reason == NULL ? "?" :
			      record->reason);
		break;
	}
}
