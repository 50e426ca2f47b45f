#include "lib.h"
#include "array.h"
#include "ioloop.h"
#include "seq-range-array.h"
#include "imap-seqset.h"
#include "account.h"
#include "device.h"
#include "event-line.h"
#include "held.h"
#include "ingest.h"
#include "ingest-event.h"
#include "lemonade-settings.h"
#include "notifier.h"
#include "notify-clock.h"
#include "outbox.h"
#include "presence.h"
#include "quiet.h"
#include "rang.h"
#include "target.h"
#include "trace.h"
#include "user.h"

/* How often it is looked which quiet hours are over; the end of one is on a
   full minute. */
#define TICK_MSECS 500
/* Devices looked at in one transaction, and transactions at a time. */
#define RELEASE_MAX 100
#define TICK_RELEASES 10
/* The clock was set, if it differs from the outbox's by so much more than it
   did. */
#define CLOCK_STEP_MSECS 1000

struct held {
	struct notifier *notifier;
	struct timeout *to_tick;
	/* outbox time; INT64_MAX = nothing is held */
	int64_t next_due;
	/* what the wall clock is ahead of the outbox's, as times that are
	   due were reckoned; ms */
	int64_t ahead;
};

/* A device whose time has come. */
struct held_device {
	int64_t id;
	uint32_t uid;
	const char *user, *name; /* NULL: it is gone */
};
ARRAY_DEFINE_TYPE(held_device, struct held_device);

static void held_tick(struct held *held);

struct held *held_init(struct notifier *notifier)
{
	struct held *held = i_new(struct held, 1);

	held->notifier = notifier;
	held->next_due = INT64_MAX;
	held->to_tick = timeout_add_short(TICK_MSECS, held_tick, held);
	return held;
}

void held_deinit(struct held **_held)
{
	struct held *held = *_held;

	*_held = NULL;
	timeout_remove(&held->to_tick);
	i_free(held);
}

static int held_load_next(struct held *held)
{
	struct outbox *outbox = held->notifier->outbox;
	sqlite3_stmt *stmt = outbox_query(outbox, OUTBOX_QUIET_NEXT, "");
	int ret = outbox_row(outbox, stmt);

	held->next_due = INT64_MAX;
	if (ret > 0 && sqlite3_column_type(stmt, 0) != SQLITE_NULL)
		held->next_due = sqlite3_column_int64(stmt, 0);
	outbox_done(stmt);
	return ret < 0 ? -1 : 0;
}

int held_load(struct held *held)
{
	struct outbox *outbox = held->notifier->outbox;
	sqlite3_stmt *stmt;
	int ret;

	held->ahead = 0;
	stmt = outbox_query(outbox, OUTBOX_META_GET, "s", "ahead");
	ret = outbox_row(outbox, stmt);
	if (ret > 0)
		held->ahead = sqlite3_column_int64(stmt, 0);
	outbox_done(stmt);
	return ret < 0 ? -1 : held_load_next(held);
}

int held_load_device(struct held *held, struct device *device)
{
	struct outbox *outbox = held->notifier->outbox;
	sqlite3_stmt *stmt;
	int ret;

	stmt = outbox_query(outbox, OUTBOX_HELD_COUNT, "i", device->id);
	ret = outbox_row(outbox, stmt);
	if (ret > 0) {
		device->held_rows = sqlite3_column_int(stmt, 0);
		device->held_events = sqlite3_column_int(stmt, 1);
	}
	outbox_done(stmt);
	return ret < 0 ? -1 : 0;
}

static void set_due(struct held *held, const struct device *device,
		    int64_t due)
{
	(void)outbox_run(held->notifier->outbox, OUTBOX_QUIET_SET, "ii",
			 device->id, due);
	if (due < held->next_due)
		held->next_due = due;
}

/* The wall clock's second in the outbox's time. */
static int64_t due_at(int64_t wall_secs)
{
	return notify_clock_msecs() + wall_secs * 1000 -
		notify_clock_wall_msecs();
}

/*
 * What comes
 */

/* Whether a message gets a row of its own, to be taken out again. */
static bool has_room(const struct held *held, const struct device *device,
		     const struct held_event *add)
{
	return add->events == 1 && add->event->uid != 0 &&
		event_is_arrival(add->event) &&
		device->held_rows < HELD_PER_DEVICE &&
		device->user->account->held <
			held->notifier->set->lemonade_outbox_limit;
}

