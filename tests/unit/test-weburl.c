#include "unit.h"
#include "lemo-weburl.h"

static void test_good(void **state)
{
	static const struct {
		const char *text, *host, *origin;
		uint16_t port;
		bool https, host_is_ip;
	} rows[] = {
		{ "https://push.example.org/abc", "push.example.org",
		  "https://push.example.org:443", 443, true, false },
		{ "HTTPS://Push.Example.ORG", "push.example.org",
		  "https://push.example.org:443", 443, true, false },
		{ "http://push.example.org/", "push.example.org",
		  "http://push.example.org:80", 80, false, false },
		{ "https://h:8443?q=1", "h", "https://h:8443", 8443, true,
		  false },
		{ "https://h:00443/", "h", "https://h:443", 443, true, false },
		{ "https://h:65535/", "h", "https://h:65535", 65535, true,
		  false },
		{ "https://h:1/", "h", "https://h:1", 1, true, false },
		{ "https://a-b_c.x1/p;q?r=[]{}|@:", "a-b_c.x1",
		  "https://a-b_c.x1:443", 443, true, false },
		{ "https://xn--bcher-kva.example/", "xn--bcher-kva.example",
		  "https://xn--bcher-kva.example:443", 443, true, false },
		{ "https://192.0.2.7/x", "192.0.2.7", "https://192.0.2.7:443",
		  443, true, true },
		{ "https://255.255.255.255", "255.255.255.255",
		  "https://255.255.255.255:443", 443, true, true },
		{ "https://[2001:db8::1]/", "2001:db8::1",
		  "https://[2001:db8::1]:443", 443, true, true },
		/* one address, one origin */
		{ "https://[2001:0DB8:0:0:0:0:0:1]:8443/", "2001:db8::1",
		  "https://[2001:db8::1]:8443", 8443, true, true },
		{ "http://[::ffff:192.0.2.1]/", "::ffff:192.0.2.1",
		  "http://[::ffff:192.0.2.1]:80", 80, false, true },
		{ "http://[::1]:80", "::1", "http://[::1]:80", 80, false,
		  true },
		/* names that only look like numbers */
		{ "https://1e100.net/", "1e100.net", "https://1e100.net:443",
		  443, true, false },
		{ "https://0x7f.example", "0x7f.example",
		  "https://0x7f.example:443", 443, true, false },
		{ "https://127.0.0.1.example", "127.0.0.1.example",
		  "https://127.0.0.1.example:443", 443, true, false },
		{ "https://a.0xg", "a.0xg", "https://a.0xg:443", 443, true,
		  false }
	};
	struct lemo_weburl url;
	const char *error = "none";
	unsigned int i;

	(void)state;
	for (i = 0; i < N_ELEMENTS(rows); i++) {
		poison(&url, sizeof(url));
		if (lemo_weburl_parse(rows[i].text, &url, &error) < 0)
			fail_msg("%s: %s", rows[i].text, error);
		assert_string_equal(url.host, rows[i].host);
		assert_string_equal(url.origin, rows[i].origin);
		assert_int_equal(url.port, rows[i].port);
		assert_row(i, url.https == rows[i].https);
		assert_row(i, url.host_is_ip == rows[i].host_is_ip);
	}
}

static void assert_refused(const char *text, const char *wanted)
{
	struct lemo_weburl url;
	const char *error = NULL;

	poison(&url, sizeof(url));
	if (lemo_weburl_parse(text, &url, &error) == 0)
		fail_msg("accepted: %s", text);
	assert_true(is_poisoned(&url, sizeof(url)));
	if (strstr(error, wanted) == NULL)
		fail_msg("%s: %s", text, error);
}

