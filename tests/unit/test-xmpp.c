#include "unit.h"
#include "lemo-device-uri.h"
#include "lemo-xmpp.h"

#define FROM "lemonade@notify.example.org"
#define JULIET "xmpp:juliet@example.org"

static void test_uris(void **state)
{
	static const struct {
		const char *text;
		size_t jid_len, bare_len, domain_len;
		const char *query;
	} rows[] = {
		{ "xmpp:juliet@example.org", 18, 18, 11, NULL },
		{ "XMPP:j+1_.~*@a-b.example", 19, 19, 11, NULL },
		{ "xmpp:a@b/phone-1", 11, 3, 1, NULL },
		{ "xmpp:a@b?message;body=%20x", 3, 3, 1, "message;body=%20x" },
		{ "xmpp:a@192.0.2.1/x?", 13, 11, 9, "" }
	};
	struct lemo_xmpp_uri uri;
	const char *error;
	unsigned int i;

	(void)state;
	for (i = 0; i < N_ELEMENTS(rows); i++) {
		assert_row(i, lemo_xmpp_uri_parse(rows[i].text, &uri,
						  &error) == 0);
		assert_row(i, uri.jid_len == rows[i].jid_len);
		assert_row(i, uri.bare_len == rows[i].bare_len);
		assert_row(i, uri.domain_len == rows[i].domain_len);
		assert_row(i, (uri.query == NULL) == (rows[i].query == NULL));
		assert_row(i, uri.query == NULL ||
			   strcmp(uri.query, rows[i].query) == 0);
	}
}

static void test_a_device_has_no_query(void **state)
{
	const struct lemo_device_uri *uri = lemo_device_uri_find(JULIET);
	const char *error;

	(void)state;
	assert_string_equal(uri->channel, "xmpp");
	assert_int_equal(uri->check(JULIET, &error), 0);
	assert_int_equal(uri->check(JULIET "?message", &error), -1);
	assert_string_equal(error, uri->must_be);
	assert_int_equal(uri->check("xmpp:juliet", &error), -1);
}

static void test_nothing_can_be_injected(void **state)
{
	static const char *const rows[] = {
		"", "xmpp", "xmpp:", "xmpp:@h", "xmpp:a", "xmpp:a@", "sip:a@h",
		"xmpp:a@h'/><x", "xmpp:a'b@h", "xmpp:a\"b@h", "xmpp:a<b@h",
		"xmpp:a>b@h", "xmpp:a&amp;b@h", "xmpp:a@h\r\n", "xmpp:a\n@h",
		"xmpp:a@h ", "xmpp: a@h", "xmpp:a@h@i", "xmpp:a@h/",
		"xmpp:a@h/a/b", "xmpp:a@h/a b", "xmpp://auth@h/a@h",
		"xmpp:a%40b@h", "xmpp:a@h#f", "xmpp:a@h?x#f", "xmpp:a@h?<x>",
		"xmpp:a@h?x=%4", "xmpp:a@h?x=%zz", "xmpp:a@h?a b",
		"xmpp:a@h:5222", "xmpp:a@-h", "xmpp:a@h-", "xmpp:a@a..b",
		"xmpp:a@.h", "xmpp:a@h.", "xmpp:a@h-.x", "xmpp:a@[::1]",
		"xmpp:\xc3\xb6@h", "xmpp:a@\xc3\xb6", "xmpp:a@h\xff",
		"xmpp:a\x01@h", "xmpp:a?b@h", "xmpp:a/b@h"
	};
	struct lemo_xmpp_uri uri;
	const char *error;
	unsigned int i;

	(void)state;
	for (i = 0; i < N_ELEMENTS(rows); i++) {
		error = NULL;
		assert_row(i, lemo_xmpp_uri_parse(rows[i], &uri, &error) == -1);
		assert_row(i, error != NULL);
	}
}

