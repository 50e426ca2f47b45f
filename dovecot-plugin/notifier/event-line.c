#include "lib.h"
#include "array.h"
#include "seq-range-array.h"
#include "imap-seqset.h"
#include "lemo-subscription.h"
#include "event-line.h"

#define FNV_OFFSET 14695981039346656037ULL
#define FNV_PRIME 1099511628211ULL

#define ABOUT_RUNG (LEMO_EVENT_MASK(LEMO_EVENT_MESSAGE_EXPIRE) | \
	LEMO_EVENT_MASK(LEMO_EVENT_MESSAGE_EXPUNGE) | \
	LEMO_EVENT_MASK(LEMO_EVENT_MESSAGE_READ) | \
	LEMO_EVENT_MASK(LEMO_EVENT_MESSAGE_TRASH) | \
	LEMO_EVENT_MASK(LEMO_EVENT_FLAGS_SET) | \
	LEMO_EVENT_MASK(LEMO_EVENT_FLAGS_CLEAR))
#define ENDS_ALERT (LEMO_EVENT_MASK(LEMO_EVENT_MESSAGE_EXPIRE) | \
	LEMO_EVENT_MASK(LEMO_EVENT_MESSAGE_EXPUNGE) | \
	LEMO_EVENT_MASK(LEMO_EVENT_MESSAGE_READ) | \
	LEMO_EVENT_MASK(LEMO_EVENT_MESSAGE_TRASH))

struct event_line *event_line_parse(const void *data, size_t len,
				    const char **error_r)
{
	struct event_line *line = i_malloc(sizeof(*line) + len + 1);

	memcpy(line->data, data, len);
	if (lemo_event_decode(line->data, len, &line->event, error_r) < 0) {
		i_free(line);
		return NULL;
	}
	line->refcount = 1;
	return line;
}

void event_line_ref(struct event_line *line)
{
	i_assert(line->refcount > 0);
	line->refcount++;
}

void event_line_unref(struct event_line **_line)
{
	struct event_line *line = *_line;

	*_line = NULL;
	if (line != NULL && --line->refcount == 0)
		i_free(line);
}

bool event_is_arrival(const struct lemo_event *event)
{
	return event->type == LEMO_EVENT_MESSAGE_NEW ||
		event->type == LEMO_EVENT_MESSAGE_APPEND;
}

bool event_is_about_rung(const struct lemo_event *event)
{
	return (LEMO_EVENT_MASK(event->type) & ABOUT_RUNG) != 0;
}

bool event_ends_alert(const struct lemo_event *event)
{
	/* with lemonade_simple_flag_events = no */
	if (event->type == LEMO_EVENT_FLAGS_SET && event->flag_names != NULL) {
		return strstr(event->flag_names, "\\Seen") != NULL ||
			strstr(event->flag_names, "\\Deleted") != NULL;
	}
	return (LEMO_EVENT_MASK(event->type) & ENDS_ALERT) != 0;
}

/* FNV-1a, the NUL included */
static uint64_t hash_str(uint64_t hash, const char *str)
{
	do
		hash = (hash ^ (unsigned char)*str) * FNV_PRIME;
	while (*str++ != '\0');
	return hash;
}

int64_t event_mailbox_key(const struct lemo_event *event)
{
	uint64_t hash = FNV_OFFSET;

	if (event->mailbox_guid != NULL)
		hash = hash_str(hash, event->mailbox_guid);
	else if (event->mailbox != NULL)
		hash = hash_str(hash, event->mailbox);
	else
		return 0;
	return (hash ^ event->uidvalidity) * FNV_PRIME;
}

int64_t event_ring_key(const struct lemo_event *event)
{
	if (event->session == NULL || event->message_id == NULL ||
	    event->type != LEMO_EVENT_MESSAGE_NEW)
		return 0;
	return hash_str(hash_str(FNV_OFFSET, event->session),
			event->message_id);
}

bool event_has_uid(const struct lemo_event *event, uint32_t uid)
{
	bool found = FALSE;

	if (uid == 0)
		return FALSE;
	if (event->uid == uid)
		return TRUE;
	if (event->uidset == NULL)
		return FALSE;
	T_BEGIN {
		ARRAY_TYPE(seq_range) uids;

		t_array_init(&uids, 16);
		found = imap_seq_set_nostar_parse(event->uidset, &uids) == 0 &&
			seq_range_exists(&uids, uid);
	} T_END;
	return found;
}

uint32_t event_ttl(const struct lemo_event *event,
		   const struct lemo_subscription *sub)
{
	return event->notify_ttl != 0 ? event->notify_ttl : sub->ttl;
}
