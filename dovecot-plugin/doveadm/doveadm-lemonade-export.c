/* doveadm lemonade export: all that is kept of a user. */

#include "lib.h"
#include "array.h"
#include "mail-user.h"
#include "mail-storage-service.h"
#include "lemonade-export.h"
#include "lemonade-trace-reader.h"
#include "doveadm-lemonade.h"

/* Events of the trace; the trace holds its own limits, this is for memory. */
#define EXPORT_EVENTS_MAX 100000

struct export_record {
	uint32_t uid;
	struct lemo_trace_record record; /* device and event_id only */
	const char *time, *words;
};

/* Read as root, before it is known which uid the user has. */
struct export_trace {
	pool_t pool;
	ARRAY(struct export_record) records;
};

struct export_cmd {
	struct lemonade_mail_cmd cmd;
	struct export_trace trace;
};

static struct export_cmd *export_cmd_get(struct doveadm_mail_cmd_context *ctx)
{
	return container_of(lemonade_mail_cmd_get(ctx), struct export_cmd,
			    cmd);
}

static void trace_record(const struct lemo_trace_record *record, uint32_t uid,
			 void *context)
{
	struct export_trace *trace = context;
	struct export_record *copy = array_append_space(&trace->records);

	copy->uid = uid;
	copy->record.device = p_strdup(trace->pool, record->device);
	copy->record.event_id = p_strdup(trace->pool, record->event_id);
	copy->time = p_strdup(trace->pool, lemonade_trace_time(record->time));
	copy->words = p_strdup(trace->pool, lemonade_trace_words(record));
}

static void trace_free(struct export_trace *trace)
{
	if (trace->pool != NULL)
		array_free(&trace->records);
	pool_unref(&trace->pool);
}

static void read_trace(struct export_cmd *exp, const char *username)
{
	const struct lemo_trace_query query = { .user = username };
	struct lemonade_admin_error admin_error;
	const char *dir, *error;

	trace_free(&exp->trace);
	exp->trace.pool = pool_alloconly_create("lemonade export", 4096);
	i_array_init(&exp->trace.records, 64);
	/* without a trace there is none to export */
	if (exp->cmd.admin == NULL ||
	    lemonade_trace_dir(exp->cmd.admin, &dir, &admin_error) < 0)
		return;
	if (lemonade_trace_read(dir, &query, EXPORT_EVENTS_MAX, trace_record,
				&exp->trace, &error) < 0)
		(void)lemonade_mail_cmd_fail(&exp->cmd, EX_TEMPFAIL, error);
}

static int
cmd_export_prerun(struct doveadm_mail_cmd_context *ctx,
		  struct mail_storage_service_user *service_user,
		  const char **error_r)
{
	struct export_cmd *exp = export_cmd_get(ctx);

	if (lemonade_mail_cmd_prerun(ctx, service_user, error_r) < 0)
		return -1;
	read_trace(exp, mail_storage_service_user_get_input(
			service_user)->username);
	return 0;
}

static void export_row(const char *const *fields, void *context)
{
	lemonade_export_row(context, fields);
}

static void add_entry(const char *device, const char *json, void *context)
{
	lemonade_export_entry(context, device, json);
}

static int ask_notifier(struct lemonade_mail_cmd *cmd, struct mail_user *user,
			struct lemonade_export *exp)
{
	const char *args[] = {
		"EXPORT", user->username, dec2str(geteuid()), NULL
	};
	struct lemonade_admin_error error;

	if (lemonade_admin_command(cmd->admin, args,
				   LEMONADE_ADMIN_TIMEOUT_MSECS, export_row,
				   exp, &error) == 0)
		return 0;
	return lemonade_mail_cmd_fail(cmd, error.exit_code, error.text);
}

static void add_trace(struct export_trace *trace, struct lemonade_export *exp)
{
	const struct export_record *record;

	array_foreach(&trace->records, record) {
		/* what others said of a user of that name is not his */
		if (record->uid == geteuid()) {
			lemonade_export_trace(exp, &record->record,
					      record->time, record->words);
		}
	}
}

static int cmd_export_run(struct doveadm_mail_cmd_context *ctx,
			  struct mail_user *user)
{
	struct export_cmd *cmd = export_cmd_get(ctx);
	struct lemonade_export *exp;
	int ret = -1;

	if (lemonade_mail_cmd_begin(&cmd->cmd, user) < 0) {
		trace_free(&cmd->trace);
		return -1;
	}
	exp = lemonade_export_init(user->username);
	if (lemonade_mail_cmd_each(&cmd->cmd, user, add_entry, exp) == 0 &&
	    ask_notifier(&cmd->cmd, user, exp) == 0) {
		add_trace(&cmd->trace, exp);
		doveadm_print(lemonade_export_text(exp));
		ret = 0;
	}
	lemonade_export_deinit(&exp);
	trace_free(&cmd->trace);
	return ret;
}

static void cmd_export_init(struct doveadm_mail_cmd_context *ctx
			    LEMONADE_DOVEADM_INIT_ARGS)
{
	lemonade_mail_cmd_want_admin(lemonade_mail_cmd_get(ctx), TRUE);
	ctx->v.prerun = cmd_export_prerun;
	doveadm_print_header("export", "export",
			     DOVEADM_PRINT_HEADER_FLAG_HIDE_TITLE);
}

struct doveadm_mail_cmd_context *cmd_lemonade_export_alloc(void)
{
	struct export_cmd *exp = doveadm_mail_cmd_alloc(struct export_cmd);

	lemonade_mail_cmd_setup(&exp->cmd);
	exp->cmd.ctx.v.init = cmd_export_init;
	exp->cmd.ctx.v.run = cmd_export_run;
	doveadm_print_init(DOVEADM_PRINT_TYPE_FLOW);
	return &exp->cmd.ctx;
}
