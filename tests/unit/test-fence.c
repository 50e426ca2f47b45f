#include "unit.h"
#include "lemo-fence.h"

#include <arpa/inet.h>

static size_t to_octets(const char *text, uint8_t octets_r[16])
{
	if (inet_pton(AF_INET, text, octets_r) == 1)
		return 4;
	if (inet_pton(AF_INET6, text, octets_r) != 1)
		fail_msg("bad address in test: %s", text);
	return 16;
}

static bool allows(const char *text)
{
	uint8_t octets[16];
	size_t len = to_octets(text, octets);

	return lemo_fence_allows(octets, len);
}

static void test_denied(void **state)
{
	static const char *const rows[] = {
		"0.0.0.0", "0.255.255.255",
		"10.0.0.0", "10.255.255.255",
		"100.64.0.0", "100.127.255.255",
		"127.0.0.1", "127.255.255.255",
		"169.254.0.0", "169.254.169.254", "169.254.255.255",
		"172.16.0.0", "172.31.255.255",
		"192.0.0.0", "192.0.0.255",
		"192.0.2.0", "192.0.2.255",
		"192.88.99.1",
		"192.168.0.0", "192.168.255.255",
		"198.18.0.0", "198.19.255.255",
		"198.51.100.0", "198.51.100.255",
		"203.0.113.0", "203.0.113.255",
		"224.0.0.0", "239.255.255.255",
		"240.0.0.0", "255.255.255.255",
		"::", "::1", "::2", "::7f00:1", /* v4-compatible */
		"::ffff:127.0.0.1", "::ffff:10.1.2.3", "::ffff:0.0.0.0",
		"64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe",
		"64:ff9b:1::1", "64:ff9b:0:0:0:1:808:808",
		"100::1", "fc00::1", "fd12:3456::1", "fe80::1", "febf::1",
		"fec0::1", "ff02::1", "ff0e::1",
		"2001::1", "2001:0:53aa::1", "2001:2::1", "2001:10::1",
		"2001:20::1", "2001:1ff:ffff::1",
		"2001:db8::1", "2001:db8:ffff::1",
		"2002:7f00:1::1", "2002:808:808::1",
		"3fff::1", "3fff:fff::1",
		"4000::1", "1fff::1", "5f00::1"
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < N_ELEMENTS(rows); i++) {
		if (allows(rows[i]))
			fail_msg("allowed: %s", rows[i]);
	}
}

static void test_allowed(void **state)
{
	static const char *const rows[] = {
		"1.0.0.0", "8.8.8.8", "9.255.255.255", "11.0.0.0",
		"100.63.255.255", "100.128.0.0", "126.255.255.255",
		"128.0.0.0", "169.253.255.255", "169.255.0.0",
		"172.15.255.255", "172.32.0.0", "192.0.1.0", "192.0.3.0",
		"192.88.98.255", "192.88.100.0",
		"192.167.255.255", "192.169.0.0", "198.17.255.255",
		"198.20.0.0", "198.51.99.255", "198.51.101.0",
		"203.0.112.255", "203.0.114.0", "223.255.255.255",
		"::ffff:8.8.8.8", "64:ff9b::808:808",
		"2000::1", "2001:200::1", "2001:4860:4860::8888",
		"2001:db7::1", "2001:db9::1", "2003::1", "2a00::1",
		"3ffe::1", "3fff:1000::1"
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < N_ELEMENTS(rows); i++) {
		if (!allows(rows[i]))
			fail_msg("denied: %s", rows[i]);
	}
}

static void test_other_lengths(void **state)
{
	static const uint8_t octets[17] = { 8, 8, 8, 8, 0x20 };
	size_t len;

	(void)state;
	for (len = 0; len <= sizeof(octets); len++)
		assert_row(len, lemo_fence_allows(octets, len) == (len == 4));
}

static void test_ports(void **state)
{
	unsigned int port;

	(void)state;
	for (port = 0; port <= UINT16_MAX; port++) {
		assert_row(port, lemo_fence_port_allowed(port) ==
			   (port == 443 || port == 8443));
	}
}

static bool listed(const char *list, const char *host, uint16_t port,
		   const char *addr)
{
	uint8_t octets[16];
	size_t len = 0;

	if (addr != NULL)
		len = to_octets(addr, octets);
	return lemo_fence_listed(list, host, port,
				 addr == NULL ? NULL : octets, len);
}

static void test_listed_names(void **state)
{
	static const char list[] = "ntfy.example.org, hook:8080\tx.y";

	(void)state;
	assert_true(listed(list, "ntfy.example.org", 1, NULL));
	assert_true(listed(list, "NTFY.example.org", 65535, NULL));
	assert_true(listed(list, "hook", 8080, NULL));
	assert_true(listed(list, "hook", 8080, "10.0.0.1"));
	assert_true(listed(list, "x.y", 443, NULL));
	assert_false(listed(list, "hook", 8081, NULL));
	assert_false(listed(list, "ntfy.example.or", 443, NULL));
	assert_false(listed(list, "ntfy.example.orgs", 443, NULL));
	assert_false(listed(list, "a.ntfy.example.org", 443, NULL));
	assert_false(listed(list, "example.org", 443, NULL));
	assert_false(listed(list, "", 443, NULL));
	assert_false(listed("", "hook", 443, NULL));
	assert_false(listed(" , ", "hook", 443, NULL));
}

