/* doveadm lemonade trace: what became of a message, or of all that concerns
   a device or a user. */

#include "lib.h"
#include "str-sanitize.h"
#include "lemonade-trace-reader.h"
#include "doveadm-lemonade.h"

#include <time.h>

#define LAST_DEFAULT 20
#define LAST_MAX 100000
#define WORDS_MAX 8192

static const struct lemonade_column columns[] = {
	{ "time", "time", 0 },
	{ "user", "user", 0 },
	{ "device", "device", 0 },
	{ "what", "what", DOVEADM_PRINT_HEADER_FLAG_EXPAND },
	{ "event", "event", 0 },
	{ "uid", "uid", LEMONADE_COLUMN_NUMBER },
	{ NULL, NULL, 0 }
};

const char *lemonade_trace_time(int64_t msecs)
{
	time_t secs = msecs / 1000;
	struct tm tm;
	char buf[sizeof("9999999999-12-31 23:59:59")];

	if (localtime_r(&secs, &tm) == NULL ||
	    strftime(buf, sizeof(buf), "%Y-%m-%d %H:%M:%S", &tm) == 0)
		return "?";
	return t_strdup_printf("%s.%03d", buf, (int)(msecs % 1000));
}

const char *lemonade_trace_words(const struct lemo_trace_record *record)
{
	struct lemo_buf buf;
	const char *words;

	lemo_buf_init(&buf, WORDS_MAX);
	lemo_trace_words(record, &buf);
	words = t_strdup(str_sanitize_utf8(buf.data == NULL ? "?" : buf.data,
					   WORDS_MAX));
	lemo_buf_free(&buf);
	return words;
}

static void record_print(const struct lemo_trace_record *record,
			 uint32_t uid, void *context ATTR_UNUSED)
{
	const char *fields[] = {
		t_strconcat("time=", lemonade_trace_time(record->time), NULL),
		t_strconcat("user=", str_sanitize(record->user, 255), NULL),
		t_strconcat("device=", record->device == NULL ? "" :
			    str_sanitize(record->device, 64), NULL),
		t_strconcat("what=", lemonade_trace_words(record), NULL),
		t_strconcat("event=", record->event_id == NULL ? "" :
			    str_sanitize(record->event_id, 64), NULL),
		t_strdup_printf("uid=%u", uid),
		NULL
	};

	lemonade_print_row(columns, fields);
}

static void dir_row(const char *const *fields, void *context)
{
	const char **dir_r = context;

	*dir_r = t_strdup(lemonade_admin_value(fields, "dir"));
}

static const char *const trace_args[] = { "TRACE", NULL };

int lemonade_trace_dir(struct lemonade_admin *admin, const char **dir_r,
		       struct lemonade_admin_error *error_r)
{
	const char *path = NULL;

	if (lemonade_admin_command(admin, trace_args,
				   LEMONADE_ADMIN_TIMEOUT_MSECS, dir_row,
				   &path, error_r) < 0)
		return -1;
	*dir_r = path;
	return 0;
}

static int get_dir(struct doveadm_cmd_context *cctx, const char **dir_r)
{
	*dir_r = NULL;
	lemonade_ask(cctx, trace_args, dir_row, dir_r);
	return *dir_r == NULL ? -1 : 0;
}

static void usage_error(struct doveadm_cmd_context *cctx ATTR_UNUSED,
			const char *text)
{
	lemonade_doveadm_error(cctx, "%s", text);
	doveadm_exit_code = EX_USAGE;
}

static bool get_query(struct doveadm_cmd_context *cctx,
		      struct lemo_trace_query *query_r, unsigned int *last_r)
{
	const char *last;

	i_zero(query_r);
	(void)doveadm_cmd_param_str(cctx, "user", &query_r->user);
	if (doveadm_cmd_param_str(cctx, "device", &query_r->device))
		query_r->device = t_str_lcase(query_r->device);
	(void)doveadm_cmd_param_str(cctx, "message-id", &query_r->message_id);
	if (query_r->user == NULL && query_r->device == NULL &&
	    query_r->message_id == NULL) {
		usage_error(cctx, "say what to trace: a Message-ID, "
			    "--device or -u");
		return FALSE;
	}
	*last_r = query_r->message_id != NULL ? 0 : LAST_DEFAULT;
	if (!doveadm_cmd_param_str(cctx, "last", &last) ||
	    (str_to_uint(last, last_r) == 0 && *last_r >= 1 &&
	     *last_r <= LAST_MAX))
		return TRUE;
	usage_error(cctx, t_strdup_printf("--last: give 1 to %d events",
					  LAST_MAX));
	return FALSE;
}

void cmd_lemonade_trace(struct doveadm_cmd_context *cctx)
{
	struct lemo_trace_query query;
	const char *dir, *error;
	unsigned int last;
	int ret;

	if (!get_query(cctx, &query, &last) || get_dir(cctx, &dir) < 0)
		return;
	doveadm_print_init(DOVEADM_PRINT_TYPE_TABLE);
	lemonade_print_headers(columns);
	ret = lemonade_trace_read(dir, &query, last, record_print, NULL,
				  &error);
	if (ret < 0) {
		lemonade_doveadm_error(cctx, "%s", error);
		doveadm_exit_code = errno == EACCES ? EX_NOPERM : EX_TEMPFAIL;
	} else if (ret == 0) {
		lemonade_doveadm_error(cctx, "no trace of it: it concerned no "
			"device and no feed, or it is too old "
			"(lemonade_trace_retention, lemonade_trace_size)");
		doveadm_exit_code = DOVEADM_EX_NOTFOUND;
	}
}
