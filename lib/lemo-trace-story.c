#include "lemo-trace-story.h"

#include <stdlib.h>
#include <string.h>

#include "lemo-banned.h"

/* A message whose story is told. */
struct message {
	char *user;
	uint64_t mailbox_key, uid;
};

/* The row of a device, as far as it concerns us. */
struct row {
	char *user, *device;
	/* one of our events waits in it since this generation */
	bool waits;
	uint64_t generation;
	/* why one of our events is kept back, NULL if none is */
	char *held_back;
};

struct lemo_trace_story {
	struct lemo_trace_query query;
	char **events; /* ids */
	struct message *messages;
	struct row *rows;
	size_t events_count, messages_count, rows_count;
};

static char *copy_str(const char *str)
{
	size_t size = strlen(str) + 1;
	char *copy = malloc(size);

	if (copy != NULL)
		memcpy(copy, str, size);
	return copy;
}

struct lemo_trace_story *
lemo_trace_story_init(const struct lemo_trace_query *query)
{
	struct lemo_trace_story *story = calloc(1, sizeof(*story));

	if (story == NULL)
		return NULL;
	story->query = *query;
	story->events = calloc(LEMO_TRACE_STORY_MAX, sizeof(*story->events));
	story->messages = calloc(LEMO_TRACE_STORY_MAX,
				 sizeof(*story->messages));
	story->rows = calloc(LEMO_TRACE_STORY_MAX, sizeof(*story->rows));
	if (story->events == NULL || story->messages == NULL ||
	    story->rows == NULL)
		lemo_trace_story_deinit(&story);
	return story;
}

static void row_free(struct row *row)
{
	free(row->user);
	free(row->device);
	free(row->held_back);
}

void lemo_trace_story_deinit(struct lemo_trace_story **_story)
{
	struct lemo_trace_story *story = *_story;
	size_t i;

	*_story = NULL;
	for (i = 0; i < story->events_count; i++)
		free(story->events[i]);
	for (i = 0; i < story->messages_count; i++)
		free(story->messages[i].user);
	for (i = 0; i < story->rows_count; i++)
		row_free(&story->rows[i]);
	free(story->events);
	free(story->messages);
	free(story->rows);
	free(story);
}

static bool is_same(const char *str1, const char *str2)
{
	return str1 != NULL && str2 != NULL && strcmp(str1, str2) == 0;
}

static size_t strip_id(const char **id)
{
	size_t len;

	if (**id == '<')
		(*id)++;
	len = strlen(*id);
	return len > 0 && (*id)[len - 1] == '>' ? len - 1 : len;
}

static bool message_id_is(const char *id1, const char *id2)
{
	size_t len1, len2;

	if (id1 == NULL)
		return false;
	len1 = strip_id(&id1);
	len2 = strip_id(&id2);
	return len1 == len2 && memcmp(id1, id2, len1) == 0;
}

/* Is uid in a set as "1:5,7"? */
static bool set_has_uid(const char *set, uint64_t uid)
{
	char *end;
	unsigned long long first, last;

	while (set != NULL && *set >= '0' && *set <= '9') {
		first = last = strtoull(set, &end, 10);
		if (*end == ':')
			last = strtoull(end + 1, &end, 10);
		if (uid >= first && uid <= last)
			return true;
		set = *end == ',' ? end + 1 : NULL;
	}
	return false;
}

static bool
is_about(const struct lemo_trace_record *record, const struct message *message)
{
	return record->mailbox_key == message->mailbox_key &&
		(record->uid == message->uid ||
		 set_has_uid(record->uidset, message->uid)) &&
		is_same(record->user, message->user);
}

static bool event_matches(const struct lemo_trace_story *story,
			  const struct lemo_trace_record *record)
{
	size_t i;

	if (message_id_is(record->message_id, story->query.message_id))
		return true;
	for (i = 0; i < story->messages_count; i++) {
		if (is_about(record, &story->messages[i]))
			return true;
	}
	return false;
}

static void follow_message(struct lemo_trace_story *story,
			   const struct lemo_trace_record *record)
{
	struct message *message = &story->messages[story->messages_count];

	if (record->mailbox_key == 0 || record->uid == 0 ||
	    record->message_id == NULL ||
	    story->messages_count == LEMO_TRACE_STORY_MAX)
		return;
	message->user = copy_str(record->user);
	message->mailbox_key = record->mailbox_key;
	message->uid = record->uid;
	if (message->user != NULL)
		story->messages_count++;
}

static void follow_event(struct lemo_trace_story *story,
			 const struct lemo_trace_record *record)
{
	char *id;

	if (record->event_id == NULL ||
	    story->events_count == LEMO_TRACE_STORY_MAX)
		return;
	id = copy_str(record->event_id);
	if (id != NULL)
		story->events[story->events_count++] = id;
	follow_message(story, record);
}

