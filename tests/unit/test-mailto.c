#include "unit.h"
#include "lemo-mailto.h"

#define FROM "lemonade@example.org"
#define BOB "mailto:bob@example.org"

static void test_addresses(void **state)
{
	static const struct {
		const char *uri;
		size_t local_len, domain_len;
	} rows[] = {
		{ BOB, 3, 11 },
		{ "MAILTO:Bob.Smith+phone_x~=-@h", 20, 1 },
		{ "mailto:4930123@sms.example-x.net", 7, 17 },
		{ "mailto:_b@192.0.2.1", 2, 9 }
	};
	struct lemo_mailto_address address;
	const char *error;
	unsigned int i;

	(void)state;
	for (i = 0; i < N_ELEMENTS(rows); i++) {
		assert_row(i, lemo_mailto_parse(rows[i].uri, &address,
						&error) == 0);
		assert_row(i, address.local == rows[i].uri + 7);
		assert_row(i, address.local_len == rows[i].local_len);
		assert_row(i, address.domain_len == rows[i].domain_len);
	}
}

static void test_nothing_can_be_injected(void **state)
{
	static const char *const rows[] = {
		"", "mailto", "mailto:", "mailto:@h", "mailto:bob",
		"mailto:bob@", "sip:bob@h", "mailto:bob@h?subject=x",
		"mailto:bob@h?cc=eve@h", "mailto:bob@h,eve@h",
		"mailto:bob@h eve@h", "mailto:bob@h\r\nBcc: eve@h",
		"mailto:bob@h\n", "mailto:bob@h>\r\nX: y", "mailto:b\rob@h",
		"mailto:\"bob\"@h", "mailto:bob(x)@h", "mailto:Bob <bob@h>",
		"mailto:<bob@h>", "mailto:@a,@b:bob@h", "mailto:bob@h@i",
		"mailto:bob%0d%0a@h", "mailto:bob%h@i", "mailto:a!b@h",
		"mailto:bob@[192.0.2.1]", "mailto:bob@[IPv6:::1]",
		"mailto:.bob@h", "mailto:bob.@h", "mailto:b..ob@h",
		"mailto:-oQ/tmp@h", "mailto:|sh@h", "mailto:/etc/x@h",
		"mailto::include:x@h", "mailto:bob@-h", "mailto:bob@h-",
		"mailto:bob@h-.x", "mailto:bob@a..b", "mailto:bob@.h",
		"mailto:bob@h.", "mailto:b\xc3\xb6@h", "mailto:bob@\xff",
		"mailto:b\x01@h", "mailto:bob@h:25", "mailto:b'@h",
		"mailto:b\\@h", "mailto:b;c@h", "mailto://bob@h"
	};
	struct lemo_mailto_address address;
	const char *error;
	unsigned int i;

	(void)state;
	for (i = 0; i < N_ELEMENTS(rows); i++) {
		poison(&address, sizeof(address));
		assert_row(i, lemo_mailto_parse(rows[i], &address,
						&error) == -1);
		assert_row(i, is_poisoned(&address, sizeof(address)));
		assert_row(i, strcmp(error, "must be mailto:user@host") == 0);
	}
}

static void test_lengths(void **state)
{
	char text[LEMO_MAILTO_ADDRESS_MAX + 2];
	struct lemo_mailto_address address;
	const char *error;

	(void)state;
	memset(text, 'a', sizeof(text));
	text[LEMO_MAILTO_LOCAL_MAX] = '@';
	text[LEMO_MAILTO_ADDRESS_MAX] = '\0';
	assert_int_equal(lemo_mailto_address_parse(text, &address, &error), 0);
	text[LEMO_MAILTO_ADDRESS_MAX] = 'a';
	text[LEMO_MAILTO_ADDRESS_MAX + 1] = '\0';
	assert_int_equal(lemo_mailto_address_parse(text, &address, &error),
			 -1);
	memset(text, 'a', sizeof(text));
	text[LEMO_MAILTO_LOCAL_MAX + 1] = '@';
	text[LEMO_MAILTO_LOCAL_MAX + 3] = '\0';
	assert_int_equal(lemo_mailto_address_parse(text, &address, &error),
			 -1);
	assert_string_equal(error, "must be a plain address like "
			    "user@example.org");
}

