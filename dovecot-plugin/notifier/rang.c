#include "lib.h"
#include "array.h"
#include "seq-range-array.h"
#include "imap-seqset.h"
#include "rang.h"
#include "event-line.h"
#include "notifier.h"
#include "notify-clock.h"
#include "outbox.h"

/* Entries in the log before it is folded into the indexed table: about 20 ms
   of work then, and one dirty page a device instead of one an event. */
#define RANG_LOG_MAX 4096
/* A device's surplus is looked for in each 16th fold. */
#define RANG_TRIM_EVERY 16
#define RANG_RING_MSECS (3600 * 1000)

struct rang_entry {
	int64_t device, mailbox, ring, at;
	uint32_t uid;
};

struct rang {
	struct notifier *notifier;
	ARRAY(struct rang_entry) log;
	unsigned int folds;
};

struct rang *rang_init(struct notifier *notifier)
{
	struct rang *rang = i_new(struct rang, 1);

	rang->notifier = notifier;
	i_array_init(&rang->log, 64);
	return rang;
}

void rang_deinit(struct rang **_rang)
{
	struct rang *rang = *_rang;

	*_rang = NULL;
	array_free(&rang->log);
	i_free(rang);
}

int rang_load(struct rang *rang)
{
	struct outbox *outbox = rang->notifier->outbox;
	sqlite3_stmt *stmt = outbox_query(outbox, OUTBOX_RANG_LOG_LOAD, "");
	struct rang_entry *entry;
	int ret;

	array_clear(&rang->log);
	while ((ret = outbox_row(outbox, stmt)) > 0) {
		entry = array_append_space(&rang->log);
		entry->device = sqlite3_column_int64(stmt, 0);
		entry->mailbox = sqlite3_column_int64(stmt, 1);
		entry->uid = sqlite3_column_int64(stmt, 2);
		entry->ring = sqlite3_column_int64(stmt, 3);
		entry->at = sqlite3_column_int64(stmt, 4);
	}
	outbox_done(stmt);
	return ret;
}

static void rang_add_uid(struct rang *rang, int64_t device, int64_t mailbox,
			 uint32_t uid, int64_t ring)
{
	struct rang_entry entry = {
		.device = device, .mailbox = mailbox, .uid = uid,
		.ring = ring, .at = notify_clock_msecs()
	};

	if (outbox_run(rang->notifier->outbox, OUTBOX_RANG_LOG_ADD, "iiiii",
		       device, mailbox, (int64_t)uid, ring, entry.at) >= 0)
		array_push_back(&rang->log, &entry);
}

/* The latest of the set, if there are more than are remembered. */
static void rang_add_set(struct rang *rang, int64_t device, int64_t mailbox,
			 const char *uidset)
{
	ARRAY_TYPE(seq_range) uids;
	struct seq_range_iter iter;
	unsigned int n;
	uint32_t uid;

	t_array_init(&uids, 16);
	if (imap_seq_set_nostar_parse(uidset, &uids) < 0)
		return;
	n = seq_range_count(&uids);
	n = n <= RANG_PER_DEVICE ? 0 : n - RANG_PER_DEVICE;
	seq_range_array_iter_init(&iter, &uids);
	while (seq_range_array_iter_nth(&iter, n++, &uid))
		rang_add_uid(rang, device, mailbox, uid, 0);
}

void rang_add(struct rang *rang, int64_t device,
	      const struct lemo_event *event, int64_t ring)
{
	int64_t mailbox = event_mailbox_key(event);

	if (event->uid != 0)
		rang_add_uid(rang, device, mailbox, event->uid, ring);
	else if (event->uidset != NULL) T_BEGIN {
		rang_add_set(rang, device, mailbox, event->uidset);
	} T_END;
}

static bool event_in_log(const struct rang *rang, int64_t device,
			 int64_t mailbox, const ARRAY_TYPE(seq_range) *uids)
{
	const struct rang_entry *entry;

	array_foreach(&rang->log, entry) {
		if (entry->device == device && entry->mailbox == mailbox &&
		    seq_range_exists(uids, entry->uid))
			return TRUE;
	}
	return FALSE;
}

