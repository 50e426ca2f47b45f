#include "fuzz.h"
#include "lemo-redis.h"

static void check(const struct lemo_redis_url *url, const char *user)
{
	struct lemo_buf buf;
	size_t i;

	FUZZ_ASSERT(url->port > 0 && url->host[0] != '\0');
	FUZZ_ASSERT(url->stream[0] != '\0');
	FUZZ_ASSERT(url->db <= LEMO_REDIS_DB_MAX);
	lemo_buf_init(&buf, 1024 * 1024);
	lemo_redis_stream_add(url, user, &buf);
	for (i = 0; i < buf.len; i++)
		FUZZ_ASSERT((unsigned char)buf.data[i] >= ' ');
	lemo_buf_free(&buf);
}

/* A URL; what follows it is a password file and an error reply, too. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *str = fuzz_string(data, size);
	struct lemo_redis_error reply;
	struct lemo_redis_url url;
	const char *error;

	if (lemo_redis_url_parse(str, &url, &error) == 0)
		check(&url, str);
	else
		FUZZ_ASSERT(*error != '\0');
	FUZZ_ASSERT(lemo_redis_password_parse((const char *)data, size,
					      &error) <= (int)size);
	lemo_redis_error_parse((const char *)data, size, &reply);
	FUZZ_ASSERT(reply.text[0] != '\0');
	free(str);
	return 0;
}
