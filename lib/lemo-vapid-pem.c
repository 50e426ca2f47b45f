/* The key file. */

#include "lemo-vapid-private.h"

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

#include "lemo-banned.h"

/* One block of PEM (RFC 7468), decoded. */
struct block {
	char *name, *header;
	unsigned char *data;
	long len;
};

static void block_clear(struct block *block)
{
	OPENSSL_free(block->name);
	OPENSSL_free(block->header);
	OPENSSL_clear_free(block->data, block->len);
	memset(block, 0, sizeof(*block));
}

/* Returns 1, 0 at the end of the file, -1 if it is damaged. */
static int block_read(BIO *bio, struct block *block_r)
{
	unsigned long error;

	memset(block_r, 0, sizeof(*block_r));
	if (PEM_read_bio(bio, &block_r->name, &block_r->header,
			 &block_r->data, &block_r->len))
		return 1;
	error = ERR_peek_last_error();
	ERR_clear_error();
	return ERR_GET_LIB(error) == ERR_LIB_PEM &&
		ERR_GET_REASON(error) == PEM_R_NO_START_LINE ? 0 : -1;
}

static const char *block_parse_key(const struct block *block,
				   struct lemo_vapid_keys *keys)
{
	const unsigned char *p = block->data;
	EVP_PKEY *pkey = d2i_AutoPrivateKey(NULL, &p, block->len);

	ERR_clear_error();
	if (pkey == NULL)
		return "can't be read as a private key";
	if (p != block->data + block->len) {
		EVP_PKEY_free(pkey);
		return "has something behind the key";
	}
	return lemo_vapid_keys_add(keys, pkey);
}

static const char *block_parse(const struct block *block,
			       struct lemo_vapid_keys *keys)
{
	/* openssl ecparam -genkey writes it before the key */
	if (strcmp(block->name, "EC PARAMETERS") == 0)
		return NULL;
	if (strcmp(block->name, "ENCRYPTED PRIVATE KEY") == 0 ||
	    block->header[0] != '\0')
		return "is encrypted; store it without a password";
	if (strcmp(block->name, "PRIVATE KEY") != 0 &&
	    strcmp(block->name, "EC PRIVATE KEY") != 0)
		return "is no private key";
	return block_parse_key(block, keys);
}

static const char *blocks_parse(BIO *bio, struct lemo_vapid_keys *keys,
				unsigned int *block_r)
{
	const char *error = NULL;
	struct block block;
	int ret;

	while (error == NULL && (ret = block_read(bio, &block)) != 0) {
		++*block_r;
		error = ret < 0 ? "is damaged or cut off" :
			block_parse(&block, keys);
		block_clear(&block);
	}
	if (error == NULL && keys->count == 0) {
		*block_r = 0;
		error = "holds no private key";
	}
	return error;
}

int lemo_vapid_keys_parse(const char *pem, size_t len,
			  struct lemo_vapid_keys **keys_r,
			  const char **error_r, unsigned int *block_r)
{
	struct lemo_vapid_keys *keys;
	const char *error;
	BIO *bio;

	*block_r = 0;
	if (len > LEMO_VAPID_FILE_MAX) {
		*error_r = "is longer than 16384 octets";
		return -1;
	}
	keys = calloc(1, sizeof(*keys));
	bio = BIO_new_mem_buf(len == 0 ? "" : pem, (int)len);
	error = keys == NULL || bio == NULL ? "out of memory" :
		blocks_parse(bio, keys, block_r);
	BIO_free(bio);
	if (error == NULL) {
		*keys_r = keys;
		return 0;
	}
	*error_r = error;
	lemo_vapid_keys_free(&keys);
	return -1;
}

static bool write_keys(BIO *bio, const struct lemo_vapid_keys *keys)
{
	unsigned int i;

	for (i = 0; i < keys->count; i++) {
		if (PEM_write_bio_PrivateKey(bio, keys->keys[i].pkey, NULL,
					     NULL, 0, NULL, NULL) <= 0)
			return false;
	}
	return true;
}

int lemo_vapid_keys_format(const struct lemo_vapid_keys *keys,
			   struct lemo_buf *buf)
{
	BIO *bio = BIO_new(BIO_s_secmem());
	bool ok = bio != NULL && write_keys(bio, keys);
	char *data;
	long len;

	if (ok) {
		len = BIO_get_mem_data(bio, &data);
		lemo_buf_add(buf, data, len);
	}
	BIO_free(bio);
	ERR_clear_error();
	return ok && !buf->failed ? 0 : -1;
}
