/* IMAP from the greeting to the login. */

#include "lib.h"
#include "array.h"
#include "safe-memset.h"
#include "str.h"
#include "lemonade-check-imap.h"

static void
report(struct check_imap *imap, const char *name, bool works, const char *why)
{
	if (imap->report)
		lemonade_check_set(imap->check, LEMO_CHECK_STORE, name, works,
				   why);
}

static void
report_advertised(struct check_imap *imap, const char *name, bool advertised)
{
	if (imap->report) {
		lemonade_check_result(imap->check, LEMO_CHECK_STORE, name)->
			advertised = advertised ? LEMONADE_CHECK_YES :
			LEMONADE_CHECK_NO;
	}
}

static int read_greeting(struct check_imap *imap)
{
	const struct check_imap_response *response;
	const char *args;
	size_t len;

	/* no command's answer can have this tag */
	check_imap_begin(imap, "");
	if (check_imap_wait(imap, "", LEMONADE_CHECK_WAIT_MSECS) < 0)
		return -1;
	response = check_imap_find(imap, "");
	if (response == NULL)
		return check_imap_lost(imap, "the server sent no greeting");
	if (strncasecmp(response->data, "* OK", 4) != 0) {
		return check_imap_lost(imap, t_strdup_printf(
			"no greeting of an IMAP server: %s",
			lemonade_check_quote(imap->check, response->data)));
	}
	report(imap, LEMO_CHECK_GREETING,
	       lemo_check_imap_code(response->data, response->len,
				    "CAPABILITY", &args, &len),
	       "the greeting has no CAPABILITY code");
	return 0;
}

static int ask_caps(struct check_imap *imap)
{
	str_truncate(imap->caps, 0);
	return check_imap_command(imap, "CAPABILITY") < 0 ? -1 : 0;
}

static int connect_greeted(struct check_imap *imap)
{
	const char *error;

	str_truncate(imap->caps, 0);
	imap->conn = lemonade_check_conn_init(imap->server, &error);
	if (imap->conn == NULL)
		return check_imap_lost(imap, error);
	if (read_greeting(imap) < 0)
		return -1;
	if (str_len(imap->caps) == 0 && ask_caps(imap) < 0)
		return -1;
	return 0;
}

/* 1: TLS is on. 0: not, with the reason reported; by then the connection may
   be lost. */
static int start_tls(struct check_imap *imap)
{
	const char *error;
	bool offered = check_imap_has_cap(imap, "STARTTLS");

	report_advertised(imap, "STARTTLS", offered);
	if (!offered) {
		report(imap, "STARTTLS", FALSE, "not offered before the login");
		return 0;
	}
	if (check_imap_command(imap, "STARTTLS") <= 0) {
		report(imap, "STARTTLS", FALSE, imap->conn == NULL ?
		       imap->error : lemonade_check_quote(imap->check,
							  imap->status));
		return 0;
	}
	if (lemonade_check_conn_tls(imap->conn, &error) < 0) {
		(void)check_imap_lost(imap, error);
		report(imap, "STARTTLS", FALSE, error);
		return 0;
	}
	report(imap, "STARTTLS", TRUE, NULL);
	return 1;
}

/* TLS, or a connection without where that is safe. */
static int secure(struct check_imap *imap)
{
	if (imap->server->url.tls) {
		report(imap, "STARTTLS", FALSE, "not tried over imaps: give "
		       "an imap:// URL");
		return 0;
	}
	if (!imap->no_tls && start_tls(imap) > 0)
		return ask_caps(imap);
	imap->no_tls = TRUE;
	if (imap->conn == NULL) {
		/* the handshake spoilt it */
		imap->report = FALSE;
		if (connect_greeted(imap) < 0)
			return -1;
	}
	if (!lemonade_check_conn_is_private(imap->conn)) {
		return check_imap_lost(imap, "no password is sent without "
				       "TLS: see STARTTLS");
	}
	return 0;
}

/* 1: logged in; 0: refused. */
static int authenticate(struct check_imap *imap, bool initial)
{
	char *plain = lemonade_check_plain(imap->check, &imap->server->url);
	int ret = 1;

	check_imap_begin(imap, "AUTHENTICATE PLAIN");
	if (initial)
		check_imap_more(imap, " ");
	else
		ret = check_imap_continuation(imap);
	if (ret > 0) {
		check_imap_more(imap, plain);
		ret = check_imap_end(imap);
	}
	safe_memset(plain, 0, strlen(plain));
	return ret;
}

static int log_in(struct check_imap *imap)
{
	const char *status;
	bool initial = check_imap_has_cap(imap, "SASL-IR");
	int ret;

	str_truncate(imap->caps, 0);
	ret = authenticate(imap, initial);
	if (ret < 0)
		return -1;
	if (ret == 0) {
		status = lemonade_check_quote(imap->check, imap->status);
		return check_imap_lost(imap, t_strdup_printf(
			"the login is refused: %s", status));
	}
	if (initial)
		report(imap, "SASL-IR", TRUE, NULL);
	report(imap, LEMO_CHECK_AFTER_LOGIN, str_len(imap->caps) > 0,
	       "the answer to the login has no CAPABILITY code");
	return str_len(imap->caps) > 0 ? 0 : ask_caps(imap);
}

static int open_session(struct check_imap *imap)
{
	bool reporting = imap->report;
	int ret = connect_greeted(imap);

	report(imap, LEMO_CHECK_CONNECTION, ret == 0, imap->error);
	if (ret < 0)
		return -1;
	ret = secure(imap);
	imap->report = reporting;
	if (ret == 0) {
		report_advertised(imap, "SASL-IR",
				  check_imap_has_cap(imap, "SASL-IR"));
		if (!check_imap_has_cap(imap, "SASL-IR"))
			report(imap, "SASL-IR", FALSE, "not offered");
		ret = log_in(imap);
	}
	report(imap, LEMO_CHECK_LOGIN, ret == 0, imap->error);
	return ret;
}

int check_imap_open(struct check_imap *imap)
{
	int ret;

	T_BEGIN {
		ret = open_session(imap);
	} T_END;
	return ret;
}
