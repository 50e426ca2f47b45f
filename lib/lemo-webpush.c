#include "lemo-webpush-private.h"
#include "lemo-base64url.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <openssl/params.h>
#include <stdlib.h>
#include <string.h>

#include "lemo-banned.h"

#define HASH_LEN 32
#define TAG_LEN 16
/* The header of RFC 8188 2.1: salt, rs, idlen, keyid. */
#define RS_LEN 4
#define HEADER_LEN (LEMO_WEBPUSH_SALT_LEN + RS_LEN + 1 + LEMO_P256_POINT_LEN)
/* RFC 8291 4: larger than plaintext, delimiter, padding and tag. */
#define RECORD_SIZE 4096
#define DELIMITER_LAST 0x02
/* HKDF-Expand of up to one block ends its only input with the octet 1
   (RFC 5869 2.3). */
#define BLOCK_1 "\001"

#define CRYPTO_FAILED "libcrypto failed"

/* Points and numbers instead of EVP_PKEY: a key pair that is used once and
   forgotten is not worth its objects, which cost more than all the rest of a
   message but its two multiplications. libcrypto does the latter in constant
   time, here as there. */
struct lemo_webpush {
	EC_GROUP *group;
	BN_CTX *bn_ctx;
	/* of the message that is being made */
	BIGNUM *scalar, *x;
	EC_POINT *sender, *shared;

	EVP_MAC_CTX *hmac;
	EVP_CIPHER *aes;
	EVP_CIPHER_CTX *cipher;
};

struct lemo_webpush_device {
	EC_POINT *peer;
	uint8_t point[LEMO_P256_POINT_LEN];
	uint8_t auth[LEMO_WEBPUSH_AUTH_LEN];
};

/* The steps of RFC 8291 3.4, wiped afterwards. */
struct steps {
	uint8_t sender_point[LEMO_P256_POINT_LEN];
	uint8_t secret[HASH_LEN];
	uint8_t ikm[HASH_LEN], prk[HASH_LEN];
	/* of these the first 16 and 12 octets are used */
	uint8_t cek[HASH_LEN], nonce[HASH_LEN];
};

static bool curve_init(struct lemo_webpush *wp)
{
	wp->group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
	wp->bn_ctx = BN_CTX_secure_new();
	wp->scalar = BN_secure_new();
	wp->x = BN_secure_new();
	if (wp->group == NULL || wp->bn_ctx == NULL || wp->scalar == NULL ||
	    wp->x == NULL)
		return false;
	wp->sender = EC_POINT_new(wp->group);
	wp->shared = EC_POINT_new(wp->group);
	return wp->sender != NULL && wp->shared != NULL;
}

static EVP_MAC_CTX *hmac_init(void)
{
	char digest[] = "SHA256";
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST,
						 digest, 0),
		OSSL_PARAM_construct_end()
	};
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	EVP_MAC_CTX *ctx = mac == NULL ? NULL : EVP_MAC_CTX_new(mac);

	EVP_MAC_free(mac); /* the context holds its own reference */
	if (ctx != NULL && EVP_MAC_CTX_set_params(ctx, params))
		return ctx;
	EVP_MAC_CTX_free(ctx);
	return NULL;
}

struct lemo_webpush *lemo_webpush_init(void)
{
	struct lemo_webpush *wp = calloc(1, sizeof(*wp));

	if (wp == NULL)
		return NULL;
	wp->hmac = hmac_init();
	wp->aes = EVP_CIPHER_fetch(NULL, "AES-128-GCM", NULL);
	wp->cipher = EVP_CIPHER_CTX_new();
	if (!curve_init(wp) || wp->hmac == NULL || wp->aes == NULL ||
	    wp->cipher == NULL) {
		ERR_clear_error();
		lemo_webpush_deinit(&wp);
	}
	return wp;
}

void lemo_webpush_deinit(struct lemo_webpush **_wp)
{
	struct lemo_webpush *wp = *_wp;

	if (wp == NULL)
		return;
	*_wp = NULL;
	EVP_CIPHER_CTX_free(wp->cipher);
	EVP_CIPHER_free(wp->aes);
	EVP_MAC_CTX_free(wp->hmac);
	EC_POINT_clear_free(wp->shared);
	EC_POINT_free(wp->sender);
	BN_clear_free(wp->x);
	BN_clear_free(wp->scalar);
	BN_CTX_free(wp->bn_ctx);
	EC_GROUP_free(wp->group);
	free(wp);
}

/* Returns NULL, or what is wrong. */
static const char *parse_p256dh(const char *p256dh, uint8_t *point_r)
{
	if (!lemo_base64url_decode(p256dh, point_r, LEMO_P256_POINT_LEN))
		return "must be base64url of 65 octets";
	return lemo_p256_check(point_r, LEMO_P256_POINT_LEN);
}