static void test_lengths(void **state)
{
	char text[LEMO_XMPP_URI_MAX + 2];
	struct lemo_xmpp_uri uri;
	const char *error;

	(void)state;
	memset(text, 'a', sizeof(text));
	memcpy(text, "xmpp:", 5);
	memcpy(text + 5 + LEMO_XMPP_JID_MAX - 2, "@h", 3);
	assert_int_equal(lemo_xmpp_uri_parse(text, &uri, &error), 0);
	memcpy(text + 5 + LEMO_XMPP_JID_MAX - 2, "@hh", 4);
	assert_int_equal(lemo_xmpp_uri_parse(text, &uri, &error), -1);
	assert_string_equal(error, "has an XMPP address longer than 200 "
			    "octets");
	memset(text, 'a', sizeof(text));
	memcpy(text, "xmpp:a@b?", 9);
	text[LEMO_XMPP_URI_MAX] = '\0';
	assert_int_equal(lemo_xmpp_uri_parse(text, &uri, &error), 0);
	text[LEMO_XMPP_URI_MAX] = 'a';
	text[LEMO_XMPP_URI_MAX + 1] = '\0';
	assert_int_equal(lemo_xmpp_uri_parse(text, &uri, &error), -1);
	assert_string_equal(error, "is an XMPP URI longer than 1000 octets");
}

/* RFC 5437 3.2 to 3.4 */
static void test_queries(void **state)
{
	static const struct {
		const char *query, *key, *value;
	} rows[] = {
		{ "?message;body=Wherefore%20art%20thou%3F", "body",
		  "Wherefore art thou?" },
		{ "?message;body=x;subject=ALERT%21", "subject", "ALERT!" },
		{ "?;body=x", "body", "x" },
		{ "?message;body=", "body", "" },
		{ "?message;body=a=b", "body", "a=b" },
		{ "?message;body=%C3%B6", "body", "\xc3\xb6" },
		{ "?message;unknown=1;body=x;body=y", "body", "x" },
		{ "?message;xbody=x", "body", NULL },
		{ "?body=x", "body", NULL },
		{ "?message;body", "body", NULL },
		{ "?message;body=%ff", "body", NULL },
		{ "?message;body=a%00b", "body", NULL },
		{ "?message", "body", NULL },
		{ "", "body", NULL }
	};
	char text[200];
	struct lemo_xmpp_uri uri;
	struct lemo_buf buf;
	const char *error;
	unsigned int i;

	(void)state;
	for (i = 0; i < N_ELEMENTS(rows); i++) {
		lemo_buf_init(&buf, LEMO_XMPP_URI_MAX);
		(void)snprintf(text, sizeof(text), JULIET "%s", rows[i].query);
		assert_row(i, lemo_xmpp_uri_parse(text, &uri, &error) == 0);
		assert_row(i, lemo_xmpp_uri_get(&uri, rows[i].key, &buf) ==
			   (rows[i].value != NULL));
		assert_row(i, strcmp(BUF_STR(&buf), rows[i].value == NULL ? "" :
				     rows[i].value) == 0);
		lemo_buf_free(&buf);
	}
}

static void test_addresses(void **state)
{
	(void)state;
	assert_true(lemo_xmpp_is_address(FROM));
	assert_true(lemo_xmpp_is_address("notify.example.org"));
	assert_false(lemo_xmpp_is_address(""));
	assert_false(lemo_xmpp_is_address("@h"));
	assert_false(lemo_xmpp_is_address("a@"));
	assert_false(lemo_xmpp_is_address("a@h/r"));
	assert_false(lemo_xmpp_is_address("a'@h"));
	assert_false(lemo_xmpp_is_address("xmpp:a@h"));
	assert_string_equal(lemo_xmpp_domain(FROM), "notify.example.org");
	assert_string_equal(lemo_xmpp_domain("h"), "h");
}

