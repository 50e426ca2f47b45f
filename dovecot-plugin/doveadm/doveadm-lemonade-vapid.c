/* doveadm lemonade vapid ...: the server's keys for Web Push. */

#include "lib.h"
#include "istream.h"
#include "safe-memset.h"
#include "str.h"
#include "doveadm-lemonade.h"
#include "doveadm-lemonade-params.h"

/* Larger than any key file; the notifier has the exact limit. */
#define KEY_FILE_MAX (32 * 1024)

static const struct lemonade_column key_columns[] = {
	{ "key", "key", 0 },
	{ "state", "state", 0 },
	{ NULL, NULL, 0 }
};

static const struct lemonade_column pem_columns[] = {
	{ "pem", "pem", DOVEADM_PRINT_HEADER_FLAG_HIDE_TITLE },
	{ NULL, NULL, 0 }
};

static void row_print(const char *const *fields, void *context)
{
	const struct lemonade_column *columns = context;

	lemonade_print_row(columns, fields);
}

static void ask_keys(struct doveadm_cmd_context *cctx,
		     const char *const *args)
{
	doveadm_print_init(DOVEADM_PRINT_TYPE_TABLE);
	lemonade_print_headers(key_columns);
	lemonade_ask(cctx, args, row_print, (void *)key_columns);
}

static void cmd_lemonade_vapid_show(struct doveadm_cmd_context *cctx)
{
	static const char *const args[] = { "VAPID-SHOW", NULL };

	ask_keys(cctx, args);
}

static void cmd_lemonade_vapid_export(struct doveadm_cmd_context *cctx)
{
	static const char *const args[] = { "VAPID-EXPORT", NULL };

	doveadm_print_init(DOVEADM_PRINT_TYPE_FLOW);
	lemonade_print_headers(pem_columns);
	lemonade_ask(cctx, args, row_print, (void *)pem_columns);
}

static void cmd_lemonade_vapid_rotate(struct doveadm_cmd_context *cctx)
{
	static const char *const args[] = { "VAPID-ROTATE", NULL };

	ask_keys(cctx, args);
}

static int fail(struct doveadm_cmd_context *cctx ATTR_UNUSED, int exit_code,
		const char *error)
{
	lemonade_doveadm_error(cctx, "%s", error);
	doveadm_exit_code = exit_code;
	return -1;
}

/* The whole file, which may be a pipe. */
static int read_file(struct doveadm_cmd_context *cctx, struct istream *input,
		     string_t *str)
{
	const unsigned char *data;
	size_t size;

	i_stream_set_max_buffer_size(input, KEY_FILE_MAX);
	while (i_stream_read_more(input, &data, &size) > 0) {
		str_append_data(str, data, size);
		i_stream_skip(input, size);
		if (str_len(str) > KEY_FILE_MAX) {
			return fail(cctx, EX_DATAERR, t_strdup_printf(
				"%s is too large for a key file",
				i_stream_get_name(input)));
		}
	}
	if (input->stream_errno != 0) {
		return fail(cctx, EX_NOINPUT, t_strdup_printf(
			"read(%s) failed: %s", i_stream_get_name(input),
			i_stream_get_error(input)));
	}
	if (strlen(str_c(str)) != str_len(str)) {
		return fail(cctx, EX_DATAERR, t_strdup_printf(
			"%s has NUL octets: give PEM, not DER",
			i_stream_get_name(input)));
	}
	return 0;
}

static void cmd_lemonade_vapid_import(struct doveadm_cmd_context *cctx)
{
	const char *args[] = { "VAPID-IMPORT", NULL, NULL };
	struct istream *input;
	string_t *str = t_str_new(4096);

	if (!doveadm_cmd_param_istream(cctx, "file", &input)) {
		(void)fail(cctx, EX_USAGE, "file is missing: name a PEM file, "
			   "or - for standard input");
	} else if (read_file(cctx, input, str) == 0) {
		args[1] = str_c(str);
		ask_keys(cctx, args);
	}
	safe_memset(str_c_modifiable(str), 0, str_len(str));
}

static struct doveadm_cmd_ver2 commands[] = {
	{
		.name = "lemonade vapid show",
		.usage = ADMIN_USAGE,
		.cmd = cmd_lemonade_vapid_show,
DOVEADM_CMD_PARAMS_START
ADMIN_PARAMS
DOVEADM_CMD_PARAMS_END
	},
	{
		.name = "lemonade vapid export",
		.usage = ADMIN_USAGE,
		.cmd = cmd_lemonade_vapid_export,
DOVEADM_CMD_PARAMS_START
ADMIN_PARAMS
DOVEADM_CMD_PARAMS_END
	},
	{
		.name = "lemonade vapid import",
		.usage = ADMIN_USAGE" <file>|-",
		.cmd = cmd_lemonade_vapid_import,
DOVEADM_CMD_PARAMS_START
ADMIN_PARAMS
DOVEADM_CMD_PARAM('\0', "file", CMD_PARAM_ISTREAM, CMD_PARAM_FLAG_POSITIONAL)
DOVEADM_CMD_PARAMS_END
	},
	{
		.name = "lemonade vapid rotate",
		.usage = ADMIN_USAGE,
		.cmd = cmd_lemonade_vapid_rotate,
DOVEADM_CMD_PARAMS_START
ADMIN_PARAMS
DOVEADM_CMD_PARAMS_END
	}
};

void lemonade_register_vapid(void)
{
	unsigned int i;

	for (i = 0; i < N_ELEMENTS(commands); i++)
		doveadm_cmd_register_ver2(&commands[i]);
}
