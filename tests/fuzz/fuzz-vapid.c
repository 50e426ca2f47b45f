#include "fuzz.h"
#include "lemo-vapid.h"

#include <limits.h>

/* Every key that was read is written as one that is read as the same. */
static void check(const struct lemo_vapid_keys *keys)
{
	struct lemo_vapid_keys *again = NULL;
	const struct lemo_vapid_key *key;
	struct lemo_buf buf;
	const char *error;
	unsigned int i, block;

	lemo_buf_init(&buf, LEMO_VAPID_FILE_MAX);
	FUZZ_ASSERT(lemo_vapid_keys_format(keys, &buf) == 0);
	FUZZ_ASSERT(lemo_vapid_keys_parse(buf.data, buf.len, &again, &error,
					  &block) == 0);
	FUZZ_ASSERT(lemo_vapid_keys_count(again) ==
		    lemo_vapid_keys_count(keys));
	for (i = 0; i < lemo_vapid_keys_count(keys); i++) {
		key = lemo_vapid_keys_get(keys, i);
		FUZZ_ASSERT(lemo_vapid_keys_find(again,
			lemo_vapid_key_public(key)) ==
			lemo_vapid_keys_get(again, i));
	}
	lemo_vapid_keys_free(&again);
	lemo_buf_free(&buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *pem = fuzz_copy(data, size);
	struct lemo_vapid_keys *keys = NULL;
	const char *error = NULL;
	unsigned int block = UINT_MAX;

	if (lemo_vapid_keys_parse(pem, size, &keys, &error, &block) == 0)
		check(keys);
	else
		FUZZ_ASSERT(keys == NULL && *error != '\0' && block <= size);
	lemo_vapid_keys_free(&keys);
	free(pem);
	return 0;
}