static void held_insert(struct held *held, struct device *device,
			const struct held_event *add, bool alone)
{
	if (outbox_run(held->notifier->outbox, OUTBOX_HELD_ADD, "iiiiib",
		       device->id,
		       alone ? event_mailbox_key(add->event) : 0,
		       alone ? (int64_t)add->event->uid : 0,
		       (int64_t)add->class, (int64_t)add->events,
		       add->data, add->len) < 0)
		return;
	device->held_rows++;
	device->user->account->held++;
}

/* One more in the row of those that have none of their own. */
static void held_merge(struct held *held, struct device *device,
		       const struct held_event *add)
{
	if (outbox_run(held->notifier->outbox, OUTBOX_HELD_MERGE, "iiib",
		       device->id, (int64_t)add->class, (int64_t)add->events,
		       add->data, add->len) == 0)
		held_insert(held, device, add, FALSE);
	/* it cannot be taken back any more: it will ring */
	if (event_is_arrival(add->event)) {
		rang_add(held->notifier->rang, device->id, add->event,
			 event_ring_key(add->event));
	}
}

void held_add(struct held *held, struct device *device,
	      const struct held_event *add)
{
	if (device->held_rows == 0)
		set_due(held, device, due_at(add->until));
	if (has_room(held, device, add))
		held_insert(held, device, add, TRUE);
	else
		held_merge(held, device, add);
	device->held_events += add->events;
}

/* The row as it is by now: others may have been merged with it. */
static bool held_take(struct held *held, struct device *device,
		      const struct event_line *line, sqlite3_stmt *stmt)
{
	struct held_event add = {
		.event = &line->event,
		.class = device->row_class, .events = device->events,
		.data = sqlite3_column_blob(stmt, 6),
		.len = sqlite3_column_bytes(stmt, 6)
	};

	add.until = quiet_holds(held->notifier->quiet, device->target,
				add.event);
	if (add.until == 0)
		return FALSE;
	held_add(held, device, &add);
	return TRUE;
}

bool held_take_row(struct held *held, struct device *device)
{
	struct outbox *outbox = held->notifier->outbox;
	struct event_line *line = NULL;
	sqlite3_stmt *stmt;
	const char *error;
	bool taken = FALSE;

	stmt = outbox_query(outbox, OUTBOX_PENDING_GET, "i", device->id);
	if (device->target != NULL && outbox_row(outbox, stmt) > 0) {
		line = event_line_parse(sqlite3_column_blob(stmt, 6),
					sqlite3_column_bytes(stmt, 6), &error);
	}
	if (line != NULL)
		taken = held_take(held, device, line, stmt);
	outbox_done(stmt);
	event_line_unref(&line);
	return taken;
}

/*
 * What goes
 */

static void held_empty(struct held *held, struct device *device)
{
	(void)outbox_run(held->notifier->outbox, OUTBOX_QUIET_DELETE, "i",
			 device->id);
	device->user->account->held -= device->held_rows;
	device->held_rows = device->held_events = 0;
}

void held_forget(struct held *held, struct device *device)
{
	if (device->held_rows == 0)
		return;
	(void)outbox_run(held->notifier->outbox, OUTBOX_HELD_DELETE, "i",
			 device->id);
	held_empty(held, device);
}

static void held_remove(struct held *held, struct device *device,
			unsigned int rows)
{
	if (rows == device->held_rows) {
		held_empty(held, device);
		return;
	}
	/* each of them is one message */
	device->held_rows -= rows;
	device->held_events -= rows;
	device->user->account->held -= rows;
}

static void event_get_uids(const struct lemo_event *event,
			   ARRAY_TYPE(seq_range) *uids)
{
	if (event->uidset == NULL ||
	    imap_seq_set_nostar_parse(event->uidset, uids) < 0)
		array_clear(uids);
	if (event->uid != 0)
		seq_range_array_add(uids, event->uid);
}

/* Those of the UIDs that are held. */
static void held_get_uids(struct held *held, const struct device *device,
			  int64_t mailbox, const ARRAY_TYPE(seq_range) *uids,
			  ARRAY_TYPE(uint32_t) *found)
{
	struct outbox *outbox = held->notifier->outbox;
	sqlite3_stmt *stmt;
	uint32_t uid;

	stmt = outbox_query(outbox, OUTBOX_HELD_UIDS, "ii", device->id,
			    mailbox);
	while (outbox_row(outbox, stmt) > 0) {
		uid = sqlite3_column_int64(stmt, 0);
		if (seq_range_exists(uids, uid))
			array_push_back(found, &uid);
	}
	outbox_done(stmt);
}

