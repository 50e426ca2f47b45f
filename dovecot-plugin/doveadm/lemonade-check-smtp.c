/* The rows of RFC 5550 3.1. Transactions are begun and reset: nothing is
   sent. */

#include "lib.h"
#include "hostpid.h"
#include "safe-memset.h"
#include "str.h"
#include "lemo-check-text.h"
#include "lemonade-check.h"

/* Octets of a chunk that is thrown away. */
#define CHUNK "lemonade"

struct check_smtp {
	struct lemonade_check *check;
	struct lemonade_check_server server;
	struct lemonade_check_conn *conn;
	/* the last reply: its lines with LF between them, its code, and
	   whether each line had an enhanced code */
	string_t *reply;
	unsigned int code;
	bool enhanced;
	/* of the last EHLO */
	string_t *ehlo;
};

static int read_reply(struct check_smtp *smtp, const char **error_r)
{
	struct lemo_check_smtp_line line;
	string_t *str = str_new(default_pool, 128);
	int ret;

	str_truncate(smtp->reply, 0);
	smtp->enhanced = TRUE;
	do {
		str_truncate(str, 0);
		ret = lemonade_check_conn_line(smtp->conn, str, error_r);
		if (ret == 0 && lemo_check_smtp_line(str_c(str), str_len(str),
						     &line) < 0) {
			*error_r = t_strdup_printf("no reply of an SMTP "
				"server: %s", lemonade_check_quote(
					smtp->check, str_c(str)));
			ret = -1;
		}
		if (ret < 0)
			break;
		smtp->code = line.code;
		if (!lemo_check_smtp_enhanced(&line))
			smtp->enhanced = FALSE;
		str_append_data(smtp->reply, line.text, line.text_len);
		str_append_c(smtp->reply, line.last ? '\0' : '\n');
	} while (!line.last);
	str_free(&str);
	return ret;
}

/* 1: a reply of 2xx or 3xx, 0: any other, -1: the connection is lost. */
static int command(struct check_smtp *smtp, const char *text,
		   const char **error_r)
{
	text = t_strconcat(text, "\r\n", NULL);
	lemonade_check_conn_send(smtp->conn, text, strlen(text));
	if (read_reply(smtp, error_r) < 0)
		return -1;
	if (smtp->code < 400)
		return 1;
	*error_r = t_strdup_printf("%u %s", smtp->code, lemonade_check_quote(
					smtp->check, str_c(smtp->reply)));
	return 0;
}

static bool has_keyword(struct check_smtp *smtp, const char *keyword,
			const char *arg)
{
	const char *const *lines = t_strsplit(str_c(smtp->ehlo), "\n");

	for (; *lines != NULL; lines++) {
		if (lemo_check_smtp_keyword(*lines, strlen(*lines), keyword,
					    arg))
			return TRUE;
	}
	return FALSE;
}

static int hello(struct check_smtp *smtp, const char **error_r)
{
	if (command(smtp, t_strdup_printf("EHLO %s", my_hostdomain()),
		    error_r) <= 0)
		return -1;
	str_truncate(smtp->ehlo, 0);
	str_append_str(smtp->ehlo, smtp->reply);
	return 0;
}

static int connect_greeted(struct check_smtp *smtp, const char **error_r)
{
	smtp->conn = lemonade_check_conn_init(&smtp->server, error_r);
	if (smtp->conn == NULL || read_reply(smtp, error_r) < 0)
		return -1;
	if (smtp->code >= 400) {
		*error_r = t_strdup_printf("greeting: %u %s", smtp->code,
			lemonade_check_quote(smtp->check,
					     str_c(smtp->reply)));
		return -1;
	}
	return hello(smtp, error_r);
}

static void set(struct check_smtp *smtp, const char *row, int ret,
		const char *why)
{
	lemonade_check_set(smtp->check, LEMO_CHECK_SUBMIT, row, ret > 0, why);
}

static void set_advertised(struct check_smtp *smtp, const char *row,
			   bool advertised)
{
	lemonade_check_result(smtp->check, LEMO_CHECK_SUBMIT, row)->
		advertised = advertised ? LEMONADE_CHECK_YES :
		LEMONADE_CHECK_NO;
}

