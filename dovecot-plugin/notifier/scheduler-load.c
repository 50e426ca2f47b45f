/* From rows of the outbox to pushes in memory. */

#include "lib.h"
#include "account.h"
#include "device.h"
#include "event-line.h"
#include "feeds.h"
#include "notifier.h"
#include "notify-clock.h"
#include "outbox.h"
#include "scheduler-private.h"
#include "target.h"
#include "user.h"

/* Rows read at once, when an origin's queue ran empty. */
#define LOAD_ROWS 32
/* Origins looked at in one step, at about 2 us each. */
#define SWEEP_ORIGINS 1000

static void load_failed(struct origin *origin, enum outbox_sql sql,
			int64_t id, const char *error)
{
	struct scheduler *scheduler = origin->scheduler;

	e_error(scheduler->event, "outbox: row %lld is unreadable (%s): "
		"dropped", (long long)id, error);
	(void)outbox_run(scheduler->notifier->outbox, sql, "i", id);
}

static void load_device_row(struct origin *origin, sqlite3_stmt *stmt)
{
	struct notifier *notifier = origin->scheduler->notifier;
	struct account *account;
	struct event_line *line;
	struct device *device;
	struct push *push;
	const char *error;

	account = account_get(notifier->accounts,
			      sqlite3_column_int64(stmt, 7));
	device = device_find(notifier->users,
			     user_get(notifier->users, account,
				      outbox_column_str(stmt, 8)),
			     outbox_column_str(stmt, 9));
	if (device == NULL || device->push != NULL)
		return;
	line = event_line_parse(sqlite3_column_blob(stmt, 6),
				sqlite3_column_bytes(stmt, 6), &error);
	if (line == NULL) {
		load_failed(origin, OUTBOX_PENDING_DELETE, device->id, error);
		device->gen = 0;
		account_remove_device_row(account);
		return;
	}
	push = push_add_device(origin, device, line);
	push->gen = sqlite3_column_int64(stmt, 1);
	push->events = sqlite3_column_int(stmt, 2);
	push->tries = sqlite3_column_int(stmt, 3);
	push->expires = sqlite3_column_int64(stmt, 4);
	if (device->target != NULL)
		origin_set_name(origin, device->target->origin_name);
	event_line_unref(&line);
}

static void load_feed_row(struct origin *origin, sqlite3_stmt *stmt)
{
	struct notifier *notifier = origin->scheduler->notifier;
	int64_t seq = sqlite3_column_int64(stmt, 0);
	struct account *account;
	struct event_line *line;
	const struct feed *feed;
	struct user *user;
	struct push *push;
	const char *error;

	account = account_get(notifier->accounts,
			      sqlite3_column_int64(stmt, 5));
	user = user_get(notifier->users, account, outbox_column_str(stmt, 6));
	if (user->feed_push != NULL)
		return;
	line = event_line_parse(sqlite3_column_blob(stmt, 4),
				sqlite3_column_bytes(stmt, 4), &error);
	if (line == NULL) {
		load_failed(origin, OUTBOX_FEED_DELETE, seq, error);
		account->rows--;
		return;
	}
	/* the admin may have changed the file since */
	feed = user->feed != NULL ? user->feed :
		feeds_find_origin(notifier->feeds, origin->key);
	push = push_add_feed(origin, user, feed, line, seq);
	push->tries = sqlite3_column_int(stmt, 1);
	push->expires = sqlite3_column_int64(stmt, 2);
	event_line_unref(&line);
}

