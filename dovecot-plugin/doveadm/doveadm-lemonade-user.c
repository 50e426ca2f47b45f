/* What all commands for a mail user share. */

#include "lib.h"
#include "module-dir.h"
#include "mail-user.h"
#include "mail-storage-service.h"
#include "lemo-subscription.h"
#include "doveadm-lemonade.h"

int lemonade_mail_cmd_prerun(struct doveadm_mail_cmd_context *ctx,
			     struct mail_storage_service_user *service_user
			     ATTR_UNUSED, const char **error_r ATTR_UNUSED)
{
	struct lemonade_mail_cmd *cmd = lemonade_mail_cmd_get(ctx);

	/* -A: a connection that failed for one user is tried for the next */
	if (cmd->admin == NULL) {
		cmd->admin = lemonade_admin_connect(
			lemonade_admin_socket(ctx->cctx), &cmd->admin_error);
		cmd->admin_error.text = p_strdup(ctx->pool,
						 cmd->admin_error.text);
	}
	return 0;
}

static void lemonade_mail_cmd_deinit(struct doveadm_mail_cmd_context *ctx)
{
	lemonade_admin_disconnect(&lemonade_mail_cmd_get(ctx)->admin);
}

struct lemonade_mail_cmd *
lemonade_mail_cmd_get(struct doveadm_mail_cmd_context *ctx)
{
	return container_of(ctx, struct lemonade_mail_cmd, ctx);
}

void lemonade_mail_cmd_setup(struct lemonade_mail_cmd *cmd)
{
	cmd->ctx.v.deinit = lemonade_mail_cmd_deinit;
	lemonade_doveadm_accept_options(&cmd->ctx);
}

struct lemonade_mail_cmd *lemonade_mail_cmd_alloc(void)
{
	struct lemonade_mail_cmd *cmd;

	cmd = doveadm_mail_cmd_alloc(struct lemonade_mail_cmd);
	lemonade_mail_cmd_setup(cmd);
	return cmd;
}

void lemonade_mail_cmd_want_admin(struct lemonade_mail_cmd *cmd, bool need)
{
	cmd->ctx.v.prerun = lemonade_mail_cmd_prerun;
	cmd->need_admin = need;
}

static void take_device(struct lemonade_mail_cmd *cmd)
{
	struct doveadm_cmd_context *cctx = cmd->ctx.cctx;
	const char *device;

	if (doveadm_cmd_param_str(cctx, "device", &device) == cmd->feed)
		doveadm_mail_help_name(cctx->cmd->name);
	if (cmd->feed)
		return;
	cmd->device = p_strdup(cmd->ctx.pool, t_str_lcase(device));
	if (!lemo_device_name_is_valid(cmd->device)) {
		i_fatal_status(EX_USAGE, "'%s' is no device name: use 1 to %u "
			       "of a-z, 0-9, '.', '_' and '-'", device,
			       LEMO_DEVICE_NAME_MAX);
	}
}

void lemonade_mail_cmd_params(struct lemonade_mail_cmd *cmd)
{
	struct doveadm_cmd_context *cctx = cmd->ctx.cctx;

	(void)doveadm_cmd_param_bool(cctx, "feed", &cmd->feed);
	take_device(cmd);
	(void)doveadm_cmd_param_array(cctx, "definition", &cmd->definition);
	(void)doveadm_cmd_param_bool(cctx, "verified", &cmd->verified);
	(void)doveadm_cmd_param_bool(cctx, "dry-run", &cmd->dry_run);
}

int lemonade_mail_cmd_fail(struct lemonade_mail_cmd *cmd, int exit_code,
			   const char *error)
{
	lemonade_doveadm_error(cmd->ctx.cctx, "%s", error);
	if (cmd->ctx.exit_code == 0 || exit_code == EX_TEMPFAIL)
		cmd->ctx.exit_code = exit_code;
	return -1;
}

static bool user_has_plugin(struct mail_user *user)
{
	struct module *module =
		module_dir_find(mail_storage_service_modules, "lemonade");

	return module != NULL && mail_user_is_plugin_loaded(user, module);
}

int lemonade_mail_cmd_begin(struct lemonade_mail_cmd *cmd,
			    struct mail_user *user)
{
	if (!user_has_plugin(user)) {
		return lemonade_mail_cmd_fail(cmd, EX_CONFIG,
			"the lemonade plugin is not loaded for this user: "
			"add notify and lemonade to mail_plugins, outside of "
			"any protocol block");
	}
	if (cmd->need_admin && cmd->admin == NULL) {
		return lemonade_mail_cmd_fail(cmd, cmd->admin_error.exit_code,
					      cmd->admin_error.text);
	}
	return 0;
}

int lemonade_mail_cmd_store_fail(struct lemonade_mail_cmd *cmd,
				 const char *what,
				 const struct lemonade_store_error *error)
{
	lemonade_doveadm_error(cmd->ctx.cctx, "Device %s can't be %s: %s",
			       cmd->device, what, error->text);
	doveadm_mail_failed_error(&cmd->ctx, error->error);
	return -1;
}

int lemonade_mail_cmd_each(struct lemonade_mail_cmd *cmd,
			   struct mail_user *user, lemonade_device_t *callback,
			   void *context)
{
	struct lemonade_store_error error;

	if (lemonade_device_each(user, callback, context, &error) == 0)
		return 0;
	lemonade_doveadm_error(cmd->ctx.cctx, "Devices can't be read: %s",
			       error.text);
	doveadm_mail_failed_error(&cmd->ctx, error.error);
	return -1;
}

int lemonade_mail_cmd_not_found(struct lemonade_mail_cmd *cmd)
{
	return lemonade_mail_cmd_fail(cmd, DOVEADM_EX_NOTFOUND,
		t_strdup_printf("Device %s does not exist", cmd->device));
}

int lemonade_mail_cmd_find(struct lemonade_mail_cmd *cmd,
			   struct mail_user *user, const char **json_r)
{
	struct lemonade_store_error error;
	int ret;

	if (lemonade_mail_cmd_begin(cmd, user) < 0)
		return -1;
	ret = lemonade_device_get(user, cmd->device, json_r, &error);
	return ret >= 0 ? ret :
		lemonade_mail_cmd_store_fail(cmd, "read", &error);
}

int lemonade_mail_cmd_lookup(struct lemonade_mail_cmd *cmd,
			     struct mail_user *user, const char **json_r)
{
	int ret = lemonade_mail_cmd_find(cmd, user, json_r);

	if (ret != 0)
		return ret < 0 ? -1 : 0;
	return lemonade_mail_cmd_not_found(cmd);
}