static bool event_is_followed(const struct lemo_trace_story *story,
			      const char *id)
{
	size_t i;

	for (i = story->events_count; i > 0; i--) {
		if (is_same(story->events[i - 1], id))
			return true;
	}
	return false;
}

static struct row *row_find(const struct lemo_trace_story *story,
			    const struct lemo_trace_record *record)
{
	size_t i;

	for (i = 0; i < story->rows_count; i++) {
		if (is_same(story->rows[i].user, record->user) &&
		    is_same(story->rows[i].device, record->device))
			return &story->rows[i];
	}
	return NULL;
}

static struct row *row_add(struct lemo_trace_story *story,
			   const struct lemo_trace_record *record)
{
	struct row *row = &story->rows[story->rows_count];

	if (record->device == NULL ||
	    story->rows_count == LEMO_TRACE_STORY_MAX)
		return NULL;
	memset(row, 0, sizeof(*row));
	row->user = copy_str(record->user);
	row->device = copy_str(record->device);
	if (row->user == NULL || row->device == NULL) {
		row_free(row);
		return NULL;
	}
	story->rows_count++;
	return row;
}

static void row_forget(struct lemo_trace_story *story, struct row *row)
{
	row_free(row);
	*row = story->rows[--story->rows_count];
}

/* One of our events is, or was, in the row. */
static bool row_is_ours(const struct row *row,
			const struct lemo_trace_record *record)
{
	return row != NULL && row->waits && record->generation != 0;
}

/* The event is kept back, or all that is in the row. */
static bool held_back(struct lemo_trace_story *story, struct row *row,
		      const struct lemo_trace_record *record, bool ours)
{
	if (!ours && !row_is_ours(row, record))
		return false;
	if (row == NULL)
		row = row_add(story, record);
	/* that a later event is kept back does not take ours out of its row */
	if (row == NULL || record->reason == NULL ||
	    (row->waits && record->generation == 0))
		return true;
	free(row->held_back);
	row->held_back = copy_str(record->reason);
	return true;
}

/* It goes, or another that takes along what was kept back. */
static bool joins(struct lemo_trace_story *story, struct row *row,
		  const struct lemo_trace_record *record, bool ours)
{
	if (!ours && (row == NULL || row->held_back == NULL ||
		      !is_same(row->held_back, record->reason)))
		return false;
	if (row == NULL)
		row = row_add(story, record);
	if (row == NULL)
		return true;
	row->waits = true;
	row->generation = record->generation;
	free(row->held_back);
	row->held_back = NULL;
	return true;
}

/* Nothing more will come of what was in the row, or was kept back. */
static void row_end(struct lemo_trace_story *story, struct row *row,
		    const struct lemo_trace_record *record)
{
	if (row->waits ? record->generation != 0 &&
	    row->generation <= record->generation : record->generation == 0)
		row_forget(story, row);
}

/* A line about a device: is it about one of our events? */
static bool row_matches(struct lemo_trace_story *story,
			const struct lemo_trace_record *record)
{
	struct row *row = row_find(story, record);
	bool ours = event_is_followed(story, record->event_id);

	switch (record->kind) {
	case LEMO_TRACE_HELD_BACK:
		return held_back(story, row, record, ours);
	case LEMO_TRACE_QUEUED:
	case LEMO_TRACE_MERGED:
		return joins(story, row, record, ours);
	default:
		break;
	}
	if (!ours && !row_is_ours(row, record))
		return false;
	if (record->final && row != NULL)
		row_end(story, row, record);
	return true;
}

static bool device_matches(const struct lemo_trace_story *story,
			   const struct lemo_trace_record *record)
{
	return story->query.device == NULL ||
		is_same(story->query.device, record->device);
}

static enum lemo_trace_verdict
event_verdict(struct lemo_trace_story *story,
	      const struct lemo_trace_record *record)
{
	if (story->query.message_id != NULL) {
		if (!event_matches(story, record))
			return LEMO_TRACE_SKIP;
		follow_event(story, record);
	}
	return story->query.device == NULL ? LEMO_TRACE_TAKE :
		LEMO_TRACE_HOLD;
}

enum lemo_trace_verdict
lemo_trace_story_next(struct lemo_trace_story *story,
		      const struct lemo_trace_record *record)
{
	if (story->query.user != NULL &&
	    !is_same(story->query.user, record->user))
		return LEMO_TRACE_SKIP;
	if (record->kind == LEMO_TRACE_EVENT)
		return event_verdict(story, record);
	if (story->query.message_id != NULL && !row_matches(story, record))
		return LEMO_TRACE_SKIP;
	return device_matches(story, record) ? LEMO_TRACE_TAKE :
		LEMO_TRACE_SKIP;
}
