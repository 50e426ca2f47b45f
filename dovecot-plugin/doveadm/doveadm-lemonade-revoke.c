/* doveadm lemonade revoke: a lost phone hears nothing more. */

#include "lib.h"
#include "mail-user.h"
#include "doveadm-lemonade.h"

static void purge_row(const char *const *fields, void *context)
{
	unsigned int *devices_r = context;
	const char *value = lemonade_admin_value(fields, "devices");

	if (value == NULL || str_to_uint(value, devices_r) < 0)
		*devices_r = 0;
}

/* What the notifier knows of it, whoever told. */
static int purge(struct lemonade_mail_cmd *cmd, struct mail_user *user,
		 unsigned int *devices_r)
{
	const char *args[] = {
		"PURGE", user->username, cmd->device, NULL
	};
	struct lemonade_admin_error error = cmd->admin_error;

	*devices_r = 0;
	if (cmd->admin != NULL &&
	    lemonade_admin_command(cmd->admin, args,
				   LEMONADE_ADMIN_TIMEOUT_MSECS, purge_row,
				   devices_r, &error) == 0)
		return 0;
	return lemonade_mail_cmd_fail(cmd, error.exit_code, t_strdup_printf(
		"Device %s has no entry any more, but what waits for it is "
		"deleted only when lemonade-notify runs: %s", cmd->device,
		error.text));
}

/* The entry is never parsed: a bad one goes, too. A token's removal is told by
   nobody, but then purged. */
static int cmd_revoke_run(struct doveadm_mail_cmd_context *ctx,
			  struct mail_user *user)
{
	struct lemonade_mail_cmd *cmd = lemonade_mail_cmd_get(ctx);
	struct lemonade_store_error error;
	unsigned int devices;
	int found;

	if (lemonade_mail_cmd_begin(cmd, user) < 0)
		return -1;
	found = lemonade_device_remove(user, cmd->device, &error);
	if (found < 0)
		return lemonade_mail_cmd_store_fail(cmd, "removed", &error);
	if (purge(cmd, user, &devices) < 0)
		return -1;
	if (found > 0 || devices > 0)
		return 0;
	return lemonade_mail_cmd_not_found(cmd);
}

static void cmd_revoke_init(struct doveadm_mail_cmd_context *ctx
			    LEMONADE_DOVEADM_INIT_ARGS)
{
	struct lemonade_mail_cmd *cmd = lemonade_mail_cmd_get(ctx);

	lemonade_mail_cmd_params(cmd);
	/* the entry goes in any case */
	lemonade_mail_cmd_want_admin(cmd, FALSE);
}

struct doveadm_mail_cmd_context *cmd_lemonade_revoke_alloc(void)
{
	struct lemonade_mail_cmd *cmd = lemonade_mail_cmd_alloc();

	cmd->ctx.v.init = cmd_revoke_init;
	cmd->ctx.v.run = cmd_revoke_run;
	return &cmd->ctx;
}
