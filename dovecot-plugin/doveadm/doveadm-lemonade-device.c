/* doveadm lemonade device add, set, disable, remove */

#include "lib.h"
#include "mail-user.h"
#include "lemo-limits.h"
#include "lemo-token.h"
#include "lemonade-definition.h"
#include "doveadm-lemonade.h"

static void code_row(const char *const *fields, void *context)
{
	char *code = context;
	const char *value = lemonade_admin_value(fields, "code");

	if (value != NULL)
		(void)i_strocpy(code, value, LEMO_DEVICE_CODE_MAX + 1);
}

/* Asks the notifier for the code that proves the device and puts it in. */
static const char *
add_code(struct lemonade_mail_cmd *cmd, struct mail_user *user,
	 const char *json, struct lemonade_admin_error *error_r)
{
	const char *args[] = {
		"CODE", user->username, dec2str(geteuid()), cmd->device,
		json, NULL
	};
	const char *pair[] = { NULL, NULL }, *error;
	char code[LEMO_DEVICE_CODE_MAX + 1] = "";

	if (lemonade_admin_command(cmd->admin, args,
				   LEMONADE_ADMIN_TIMEOUT_MSECS,
				   code_row, code, error_r) < 0)
		return NULL;
	/* quoted: a code of digits is no number */
	pair[0] = t_strconcat("verificationCode=\"", code, "\"", NULL);
	json = lemonade_definition_merge(json, pair, &error);
	if (json == NULL) {
		error_r->exit_code = EX_PROTOCOL;
		error_r->text = error;
	}
	return json;
}

static int store(struct lemonade_mail_cmd *cmd, struct mail_user *user,
		 const char *json)
{
	struct lemonade_store_error error;
	struct lemonade_admin_error admin_error;

	if (cmd->verified) {
		json = add_code(cmd, user, json, &admin_error);
		if (json == NULL) {
			return lemonade_mail_cmd_fail(cmd,
				admin_error.exit_code, admin_error.text);
		}
	}
	if (lemonade_device_put(user, cmd->device, json, &error) < 0)
		return lemonade_mail_cmd_store_fail(cmd, "stored", &error);
	return 0;
}

/* Merges args, if any, into the device and stores it. */
static int change(struct lemonade_mail_cmd *cmd, struct mail_user *user,
		  const char *old, const char *const *args)
{
	static const char *const no_args[] = { NULL };
	const char *json, *error;

	if (args == NULL)
		args = no_args;
	json = lemonade_definition_merge(old, args, &error);
	if (json == NULL) {
		return lemonade_mail_cmd_fail(cmd, EX_DATAERR, t_strdup_printf(
			"Device %s can't be stored: %s", cmd->device, error));
	}
	return store(cmd, user, json);
}

static int cmd_add_run(struct doveadm_mail_cmd_context *ctx,
		       struct mail_user *user)
{
	struct lemonade_mail_cmd *cmd = lemonade_mail_cmd_get(ctx);
	const char *json;
	int ret = lemonade_mail_cmd_find(cmd, user, &json);

	if (ret < 0)
		return -1;
	if (ret > 0) {
		return lemonade_mail_cmd_fail(cmd, EX_DATAERR, t_strdup_printf(
			"Device %s exists already: use "
			"'doveadm lemonade device set'", cmd->device));
	}
	return change(cmd, user, NULL, cmd->definition);
}

static int cmd_set_run(struct doveadm_mail_cmd_context *ctx,
		       struct mail_user *user)
{
	struct lemonade_mail_cmd *cmd = lemonade_mail_cmd_get(ctx);
	const char *json;

	if (lemonade_mail_cmd_lookup(cmd, user, &json) < 0)
		return -1;
	return change(cmd, user, json, cmd->definition);
}

static int cmd_disable_run(struct doveadm_mail_cmd_context *ctx,
			   struct mail_user *user)
{
	static const char *const disable[] = { "disabled=true", NULL };
	struct lemonade_mail_cmd *cmd = lemonade_mail_cmd_get(ctx);
	const char *json;

	if (lemonade_mail_cmd_lookup(cmd, user, &json) < 0)
		return -1;
	return change(cmd, user, json, disable);
}

static int cmd_remove_run(struct doveadm_mail_cmd_context *ctx,
			  struct mail_user *user)
{
	struct lemonade_mail_cmd *cmd = lemonade_mail_cmd_get(ctx);
	struct lemonade_store_error error;
	int ret;

	/* it would go without a word to the notifier */
	if (lemo_token_id_of_device(cmd->device) != NULL) {
		return lemonade_mail_cmd_fail(cmd, EX_USAGE, "A device token "
			"is removed by 'doveadm lemonade revoke'");
	}
	if (lemonade_mail_cmd_begin(cmd, user) < 0)
		return -1;
	ret = lemonade_device_remove(user, cmd->device, &error);
	if (ret < 0)
		return lemonade_mail_cmd_store_fail(cmd, "removed", &error);
	return ret > 0 ? 0 : lemonade_mail_cmd_not_found(cmd);
}

static void cmd_device_init(struct doveadm_mail_cmd_context *ctx
			    LEMONADE_DOVEADM_INIT_ARGS)
{
	lemonade_mail_cmd_params(lemonade_mail_cmd_get(ctx));
}

static void cmd_add_init(struct doveadm_mail_cmd_context *ctx
			 LEMONADE_DOVEADM_INIT_ARGS)
{
	struct lemonade_mail_cmd *cmd = lemonade_mail_cmd_get(ctx);

	lemonade_mail_cmd_params(cmd);
	if (cmd->verified)
		lemonade_mail_cmd_want_admin(cmd, TRUE);
	if (cmd->definition == NULL)
		doveadm_mail_help_name(ctx->cctx->cmd->name);
}

static void cmd_set_init(struct doveadm_mail_cmd_context *ctx
			 LEMONADE_DOVEADM_INIT_ARGS)
{
	struct lemonade_mail_cmd *cmd = lemonade_mail_cmd_get(ctx);

	lemonade_mail_cmd_params(cmd);
	if (cmd->verified)
		lemonade_mail_cmd_want_admin(cmd, TRUE);
	if (cmd->definition == NULL && !cmd->verified)
		doveadm_mail_help_name(ctx->cctx->cmd->name);
}

struct doveadm_mail_cmd_context *cmd_lemonade_device_add_alloc(void)
{
	struct lemonade_mail_cmd *cmd = lemonade_mail_cmd_alloc();

	cmd->ctx.v.init = cmd_add_init;
	cmd->ctx.v.run = cmd_add_run;
	return &cmd->ctx;
}

struct doveadm_mail_cmd_context *cmd_lemonade_device_set_alloc(void)
{
	struct lemonade_mail_cmd *cmd = lemonade_mail_cmd_alloc();

	cmd->ctx.v.init = cmd_set_init;
	cmd->ctx.v.run = cmd_set_run;
	return &cmd->ctx;
}

struct doveadm_mail_cmd_context *cmd_lemonade_device_disable_alloc(void)
{
	struct lemonade_mail_cmd *cmd = lemonade_mail_cmd_alloc();

	cmd->ctx.v.init = cmd_device_init;
	cmd->ctx.v.run = cmd_disable_run;
	return &cmd->ctx;
}

struct doveadm_mail_cmd_context *cmd_lemonade_device_remove_alloc(void)
{
	struct lemonade_mail_cmd *cmd = lemonade_mail_cmd_alloc();

	cmd->ctx.v.init = cmd_device_init;
	cmd->ctx.v.run = cmd_remove_run;
	return &cmd->ctx;
}
