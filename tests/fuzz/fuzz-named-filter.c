#include "fuzz.h"
#include "lemo-named-filter.h"

static bool is_good(const char *value, size_t len)
{
	const char *error = NULL;
	size_t pos = SIZE_MAX;

	if (lemo_named_filter_check(value, len, &error, &pos) == 0)
		return true;
	FUZZ_ASSERT(error != NULL && pos <= len);
	return false;
}

/* What was accepted stands for itself: twice in a row it is still whole. */
static void check_twice(const char *value, size_t len)
{
	char *twice = malloc(2 * len + 1);

	FUZZ_ASSERT(twice != NULL);
	memcpy(twice, value, len);
	twice[len] = ' ';
	memcpy(twice + len + 1, value, len);
	FUZZ_ASSERT(2 * len + 1 > LEMO_NAMED_FILTER_SIZE_MAX ||
		    is_good(twice, 2 * len + 1));
	free(twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *value = (const char *)data;

	if (is_good(value, size)) {
		FUZZ_ASSERT(memchr(value, '\0', size) == NULL);
		check_twice(value, size);
	}
	/* a name is a value without anything special in it */
	if (lemo_named_filter_name_is_valid(value, size))
		FUZZ_ASSERT(is_good(value, size));
	return 0;
}