/* Loads up to `max` rows after the cursor. Returns how many it read. */
static unsigned int
load_rows(struct origin *origin, struct origin_rows *rows, unsigned int max)
{
	bool feed = rows == &origin->feed_rows;
	struct outbox *outbox = origin->scheduler->notifier->outbox;
	int64_t now = notify_clock_msecs();
	unsigned int count = 0;
	sqlite3_stmt *stmt;

	if (feed) {
		stmt = outbox_query(outbox, OUTBOX_FEED_DUE, "iiiii",
				    origin->key, now, rows->cursor_due,
				    rows->cursor_id, (int64_t)max);
	} else {
		stmt = outbox_query(outbox, OUTBOX_PENDING_DUE, "iiiiii",
				    origin->key, now, rows->cursor_due,
				    rows->cursor_uid, rows->cursor_id,
				    (int64_t)max);
	}
	while (outbox_row(outbox, stmt) > 0) T_BEGIN {
		count++;
		rows->cursor_id = sqlite3_column_int64(stmt, 0);
		rows->cursor_due = sqlite3_column_int64(stmt, feed ? 3 : 5);
		rows->cursor_uid = sqlite3_column_int64(stmt, feed ? 5 : 7);
		if (feed)
			load_feed_row(origin, stmt);
		else
			load_device_row(origin, stmt);
	} T_END;
	outbox_done(stmt);
	return count;
}

/* All that was due has been read: when is the next? */
static void rows_at_end(struct origin *origin, struct origin_rows *rows)
{
	struct outbox *outbox = origin->scheduler->notifier->outbox;
	int64_t now = notify_clock_msecs();
	sqlite3_stmt *stmt;

	rows->backlog = FALSE;
	rows->cursor_due = rows->cursor_uid = rows->cursor_id = 0;
	stmt = outbox_query(outbox, rows == &origin->feed_rows ?
			    OUTBOX_FEED_NEXT_DUE : OUTBOX_PENDING_NEXT_DUE,
			    "ii", origin->key, now);
	rows->next_due = outbox_row(outbox, stmt) > 0 ?
		sqlite3_column_int64(stmt, 0) : INT64_MAX;
	outbox_done(stmt);
}

static void origin_load_rows(struct origin *origin, struct origin_rows *rows)
{
	unsigned int free_slots = origin_max_open(origin) - origin->in_flight;
	unsigned int max = LOAD_ROWS;

	/* a probe needs one; and where all is full, only those come into
	   memory that leave it at once, but they do */
	if (origin_max_open(origin) == 1 ||
	    origin->scheduler->pushes_count >= PUSHES_MAX)
		max = I_MIN(free_slots, LOAD_ROWS);

	/* some rows are in memory already: in flight */
	while (rows->backlog && origin->queued == 0) {
		if (load_rows(origin, rows, max) < max)
			rows_at_end(origin, rows);
	}
}

void origin_load(struct origin *origin)
{
	if (origin->in_flight >= origin_max_open(origin))
		return;
	origin_load_rows(origin, &origin->device_rows);
	origin_load_rows(origin, &origin->feed_rows);
}

/* One table's part of the sweep. False at its end. */
static bool sweep_table(struct scheduler *scheduler, enum outbox_sql sql,
			int64_t *origin)
{
	struct outbox *outbox = scheduler->notifier->outbox;
	int64_t due, now = notify_clock_msecs();
	sqlite3_stmt *stmt;
	unsigned int i;
	bool found = TRUE;

	for (i = 0; i < SWEEP_ORIGINS && found; i++) {
		stmt = outbox_query(outbox, sql, "i", *origin);
		found = outbox_row(outbox, stmt) > 0;
		if (found) {
			*origin = sqlite3_column_int64(stmt, 0);
			due = sqlite3_column_int64(stmt, 1);
		}
		outbox_done(stmt);
		/* memory for origins that can wait, but not for all of them */
		if (found && (due <= now ||
			      hash_table_count(scheduler->origins) <
			      ORIGINS_MAX / 2))
			scheduler_origin_due(scheduler, *origin, due);
	}
	if (!found)
		*origin = 0;
	return found;
}

void scheduler_sweep(struct scheduler *scheduler)
{
	bool more;

	more = sweep_table(scheduler, OUTBOX_PENDING_NEXT_ORIGIN,
			   &scheduler->sweep_device_origin);
	if (sweep_table(scheduler, OUTBOX_FEED_NEXT_ORIGIN,
			&scheduler->sweep_feed_origin))
		more = TRUE;
	if (!more)
		scheduler->swept = TRUE;
}
