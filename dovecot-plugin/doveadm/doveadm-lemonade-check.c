/* doveadm lemonade check: the tables of RFC 5550 3, row by row. */

#include "lib.h"
#include "askpass.h"
#include "hostpid.h"
#include "istream.h"
#include "safe-memset.h"
#include "lemo-check-conf.h"
#include "doveadm-lemonade.h"
#include "doveadm-lemonade-params.h"
#include "lemonade-check-compat.h"
#include "lemonade-check.h"

/* Exit code of what monitoring calls critical. */
#define EXIT_CRITICAL 2
#define PASSWORD_MAX 1024
#define VALUE_MAX 4096

#define CA_FILE LEMONADE_CHECK_PLUGIN"lemonade_ca_file"
#define HOSTNAME LEMONADE_CHECK_PLUGIN"lemonade_hostname"

static const struct lemonade_column columns[] = {
	{ "table", "table", 0 },
	{ "row", "row", 0 },
	{ "advertised", "advertised", 0 },
	{ "works", "works", 0 },
	{ "why", "why", 0 },
	{ "setting", "setting", 0 },
	{ NULL, NULL, 0 }
};

/* By enum lemo_check_scheme. */
static const struct {
	const char *option, *prefix;
	enum lemo_check_table table;
} servers[] = {
	[LEMO_CHECK_IMAP] = { "imap", "imap://", LEMO_CHECK_STORE },
	[LEMO_CHECK_SIEVE_SCHEME] = { "sieve", "sieve://", LEMO_CHECK_SIEVE },
	[LEMO_CHECK_SMTP] = { "submit", "smtp://", LEMO_CHECK_SUBMIT },
};

static int fail(struct doveadm_cmd_context *cctx ATTR_UNUSED, int exit_code,
		const char *error)
{
	lemonade_doveadm_error(cctx, "%s", error);
	doveadm_exit_code = exit_code;
	return -1;
}

/* -- what to check */

/* "" if it cannot be read: that is a result, later on. */
static const char *setting(const char *name)
{
	const char *const names[] = { name, NULL };
	const char *error, *conf = lemonade_check_conf(NULL, names, &error);
	struct lemo_buf buf;
	const char *value = "";

	lemo_buf_init(&buf, VALUE_MAX);
	if (conf != NULL && lemo_check_conf_value(conf, name, &buf) &&
	    buf.len > 0)
		value = t_strdup(buf.data);
	lemo_buf_free(&buf);
	return value;
}

/* The name that clients know this host by. */
static const char *own_name(void)
{
	const char *name = setting(HOSTNAME);

	return *name != '\0' ? name : my_hostdomain();
}

/* The URL of each table that is wanted: as given, or this host's. */
static int get_urls(struct doveadm_cmd_context *cctx,
		    struct lemonade_check *check, struct lemo_check_url *urls)
{
	const char *strs[N_ELEMENTS(servers)], *error;
	bool given[N_ELEMENTS(servers)], any = FALSE;
	unsigned int i;

	for (i = 0; i < N_ELEMENTS(servers); i++) {
		given[i] = doveadm_cmd_param_str(cctx, servers[i].option,
						 &strs[i]);
		any = any || given[i];
	}
	check->wanted[LEMO_CHECK_HERE] = !any;
	for (i = 0; i < N_ELEMENTS(servers); i++) {
		if (!any)
			strs[i] = t_strconcat(servers[i].prefix, own_name(),
					      NULL);
		else if (!given[i])
			continue;
		if (lemo_check_url_parse(strs[i], i, &urls[i], &error) < 0) {
			return fail(cctx, EX_USAGE, t_strdup_printf(
				"--%s %s: %s", servers[i].option, strs[i],
				error));
		}
		check->wanted[servers[i].table] = TRUE;
		if (lemonade_check_host_is_here(&urls[i]))
			check->wanted[LEMO_CHECK_HERE] = TRUE;
	}
	return 0;
}

static int
read_password(struct doveadm_cmd_context *cctx, struct istream *input,
	      char *password)
{
	const char *line;

	i_stream_set_max_buffer_size(input, PASSWORD_MAX);
	/* the line may end with the file */
	i_stream_set_return_partial_line(input, TRUE);
	line = i_stream_read_next_line(input);
	if (line == NULL) {
		return fail(cctx, EX_NOINPUT, t_strdup_printf(
			"no password can be read from %s",
			i_stream_get_name(input)));
	}
	(void)i_strocpy(password, line, PASSWORD_MAX);
	return 0;
}

static int get_password(struct doveadm_cmd_context *cctx, const char *user,
			char *password)
{
	struct istream *input;

	if (doveadm_cmd_param_istream(cctx, "password-file", &input)) {
		if (read_password(cctx, input, password) < 0)
			return -1;
	} else {
		askpass(t_strdup_printf("Password of %s: ", user), password,
			PASSWORD_MAX);
	}
	if (*password != '\0')
		return 0;
	return fail(cctx, EX_NOINPUT, "the password is empty: give it at the "
		    "prompt, on standard input or by --password-file");
}

/* -- what came of it */

