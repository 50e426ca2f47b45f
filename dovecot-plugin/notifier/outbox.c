#include "lib.h"
#include "ioloop.h"
#include "outbox.h"
#include "outbox-schema.h"
#include "notify-clock.h"

#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* Pages of 4 KB; the rest of the file stays on disk. */
#define OUTBOX_CACHE_KB 8192
/* The log's pages, of which the file gets the last of each: a row lives for
   a moment, and most are gone by then. */
#define OUTBOX_CHECKPOINT_PAGES 4000
#define OUTBOX_LOG_SECS 60
/* A file up to this size is checked when it is opened, 2 ms a MB: what is
   larger would keep mail processes waiting. */
#define OUTBOX_CHECK_MAX (32 * 1024 * 1024)

static const char *const statements[OUTBOX_SQL_COUNT] = {
#define X(name, sql) sql,
#include "outbox-sql.h"
#undef X
};

struct outbox {
	struct event *event;
	char *path;
	bool sync_full;

	sqlite3 *db; /* NULL while it cannot be opened */
	sqlite3_stmt *stmts[OUTBOX_SQL_COUNT];
	char *error; /* NULL if all is well */
	char *last_error;
	time_t last_logged;
	int64_t next_try;
	bool in_transaction, transaction_failed, corrupt;

	outbox_opened_callback_t *opened_callback;
	void *opened_context;
};

struct outbox *outbox_init(struct event *event, const char *dir,
			   bool sync_full)
{
	struct outbox *outbox = i_new(struct outbox, 1);

	outbox->event = event_create(event);
	event_set_append_log_prefix(outbox->event, "outbox: ");
	outbox->path = i_strconcat(dir, "/"OUTBOX_FILE_NAME, NULL);
	outbox->sync_full = sync_full;
	return outbox;
}

void outbox_set_opened_callback(struct outbox *outbox,
				outbox_opened_callback_t *callback,
				void *context)
{
	outbox->opened_callback = callback;
	outbox->opened_context = context;
}

static void outbox_close(struct outbox *outbox)
{
	unsigned int i;

	for (i = 0; i < OUTBOX_SQL_COUNT; i++) {
		(void)sqlite3_finalize(outbox->stmts[i]);
		outbox->stmts[i] = NULL;
	}
	(void)sqlite3_close(outbox->db);
	outbox->db = NULL;
	outbox->in_transaction = FALSE;
}

void outbox_deinit(struct outbox **_outbox)
{
	struct outbox *outbox = *_outbox;

	*_outbox = NULL;
	outbox_close(outbox);
	event_unref(&outbox->event);
	i_free(outbox->error);
	i_free(outbox->last_error);
	i_free(outbox->path);
	i_free(outbox);
}

/* Remembers what is wrong; says so when it is new, then once a minute. */
static void outbox_failed(struct outbox *outbox, const char *what,
			  const char *error)
{
	bool changed;

	error = t_strdup_printf("%s: %s", what, error);
	changed = null_strcmp(outbox->error, error) != 0;
	outbox->next_try = notify_clock_msecs() + OUTBOX_RETRY_MSECS;
	if (changed) {
		i_free(outbox->error);
		outbox->error = i_strdup(error);
		i_free(outbox->last_error);
		outbox->last_error = i_strdup_printf("%s outbox: %s",
			notify_clock_rfc3339(ioloop_time), error);
	}
	if (!changed && ioloop_time < outbox->last_logged + OUTBOX_LOG_SECS)
		return;
	outbox->last_logged = ioloop_time;
	e_error(outbox->event, "%s: %s. Mail goes on; events wait in the "
		"spool until this is mended", outbox->path, error);
}

static bool outbox_looks_corrupt(const struct outbox *outbox)
{
	int code = outbox->db == NULL ? SQLITE_OK :
		sqlite3_errcode(outbox->db);

	return code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
}

static void outbox_move_aside(struct outbox *outbox)
{
	const char *aside = t_strdup_printf("%s.corrupt-%ld", outbox->path,
					    (long)time(NULL));

	outbox_close(outbox);
	outbox->corrupt = FALSE;
	if (rename(outbox->path, aside) < 0) {
		e_error(outbox->event, "rename(%s, %s) failed: %m",
			outbox->path, aside);
		return;
	}
	/* they belong to the file that went */
	i_unlink_if_exists(t_strconcat(outbox->path, "-wal", NULL));
	i_unlink_if_exists(t_strconcat(outbox->path, "-shm", NULL));
	e_error(outbox->event, "%s was corrupt. Moved it to %s and start with "
		"an empty one: what was queued is lost, what is spooled is not",
		outbox->path, aside);
	outbox->next_try = 0;
}