static void test_the_server_is_no_relay(void **state)
{
	(void)state;
	assert_null(lemo_mailto_refusal(BOB, FROM, ""));
	assert_null(lemo_mailto_refusal("mailto:bob@EXAMPLE.org", FROM, ""));
	assert_null(lemo_mailto_refusal("mailto:bob@Other.example", FROM,
					"other.example"));
	assert_string_equal(lemo_mailto_refusal("mailto:bob@other.example",
						FROM, ""),
			    "has a mail domain that is not allowed here");
	assert_non_null(lemo_mailto_refusal("mailto:bob@x.example.org", FROM,
					    ""));
	assert_non_null(lemo_mailto_refusal("mailto:bob@xexample.org", FROM,
					    ""));
	assert_non_null(lemo_mailto_refusal("mailto:bob@example.or", FROM,
					    ""));
	assert_non_null(lemo_mailto_refusal(BOB, "", ""));
	assert_non_null(lemo_mailto_refusal(BOB "?x", FROM, "example.org"));
}

static void test_own_mailbox(void **state)
{
	(void)state;
	assert_true(lemo_mailto_is_own(BOB, "bob@example.org", NULL));
	assert_true(lemo_mailto_is_own(BOB, "BOB@Example.ORG", "other"));
	assert_true(lemo_mailto_is_own("mailto:bob+phone@example.org",
				       "bob@example.org", NULL));
	assert_true(lemo_mailto_is_own("mailto:b+c+d@h", "b+c@h", NULL) ==
		    false);
	assert_true(lemo_mailto_is_own(BOB, "bob", "example.org"));
	assert_false(lemo_mailto_is_own(BOB, "bob", NULL));
	assert_false(lemo_mailto_is_own(BOB, "bob", "h"));
	assert_false(lemo_mailto_is_own(BOB, "bo@example.org", NULL));
	assert_false(lemo_mailto_is_own(BOB, "bobby@example.org", NULL));
	assert_false(lemo_mailto_is_own(BOB, "bob@example.com", NULL));
	assert_false(lemo_mailto_is_own("https://h/", "bob@h", NULL));
}

static void test_automatic(void **state)
{
	static const char *const automatic[] = {
		"auto-notified; owner-email=\"me@example.org\"",
		"auto-replied", "auto-generated", "Auto-Generated", "",
		"nobody", "no-way", "(no) yes", "(no", "x; no"
	};
	static const char *const no[] = {
		"no", "No", " NO ", "no;x=y", "no (really)", "(a (b\\)) c) no",
		"\r\n no"
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < N_ELEMENTS(automatic); i++)
		assert_row(i, lemo_mailto_is_automatic(automatic[i], NULL));
	for (i = 0; i < N_ELEMENTS(no); i++) {
		assert_row(i, !lemo_mailto_is_automatic(no[i], NULL));
		assert_row(i, !lemo_mailto_is_automatic(no[i], "<a@b>"));
	}
	assert_false(lemo_mailto_is_automatic(NULL, NULL));
	assert_false(lemo_mailto_is_automatic(NULL, "<xlemonade.1@h>"));
	assert_true(lemo_mailto_is_automatic(NULL, "<lemonade.1.p@h>"));
	assert_true(lemo_mailto_is_automatic("no", " <LEMONADE.1.p@h>"));
}

static void test_relays(void **state)
{
	static const struct {
		const char *url, *host;
		uint16_t port;
		bool smtps;
	} rows[] = {
		{ "smtp://127.0.0.1", "127.0.0.1", 25, false },
		{ "smtp://Mail.Example.org:587", "mail.example.org", 587,
		  false },
		{ "SMTPS://h", "h", 465, true },
		{ "smtps://h:443", "h", 443, true },
		{ "smtp://[::1]", "::1", 25, false },
		{ "smtp://[2001:db8::1]:26", "2001:db8::1", 26, false }
	};
	static const char *const bad[] = {
		"", "mail.example.org", "smtp:", "smtp://", "smtp://h/",
		"smtp://h/x", "smtp://u:p@h", "smtp://h?x", "smtp://h#x",
		"smtp://h:0", "smtp://h:65536", "smtp://h:x", "http://h",
		"smtp://h h", "smtp://0177.1", "smtp://h\r\n", "lmtp://h",
		"submission://h"
	};
	struct lemo_mailto_relay relay;
	const char *error;
	unsigned int i;

	(void)state;
	for (i = 0; i < N_ELEMENTS(rows); i++) {
		assert_row(i, lemo_mailto_relay_parse(rows[i].url, &relay,
						      &error) == 0);
		assert_row(i, strcmp(relay.host, rows[i].host) == 0);
		assert_row(i, relay.port == rows[i].port);
		assert_row(i, relay.smtps == rows[i].smtps);
	}
	for (i = 0; i < N_ELEMENTS(bad); i++) {
		poison(&relay, sizeof(relay));
		error = NULL;
		assert_row(i, lemo_mailto_relay_parse(bad[i], &relay,
						      &error) == -1);
		assert_row(i, is_poisoned(&relay, sizeof(relay)));
		assert_row(i, error != NULL);
	}
}

