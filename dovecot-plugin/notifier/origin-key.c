#include "lib.h"
#include "sha2.h"
#include "origin-key.h"

int64_t origin_key(const char *name)
{
	unsigned char digest[SHA256_RESULTLEN];
	int64_t key;

	sha256_get_digest(name, strlen(name), digest);
	memcpy(&key, digest, sizeof(key));
	key &= INT64_MAX;
	return key == 0 ? 1 : key;
}
