#include "fuzz.h"
#include "lemo-subscription.h"
#include "lemo-token.h"

#define DEVICE LEMO_TOKEN_DEVICE_PREFIX "0123456789abcdef0123456789abcdef"
#define EXPIRES "2030-01-31T12:00:00Z"

/* What was accepted can be written and read again. */
static void check(const char *token, int64_t refreshed)
{
	struct lemo_subscription_error error;
	struct lemo_subscription *sub;
	struct lemo_buf buf;
	const char *again;
	int64_t time;

	FUZZ_ASSERT(lemo_token_is_valid(token, strlen(token)));
	lemo_buf_init(&buf, 2 * LEMO_TOKEN_MAX);
	lemo_token_add_value(&buf, token, refreshed);
	FUZZ_ASSERT(lemo_token_parse_value(buf.data, &time, &again));
	FUZZ_ASSERT(time == refreshed && strcmp(again, token) == 0);
	lemo_buf_reset(&buf);
	lemo_token_add_subscription(&buf, token, EXPIRES);
	FUZZ_ASSERT(lemo_subscription_parse(buf.data, buf.len, DEVICE, &sub,
					    &error) == 0);
	FUZZ_ASSERT(strcmp(sub->token, token) == 0);
	lemo_subscription_free(&sub);
	lemo_buf_free(&buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *value = fuzz_string(data, size);
	struct lemo_subscription_error error;
	struct lemo_subscription *sub;
	const char *token;
	int64_t refreshed;

	if (lemo_token_parse_value(value, &refreshed, &token))
		check(token, refreshed);
	if (lemo_subscription_parse(value, strlen(value), DEVICE, &sub,
				    &error) == 0) {
		FUZZ_ASSERT(sub->url == NULL && sub->token != NULL);
		lemo_subscription_free(&sub);
	}
	(void)lemo_token_id_of_device(value);
	free(value);
	return 0;
}
