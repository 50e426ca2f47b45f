#include "unit.h"
#include "lemo-webhook-sign.h"

/* of the Standard Webhooks specification's own libraries */
#define VECTOR_SECRET "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define VECTOR_ID "msg_p5jXN8AQM9LWM0D4loKWxJek"
#define VECTOR_TIME 1614265330
#define VECTOR_BODY "{\"test\": 2432232314}"
#define VECTOR_SIGNATURE "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

/* octets 0 to 31, and 24 times "k" */
#define SECRET_0 "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define SECRET_1 "whsec_a2tra2tra2tra2tra2tra2tra2tra2tr"

#define X12 "eHh4eHh4eHh4eHh4" /* 12 times "x" */

static struct lemo_keyring ring_of(const char *text)
{
	struct lemo_keyring ring;
	const char *error = "none";
	unsigned int line = 0;

	if (lemo_keyring_parse(text, strlen(text), &ring, &error, &line) < 0)
		fail_msg("line %u: %s", line, error);
	return ring;
}

static const struct lemo_key_binding binding = {
	.purpose = "webhook",
	.uid = 1000,
	.user = "joe",
	.device = "phone",
	.url = "https://push.example.org/abc"
};

static void test_parse(void **state)
{
	static const struct {
		const char *text;
		unsigned int count;
	} rows[] = {
		{ SECRET_0, 1 },
		{ SECRET_0 "\n", 1 },
		{ "\n\n" SECRET_0 "\r\n\r\n", 1 },
		{ "# the old one below\n" SECRET_0 "\n" SECRET_1 "\n", 2 },
		{ " \t" SECRET_0 " \t\n  # x\n" SECRET_1, 2 },
		{ SECRET_0 "\n" SECRET_0 "\n" SECRET_0 "\n" SECRET_0, 4 }
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < N_ELEMENTS(rows); i++) {
		struct lemo_keyring ring = ring_of(rows[i].text);

		assert_int_equal(ring.count, rows[i].count);
		assert_int_equal(ring.keys[0].len, 32);
		assert_int_equal(ring.keys[0].octets[31], 31);
		lemo_keyring_clear(&ring);
	}
}

static void test_parse_fails(void **state)
{
	static const struct {
		const char *text;
		unsigned int line;
		const char *error;
	} rows[] = {
		{ "", 0, "no secret" },
		{ "\n# nothing\n", 2, "no secret" },
		{ "secret", 1, "must begin with whsec_" },
		{ "\nWHSEC_AAAA", 2, "must begin with whsec_" },
		{ SECRET_0 "\nx", 2, "must begin with whsec_" },
		{ SECRET_0 " " SECRET_1, 1, "base64" },
		{ SECRET_0 " # mine", 1, "base64" },
		{ "whsec_", 1, "base64" },
		{ "whsec_AAAA", 1, "base64" },
		/* 23 and 65 octets */
		{ "whsec_eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHg=", 1, "24 to 64" },
		{ "whsec_" X12 X12 X12 X12 X12 "eHh4eHg=", 1, "24 to 64" },
		/* no padding, url alphabet, garbage, stray bits, padding
		   inside */
		{ "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", 1,
		  "base64" },
		{ "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBka-_wdHh8=", 1,
		  "base64" },
		{ "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBka!!wdHh8=", 1,
		  "base64" },
		{ "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9=", 1,
		  "base64" },
		{ "whsec_AAECAwQFBgcICQo=DA0ODxAREhMUFRYXGBkaGxwdHh8=", 1,
		  "base64" },
		{ "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh====", 1,
		  "base64" },
		{ SECRET_0 "\n" SECRET_0 "\n" SECRET_0 "\n" SECRET_0 "\n"
		  SECRET_0, 5, "more than 4" }
	};
	struct lemo_keyring ring;
	const char *error;
	unsigned int i, line;

	(void)state;
	for (i = 0; i < N_ELEMENTS(rows); i++) {
		char *copy = exact_copy(rows[i].text, strlen(rows[i].text));

		poison(&ring, sizeof(ring));
		error = NULL;
		line = 99;
		assert_row(i, lemo_keyring_parse(copy, strlen(rows[i].text),
						 &ring, &error, &line) == -1);
		assert_row(i, is_poisoned(&ring, sizeof(ring)));
		assert_row(i, strstr(error, rows[i].error) != NULL);
		assert_row(i, line == rows[i].line);
		free(copy);
	}
}

static void test_parse_nul(void **state)
{
	struct lemo_keyring ring;
	const char *error;
	unsigned int line;

	(void)state;
	assert_int_equal(lemo_keyring_parse(SECRET_0 "\0", sizeof(SECRET_0),
					    &ring, &error, &line), -1);
}

