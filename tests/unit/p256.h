#ifndef P256_H
#define P256_H

/* P-256 keys as libcrypto has them, for tests. */

#include "lemo-base64url.h"
#include "lemo-p256.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#define P256_SCALAR_LEN 32

static inline void p256_point(EVP_PKEY *pkey, uint8_t *point_r)
{
	size_t len;

	assert_int_equal(EVP_PKEY_get_octet_string_param(pkey,
		OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, point_r,
		LEMO_P256_POINT_LEN, &len), 1);
	assert_int_equal(len, LEMO_P256_POINT_LEN);
}

/* From base64url; private NULL: the public half alone. NULL if libcrypto does
   not take it. */
static inline EVP_PKEY *p256_key(const char *public, const char *private)
{
	uint8_t point[LEMO_P256_POINT_LEN], scalar[P256_SCALAR_LEN];
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	EVP_PKEY *pkey = NULL;
	OSSL_PARAM *params;
	BIGNUM *num = NULL;

	assert_true(lemo_base64url_decode(public, point, sizeof(point)));
	OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME,
					"prime256v1", 0);
	OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY, point,
					 sizeof(point));
	if (private != NULL) {
		assert_true(lemo_base64url_decode(private, scalar,
						  sizeof(scalar)));
		num = BN_bin2bn(scalar, sizeof(scalar), NULL);
		OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_PRIV_KEY, num);
	}
	params = OSSL_PARAM_BLD_to_param(bld);
	assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
	(void)EVP_PKEY_fromdata(ctx, &pkey, private == NULL ?
				EVP_PKEY_PUBLIC_KEY : EVP_PKEY_KEYPAIR,
				params);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(bld);
	EVP_PKEY_CTX_free(ctx);
	BN_free(num);
	return pkey;
}

#endif
