#include "unit.h"
#include "p256.h"
#include "vapid-keys.h"
#include "lemo-vapid.h"

#include <openssl/ecdsa.h>

#define NOW 1767225600LL /* 2026-01-01 */
#define ORIGIN "https://push.example.net"
#define CONTACT "mailto:push@example.com"

/* RFC 8292 section 2.4 */
#define RFC_SIGNED "eyJ0eXAiOiJKV1QiLCJhbGciOiJFUzI1NiJ9.eyJhdWQiOiJodHRwczo" \
	"vL3B1c2guZXhhbXBsZS5uZXQiLCJleHAiOjE0NTM1MjM3NjgsInN1YiI6Im1haWx0bzp" \
	"wdXNoQGV4YW1wbGUuY29tIn0"
#define RFC_SIGNATURE "i3CYb7t4xfxCDquptFOepC9GAu_HLGkMlMuCGSK2rpiUfnK9ojFw" \
	"DXb1JrErtmysazNjjvW2L9OkSSHzvoD1oA"
#define RFC_KEY "BA1Hxzyi1RUM1b5wjxsn7nGxAszw2u61m164i3MrAIxHF6YK5h4SDYic-dR" \
	"uU_RCPCfA5aq9ojSwk5Y2EmClBPs"
#define RFC_EXPIRES 1453523768

#define SIGNATURE_LEN 86

static struct lemo_vapid_keys *keys_of(const char *pem)
{
	struct lemo_vapid_keys *keys = NULL;
	const char *error = "none";
	unsigned int block = 0;
	char *copy = exact_copy(pem, strlen(pem));

	if (lemo_vapid_keys_parse(copy, strlen(pem), &keys, &error,
				  &block) < 0)
		fail_msg("block %u: %s", block, error);
	free(copy);
	return keys;
}

static const char *public_of(const struct lemo_vapid_keys *keys,
			     unsigned int index)
{
	const struct lemo_vapid_key *key = lemo_vapid_keys_get(keys, index);

	return key == NULL ? "none" : lemo_vapid_key_public(key);
}

static void test_parse(void **state)
{
	static const struct {
		const char *pem, *first, *second;
	} rows[] = {
		{ KEY_A, PUBLIC_A, "none" },
		{ KEY_B, PUBLIC_B, "none" },
		{ KEY_A KEY_B, PUBLIC_A, PUBLIC_B },
		{ KEY_B KEY_A, PUBLIC_B, PUBLIC_A },
		{ KEY_B_PARAMETERS KEY_B KEY_A, PUBLIC_B, PUBLIC_A },
		{ KEY_A_COMPRESSED, PUBLIC_A, "none" },
		{ "# ours\n\n" KEY_A "the old one:\n" KEY_B "\n", PUBLIC_A,
		  PUBLIC_B }
	};
	struct lemo_vapid_keys *keys;
	unsigned int i;

	(void)state;
	for (i = 0; i < N_ELEMENTS(rows); i++) {
		keys = keys_of(rows[i].pem);
		assert_string_equal(public_of(keys, 0), rows[i].first);
		assert_string_equal(public_of(keys, 1), rows[i].second);
		assert_string_equal(public_of(keys, 2), "none");
		assert_row(i, lemo_vapid_keys_count(keys) ==
			   (strcmp(rows[i].second, "none") == 0 ? 1 : 2));
		lemo_vapid_keys_free(&keys);
		assert_null(keys);
	}
}

static void assert_parse_fails(const char *pem, size_t len,
			       const char *wanted, unsigned int wanted_block)
{
	struct lemo_vapid_keys *keys;
	const char *error = "none";
	unsigned int block = 99;
	char *copy = exact_copy(pem, len);

	poison(&keys, sizeof(keys));
	assert_int_equal(lemo_vapid_keys_parse(copy, len, &keys, &error,
					       &block), -1);
	assert_string_equal(error, wanted);
	assert_int_equal(block, wanted_block);
	assert_true(is_poisoned(&keys, sizeof(keys)));
	free(copy);
}

