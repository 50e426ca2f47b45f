#include "fuzz.h"
#include "lemo-emn-wbxml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *str = fuzz_string(data, size);
	struct lemo_buf buf;
	const char *error = "";

	lemo_buf_init(&buf, LEMO_EMN_MAILBOX_MAX + 32);
	if (lemo_emn_wbxml_add(&buf, str, (int64_t)size, &error) == 0) {
		/* it always fits, and has no NUL but its own */
		FUZZ_ASSERT(!buf.failed && buf.data[buf.len - 1] == 1);
		FUZZ_ASSERT(buf.data[buf.len - 2] == '\0');
	} else {
		FUZZ_ASSERT(*error != '\0' && buf.len == 0);
	}
	lemo_buf_free(&buf);
	free(str);
	return 0;
}
