/* doveadm lemonade test: one push to one device or to the feed, or what it
   would say. */

#include "lib.h"
#include "mail-user.h"
#include "lemonade-settings.h"
#include "doveadm-lemonade.h"

/* The notifier answers after at most lemonade_request_timeout. */
#define ANSWER_MARGIN_MSECS 5000

static const struct lemonade_column result_columns[] = {
	{ "result", "result", 0 },
	{ NULL, NULL, 0 }
};

static const struct lemonade_column request_columns[] = {
	{ "method", "method", 0 },
	{ "url", "url", 0 },
	{ "headers", "headers", 0 },
	{ "body", "body", 0 },
	{ NULL, NULL, 0 }
};

static const struct lemonade_column *
columns_of(const struct lemonade_mail_cmd *cmd)
{
	return cmd->dry_run ? request_columns : result_columns;
}

struct test_answer {
	const struct lemonade_column *columns;
	bool seen;
};

static void answer_row(const char *const *fields, void *context)
{
	struct test_answer *answer = context;

	answer->seen = TRUE;
	lemonade_print_row(answer->columns, fields);
}

static int get_timeout(struct mail_user *user, unsigned int *msecs_r,
		       const char **error_r)
{
	const struct lemonade_settings *set;

	if (lemonade_settings_get_user(user, &set, error_r) < 0)
		return -1;
	*msecs_r = set->lemonade_request_timeout + ANSWER_MARGIN_MSECS;
	lemonade_settings_free(&set);
	return 0;
}

static int send_test(struct lemonade_mail_cmd *cmd, struct mail_user *user,
		     const char *const *args)
{
	struct test_answer answer = { .columns = columns_of(cmd) };
	struct lemonade_admin_error admin_error;
	unsigned int timeout_msecs;
	const char *error;

	if (get_timeout(user, &timeout_msecs, &error) < 0)
		return lemonade_mail_cmd_fail(cmd, EX_CONFIG, error);
	if (lemonade_admin_command(cmd->admin, args, timeout_msecs,
				   answer_row, &answer, &admin_error) == 0)
		return 0;
	/* refused after the row: it was sent, but to no avail */
	if (answer.seen && admin_error.exit_code == EX_DATAERR) {
		admin_error.exit_code = EX_UNAVAILABLE;
		admin_error.text = t_strconcat("The push was not delivered: ",
					       admin_error.text, NULL);
	}
	return lemonade_mail_cmd_fail(cmd, admin_error.exit_code,
				      admin_error.text);
}

static int cmd_test_run(struct doveadm_mail_cmd_context *ctx,
			struct mail_user *user)
{
	struct lemonade_mail_cmd *cmd = lemonade_mail_cmd_get(ctx);
	const char *json, *dry_run = cmd->dry_run ? "1" : "0";
	const char *feed_args[] = {
		"TEST-FEED", user->username, dry_run, NULL
	};
	const char *args[] = {
		"TEST", user->username, dec2str(geteuid()), cmd->device, NULL,
		dry_run, NULL
	};

	if (cmd->feed) {
		return lemonade_mail_cmd_begin(cmd, user) < 0 ? -1 :
			send_test(cmd, user, feed_args);
	}
	if (lemonade_mail_cmd_lookup(cmd, user, &json) < 0)
		return -1;
	args[4] = json;
	return send_test(cmd, user, args);
}

static void cmd_test_init(struct doveadm_mail_cmd_context *ctx
			  LEMONADE_DOVEADM_INIT_ARGS)
{
	struct lemonade_mail_cmd *cmd = lemonade_mail_cmd_get(ctx);

	lemonade_mail_cmd_params(cmd);
	lemonade_mail_cmd_want_admin(cmd, TRUE);
	lemonade_print_headers(columns_of(cmd));
}

struct doveadm_mail_cmd_context *cmd_lemonade_test_alloc(void)
{
	struct lemonade_mail_cmd *cmd = lemonade_mail_cmd_alloc();

	cmd->ctx.v.init = cmd_test_init;
	cmd->ctx.v.run = cmd_test_run;
	doveadm_print_init(DOVEADM_PRINT_TYPE_PAGER);
	return &cmd->ctx;
}