static void test_parse_fails(void **state)
{
	static const struct {
		const char *pem, *error;
		unsigned int block;
	} rows[] = {
		{ "", "holds no private key", 0 },
		{ "\n", "holds no private key", 0 },
		{ "rubbish\n", "holds no private key", 0 },
		{ KEY_B_PARAMETERS, "holds no private key", 0 },
		{ KEY_PUBLIC, "is no private key", 1 },
		{ KEY_A KEY_PUBLIC, "is no private key", 2 },
		{ KEY_P384, "is no key of P-256 (prime256v1)", 1 },
		{ KEY_ED25519, "is no key of P-256 (prime256v1)", 1 },
		{ KEY_ENCRYPTED,
		  "is encrypted; store it without a password", 1 },
		{ KEY_A KEY_ENCRYPTED_OLD,
		  "is encrypted; store it without a password", 2 },
		{ KEY_MISMATCH, "has a public half that does not fit its "
		  "private half", 1 },
		{ KEY_TRAILING, "has something behind the key", 1 },
		{ KEY_A KEY_A, "is there twice", 2 },
		{ KEY_A KEY_A_COMPRESSED, "is there twice", 2 },
		{ KEY_A "-----BEGIN PRIVATE KEY-----\n",
		  "is damaged or cut off", 2 },
		{ "-----BEGIN PRIVATE KEY-----\n!!!!\n"
		  "-----END PRIVATE KEY-----\n", "is damaged or cut off", 1 },
		{ "-----BEGIN PRIVATE KEY-----\nAAAA\n"
		  "-----END PRIVATE KEY-----\n",
		  "can't be read as a private key", 1 }
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < N_ELEMENTS(rows); i++) {
		assert_parse_fails(rows[i].pem, strlen(rows[i].pem),
				   rows[i].error, rows[i].block);
	}
}

/* Cut anywhere: no key, or none of a wrong form. */
static void test_parse_cut(void **state)
{
	struct lemo_vapid_keys *keys;
	const char *error;
	unsigned int block;
	size_t len;
	char *copy;

	(void)state;
	for (len = 0; len < strlen(KEY_A) - 1; len++) {
		copy = exact_copy(KEY_A, len);
		assert_row(len, lemo_vapid_keys_parse(copy, len, &keys,
						      &error, &block) == -1);
		free(copy);
	}
}

static void test_parse_too_long(void **state)
{
	size_t len = LEMO_VAPID_FILE_MAX + 1;
	char *text = malloc(len);

	(void)state;
	assert_non_null(text);
	memset(text, '\n', len);
	memcpy(text, KEY_A, strlen(KEY_A));
	assert_parse_fails(text, len, "is longer than 16384 octets", 0);
	free(text);
}

static void test_generate(void **state)
{
	struct lemo_vapid_keys *a = lemo_vapid_keys_generate();
	struct lemo_vapid_keys *b = lemo_vapid_keys_generate();
	uint8_t point[LEMO_P256_POINT_LEN];

	(void)state;
	assert_int_equal(lemo_vapid_keys_count(a), 1);
	assert_int_equal(strlen(public_of(a, 0)), LEMO_VAPID_PUBLIC_LEN);
	assert_true(lemo_base64url_decode(public_of(a, 0), point,
					  sizeof(point)));
	assert_null(lemo_p256_check(point, sizeof(point)));
	assert_string_not_equal(public_of(a, 0), public_of(b, 0));
	lemo_vapid_keys_free(&a);
	lemo_vapid_keys_free(&b);
	lemo_vapid_keys_free(&b);
}

