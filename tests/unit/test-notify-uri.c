#include "unit.h"
#include "lemo-device-uri.h"
#include "lemo-notify-uri.h"
#include "lemo-subscription.h"

#define SIP_BOB "sip:bob@example.org"
#define MESSAGE ";method=MESSAGE"

static bool is_served(const char *uri)
{
	return strncasecmp(uri, "https:", 6) == 0 ||
		lemo_device_uri_find(uri) != NULL;
}

static void test_sn_08_sn_09_sn_10_uris(void **state)
{
	static const struct {
		const char *uri, *url, *body, *subject;
	} rows[] = {
		/* RFC 6468 2.1, 3.2 */
		{ SIP_BOB MESSAGE, SIP_BOB, "", "" },
		{ SIP_BOB MESSAGE "?subject=SIEVE", SIP_BOB, "", "SIEVE" },
		{ "SIP:Bob@EXAMPLE.org" ";transport=tcp" MESSAGE ";x?a=b&"
		  "Body=hi%20there&subject=a%26b", "sip:Bob@example.org",
		  "hi there", "a&b" },
		{ "sips:b@h:5061" MESSAGE, "sips:b@h:5061", "", "" },
		{ "https://Hooks.Example.org:443/A?b=C",
		  "https://hooks.example.org/A?b=C", "", "" },
		{ "https://h.example:8443/", "https://h.example:8443/", "",
		  "" },
		/* RFC 3966, RFC 5724 */
		{ "tel:+1-408-555-1212", "tel:+14085551212", "", "" },
		{ "tel:+1(408)555.1212;x=y", "tel:+14085551212", "", "" },
		{ "sms:+14085551212?body=a%0D%0Ab&x=1", "tel:+14085551212",
		  "a\nb", "" },
		{ "emn:+49301234567", "emn:+49301234567", "", "" },
		/* RFC 5437 3.2, 3.3 */
		{ "xmpp:romeo@im.example.com?message;body=Wherefore%20art"
		  "%20thou%3F", "xmpp:romeo@im.example.com",
		  "Wherefore art thou?", "" },
		{ "xmpp:romeo@im.example.com?message;subject=SIEVE;body=x",
		  "xmpp:romeo@im.example.com", "x", "SIEVE" },
		{ "xmpp:romeo@im.example.com?roster;body=x",
		  "xmpp:romeo@im.example.com", "", "" }
	};
	struct lemo_notify_uri uri;
	const char *error;
	unsigned int i;

	(void)state;
	for (i = 0; i < N_ELEMENTS(rows); i++) {
		if (!is_served(rows[i].url))
			continue;
		assert_row(i, lemo_notify_uri_parse(rows[i].uri, &uri,
						    &error) == 0);
		assert_string_equal(uri.url, rows[i].url);
		assert_string_equal(uri.body, rows[i].body);
		assert_string_equal(uri.subject, rows[i].subject);
	}
}

static void test_sn_01_bad_uris(void **state)
{
	static const char *const rows[] = {
		"", "sip", "sip:", SIP_BOB, SIP_BOB ";method=INVITE",
		SIP_BOB ";method=MESSAGES", SIP_BOB "?x" MESSAGE,
		"sip:b ob@h" MESSAGE, "sip:bob@h\r\nX: y" MESSAGE,
		"sip:b%0d%0a@h" MESSAGE, "sip:<b>@h" MESSAGE,
		SIP_BOB MESSAGE "?body=%", SIP_BOB MESSAGE "?body=%4",
		SIP_BOB MESSAGE "?body=%zz", SIP_BOB MESSAGE "?body=%00",
		SIP_BOB MESSAGE "?body=%ff", SIP_BOB MESSAGE "?body=\xc3\xa4",
		"http://example.org/", "https:", "https:///x", "https://u@h/",
		"https://h/#x", "https://h/a/../b", "https://h/.",
		"https://h/a/..%2Fb", "https://h/a/b%5c%2e.%2f",
		"https://h/%2E%2e/b", "https://h/.%2e", "https://h/\"",
		"https://h/\\", "https://127.1/", "tel:5551212", "tel:+",
		"tel:+49-30-1;ext=5", "tel:+49301234567;isub=1",
		"sms:+49301234567,+49301234568", "xmpp://a@b/c@d",
		"xmpp:a@b#c", "xmpp:", "mailto:bob@example.org", "push:all"
	};
	struct lemo_notify_uri uri;
	const char *error;
	unsigned int i;

	(void)state;
	for (i = 0; i < N_ELEMENTS(rows); i++) {
		error = NULL;
		assert_row(i, lemo_notify_uri_parse(rows[i], &uri,
						    &error) < 0);
		assert_row(i, error != NULL);
	}
}