static void held_remove_uids(struct held *held, struct device *device,
			     int64_t mailbox, const ARRAY_TYPE(uint32_t) *uids)
{
	unsigned int rows = 0;
	uint32_t uid;

	array_foreach_elem(uids, uid) {
		if (outbox_run(held->notifier->outbox, OUTBOX_HELD_REMOVE,
			       "iii", device->id, mailbox, (int64_t)uid) > 0)
			rows++;
	}
	held_remove(held, device, rows);
}

static bool held_overtake_uids(struct held *held, struct device *device,
			       const struct lemo_event *event)
{
	int64_t mailbox = event_mailbox_key(event);
	ARRAY_TYPE(seq_range) uids;
	ARRAY_TYPE(uint32_t) found;

	t_array_init(&uids, 16);
	t_array_init(&found, 16);
	event_get_uids(event, &uids);
	held_get_uids(held, device, mailbox, &uids, &found);
	if (array_is_empty(&found))
		return FALSE;
	if (event_ends_alert(event)) {
		held_remove_uids(held, device, mailbox, &found);
		trace_not_resumed(device, "overtaken while it was held back");
	} else {
		trace_note(device, NULL,
			   "its message's alert is still held back");
	}
	return array_count(&found) == seq_range_count(&uids);
}

bool held_overtake(struct held *held, struct device *device,
		   const struct lemo_event *event)
{
	bool ret;

	if (device->held_rows == 0)
		return FALSE;
	T_BEGIN {
		ret = held_overtake_uids(held, device, event);
	} T_END;
	return ret;
}

void held_recheck(struct held *held, struct device *device)
{
	if (device->held_rows > 0)
		set_due(held, device, notify_clock_msecs());
}

/* The next event that the query gives, with a reference; NULL at its end. What
   cannot be read is left out. */
static struct event_line *held_next(struct held *held, sqlite3_stmt *stmt)
{
	struct event_line *line = NULL;
	const char *error;

	while (line == NULL && outbox_row(held->notifier->outbox, stmt) > 0) {
		line = event_line_parse(sqlite3_column_blob(stmt, 0),
					sqlite3_column_bytes(stmt, 0), &error);
	}
	return line;
}

unsigned int held_get_rings(struct held *held, const struct device *device,
			    int64_t *rings_r, unsigned int max)
{
	unsigned int count = 0;
	struct event_line *line;
	sqlite3_stmt *stmt;

	if (device->held_rows == 0)
		return 0;
	stmt = outbox_query(held->notifier->outbox, OUTBOX_HELD_LATEST, "ii",
			    device->id, (int64_t)max);
	while ((line = held_next(held, stmt)) != NULL) {
		rings_r[count++] = event_ring_key(&line->event);
		event_line_unref(&line);
	}
	outbox_done(stmt);
	return count;
}

/*
 * The end of quiet hours
 */

/* The message rings now. */
static void held_rings(struct held *held, const struct device *device,
		       const struct lemo_event *event,
		       const struct lemo_event *speaker)
{
	struct trace *trace = held->notifier->trace;

	rang_add(held->notifier->rang, device->id, event,
		 event_ring_key(event));
	if (strcmp(event->id, speaker->id) == 0)
		return;
	trace_resume(trace, event, HELD_BACK_QUIET);
	trace_merged(device);
	trace_end(trace);
}

static void held_ring_all(struct held *held, const struct device *device,
			  const struct lemo_event *speaker)
{
	struct outbox *outbox = held->notifier->outbox;
	struct event_line *line;
	sqlite3_stmt *stmt;

	stmt = outbox_query(outbox, OUTBOX_HELD_LINES, "i", device->id);
	while ((line = held_next(held, stmt)) != NULL) {
		held_rings(held, device, &line->event, speaker);
		event_line_unref(&line);
	}
	outbox_done(stmt);
}

/* The event that speaks for all: the latest of the highest class. */
static struct event_line *
held_get_speaker(struct held *held, const struct device *device,
		 unsigned int *class_r)
{
	struct outbox *outbox = held->notifier->outbox;
	struct event_line *line = NULL;
	sqlite3_stmt *stmt;
	const char *error;

	stmt = outbox_query(outbox, OUTBOX_HELD_SPEAKER, "i", device->id);
	if (outbox_row(outbox, stmt) > 0) {
		line = event_line_parse(sqlite3_column_blob(stmt, 0),
					sqlite3_column_bytes(stmt, 0), &error);
		*class_r = sqlite3_column_int(stmt, 1);
	}
	outbox_done(stmt);
	return line;
}

/* The client is connected by now: it sees all of them in-band. If its
   connection turns out to be dead, the speaker rings for all. */