static void test_relay_name_too_long(void **state)
{
	char url[400] = "smtp://";
	struct lemo_mailto_relay relay;
	const char *error;

	(void)state;
	memset(url + 7, 'a', sizeof(url) - 8);
	assert_int_equal(lemo_mailto_relay_parse(url, &relay, &error), -1);
	url[7 + LEMO_HOST_MAX + 19] = '\0';
	assert_int_equal(lemo_mailto_relay_parse(url, &relay, &error), -1);
}

static void test_replies(void **state)
{
	static const struct {
		unsigned int status;
		enum lemo_answer answer;
	} rows[] = {
		{ 250, LEMO_ANSWER_DONE }, { 251, LEMO_ANSWER_DONE },
		{ 354, LEMO_ANSWER_RETRY }, { 421, LEMO_ANSWER_RETRY },
		{ 450, LEMO_ANSWER_RETRY }, { 452, LEMO_ANSWER_RETRY },
		{ 550, LEMO_ANSWER_PERMANENT }, { 554, LEMO_ANSWER_PERMANENT },
		{ 500, LEMO_ANSWER_PERMANENT }, { 0, LEMO_ANSWER_RETRY },
		{ 600, LEMO_ANSWER_RETRY }, { 9000, LEMO_ANSWER_RETRY }
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < N_ELEMENTS(rows); i++) {
		assert_row(i, lemo_mailto_answer(rows[i].status, true) ==
			   rows[i].answer);
		assert_row(i, lemo_mailto_answer(rows[i].status, false) ==
			   LEMO_ANSWER_RETRY);
	}
}

static const struct lemo_event hostile = {
	.id = "0123456789abcdef0123456789abcdef",
	.type = LEMO_EVENT_MESSAGE_NEW,
	.user = "joe@example.org",
	.uri = "imap://joe@h/a%22;UIDVALIDITY=1/;UID=2",
	.mailbox = "a\r\nBcc: eve@h\r\n\r\n.\r\n=?utf-8?Q?=0D?= b\xc3\xb6se",
	.from = "boss\r\nBcc: eve@h",
	.subject = "merger",
	.snippet = "secret",
	.unseen = 3
};

static char *make(const struct lemo_event *event,
		  const struct lemo_payload_args *args, const char *push_id)
{
	const struct lemo_mailto_mail mail = {
		.uri = BOB, .from = FROM, .push_id = push_id,
		.now = 784111777
	};
	struct lemo_buf buf;
	char *text;

	lemo_buf_init(&buf, LEMO_PAYLOAD_MAX);
	assert_true(lemo_mailto_add(&buf, &mail, event, args));
	assert_false(buf.failed);
	text = strndup(buf.data, buf.len);
	assert_int_equal(strlen(text), buf.len);
	lemo_buf_free(&buf);
	return text;
}

static void assert_mail(const struct lemo_event *event,
			const struct lemo_payload_args *args,
			const char *wanted)
{
	char *text = make(event, args, "0123-2");

	assert_string_equal(text, wanted);
	free(text);
}

static void test_mail(void **state)
{
	struct lemo_payload_args args = {
		.device = "my.phone",
		.level = LEMO_PAYLOAD_SNIPPET,
		.urgency = LEMO_URGENCY_HIGH,
		.events_count = 2
	};

	(void)state;
	/* never above level 2, and nobody else's words as they are */
	assert_mail(&hostile, &args,
		"Auto-Submitted: auto-notified;\r\n"
		" owner-email=\"joe@example.org\"\r\n"
		"Date: Sun, 06 Nov 1994 08:49:37 +0000\r\n"
		"Message-ID: <lemonade.0123-2.my_phone@example.org>\r\n"
		"From: Lemonade <lemonade@example.org>\r\n"
		"To: <bob@example.org>\r\n"
		"Subject: =?utf-8?Q?New_mail_=282=29=3A_a__Bcc=3A_eve=40h"
		"____=2E__=3D=3Futf?=\r\n"
		" =?utf-8?Q?=2D8=3FQ=3F=3D0D=3F=3D_b=C3=B6se?=\r\n"
		"Importance: high\r\n"
		"MIME-Version: 1.0\r\n"
		"Content-Type: text/plain; charset=utf-8\r\n"
		"Content-Transfer-Encoding: quoted-printable\r\n"
		"\r\n"
		"a  Bcc: eve@h    .  =3D?utf-8?Q?=3D0D?=3D b=C3=B6se: "
		"3 unread\r\n"
		"imap://joe@h/a%22;UIDVALIDITY=3D1/;UID=3D2\r\n"
		"\r\n"
		"Account: joe@example.org\r\n");
	args.level = LEMO_PAYLOAD_WAKEUP;
	args.urgency = LEMO_URGENCY_LOW;
	assert_mail(&hostile, &args,
		"Auto-Submitted: auto-notified;\r\n"
		" owner-email=\"joe@example.org\"\r\n"
		"Date: Sun, 06 Nov 1994 08:49:37 +0000\r\n"
		"Message-ID: <lemonade.0123-2.my_phone@example.org>\r\n"
		"From: Lemonade <lemonade@example.org>\r\n"
		"To: <bob@example.org>\r\n"
		"Subject: New mail\r\n"
		"Importance: low\r\n"
		"MIME-Version: 1.0\r\n"
		"Content-Type: text/plain; charset=utf-8\r\n"
		"Content-Transfer-Encoding: quoted-printable\r\n"
		"\r\n"
		"New mail\r\n");
}