static void test_long_uris(void **state)
{
	struct lemo_notify_uri uri;
	char str[LEMO_NOTIFY_URI_MAX + 2];
	const char *error;

	(void)state;
	memset(str, 'x', sizeof(str) - 1);
	str[sizeof(str) - 1] = '\0';
	memcpy(str, "https://h/", 10);
	assert_int_equal(lemo_notify_uri_parse(str, &uri, &error), -1);
	str[LEMO_DEVICE_URL_MAX + 1] = '\0';
	assert_int_equal(lemo_notify_uri_parse(str, &uri, &error), -1);
	str[LEMO_DEVICE_URL_MAX] = '\0';
	assert_int_equal(lemo_notify_uri_parse(str, &uri, &error), 0);
}

static void assert_clean(const char *text, size_t max, const char *wanted)
{
	char str[64];

	assert_in_range(strlen(text), 0, sizeof(str) - 4);
	lemo_notify_clean(text, strlen(text), max, str);
	assert_string_equal(str, wanted);
}

static void test_clean(void **state)
{
	(void)state;
	assert_clean("", 9, "");
	assert_clean("a\r\nb\nc\rd\te\x7f" "f\xc2\x85g", 40,
		     "a\nb\nc d e f g");
	assert_clean(" a \r\n \n", 40, " a");
	assert_clean("\r\n", 40, "");
	assert_clean("abcdef", 6, "abcdef");
	assert_clean("abcdef", 5, "abcde\xe2\x80\xa6");
	assert_clean("ab\xc3\xa4", 3, "ab\xe2\x80\xa6");
	assert_clean("a\r\nbc", 2, "a\xe2\x80\xa6");
}

static void test_normalize_long(void **state)
{
	char str[LEMO_DEVICE_URL_MAX + 2], url[LEMO_DEVICE_URL_MAX + 1];

	(void)state;
	memset(str, 'x', sizeof(str) - 1);
	str[sizeof(str) - 1] = '\0';
	assert_false(lemo_notify_normalize(str, url));
	str[LEMO_DEVICE_URL_MAX] = '\0';
	assert_true(lemo_notify_normalize(str, url));
	assert_string_equal(str, url);
	assert_true(lemo_notify_normalize("XMPP:A@b/C?message;body=D", url));
	assert_string_equal(url, "xmpp:a@b/C");
	assert_true(lemo_notify_normalize("sms:+49-30.1(2)", url));
	assert_string_equal(url, "tel:+493012");
	assert_true(lemo_notify_normalize("", url));
	assert_string_equal(url, "");
}

#define LIST "sip:example.org, SIP:Carol@Other.test xmpp:im.example.org " \
	"xmpp:dave@other.test tel:+49 https://hooks.example.org/a/ " \
	"https://one.example.org/only"

