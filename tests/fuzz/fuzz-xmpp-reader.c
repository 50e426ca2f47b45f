#include "fuzz.h"
#include "lemo-xmpp-reader.h"

/* Octets given at once: the first octet of the input says it. */
static void read_all(const char *data, size_t size, size_t part)
{
	struct lemo_xmpp_reader *reader = lemo_xmpp_reader_init();
	const struct lemo_xmpp_stanza *stanza;
	const char *error = NULL;
	size_t len;
	int ret = 0;

	FUZZ_ASSERT(reader != NULL);
	for (; size > 0 && ret == 0; data += len, size -= len) {
		len = size < part ? size : part;
		lemo_xmpp_reader_push(reader, data, len);
		while ((ret = lemo_xmpp_reader_next(reader, &stanza,
						    &error)) > 0)
			FUZZ_ASSERT(stanza->kind <= LEMO_XMPP_CLOSE);
	}
	FUZZ_ASSERT(ret == 0 || error != NULL);
	lemo_xmpp_reader_deinit(&reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = fuzz_copy(data, size);

	if (size > 1)
		read_all(copy + 1, size - 1, (uint8_t)*copy * 16 + 1);
	free(copy);
	return 0;
}