static int secure(struct check_smtp *smtp, const char **error_r)
{
	bool offered = has_keyword(smtp, "STARTTLS", NULL);
	int ret;

	set_advertised(smtp, "STARTTLS", offered);
	if (smtp->server.url.tls) {
		set(smtp, "STARTTLS", 0, "not tried over smtps: give an "
		    "smtp:// URL");
		return 0;
	}
	if (offered) {
		ret = command(smtp, "STARTTLS", error_r);
		if (ret > 0 && lemonade_check_conn_tls(smtp->conn,
						       error_r) < 0)
			ret = -1;
		set(smtp, "STARTTLS", ret, *error_r);
		return ret <= 0 ? -1 : hello(smtp, error_r);
	}
	set(smtp, "STARTTLS", 0, "not offered");
	if (lemonade_check_conn_is_private(smtp->conn))
		return 0;
	*error_r = "no password is sent without TLS: see STARTTLS";
	return -1;
}

static int log_in(struct check_smtp *smtp, const char **error_r)
{
	char *plain = lemonade_check_plain(smtp->check, &smtp->server.url);
	char *text = t_strdup_noconst(t_strconcat("AUTH PLAIN ", plain, NULL));
	int ret;

	set_advertised(smtp, "AUTH", has_keyword(smtp, "AUTH", "PLAIN"));
	ret = command(smtp, text, error_r);
	safe_memset(plain, 0, strlen(plain));
	safe_memset(text, 0, strlen(text));
	if (ret > 0) {
		set(smtp, "AUTH", 1, NULL);
		/* Dovecot knows its relay only now */
		return hello(smtp, error_r);
	}
	if (ret == 0) {
		*error_r = t_strdup_printf("the login is refused: %s",
					   *error_r);
	}
	return -1;
}

/* -- the rows */

/* Begins a transaction. */
static int mail_from(struct check_smtp *smtp, const char *params,
		     const char **error_r)
{
	return command(smtp, t_strdup_printf("MAIL FROM:<%s>%s",
		strchr(smtp->check->user, '@') == NULL ? "" :
		smtp->check->user, params), error_r);
}

static int reset(struct check_smtp *smtp, int ret)
{
	const char *error;

	if (ret >= 0 && command(smtp, "RSET", &error) < 0)
		return -1;
	return ret;
}

static int try_mail(struct check_smtp *smtp, const char *params,
		    const char **error_r)
{
	return reset(smtp, mail_from(smtp, params, error_r));
}

static int recipient(struct check_smtp *smtp, const char *mail_params,
		     const char *rcpt_params, const char **error_r)
{
	int ret = mail_from(smtp, mail_params, error_r);

	if (ret <= 0)
		return ret;
	return command(smtp, t_strdup_printf("RCPT TO:<%s>%s",
		smtp->check->user, rcpt_params), error_r);
}

static int try_dsn(struct check_smtp *smtp, const char **error_r)
{
	return reset(smtp, recipient(smtp, " RET=HDRS ENVID=lemonade",
				     " NOTIFY=NEVER", error_r));
}

static int try_chunking(struct check_smtp *smtp, const char **error_r)
{
	int ret = recipient(smtp, "", "", error_r);

	if (ret > 0) {
		ret = command(smtp, t_strdup_printf("BDAT %zu\r\n%s",
			strlen(CHUNK), CHUNK) , error_r);
	}
	return reset(smtp, ret);
}

/* Not the LAST of a mail. */
static int try_burl(struct check_smtp *smtp, const char **error_r)
{
	int ret;

	if (smtp->check->burl == NULL) {
		*error_r = "there is no URL to try: see URLAUTH of 3.2";
		return 0;
	}
	ret = recipient(smtp, "", "", error_r);
	if (ret > 0) {
		ret = command(smtp, t_strdup_printf("BURL %s",
			smtp->check->burl), error_r);
	}
	return reset(smtp, ret);
}

/* Three commands at once, three replies. */
static int try_pipelining(struct check_smtp *smtp, const char **error_r)
{
	unsigned int i;
	int ret = command(smtp, "NOOP\r\nRSET\r\nNOOP", error_r);

	for (i = 1; ret > 0 && i < 3; i++) {
		if (read_reply(smtp, error_r) < 0)
			ret = -1;
	}
	return ret;
}