static void outbox_sqlite_failed(struct outbox *outbox, const char *what)
{
	const char *error = outbox->db == NULL ? "is not open" :
		t_strdup(sqlite3_errmsg(outbox->db));

	if (outbox->in_transaction)
		outbox->transaction_failed = TRUE;
	/* moved aside by the next outbox_is_usable(): statements may be in
	   use now */
	if (outbox_looks_corrupt(outbox))
		outbox->corrupt = TRUE;
	outbox_failed(outbox, what, error);
	if (outbox->corrupt)
		outbox->next_try = 0;
}

static int outbox_pragmas(struct outbox *outbox)
{
	const char *sql = t_strdup_printf(
		"PRAGMA journal_mode = WAL; PRAGMA synchronous = %s;"
		"PRAGMA secure_delete = ON; PRAGMA cache_size = -%d;"
		"PRAGMA temp_store = MEMORY; PRAGMA wal_autocheckpoint = %d;",
		outbox->sync_full ? "FULL" : "NORMAL", OUTBOX_CACHE_KB,
		OUTBOX_CHECKPOINT_PAGES);

	return sqlite3_exec(outbox->db, sql, NULL, NULL, NULL) == SQLITE_OK ?
		0 : -1;
}

static int outbox_prepare(struct outbox *outbox)
{
	unsigned int i;

	for (i = 0; i < OUTBOX_SQL_COUNT; i++) {
		if (sqlite3_prepare_v3(outbox->db, statements[i], -1,
				       SQLITE_PREPARE_PERSISTENT,
				       &outbox->stmts[i], NULL) != SQLITE_OK)
			return -1;
	}
	return 0;
}

/* SQLite itself finds a spoilt page when it comes to read it, i.e. perhaps
   never, and that is too late. */
static int outbox_check(struct outbox *outbox, const char **error_r)
{
	sqlite3_stmt *stmt;
	struct stat st;
	int ret = -1;

	if (stat(outbox->path, &st) < 0 || st.st_size > OUTBOX_CHECK_MAX)
		return 0;
	if (sqlite3_prepare_v2(outbox->db, "PRAGMA quick_check(1)", -1, &stmt,
			       NULL) == SQLITE_OK &&
	    sqlite3_step(stmt) == SQLITE_ROW) {
		*error_r = outbox_column_str(stmt, 0);
		if (strcmp(*error_r, "ok") == 0)
			ret = 0;
		else
			outbox->corrupt = TRUE;
	} else {
		*error_r = t_strdup(sqlite3_errmsg(outbox->db));
		outbox->corrupt = outbox_looks_corrupt(outbox);
	}
	(void)sqlite3_finalize(stmt);
	return ret;
}

/* SQLite opens a read-only file without a word, to fail at the first write. */
static int outbox_open_file(struct outbox *outbox, const char **error_r)
{
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
		SQLITE_OPEN_NOMUTEX;

	if (sqlite3_open_v2(outbox->path, &outbox->db, flags,
			    NULL) == SQLITE_OK &&
	    sqlite3_db_readonly(outbox->db, "main") == 1) {
		*error_r = "is read-only";
		return -1;
	}
	if (outbox->db == NULL) {
		*error_r = "out of memory";
		return -1;
	}
	if (sqlite3_busy_timeout(outbox->db, 100) != SQLITE_OK ||
	    outbox_pragmas(outbox) < 0) {
		*error_r = t_strdup(sqlite3_errmsg(outbox->db));
		return -1;
	}
	if (outbox_check(outbox, error_r) < 0 ||
	    outbox_schema_update(outbox->db, error_r) < 0)
		return -1;
	/* the file alone is to be a whole one, even if its log is lost */
	outbox_idle(outbox);
	if (outbox_prepare(outbox) < 0) {
		*error_r = t_strdup(sqlite3_errmsg(outbox->db));
		return -1;
	}
	return 0;
}

/* A write that changes little but needs room and permission. */
static int outbox_probe(struct outbox *outbox)
{
	if (outbox_begin(outbox) < 0)
		return -1;
	(void)outbox_run(outbox, OUTBOX_META_SET, "si", "probe",
			 notify_clock_msecs());
	return outbox_commit(outbox);
}

static int outbox_open(struct outbox *outbox)
{
	const char *error = "?";
	int ret;

	outbox_close(outbox);
	ret = outbox_open_file(outbox, &error);
	if (ret < 0 && (outbox->corrupt || outbox_looks_corrupt(outbox))) {
		outbox_move_aside(outbox);
		ret = outbox_open_file(outbox, &error);
	}
	if (ret < 0) {
		outbox_failed(outbox, "open", error);
		return -1;
	}
	if (outbox_probe(outbox) < 0)
		return -1;
	return outbox->opened_callback == NULL ? 0 :
		outbox->opened_callback(outbox->opened_context);
}

static void outbox_recovered(struct outbox *outbox)
{
	if (outbox->error != NULL)
		e_info(outbox->event, "%s works again", outbox->path);
	i_free_and_null(outbox->error);
}