static void test_sc_20_listed(void **state)
{
	static const struct {
		const char *url;
		bool listed;
	} rows[] = {
		{ "sip:bob@example.org", true },
		{ "sip:bob@example.org:5070", true },
		{ "sips:bob@example.org", false },
		{ "sip:bob@sub.example.org", false },
		{ "sip:bob@example.org.test", false },
		{ "sip:Carol@other.test", true },
		{ "sip:carol@other.test", false },
		{ "sip:carol@other.test.example", false },
		{ "sip:Carol@other.test:1", false },
		{ "xmpp:any@im.example.org", true },
		{ "xmpp:any@im.example.org/phone", true },
		{ "xmpp:dave@other.test/phone", true },
		{ "xmpp:dave@other.testing", false },
		{ "xmpp:im.example.org", true },
		{ "xmpp:x@y/z@im.example.org", false },
		{ "tel:+4930123456", true },
		{ "tel:+4430123456", false },
		{ "emn:+4930123456", false },
		{ "https://hooks.example.org/a/b?c", true },
		{ "https://hooks.example.org/a/", true },
		{ "https://hooks.example.org/a", false },
		{ "https://hooks.example.org/b/a/", false },
		{ "https://hooks.example.org.test/a/", false },
		{ "https://one.example.org/only", true },
		{ "https://one.example.org/only2", false },
		{ "https://x@hooks.example.org/a/", false },
		{ "", false }
	};
	const char *entry;
	unsigned int i;
	size_t len;

	(void)state;
	for (i = 0; i < N_ELEMENTS(rows); i++) {
		entry = lemo_notify_listed(LIST, rows[i].url, &len);
		assert_row(i, (entry != NULL) == rows[i].listed);
		assert_row(i, entry == NULL || len > 0);
	}
	assert_null(lemo_notify_listed("", "sip:bob@example.org", &len));
	assert_null(lemo_notify_listed(" ,", "sip:bob@example.org", &len));
	assert_null(lemo_notify_listed("sip: sip", "sip:bob@example.org",
				       &len));
}

static void test_list_check(void **state)
{
	static const char *const bad[] = {
		"example.org", "sip:", "http://example.org/",
		"https://example.org", "https:///", "tel:49", "tel:",
		"mailto:a@b", "sip:example.org *", "push:all"
	};
	const char *error;
	unsigned int i;
	size_t pos;

	(void)state;
	assert_int_equal(lemo_notify_list_check(LIST, &error, &pos), 0);
	assert_int_equal(lemo_notify_list_check("", &error, &pos), 0);
	for (i = 0; i < N_ELEMENTS(bad); i++) {
		assert_row(i, lemo_notify_list_check(bad[i], &error,
						     &pos) < 0);
		assert_row(i, pos <= strlen(bad[i]));
	}
	assert_int_equal(lemo_notify_list_check("tel:+49 x", &error, &pos),
			 -1);
	assert_int_equal(pos, 8);
}

#define HEX "0123456789abcdef0123456789abcdef"

static void test_devices(void **state)
{
	struct lemo_subscription_error error;
	struct lemo_subscription *sub;
	struct lemo_buf buf;

	(void)state;
	assert_true(lemo_notify_is_device("sieve." HEX));
	assert_false(lemo_notify_is_device("sieve." HEX "0"));
	assert_false(lemo_notify_is_device("sieve." "0"));
	assert_false(lemo_notify_is_device("phone"));
	lemo_buf_init(&buf, 1000);
	lemo_notify_add_subscription(&buf, SIP_BOB);
	assert_int_equal(lemo_subscription_parse(buf.data, buf.len, "x", &sub,
						 &error), 0);
	assert_string_equal(sub->url, SIP_BOB);
	assert_string_equal(sub->channel, "sip");
	lemo_subscription_free(&sub);
	lemo_buf_free(&buf);
}

static void test_sn_01_option_ttl(void **state)
{
	static const char *const bad[] = {
		"", "0", "00", "01", "-1", "+1", " 1", "1 ", "1h", "0x1", "1.0",
		"2419201", "4294967297", "99999999999999999999"
	};
	static const struct {
		const char *value;
		uint32_t ttl;
	} good[] = { { "1", 1 }, { "600", 600 }, { "2419200", 2419200 } };
	unsigned int i;
	uint32_t ttl;

	(void)state;
	for (i = 0; i < N_ELEMENTS(good); i++) {
		assert_row(i, lemo_notify_ttl_parse(good[i].value, &ttl));
		assert_row(i, ttl == good[i].ttl);
	}
	for (i = 0; i < N_ELEMENTS(bad); i++) {
		ttl = 77;
		assert_row(i, !lemo_notify_ttl_parse(bad[i], &ttl));
		assert_row(i, ttl == 77);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sn_08_sn_09_sn_10_uris),
		cmocka_unit_test(test_sn_01_bad_uris),
		cmocka_unit_test(test_long_uris),
		cmocka_unit_test(test_clean),
		cmocka_unit_test(test_normalize_long),
		cmocka_unit_test(test_sc_20_listed),
		cmocka_unit_test(test_list_check),
		cmocka_unit_test(test_devices),
		cmocka_unit_test(test_sn_01_option_ttl)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