static void test_format_round_trip(void **state)
{
	static const char *const secrets[] = {
		SECRET_0, SECRET_1, VECTOR_SECRET,
		"whsec_" X12 X12 X12 X12 X12 "eHh4eA=="
	};
	struct lemo_buf buf;
	unsigned int i;

	(void)state;
	lemo_buf_init(&buf, 200);
	for (i = 0; i < N_ELEMENTS(secrets); i++) {
		struct lemo_keyring ring = ring_of(secrets[i]);

		lemo_buf_reset(&buf);
		lemo_key_format(&ring.keys[0], &buf);
		assert_string_equal(buf.data, secrets[i]);
	}
	lemo_buf_free(&buf);
}

static void test_clear(void **state)
{
	static const struct lemo_keyring zero;
	struct lemo_keyring ring = ring_of(SECRET_0);

	(void)state;
	lemo_keyring_clear(&ring);
	assert_memory_equal(&ring, &zero, sizeof(ring));
}

static void test_standard_webhooks_vector(void **state)
{
	struct lemo_keyring ring = ring_of(VECTOR_SECRET);
	struct lemo_buf buf;

	(void)state;
	lemo_buf_init(&buf, 1000);
	lemo_webhook_sign(&ring, VECTOR_ID, VECTOR_TIME, VECTOR_BODY,
			  strlen(VECTOR_BODY), &buf);
	assert_false(buf.failed);
	assert_string_equal(buf.data, VECTOR_SIGNATURE);
	lemo_buf_free(&buf);
}

static void test_rotation_signs_twice(void **state)
{
	struct lemo_keyring ring = ring_of(SECRET_0 "\n" VECTOR_SECRET);
	struct lemo_buf buf;

	(void)state;
	lemo_buf_init(&buf, 1000);
	lemo_webhook_sign(&ring, VECTOR_ID, VECTOR_TIME, VECTOR_BODY,
			  strlen(VECTOR_BODY), &buf);
	/* the receiver that still has the old secret finds its own */
	assert_memory_equal(buf.data, "v1,", 3);
	assert_int_equal(buf.len, 2 * strlen(VECTOR_SIGNATURE) + 1);
	assert_string_equal(buf.data + strlen(VECTOR_SIGNATURE),
			    " " VECTOR_SIGNATURE);
	lemo_buf_free(&buf);
}

static void test_signature_covers_all(void **state)
{
	struct lemo_keyring ring = ring_of(VECTOR_SECRET);
	struct lemo_keyring other = ring_of(SECRET_0);
	struct lemo_buf buf;
	unsigned int i;

	(void)state;
	lemo_buf_init(&buf, 1000);
	for (i = 0; i < 5; i++) {
		lemo_buf_reset(&buf);
		lemo_webhook_sign(i == 0 ? &other : &ring,
				  i == 1 ? "msg_" : VECTOR_ID,
				  i == 2 ? VECTOR_TIME + 1 : VECTOR_TIME,
				  i == 3 ? "{\"test\": 2432232315}" :
				  VECTOR_BODY,
				  strlen(VECTOR_BODY) - (i == 4 ? 1 : 0),
				  &buf);
		assert_int_equal(buf.len, strlen(VECTOR_SIGNATURE));
		assert_row(i, strcmp(buf.data, VECTOR_SIGNATURE) != 0);
	}
	lemo_buf_free(&buf);
}

static void test_nothing_goes_out_unsigned(void **state)
{
	struct lemo_keyring ring;
	struct lemo_buf buf;

	(void)state;
	memset(&ring, 0, sizeof(ring));
	lemo_buf_init(&buf, 1000);
	lemo_webhook_sign(&ring, "id", 1, "", 0, &buf);
	assert_true(buf.failed);
	lemo_buf_free(&buf);

	ring = ring_of(SECRET_0);
	lemo_buf_init(&buf, 10);
	lemo_webhook_sign(&ring, "id", 1, "", 0, &buf);
	assert_true(buf.failed);
	lemo_buf_free(&buf);
}

static void assert_hex(const struct lemo_key *key, const char *hex)
{
	char text[2 * LEMO_KEY_MAX + 1];
	size_t i;

	for (i = 0; i < key->len; i++)
		(void)snprintf(text + 2 * i, 3, "%02x", key->octets[i]);
	assert_string_equal(text, hex);
}

/* Made with another HMAC: secrets and codes that clients hold must outlive an
   upgrade. */
static void test_derive_vectors(void **state)
{
	struct lemo_key_binding other = {
		.purpose = "webhook",
		.uid = UINT32_MAX,
		.user = "gr\xc3\xbc\xc3\x9f" "e@example.org",
		.device = "a.b",
		.url = "https://h/",
		.p256dh = "P256",
		.auth = "AUTH"
	};
	struct lemo_keyring ring = ring_of(SECRET_0 "\n" SECRET_1), result;

	(void)state;
	poison(&result, sizeof(result));
	lemo_keyring_derive(&ring, &binding, &result);
	assert_int_equal(result.count, 2);
	assert_int_equal(result.keys[0].len, 32);
	assert_hex(&result.keys[0], "fe3407ac5cd868f09a31386ad32b91a3"
		   "fd1ddbc9bf50dd2ff78671de8ace8888");
	assert_hex(&result.keys[1], "c5963c2e497618c702195ba50da66951"
		   "e81c9fcec1921b48d932c439c6b9ea00");
	lemo_keyring_derive(&ring, &other, &result);
	assert_hex(&result.keys[0], "83dc30c7acc330b2369021b79718aa6d"
		   "75c6a260a514f53957580ce646c06770");
}