static EC_POINT *make_peer(struct lemo_webpush *wp, const uint8_t *octets)
{
	EC_POINT *peer = EC_POINT_new(wp->group);

	/* libcrypto has its own look whether it is on the curve */
	if (peer != NULL &&
	    EC_POINT_oct2point(wp->group, peer, octets, LEMO_P256_POINT_LEN,
			       wp->bn_ctx))
		return peer;
	ERR_clear_error();
	EC_POINT_free(peer);
	return NULL;
}

int lemo_webpush_device_init(struct lemo_webpush *wp, const char *p256dh,
			     const char *auth,
			     struct lemo_webpush_device **device_r,
			     const char **field_r, const char **error_r)
{
	struct lemo_webpush_device *device = calloc(1, sizeof(*device));

	*field_r = "keys.p256dh";
	*error_r = device == NULL ? "out of memory" :
		parse_p256dh(p256dh, device->point);
	if (*error_r == NULL) {
		device->peer = make_peer(wp, device->point);
		*error_r = device->peer == NULL ? CRYPTO_FAILED : NULL;
	}
	if (*error_r == NULL && !lemo_base64url_decode(auth, device->auth,
						       sizeof(device->auth))) {
		*field_r = "keys.auth";
		*error_r = "must be base64url of 16 octets";
	}
	if (*error_r == NULL) {
		*device_r = device;
		return 0;
	}
	lemo_webpush_device_deinit(&device);
	return -1;
}

void lemo_webpush_device_deinit(struct lemo_webpush_device **_device)
{
	struct lemo_webpush_device *device = *_device;

	if (device == NULL)
		return;
	*_device = NULL;
	EC_POINT_free(device->peer);
	OPENSSL_cleanse(device, sizeof(*device));
	free(device);
}

size_t lemo_webpush_bucket(size_t len)
{
	static const size_t buckets[] = {
		128, 512, 1024, 2048, LEMO_WEBPUSH_PLAINTEXT_MAX
	};
	unsigned int i;

	for (i = 0; i < sizeof(buckets) / sizeof(buckets[0]); i++) {
		if (len <= buckets[i])
			return buckets[i];
	}
	return len;
}

/* HMAC-SHA-256 of two pieces; key NULL: the key of the call before. */
static bool hmac(struct lemo_webpush *wp, const uint8_t *key, size_t key_len,
		 const void *data, size_t data_len,
		 const void *more, size_t more_len, uint8_t result_r[HASH_LEN])
{
	size_t len;

	return EVP_MAC_init(wp->hmac, key, key_len, NULL) &&
		EVP_MAC_update(wp->hmac, data, data_len) &&
		EVP_MAC_update(wp->hmac, more, more_len) &&
		EVP_MAC_final(wp->hmac, result_r, &len, HASH_LEN) &&
		len == HASH_LEN;
}

static bool put_sender(struct lemo_webpush *wp, const BIGNUM *scalar,
		       uint8_t point_r[LEMO_P256_POINT_LEN])
{
	return EC_POINT_mul(wp->group, wp->sender, scalar, NULL, NULL,
			    wp->bn_ctx) &&
		EC_POINT_point2oct(wp->group, wp->sender,
				   POINT_CONVERSION_UNCOMPRESSED, point_r,
				   LEMO_P256_POINT_LEN, wp->bn_ctx) ==
			LEMO_P256_POINT_LEN;
}

/* ECDH: x of the product; there is none at infinity. */
static bool agree(struct lemo_webpush *wp, const BIGNUM *scalar,
		  const EC_POINT *peer, uint8_t secret_r[HASH_LEN])
{
	bool ok;

	ok = EC_POINT_mul(wp->group, wp->shared, NULL, peer, scalar,
			  wp->bn_ctx) &&
		EC_POINT_get_affine_coordinates(wp->group, wp->shared, wp->x,
						NULL, wp->bn_ctx) &&
		BN_bn2binpad(wp->x, secret_r, HASH_LEN) == HASH_LEN;
	BN_clear(wp->x);
	/* a point can't be wiped, but overwritten */
	return EC_POINT_copy(wp->shared, wp->sender) && ok;
}

/* RFC 8291 3.3: the shared secret and both public keys. */
static bool derive_ikm(struct lemo_webpush *wp,
		       const struct lemo_webpush_device *device,
		       struct steps *s)
{
	/* with its NUL */
	static const char label[] = "WebPush: info";
	uint8_t info[sizeof(label) + 2 * LEMO_P256_POINT_LEN], *p = info;
	uint8_t prk[HASH_LEN];
	bool ok;

	memcpy(p, label, sizeof(label));
	p += sizeof(label);
	memcpy(p, device->point, LEMO_P256_POINT_LEN);
	p += LEMO_P256_POINT_LEN;
	memcpy(p, s->sender_point, LEMO_P256_POINT_LEN);
	ok = hmac(wp, device->auth, sizeof(device->auth), s->secret,
		  sizeof(s->secret), "", 0, prk) &&
		hmac(wp, prk, sizeof(prk), info, sizeof(info), BLOCK_1, 1,
		     s->ikm);
	OPENSSL_cleanse(prk, sizeof(prk));
	return ok;
}

