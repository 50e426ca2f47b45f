#ifndef LEMO_WEBHOOK_SIGN_H
#define LEMO_WEBHOOK_SIGN_H

/*
 * Standard Webhooks signatures and the keys they are made with. libcrypto.
 *
 * A secret is "whsec_" + base64 of 24 to 64 octets. A keyring holds one
 * secret a line: the first signs, all verify; during rotation a webhook
 * carries one "v1,..." for each, so a receiver with either key is content.
 */

#include "lemo-buf.h"
#include <stdint.h>

#define LEMO_KEYRING_MAX 4
#define LEMO_KEY_MIN 24
#define LEMO_KEY_MAX 64

struct lemo_key {
	uint8_t octets[LEMO_KEY_MAX];
	size_t len;
};

struct lemo_keyring {
	struct lemo_key keys[LEMO_KEYRING_MAX];
	unsigned int count;
};

/* Parses the lines of a secret file; empty lines and # comments are skipped.
   -1 with *error_r (constant) and *line_r; *ring_r is then untouched. */
int lemo_keyring_parse(const char *text, size_t len,
		       struct lemo_keyring *ring_r,
		       const char **error_r, unsigned int *line_r);
/* Wipes it. */
void lemo_keyring_clear(struct lemo_keyring *ring);
/* Appends "whsec_..." */
void lemo_key_format(const struct lemo_key *key, struct lemo_buf *buf);

/* Derives a key for one device from each key of the server's ring:
   HMAC-SHA256(key, purpose NUL uid NUL user NUL device NUL url NUL keys).
   The result has 32 octets a key; no key at all if libcrypto fails. uid in
   decimal, absent strings empty. */
struct lemo_key_binding {
	const char *purpose; /* constant of the caller, e.g. "webhook" */
	uint32_t uid;
	const char *user, *device, *url;
	const char *p256dh, *auth; /* may be NULL */
};
void lemo_keyring_derive(const struct lemo_keyring *ring,
			 const struct lemo_key_binding *binding,
			 struct lemo_keyring *ring_r);

/* The verification code of a device (RFC 8620 7.2.2): derived with purpose
   "verify" (whatever binding->purpose says) by the first key, base64url, 22
   octets and NUL. "" without a key or if libcrypto fails; "" never verifies. */
#define LEMO_CODE_LEN 22
void lemo_code_make(const struct lemo_keyring *ring,
		    const struct lemo_key_binding *binding,
		    char code_r[LEMO_CODE_LEN + 1]);
/* True if code was made with any key of the ring. Constant time. */
bool lemo_code_verify(const struct lemo_keyring *ring,
		      const struct lemo_key_binding *binding,
		      const char *code);

/* Appends the value of webhook-signature: "v1,<base64>" for each key,
   separated by spaces, over "id.timestamp.body". With no key, or if libcrypto
   fails, buf->failed is set: nothing goes out unsigned. */
void lemo_webhook_sign(const struct lemo_keyring *ring, const char *id,
		       int64_t timestamp, const void *body, size_t body_len,
		       struct lemo_buf *buf);

#endif
