#include "lemo-webhook-sign.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdio.h>
#include <string.h>

#include "lemo-banned.h"

#define SECRET_PREFIX "whsec_"
#define MAC_LEN 32
/* base64 of len octets, padding included */
#define BASE64_LEN(len) (((len) + 2) / 3 * 4)
#define VERIFY_PURPOSE "verify"

/* HMAC-SHA256, one context for all keys of a call: fetching the algorithm is
   the larger half of the cost, and there is no global to keep it in. */
struct mac {
	EVP_MAC *mac;
	EVP_MAC_CTX *ctx;
	bool ok;
};

static void mac_init(struct mac *m)
{
	m->mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	m->ctx = m->mac == NULL ? NULL : EVP_MAC_CTX_new(m->mac);
	m->ok = m->ctx != NULL;
}

static void mac_deinit(struct mac *m)
{
	EVP_MAC_CTX_free(m->ctx);
	EVP_MAC_free(m->mac);
}

static void mac_begin(struct mac *m, const struct lemo_key *key)
{
	char digest[] = "SHA256";
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST,
						 digest, 0),
		OSSL_PARAM_construct_end()
	};

	m->ok = m->ok && EVP_MAC_init(m->ctx, key->octets, key->len, params);
}

static void mac_add(struct mac *m, const void *data, size_t len)
{
	m->ok = m->ok && EVP_MAC_update(m->ctx, data, len);
}

/* A string with its NUL, so that no two lists of strings look the same. */
static void mac_add_string(struct mac *m, const char *str)
{
	if (str == NULL)
		str = "";
	mac_add(m, str, strlen(str) + 1);
}

static void mac_end(struct mac *m, uint8_t result_r[MAC_LEN])
{
	size_t len;

	m->ok = m->ok && EVP_MAC_final(m->ctx, result_r, &len, MAC_LEN) &&
		len == MAC_LEN;
}

/* Strict base64 (RFC 4648 section 4): what comes out, encoded again, is what
   came in. */