static bool row_holds(const struct lemo_check_row *row,
		      const struct lemonade_check_result *result)
{
	return result->works == LEMONADE_CHECK_YES &&
		(row->silent || result->advertised != LEMONADE_CHECK_NO);
}

static const char *answer(enum lemonade_check_answer answer)
{
	return answer == LEMONADE_CHECK_UNKNOWN ? "-" :
		answer == LEMONADE_CHECK_YES ? "yes" : "no";
}

static bool print_row(const char *table, const struct lemo_check_row *row,
		      const struct lemonade_check_result *result)
{
	bool holds = row_holds(row, result);
	const char *why = result->why != NULL ? result->why : "";

	if (!holds && result->works == LEMONADE_CHECK_YES)
		why = "it works, but it is not advertised";
	doveadm_print(table);
	doveadm_print(row->name);
	doveadm_print(answer(result->advertised));
	doveadm_print(answer(result->works));
	doveadm_print(why);
	doveadm_print(holds || result->works == LEMONADE_CHECK_UNKNOWN ? "" :
		      row->setting[LEMONADE_CHECK_DOVECOT]);
	return holds;
}

static bool print_table(const struct lemonade_check *check,
			enum lemo_check_table table)
{
	const struct lemo_check_row *rows;
	const struct lemonade_check_result *result = check->results[table];
	size_t i, count;
	bool holds = TRUE;

	rows = lemo_check_rows(table, &count);
	for (i = 0; i < count; i++) {
		if (!result[i].not_needed &&
		    !print_row(lemo_check_table_name(table), &rows[i],
			       &result[i]))
			holds = FALSE;
	}
	return holds;
}

static void print_all(const struct lemonade_check *check)
{
	unsigned int i;

	doveadm_print_init(DOVEADM_PRINT_TYPE_TABLE);
	lemonade_print_headers(columns);
	for (i = 0; i < LEMO_CHECK_TABLES; i++) {
		if (check->wanted[i] && !print_table(check, i))
			doveadm_exit_code = EXIT_CRITICAL;
	}
}

/* -- the command */

static void run(struct lemonade_check *check,
		const struct lemo_check_url *urls, const char *admin_socket)
{
	struct check_store *store = NULL;

	if (check->wanted[LEMO_CHECK_HERE])
		lemonade_check_here(check, admin_socket);
	if (check->wanted[LEMO_CHECK_STORE])
		store = lemonade_check_store(check, &urls[LEMO_CHECK_IMAP]);
	if (check->wanted[LEMO_CHECK_SUBMIT])
		lemonade_check_submit(check, &urls[LEMO_CHECK_SMTP]);
	lemonade_check_store_end(&store);
	if (check->wanted[LEMO_CHECK_SIEVE]) {
		lemonade_check_sieve(check,
				     &urls[LEMO_CHECK_SIEVE_SCHEME]);
	}
}

static struct lemonade_check *
check_init(struct doveadm_cmd_context *cctx ATTR_UNUSED, const char *user)
{
	pool_t pool = pool_alloconly_create("lemonade check", 16384);
	struct lemonade_check *check = p_new(pool, struct lemonade_check, 1);
	size_t count;
	unsigned int i;

	check->pool = pool;
	check->event = event_create(lemonade_doveadm_event(cctx));
	check->user = user;
	check->password = p_malloc(pool, PASSWORD_MAX);
	check->ca_file = p_strdup(pool, setting(CA_FILE));
	for (i = 0; i < LEMO_CHECK_TABLES; i++) {
		(void)lemo_check_rows(i, &count);
		check->results[i] = p_new(pool, struct lemonade_check_result,
					  count);
	}
	return check;
}

static void check_deinit(struct lemonade_check *check)
{
	safe_memset(check->password, 0, PASSWORD_MAX);
	event_unref(&check->event);
	pool_unref(&check->pool);
}

static void cmd_lemonade_check(struct doveadm_cmd_context *cctx)
{
	struct lemo_check_url urls[N_ELEMENTS(servers)];
	struct lemonade_check *check;
	const char *user;

	if (!doveadm_cmd_param_str(cctx, "user", &user)) {
		(void)fail(cctx, EX_USAGE, "-u USER is missing");
		return;
	}
	check = check_init(cctx, user);
	if (get_urls(cctx, check, urls) == 0 &&
	    get_password(cctx, user, check->password) == 0) {
		run(check, urls, lemonade_admin_socket(cctx));
		print_all(check);
	}
	check_deinit(check);
}

static struct doveadm_cmd_ver2 command = {
	.name = "lemonade check",
	.usage = CHECK_USAGE,
	.cmd = cmd_lemonade_check,
DOVEADM_CMD_PARAMS_START
NOTIFIER_PARAMS
DOVEADM_CMD_PARAM('i', "imap", CMD_PARAM_STR, 0)
DOVEADM_CMD_PARAM('s', "submit", CMD_PARAM_STR, 0)
DOVEADM_CMD_PARAM('m', "sieve", CMD_PARAM_STR, 0)
DOVEADM_CMD_PARAM('p', "password-file", CMD_PARAM_ISTREAM, 0)
DOVEADM_CMD_PARAMS_END
};

void lemonade_register_check(void)
{
	doveadm_cmd_register_ver2(&command);
}
