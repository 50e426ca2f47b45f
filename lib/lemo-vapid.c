#include "lemo-vapid-private.h"
#include "lemo-base64url.h"
#include "lemo-p256.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "lemo-banned.h"

#define CURVE "prime256v1"
#define DEFAULT_PORT ":443"
/* r and s of ES256 (RFC 7518 3.4) */
#define HALF_LEN 32
#define SIGNATURE_DER_MAX 72
/* {"typ":"JWT","alg":"ES256"} */
#define JWT_HEADER "eyJ0eXAiOiJKV1QiLCJhbGciOiJFUzI1NiJ9"

static bool is_p256(const EVP_PKEY *pkey)
{
	char group[sizeof(CURVE)];
	size_t len;

	/* a longer name does not fit: then it is another */
	return EVP_PKEY_is_a(pkey, "EC") &&
		EVP_PKEY_get_group_name(pkey, group, sizeof(group), &len) > 0 &&
		strcmp(group, CURVE) == 0;
}

static bool halves_fit(EVP_PKEY *pkey)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
	bool ok = ctx != NULL && EVP_PKEY_pairwise_check(ctx) > 0;

	EVP_PKEY_CTX_free(ctx);
	return ok;
}

static bool format_public(const EVP_PKEY *pkey,
			  char public_r[LEMO_VAPID_PUBLIC_LEN + 1])
{
	uint8_t point[LEMO_P256_POINT_LEN];
	struct lemo_buf buf;
	size_t len;
	bool ok;

	lemo_buf_init(&buf, LEMO_VAPID_PUBLIC_LEN);
	ok = EVP_PKEY_get_octet_string_param(pkey,
			OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, point,
			sizeof(point), &len) > 0 && len == sizeof(point);
	if (ok)
		lemo_base64url_add(&buf, point, sizeof(point));
	ok = ok && !buf.failed;
	if (ok)
		memcpy(public_r, buf.data, LEMO_VAPID_PUBLIC_LEN + 1);
	lemo_buf_free(&buf);
	return ok;
}

static const char *check_key(EVP_PKEY *pkey,
			     char public_r[LEMO_VAPID_PUBLIC_LEN + 1])
{
	if (!is_p256(pkey))
		return "is no key of P-256 (prime256v1)";
	if (!halves_fit(pkey))
		return "has a public half that does not fit its private half";
	if (!format_public(pkey, public_r))
		return "libcrypto failed";
	return NULL;
}

const char *lemo_vapid_keys_add(struct lemo_vapid_keys *keys, EVP_PKEY *pkey)
{
	char public[LEMO_VAPID_PUBLIC_LEN + 1];
	struct lemo_vapid_key *key;
	const char *error = check_key(pkey, public);

	ERR_clear_error();
	if (error == NULL && lemo_vapid_keys_find(keys, public) != NULL)
		error = "is there twice";
	if (error == NULL && keys->count == LEMO_VAPID_KEYS_MAX)
		error = "is one too many: at most 16 keys";
	if (error != NULL) {
		EVP_PKEY_free(pkey);
		return error;
	}
	key = &keys->keys[keys->count++];
	key->pkey = pkey;
	memcpy(key->public, public, sizeof(public));
	return NULL;
}

struct lemo_vapid_keys *lemo_vapid_keys_generate(void)
{
	struct lemo_vapid_keys *keys = calloc(1, sizeof(*keys));
	EVP_PKEY *pkey = keys == NULL ? NULL : EVP_EC_gen(CURVE);

	if (pkey != NULL && lemo_vapid_keys_add(keys, pkey) == NULL)
		return keys;
	ERR_clear_error();
	lemo_vapid_keys_free(&keys);
	return NULL;
}

/* Those that are there already are skipped. */
static bool copy_keys(struct lemo_vapid_keys *dest,
		      const struct lemo_vapid_keys *src)
{
	const struct lemo_vapid_key *key;
	unsigned int i;

	for (i = 0; i < src->count; i++) {
		key = &src->keys[i];
		if (lemo_vapid_keys_find(dest, key->public) != NULL)
			continue;
		if (dest->count == LEMO_VAPID_KEYS_MAX ||
		    !EVP_PKEY_up_ref(key->pkey))
			return false;
		dest->keys[dest->count++] = *key;
	}
	return true;
}

struct lemo_vapid_keys *
lemo_vapid_keys_join(const struct lemo_vapid_keys *first,
		     const struct lemo_vapid_keys *second,
		     const char **error_r)
{
	struct lemo_vapid_keys *keys = calloc(1, sizeof(*keys));

	if (keys == NULL) {
		*error_r = "out of memory";
		return NULL;
	}
	if (!copy_keys(keys, first) || !copy_keys(keys, second)) {
		*error_r = "more than 16 keys";
		lemo_vapid_keys_free(&keys);
	}
	return keys;
}

void lemo_vapid_keys_free(struct lemo_vapid_keys **_keys)
{
	struct lemo_vapid_keys *keys = *_keys;
	unsigned int i;

	if (keys == NULL)
		return;
	*_keys = NULL;
	for (i = 0; i < keys->count; i++)
		EVP_PKEY_free(keys->keys[i].pkey);
	free(keys);
}

