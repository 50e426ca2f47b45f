#ifndef LEMO_TRACE_STORY_H
#define LEMO_TRACE_STORY_H

/*
 * Which lines of a trace belong to the story that was asked for. Give it the
 * records of one uid in the order in which they were written. An event's own
 * lines name it; a push may speak for several events, so that the story
 * follows the event's row until it is done; and what happens to a message
 * later (it is read, deleted) belongs to its story too.
 */

#include "lemo-trace.h"

/* Events, and rows, that one story follows; more are left out. */
#define LEMO_TRACE_STORY_MAX 1024

/* Strings are NULL if it does not matter; they must outlive the story. */
struct lemo_trace_query {
	const char *message_id; /* with or without its <> */
	const char *user;
	const char *device;
};

enum lemo_trace_verdict {
	LEMO_TRACE_SKIP,
	LEMO_TRACE_TAKE,
	/* An event that belongs to it if a later record, before the next
	   event, gives LEMO_TRACE_TAKE with the same event_id. */
	LEMO_TRACE_HOLD
};

struct lemo_trace_story;

/* NULL: out of memory. */
struct lemo_trace_story *
lemo_trace_story_init(const struct lemo_trace_query *query);
void lemo_trace_story_deinit(struct lemo_trace_story **story);

enum lemo_trace_verdict
lemo_trace_story_next(struct lemo_trace_story *story,
		      const struct lemo_trace_record *record);

#endif
