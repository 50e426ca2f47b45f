#include "unit.h"
#include "p256.h"
#include "lemo-webpush-private.h"

#include <openssl/kdf.h>

/* RFC 8291 section 5 and Appendix A */
#define PLAINTEXT "When I grow up, I want to be a watermelon"
#define AS_PRIVATE "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
#define UA_PUBLIC "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcx" \
	"aOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
#define UA_PRIVATE "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"
#define AUTH "BTBZMqHH6r4Tts7J_aSIgg"
#define SALT "DGv6ra1nlYgDCS1FRnbzlw"
#define BODY "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy" \
	"27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95b" \
	"Qpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxs" \
	"j_Qulcy4a-fN"
/* The RFC's Content-Length says 145; its body has 144 octets. */
#define BODY_LEN 144

#define HEADER_LEN 86
#define TAG_LEN 16

struct fixture {
	struct lemo_webpush *wp;
	struct lemo_webpush_device *device;
	uint8_t salt[LEMO_WEBPUSH_SALT_LEN];
};

static struct lemo_webpush_device *
make_device(struct lemo_webpush *wp, const char *p256dh, const char *auth)
{
	struct lemo_webpush_device *device = NULL;
	const char *field = "", *error = "none";

	if (lemo_webpush_device_init(wp, p256dh, auth, &device, &field,
				     &error) < 0)
		fail_msg("%s %s", field, error);
	return device;
}

static int setup(void **state)
{
	static struct fixture f;

	f.wp = lemo_webpush_init();
	assert_non_null(f.wp);
	f.device = make_device(f.wp, UA_PUBLIC, AUTH);
	assert_true(lemo_base64url_decode(SALT, f.salt, sizeof(f.salt)));
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	lemo_webpush_device_deinit(&f->device);
	lemo_webpush_deinit(&f->wp);
	lemo_webpush_device_deinit(&f->device);
	lemo_webpush_deinit(&f->wp);
	return 0;
}

static void test_wp_04_rfc8291_vector(void **state)
{
	struct fixture *f = *state;
	struct lemo_webpush_message message = {
		.plaintext = PLAINTEXT,
		.len = strlen(PLAINTEXT),
		.padded_len = strlen(PLAINTEXT),
		.salt = f->salt
	};
	uint8_t scalar[P256_SCALAR_LEN], wanted[BODY_LEN];
	struct lemo_buf body;
	const char *error;
	BIGNUM *num;

	assert_true(lemo_base64url_decode(AS_PRIVATE, scalar,
					  sizeof(scalar)));
	message.scalar = num = BN_bin2bn(scalar, sizeof(scalar), NULL);
	assert_true(lemo_base64url_decode(BODY, wanted, sizeof(wanted)));
	lemo_buf_init(&body, LEMO_WEBPUSH_BODY_MAX);
	lemo_buf_adds(&body, "before");
	assert_int_equal(lemo_webpush_encrypt_message(f->wp, f->device,
		&message, &body, &error), 0);
	assert_int_equal(body.len, 6 + BODY_LEN);
	assert_memory_equal(body.data + 6, wanted, BODY_LEN);
	lemo_buf_free(&body);
	BN_free(num);
}

/* The other side, by other functions: HKDF in one piece. */
static void hkdf(const void *salt, size_t salt_len, const void *key,
		 size_t key_len, const void *info, size_t info_len,
		 uint8_t *result_r, size_t len)
{
	char digest[] = "SHA256";
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string("digest", digest, 0),
		OSSL_PARAM_construct_octet_string("salt", (void *)salt,
						  salt_len),
		OSSL_PARAM_construct_octet_string("key", (void *)key, key_len),
		OSSL_PARAM_construct_octet_string("info", (void *)info,
						  info_len),
		OSSL_PARAM_construct_end()
	};
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);

	assert_int_equal(EVP_KDF_derive(ctx, result_r, len, params), 1);
	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
}

static void receive_ikm(const uint8_t *sender_point, uint8_t *ikm_r)
{
	static const char label[14] = "WebPush: info";
	uint8_t info[144], secret[32], auth[16];
	EVP_PKEY *ours = p256_key(UA_PUBLIC, UA_PRIVATE), *peer;
	struct lemo_buf text;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, ours, NULL);
	size_t len = sizeof(secret);

	lemo_buf_init(&text, 100);
	lemo_base64url_add(&text, sender_point, LEMO_P256_POINT_LEN);
	peer = p256_key(text.data, NULL);
	assert_non_null(peer);
	assert_int_equal(EVP_PKEY_derive_init(ctx), 1);
	assert_int_equal(EVP_PKEY_derive_set_peer(ctx, peer), 1);
	assert_int_equal(EVP_PKEY_derive(ctx, secret, &len), 1);
	memcpy(info, label, sizeof(label));
	p256_point(ours, info + 14);
	memcpy(info + 79, sender_point, LEMO_P256_POINT_LEN);
	assert_true(lemo_base64url_decode(AUTH, auth, sizeof(auth)));
	hkdf(auth, sizeof(auth), secret, sizeof(secret), info, sizeof(info),
	     ikm_r, 32);
	lemo_buf_free(&text);
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(peer);
	EVP_PKEY_free(ours);
}

