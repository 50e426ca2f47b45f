#include "lib.h"
#include "outbox-schema.h"

/* PRAGMA user_version. Version n is made from n-1 by migrations[n-1]; an
   empty file has version 0. Never change one that was released: add one. */
static const char *const migrations[] = {
	/* 1 */
	"CREATE TABLE meta(name TEXT PRIMARY KEY, value) WITHOUT ROWID;"

	/* key: hash of uid and event id; at: outbox time */
	"CREATE TABLE seen(n INTEGER PRIMARY KEY, key INTEGER NOT NULL,"
	" at INTEGER NOT NULL);"

	/* last_*, failing_since: wall clock; held_back: counters by reason */
	"CREATE TABLE device(id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" uid INTEGER NOT NULL, user TEXT NOT NULL, name TEXT NOT NULL,"
	" subscription TEXT, disabled INTEGER NOT NULL DEFAULT 0,"
	" last_event INTEGER NOT NULL DEFAULT 0,"
	" last_sent INTEGER NOT NULL DEFAULT 0,"
	" failing_since INTEGER NOT NULL DEFAULT 0,"
	" last_result TEXT, held_back TEXT,"
	" budget_at INTEGER NOT NULL DEFAULT 0,"
	" budget_tokens INTEGER NOT NULL DEFAULT 0);"
	"CREATE UNIQUE INDEX device_key ON device(uid, user, name);"
	"CREATE INDEX device_user ON device(user);"

	/* due, expires: outbox time, ms; origin: hash of its name; event: a
	   line without devices. The index also answers counts by uid. */
	"CREATE TABLE pending(device INTEGER PRIMARY KEY,"
	" uid INTEGER NOT NULL, origin INTEGER NOT NULL,"
	" due INTEGER NOT NULL, gen INTEGER NOT NULL,"
	" tries INTEGER NOT NULL, expires INTEGER NOT NULL,"
	" events INTEGER NOT NULL, class INTEGER NOT NULL,"
	" event BLOB NOT NULL);"
	"CREATE INDEX pending_due ON pending(origin, due, uid);"

	"CREATE TABLE feed(seq INTEGER PRIMARY KEY,"
	" uid INTEGER NOT NULL, user TEXT NOT NULL,"
	" origin INTEGER NOT NULL, due INTEGER, tries INTEGER NOT NULL,"
	" expires INTEGER NOT NULL, event BLOB NOT NULL);"
	"CREATE INDEX feed_due ON feed(origin, due) WHERE due IS NOT NULL;"
	"CREATE INDEX feed_user ON feed(uid, user, seq);"

	"CREATE TABLE rang_log(n INTEGER PRIMARY KEY,"
	" device INTEGER NOT NULL, mailbox INTEGER NOT NULL,"
	" uid INTEGER NOT NULL, ring INTEGER NOT NULL,"
	" at INTEGER NOT NULL);"
	"CREATE TABLE rang(device INTEGER NOT NULL, mailbox INTEGER NOT NULL,"
	" uid INTEGER NOT NULL, ring INTEGER NOT NULL, at INTEGER NOT NULL,"
	" PRIMARY KEY(device, mailbox, uid)) WITHOUT ROWID;",

	/* What quiet hours hold: messages by themselves (mailbox, uid), the
	   rest merged (0, 0); due: outbox time, ms, when they end */
	"CREATE TABLE held(n INTEGER PRIMARY KEY, device INTEGER NOT NULL,"
	" mailbox INTEGER NOT NULL, uid INTEGER NOT NULL,"
	" class INTEGER NOT NULL, events INTEGER NOT NULL,"
	" event BLOB NOT NULL);"
	"CREATE INDEX held_device ON held(device, mailbox, uid);"
	"CREATE TABLE quiet(device INTEGER PRIMARY KEY,"
	" due INTEGER NOT NULL);"
	"CREATE INDEX quiet_due ON quiet(due);",

	/* follow: an event that came while its message was being told of;
	   missing_since: wall clock */
	"ALTER TABLE pending ADD COLUMN follow BLOB;"
	"ALTER TABLE device ADD COLUMN gone INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE device ADD COLUMN missing INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE device ADD COLUMN missing_since INTEGER NOT NULL"
	" DEFAULT 0;"
	"ALTER TABLE device ADD COLUMN vapid TEXT;",

	/* What cost money: day: of Unix time, UTC; uid -1 is all together.
	   told: wall clock, the latest time that an EMN said */
	"CREATE TABLE sms(day INTEGER NOT NULL, uid INTEGER NOT NULL,"
	" user TEXT NOT NULL, count INTEGER NOT NULL,"
	" PRIMARY KEY(day, uid, user)) WITHOUT ROWID;"
	"ALTER TABLE device ADD COLUMN told INTEGER NOT NULL DEFAULT 0;",

	/* start: outbox time, ms */
	"CREATE TABLE sieve(uid INTEGER NOT NULL, user TEXT NOT NULL,"
	" start INTEGER NOT NULL, count INTEGER NOT NULL,"
	" UNIQUE(uid, user));"
	"CREATE INDEX sieve_start ON sieve(start);",

	/* at: outbox time, ms, of the last one */
	("ALTER TABLE sms ADD COLUMN at INTEGER NOT NULL DEFAULT 0;"
	 "UPDATE sms SET at = day * 86400000;")
};

static int schema_version(sqlite3 *db, unsigned int *version_r)
{
	sqlite3_stmt *stmt;
	int ret = -1;

	if (sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &stmt,
			       NULL) != SQLITE_OK)
		return -1;
	if (sqlite3_step(stmt) == SQLITE_ROW) {
		*version_r = sqlite3_column_int(stmt, 0);
		ret = 0;
	}
	(void)sqlite3_finalize(stmt);
	return ret;
}

static int migrate(sqlite3 *db, unsigned int from)
{
	const char *sql = t_strdup_printf(
		"BEGIN IMMEDIATE; %s PRAGMA user_version = %u; COMMIT",
		migrations[from], from + 1);

	if (sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK)
		return 0;
	return -1;
}

int outbox_schema_update(sqlite3 *db, const char **error_r)
{
	unsigned int version;

	if (schema_version(db, &version) < 0) {
		*error_r = t_strdup(sqlite3_errmsg(db));
		return -1;
	}
	if (version > N_ELEMENTS(migrations)) {
		*error_r = t_strdup_printf("was written by a newer version "
			"of Lemonade (schema %u, this one knows %u)",
			version, (unsigned int)N_ELEMENTS(migrations));
		return -1;
	}
	for (; version < N_ELEMENTS(migrations); version++) {
		if (migrate(db, version) < 0) {
			*error_r = t_strdup(sqlite3_errmsg(db));
			return -1;
		}
	}
	return 0;
}
