/* The rows of RFC 5550 3.3, by ManageSieve (RFC 5804). */

#include "lib.h"
#include "safe-memset.h"
#include "str.h"
#include "lemo-check-imap.h"
#include "lemo-check-text.h"
#include "lemonade-check.h"

struct check_sieve {
	struct lemonade_check *check;
	struct lemonade_check_server server;
	struct lemonade_check_conn *conn;
	/* of the last answer */
	string_t *status;
	/* of the last answer that had them */
	string_t *extensions;
	bool starttls;
};

/* Each compiles only where the extension is there. */
static const struct {
	const char *row, *script;
} scripts[] = {
	{ "ENOTIFY", "require \"enotify\"; if valid_notify_method "
	  "\"mailto:lemonade@example.org\" { notify "
	  "\"mailto:lemonade@example.org\"; }" },
	{ "IMAP4FLAGS", "require \"imap4flags\"; addflag \"\\\\Flagged\";" },
	{ "RELATIONAL", "require [\"relational\", "
	  "\"comparator-i;ascii-numeric\"]; if header :count \"ge\" "
	  ":comparator \"i;ascii-numeric\" \"Received\" [\"3\"] { keep; }" },
	{ "VACATION", "require \"vacation\"; vacation \"x\";" },
	{ "VARIABLES", "require \"variables\"; set \"a\" \"b\"; "
	  "if string \"${a}\" \"b\" { keep; }" },
	{ "comparator-i;unicode-casemap", "require "
	  "\"comparator-i;unicode-casemap\"; if header :comparator "
	  "\"i;unicode-casemap\" \"Subject\" \"\xc3\xa9\" { keep; }" },
};

static void take_capability(struct check_sieve *sieve, const char *line,
			    size_t len)
{
	const char *value;
	size_t value_len;

	if (lemo_check_sieve_capability(line, len, "SIEVE", &value,
					&value_len)) {
		str_truncate(sieve->extensions, 0);
		str_append_data(sieve->extensions, value, value_len);
	} else if (lemo_check_sieve_capability(line, len, "STARTTLS", &value,
					       &value_len)) {
		sieve->starttls = TRUE;
	}
}

/* A line, with its literal behind it if there is one. */
static int read_line(struct check_sieve *sieve, string_t *line,
		     const char **error_r)
{
	uint32_t size;

	str_truncate(line, 0);
	if (lemonade_check_conn_line(sieve->conn, line, error_r) < 0)
		return -1;
	if (!lemo_check_imap_literal(str_c(line), str_len(line), &size))
		return 0;
	str_append_c(line, ' ');
	return lemonade_check_conn_octets(sieve->conn, size, line, error_r);
}

/* 1 OK, 0 NO, -1 with *error_r. */
static int read_answer(struct check_sieve *sieve, const char **error_r)
{
	enum lemo_check_sieve_line kind;

	do {
		if (read_line(sieve, sieve->status, error_r) < 0)
			return -1;
		kind = lemo_check_sieve_line(str_c(sieve->status),
					     str_len(sieve->status));
		take_capability(sieve, str_c(sieve->status),
				str_len(sieve->status));
	} while (kind == LEMO_CHECK_SIEVE_DATA);
	if (kind != LEMO_CHECK_SIEVE_BYE)
		return kind == LEMO_CHECK_SIEVE_OK ? 1 : 0;
	*error_r = t_strdup_printf("the server ends the session: %s",
		lemonade_check_quote(sieve->check, str_c(sieve->status)));
	return -1;
}

static void send_line(struct check_sieve *sieve, const char *text)
{
	lemonade_check_conn_send(sieve->conn, text, strlen(text));
}

static int refused(struct check_sieve *sieve, const char *what,
		   const char **error_r)
{
	*error_r = t_strdup_printf("%s: %s", what, lemonade_check_quote(
		sieve->check, str_c(sieve->status)));
	return -1;
}

static int connect_greeted(struct check_sieve *sieve, const char **error_r)
{
	int ret;

	sieve->conn = lemonade_check_conn_init(&sieve->server, error_r);
	if (sieve->conn == NULL)
		return -1;
	ret = read_answer(sieve, error_r);
	return ret != 0 ? ret : refused(sieve, "greeting", error_r);
}