/* Returns the length of plaintext, delimiter and padding. */
static size_t receive(const struct lemo_buf *body, uint8_t *record_r)
{
	static const char cek_info[28] = "Content-Encoding: aes128gcm";
	static const char nonce_info[24] = "Content-Encoding: nonce";
	const uint8_t *octets = (const uint8_t *)body->data;
	uint8_t ikm[32], cek[16], nonce[12];
	size_t len = body->len - HEADER_LEN - TAG_LEN;
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int out_len;

	assert_memory_equal(octets + 16, "\x00\x00\x10\x00\x41\x04", 6);
	receive_ikm(octets + 21, ikm);
	hkdf(octets, 16, ikm, 32, cek_info, sizeof(cek_info), cek, 16);
	hkdf(octets, 16, ikm, 32, nonce_info, sizeof(nonce_info), nonce, 12);
	assert_int_equal(EVP_DecryptInit_ex2(ctx, EVP_aes_128_gcm(), cek,
					     nonce, NULL), 1);
	assert_int_equal(EVP_DecryptUpdate(ctx, record_r, &out_len,
					   octets + HEADER_LEN, len), 1);
	assert_int_equal(out_len, len);
	assert_int_equal(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG,
		TAG_LEN, body->data + HEADER_LEN + len), 1);
	assert_int_equal(EVP_DecryptFinal_ex(ctx, record_r + len, &out_len),
			 1);
	EVP_CIPHER_CTX_free(ctx);
	return len;
}

/* All sizes arrive; the size on the wire is one of five. */
static void test_wp_04_round_trip(void **state)
{
	static const size_t lens[] = {
		0, 1, 127, 128, 129, 512, 513, 1024, 1025, 2048, 2049, 3992,
		LEMO_WEBPUSH_PLAINTEXT_MAX
	};
	struct fixture *f = *state;
	uint8_t plaintext[LEMO_WEBPUSH_PLAINTEXT_MAX];
	uint8_t record[LEMO_WEBPUSH_BODY_MAX];
	struct lemo_buf body;
	const char *error;
	size_t len, bucket;
	unsigned int i;

	for (i = 0; i < sizeof(plaintext); i++)
		plaintext[i] = i % 251;
	lemo_buf_init(&body, LEMO_WEBPUSH_BODY_MAX);
	for (i = 0; i < N_ELEMENTS(lens); i++) {
		lemo_buf_reset(&body);
		assert_row(i, lemo_webpush_encrypt(f->wp, f->device, f->salt,
			plaintext, lens[i], &body, &error) == 0);
		bucket = lemo_webpush_bucket(lens[i]);
		assert_int_equal(body.len, HEADER_LEN + bucket + 1 + TAG_LEN);
		len = receive(&body, record);
		assert_int_equal(len, bucket + 1);
		assert_memory_equal(record, plaintext, lens[i]);
		assert_int_equal(record[lens[i]], 0x02);
		while (--len > lens[i])
			assert_int_equal(record[len], 0);
	}
	assert_int_equal(body.len, LEMO_WEBPUSH_BODY_MAX);
	lemo_buf_free(&body);
}

static void test_buckets(void **state)
{
	static const struct {
		size_t len, bucket;
	} rows[] = {
		{ 0, 128 }, { 128, 128 }, { 129, 512 }, { 512, 512 },
		{ 513, 1024 }, { 1024, 1024 }, { 1025, 2048 }, { 2048, 2048 },
		{ 2049, 3993 }, { 3993, 3993 }, { 3994, 3994 }
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < N_ELEMENTS(rows); i++)
		assert_row(i, lemo_webpush_bucket(rows[i].len) ==
			   rows[i].bucket);
}

