#include "lib.h"
#include "net.h"
#include "test-common.h"
#include "http-pins.h"
#include "http-target.h"

static const struct {
	const char *url, *allow_hosts, *ip;
	bool trusted;
	const char *error; /* NULL: allowed */
} target_tests[] = {
	{ "https://a.example/", "", "8.8.8.8", FALSE, NULL },
	{ "https://a.example:8443/", "", "8.8.8.8", FALSE, NULL },
	{ "https://a.example/", "", "2600::1", FALSE, NULL },
	{ "https://a.example/", "", "10.0.0.1", FALSE,
	  "address 10.0.0.1 is private" },
	{ "https://a.example/", "", "::ffff:10.0.0.1", FALSE,
	  "address ::ffff:10.0.0.1 is private" },
	{ "https://a.example/", "", "fe80::1", FALSE,
	  "address fe80::1 is private" },
	{ "https://a.example:444/", "", "8.8.8.8", FALSE,
	  "port 444 is not allowed" },
	{ "http://a.example/", "", "8.8.8.8", FALSE,
	  "http without TLS is not allowed" },
	/* by name: whatever its address */
	{ "http://a.example:80/", "a.example", "10.0.0.1", FALSE, NULL },
	{ "http://a.example:81/", "a.example:80", "10.0.0.1", FALSE,
	  "http without TLS is not allowed" },
	/* by network: only its addresses */
	{ "http://a.example:81/", "10.0.0.0/8", "10.0.0.1", FALSE, NULL },
	{ "http://a.example:81/", "10.0.0.0/8", "11.0.0.1", FALSE,
	  "http without TLS is not allowed" },
	{ "https://a.example/", "10.0.0.0/8", "192.168.0.1", FALSE,
	  "address 192.168.0.1 is private" },
	/* behind a proxy nobody knows the address */
	{ "https://a.example/", "", NULL, FALSE, NULL },
	{ "https://a.example:25/", "", NULL, FALSE,
	  "port 25 is not allowed" },
	{ "http://a.example/", "a.example", NULL, FALSE, NULL },
	{ "http://a.example/", "10.0.0.0/8", NULL, FALSE,
	  "http without TLS is not allowed" },
	{ "http://a.example:9/", "", "127.0.0.1", TRUE, NULL },
};

static void test_http_target_allows(void)
{
	struct http_target target;
	struct ip_addr ip;
	const char *error;
	unsigned int i;

	test_begin("http target: fence");
	for (i = 0; i < N_ELEMENTS(target_tests); i++) {
		test_assert_idx(http_target_parse(target_tests[i].url,
			target_tests[i].trusted, target_tests[i].allow_hosts,
			&target, &error) == 0, i);
		if (target_tests[i].ip != NULL)
			test_assert(net_addr2ip(target_tests[i].ip, &ip) == 0);
		error = NULL;
		test_assert_idx(http_target_allows(&target,
			target_tests[i].ip == NULL ? NULL : &ip, &error) ==
			(target_tests[i].error == NULL), i);
		test_assert_strcmp_idx(error, target_tests[i].error, i);
	}
	test_end();
}

static void test_http_target_path(void)
{
	static const char *const tests[][2] = {
		{ "https://a.example", "" },
		{ "https://a.example/", "/" },
		{ "HTTPS://A.example:443/x//y?z=https://b/",
		  "/x//y?z=https://b/" },
		{ "https://[2600::1]:8443?q", "?q" },
	};
	struct http_target target;
	const char *error;
	unsigned int i;

	test_begin("http target: path");
	for (i = 0; i < N_ELEMENTS(tests); i++) {
		test_assert_idx(http_target_parse(tests[i][0], FALSE, "",
						  &target, &error) == 0, i);
		test_assert_strcmp_idx(target.path, tests[i][1], i);
	}
	test_assert(http_target_parse("https://0x7f.1/", FALSE, "", &target,
				      &error) < 0);
	test_end();
}

static void test_http_pins(void)
{
	struct http_pins *pins = http_pins_init(2);
	struct curl_slist *list;
	struct ip_addr ips[2];
	pool_t pool = pool_alloconly_create("test pins", 1024);

	test_begin("http pins");
	test_assert(net_addr2ip("192.0.2.1", &ips[0]) == 0);
	test_assert(net_addr2ip("2001:db8::1", &ips[1]) == 0);
	list = http_pins_set(pins, pool, "a", 443, ips, 2, 1);
	test_assert_strcmp(list->data, "a:443:192.0.2.1,[2001:db8::1]");
	test_assert(list->next == NULL);
	/* the same answer */
	test_assert(http_pins_set(pins, pool, "a", 443, ips, 2, 1) == NULL);
	/* another port, another answer */
	list = http_pins_set(pins, pool, "a", 8443, ips, 1, 1);
	test_assert_strcmp(list->data, "a:8443:192.0.2.1");
	list = http_pins_set(pins, pool, "a", 443, ips + 1, 1, 2);
	test_assert_strcmp(list->data, "a:443:[2001:db8::1]");
	/* one too many: the one not used for longest goes */
	list = http_pins_set(pins, pool, "b", 443, ips, 1, 3);
	test_assert_strcmp(list->data, "-a:8443");
	test_assert_strcmp(list->next->data, "b:443:192.0.2.1");
	test_assert(http_pins_set(pins, pool, "a", 443, ips + 1, 1, 2) == NULL);
	test_assert(http_pins_set(pins, pool, "a", 8443, ips, 1, 1) != NULL);
	http_pins_deinit(&pins);
	test_assert(pins == NULL);
	pool_unref(&pool);
	test_end();
}

int main(void)
{
	static void (*const tests[])(void) = {
		test_http_target_allows,
		test_http_target_path,
		test_http_pins,
		NULL
	};

	return test_run(tests);
}
