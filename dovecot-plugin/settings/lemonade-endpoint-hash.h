#ifndef LEMONADE_ENDPOINT_HASH_H
#define LEMONADE_ENDPOINT_HASH_H

/*
 * Names one push resource between the notifier, which learns that it is gone,
 * and the mail process, which forgets the device only if it still means that
 * one.
 */

#include "hex-binary.h"
#include "sha2.h"
#include "lemo-subscription.h"

/* Hex digits. */
#define LEMONADE_ENDPOINT_HASH_LEN 32

static inline void
lemonade_endpoint_hash_add(struct sha256_ctx *ctx, const char *str)
{
	if (str == NULL)
		str = "";
	sha256_loop(ctx, str, strlen(str) + 1);
}

/* Of URL and keys, or of a device token, whose URL is the administrator's; in
   the data stack. */
static inline const char *
lemonade_endpoint_hash(const struct lemo_subscription *sub)
{
	unsigned char digest[SHA256_RESULTLEN];
	struct sha256_ctx ctx;

	sha256_init(&ctx);
	lemonade_endpoint_hash_add(&ctx, sub->token != NULL ? sub->token :
				   sub->url);
	lemonade_endpoint_hash_add(&ctx, sub->p256dh);
	lemonade_endpoint_hash_add(&ctx, sub->auth);
	sha256_result(&ctx, digest);
	return binary_to_hex(digest, LEMONADE_ENDPOINT_HASH_LEN / 2);
}

#endif
