#include "unit.h"
#include "lemo-redis.h"

static void test_url_good(void **state)
{
	static const struct {
		const char *text, *user, *host, *stream;
		uint16_t port;
		unsigned int db;
		bool tls;
	} rows[] = {
		{ "redis://127.0.0.1/0/mail", "", "127.0.0.1", "mail", 6379, 0,
		  false },
		{ "REDISS://Redis.Example.ORG:6380/15/mail:{%d}", "",
		  "redis.example.org", "mail:{%d}", 6380, 15, true },
		{ "redis://lemonade@[2001:DB8::1]/0/a/b?c#d@e:f", "lemonade",
		  "2001:db8::1", "a/b?c#d@e:f", 6379, 0, false },
		{ "redis://[::1]:1/65535/s", "", "::1", "s", 1, 65535, false },
		{ "redis://h:443/00/s", "", "h", "s", 443, 0, false },
	};
	struct lemo_redis_url url;
	const char *error;
	unsigned int i;

	(void)state;
	for (i = 0; i < N_ELEMENTS(rows); i++) {
		assert_row(i, lemo_redis_is_url(rows[i].text));
		assert_row(i, lemo_redis_url_parse(rows[i].text, &url,
						   &error) == 0);
		assert_row(i, strcmp(url.user, rows[i].user) == 0);
		assert_row(i, strcmp(url.host, rows[i].host) == 0);
		assert_row(i, strcmp(url.stream, rows[i].stream) == 0);
		assert_row(i, url.port == rows[i].port);
		assert_row(i, url.db == rows[i].db);
		assert_row(i, url.tls == rows[i].tls);
	}
}

static void test_url_bad(void **state)
{
	static const struct {
		const char *text, *error;
	} rows[] = {
		{ "", "must begin with" },
		{ "redis:/h/0/s", "must begin with" },
		{ "https://h/0/s", "must begin with" },
		{ "redis://h/0/s t", "printable" },
		{ "redis://h/0/s\r\n", "printable" },
		{ "redis://h/0/\xc3\xa9", "printable" },
		{ "redis://", "host is missing" },
		{ "redis:///0/s", "host is missing" },
		{ "redis://h", "/DB/STREAM" },
		{ "redis://h/", "/DB/STREAM" },
		{ "redis://h/0", "/DB/STREAM" },
		{ "redis://h/0/", "/DB/STREAM" },
		{ "redis://h//s", "/DB/STREAM" },
		{ "redis://h/x/s", "/DB/STREAM" },
		{ "redis://h/-1/s", "/DB/STREAM" },
		{ "redis://h/123456/s", "/DB/STREAM" },
		{ "redis://h/65536/s", "database" },
		{ "redis://h:0/0/s", "port" },
		{ "redis://h:65536/0/s", "port" },
		{ "redis://h:x/0/s", "port" },
		{ "redis://h.0x7f/0/s", "IPv4" },
		{ "redis://127.1/0/s", "IPv4" },
		{ "redis://[::1/0/s", "malformed" },
		{ "redis://:secret@h/0/s", "secret file" },
		{ "redis://user:secret@h/0/s", "secret file" },
		{ "redis://@h/0/s", "user name" },
		{ "redis://u@v@h/0/s", "must not have a user name" },
	};
	struct lemo_redis_url url;
	const char *error;
	unsigned int i;

	(void)state;
	for (i = 0; i < N_ELEMENTS(rows); i++) {
		poison(&url, sizeof(url));
		assert_row(i, lemo_redis_url_parse(rows[i].text, &url,
						   &error) == -1);
		assert_row(i, is_poisoned(&url, sizeof(url)));
		if (strstr(error, rows[i].error) == NULL)
			fail_msg("row %u: %s", i, error);
	}
}

static char *url_of(const char *user, const char *host, const char *stream)
{
	char *str = malloc(4096);

	assert_non_null(str);
	assert_true(snprintf(str, 4096, "redis://%s%s/0/%s", user, host,
			     stream) < 4096);
	return str;
}

static int parse_long(size_t user_len, size_t host_len, size_t stream_len,
		      const char **error_r)
{
	char user[512], host[512], stream[512], *str;
	struct lemo_redis_url url;
	int ret;

	memset(user, 'u', user_len);
	snprintf(user + user_len, 2, user_len == 0 ? "" : "@");
	memset(host, 'h', host_len);
	host[host_len] = '\0';
	memset(stream, 's', stream_len);
	stream[stream_len] = '\0';
	str = url_of(user, host, stream);
	ret = lemo_redis_url_parse(str, &url, error_r);
	free(str);
	return ret;
}