static void test_derive_in_place(void **state)
{
	struct lemo_keyring ring = ring_of(SECRET_0);

	(void)state;
	lemo_keyring_derive(&ring, &binding, &ring);
	assert_hex(&ring.keys[0], "fe3407ac5cd868f09a31386ad32b91a3"
		   "fd1ddbc9bf50dd2ff78671de8ace8888");
}

static void test_code_vectors(void **state)
{
	struct lemo_keyring ring = ring_of(SECRET_0 "\n" SECRET_1);
	char code[LEMO_CODE_LEN + 1];

	(void)state;
	poison(code, sizeof(code));
	lemo_code_make(&ring, &binding, code);
	assert_string_equal(code, "lKZ26X4qTxawcQAiP95rK5");
	assert_true(lemo_code_verify(&ring, &binding, code));
	/* of the second key, while the first is being rotated in */
	assert_true(lemo_code_verify(&ring, &binding,
				     "zzR_S3g5Z3OyX7pncAbxqO"));
	ring.count = 1;
	assert_false(lemo_code_verify(&ring, &binding,
				      "zzR_S3g5Z3OyX7pncAbxqO"));
}

static void test_code_is_refused(void **state)
{
	static const char *const codes[] = {
		"", "l", "lKZ26X4qTxawcQAiP95rK", "lKZ26X4qTxawcQAiP95rK55",
		"lKZ26X4qTxawcQAiP95rK4", "LKZ26X4qTxawcQAiP95rK5",
		"                      ", "lKZ26X4qTxawcQAiP95rK5 ",
		"lKZ26X4qTxawcQAiP95rK5=="
	};
	struct lemo_keyring ring = ring_of(SECRET_0);
	unsigned int i;

	(void)state;
	for (i = 0; i < N_ELEMENTS(codes); i++)
		assert_row(i, !lemo_code_verify(&ring, &binding, codes[i]));
}

static void test_code_without_key(void **state)
{
	struct lemo_keyring ring;
	char code[LEMO_CODE_LEN + 1];

	(void)state;
	memset(&ring, 0, sizeof(ring));
	poison(code, sizeof(code));
	lemo_code_make(&ring, &binding, code);
	assert_string_equal(code, "");
	assert_false(lemo_code_verify(&ring, &binding, code));
}

/* A code is good for exactly what it was made for: no part of the binding can
   change, and octets cannot move from one part to the next. */
static void test_binding(void **state)
{
	struct lemo_keyring ring = ring_of(SECRET_0);
	struct lemo_key_binding others[10];
	char code[LEMO_CODE_LEN + 1];
	unsigned int i;

	(void)state;
	for (i = 0; i < N_ELEMENTS(others); i++)
		others[i] = binding;
	others[0].uid = 1001;
	others[1].user = "jo";
	others[2].user = "joephone";
	others[2].device = "";
	others[3].user = "joep";
	others[3].device = "hone";
	others[4].device = "Phone";
	others[5].url = "https://push.example.org/ab";
	others[6].url = NULL;
	others[7].p256dh = "x";
	others[8].auth = "x";
	others[9].uid = 100;
	others[9].user = "0joe";
	lemo_code_make(&ring, &binding, code);
	for (i = 0; i < N_ELEMENTS(others); i++)
		assert_row(i, !lemo_code_verify(&ring, &others[i], code));
	/* the purpose is always "verify" */
	others[0] = binding;
	others[0].purpose = "other";
	assert_true(lemo_code_verify(&ring, &others[0], code));
	/* and an absent string is an empty one */
	others[0].p256dh = others[0].auth = "";
	assert_true(lemo_code_verify(&ring, &others[0], code));
}

static void test_purposes_differ(void **state)
{
	struct lemo_keyring ring = ring_of(SECRET_0), a, b;
	struct lemo_key_binding other = binding;

	(void)state;
	other.purpose = "verify";
	lemo_keyring_derive(&ring, &binding, &a);
	lemo_keyring_derive(&ring, &other, &b);
	assert_memory_not_equal(a.keys[0].octets, b.keys[0].octets, 32);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_parse_fails),
		cmocka_unit_test(test_parse_nul),
		cmocka_unit_test(test_format_round_trip),
		cmocka_unit_test(test_clear),
		cmocka_unit_test(test_standard_webhooks_vector),
		cmocka_unit_test(test_rotation_signs_twice),
		cmocka_unit_test(test_signature_covers_all),
		cmocka_unit_test(test_nothing_goes_out_unsigned),
		cmocka_unit_test(test_derive_vectors),
		cmocka_unit_test(test_derive_in_place),
		cmocka_unit_test(test_code_vectors),
		cmocka_unit_test(test_code_is_refused),
		cmocka_unit_test(test_code_without_key),
		cmocka_unit_test(test_binding),
		cmocka_unit_test(test_purposes_differ)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