static int try_enhanced(struct check_smtp *smtp, const char **error_r)
{
	int ret = command(smtp, "NOOP", error_r);

	if (ret <= 0 || smtp->enhanced)
		return ret;
	*error_r = "the reply to NOOP has no status code";
	return 0;
}

static int try_8bitmime(struct check_smtp *smtp, const char **error_r)
{
	return try_mail(smtp, " BODY=8BITMIME", error_r);
}

static int try_binarymime(struct check_smtp *smtp, const char **error_r)
{
	return try_mail(smtp, " BODY=BINARYMIME", error_r);
}

static int try_size(struct check_smtp *smtp, const char **error_r)
{
	return try_mail(smtp, " SIZE=1000", error_r);
}

static const struct {
	const char *row;
	int (*run)(struct check_smtp *smtp, const char **error_r);
} trials[] = {
	{ "8BITMIME", try_8bitmime },
	{ "BINARYMIME", try_binarymime },
	{ "SIZE", try_size },
	{ "DSN", try_dsn },
	{ "ENHANCEDSTATUSCODES", try_enhanced },
	{ "PIPELINING", try_pipelining },
	{ "CHUNKING", try_chunking },
	{ "BURL imap", try_burl },
};

static void enter_keywords(struct check_smtp *smtp)
{
	const struct lemo_check_row *rows;
	size_t i, count;

	rows = lemo_check_rows(LEMO_CHECK_SUBMIT, &count);
	for (i = 0; i < count; i++) {
		/* AUTH and STARTTLS are offered earlier */
		if (rows[i].keyword == NULL || smtp->check->
		    results[LEMO_CHECK_SUBMIT][i].advertised !=
		    LEMONADE_CHECK_UNKNOWN)
			continue;
		/* RFC 5550 8: BURL that takes IMAP URLs */
		set_advertised(smtp, rows[i].name, has_keyword(smtp,
			rows[i].keyword, strcmp(rows[i].keyword, "BURL") == 0 ?
			"imap" : NULL));
	}
}

static void check_rows(struct check_smtp *smtp)
{
	const char *error = NULL;
	unsigned int i;
	int ret = 0;

	enter_keywords(smtp);
	for (i = 0; ret >= 0 && i < N_ELEMENTS(trials); i++) {
		ret = trials[i].run(smtp, &error);
		set(smtp, trials[i].row, ret, error);
	}
	if (ret < 0) {
		lemonade_check_not_tried(smtp->check, LEMO_CHECK_SUBMIT,
					 error);
	} else {
		(void)command(smtp, "QUIT", &error);
	}
}

static void check_submit(struct check_smtp *smtp)
{
	const char *error = NULL;
	int ret = connect_greeted(smtp, &error);

	set(smtp, LEMO_CHECK_CONNECTION, ret + 1, error);
	if (ret == 0) {
		ret = secure(smtp, &error);
		if (ret == 0)
			ret = log_in(smtp, &error);
		set(smtp, LEMO_CHECK_LOGIN, ret + 1, error);
	}
	if (ret < 0)
		lemonade_check_not_tried(smtp->check, LEMO_CHECK_SUBMIT,
					 error);
	else
		check_rows(smtp);
}

static void smtp_init(struct check_smtp *smtp_r, struct lemonade_check *check,
		      const struct lemo_check_url *url)
{
	i_zero(smtp_r);
	smtp_r->check = check;
	smtp_r->server.url = *url;
	smtp_r->server.ca_file = check->ca_file;
	smtp_r->server.event = check->event;
	smtp_r->reply = str_new(default_pool, 256);
	smtp_r->ehlo = str_new(default_pool, 1024);
}

static void smtp_deinit(struct check_smtp *smtp)
{
	lemonade_check_conn_deinit(&smtp->conn);
	str_free(&smtp->reply);
	str_free(&smtp->ehlo);
}

void lemonade_check_submit(struct lemonade_check *check,
			   const struct lemo_check_url *url)
{
	struct check_smtp smtp;

	smtp_init(&smtp, check, url);
	check_submit(&smtp);
	smtp_deinit(&smtp);
}

int lemonade_check_relay(struct lemonade_check *check,
			 const struct lemo_check_url *url,
			 const char **error_r)
{
	struct check_smtp smtp;
	int ret;

	smtp_init(&smtp, check, url);
	ret = connect_greeted(&smtp, error_r);
	smtp_deinit(&smtp);
	return ret;
}
