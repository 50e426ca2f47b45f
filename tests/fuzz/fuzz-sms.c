#include "fuzz.h"
#include "lemo-sms.h"
#include "lemo-utf8.h"

static void check_text(const char *text, size_t len)
{
	bool ucs2;
	size_t fits = lemo_sms_fit(text, len, &ucs2);

	FUZZ_ASSERT(fits <= len && lemo_utf8_is_valid(text, fits));
	FUZZ_ASSERT(lemo_utf8_cut(text, len, fits) == fits);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *str = fuzz_string(data, size);
	struct lemo_sms_number number;
	const char *error;
	size_t pos;

	if (lemo_sms_parse_url(str, &number, &error) == 0) {
		FUZZ_ASSERT(number.digits[0] == '+');
		FUZZ_ASSERT(strspn(number.digits + 1, "0123456789") ==
			    strlen(number.digits) - 1);
		FUZZ_ASSERT(lemo_sms_refusal(str, number.digits) == NULL);
	}
	FUZZ_ASSERT(lemo_sms_allow_check(str, &error, &pos) == 0 ||
		    pos < strlen(str));
	if (lemo_utf8_is_valid(str, strlen(str)))
		check_text(str, strlen(str));
	free(str);
	return 0;
}
