#include "unit.h"
#include "p256.h"

/* RFC 8291 section 5, the receiver's */
#define POINT "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcx" \
	"aOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"

#define OFF_CURVE "is not a point on the curve"

static const uint8_t prime[P256_SCALAR_LEN] = {
	0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x01,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff,
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff
};

static void get_point(uint8_t *point)
{
	assert_true(lemo_base64url_decode(POINT, point, LEMO_P256_POINT_LEN));
}

static void assert_error(const uint8_t *octets, size_t len, const char *error)
{
	uint8_t *copy = (uint8_t *)exact_copy((const char *)octets, len);

	assert_string_equal(lemo_p256_check(copy, len), error);
	free(copy);
}

static void test_vector(void **state)
{
	uint8_t point[LEMO_P256_POINT_LEN];

	(void)state;
	get_point(point);
	assert_null(lemo_p256_check(point, sizeof(point)));
}

/* What libcrypto makes is on the curve; with any octet changed it is not,
   but for those that change nothing, and libcrypto thinks the same. */
static void test_wp_04_like_libcrypto(void **state)
{
	uint8_t point[LEMO_P256_POINT_LEN];
	struct lemo_buf text;
	EVP_PKEY *pkey;
	unsigned int i;

	(void)state;
	lemo_buf_init(&text, 100);
	for (i = 0; i < 200; i++) {
		pkey = EVP_EC_gen("P-256");
		p256_point(pkey, point);
		EVP_PKEY_free(pkey);
		assert_row(i, lemo_p256_check(point, sizeof(point)) == NULL);
		point[1 + i % 64] ^= 1 << i % 8;
		lemo_buf_reset(&text);
		lemo_base64url_add(&text, point, sizeof(point));
		pkey = p256_key(text.data, NULL);
		assert_row(i, (pkey == NULL) ==
			   (lemo_p256_check(point, sizeof(point)) != NULL));
		EVP_PKEY_free(pkey);
	}
	lemo_buf_free(&text);
}

static void test_wp_04_off_curve(void **state)
{
	uint8_t point[LEMO_P256_POINT_LEN];
	unsigned int i;

	(void)state;
	for (i = 1; i < sizeof(point); i++) {
		get_point(point);
		point[i] ^= 0x01;
		assert_error(point, sizeof(point), OFF_CURVE);
	}
	memset(point + 1, 0, sizeof(point) - 1);
	assert_error(point, sizeof(point), OFF_CURVE);
	memset(point + 1, 0xff, sizeof(point) - 1);
	assert_error(point, sizeof(point), OFF_CURVE);
}

static void test_length_and_prefix(void **state)
{
	uint8_t point[LEMO_P256_POINT_LEN + 1];
	unsigned int i;

	(void)state;
	get_point(point);
	point[LEMO_P256_POINT_LEN] = 0;
	assert_error(point, 0, "must be 65 octets");
	assert_error(point, LEMO_P256_POINT_LEN - 1, "must be 65 octets");
	assert_error(point, LEMO_P256_POINT_LEN + 1, "must be 65 octets");
	for (i = 0; i < 256; i++) {
		point[0] = i;
		if (i != 0x04) {
			assert_error(point, LEMO_P256_POINT_LEN,
				     "must begin with 0x04, an uncompressed "
				     "point");
		}
	}
	/* the point at infinity, as SEC 1 has it */
	point[0] = 0;
	assert_error(point, 1, "must be 65 octets");
}

static void add_prime(uint8_t *num)
{
	unsigned int sum = 0, i;

	for (i = P256_SCALAR_LEN; i-- > 0; sum >>= 8) {
		sum += num[i] + prime[i];
		num[i] = (uint8_t)sum;
	}
	assert_int_equal(sum, 0);
}

/* The point with x = 0 (y^2 = b), once more with p added to x: the same point
   in arithmetic mod p, but not a reduced one. The same with y. */
static void test_not_reduced(void **state)
{
	static const uint8_t root_of_b[P256_SCALAR_LEN] = {
		0x66, 0x48, 0x5c, 0x78, 0x0e, 0x2f, 0x83, 0xd7,
		0x24, 0x33, 0xbd, 0x5d, 0x84, 0xa0, 0x6b, 0xb6,
		0x54, 0x1c, 0x2a, 0xf3, 0x1d, 0xae, 0x87, 0x17,
		0x28, 0xbf, 0x85, 0x6a, 0x17, 0x4f, 0x93, 0xf4
	};
	uint8_t point[LEMO_P256_POINT_LEN] = { 0x04 };

	(void)state;
	memcpy(point + 1 + P256_SCALAR_LEN, root_of_b, P256_SCALAR_LEN);
	assert_null(lemo_p256_check(point, sizeof(point)));
	add_prime(point + 1);
	assert_error(point, sizeof(point), OFF_CURVE);
	memcpy(point + 1 + P256_SCALAR_LEN, prime, P256_SCALAR_LEN);
	assert_error(point, sizeof(point), OFF_CURVE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vector),
		cmocka_unit_test(test_wp_04_like_libcrypto),
		cmocka_unit_test(test_wp_04_off_curve),
		cmocka_unit_test(test_length_and_prefix),
		cmocka_unit_test(test_not_reduced)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
