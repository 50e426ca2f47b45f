#include "fuzz.h"
#include "lemo-notify-uri.h"
#include "lemo-utf8.h"

static void check_text(const char *text, size_t max)
{
	FUZZ_ASSERT(strlen(text) <= max + 3);
	FUZZ_ASSERT(lemo_utf8_is_valid(text, strlen(text)));
	FUZZ_ASSERT(strchr(text, '\r') == NULL);
}

/* What comes out can end no string of JSON, and is its own normal form. */
static void check_uri(const char *str)
{
	char again[LEMO_DEVICE_URL_MAX + 1];
	struct lemo_notify_uri uri;
	const char *error;
	size_t len;

	if (lemo_notify_uri_parse(str, &uri, &error) < 0) {
		FUZZ_ASSERT(*error != '\0');
		return;
	}
	FUZZ_ASSERT(strpbrk(uri.url, "\r\n\t \"\\<>") == NULL);
	FUZZ_ASSERT(strlen(uri.url) <= LEMO_DEVICE_URL_MAX);
	FUZZ_ASSERT(lemo_notify_normalize(uri.url, again));
	FUZZ_ASSERT(strcmp(uri.url, again) == 0);
	FUZZ_ASSERT(lemo_notify_listed(uri.url, uri.url, &len) != NULL ||
		    strchr(uri.url, ',') != NULL);
	check_text(uri.body, LEMO_NOTIFY_TEXT_MAX);
	check_text(uri.subject, LEMO_NOTIFY_SUBJECT_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *str = fuzz_string(data, size), clean[40];
	const char *error;
	size_t len, pos;

	check_uri(str);
	if (lemo_notify_list_check(str, &error, &pos) < 0)
		FUZZ_ASSERT(pos <= strlen(str));
	(void)lemo_notify_listed(str, "sip:bob@example.org", &len);
	if (lemo_utf8_is_valid(str, strlen(str))) {
		lemo_notify_clean(str, strlen(str), sizeof(clean) - 4, clean);
		check_text(clean, sizeof(clean) - 4);
	}
	free(str);
	return 0;
}