static void held_seen(struct held *held, struct device *device,
		      const struct event_line *speaker)
{
	struct trace *trace = held->notifier->trace;
	struct event_line *line;
	sqlite3_stmt *stmt;

	device_forget_ring(device, event_ring_key(&speaker->event));
	stmt = outbox_query(held->notifier->outbox, OUTBOX_HELD_LINES, "i",
			    device->id);
	while ((line = held_next(held, stmt)) != NULL) {
		trace_resume(trace, &line->event, HELD_BACK_QUIET);
		device_hold_back(device, HELD_BACK_PRESENCE);
		trace_end(trace);
		event_line_unref(&line);
	}
	outbox_done(stmt);
}

static void held_release(struct held *held, struct device *device)
{
	struct notifier *notifier = held->notifier;
	unsigned int class = 0, events = device->held_events;
	struct event_line *line;

	line = held_get_speaker(held, device, &class);
	if (line != NULL && device->target != NULL &&
	    presence_holds_back(notifier->presence, device, line))
		held_seen(held, device, line);
	else if (line != NULL &&
		 ingest_event_held(notifier, device, line, class, events))
		held_ring_all(held, device, &line->event);
	event_line_unref(&line);
	held_forget(held, device);
}

static void held_device_due(struct held *held, const struct held_device *due)
{
	struct notifier *notifier = held->notifier;
	struct device *device = NULL;
	int64_t until;

	if (due->name != NULL) {
		device = device_find(notifier->users, user_get(
			notifier->users, account_get(notifier->accounts,
						     due->uid), due->user),
			due->name);
	}
	if (device == NULL || device->held_rows == 0) {
		(void)outbox_run(notifier->outbox, OUTBOX_HELD_DELETE, "i",
				 due->id);
		(void)outbox_run(notifier->outbox, OUTBOX_QUIET_DELETE, "i",
				 due->id);
		return;
	}
	/* the clock may have been set, or the hours may be others now */
	until = device->target == NULL ? 0 :
		quiet_until(notifier->quiet, device->target);
	if (until != 0)
		set_due(held, device, due_at(until));
	else
		held_release(held, device);
}

static void held_get_due(struct held *held, ARRAY_TYPE(held_device) *dues)
{
	struct outbox *outbox = held->notifier->outbox;
	struct held_device *due;
	sqlite3_stmt *stmt;

	stmt = outbox_query(outbox, OUTBOX_QUIET_DUE, "ii",
			    notify_clock_msecs(), (int64_t)RELEASE_MAX);
	while (outbox_row(outbox, stmt) > 0) {
		due = array_append_space(dues);
		due->id = sqlite3_column_int64(stmt, 0);
		due->uid = sqlite3_column_int64(stmt, 1);
		due->user = outbox_column_str(stmt, 2);
		due->name = outbox_column_str(stmt, 3);
	}
	outbox_done(stmt);
}

static void held_release_due(void *context)
{
	struct held *held = context;
	ARRAY_TYPE(held_device) dues;
	const struct held_device *due;

	t_array_init(&dues, 16);
	held_get_due(held, &dues);
	array_foreach(&dues, due) T_BEGIN {
		held_device_due(held, due);
	} T_END;
	(void)held_load_next(held);
}

/* The wall clock was set: what it says of all that is held is another. */
static void held_clock_set(void *context)
{
	struct held *held = context;
	struct outbox *outbox = held->notifier->outbox;
	int64_t now = notify_clock_msecs();

	held->ahead = notify_clock_wall_msecs() - now;
	(void)outbox_run(outbox, OUTBOX_META_SET, "si", "ahead", held->ahead);
	(void)outbox_run(outbox, OUTBOX_QUIET_WAKE, "i", now);
	(void)held_load_next(held);
}

static void held_tick(struct held *held)
{
	struct notifier *notifier = held->notifier;
	int64_t now = notify_clock_msecs();
	int64_t step = notify_clock_wall_msecs() - now - held->ahead;
	unsigned int count = 0;

	if (!outbox_is_usable(notifier->outbox))
		return;
	if (step > CLOCK_STEP_MSECS || step < -CLOCK_STEP_MSECS)
		(void)ingest_transaction(notifier->ingest, held_clock_set,
					 held);
	/* some at a time: others have their turn between two transactions */
	while (held->next_due <= now && count++ < TICK_RELEASES) T_BEGIN {
		if (ingest_transaction(notifier->ingest, held_release_due,
				       held) < 0)
			count = TICK_RELEASES;
	} T_END;
	if (count > 0)
		ingest_want_turn(notifier->ingest);
}
