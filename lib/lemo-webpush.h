#ifndef LEMO_WEBPUSH_H
#define LEMO_WEBPUSH_H

/*
 * Message encryption for Web Push: RFC 8291 on top of RFC 8188 (aes128gcm),
 * one record a message. libcrypto.
 */

#include "lemo-buf.h"
#include "lemo-p256.h"

#define LEMO_WEBPUSH_AUTH_LEN 16
#define LEMO_WEBPUSH_SALT_LEN 16
/* What every push service must take (RFC 8030 7.2, RFC 8291 4), and what
   fits: less 86 octets of header, the delimiter and the tag. */
#define LEMO_WEBPUSH_BODY_MAX 4096
#define LEMO_WEBPUSH_PLAINTEXT_MAX 3993

/* The algorithms, fetched once, and contexts that are used again: one for the
   whole process. NULL if libcrypto has no P-256, AES-128-GCM or SHA-256, or
   no memory. */
struct lemo_webpush *lemo_webpush_init(void);
void lemo_webpush_deinit(struct lemo_webpush **wp);

/* The keys of one subscription, ready for use: worth keeping, since making
   one costs about as much as half a message. */
struct lemo_webpush_device;

/* p256dh, auth: base64url as the client gave them, "=" at the end allowed.
   Returns 0, or -1 with *field_r "keys.p256dh" or "keys.auth" and *error_r
   what is wrong with it (both constant), *device_r untouched. Whatever a
   device is accepted with here is also accepted by lemo_subscription_parse(),
   and the other way round. */
int lemo_webpush_device_init(struct lemo_webpush *wp, const char *p256dh,
			     const char *auth,
			     struct lemo_webpush_device **device_r,
			     const char **field_r, const char **error_r);
/* Wipes it. NULL is allowed. */
void lemo_webpush_device_deinit(struct lemo_webpush_device **device);

/* The length that a plaintext of len octets is padded to, so that sizes tell
   nothing: 128, 512, 1024, 2048 or LEMO_WEBPUSH_PLAINTEXT_MAX. len itself if
   it is larger. */
size_t lemo_webpush_bucket(size_t len);

/* Appends the body of the push: encrypted for the device with a key pair that
   is made here and forgotten, padded to lemo_webpush_bucket(len).
   salt: LEMO_WEBPUSH_SALT_LEN octets, random and never used before.
   Returns 0, or -1 with *error_r (constant) and body as it was; body->failed
   is set only if its cap is too small. */
int lemo_webpush_encrypt(struct lemo_webpush *wp,
			 const struct lemo_webpush_device *device,
			 const uint8_t *salt, const void *plaintext,
			 size_t len, struct lemo_buf *body,
			 const char **error_r);

#endif