/* RFC 8188 2.2 and 2.3: key and nonce of the first record. */
static bool derive_keys(struct lemo_webpush *wp, const uint8_t *salt,
			struct steps *s)
{
	static const char cek[] = "Content-Encoding: aes128gcm";
	static const char nonce[] = "Content-Encoding: nonce";

	return hmac(wp, salt, LEMO_WEBPUSH_SALT_LEN, s->ikm, sizeof(s->ikm),
		    "", 0, s->prk) &&
		hmac(wp, s->prk, sizeof(s->prk), cek, sizeof(cek), BLOCK_1, 1,
		     s->cek) &&
		hmac(wp, NULL, 0, nonce, sizeof(nonce), BLOCK_1, 1, s->nonce);
}

static bool derive(struct lemo_webpush *wp,
		   const struct lemo_webpush_device *device,
		   const struct lemo_webpush_message *message,
		   struct steps *s)
{
	return put_sender(wp, message->scalar, s->sender_point) &&
		agree(wp, message->scalar, device->peer, s->secret) &&
		derive_ikm(wp, device, s) &&
		derive_keys(wp, message->salt, s);
}

static uint8_t *put_header(uint8_t *p, const uint8_t *salt,
			   const uint8_t *sender_point)
{
	memcpy(p, salt, LEMO_WEBPUSH_SALT_LEN);
	p += LEMO_WEBPUSH_SALT_LEN;
	*p++ = 0;
	*p++ = 0;
	*p++ = RECORD_SIZE >> 8;
	*p++ = RECORD_SIZE & 0xff;
	*p++ = LEMO_P256_POINT_LEN;
	memcpy(p, sender_point, LEMO_P256_POINT_LEN);
	return p + LEMO_P256_POINT_LEN;
}

/* In place; the tag goes behind. */
static bool seal(struct lemo_webpush *wp, const struct steps *s,
		 uint8_t *record, size_t len)
{
	int out_len, rest_len;

	return EVP_EncryptInit_ex2(wp->cipher, wp->aes, s->cek, s->nonce,
				   NULL) &&
		EVP_EncryptUpdate(wp->cipher, record, &out_len, record,
				  (int)len) &&
		(size_t)out_len == len &&
		EVP_EncryptFinal_ex(wp->cipher, record + len, &rest_len) &&
		EVP_CIPHER_CTX_ctrl(wp->cipher, EVP_CTRL_AEAD_GET_TAG,
				    TAG_LEN, record + len) > 0;
}

/* Plaintext, delimiter, padding. */
static bool put_record(struct lemo_webpush *wp, const struct steps *s,
		       const struct lemo_webpush_message *message, uint8_t *p)
{
	memcpy(p, message->plaintext, message->len);
	p[message->len] = DELIMITER_LAST;
	memset(p + message->len + 1, 0, message->padded_len - message->len);
	return seal(wp, s, p, message->padded_len + 1);
}

int lemo_webpush_encrypt_message(struct lemo_webpush *wp,
				 const struct lemo_webpush_device *device,
				 const struct lemo_webpush_message *message,
				 struct lemo_buf *body, const char **error_r)
{
	uint8_t octets[LEMO_WEBPUSH_BODY_MAX], *p;
	struct steps s;
	bool ok;

	if (message->padded_len > LEMO_WEBPUSH_PLAINTEXT_MAX) {
		*error_r = "is longer than 3993 octets";
		return -1;
	}
	ok = derive(wp, device, message, &s);
	if (ok) {
		p = put_header(octets, message->salt, s.sender_point);
		ok = put_record(wp, &s, message, p);
	}
	OPENSSL_cleanse(&s, sizeof(s));
	if (!ok) {
		ERR_clear_error();
		*error_r = CRYPTO_FAILED;
		return -1;
	}
	lemo_buf_add(body, octets, HEADER_LEN + message->padded_len + 1 +
		     TAG_LEN);
	*error_r = "does not fit into the buffer";
	return body->failed ? -1 : 0;
}

/* SEC 1 section 3.2.1: from 1 to n - 1. */
static bool draw_scalar(struct lemo_webpush *wp)
{
	return BN_priv_rand_range_ex(wp->scalar,
				     EC_GROUP_get0_order(wp->group), 0,
				     wp->bn_ctx) &&
		!BN_is_zero(wp->scalar);
}

int lemo_webpush_encrypt(struct lemo_webpush *wp,
			 const struct lemo_webpush_device *device,
			 const uint8_t *salt, const void *plaintext,
			 size_t len, struct lemo_buf *body,
			 const char **error_r)
{
	struct lemo_webpush_message message = {
		.plaintext = plaintext,
		.len = len,
		.padded_len = lemo_webpush_bucket(len),
		.salt = salt,
		.scalar = wp->scalar
	};
	int ret;

	if (!draw_scalar(wp)) {
		ERR_clear_error();
		*error_r = CRYPTO_FAILED;
		return -1;
	}
	ret = lemo_webpush_encrypt_message(wp, device, &message, body,
					   error_r);
	BN_clear(wp->scalar);
	return ret;
}
