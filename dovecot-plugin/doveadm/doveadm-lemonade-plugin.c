/* lib23_doveadm_lemonade_plugin.so: doveadm lemonade ... */

#include "lib.h"
#include "doveadm-lemonade.h"
#include "doveadm-lemonade-params.h"

const char *doveadm_lemonade_plugin_version = DOVECOT_ABI_VERSION;

static struct doveadm_cmd_ver2 lemonade_commands[] = {
	{
		.name = "lemonade status",
		.usage = STATUS_USAGE,
		.cmd = cmd_lemonade_status,
DOVEADM_CMD_PARAMS_START
ADMIN_PARAMS
DOVEADM_CMD_PARAM('f', "format", CMD_PARAM_STR, 0)
DOVEADM_CMD_PARAM('t', "max-age", CMD_PARAM_STR, 0)
DOVEADM_CMD_PARAM('r', "max-rows", CMD_PARAM_STR, 0)
DOVEADM_CMD_PARAMS_END
	},
	{
		.name = "lemonade queue",
		.usage = NOTIFIER_USAGE,
		.cmd = cmd_lemonade_queue,
DOVEADM_CMD_PARAMS_START
NOTIFIER_PARAMS
DOVEADM_CMD_PARAMS_END
	},
	{
		.name = "lemonade retry",
		.usage = NOTIFIER_USAGE,
		.cmd = cmd_lemonade_retry,
DOVEADM_CMD_PARAMS_START
NOTIFIER_PARAMS
DOVEADM_CMD_PARAMS_END
	},
	{
		.name = "lemonade purge",
		.usage = "-u <user> "ADMIN_USAGE" [<device>]",
		.cmd = cmd_lemonade_purge,
DOVEADM_CMD_PARAMS_START
NOTIFIER_PARAMS
DEVICE_PARAM
DOVEADM_CMD_PARAMS_END
	},
	{
		.name = "lemonade device list",
		.usage = DOVEADM_CMD_MAIL_USAGE_PREFIX ADMIN_USAGE,
		.mail_cmd = cmd_lemonade_device_list_alloc,
DOVEADM_CMD_PARAMS_START
DOVEADM_CMD_MAIL_COMMON
ADMIN_PARAMS
DOVEADM_CMD_PARAMS_END
	},
	{
		.name = "lemonade device add",
		.usage = DEFINE_USAGE,
		.mail_cmd = cmd_lemonade_device_add_alloc,
DOVEADM_CMD_PARAMS_START
DEFINE_PARAMS
DOVEADM_CMD_PARAMS_END
	},
	{
		.name = "lemonade device set",
		.usage = DEFINE_USAGE,
		.mail_cmd = cmd_lemonade_device_set_alloc,
DOVEADM_CMD_PARAMS_START
DEFINE_PARAMS
DOVEADM_CMD_PARAMS_END
	},
	{
		.name = "lemonade device disable",
		.usage = DEVICE_USAGE,
		.mail_cmd = cmd_lemonade_device_disable_alloc,
DOVEADM_CMD_PARAMS_START
DEVICE_PARAMS
DOVEADM_CMD_PARAMS_END
	},
	{
		.name = "lemonade device remove",
		.usage = DEVICE_USAGE,
		.mail_cmd = cmd_lemonade_device_remove_alloc,
DOVEADM_CMD_PARAMS_START
DEVICE_PARAMS
DOVEADM_CMD_PARAMS_END
	},
	{
		.name = "lemonade test",
		.usage = ADMIN_USAGE" [--dry-run] --feed | "DEVICE_USAGE,
		.mail_cmd = cmd_lemonade_test_alloc,
DOVEADM_CMD_PARAMS_START
DOVEADM_CMD_PARAM('n', "dry-run", CMD_PARAM_BOOL, 0)
DOVEADM_CMD_PARAM('f', "feed", CMD_PARAM_BOOL, 0)
DEVICE_PARAMS
DOVEADM_CMD_PARAMS_END
	}
};

void doveadm_lemonade_plugin_init(struct module *module ATTR_UNUSED)
{
	unsigned int i;

	for (i = 0; i < N_ELEMENTS(lemonade_commands); i++)
		doveadm_cmd_register_ver2(&lemonade_commands[i]);
	lemonade_register_check();
	lemonade_register_sieve();
	lemonade_register_vapid();
	lemonade_register_operating();
}

void doveadm_lemonade_plugin_deinit(void)
{
}