static void test_listed_networks(void **state)
{
	static const char list[] = "192.0.2.0/24 10.1.2.3 127.0.0.1:8080 "
		"[2001:db8::]/32 2001:db9::/31 [::1]:8443 fd00::7";

	(void)state;
	assert_true(listed(list, "a", 80, "192.0.2.0"));
	assert_true(listed(list, "a", 80, "192.0.2.255"));
	assert_true(listed(list, "a", 80, "::ffff:192.0.2.1"));
	assert_false(listed(list, "a", 80, "192.0.3.0"));
	assert_true(listed(list, "a", 80, "10.1.2.3"));
	assert_false(listed(list, "a", 80, "10.1.2.4"));
	assert_true(listed(list, "a", 8080, "127.0.0.1"));
	assert_false(listed(list, "a", 80, "127.0.0.1"));
	assert_true(listed(list, "a", 80, "2001:db8:1::1"));
	assert_true(listed(list, "a", 80, "2001:db9::1"));
	assert_true(listed(list, "a", 8443, "::1"));
	assert_false(listed(list, "a", 443, "::1"));
	assert_true(listed(list, "a", 1, "fd00::7"));
	assert_false(listed(list, "a", 1, "fd00::8"));
}

static void test_listed_host_is_address(void **state)
{
	/* no answer of a resolver yet: the host itself is looked at */
	(void)state;
	assert_true(listed("192.0.2.0/24", "192.0.2.7", 443, NULL));
	assert_true(listed("[2001:db8::]/32", "2001:db8::1", 443, NULL));
	assert_true(listed("127.0.0.1:8080", "127.0.0.1", 8080, NULL));
	assert_false(listed("127.0.0.1:8080", "127.0.0.1", 8081, NULL));
	assert_false(listed("192.0.2.0/24", "192.0.20.7", 443, NULL));
	assert_false(listed("192.0.2.0/24", "192.0.2", 443, NULL));
	assert_false(listed("0.0.0.0/0", "name", 443, NULL));
	assert_true(listed("0.0.0.0/0", "name", 443, "203.0.113.9"));
	assert_false(listed("0.0.0.0/0", "name", 443, "2001:db8::1"));
	/* the address decides when there is one, not the text beside it */
	assert_false(listed("192.0.2.7", "192.0.2.7", 443, "10.0.0.1"));
}

static void test_listed_odd_prefixes(void **state)
{
	(void)state;
	assert_true(listed("172.16.0.0/12", "a", 1, "172.31.255.255"));
	assert_false(listed("172.16.0.0/12", "a", 1, "172.32.0.0"));
	assert_true(listed("10.0.0.129/25", "a", 1, "10.0.0.128"));
	assert_false(listed("10.0.0.128/25", "a", 1, "10.0.0.127"));
	assert_true(listed("10.0.0.1/32", "a", 1, "10.0.0.1"));
	assert_false(listed("10.0.0.1/32", "a", 1, "10.0.0.0"));
	assert_true(listed("[::]/0", "a", 1, "fe80::1"));
	assert_true(listed("::1/128", "a", 1, "::1"));
	assert_false(listed("::1/128", "a", 1, "::"));
}

static void test_listed_ignores_bad_entries(void **state)
{
	(void)state;
	assert_true(listed("??? a/8 b:x ok", "ok", 1, NULL));
	assert_false(listed("b:x", "b", 1, NULL));
	assert_false(listed("10.0.0.0/33", "a", 1, "10.0.0.1"));
}

static void test_list_check(void **state)
{
	static const char *const good[] = {
		"", " ", "a", "a,b", "a:1", "a:65535", "a-b_c.d", "1.2.3.4",
		"1.2.3.4:5", "1.2.3.4/0", "1.2.3.4/32", "[::1]", "[::1]:1",
		"[::1]/128", "::1", "::1/0", "2001:db8::/32", "A.B",
		"[1.2.3.4]:80"
	};
	static const struct {
		const char *list;
		size_t pos;
	} bad[] = {
		{ "a:", 0 }, { "a:0", 0 }, { "a:65536", 0 }, { "a:x", 0 },
		{ "a:1x", 0 }, { "ok a/8", 3 }, { "ok, 1.2.3.4/33", 4 },
		{ "1.2.3.4/", 0 }, { "1.2.3.4/-1", 0 }, { "1.2.3/8", 0 },
		{ "[::1]/129", 0 }, { "[::1", 0 }, { "[x]", 0 }, { "[]", 0 },
		{ "[::1]x", 0 }, { "::x", 0 }, { "https://a", 0 },
		{ "a/b", 0 }, { "*.a", 0 }, { "a,b,@", 4 }, { ":80", 0 },
		{ "/8", 0 }, { "h\xc3\xb6st", 0 },
		{ "1.2.3.4/99999999999", 0 }, { "a:99999999999", 0 }
	};
	const char *error;
	unsigned int i;
	size_t pos;

	(void)state;
	for (i = 0; i < N_ELEMENTS(good); i++)
		assert_row(i, lemo_fence_list_check(good[i], &error,
						    &pos) == 0);
	for (i = 0; i < N_ELEMENTS(bad); i++) {
		error = NULL;
		pos = 999;
		assert_row(i, lemo_fence_list_check(bad[i].list, &error,
						    &pos) == -1);
		assert_row(i, pos == bad[i].pos);
		assert_row(i, error != NULL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_denied),
		cmocka_unit_test(test_allowed),
		cmocka_unit_test(test_other_lengths),
		cmocka_unit_test(test_ports),
		cmocka_unit_test(test_listed_names),
		cmocka_unit_test(test_listed_networks),
		cmocka_unit_test(test_listed_host_is_address),
		cmocka_unit_test(test_listed_odd_prefixes),
		cmocka_unit_test(test_listed_ignores_bad_entries),
		cmocka_unit_test(test_list_check)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
