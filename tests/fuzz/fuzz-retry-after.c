#include "fuzz.h"
#include "lemo-retry.h"
#include "lemo-time.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *value = fuzz_copy(data, size);
	int64_t time;

	FUZZ_ASSERT(lemo_retry_after_parse(value, size, 784111777) <=
		    LEMO_RETRY_AFTER_MAX_SECS);
	(void)lemo_time_parse_rfc3339(value, size, &time);
	free(value);
	return 0;
}