static void test_format_round_trip(void **state)
{
	struct lemo_vapid_keys *keys = keys_of(KEY_B KEY_A), *again;
	struct lemo_buf buf;

	(void)state;
	lemo_buf_init(&buf, LEMO_VAPID_FILE_MAX);
	assert_int_equal(lemo_vapid_keys_format(keys, &buf), 0);
	again = keys_of(buf.data);
	assert_int_equal(lemo_vapid_keys_count(again), 2);
	assert_string_equal(public_of(again, 0), PUBLIC_B);
	assert_string_equal(public_of(again, 1), PUBLIC_A);
	lemo_vapid_keys_free(&again);
	lemo_vapid_keys_free(&keys);

	/* PKCS #8, exactly what openssl genpkey wrote */
	lemo_buf_reset(&buf);
	keys = keys_of(KEY_A);
	assert_int_equal(lemo_vapid_keys_format(keys, &buf), 0);
	assert_string_equal(buf.data, KEY_A);
	lemo_buf_free(&buf);

	lemo_buf_init(&buf, 100);
	assert_int_equal(lemo_vapid_keys_format(keys, &buf), -1);
	lemo_buf_free(&buf);
	lemo_vapid_keys_free(&keys);
}

static void test_find(void **state)
{
	struct lemo_vapid_keys *keys = keys_of(KEY_B KEY_A);

	(void)state;
	assert_ptr_equal(lemo_vapid_keys_find(keys, PUBLIC_A),
			 lemo_vapid_keys_get(keys, 1));
	assert_ptr_equal(lemo_vapid_keys_find(keys, PUBLIC_B "="),
			 lemo_vapid_keys_get(keys, 0));
	assert_null(lemo_vapid_keys_find(keys, PUBLIC_B "=="));
	assert_null(lemo_vapid_keys_find(keys, PUBLIC_B "A"));
	assert_null(lemo_vapid_keys_find(keys, ""));
	assert_null(lemo_vapid_keys_find(keys, "BIX15"));
	assert_null(lemo_vapid_keys_find(keys, RFC_KEY));
	lemo_vapid_keys_free(&keys);
}

static void test_join(void **state)
{
	struct lemo_vapid_keys *a = keys_of(KEY_A), *b = keys_of(KEY_B);
	struct lemo_vapid_keys *both, *again;
	const char *error;

	(void)state;
	both = lemo_vapid_keys_join(b, a, &error);
	lemo_vapid_keys_free(&b);
	assert_int_equal(lemo_vapid_keys_count(both), 2);
	assert_string_equal(public_of(both, 0), PUBLIC_B);
	assert_string_equal(public_of(both, 1), PUBLIC_A);
	/* what is there goes to the front */
	again = lemo_vapid_keys_join(a, both, &error);
	assert_int_equal(lemo_vapid_keys_count(again), 2);
	assert_string_equal(public_of(again, 0), PUBLIC_A);
	assert_string_equal(public_of(again, 1), PUBLIC_B);
	lemo_vapid_keys_free(&a);
	lemo_vapid_keys_free(&both);
	lemo_vapid_keys_free(&again);
}

/* 16 keys, one more is refused, and 16 fit into a file. */
static void test_too_many(void **state)
{
	struct lemo_vapid_keys *keys = keys_of(KEY_A), *one, *more;
	struct lemo_buf buf;
	const char *error;
	unsigned int i;

	(void)state;
	for (i = 1; i < LEMO_VAPID_KEYS_MAX; i++) {
		one = lemo_vapid_keys_generate();
		more = lemo_vapid_keys_join(one, keys, &error);
		assert_non_null(more);
		lemo_vapid_keys_free(&keys);
		lemo_vapid_keys_free(&one);
		keys = more;
	}
	one = keys_of(KEY_B);
	assert_null(lemo_vapid_keys_join(one, keys, &error));
	assert_string_equal(error, "more than 16 keys");
	lemo_buf_init(&buf, LEMO_VAPID_FILE_MAX);
	assert_int_equal(lemo_vapid_keys_format(keys, &buf), 0);
	lemo_buf_adds(&buf, KEY_B);
	assert_false(buf.failed);
	assert_parse_fails(buf.data, buf.len, "is one too many: at most 16 "
			   "keys", 17);
	lemo_buf_free(&buf);
	lemo_vapid_keys_free(&one);
	lemo_vapid_keys_free(&keys);
}