static bool event_in_table(const struct rang *rang, int64_t device,
			   int64_t mailbox, const ARRAY_TYPE(seq_range) *uids)
{
	struct outbox *outbox = rang->notifier->outbox;
	sqlite3_stmt *stmt;
	bool found = FALSE;

	stmt = outbox_query(outbox, OUTBOX_RANG_UIDS, "ii", device, mailbox);
	while (!found && outbox_row(outbox, stmt) > 0) {
		found = seq_range_exists(uids,
					 sqlite3_column_int64(stmt, 0));
	}
	outbox_done(stmt);
	return found;
}

bool rang_has(struct rang *rang, int64_t device,
	      const struct lemo_event *event)
{
	int64_t mailbox = event_mailbox_key(event);
	bool found = FALSE;

	T_BEGIN {
		ARRAY_TYPE(seq_range) uids;

		t_array_init(&uids, 16);
		if (event->uid != 0)
			seq_range_array_add(&uids, event->uid);
		if (event->uidset == NULL ||
		    imap_seq_set_nostar_parse(event->uidset, &uids) == 0) {
			found = event_in_log(rang, device, mailbox, &uids) ||
				event_in_table(rang, device, mailbox, &uids);
		}
	} T_END;
	return found;
}

void rang_remove(struct rang *rang, int64_t device, int64_t mailbox,
		 uint32_t uid)
{
	struct outbox *outbox = rang->notifier->outbox;
	struct rang_entry *entry;

	(void)outbox_run(outbox, OUTBOX_RANG_REMOVE, "iii", device, mailbox,
			 (int64_t)uid);
	(void)outbox_run(outbox, OUTBOX_RANG_LOG_REMOVE, "iii", device,
			 mailbox, (int64_t)uid);
	array_foreach_modifiable(&rang->log, entry) {
		if (entry->device == device && entry->mailbox == mailbox &&
		    entry->uid == uid)
			entry->device = 0;
	}
}

unsigned int rang_get_rings(struct rang *rang, int64_t device,
			    int64_t *rings_r, unsigned int max)
{
	struct outbox *outbox = rang->notifier->outbox;
	int64_t since = notify_clock_msecs() - RANG_RING_MSECS;
	const struct rang_entry *entries;
	unsigned int i, count = 0;
	sqlite3_stmt *stmt;

	entries = array_get(&rang->log, &i);
	while (i-- > 0 && count < max) {
		if (entries[i].device == device && entries[i].ring != 0)
			rings_r[count++] = entries[i].ring;
	}
	stmt = outbox_query(outbox, OUTBOX_RANG_RINGS, "iii", device, since,
			    (int64_t)(max - count));
	while (count < max && outbox_row(outbox, stmt) > 0)
		rings_r[count++] = sqlite3_column_int64(stmt, 0);
	outbox_done(stmt);
	return count;
}

void rang_forget(struct rang *rang, int64_t device)
{
	struct outbox *outbox = rang->notifier->outbox;
	struct rang_entry *entry;

	(void)outbox_run(outbox, OUTBOX_RANG_DELETE, "i", device);
	(void)outbox_run(outbox, OUTBOX_RANG_LOG_DELETE, "i", device);
	array_foreach_modifiable(&rang->log, entry) {
		if (entry->device == device)
			entry->device = 0;
	}
}

static void rang_trim(struct rang *rang)
{
	const struct rang_entry *entry;
	int64_t last = 0;

	array_foreach(&rang->log, entry) {
		if (entry->device == last ||
		    entry->device % RANG_TRIM_EVERY !=
		    rang->folds % RANG_TRIM_EVERY)
			continue;
		last = entry->device;
		(void)outbox_run(rang->notifier->outbox, OUTBOX_RANG_TRIM,
				 "ii", last, (int64_t)RANG_PER_DEVICE - 1);
	}
}

void rang_maintain(struct rang *rang, bool idle)
{
	struct outbox *outbox = rang->notifier->outbox;

	if (array_count(&rang->log) < (idle ? 1 : RANG_LOG_MAX))
		return;
	if (outbox_run(outbox, OUTBOX_RANG_FOLD, "") < 0)
		return;
	rang_trim(rang);
	rang->folds++;
	if (outbox_run(outbox, OUTBOX_RANG_LOG_EMPTY, "") >= 0)
		array_clear(&rang->log);
}
