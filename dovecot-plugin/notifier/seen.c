#include "lib.h"
#include "seen.h"
#include "notifier.h"
#include "notify-clock.h"
#include "outbox.h"
#include "seen-set.h"

#define PURGE_ROWS 1000

struct seen {
	struct notifier *notifier;
	struct seen_set set;
};

struct seen *seen_init(struct notifier *notifier)
{
	struct seen *seen = i_new(struct seen, 1);

	seen->notifier = notifier;
	seen_set_init(&seen->set);
	return seen;
}

void seen_deinit(struct seen **_seen)
{
	struct seen *seen = *_seen;

	*_seen = NULL;
	seen_set_deinit(&seen->set);
	i_free(seen);
}

int seen_load(struct seen *seen)
{
	struct outbox *outbox = seen->notifier->outbox;
	sqlite3_stmt *stmt = outbox_query(outbox, OUTBOX_SEEN_LOAD, "");
	int ret;

	seen_set_deinit(&seen->set);
	seen_set_init(&seen->set);
	while ((ret = outbox_row(outbox, stmt)) > 0)
		(void)seen_set_add(&seen->set, sqlite3_column_int64(stmt, 0));
	outbox_done(stmt);
	return ret;
}

bool seen_has(const struct seen *seen, uint64_t key)
{
	return seen_set_has(&seen->set, key);
}

int seen_add(struct seen *seen, uint64_t key)
{
	if (!seen_set_add(&seen->set, key))
		return 0;
	return outbox_run(seen->notifier->outbox, OUTBOX_SEEN_ADD, "ii",
			  (int64_t)key, notify_clock_msecs()) < 0 ? -1 : 1;
}

void seen_purge(struct seen *seen)
{
	struct outbox *outbox = seen->notifier->outbox;
	int64_t old = notify_clock_msecs() - SEEN_MSECS, last = -1;
	sqlite3_stmt *stmt;

	stmt = outbox_query(outbox, OUTBOX_SEEN_OLDEST, "i",
			    (int64_t)PURGE_ROWS);
	while (outbox_row(outbox, stmt) > 0 &&
	       (sqlite3_column_int64(stmt, 2) < old ||
		seen->set.count > SEEN_MAX)) {
		last = sqlite3_column_int64(stmt, 0);
		seen_set_remove(&seen->set, sqlite3_column_int64(stmt, 1));
	}
	outbox_done(stmt);
	if (last != -1)
		(void)outbox_run(outbox, OUTBOX_SEEN_PURGE, "i", last);
}