/* ES256 as a push service verifies it (RFC 7518 3.4). */
static bool verify(const char *text, size_t len, const char *signature,
		   const char *public)
{
	EVP_PKEY *pkey = p256_key(public, NULL);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	ECDSA_SIG *sig = ECDSA_SIG_new();
	unsigned char *der = NULL;
	uint8_t halves[64];
	int der_len, ret;

	assert_true(lemo_base64url_decode(signature, halves, sizeof(halves)));
	assert_int_equal(ECDSA_SIG_set0(sig, BN_bin2bn(halves, 32, NULL),
		BN_bin2bn(halves + 32, 32, NULL)), 1);
	der_len = i2d_ECDSA_SIG(sig, &der);
	assert_int_equal(EVP_DigestVerifyInit_ex(ctx, NULL, "SHA256", NULL,
						 NULL, pkey, NULL), 1);
	ret = EVP_DigestVerify(ctx, der, der_len, (const uint8_t *)text, len);
	OPENSSL_free(der);
	ECDSA_SIG_free(sig);
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(pkey);
	return ret == 1;
}

/* Splits "vapid t=A.B.C, k=K" and verifies it; returns the claims. */
static char *open_token(const char *value, const char *public)
{
	const char *text = value + strlen("vapid t="), *dot, *end, *claims;
	char signature[SIGNATURE_LEN + 1], part[512], json[384];
	size_t len, n;

	assert_int_equal(strncmp(value, "vapid t=", 8), 0);
	end = strstr(text, ", k=");
	assert_non_null(end);
	assert_string_equal(end + 4, public);
	claims = strchr(text, '.') + 1;
	dot = strchr(claims, '.');
	assert_int_equal(end - dot - 1, SIGNATURE_LEN);
	(void)snprintf(signature, sizeof(signature), "%s", dot + 1);
	assert_true(verify(text, dot - text, signature, public));
	len = dot - claims;
	assert_true(len < sizeof(part));
	(void)snprintf(part, sizeof(part), "%.*s", (int)len, claims);
	n = len * 3 / 4;
	assert_true(lemo_base64url_decode(part, json, n));
	return strndup(json, n);
}

static void test_wp_05_rfc8292_example(void **state)
{
	struct lemo_vapid_keys *keys = keys_of(KEY_A);
	const struct lemo_vapid_key *key = lemo_vapid_keys_get(keys, 0);
	struct lemo_buf buf;

	(void)state;
	/* what we verify with is right, and says no as well */
	assert_true(verify(RFC_SIGNED, strlen(RFC_SIGNED), RFC_SIGNATURE,
			   RFC_KEY));
	assert_false(verify(RFC_SIGNED, strlen(RFC_SIGNED) - 1, RFC_SIGNATURE,
			    RFC_KEY));
	assert_false(verify(RFC_SIGNED, strlen(RFC_SIGNED), RFC_SIGNATURE,
			    PUBLIC_A));
	/* header and claims are the RFC's, octet by octet */
	lemo_buf_init(&buf, LEMO_VAPID_AUTHORIZATION_MAX);
	assert_int_equal(lemo_vapid_authorization(key, ORIGIN, CONTACT,
						  RFC_EXPIRES, &buf), 0);
	assert_memory_equal(buf.data, "vapid t=" RFC_SIGNED ".",
			    strlen("vapid t=" RFC_SIGNED "."));
	free(open_token(buf.data, PUBLIC_A));
	lemo_buf_free(&buf);
	lemo_vapid_keys_free(&keys);
}

