#include "unit.h"
#include "lemo-subscription.h"
#include "lemo-token.h"

#define ID "0123456789abcdef0123456789abcdef"
#define DEVICE LEMO_TOKEN_DEVICE_PREFIX ID
#define TOKEN "openpgp:wV4DAbc+/09=="
#define EXPIRES "2030-01-31T12:00:00Z"

static void test_valid(void **state)
{
	static const char *const good[] = {
		TOKEN, "x", "fcm-chat.delta:abc-DEF_1.2!#$%&'()*~"
	};
	static const char *const bad[] = {
		"", "a b", " ", "a\"b", "a\\b", "a\tb", "a\nb", "\x7f",
		"gr\xc3\xbcn", "a\x01"
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < N_ELEMENTS(good); i++)
		assert_row(i, lemo_token_is_valid(good[i], strlen(good[i])));
	for (i = 0; i < N_ELEMENTS(bad); i++)
		assert_row(i, !lemo_token_is_valid(bad[i], strlen(bad[i])));
	assert_false(lemo_token_is_valid("a\0b", 3));
}

static void test_valid_length(void **state)
{
	char token[LEMO_TOKEN_MAX + 1];

	(void)state;
	memset(token, 'x', sizeof(token));
	assert_true(lemo_token_is_valid(token, LEMO_TOKEN_MAX));
	assert_false(lemo_token_is_valid(token, LEMO_TOKEN_MAX + 1));
}

static void test_device_names(void **state)
{
	static const char *const others[] = {
		"", "phone", LEMO_TOKEN_DEVICE_PREFIX, DEVICE "0",
		LEMO_TOKEN_DEVICE_PREFIX "0123456789abcdef",
		LEMO_TOKEN_DEVICE_PREFIX "0123456789ABCDEF0123456789ABCDEF",
		("Devicetoken." ID), ID
	};
	unsigned int i;

	(void)state;
	assert_string_equal(lemo_token_id_of_device(DEVICE), ID);
	assert_true(lemo_device_name_is_valid(DEVICE));
	for (i = 0; i < N_ELEMENTS(others); i++)
		assert_row(i, lemo_token_id_of_device(others[i]) == NULL);
}

static void test_value_round_trip(void **state)
{
	static const int64_t times[] = { 0, 1, 1795502092, 253402300799 };
	struct lemo_buf buf;
	const char *token;
	int64_t refreshed;
	unsigned int i;

	(void)state;
	for (i = 0; i < N_ELEMENTS(times); i++) {
		lemo_buf_init(&buf, LEMO_TOKEN_MAX);
		lemo_token_add_value(&buf, TOKEN, times[i]);
		assert_row(i, lemo_token_parse_value(buf.data, &refreshed,
						     &token));
		assert_row(i, refreshed == times[i]);
		assert_string_equal(token, TOKEN);
		lemo_buf_free(&buf);
	}
}

static void test_value_is_none(void **state)
{
	static const char *const bad[] = {
		"", " ", "1", "1 ", " x", "-1 x", "x 1", "1  x", "1 a b",
		"1x a", "9999999999999 x", "18446744073709551616 x", "1\tx"
	};
	const char *token;
	int64_t refreshed;
	unsigned int i;

	(void)state;
	for (i = 0; i < N_ELEMENTS(bad); i++) {
		poison(&token, sizeof(token));
		poison(&refreshed, sizeof(refreshed));
		assert_row(i, !lemo_token_parse_value(bad[i], &refreshed,
						      &token));
		assert_row(i, is_poisoned(&token, sizeof(token)));
		assert_row(i, is_poisoned(&refreshed, sizeof(refreshed)));
	}
}

/* The longest token, too, is a subscription, and only under its own name. */
static void test_subscription(void **state)
{
	struct lemo_subscription_error error;
	struct lemo_subscription *sub;
	char token[LEMO_TOKEN_MAX + 1];
	struct lemo_buf buf;

	(void)state;
	memset(token, '~', LEMO_TOKEN_MAX);
	token[LEMO_TOKEN_MAX] = '\0';
	lemo_buf_init(&buf, 2 * LEMO_TOKEN_MAX);
	lemo_token_add_subscription(&buf, token, EXPIRES);
	assert_int_equal(lemo_subscription_parse(buf.data, buf.len, DEVICE,
						 &sub, &error), 0);
	assert_string_equal(sub->channel, "token");
	assert_string_equal(sub->token, token);
	assert_null(sub->url);
	assert_null(sub->events);
	assert_true(sub->filter_is_default);
	assert_int_equal(sub->payload, LEMO_PAYLOAD_WAKEUP);
	assert_true(sub->expires == 1896091200);
	lemo_subscription_free(&sub);
	assert_int_equal(lemo_subscription_parse(buf.data, buf.len, "phone",
						 &sub, &error), -1);
	lemo_buf_free(&buf);
}

static void assert_refused(unsigned int row, const char *json,
			   const char *name, const char *field)
{
	struct lemo_subscription_error error;
	struct lemo_subscription *sub = NULL;

	assert_row(row, lemo_subscription_parse(json, strlen(json), name,
						&sub, &error) < 0);
	assert_string_equal(error.field, field);
}

/* No user can choose the channel, and a token's device has no other. */
static void test_subscription_is_refused(void **state)
{
	static const struct {
		const char *json, *name, *field;
	} rows[] = {
		{ "{\"channel\":\"token\",\"token\":\"x\"}", "phone",
		  "channel" },
		{ "{\"channel\":\"log\",\"token\":\"x\"}", "phone", "token" },
		{ "{\"channel\":\"log\"}", DEVICE, "deviceClientId" },
		{ "{\"channel\":\"token\"}", DEVICE, "deviceClientId" },
		{ "{\"token\":\"x\"}", DEVICE, "deviceClientId" },
		{ "{}", DEVICE, "deviceClientId" },
		{ "{\"channel\":\"token\",\"token\":\"x\","
		  "\"url\":\"https://h/\"}", DEVICE, "deviceClientId" },
		{ "{\"channel\":\"token\",\"token\":\"a b\"}", DEVICE,
		  "token" },
		{ "{\"channel\":\"token\",\"token\":1}", DEVICE, "token" },
		{ "{\"channel\":\"token\",\"token\":\"\"}", DEVICE, "token" }
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < N_ELEMENTS(rows); i++)
		assert_refused(i, rows[i].json, rows[i].name, rows[i].field);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_valid),
		cmocka_unit_test(test_valid_length),
		cmocka_unit_test(test_device_names),
		cmocka_unit_test(test_value_round_trip),
		cmocka_unit_test(test_value_is_none),
		cmocka_unit_test(test_subscription),
		cmocka_unit_test(test_subscription_is_refused)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
