#include "unit.h"
#include "lemo-vapid-code.h"

static const struct lemo_key_binding binding = {
	.purpose = "verify", .uid = 7, .user = "joe", .device = "phone",
	.url = "https://push.example/1", .p256dh = "p", .auth = "a"
};

/* A second server with the same key file accepts the code. */
static void test_same_keys_wp_06(void **state)
{
	struct lemo_vapid_keys *keys = lemo_vapid_keys_generate(), *copy = NULL;
	struct lemo_keyring ring, other;
	char code[LEMO_CODE_LEN + 1];
	struct lemo_buf pem;
	const char *error;
	unsigned int block;

	(void)state;
	assert_non_null(keys);
	lemo_buf_init(&pem, LEMO_VAPID_FILE_MAX);
	assert_int_equal(lemo_vapid_keys_format(keys, &pem), 0);
	assert_int_equal(lemo_vapid_keys_parse(pem.data, pem.len, &copy,
					       &error, &block), 0);
	lemo_vapid_code_ring(lemo_vapid_keys_get(keys, 0), &ring);
	lemo_vapid_code_ring(lemo_vapid_keys_get(copy, 0), &other);
	assert_int_equal(ring.count, 1);
	lemo_code_make(&ring, &binding, code);
	assert_int_equal(strlen(code), LEMO_CODE_LEN);
	assert_true(lemo_code_verify(&other, &binding, code));
	lemo_keyring_clear(&ring);
	lemo_keyring_clear(&other);
	lemo_vapid_keys_free(&keys);
	lemo_vapid_keys_free(&copy);
	lemo_buf_free(&pem);
}

static void test_other_keys_wp_06(void **state)
{
	struct lemo_vapid_keys *keys = lemo_vapid_keys_generate();
	struct lemo_vapid_keys *others = lemo_vapid_keys_generate();
	struct lemo_keyring ring, other;
	char code[LEMO_CODE_LEN + 1];

	(void)state;
	lemo_vapid_code_ring(lemo_vapid_keys_get(keys, 0), &ring);
	lemo_vapid_code_ring(lemo_vapid_keys_get(others, 0), &other);
	lemo_code_make(&ring, &binding, code);
	assert_false(lemo_code_verify(&other, &binding, code));
	lemo_vapid_keys_free(&keys);
	lemo_vapid_keys_free(&others);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_keys_wp_06),
		cmocka_unit_test(test_other_keys_wp_06)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
