/* The commands that tell and clean up after the fact. */

#include "lib.h"
#include "doveadm-lemonade.h"
#include "doveadm-lemonade-params.h"

static struct doveadm_cmd_ver2 commands[] = {
	{
		.name = "lemonade trace",
		.usage = TRACE_USAGE,
		.cmd = cmd_lemonade_trace,
DOVEADM_CMD_PARAMS_START
NOTIFIER_PARAMS
DOVEADM_CMD_PARAM('d', "device", CMD_PARAM_STR, 0)
DOVEADM_CMD_PARAM('n', "last", CMD_PARAM_STR, 0)
DOVEADM_CMD_PARAM('\0', "message-id", CMD_PARAM_STR, \
		  CMD_PARAM_FLAG_POSITIONAL)
DOVEADM_CMD_PARAMS_END
	},
	{
		.name = "lemonade revoke",
		.usage = ADMIN_USAGE" "DEVICE_USAGE,
		.mail_cmd = cmd_lemonade_revoke_alloc,
DOVEADM_CMD_PARAMS_START
DEVICE_PARAMS
DOVEADM_CMD_PARAMS_END
	},
	{
		.name = "lemonade export",
		.usage = DOVEADM_CMD_MAIL_USAGE_PREFIX ADMIN_USAGE,
		.mail_cmd = cmd_lemonade_export_alloc,
DOVEADM_CMD_PARAMS_START
DOVEADM_CMD_MAIL_COMMON
ADMIN_PARAMS
DOVEADM_CMD_PARAMS_END
	}
};

void lemonade_register_operating(void)
{
	unsigned int i;

	for (i = 0; i < N_ELEMENTS(commands); i++)
		doveadm_cmd_register_ver2(&commands[i]);
}