static void test_code(void **state)
{
	struct lemo_event event = hostile;
	struct lemo_payload_args args = {
		.device = "phone",
		.urgency = LEMO_URGENCY_NORMAL,
		.events_count = 1,
		.verification_code = "c0de"
	};
	char *text;

	(void)state;
	event.user = "joe \"the\r\nboss\"";
	text = make(&event, &args, "0123");
	assert_non_null(strstr(text, "auto-notified;\r\n owner-token=0123\r\n"
			       "Date: "));
	assert_non_null(strstr(text, "\r\nSubject: Lemonade verification\r\n"
			       "Importance: normal\r\n"));
	assert_non_null(strstr(text, "\r\n\r\nVerification code: c0de\r\n"
			       "\r\nThis account "));
	assert_non_null(strstr(text, "here:\r\njoe \"the  boss\"\r\nIf "));
	free(text);
}

static void test_ids(void **state)
{
	static const char *const bad[] = {
		"", "a b", "a\r\nb", "a>", "a@b", "a.b", "a\xc3\xb6"
	};
	struct lemo_payload_args args = { .device = "p", .events_count = 1 };
	struct lemo_mailto_mail mail = { .uri = BOB, .from = FROM };
	char id[LEMO_MAILTO_ID_MAX + 2];
	struct lemo_buf buf;
	unsigned int i;

	(void)state;
	lemo_buf_init(&buf, LEMO_PAYLOAD_MAX);
	for (i = 0; i < N_ELEMENTS(bad); i++) {
		mail.push_id = bad[i];
		assert_row(i, !lemo_mailto_add(&buf, &mail, &hostile, &args));
		assert_row(i, buf.len == 0);
	}
	memset(id, 'a', sizeof(id));
	id[LEMO_MAILTO_ID_MAX + 1] = '\0';
	mail.push_id = id;
	assert_false(lemo_mailto_add(&buf, &mail, &hostile, &args));
	id[LEMO_MAILTO_ID_MAX] = '\0';
	assert_true(lemo_mailto_add(&buf, &mail, &hostile, &args));
	lemo_buf_free(&buf);
}

/* Whatever the mailbox is called and wherever it is. */
static void test_lines(void **state)
{
	struct lemo_payload_args args = {
		.device = "p", .level = LEMO_PAYLOAD_LOCATOR, .events_count = 1
	};
	struct lemo_event event = hostile;
	char mailbox[301], uri[1001], *text;
	const char *line, *end;
	size_t n;

	(void)state;
	memset(uri, '=', sizeof(uri) - 1);
	uri[sizeof(uri) - 1] = '\0';
	event.uri = uri;
	event.mailbox = mailbox;
	for (n = 0; n < sizeof(mailbox); n++) {
		size_t i;

		/* four octets a character behind n blanks */
		memset(mailbox, ' ', n);
		for (i = n; i + 4 < sizeof(mailbox); i += 4)
			memcpy(mailbox + i, "\xf0\x9f\x93\xb1", 4);
		mailbox[i] = '\0';
		text = make(&event, &args, "0");
		for (line = text; *line != '\0'; line = end + 2) {
			end = strstr(line, "\r\n");
			assert_non_null(end);
			assert_row(n, end - line <= 78);
			assert_row(n, end == line || end[-1] != ' ');
			assert_row(n, memchr(line, '\n', end - line) == NULL);
		}
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_nothing_can_be_injected),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_the_server_is_no_relay),
		cmocka_unit_test(test_own_mailbox),
		cmocka_unit_test(test_automatic),
		cmocka_unit_test(test_relays),
		cmocka_unit_test(test_relay_name_too_long),
		cmocka_unit_test(test_replies),
		cmocka_unit_test(test_mail),
		cmocka_unit_test(test_code),
		cmocka_unit_test(test_ids),
		cmocka_unit_test(test_lines)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
