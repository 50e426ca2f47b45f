#include "fuzz.h"
#include "lemo-weburl.h"

/* Its origin is a URL of the same origin. */
static void check(const struct lemo_weburl *url)
{
	struct lemo_weburl again;
	const char *error;

	FUZZ_ASSERT(url->port > 0 && url->host[0] != '\0');
	FUZZ_ASSERT(strlen(url->origin) < sizeof(url->origin));
	FUZZ_ASSERT(lemo_weburl_parse(url->origin, &again, &error) == 0);
	FUZZ_ASSERT(strcmp(url->host, again.host) == 0);
	FUZZ_ASSERT(strcmp(url->origin, again.origin) == 0);
	FUZZ_ASSERT(url->port == again.port && url->https == again.https &&
		    url->host_is_ip == again.host_is_ip);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *str = fuzz_string(data, size);
	struct lemo_weburl url;
	const char *error;

	if (lemo_weburl_parse(str, &url, &error) == 0)
		check(&url);
	else
		FUZZ_ASSERT(*error != '\0');
	free(str);
	return 0;
}
