/* doveadm lemonade status: for people, for OpenMetrics and for monitoring. */

#include "lib.h"
#include "lemo-buf.h"
#include "doveadm-lemonade.h"

/* Exit code of what monitoring calls critical. */
#define EXIT_CRITICAL 2
#define METRICS_MAX (64 * 1024)
#define FORMAT_OPENMETRICS "openmetrics"

static const struct lemonade_column columns[] = {
	{ "version", "version", 0 },
	{ "uptime", "uptime", LEMONADE_COLUMN_NUMBER },
	{ "outbox_state", "outbox_state", 0 },
	{ "rows", "rows", LEMONADE_COLUMN_NUMBER },
	{ "oldest_secs", "oldest_secs", LEMONADE_COLUMN_NUMBER },
	{ "inflight", "inflight", LEMONADE_COLUMN_NUMBER },
	{ "spool_files", "spool_files", LEMONADE_COLUMN_NUMBER },
	{ "origins", "origins", LEMONADE_COLUMN_NUMBER },
	{ "breakers_open", "breakers_open", LEMONADE_COLUMN_NUMBER },
	{ "devices", "devices", LEMONADE_COLUMN_NUMBER },
	{ "trace_octets", "trace_octets", LEMONADE_COLUMN_NUMBER },
	{ "last_error", "last_error", 0 },
	{ NULL, NULL, 0 }
};

/* unit: "" or the name's last word */
static const struct gauge {
	const char *key, *name, *unit, *help;
} gauges[] = {
	{ "uptime", "uptime_seconds", "seconds",
	  "Time since the notifier started" },
	{ "rows", "queue_rows", "", "Pushes and events that wait" },
	{ "oldest_secs", "queue_oldest_seconds", "seconds",
	  "Age of the oldest that waits" },
	{ "inflight", "requests_open", "", "Requests that are open" },
	{ "spool_files", "spool_files", "",
	  "Events that the notifier has not taken yet" },
	{ "origins", "origins", "", "Origins in memory" },
	{ "breakers_open", "breakers_open", "",
	  "Origins that are left alone after failures" },
	{ "devices", "devices", "", "Devices that the notifier knows" },
	{ "trace_octets", "trace_bytes", "bytes", "Size of the trace" }
};

struct status {
	struct doveadm_cmd_context *cctx;
	bool openmetrics, has_max_age, has_max_rows;
	unsigned int max_age, max_rows;
};

static uint64_t row_number(const char *const *fields, const char *key)
{
	const char *value = lemonade_admin_value(fields, key);
	uint64_t num;

	return value == NULL || str_to_uint64(value, &num) < 0 ? 0 : num;
}

static bool outbox_is_ok(const char *const *fields)
{
	return null_strcmp(lemonade_admin_value(fields, "outbox_state"),
			   "ok") == 0;
}

static void add_metric(struct lemo_buf *buf, const char *name,
		       const char *unit, const char *help, uint64_t value)
{
	lemo_buf_addf(buf, "# HELP lemonade_%s %s\n", name, help);
	lemo_buf_addf(buf, "# TYPE lemonade_%s gauge\n", name);
	if (*unit != '\0')
		lemo_buf_addf(buf, "# UNIT lemonade_%s %s\n", name, unit);
	lemo_buf_addf(buf, "lemonade_%s %"PRIu64"\n", name, value);
}

static void print_openmetrics(const char *const *fields)
{
	struct lemo_buf buf;
	unsigned int i;

	lemo_buf_init(&buf, METRICS_MAX);
	lemo_buf_addf(&buf, "# HELP lemonade_build Version of the notifier\n"
		      "# TYPE lemonade_build info\n"
		      "lemonade_build_info{version=\"%s\"} 1\n",
		      lemonade_admin_value(fields, "version"));
	add_metric(&buf, "outbox_ok", "", "1 if the outbox can be written",
		   outbox_is_ok(fields) ? 1 : 0);
	for (i = 0; i < N_ELEMENTS(gauges); i++) {
		add_metric(&buf, gauges[i].name, gauges[i].unit,
			   gauges[i].help, row_number(fields, gauges[i].key));
	}
	lemo_buf_adds(&buf, "# EOF");
	doveadm_print(buf.data);
	lemo_buf_free(&buf);
}

static void critical(struct status *status ATTR_UNUSED, const char *text)
{
	lemonade_doveadm_error(status->cctx, "%s", text);
	doveadm_exit_code = EXIT_CRITICAL;
}

static void check(struct status *status, const char *const *fields)
{
	uint64_t rows = row_number(fields, "rows");
	uint64_t age = row_number(fields, "oldest_secs");

	if (!status->has_max_age && !status->has_max_rows)
		return;
	if (!outbox_is_ok(fields)) {
		critical(status, t_strdup_printf("the outbox: %s",
			lemonade_admin_value(fields, "outbox_state")));
	}
	if (status->has_max_age && age > status->max_age) {
		critical(status, t_strdup_printf("the oldest waits for "
			"%"PRIu64" s, --max-age is %u", age,
			status->max_age));
	}
	if (status->has_max_rows && rows > status->max_rows) {
		critical(status, t_strdup_printf("%"PRIu64" rows wait, "
			"--max-rows is %u", rows, status->max_rows));
	}
}

static void status_row(const char *const *fields, void *context)
{
	struct status *status = context;

	if (status->openmetrics)
		print_openmetrics(fields);
	else
		lemonade_print_row(columns, fields);
	check(status, fields);
}

static bool get_number(struct doveadm_cmd_context *cctx, const char *name,
		       bool *has_r, unsigned int *num_r)
{
	const char *value;

	*has_r = doveadm_cmd_param_str(cctx, name, &value);
	if (!*has_r || str_to_uint(value, num_r) == 0)
		return TRUE;
	lemonade_doveadm_error(cctx, "--%s: give a number", name);
	doveadm_exit_code = EX_USAGE;
	return FALSE;
}

static bool get_status(struct doveadm_cmd_context *cctx,
		       struct status *status_r)
{
	const char *format;

	i_zero(status_r);
	status_r->cctx = cctx;
	status_r->openmetrics = doveadm_cmd_param_str(cctx, "format", &format);
	if (status_r->openmetrics && strcmp(format, FORMAT_OPENMETRICS) != 0) {
		lemonade_doveadm_error(cctx, "-f %s: behind the command, the "
			"format can be "FORMAT_OPENMETRICS" only; those of "
			"doveadm stand before it", format);
		doveadm_exit_code = EX_USAGE;
		return FALSE;
	}
	return get_number(cctx, "max-age", &status_r->has_max_age,
			  &status_r->max_age) &&
		get_number(cctx, "max-rows", &status_r->has_max_rows,
			   &status_r->max_rows);
}

void cmd_lemonade_status(struct doveadm_cmd_context *cctx)
{
	static const char *const args[] = { "STATUS", NULL };
	struct status status;

	if (!get_status(cctx, &status))
		return;
	if (status.openmetrics) {
		doveadm_print_init(DOVEADM_PRINT_TYPE_FLOW);
		doveadm_print_header("openmetrics", "openmetrics",
				     DOVEADM_PRINT_HEADER_FLAG_HIDE_TITLE);
	} else {
		doveadm_print_init(DOVEADM_PRINT_TYPE_PAGER);
		lemonade_print_headers(columns);
	}
	lemonade_ask(cctx, args, status_row, &status);
}