static int secure(struct check_sieve *sieve, const char **error_r)
{
	if (sieve->starttls) {
		send_line(sieve, "STARTTLS\r\n");
		if (read_answer(sieve, error_r) <= 0 ||
		    lemonade_check_conn_tls(sieve->conn, error_r) < 0)
			return -1;
		/* RFC 5804 2.2: the server says its capabilities anew */
		return read_answer(sieve, error_r) < 0 ? -1 : 0;
	}
	if (lemonade_check_conn_is_private(sieve->conn))
		return 0;
	*error_r = "the server does not offer STARTTLS, and no password is "
		"sent without";
	return -1;
}

static int log_in(struct check_sieve *sieve, const char **error_r)
{
	char *plain = lemonade_check_plain(sieve->check, &sieve->server.url);
	string_t *line = t_str_new(512);
	int ret;

	str_printfa(line, "AUTHENTICATE \"PLAIN\" \"%s\"\r\n", plain);
	send_line(sieve, str_c(line));
	safe_memset(plain, 0, strlen(plain));
	safe_memset(str_c_modifiable(line), 0, str_len(line));
	ret = read_answer(sieve, error_r);
	return ret != 0 ? ret :
		refused(sieve, "the login is refused", error_r);
}

static int report(struct check_sieve *sieve, const char *row, int ret,
		  const char *error)
{
	lemonade_check_set(sieve->check, LEMO_CHECK_SIEVE, row, ret >= 0,
			   error);
	if (ret < 0)
		lemonade_check_not_tried(sieve->check, LEMO_CHECK_SIEVE,
					 error);
	return ret;
}

static int open_session(struct check_sieve *sieve)
{
	const char *error = NULL;
	int ret = connect_greeted(sieve, &error);

	if (report(sieve, LEMO_CHECK_CONNECTION, ret, error) < 0)
		return -1;
	ret = secure(sieve, &error);
	if (ret >= 0)
		ret = log_in(sieve, &error);
	if (report(sieve, LEMO_CHECK_LOGIN, ret, error) < 0)
		return -1;
	/* not all servers say them at the login */
	send_line(sieve, "CAPABILITY\r\n");
	ret = read_answer(sieve, &error);
	return ret < 0 ? report(sieve, LEMO_CHECK_CONNECTION, -1, error) : 0;
}

static void enter_extensions(struct check_sieve *sieve)
{
	const struct lemo_check_row *rows;
	size_t i, count;

	rows = lemo_check_rows(LEMO_CHECK_SIEVE, &count);
	for (i = 0; i < count; i++) {
		if (rows[i].keyword == NULL)
			continue;
		sieve->check->results[LEMO_CHECK_SIEVE][i].advertised =
			lemo_check_imap_has_word(str_c(sieve->extensions),
				str_len(sieve->extensions),
				rows[i].keyword) ?
			LEMONADE_CHECK_YES : LEMONADE_CHECK_NO;
	}
}

/* CHECKSCRIPT compiles and stores nothing. */
static int try_script(struct check_sieve *sieve, const char *row,
		      const char *script)
{
	const char *error;
	int ret;

	send_line(sieve, t_strdup_printf("CHECKSCRIPT {%zu+}\r\n%s\r\n",
					 strlen(script), script));
	ret = read_answer(sieve, &error);
	if (ret < 0)
		return report(sieve, row, -1, error);
	lemonade_check_set(sieve->check, LEMO_CHECK_SIEVE, row, ret > 0,
			   lemonade_check_quote(sieve->check,
						str_c(sieve->status)));
	return 0;
}

static void try_scripts(struct check_sieve *sieve)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; ret == 0 && i < N_ELEMENTS(scripts); i++) T_BEGIN {
		ret = try_script(sieve, scripts[i].row, scripts[i].script);
	} T_END;
	if (ret == 0)
		send_line(sieve, "LOGOUT\r\n");
}

void lemonade_check_sieve(struct lemonade_check *check,
			  const struct lemo_check_url *url)
{
	struct check_sieve sieve = {
		.check = check,
		.server = {
			.url = *url,
			.ca_file = check->ca_file,
			.event = check->event
		},
		.status = str_new(default_pool, 256),
		.extensions = str_new(default_pool, 1024)
	};

	if (open_session(&sieve) == 0) {
		enter_extensions(&sieve);
		try_scripts(&sieve);
	}
	lemonade_check_conn_deinit(&sieve.conn);
	str_free(&sieve.status);
	str_free(&sieve.extensions);
}
