#include "lemo-vapid-code.h"
#include "lemo-vapid-private.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#include "lemo-banned.h"

#define SCALAR_LEN 32
#define PURPOSE "lemonade: verification codes"

static bool get_scalar(const struct lemo_vapid_key *key,
		       uint8_t octets_r[SCALAR_LEN])
{
	BIGNUM *scalar = NULL;
	bool ok;

	ok = EVP_PKEY_get_bn_param(key->pkey, OSSL_PKEY_PARAM_PRIV_KEY,
				   &scalar) > 0 &&
		BN_bn2binpad(scalar, octets_r, SCALAR_LEN) == SCALAR_LEN;
	BN_clear_free(scalar);
	return ok;
}

void lemo_vapid_code_ring(const struct lemo_vapid_key *key,
			  struct lemo_keyring *ring_r)
{
	uint8_t octets[SCALAR_LEN];
	unsigned int len = 0;

	memset(ring_r, 0, sizeof(*ring_r));
	if (get_scalar(key, octets) &&
	    HMAC(EVP_sha256(), octets, sizeof(octets),
		 (const unsigned char *)PURPOSE, strlen(PURPOSE),
		 ring_r->keys[0].octets, &len) != NULL) {
		ring_r->keys[0].len = len;
		ring_r->count = 1;
	}
	OPENSSL_cleanse(octets, sizeof(octets));
}