static void test_the_server_is_no_relay(void **state)
{
	(void)state;
	assert_null(lemo_xmpp_refusal(JULIET, FROM, ""));
	assert_null(lemo_xmpp_refusal("xmpp:j@EXAMPLE.org/x", FROM, ""));
	assert_null(lemo_xmpp_refusal("xmpp:j@other.example", FROM,
				      "other.example:5269"));
	assert_null(lemo_xmpp_refusal("xmpp:j@Other.example", FROM,
				      "x other.example"));
	assert_string_equal(lemo_xmpp_refusal("xmpp:j@other.example", FROM,
					      "other.example:443"),
			    "has an XMPP domain that is not allowed here");
	assert_non_null(lemo_xmpp_refusal("xmpp:j@notify.example.org", FROM,
					  ""));
	assert_non_null(lemo_xmpp_refusal("xmpp:j@xample.org", FROM, ""));
	assert_non_null(lemo_xmpp_refusal("xmpp:j@a.example.org", FROM, ""));
	assert_non_null(lemo_xmpp_refusal("xmpp:j@org", "example", ""));
	assert_non_null(lemo_xmpp_refusal(JULIET, "", ""));
	assert_non_null(lemo_xmpp_refusal(JULIET "<", FROM, "example.org"));
}

static void test_errors(void **state)
{
	static const struct {
		const char *type;
		unsigned int tries;
		enum lemo_answer answer;
	} rows[] = {
		{ "wait", 0, LEMO_ANSWER_RETRY },
		{ "wait", 3, LEMO_ANSWER_RETRY },
		{ "wait", 8, LEMO_ANSWER_RETRY },
		{ "wait", 9, LEMO_ANSWER_PERMANENT },
		{ "wait", 4000000000, LEMO_ANSWER_PERMANENT },
		{ "cancel", 0, LEMO_ANSWER_PERMANENT },
		{ "auth", 0, LEMO_ANSWER_PERMANENT },
		{ "modify", 0, LEMO_ANSWER_PERMANENT },
		{ "", 0, LEMO_ANSWER_PERMANENT }
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < N_ELEMENTS(rows); i++) {
		assert_row(i, lemo_xmpp_answer_of_error(rows[i].type,
			rows[i].tries) == rows[i].answer);
	}
}

static void test_text(void **state)
{
	static const struct {
		const char *text, *xml;
	} rows[] = {
		{ "plain", "plain" },
		{ "</body>&'\"", "&lt;/body&gt;&amp;&apos;&quot;" },
		{ "]]>", "]]&gt;" },
		{ "a\x01\x08\x0b\x1f\x7f" "b\r\n\tc", "ab\n\tc" },
		{ "\xc2\x80\xc2\x9f\xc2\xa0", "\xc2\xa0" },
		{ "\xef\xbf\xbd\xef\xbf\xbe\xef\xbf\xbf", "\xef\xbf\xbd" },
		{ "\xf0\x9f\x8d\x8b\xc3\xb6", "\xf0\x9f\x8d\x8b\xc3\xb6" },
		{ "a\xff\xc3(\xed\xa0\x80z\xc3", "a(z" }
	};
	struct lemo_buf buf;
	unsigned int i;

	(void)state;
	for (i = 0; i < N_ELEMENTS(rows); i++) {
		lemo_buf_init(&buf, 200);
		lemo_xmpp_text_add(&buf, rows[i].text, strlen(rows[i].text));
		assert_row(i, strcmp(BUF_STR(&buf), rows[i].xml) == 0);
		lemo_buf_free(&buf);
	}
}

static const struct lemo_event event = {
	.type = LEMO_EVENT_MESSAGE_NEW, .id = "e1", .user = "juliet",
	.uri = "imap://juliet@example.org/Li%26st;UIDVALIDITY=1/;UID=2",
	.mailbox = "Li&st</body>", .unseen = 3, .uidnext = 4,
	.from = "Nurse <n@example.org>", .subject = "secret"
};

