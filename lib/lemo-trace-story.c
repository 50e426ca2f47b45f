#include "lemo-trace-story.h"

#include <stdlib.h>
#include <string.h>

#include "lemo-banned.h"

/* A message whose story is told. */
struct message {
	char *user;
	uint64_t mailbox_key, uid;
};

struct row {
	char *user, *device;
	uint64_t generation;
	/* why our event is kept back; not in a row yet */
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

static void row_set_held(struct row *row,
			 const struct lemo_trace_record *record)
{
	free(row->held_back);
	row->held_back = record->kind == LEMO_TRACE_HELD_BACK &&
		record->reason != NULL ? copy_str(record->reason) : NULL;
}

static void row_join(struct row *row, const struct lemo_trace_record *record)
{
	/* that a later event is held back does not take ours out of its row */
	if (record->kind == LEMO_TRACE_HELD_BACK && row->held_back == NULL)
		return;
	row->generation = record->generation;
	row_set_held(row, record);
}

static void row_follow(struct lemo_trace_story *story,
		       const struct lemo_trace_record *record)
{
	struct row *row = row_find(story, record);

	if (row != NULL) {
		row_join(row, record);
		return;
	}
	if (record->device == NULL ||
	    story->rows_count == LEMO_TRACE_STORY_MAX)
		return;
	row = &story->rows[story->rows_count];
	row->user = copy_str(record->user);
	row->device = copy_str(record->device);
	row->generation = record->generation;
	row->held_back = NULL;
	row_set_held(row, record);
	if (row->user == NULL || row->device == NULL)
		row_free(row);
	else
		story->rows_count++;
}

static void row_forget(struct lemo_trace_story *story, struct row *row)
{
	row_free(row);
	*row = story->rows[--story->rows_count];
}

/* It goes, or it is kept back, perhaps for later. */
static bool joins(const struct lemo_trace_record *record)
{
	return record->kind == LEMO_TRACE_QUEUED ||
		record->kind == LEMO_TRACE_MERGED ||
		(record->kind == LEMO_TRACE_HELD_BACK &&
		 record->generation == 0 && record->reason != NULL);
}

/* Another event takes ours along, which was kept back. */
static bool row_resumes(struct row *row,
			const struct lemo_trace_record *record)
{
	if (!is_same(row->held_back, record->reason) ||
	    record->kind == LEMO_TRACE_HELD_BACK)
		return false;
	row_join(row, record);
	return true;
}

/* A line about a device's row: does one of our events wait in it? */
static bool row_matches(struct lemo_trace_story *story,
			const struct lemo_trace_record *record)
{
	struct row *row = row_find(story, record);
	bool ours = event_is_followed(story, record->event_id);

	if (joins(record)) {
		if (ours)
			row_follow(story, record);
		return ours || (row != NULL && row_resumes(row, record));
	}
	if (!ours && (row == NULL || row->held_back != NULL ||
		      record->generation == 0))
		return false;
	if (record->final && row != NULL && row->held_back == NULL &&
	    row->generation <= record->generation)
		row_forget(story, row);
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
