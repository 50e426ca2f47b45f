#ifndef LEMO_VAPID_CODE_H
#define LEMO_VAPID_CODE_H

/*
 * Verification codes of Web Push devices are made with the VAPID key, not with
 * the server's own secret: a user who moves to a server with the same keys
 * takes his devices along, verified. libcrypto.
 */

#include "lemo-vapid.h"
#include "lemo-webhook-sign.h"

/* A ring of one key for lemo_code_make() and lemo_code_verify(). No key at all
   if libcrypto fails. Wipe it with lemo_keyring_clear(). */
void lemo_vapid_code_ring(const struct lemo_vapid_key *key,
			  struct lemo_keyring *ring_r);

#endif
