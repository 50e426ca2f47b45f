/* What a Redis server answers, or whoever is in its place. */

#include "lib.h"
#include "str.h"
#include "test-common.h"
#include "redis-conn.h"
#include "redis-reader.h"

/* "+" for an answer, "-WORDS" for an error, "!" for none of a Redis server.
   step: octets that come at once. */
static const char *read_all(const char *data, size_t len, size_t step)
{
	struct redis_reader *reader = redis_reader_init();
	string_t *seen = t_str_new(128);
	struct redis_answer answer;
	size_t pos, now;
	int ret = 0;

	for (pos = 0; pos < len && ret >= 0; pos += now) {
		now = I_MIN(step, len - pos);
		if (!redis_reader_add(reader, data + pos, now))
			ret = -1;
		while (ret >= 0 &&
		       (ret = redis_reader_next(reader, &answer)) > 0) {
			str_append_c(seen, answer.error ? '-' : '+');
			if (answer.error)
				str_append(seen, answer.text);
		}
	}
	if (ret < 0)
		str_append_c(seen, '!');
	redis_reader_deinit(&reader);
	return str_c(seen);
}

static void test_redis_reader_answers(void)
{
	static const struct {
		const char *data, *seen;
	} tests[] = {
		{ "", "" },
		{ "+OK\r\n", "+" },
		{ "+OK\r\n$15\r\n1526919030474-0\r\n:7\r\n$-1\r\n*0\r\n",
		  "+++++" },
		{ "-OOM command not allowed\r\n+OK\r\n",
		  "-OOM command not allowed+" },
		{ "*2\r\n$1\r\na\r\n-ERR inside\r\n+OK\r\n", "++" },
		{ "*1\r\n*1\r\n:1\r\n", "+" },
		{ "$5\r\nab", "" },
		{ "220 mail.example.org LMTP\r\n", "!" },
		{ "HTTP/1.1 400 Bad Request\r\n\r\n", "!" },
		{ "+OK\r\n\r\n", "+!" },
		{ "$x\r\n", "!" },
		{ "*1000000000\r\n", "" },
	};
	unsigned int i;
	size_t len;

	test_begin("redis reader: answers");
	for (i = 0; i < N_ELEMENTS(tests); i++) T_BEGIN {
		len = strlen(tests[i].data);
		test_assert_strcmp_idx(read_all(tests[i].data, len, 1000),
				       tests[i].seen, i);
		test_assert_strcmp_idx(read_all(tests[i].data, len, 1),
				       tests[i].seen, i);
	} T_END;
	test_end();
}

static void test_redis_reader_bounds(void)
{
	char *data = i_malloc(2 * REDIS_ANSWER_MAX);
	const char *seen;

	test_begin("redis reader: bounds");
	memset(data, 'x', 2 * REDIS_ANSWER_MAX);
	data[0] = '-';
	memcpy(data + 1000, "\r\n", 2);
	seen = read_all(data, 1002, 100);
	test_assert(strlen(seen) == 1 + REDIS_ERROR_KEPT);
	/* an answer that has no end is given up */
	memcpy(data, "$900000000\r\n", 12);
	test_assert_strcmp(read_all(data, 2 * REDIS_ANSWER_MAX, 1024), "!");
	test_assert_strcmp(read_all(data, REDIS_ANSWER_MAX, 1024), "");
	test_end();
	i_free(data);
}

int main(void)
{
	static void (*const tests[])(void) = {
		test_redis_reader_answers,
		test_redis_reader_bounds,
		NULL
	};

	return test_run(tests);
}