static void test_url_lengths(void **state)
{
	const char *error;

	(void)state;
	assert_int_equal(parse_long(LEMO_REDIS_USER_MAX, 63,
				    LEMO_REDIS_STREAM_MAX, &error), 0);
	assert_int_equal(parse_long(LEMO_REDIS_USER_MAX + 1, 1, 1, &error),
			 -1);
	assert_string_equal(error, "user name must have 1 to 64 octets");
	assert_int_equal(parse_long(0, 64, 1, &error), -1);
	assert_int_equal(parse_long(0, 300, 1, &error), -1);
	assert_string_equal(error, "host is too long");
	assert_int_equal(parse_long(0, 1, LEMO_REDIS_STREAM_MAX + 1, &error),
			 -1);
	assert_string_equal(error, "stream's name must have 255 octets at "
			    "most");
}

static void assert_stream(const char *stream, const char *user,
			  const char *expected)
{
	char *text = url_of("", "h", stream);
	struct lemo_redis_url url;
	struct lemo_buf buf;
	const char *error;

	assert_int_equal(lemo_redis_url_parse(text, &url, &error), 0);
	lemo_buf_init(&buf, 4096);
	lemo_redis_stream_add(&url, user, &buf);
	assert_false(buf.failed);
	assert_string_equal(BUF_STR(&buf), expected);
	lemo_buf_free(&buf);
	free(text);
}

static void test_stream(void **state)
{
	(void)state;
	assert_stream("mail", "u@example.org", "mail");
	assert_stream("mail:%d", "u@Example.ORG", "mail:example.org");
	assert_stream("%d/%d%", "a@b@c", "c/c%");
	assert_stream("mail:%d", "root", "mail:");
	assert_stream("%d", "u@a\r\n\x7f" "b", "a___b");
	assert_stream("%u", "u@a", "%u");
}

static void test_password(void **state)
{
	static const struct {
		const char *text;
		size_t len;
		int result;
	} rows[] = {
		{ "secret", 6, 6 },
		{ "secret\n", 7, 6 },
		{ "two words\r\n# more\n", 18, 9 },
		{ "", 0, -1 },
		{ "\nsecret\n", 8, -1 },
		{ "\r\n", 2, -1 },
		{ "a\0b\n", 4, -1 },
	};
	char text[LEMO_REDIS_PASSWORD_MAX + 1], *copy;
	const char *error;
	unsigned int i;

	(void)state;
	for (i = 0; i < N_ELEMENTS(rows); i++) {
		copy = exact_copy(rows[i].text, rows[i].len);
		assert_row(i, lemo_redis_password_parse(copy, rows[i].len,
							&error) ==
			   rows[i].result);
		free(copy);
	}
	memset(text, 'x', sizeof(text));
	assert_int_equal(lemo_redis_password_parse(text, sizeof(text) - 1,
						   &error),
			 LEMO_REDIS_PASSWORD_MAX);
	assert_int_equal(lemo_redis_password_parse(text, sizeof(text), &error),
			 -1);
}

static void test_errors(void **state)
{
	static const struct {
		const char *reply, *begin;
		bool of_server;
	} rows[] = {
		{ "OOM command not allowed when used memory > 'maxmemory'.",
		  "OOM: ", true },
		{ "NOAUTH Authentication required.", "NOAUTH: ", true },
		{ "WRONGPASS invalid username-password pair", "WRONGPASS: ",
		  true },
		{ "READONLY You can't write against a read only replica.",
		  "READONLY: ", true },
		{ "WRONGTYPE Operation against a key", "WRONGTYPE: ", false },
		{ "MOVED 3999 127.0.0.1:6381", "MOVED: ", false },
		{ "NOPERM this user has no permissions", "NOPERM: ", false },
		{ "ERR unknown command", "ERR: ", true },
		{ "OOMPH", "the server answers", true },
		{ "OO", "the server answers", true },
		{ "oom", "the server answers", true },
		{ "", "the server answers", true },
		{ "\r\n\x01", "the server answers", true },
	};
	struct lemo_redis_error error;
	unsigned int i;
	char *copy;

	(void)state;
	for (i = 0; i < N_ELEMENTS(rows); i++) {
		copy = exact_copy(rows[i].reply, strlen(rows[i].reply));
		lemo_redis_error_parse(copy, strlen(rows[i].reply), &error);
		free(copy);
		assert_row(i, strncmp(error.text, rows[i].begin,
				      strlen(rows[i].begin)) == 0);
		assert_row(i, error.of_server == rows[i].of_server);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_url_good),
		cmocka_unit_test(test_url_bad),
		cmocka_unit_test(test_url_lengths),
		cmocka_unit_test(test_stream),
		cmocka_unit_test(test_password),
		cmocka_unit_test(test_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