static void test_wp_05_claims(void **state)
{
	static const struct {
		const char *origin, *subject, *claims;
	} rows[] = {
		{ ORIGIN, CONTACT, "{\"aud\":\"" ORIGIN "\",\"exp\":1767225600,"
		  "\"sub\":\"" CONTACT "\"}" },
		{ ORIGIN ":443", "https://example.com/contact",
		  "{\"aud\":\"" ORIGIN "\",\"exp\":1767225600,"
		  "\"sub\":\"https://example.com/contact\"}" },
		{ ORIGIN ":8443", CONTACT,
		  "{\"aud\":\"" ORIGIN ":8443\",\"exp\":1767225600,"
		  "\"sub\":\"" CONTACT "\"}" },
		{ "https://[2001:db8::443]:443", "mailto:\"a\\b\"@example.com",
		  "{\"aud\":\"https://[2001:db8::443]\",\"exp\":1767225600,"
		  "\"sub\":\"mailto:\\\"a\\\\b\\\"@example.com\"}" }
	};
	struct lemo_vapid_keys *keys = keys_of(KEY_B);
	struct lemo_buf buf;
	unsigned int i;
	char *claims;

	(void)state;
	for (i = 0; i < N_ELEMENTS(rows); i++) {
		lemo_buf_init(&buf, LEMO_VAPID_AUTHORIZATION_MAX);
		assert_row(i, lemo_vapid_authorization(
			lemo_vapid_keys_get(keys, 0), rows[i].origin,
			rows[i].subject, NOW, &buf) == 0);
		claims = open_token(buf.data, PUBLIC_B);
		assert_string_equal(claims, rows[i].claims);
		free(claims);
		lemo_buf_free(&buf);
	}
	lemo_vapid_keys_free(&keys);
}

static void test_authorization_fails(void **state)
{
	struct lemo_vapid_keys *keys = keys_of(KEY_A);
	const struct lemo_vapid_key *key = lemo_vapid_keys_get(keys, 0);
	char contact[LEMO_VAPID_AUTHORIZATION_MAX];
	struct lemo_buf buf;

	(void)state;
	lemo_buf_init(&buf, 2 * LEMO_VAPID_AUTHORIZATION_MAX);
	lemo_buf_adds(&buf, "x");
	assert_int_equal(lemo_vapid_authorization(key, ORIGIN, "mailto:a\nb",
						  NOW, &buf), -1);
	memset(contact, 'x', sizeof(contact));
	contact[sizeof(contact) - 1] = '\0';
	assert_int_equal(lemo_vapid_authorization(key, ORIGIN, contact, NOW,
						  &buf), -1);
	assert_string_equal(buf.data, "x");
	assert_false(buf.failed);
	lemo_buf_free(&buf);
	lemo_buf_init(&buf, 10);
	assert_int_equal(lemo_vapid_authorization(key, ORIGIN, CONTACT, NOW,
						  &buf), -1);
	assert_int_equal(buf.len, 0);
	lemo_buf_free(&buf);
	lemo_vapid_keys_free(&keys);
}

static char *get_copy(struct lemo_vapid_cache *cache,
		      const struct lemo_vapid_key *key, const char *origin,
		      int64_t now)
{
	const char *value = lemo_vapid_cache_get(cache, key, origin, now);

	assert_non_null(value);
	free(open_token(value, lemo_vapid_key_public(key)));
	return strdup(value);
}

static bool same_token(struct lemo_vapid_cache *cache,
		       const struct lemo_vapid_key *key, int64_t now,
		       int64_t later)
{
	char *a = get_copy(cache, key, ORIGIN, now);
	char *b = get_copy(cache, key, ORIGIN, later);
	bool same = strcmp(a, b) == 0;

	free(a);
	free(b);
	return same;
}

static void test_wp_05_cache_renews(void **state)
{
	struct lemo_vapid_keys *keys = keys_of(KEY_A KEY_B);
	const struct lemo_vapid_key *key = lemo_vapid_keys_get(keys, 0);
	struct lemo_vapid_cache *cache = lemo_vapid_cache_init(CONTACT, 64);
	const int64_t renew = NOW + LEMO_VAPID_TOKEN_SECS -
		LEMO_VAPID_TOKEN_RENEW_SECS;
	char *claims;

	(void)state;
	assert_true(same_token(cache, key, NOW, NOW));
	assert_true(same_token(cache, key, NOW, renew - 1));
	assert_false(same_token(cache, key, NOW, renew));
	/* the clock goes back: exp might be more than 24 h ahead */
	assert_false(same_token(cache, key, renew, renew - 1));
	assert_true(same_token(cache, key, renew - 1, renew));
	claims = open_token(lemo_vapid_cache_get(cache, key, ORIGIN,
						 NOW + 1000000), PUBLIC_A);
	assert_non_null(strstr(claims, "\"exp\":1768268800,"));
	assert_int_equal(NOW + 1000000 + LEMO_VAPID_TOKEN_SECS, 1768268800);
	free(claims);
	lemo_vapid_cache_deinit(&cache);
	lemo_vapid_cache_deinit(&cache);
	lemo_vapid_keys_free(&keys);
}