unsigned int lemo_vapid_keys_count(const struct lemo_vapid_keys *keys)
{
	return keys->count;
}

const struct lemo_vapid_key *
lemo_vapid_keys_get(const struct lemo_vapid_keys *keys, unsigned int index)
{
	return index < keys->count ? &keys->keys[index] : NULL;
}

const struct lemo_vapid_key *
lemo_vapid_keys_find(const struct lemo_vapid_keys *keys, const char *public)
{
	const char *ours;
	unsigned int i;

	for (i = 0; i < keys->count; i++) {
		ours = keys->keys[i].public;
		if (strncmp(public, ours, LEMO_VAPID_PUBLIC_LEN) == 0 &&
		    (public[LEMO_VAPID_PUBLIC_LEN] == '\0' ||
		     strcmp(public + LEMO_VAPID_PUBLIC_LEN, "=") == 0))
			return &keys->keys[i];
	}
	return NULL;
}

const char *lemo_vapid_key_public(const struct lemo_vapid_key *key)
{
	return key->public;
}

/* A JSON string (RFC 8259 7). What is told apart by control characters is no
   URL: none is let in. */
static void add_json(struct lemo_buf *buf, const char *str, size_t len)
{
	lemo_buf_addc(buf, '"');
	for (; len > 0; len--, str++) {
		if ((unsigned char)*str < ' ') {
			buf->failed = true;
			return;
		}
		if (*str == '"' || *str == '\\')
			lemo_buf_addc(buf, '\\');
		lemo_buf_addc(buf, *str);
	}
	lemo_buf_addc(buf, '"');
}

/* RFC 8292 2 */
static void add_claims(struct lemo_buf *buf, const char *origin,
		       const char *subject, int64_t expires)
{
	const size_t port_len = strlen(DEFAULT_PORT);
	size_t len = strlen(origin);

	if (len > port_len &&
	    strcmp(origin + len - port_len, DEFAULT_PORT) == 0)
		len -= port_len;
	lemo_buf_adds(buf, "{\"aud\":");
	add_json(buf, origin, len);
	lemo_buf_addf(buf, ",\"exp\":%lld,\"sub\":", (long long)expires);
	add_json(buf, subject, strlen(subject));
	lemo_buf_addc(buf, '}');
}

/* DER as libcrypto has it, to r and s of fixed length as JWS has it. */
static bool split_signature(const unsigned char *der, size_t len,
			    uint8_t halves_r[2 * HALF_LEN])
{
	ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &der, len);
	bool ok;

	ok = sig != NULL &&
		BN_bn2binpad(ECDSA_SIG_get0_r(sig), halves_r,
			     HALF_LEN) == HALF_LEN &&
		BN_bn2binpad(ECDSA_SIG_get0_s(sig), halves_r + HALF_LEN,
			     HALF_LEN) == HALF_LEN;
	ECDSA_SIG_free(sig);
	return ok;
}

static bool sign(EVP_PKEY *pkey, const void *data, size_t len,
		 uint8_t halves_r[2 * HALF_LEN])
{
	unsigned char der[SIGNATURE_DER_MAX];
	size_t der_len = sizeof(der);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok;

	ok = ctx != NULL &&
		EVP_DigestSignInit_ex(ctx, NULL, "SHA256", NULL, NULL, pkey,
				      NULL) > 0 &&
		EVP_DigestSign(ctx, der, &der_len, data, len) > 0 &&
		split_signature(der, der_len, halves_r);
	EVP_MD_CTX_free(ctx);
	ERR_clear_error();
	return ok;
}

static bool add_jwt(const struct lemo_vapid_key *key,
		    const struct lemo_buf *claims, struct lemo_buf *buf)
{
	uint8_t signature[2 * HALF_LEN];
	size_t start = buf->len;

	lemo_buf_adds(buf, JWT_HEADER ".");
	lemo_base64url_add(buf, claims->data, claims->len);
	if (claims->failed || buf->failed ||
	    !sign(key->pkey, buf->data + start, buf->len - start, signature))
		return false;
	lemo_buf_addc(buf, '.');
	lemo_base64url_add(buf, signature, sizeof(signature));
	return true;
}

int lemo_vapid_authorization(const struct lemo_vapid_key *key,
			     const char *origin, const char *subject,
			     int64_t expires, struct lemo_buf *buf)
{
	struct lemo_buf claims, value;
	bool ok;

	lemo_buf_init(&claims, LEMO_VAPID_AUTHORIZATION_MAX);
	lemo_buf_init(&value, LEMO_VAPID_AUTHORIZATION_MAX);
	add_claims(&claims, origin, subject, expires);
	lemo_buf_adds(&value, "vapid t=");
	ok = add_jwt(key, &claims, &value);
	lemo_buf_adds(&value, ", k=");
	lemo_buf_adds(&value, key->public);
	ok = ok && !value.failed;
	if (ok)
		lemo_buf_add(buf, value.data, value.len);
	lemo_buf_free(&value);
	lemo_buf_free(&claims);
	return ok && !buf->failed ? 0 : -1;
}
