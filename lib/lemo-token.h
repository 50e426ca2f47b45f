#ifndef LEMO_TOKEN_H
#define LEMO_TOKEN_H

/*
 * Device tokens as Delta Chat and chatmail relays know them: METADATA entry
 * /private/devicetoken of INBOX. The token is opaque here (a URL-safe text,
 * encrypted to the administrator's notifier); it is a device of the channel
 * "token" whose name and subscription are made here and not by the user.
 */

#include "lemo-buf.h"

/* Octets; tokens of one user; how long one lives without being set again. */
#define LEMO_TOKEN_MAX 4096
#define LEMO_TOKENS_MAX 10
#define LEMO_TOKEN_LIFETIME_SECS (90 * 24 * 3600)

/* Followed by LEMO_TOKEN_ID_LEN hex digits of the token's hash. No device of
   the user may begin so. */
#define LEMO_TOKEN_DEVICE_PREFIX "devicetoken."
#define LEMO_TOKEN_ID_LEN 32

/* 1 to LEMO_TOKEN_MAX octets of printable ASCII without space, " and \, so
   that it needs no escape anywhere. */
bool lemo_token_is_valid(const char *token, size_t len);

/* The hash in a device's name; NULL if it is no token's. */
const char *lemo_token_id_of_device(const char *name);

/* What is kept for a token: the Unix time when it was set, and the token. */
void lemo_token_add_value(struct lemo_buf *buf, const char *token,
			  int64_t refreshed);
/* The reverse; *token_r points into value. False, results untouched, if it is
   none. */
bool lemo_token_parse_value(const char *value, int64_t *refreshed_r,
			    const char **token_r);

/* Appends its subscription, see lemo-subscription.h. expires: a UTC date as
   there. */
void lemo_token_add_subscription(struct lemo_buf *buf, const char *token,
				 const char *expires);

#endif
