#include "fuzz.h"
#include "lemo-webhook-sign.h"

/* Every key that was read is written as it was. */
static void check(const struct lemo_keyring *ring, size_t size)
{
	struct lemo_keyring again;
	struct lemo_buf buf;
	const char *error;
	unsigned int i, line;

	lemo_buf_init(&buf, 1000);
	for (i = 0; i < ring->count; i++) {
		FUZZ_ASSERT(ring->keys[i].len >= LEMO_KEY_MIN &&
			    ring->keys[i].len <= LEMO_KEY_MAX);
		lemo_key_format(&ring->keys[i], &buf);
		lemo_buf_addc(&buf, '\n');
	}
	FUZZ_ASSERT(buf.len <= size + ring->count);
	FUZZ_ASSERT(lemo_keyring_parse(buf.data, buf.len, &again, &error,
				       &line) == 0);
	FUZZ_ASSERT(memcmp(&again, ring, sizeof(again)) == 0);
	lemo_buf_free(&buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_copy(data, size);
	struct lemo_keyring ring;
	const char *error;
	unsigned int line;

	if (lemo_keyring_parse(text, size, &ring, &error, &line) == 0)
		check(&ring, size);
	else
		FUZZ_ASSERT(line <= size + 1 && *error != '\0');
	free(text);
	return 0;
}
