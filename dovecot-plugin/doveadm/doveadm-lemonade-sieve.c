/* doveadm lemonade sieve secret: what receivers of lemonade_sieve_targets
   verify signatures with. */

#include "lib.h"
#include "doveadm-lemonade.h"
#include "doveadm-lemonade-params.h"

static const struct lemonade_column columns[] = {
	{ "target", "target", 0 },
	{ "secret", "secret", 0 },
	{ NULL, NULL, 0 }
};

static void row_print(const char *const *fields, void *context ATTR_UNUSED)
{
	lemonade_print_row(columns, fields);
}

static void cmd_lemonade_sieve_secret(struct doveadm_cmd_context *cctx)
{
	const char *args[] = { "SIEVE-SECRET", NULL, NULL };

	if (!doveadm_cmd_param_str(cctx, "url", &args[1])) {
		lemonade_doveadm_error(cctx, "url is missing: name a URL of "
				       "lemonade_sieve_targets");
		doveadm_exit_code = EX_USAGE;
		return;
	}
	doveadm_print_init(DOVEADM_PRINT_TYPE_TABLE);
	lemonade_print_headers(columns);
	lemonade_ask(cctx, args, row_print, NULL);
}

static struct doveadm_cmd_ver2 command = {
	.name = "lemonade sieve secret",
	.usage = ADMIN_USAGE" <url>",
	.cmd = cmd_lemonade_sieve_secret,
DOVEADM_CMD_PARAMS_START
ADMIN_PARAMS
DOVEADM_CMD_PARAM('\0', "url", CMD_PARAM_STR, CMD_PARAM_FLAG_POSITIONAL)
DOVEADM_CMD_PARAMS_END
};

void lemonade_register_sieve(void)
{
	doveadm_cmd_register_ver2(&command);
}
