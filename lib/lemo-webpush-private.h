#ifndef LEMO_WEBPUSH_PRIVATE_H
#define LEMO_WEBPUSH_PRIVATE_H

/* For lemo-webpush.c and the test that repeats the example of RFC 8291: with
   a key pair of one's own choice, and any padding. */

#include "lemo-webpush.h"

#include <openssl/types.h>

struct lemo_webpush_message {
	const void *plaintext;
	size_t len;
	/* >= len: the rest is padding */
	size_t padded_len;
	const uint8_t *salt;
	/* the sender's private key, for this message alone */
	const BIGNUM *scalar;
};

int lemo_webpush_encrypt_message(struct lemo_webpush *wp,
				 const struct lemo_webpush_device *device,
				 const struct lemo_webpush_message *message,
				 struct lemo_buf *body, const char **error_r);

#endif