bool outbox_is_usable(struct outbox *outbox)
{
	if (outbox->db != NULL && outbox->error == NULL)
		return TRUE;
	if (notify_clock_msecs() < outbox->next_try || outbox->in_transaction)
		return FALSE;
	if (outbox->corrupt)
		outbox_move_aside(outbox);
	T_BEGIN {
		if (outbox_open(outbox) < 0)
			outbox_close(outbox);
		else
			outbox_recovered(outbox);
	} T_END;
	return outbox->db != NULL;
}

const char *outbox_get_state(const struct outbox *outbox)
{
	if (outbox->error != NULL)
		return outbox->error;
	return outbox->db == NULL ? "not open" : "ok";
}

const char *outbox_get_last_error(const struct outbox *outbox)
{
	return outbox->last_error == NULL ? "" : outbox->last_error;
}

static void bind_args(sqlite3_stmt *stmt, const char *types, va_list args)
{
	const void *data;
	int i;

	for (i = 1; *types != '\0'; types++, i++) {
		switch (*types) {
		case 'i':
			(void)sqlite3_bind_int64(stmt, i,
						 va_arg(args, int64_t));
			break;
		case 's':
			data = va_arg(args, const char *);
			(void)sqlite3_bind_text(stmt, i, data, -1,
						SQLITE_STATIC);
			break;
		case 'b':
			data = va_arg(args, const void *);
			(void)sqlite3_bind_blob64(stmt, i, data,
						  va_arg(args, size_t),
						  SQLITE_STATIC);
			break;
		case 'n':
			(void)sqlite3_bind_null(stmt, i);
			break;
		default:
			i_unreached();
		}
	}
}

sqlite3_stmt *outbox_query(struct outbox *outbox, enum outbox_sql sql,
			   const char *types, ...)
{
	sqlite3_stmt *stmt = outbox->stmts[sql];
	va_list args;

	va_start(args, types);
	if (stmt != NULL)
		bind_args(stmt, types, args);
	va_end(args);
	return stmt;
}

int outbox_row(struct outbox *outbox, sqlite3_stmt *stmt)
{
	int ret = stmt == NULL ? SQLITE_CANTOPEN : sqlite3_step(stmt);

	if (ret == SQLITE_ROW)
		return 1;
	if (ret == SQLITE_DONE)
		return 0;
	outbox_sqlite_failed(outbox, stmt == NULL ? "use" :
			     t_strcut(sqlite3_sql(stmt), ' '));
	return -1;
}

void outbox_done(sqlite3_stmt *stmt)
{
	if (stmt != NULL)
		(void)sqlite3_reset(stmt);
}

int outbox_run(struct outbox *outbox, enum outbox_sql sql,
	       const char *types, ...)
{
	sqlite3_stmt *stmt = outbox->stmts[sql];
	va_list args;
	int ret;

	va_start(args, types);
	if (stmt != NULL)
		bind_args(stmt, types, args);
	va_end(args);
	ret = outbox_row(outbox, stmt);
	outbox_done(stmt);
	return ret < 0 ? -1 : sqlite3_changes(outbox->db);
}

int64_t outbox_last_rowid(struct outbox *outbox)
{
	return sqlite3_last_insert_rowid(outbox->db);
}

const char *outbox_column_str(sqlite3_stmt *stmt, int column)
{
	return t_strdup((const char *)sqlite3_column_text(stmt, column));
}

int outbox_begin(struct outbox *outbox)
{
	i_assert(!outbox->in_transaction);

	if (outbox->db == NULL || outbox_run(outbox, OUTBOX_BEGIN, "") < 0)
		return -1;
	outbox->in_transaction = TRUE;
	outbox->transaction_failed = FALSE;
	return 0;
}

int outbox_commit(struct outbox *outbox)
{
	i_assert(outbox->in_transaction);

	if (outbox->transaction_failed ||
	    outbox_run(outbox, OUTBOX_COMMIT, "") < 0) {
		outbox_rollback(outbox);
		return -1;
	}
	outbox->in_transaction = FALSE;
	return 0;
}

void outbox_rollback(struct outbox *outbox)
{
	i_assert(outbox->in_transaction);

	/* a full disk has rolled back already */
	if (outbox->db != NULL && sqlite3_get_autocommit(outbox->db) == 0)
		(void)outbox_run(outbox, OUTBOX_ROLLBACK, "");
	outbox->in_transaction = FALSE;
	if (outbox->error == NULL)
		outbox_failed(outbox, "transaction", "rolled back");
}

void outbox_idle(struct outbox *outbox)
{
	if (outbox->db == NULL || outbox->in_transaction)
		return;
	(void)sqlite3_wal_checkpoint_v2(outbox->db, NULL,
					SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
}
