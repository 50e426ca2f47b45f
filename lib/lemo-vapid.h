#ifndef LEMO_VAPID_H
#define LEMO_VAPID_H

/*
 * VAPID (RFC 8292): the server's own P-256 keys, and the tokens that they
 * sign. libcrypto.
 *
 * A key file is PEM with one private key or several (PKCS #8 "PRIVATE KEY",
 * or SEC 1 "EC PRIVATE KEY"; not encrypted). The first is published: new
 * subscriptions are made with it. Each subscription is bound to the key it
 * was made with, so all of them sign.
 */

#include "lemo-buf.h"

/* base64url of the uncompressed point: the applicationServerKey. */
#define LEMO_VAPID_PUBLIC_LEN 87
#define LEMO_VAPID_KEYS_MAX 16
/* Octets of a key file. */
#define LEMO_VAPID_FILE_MAX 16384
/* How long a token is good for, and how long before its end a new one is
   made, seconds. RFC 8292 2: at most 24 h. */
#define LEMO_VAPID_TOKEN_SECS (12 * 3600)
#define LEMO_VAPID_TOKEN_RENEW_SECS 3600
/* Octets of an Authorization value, at most. */
#define LEMO_VAPID_AUTHORIZATION_MAX 2048

struct lemo_vapid_key;
/* One to LEMO_VAPID_KEYS_MAX different keys, in order. */
struct lemo_vapid_keys;

/* Parses a key file. Strict: every block must be a private key of P-256 whose
   halves fit, none may be there twice; text between blocks is skipped.
   -1 with *error_r (constant) and *block_r, the number of the block it is
   about, from 1, or 0 for the whole file; *keys_r is then untouched. */
int lemo_vapid_keys_parse(const char *pem, size_t len,
			  struct lemo_vapid_keys **keys_r,
			  const char **error_r, unsigned int *block_r);
/* A fresh key alone. NULL if libcrypto fails. */
struct lemo_vapid_keys *lemo_vapid_keys_generate(void);
/* All of first, then those of second that are not among them. NULL with
   *error_r (constant) if these are too many. */
struct lemo_vapid_keys *
lemo_vapid_keys_join(const struct lemo_vapid_keys *first,
		     const struct lemo_vapid_keys *second,
		     const char **error_r);
/* Wipes them. NULL is allowed. */
void lemo_vapid_keys_free(struct lemo_vapid_keys **keys);
/* Appends the key file, as PKCS #8. -1 if libcrypto or memory fails, or buf is
   too small. It holds secrets: wipe it. */
int lemo_vapid_keys_format(const struct lemo_vapid_keys *keys,
			   struct lemo_buf *buf);

unsigned int lemo_vapid_keys_count(const struct lemo_vapid_keys *keys);
/* index 0 is the published one. A key lives as long as its keys. */
const struct lemo_vapid_key *
lemo_vapid_keys_get(const struct lemo_vapid_keys *keys, unsigned int index);
/* By public form, "=" at its end allowed; NULL if it is none of ours. */
const struct lemo_vapid_key *
lemo_vapid_keys_find(const struct lemo_vapid_keys *keys, const char *public);
/* LEMO_VAPID_PUBLIC_LEN characters and NUL; lives as long as the key. */
const char *lemo_vapid_key_public(const struct lemo_vapid_key *key);

/* Appends "vapid t=<JWT>, k=<public key>", the value of Authorization
   (RFC 8292 3).
   origin: of the push resource, as in struct lemo_weburl; becomes aud, there
   without its port if that is 443 (RFC 6454 6.1). subject: the contact, a
   mailto: or https: URL.
   expires: Unix time, at most 24 h ahead of the push. -1 if libcrypto or
   memory fails or buf is too small; buf is then as it was. */
int lemo_vapid_authorization(const struct lemo_vapid_key *key,
			     const char *origin, const char *subject,
			     int64_t expires, struct lemo_buf *buf);

/* Tokens are good for hours and a signature costs as much as a message's key
   exchange: remembers the last ones, by origin and key. One subject. */
struct lemo_vapid_cache;

/* slots: at most so many tokens are remembered; > 0. NULL without memory.
   subject is copied. */
struct lemo_vapid_cache *lemo_vapid_cache_init(const char *subject,
					       unsigned int slots);
void lemo_vapid_cache_deinit(struct lemo_vapid_cache **cache);
/* The value of Authorization for a push at the time now (Unix, seconds),
   signed if there is none yet, or it ends soon, or the clock went back since.
   NULL if it can't be made. Valid until the next call. The cache knows a key
   by its public form: keys may be freed and read again. */
const char *lemo_vapid_cache_get(struct lemo_vapid_cache *cache,
				 const struct lemo_vapid_key *key,
				 const char *origin, int64_t now);

#endif
