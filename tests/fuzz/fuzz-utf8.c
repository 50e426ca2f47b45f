#include "fuzz.h"
#include "lemo-utf8.h"

/* A valid text stays valid wherever it is cut. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *str = fuzz_copy(data, size);
	size_t max, cut;

	if (lemo_utf8_is_valid(str, size)) {
		for (max = 0; max <= size && max < 64; max++) {
			cut = lemo_utf8_cut(str, size, max);
			FUZZ_ASSERT(cut <= max && max - cut < 4);
			FUZZ_ASSERT(lemo_utf8_is_valid(str, cut));
			FUZZ_ASSERT(lemo_utf8_is_valid(str + cut,
						       size - cut));
		}
	}
	free(str);
	return 0;
}
