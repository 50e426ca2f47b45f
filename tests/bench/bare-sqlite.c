/*
 * bare-sqlite FILE COUNT BATCH OCTETS: the yardstick for ingest. The
 * statements that one feed event costs the notifier, BATCH of them a
 * transaction, with the same pragmas; prints events per second. The schema is
 * that of dovecot-plugin/notifier/outbox-schema.c, as far as it is used.
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char schema[] =
	"PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
	"PRAGMA secure_delete = ON; PRAGMA cache_size = -8192;"
	"PRAGMA wal_autocheckpoint = 4000;"
	"CREATE TABLE meta(name TEXT PRIMARY KEY, value) WITHOUT ROWID;"
	"CREATE TABLE seen(n INTEGER PRIMARY KEY, key INTEGER NOT NULL,"
	" at INTEGER NOT NULL);"
	"CREATE TABLE feed(seq INTEGER PRIMARY KEY,"
	" uid INTEGER NOT NULL, user TEXT NOT NULL,"
	" origin INTEGER NOT NULL, due INTEGER, tries INTEGER NOT NULL,"
	" expires INTEGER NOT NULL, event BLOB NOT NULL);"
	"CREATE INDEX feed_due ON feed(origin, due) WHERE due IS NOT NULL;"
	"CREATE INDEX feed_user ON feed(uid, user, seq);";
static const char feed_add[] =
	"INSERT INTO feed(uid, user, origin, due, tries, expires, event)"
	" VALUES(?1, ?2, ?3, ?4, 0, ?5, ?6)";
static const char seen_add[] = "INSERT INTO seen(key, at) VALUES(?1, ?2)";

static sqlite3 *db;

static void check(int ok)
{
	if (!ok) {
		fprintf(stderr, "bare-sqlite: %s\n", sqlite3_errmsg(db));
		exit(1);
	}
}

static sqlite3_stmt *prepare(const char *sql)
{
	sqlite3_stmt *stmt;

	check(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) == SQLITE_OK);
	return stmt;
}

static void step(sqlite3_stmt *stmt)
{
	check(sqlite3_step(stmt) == SQLITE_DONE);
	sqlite3_reset(stmt);
}

static void add_event(sqlite3_stmt *feed, sqlite3_stmt *seen, long n,
		      const char *event, int octets)
{
	char user[64];

	snprintf(user, sizeof(user), "u%ld@lemo.test", n);
	sqlite3_bind_int64(feed, 1, 0);
	sqlite3_bind_text(feed, 2, user, -1, SQLITE_STATIC);
	sqlite3_bind_int64(feed, 3, 4204697226119993626);
	sqlite3_bind_int64(feed, 4, 1795499427288 + n);
	sqlite3_bind_int64(feed, 5, 1795517413321 + n);
	sqlite3_bind_blob(feed, 6, event, octets, SQLITE_STATIC);
	step(feed);
	sqlite3_bind_int64(seen, 1, (n + 1) * 6364136223846793005);
	sqlite3_bind_int64(seen, 2, 1795499427288 + n);
	step(seen);
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

int main(int argc, char *argv[])
{
	sqlite3_stmt *begin, *commit, *feed, *seen;
	long count, batch, n;
	int octets;
	char *event;
	double start;

	if (argc != 5)
		return 2;
	count = strtol(argv[2], NULL, 10);
	batch = strtol(argv[3], NULL, 10);
	octets = (int)strtol(argv[4], NULL, 10);
	event = malloc((size_t)octets);
	memset(event, 'x', (size_t)octets);
	check(sqlite3_open(argv[1], &db) == SQLITE_OK);
	check(sqlite3_exec(db, schema, NULL, NULL, NULL) == SQLITE_OK);
	begin = prepare("BEGIN IMMEDIATE");
	commit = prepare("COMMIT");
	feed = prepare(feed_add);
	seen = prepare(seen_add);
	start = now();
	for (n = 0; n < count; n++) {
		if (n % batch == 0)
			step(begin);
		add_event(feed, seen, n, event, octets);
		if (n % batch == batch - 1 || n == count - 1)
			step(commit);
	}
	printf("%.0f\n", (double)count / (now() - start));
	return 0;
}
