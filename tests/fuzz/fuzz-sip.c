#include "fuzz.h"
#include "lemo-device-uri.h"
#include "lemo-sip.h"

/* What may stand in a URI cannot end it, nor a header. */
static void check_uri(const char *str)
{
	struct lemo_sip_uri uri;
	const char *error;

	if (lemo_sip_uri_parse(str, &uri, &error) < 0) {
		FUZZ_ASSERT(*error != '\0');
		FUZZ_ASSERT(lemo_sip_refusal(str, str, "") != NULL);
		return;
	}
	FUZZ_ASSERT(lemo_device_uri_find(str) != NULL);
	FUZZ_ASSERT(strlen(str) <= LEMO_SIP_URI_MAX);
	FUZZ_ASSERT(strpbrk(str, "\r\n\t <>\"\\;?&%,") == NULL);
	FUZZ_ASSERT(uri.user_len > 0 && uri.host_len > 0);
	FUZZ_ASSERT(uri.port <= 65535);
	FUZZ_ASSERT(lemo_sip_refusal(str, str, "") == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *str = fuzz_string(data, size);
	char *answer = fuzz_copy(data, size);
	unsigned int code;

	check_uri(str);
	if (lemo_sip_rpc_parse(answer, size, &code) == LEMO_SIP_RPC_UNKNOWN)
		FUZZ_ASSERT(code == 0);
	else
		FUZZ_ASSERT(code >= 100 && code < 700);
	free(answer);
	free(str);
	return 0;
}
