#ifndef OUTBOX_H
#define OUTBOX_H

/*
 * What was acknowledged and is not yet sent: one SQLite file in WAL mode,
 * written by this process only, in transactions that gather what one turn of
 * the event loop brought. This header is the plumbing; what the tables mean
 * is known to ingest, device, scheduler and feed.
 *
 * Trouble (disk full, corrupt, read-only) never stops the process: every call
 * fails until the file could be opened again, nobody is acknowledged, and the
 * mail processes leave their lines in the spool.
 */

#include <sqlite3.h>

#define OUTBOX_FILE_NAME "outbox.sqlite"

enum outbox_sql {
#define X(name, sql) OUTBOX_##name,
#include "outbox-sql.h"
#undef X
	OUTBOX_SQL_COUNT
};

struct outbox;

/* dir: where the file is or is made. sync_full: survive a power cut. */
struct outbox *outbox_init(struct event *event, const char *dir,
			   bool sync_full);
void outbox_deinit(struct outbox **outbox);

/* Called after each (re)opening: after any error, memory and file may
   disagree, so what is kept in memory of its content is dropped and loaded
   anew. -1 = could not. */
typedef int outbox_opened_callback_t(void *context);
void outbox_set_opened_callback(struct outbox *outbox,
				outbox_opened_callback_t *callback,
				void *context);

/* True if the file is open and the last write succeeded. If not, tries to
   open it, but not more often than each OUTBOX_RETRY_MSECS. */
#define OUTBOX_RETRY_MSECS 2000
bool outbox_is_usable(struct outbox *outbox);
/* "ok", or what is wrong. */
const char *outbox_get_state(const struct outbox *outbox);
/* The last trouble with its time, also when it is over; "" = none yet. */
const char *outbox_get_last_error(const struct outbox *outbox);

/* Transactions do not nest. On any error of a call in between, and of the
   commit itself, everything is rolled back and -1 returned by commit. */
int outbox_begin(struct outbox *outbox);
int outbox_commit(struct outbox *outbox);
void outbox_rollback(struct outbox *outbox);

/* Binds by types: i = int64_t (pass exactly that), s = const char * or NULL,
   b = const void * and size_t, n = NULL without an argument. Strings and
   octets must live until outbox_done(). */
sqlite3_stmt *outbox_query(struct outbox *outbox, enum outbox_sql sql,
			   const char *types, ...);
/* 1 = a row is there, 0 = no more, -1 = error (logged). */
int outbox_row(struct outbox *outbox, sqlite3_stmt *stmt);
void outbox_done(sqlite3_stmt *stmt);
/* All of it for a statement without rows; the rows changed, or -1. */
int outbox_run(struct outbox *outbox, enum outbox_sql sql,
	       const char *types, ...);
int64_t outbox_last_rowid(struct outbox *outbox);

/* Column as string in the data stack, NULL for NULL. */
const char *outbox_column_str(sqlite3_stmt *stmt, int column);

/* Idle: give the write-ahead log's disk blocks back, so that what was sent
   and deleted is not found in it either. */
void outbox_idle(struct outbox *outbox);

#endif