/* One slot or many: each gets the token of his own origin and key. */
static void test_wp_05_cache_tells_apart(void **state)
{
	static const char *const origins[] = {
		"https://a.example", "https://b.example",
		"https://a.example:8443"
	};
	struct lemo_vapid_keys *keys = keys_of(KEY_A KEY_B);
	struct lemo_vapid_cache *cache;
	char *claims, wanted[80];
	unsigned int i, slots;

	(void)state;
	for (slots = 1; slots <= 64; slots += 63) {
		cache = lemo_vapid_cache_init(CONTACT, slots);
		for (i = 0; i < 12; i++) {
			(void)snprintf(wanted, sizeof(wanted),
				       "{\"aud\":\"%s\",", origins[i % 3]);
			claims = open_token(lemo_vapid_cache_get(cache,
				lemo_vapid_keys_get(keys, i % 2),
				origins[i % 3], NOW), public_of(keys, i % 2));
			assert_row(i, strncmp(claims, wanted,
					      strlen(wanted)) == 0);
			free(claims);
		}
		lemo_vapid_cache_deinit(&cache);
	}
	lemo_vapid_keys_free(&keys);
}

/* A file that was read again holds the same keys elsewhere. */
static void test_cache_outlives_keys(void **state)
{
	struct lemo_vapid_keys *keys = keys_of(KEY_A);
	struct lemo_vapid_cache *cache = lemo_vapid_cache_init(CONTACT, 8);
	char *a, *b;

	(void)state;
	a = get_copy(cache, lemo_vapid_keys_get(keys, 0), ORIGIN, NOW);
	lemo_vapid_keys_free(&keys);
	keys = keys_of(KEY_B KEY_A);
	b = get_copy(cache, lemo_vapid_keys_get(keys, 1), ORIGIN, NOW);
	assert_string_equal(a, b);
	free(a);
	free(b);
	lemo_vapid_cache_deinit(&cache);
	lemo_vapid_keys_free(&keys);
}

static void test_cache_fails(void **state)
{
	struct lemo_vapid_keys *keys = keys_of(KEY_A);
	const struct lemo_vapid_key *key = lemo_vapid_keys_get(keys, 0);
	struct lemo_vapid_cache *cache = lemo_vapid_cache_init(CONTACT, 1);
	char origin[2000];

	(void)state;
	memset(origin, 'x', sizeof(origin));
	origin[sizeof(origin) - 1] = '\0';
	assert_null(lemo_vapid_cache_get(cache, key, origin, NOW));
	assert_null(lemo_vapid_cache_get(cache, key, "https://\n", NOW));
	assert_null(lemo_vapid_cache_get(cache, key, "https://\n", NOW));
	free(get_copy(cache, key, ORIGIN, NOW));
	lemo_vapid_cache_deinit(&cache);
	/* no contact, no cache */
	assert_null(lemo_vapid_cache_init("", 1));
	lemo_vapid_keys_free(&keys);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_parse_fails),
		cmocka_unit_test(test_parse_cut),
		cmocka_unit_test(test_parse_too_long),
		cmocka_unit_test(test_generate),
		cmocka_unit_test(test_format_round_trip),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_join),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_wp_05_rfc8292_example),
		cmocka_unit_test(test_wp_05_claims),
		cmocka_unit_test(test_authorization_fails),
		cmocka_unit_test(test_wp_05_cache_renews),
		cmocka_unit_test(test_wp_05_cache_tells_apart),
		cmocka_unit_test(test_cache_outlives_keys),
		cmocka_unit_test(test_cache_fails)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