static void test_refused(void **state)
{
	static const struct {
		const char *text, *error;
	} rows[] = {
		{ "", "https://" },
		{ "https:", "https://" },
		{ "https:/h/", "https://" },
		{ "//h/", "https://" },
		{ "h/path", "https://" },
		{ "ftp://h/", "https://" },
		{ "file:///etc/passwd", "https://" },
		{ "gopher://h/", "https://" },
		{ "javascript:https://h/", "https://" },
		{ "mailto:a@b", "https://" },
		{ "https://", "host is missing" },
		{ "https:///path", "host is missing" },
		{ "https://?q", "host is missing" },
		{ "https://:443/", "host is missing" },
		{ "https://[]/", "host is missing" },
		{ "https://h#f", "fragment" },
		{ "https://h/p#", "fragment" },
		{ "https://u@h/", "user name" },
		{ "https://u:p@h/", "user name" },
		{ "https://@h/", "user name" },
		{ "https://h/ x", "printable" },
		{ "https://h/\tx", "printable" },
		{ "https://h/\r\nHost:x", "printable" },
		{ "https://h/\x7f", "printable" },
		{ "https://b\xc3\xbc" "cher.example/", "printable" },
		{ "https://h:/", "port" },
		{ "https://h:0/", "port" },
		{ "https://h:65536/", "port" },
		{ "https://h:99999999999/", "port" },
		{ "https://h:4294967739/", "port" },
		{ "https://h:-1/", "port" },
		{ "https://h:+1/", "port" },
		{ "https://h:1:2/", "port" },
		{ "https://h:x/", "port" },
		{ "https://[::1]x/", "malformed" },
		{ "https://[::1/", "malformed" },
		{ "https://[::1]:/", "port" },
		{ "https://[::1%25eth0]/", "not IPv6" },
		{ "https://[127.0.0.1]/", "not IPv6" },
		{ "https://[v1.x]/", "not IPv6" },
		{ "https://[[::1]]/", "malformed" },
		{ "https://::1/", "port" },
		{ "https://h\\@evil/", "user name" },
		{ "https://h\\.evil/", "not a valid name" },
		{ "https://h%2eevil/", "not a valid name" },
		{ "https://.h/", "not a valid name" },
		{ "https://h./", "not a valid name" },
		{ "https://a..b/", "not a valid name" },
		{ "https://h,g/", "not a valid name" }
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < N_ELEMENTS(rows); i++)
		assert_refused(rows[i].text, rows[i].error);
}

/* All the spellings of an IPv4 address that some resolver takes. */
static void test_odd_ipv4(void **state)
{
	static const char *const hosts[] = {
		"0", "127", "127.1", "127.0.1", "2130706433", "017700000001",
		"0x7f000001", "0X7F000001", "0x7f.0.0.1", "0177.0.0.1",
		"127.0.0.01", "127.0.0.0x1", "127.0.0x1", "1.2.3.4.5",
		"256.0.0.1", "1.2.3.256", "1.2.3", "999999999999", "0x",
		"example.1", "example.0x1", "1.2.3.04"
	};
	char text[100];
	unsigned int i;

	(void)state;
	for (i = 0; i < N_ELEMENTS(hosts); i++) {
		(void)snprintf(text, sizeof(text), "https://%s/", hosts[i]);
		assert_refused(text, "four decimal numbers");
	}
	assert_refused("https://127.0.0.1./", "not a valid name");
	assert_refused("https://1..2.3/", "not a valid name");
}

static void test_lengths(void **state)
{
	char text[400], label[64];
	struct lemo_weburl url;
	const char *error;

	(void)state;
	memset(label, 'a', 63);
	label[63] = '\0';
	(void)snprintf(text, sizeof(text), "https://%s/", label);
	assert_int_equal(lemo_weburl_parse(text, &url, &error), 0);
	(void)snprintf(text, sizeof(text), "https://%sa/", label);
	assert_refused(text, "not a valid name");
	/* 253 octets and not one more */
	(void)snprintf(text, sizeof(text), "https://%s.%s.%s.%.61s:65535",
		       label, label, label, label);
	assert_int_equal(lemo_weburl_parse(text, &url, &error), 0);
	assert_int_equal(strlen(url.host), LEMO_HOST_MAX);
	assert_int_equal(strlen(url.origin), LEMO_HOST_MAX + 14);
	(void)snprintf(text, sizeof(text), "https://%s.%s.%s.%.62s", label,
		       label, label, label);
	assert_refused(text, "too long");
}

static void test_origin_hides_the_path(void **state)
{
	struct lemo_weburl url;
	const char *error;

	(void)state;
	assert_int_equal(lemo_weburl_parse("https://h/secret?token=x", &url,
					   &error), 0);
	assert_null(strstr(url.origin, "secret"));
	assert_null(strstr(url.origin, "token"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_odd_ipv4),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_origin_hides_the_path)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
