#ifndef LEMO_VAPID_PRIVATE_H
#define LEMO_VAPID_PRIVATE_H

/* For lemo-vapid*.c. */

#include "lemo-vapid.h"

#include <openssl/types.h>

struct lemo_vapid_key {
	EVP_PKEY *pkey;
	char public[LEMO_VAPID_PUBLIC_LEN + 1];
};

struct lemo_vapid_keys {
	struct lemo_vapid_key keys[LEMO_VAPID_KEYS_MAX];
	unsigned int count;
};

/* Takes the key over, also on error: NULL, or what is wrong with it. */
const char *lemo_vapid_keys_add(struct lemo_vapid_keys *keys, EVP_PKEY *pkey);

#endif