static void assert_message(const struct lemo_payload_args *args,
			   const char *rest)
{
	static const char begin[] = "<message from='" FROM "' "
		"to='juliet@example.org/x' id='id&apos;1' type='normal'>";
	struct lemo_buf buf;

	lemo_buf_init(&buf, LEMO_XMPP_MESSAGE_MAX);
	lemo_xmpp_message_add(&buf, JULIET "/x", FROM, "id'1", &event, args);
	assert_false(buf.failed);
	assert_memory_equal(buf.data, begin, sizeof(begin) - 1);
	assert_string_equal(buf.data + sizeof(begin) - 1, rest);
	lemo_buf_free(&buf);
}

#define URGENCY(word) "<headers xmlns='http://jabber.org/protocol/shim'>" \
	"<header name='Urgency'>" word "</header></headers>"

/* Row SN-08, as far as it is not Sieve's */
static void test_messages(void **state)
{
	struct lemo_payload_args args = {
		.device = "phone", .level = LEMO_PAYLOAD_SNIPPET,
		.urgency = LEMO_URGENCY_HIGH, .events_count = 2
	};

	(void)state;
	/* never more than the ceiling */
	assert_message(&args, "<subject>New mail (2)</subject>"
		"<body>Li&amp;st&lt;/body&gt;: 3 unread</body>" URGENCY("high")
		"<x xmlns='jabber:x:oob'><url>imap://juliet@example.org/"
		"Li%26st;UIDVALIDITY=1/;UID=2</url></x></message>");
	args.urgency = LEMO_URGENCY_NORMAL;
	args.level = LEMO_PAYLOAD_STATE;
	assert_message(&args, "<subject>New mail (2)</subject>"
		"<body>3 unread</body>" URGENCY("medium") "</message>");
	args.urgency = LEMO_URGENCY_VERY_LOW;
	args.level = LEMO_PAYLOAD_WAKEUP;
	args.events_count = 1;
	assert_message(&args, "<subject>New mail</subject>"
		"<body>New mail</body>" URGENCY("low") "</message>");
	args.level = LEMO_PAYLOAD_LOCATOR;
	args.verification_code = "c<de";
	assert_message(&args, "<subject>Lemonade verification</subject>"
		"<body>Verification code: c&lt;de</body>" URGENCY("low")
		"</message>");
}

static void test_message_that_cannot_be(void **state)
{
	struct lemo_payload_args args = { .device = "phone" };
	struct lemo_buf buf;

	(void)state;
	lemo_buf_init(&buf, LEMO_XMPP_MESSAGE_MAX);
	lemo_xmpp_message_add(&buf, "xmpp:'@h", FROM, "1", &event, &args);
	assert_true(buf.failed);
	assert_int_equal(buf.len, 0);
	lemo_buf_free(&buf);
	lemo_buf_init(&buf, 100);
	lemo_xmpp_message_add(&buf, JULIET, FROM, "1", &event, &args);
	assert_true(buf.failed);
	lemo_buf_free(&buf);
}

static void test_the_rest(void **state)
{
	struct lemo_buf buf;

	(void)state;
	lemo_buf_init(&buf, 1000);
	lemo_xmpp_open_add(&buf, "n.example");
	lemo_xmpp_handshake_add(&buf, "ab12");
	lemo_xmpp_ping_add(&buf, "n.example", "7");
	lemo_xmpp_unserved_add(&buf, "n.example", "a@b/'", "&");
	assert_string_equal(buf.data,
		"<?xml version='1.0'?><stream:stream "
		"xmlns='jabber:component:accept' "
		"xmlns:stream='http://etherx.jabber.org/streams' "
		"to='n.example'><handshake>ab12</handshake>"
		"<iq type='get' from='n.example' to='n.example' id='7'>"
		"<ping xmlns='urn:xmpp:ping'/></iq>"
		"<iq type='error' from='n.example' to='a@b/&apos;' "
		"id='&amp;'><error type='cancel'><service-unavailable "
		"xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>");
	lemo_buf_free(&buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_uris),
		cmocka_unit_test(test_a_device_has_no_query),
		cmocka_unit_test(test_nothing_can_be_injected),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_queries),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_the_server_is_no_relay),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_message_that_cannot_be),
		cmocka_unit_test(test_the_rest)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