static bool decode_secret(const char *str, size_t len, struct lemo_key *key_r)
{
	unsigned char octets[BASE64_LEN(LEMO_KEY_MAX)];
	unsigned char again[BASE64_LEN(LEMO_KEY_MAX) + 1];
	int octets_len;

	if (len == 0 || len % 4 != 0 || len > BASE64_LEN(LEMO_KEY_MAX))
		return false;
	octets_len = EVP_DecodeBlock(octets, (const unsigned char *)str, len);
	if (octets_len < 0)
		return false;
	octets_len -= (str[len - 1] == '=') + (str[len - 2] == '=');
	if (octets_len < LEMO_KEY_MIN || octets_len > LEMO_KEY_MAX ||
	    (size_t)EVP_EncodeBlock(again, octets, octets_len) != len ||
	    memcmp(again, str, len) != 0)
		return false;
	memcpy(key_r->octets, octets, octets_len);
	key_r->len = octets_len;
	OPENSSL_cleanse(octets, sizeof(octets));
	OPENSSL_cleanse(again, sizeof(again));
	return true;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* Adds what a line says. Returns NULL or an error. */
static const char *parse_line(const char *line, size_t len,
			      struct lemo_keyring *ring)
{
	const size_t prefix_len = strlen(SECRET_PREFIX);

	for (; len > 0 && is_blank(*line); len--)
		line++;
	while (len > 0 && is_blank(line[len - 1]))
		len--;
	if (len == 0 || *line == '#')
		return NULL;
	if (ring->count == LEMO_KEYRING_MAX)
		return "more than 4 secrets";
	if (len < prefix_len || memcmp(line, SECRET_PREFIX, prefix_len) != 0)
		return "a secret must begin with whsec_";
	if (!decode_secret(line + prefix_len, len - prefix_len,
			   &ring->keys[ring->count]))
		return "whsec_ must be followed by base64 of 24 to 64 octets";
	ring->count++;
	return NULL;
}

static const char *parse_lines(const char *text, size_t len,
			       struct lemo_keyring *ring, unsigned int *line_r)
{
	const char *end = text + len, *next, *error = NULL;

	for (; text < end && error == NULL; text = next) {
		next = memchr(text, '\n', end - text);
		if (next == NULL)
			next = end;
		error = parse_line(text, next - text, ring);
		if (next < end)
			next++;
		++*line_r;
	}
	if (error == NULL && ring->count == 0)
		error = "no secret";
	return error;
}

int lemo_keyring_parse(const char *text, size_t len,
		       struct lemo_keyring *ring_r,
		       const char **error_r, unsigned int *line_r)
{
	struct lemo_keyring ring;
	unsigned int line = 0;
	const char *error;

	memset(&ring, 0, sizeof(ring));
	error = parse_lines(text, len, &ring, &line);
	if (error == NULL)
		*ring_r = ring;
	lemo_keyring_clear(&ring);
	if (error == NULL)
		return 0;
	*error_r = error;
	*line_r = line;
	return -1;
}

void lemo_keyring_clear(struct lemo_keyring *ring)
{
	OPENSSL_cleanse(ring, sizeof(*ring));
}

/* Appends base64 of at most LEMO_KEY_MAX octets. */
static void add_base64(struct lemo_buf *buf, const uint8_t *data, size_t len)
{
	unsigned char text[BASE64_LEN(LEMO_KEY_MAX) + 1];
	int text_len = EVP_EncodeBlock(text, data, len);

	lemo_buf_add(buf, text, text_len);
	OPENSSL_cleanse(text, sizeof(text));
}

void lemo_key_format(const struct lemo_key *key, struct lemo_buf *buf)
{
	lemo_buf_adds(buf, SECRET_PREFIX);
	add_base64(buf, key->octets, key->len);
}

static void derive(struct mac *m, const struct lemo_key *key,
		   const char *purpose, const struct lemo_key_binding *binding,
		   uint8_t result_r[MAC_LEN])
{
	char uid[sizeof("4294967295")];

	(void)snprintf(uid, sizeof(uid), "%u", (unsigned int)binding->uid);
	mac_begin(m, key);
	mac_add_string(m, purpose);
	mac_add_string(m, uid);
	mac_add_string(m, binding->user);
	mac_add_string(m, binding->device);
	mac_add_string(m, binding->url);
	mac_add_string(m, binding->p256dh);
	mac_add_string(m, binding->auth);
	mac_end(m, result_r);
}

void lemo_keyring_derive(const struct lemo_keyring *ring,
			 const struct lemo_key_binding *binding,
			 struct lemo_keyring *ring_r)
{
	struct lemo_keyring result;
	struct mac m;
	unsigned int i;

	memset(&result, 0, sizeof(result));
	mac_init(&m);
	for (i = 0; i < ring->count; i++) {
		derive(&m, &ring->keys[i], binding->purpose, binding,
		       result.keys[i].octets);
		result.keys[i].len = MAC_LEN;
	}
	/* without libcrypto's help: no key, so that nothing can be signed */
	result.count = m.ok ? ring->count : 0;
	mac_deinit(&m);
	*ring_r = result;
	lemo_keyring_clear(&result);
}

/* The code of one key: base64url of the first octets of its MAC. */
static bool make_code(struct mac *m, const struct lemo_key *key,
		      const struct lemo_key_binding *binding,
		      char code_r[LEMO_CODE_LEN + 1])
{
	unsigned char text[BASE64_LEN(MAC_LEN) + 1];
	uint8_t octets[MAC_LEN];
	unsigned int i;

	derive(m, key, VERIFY_PURPOSE, binding, octets);
	if (!m->ok)
		return false;
	(void)EVP_EncodeBlock(text, octets, sizeof(octets));
	for (i = 0; i < LEMO_CODE_LEN; i++) {
		code_r[i] = text[i] == '+' ? '-' :
			text[i] == '/' ? '_' : (char)text[i];
	}
	code_r[i] = '\0';
	return true;
}

void lemo_code_make(const struct lemo_keyring *ring,
		    const struct lemo_key_binding *binding,
		    char code_r[LEMO_CODE_LEN + 1])
{
	struct mac m;

	code_r[0] = '\0';
	mac_init(&m);
	if (ring->count > 0)
		(void)make_code(&m, &ring->keys[0], binding, code_r);
	mac_deinit(&m);
}

bool lemo_code_verify(const struct lemo_keyring *ring,
		      const struct lemo_key_binding *binding, const char *code)
{
	char wanted[LEMO_CODE_LEN + 1];
	bool found = false;
	struct mac m;
	unsigned int i;

	if (strlen(code) != LEMO_CODE_LEN)
		return false;
	mac_init(&m);
	/* all keys are asked, whichever it was */
	for (i = 0; i < ring->count; i++) {
		if (make_code(&m, &ring->keys[i], binding, wanted) &&
		    CRYPTO_memcmp(wanted, code, LEMO_CODE_LEN) == 0)
			found = true;
	}
	mac_deinit(&m);
	OPENSSL_cleanse(wanted, sizeof(wanted));
	return found;
}

static void sign(struct mac *m, const struct lemo_key *key, const char *id,
		 const char *timestamp, const void *body, size_t body_len,
		 uint8_t result_r[MAC_LEN])
{
	mac_begin(m, key);
	mac_add(m, id, strlen(id));
	mac_add(m, ".", 1);
	mac_add(m, timestamp, strlen(timestamp));
	mac_add(m, ".", 1);
	mac_add(m, body, body_len);
	mac_end(m, result_r);
}

void lemo_webhook_sign(const struct lemo_keyring *ring, const char *id,
		       int64_t timestamp, const void *body, size_t body_len,
		       struct lemo_buf *buf)
{
	char seconds[sizeof("-9223372036854775808")];
	uint8_t octets[MAC_LEN];
	struct mac m;
	unsigned int i;

	(void)snprintf(seconds, sizeof(seconds), "%lld", (long long)timestamp);
	mac_init(&m);
	for (i = 0; i < ring->count; i++) {
		sign(&m, &ring->keys[i], id, seconds, body, body_len, octets);
		if (!m.ok)
			break;
		lemo_buf_adds(buf, i == 0 ? "v1," : " v1,");
		add_base64(buf, octets, sizeof(octets));
	}
	if (!m.ok || ring->count == 0)
		buf->failed = true;
	mac_deinit(&m);
}
