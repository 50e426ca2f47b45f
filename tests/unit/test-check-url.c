#include "unit.h"
#include "lemo-check-url.h"

static void test_good(void **state)
{
	static const struct {
		const char *text;
		enum lemo_check_scheme scheme;
		bool tls;
		const char *host;
		uint16_t port;
		const char *user;
	} rows[] = {
		{ "imap://Mail.Example.ORG", LEMO_CHECK_IMAP, false,
		  "mail.example.org", 143, "" },
		{ "IMAPS://mail.example.org/", LEMO_CHECK_IMAP, true,
		  "mail.example.org", 993, "" },
		{ "imap://master;AUTH=*@127.0.0.1:1143", LEMO_CHECK_IMAP,
		  false, "127.0.0.1", 1143, "master" },
		{ "imap://a%40b%25;AUTH=PLAIN@h", LEMO_CHECK_IMAP, false, "h",
		  143, "a@b%" },
		{ "sieve://[2001:DB8::1]", LEMO_CHECK_SIEVE_SCHEME, false,
		  "2001:db8::1", 4190, "" },
		{ "sieve://[::1]:65535/", LEMO_CHECK_SIEVE_SCHEME, false,
		  "::1", 65535, "" },
		{ "smtp://h:1", LEMO_CHECK_SMTP, false, "h", 1, "" },
		{ "smtps://u@h", LEMO_CHECK_SMTP, true, "h", 465, "u" },
	};
	struct lemo_check_url url;
	const char *error;
	unsigned int i;

	(void)state;
	for (i = 0; i < N_ELEMENTS(rows); i++) {
		assert_row(i, lemo_check_url_parse(rows[i].text,
			rows[i].scheme, &url, &error) == 0);
		assert_row(i, url.scheme == rows[i].scheme);
		assert_row(i, url.tls == rows[i].tls);
		assert_row(i, strcmp(url.host, rows[i].host) == 0);
		assert_row(i, url.port == rows[i].port);
		assert_row(i, strcmp(url.user, rows[i].user) == 0);
	}
}

static void test_bad(void **state)
{
	static const struct {
		const char *text, *word;
	} rows[] = {
		{ "", "write imap://" },
		{ "mail.example.org", "write imap://" },
		{ "sieve://h", "write imap://" },
		{ "imap://", "host" },
		{ "imap:///", "host" },
		{ "imap://:143", "host" },
		{ "imap://-h", "host" },
		{ "imap://h_h", "host" },
		{ "imap://[::1", "host" },
		{ "imap://[]", "host" },
		{ "imap://[::g]", "host" },
		{ "imap://h/INBOX", "nothing may follow" },
		{ "imap://h?x", "nothing may follow" },
		{ "imap://h#x", "nothing may follow" },
		{ "imap://h:", "port" },
		{ "imap://h:0", "port" },
		{ "imap://h:65536", "port" },
		{ "imap://h:1x", "port" },
		{ "imap://h:99999999999999999999", "port" },
		{ "imap://[::1]x", "host" },
		{ "imap://@h", "user" },
		{ "imap://;AUTH=*@h", "user" },
		{ "imap://u:secret@h", "password" },
		{ "imap://%@h", "user" },
		{ "imap://%4@h", "user" },
		{ "imap://%zz@h", "user" },
		{ "imap://%00@h", "user" },
		{ "imap://a%0d@h", "user" },
	};
	struct lemo_check_url url;
	const char *error;
	unsigned int i;

	(void)state;
	for (i = 0; i < N_ELEMENTS(rows); i++) {
		poison(&url, sizeof(url));
		assert_row(i, lemo_check_url_parse(rows[i].text,
			LEMO_CHECK_IMAP, &url, &error) == -1);
		assert_row(i, strstr(error, rows[i].word) != NULL);
		assert_row(i, is_poisoned(&url, sizeof(url)));
	}
}

/* The longest user and host that fit, and one octet more. */
static void test_lengths(void **state)
{
	char text[600];
	struct lemo_check_url url;
	const char *error;
	size_t user;

	(void)state;
	for (user = LEMO_CHECK_USER_MAX; user < LEMO_CHECK_USER_MAX + 2;
	     user++) {
		snprintf(text, sizeof(text), "imap://%0*d@h", (int)user, 7);
		assert_int_equal(lemo_check_url_parse(text, LEMO_CHECK_IMAP,
						      &url, &error),
				 user > LEMO_CHECK_USER_MAX ? -1 : 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_lengths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
