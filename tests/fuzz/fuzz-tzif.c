#include "fuzz.h"
#include "lemo-quiet.h"

/* 10 years before and 50 after 2024, and what lies far out */
static const int64_t times[] = {
	INT64_MIN, -1000000000, 0, 1400000000, 1711846799, 1711846800,
	1729990800, 3300000000, INT64_C(100000000000000), INT64_MAX
};
#define TIMES_COUNT (sizeof(times) / sizeof(times[0]))

static void check_time(const struct lemo_tzif *tz, int64_t t)
{
	int64_t until, until_before;
	int32_t offset = lemo_tzif_offset(tz, t, &until);

	FUZZ_ASSERT(offset >= -LEMO_TZIF_OFFSET_MAX &&
		    offset <= LEMO_TZIF_OFFSET_MAX);
	/* it is the same until then */
	if (until > t && until != INT64_MAX && t > times[1]) {
		FUZZ_ASSERT(lemo_tzif_offset(tz, until - 1, &until_before) ==
			    offset);
	}
}

static void check_quiet(const struct lemo_tzif *tz, int64_t t)
{
	struct lemo_quiet quiet;
	int64_t end;

	memset(&quiet, 0, sizeof(quiet));
	lemo_quiet_add(&quiet, 0x1f, 22 * 60, 7 * 60);
	if (lemo_quiet_at(&quiet, tz, t, &end))
		FUZZ_ASSERT(end > t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *file = fuzz_copy(data, size);
	struct lemo_tzif tz;
	const char *error = "";
	unsigned int i;

	if (lemo_tzif_parse(file, size, &tz, &error) == 0) {
		for (i = 0; i < TIMES_COUNT; i++)
			check_time(&tz, times[i]);
		for (i = 1; i + 1 < TIMES_COUNT; i++)
			check_quiet(&tz, times[i]);
	} else {
		FUZZ_ASSERT(*error != '\0');
	}
	free(file);
	return 0;
}
