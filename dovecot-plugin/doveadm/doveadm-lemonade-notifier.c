/* doveadm lemonade queue, retry, purge: the notifier answers. */

#include "lib.h"
#include "doveadm-lemonade.h"

#define ADMIN_SOCKET "lemonade-notify-admin"

static const struct lemonade_column queue_columns[] = {
	{ "user", "user", 0 },
	{ "device", "device", 0 },
	{ "channel", "channel", 0 },
	{ "origin", "origin", 0 },
	{ "tries", "tries", LEMONADE_COLUMN_NUMBER },
	{ "due_secs", "due_secs", LEMONADE_COLUMN_NUMBER },
	{ "expires_secs", "expires_secs", LEMONADE_COLUMN_NUMBER },
	{ "last_result", "last_result", 0 },
	{ NULL, NULL, 0 }
};

const char *lemonade_admin_socket(const struct doveadm_cmd_context *cctx)
{
	const char *path;

	if (doveadm_cmd_param_str(cctx, "socket", &path))
		return path;
	return t_strconcat(doveadm_settings->base_dir, "/"ADMIN_SOCKET, NULL);
}

static void row_print(const char *const *fields, void *context)
{
	const struct lemonade_column *columns = context;

	lemonade_print_row(columns, fields);
}

void lemonade_ask(struct doveadm_cmd_context *cctx, const char *const *args,
		  lemonade_admin_row_t *callback, void *context)
{
	struct lemonade_admin_error error;
	struct lemonade_admin *admin;
	int ret = -1;

	admin = lemonade_admin_connect(lemonade_admin_socket(cctx), &error);
	if (admin != NULL) {
		ret = lemonade_admin_command(admin, args,
			LEMONADE_ADMIN_TIMEOUT_MSECS, callback, context,
			&error);
		lemonade_admin_disconnect(&admin);
	}
	if (ret < 0) {
		lemonade_doveadm_error(cctx, "%s", error.text);
		doveadm_exit_code = error.exit_code;
	}
}

void cmd_lemonade_queue(struct doveadm_cmd_context *cctx)
{
	const char *args[] = { "QUEUE", NULL, NULL };

	(void)doveadm_cmd_param_str(cctx, "user", &args[1]);
	doveadm_print_init(DOVEADM_PRINT_TYPE_TABLE);
	lemonade_print_headers(queue_columns);
	lemonade_ask(cctx, args, row_print, (void *)queue_columns);
}

void cmd_lemonade_retry(struct doveadm_cmd_context *cctx)
{
	const char *args[] = { "RETRY", NULL, NULL };

	(void)doveadm_cmd_param_str(cctx, "user", &args[1]);
	lemonade_ask(cctx, args, NULL, NULL);
}

void cmd_lemonade_purge(struct doveadm_cmd_context *cctx)
{
	const char *args[] = { "PURGE", NULL, NULL, NULL };

	if (!doveadm_cmd_param_str(cctx, "user", &args[1])) {
		lemonade_doveadm_error(cctx, "-u USER is missing");
		doveadm_exit_code = EX_USAGE;
		return;
	}
	(void)doveadm_cmd_param_str(cctx, "device", &args[2]);
	lemonade_ask(cctx, args, NULL, NULL);
}