/* The same message twice has nothing in common but salt and sizes. */
static void test_wp_04_fresh_key_pair(void **state)
{
	struct fixture *f = *state;
	struct lemo_buf a, b;
	const char *error;

	lemo_buf_init(&a, LEMO_WEBPUSH_BODY_MAX);
	lemo_buf_init(&b, LEMO_WEBPUSH_BODY_MAX);
	assert_int_equal(lemo_webpush_encrypt(f->wp, f->device, f->salt,
					      "x", 1, &a, &error), 0);
	assert_int_equal(lemo_webpush_encrypt(f->wp, f->device, f->salt,
					      "x", 1, &b, &error), 0);
	assert_int_equal(a.len, b.len);
	assert_memory_equal(a.data, b.data, 22);
	assert_memory_not_equal(a.data + 22, b.data + 22, 64);
	assert_memory_not_equal(a.data + HEADER_LEN, b.data + HEADER_LEN,
				a.len - HEADER_LEN);
	lemo_buf_free(&a);
	lemo_buf_free(&b);
}

static void test_wp_04_too_long(void **state)
{
	struct fixture *f = *state;
	uint8_t plaintext[LEMO_WEBPUSH_PLAINTEXT_MAX + 1] = { 0 };
	struct lemo_buf body;
	const char *error;

	lemo_buf_init(&body, 2 * LEMO_WEBPUSH_BODY_MAX);
	assert_int_equal(lemo_webpush_encrypt(f->wp, f->device, f->salt,
		plaintext, sizeof(plaintext), &body, &error), -1);
	assert_string_equal(error, "is longer than 3993 octets");
	assert_int_equal(body.len, 0);
	assert_false(body.failed);
	lemo_buf_free(&body);

	lemo_buf_init(&body, HEADER_LEN + 128 + 1 + TAG_LEN - 1);
	assert_int_equal(lemo_webpush_encrypt(f->wp, f->device, f->salt,
		plaintext, 1, &body, &error), -1);
	assert_string_equal(error, "does not fit into the buffer");
	assert_true(body.failed);
	lemo_buf_free(&body);
}

#define ZEROS_42 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

static void test_wp_04_device_keys(void **state)
{
	static const struct {
		const char *p256dh, *auth, *field, *error;
	} rows[] = {
		{ "", AUTH, "keys.p256dh", "must be base64url of 65 octets" },
		/* 64 octets */
		{ ZEROS_42 ZEROS_42 "AA", AUTH, "keys.p256dh",
		  "must be base64url of 65 octets" },
		/* the point at infinity: one octet, and 65 */
		{ "AA", AUTH, "keys.p256dh",
		  "must be base64url of 65 octets" },
		{ "A" ZEROS_42 ZEROS_42 "AA", AUTH, "keys.p256dh",
		  "must begin with 0x04, an uncompressed point" },
		/* a hybrid point */
		{ "Bi" ZEROS_42 ZEROS_42 "A", AUTH, "keys.p256dh",
		  "must begin with 0x04, an uncompressed point" },
		{ "BA" ZEROS_42 ZEROS_42 "A", AUTH, "keys.p256dh",
		  "is not a point on the curve" },
		/* UA_PUBLIC with its last octet changed */
		{ "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcx"
		  "aOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw8", AUTH,
		  "keys.p256dh", "is not a point on the curve" },
		/* standard base64 */
		{ "BCVxsr7N/eNgVRqvHtD0zTZsEc6+VV+JvLexhqUzORcx"
		  "aOzi6+AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4=", AUTH,
		  "keys.p256dh", "must be base64url of 65 octets" },
		{ UA_PUBLIC, "", "keys.auth",
		  "must be base64url of 16 octets" },
		{ UA_PUBLIC, "BTBZMqHH6r4Tts7J_aSI", "keys.auth",
		  "must be base64url of 16 octets" },
		{ UA_PUBLIC, AUTH "AAAA", "keys.auth",
		  "must be base64url of 16 octets" }
	};
	struct fixture *f = *state;
	struct lemo_webpush_device *device;
	const char *field, *error;
	unsigned int i;

	for (i = 0; i < N_ELEMENTS(rows); i++) {
		poison(&device, sizeof(device));
		assert_row(i, lemo_webpush_device_init(f->wp, rows[i].p256dh,
			rows[i].auth, &device, &field, &error) == -1);
		assert_string_equal(field, rows[i].field);
		assert_string_equal(error, rows[i].error);
		assert_row(i, is_poisoned(&device, sizeof(device)));
	}
	/* with padding as some encoders write it */
	device = make_device(f->wp, UA_PUBLIC "=", AUTH "==");
	lemo_webpush_device_deinit(&device);
	assert_null(device);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wp_04_rfc8291_vector),
		cmocka_unit_test(test_wp_04_round_trip),
		cmocka_unit_test(test_buckets),
		cmocka_unit_test(test_wp_04_fresh_key_pair),
		cmocka_unit_test(test_wp_04_too_long),
		cmocka_unit_test(test_wp_04_device_keys)
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
