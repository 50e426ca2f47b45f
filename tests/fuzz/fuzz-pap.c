#include "fuzz.h"
#include "lemo-pap.h"

static void check_request(const char *str)
{
	char boundary[LEMO_PAP_BOUNDARY_SIZE];
	struct lemo_pap_push push = {
		.push_id = str, .number = "+49301234567", .ppg = "ppg.test",
		.emn = str, .emn_len = strlen(str)
	};
	struct lemo_buf buf;

	lemo_buf_init(&buf, 4096);
	if (lemo_pap_add(&buf, &push, boundary) < 0)
		FUZZ_ASSERT(buf.len == 0);
	else {
		FUZZ_ASSERT(strpbrk(str, "<>&\"' \r\n") == NULL);
		FUZZ_ASSERT(strstr(str, boundary) == NULL);
	}
	lemo_buf_free(&buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *str = fuzz_string(data, size);
	char *answer = fuzz_copy(data, size);
	unsigned int code = lemo_pap_code(answer, size);

	FUZZ_ASSERT(code == 0 || (code >= 1000 && code <= 9999));
	check_request(str);
	free(answer);
	free(str);
	return 0;
}
