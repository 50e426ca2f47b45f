#include "fuzz.h"
#include "lemo-device-uri.h"
#include "lemo-subscription.h"

static void check(const struct lemo_subscription *sub)
{
	bool webpush;

	FUZZ_ASSERT(sub->channel != NULL && sub->filter != NULL);
	webpush = strcmp(sub->channel, "webpush") == 0;
	FUZZ_ASSERT((sub->url != NULL) ==
		    (webpush || strcmp(sub->channel, "webhook") == 0 ||
		     lemo_device_uri_of_channel(sub->channel) != NULL));
	FUZZ_ASSERT(!webpush || (sub->p256dh != NULL && sub->auth != NULL));
	FUZZ_ASSERT(sub->payload <= LEMO_PAYLOAD_SNIPPET);
	FUZZ_ASSERT(sub->urgency <= LEMO_URGENCY_HIGH);
	FUZZ_ASSERT(sub->format <= LEMO_FORMAT_APPRISE);
	FUZZ_ASSERT(sub->ttl <= LEMO_DEVICE_TTL_MAX);
	FUZZ_ASSERT(sub->collapse <= LEMO_DEVICE_COLLAPSE_MAX);
	FUZZ_ASSERT(sub->expires >= 0);
	FUZZ_ASSERT(sub->url == NULL ||
		    strlen(sub->url) <= LEMO_DEVICE_URL_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *json = fuzz_copy(data, size);
	struct lemo_subscription *sub;
	struct lemo_subscription_error error;

	if (lemo_subscription_parse(json, size, "phone", &sub, &error) == 0) {
		check(sub);
		lemo_subscription_free(&sub);
	} else {
		FUZZ_ASSERT(strlen(error.field) <= LEMO_DEVICE_NAME_MAX);
		FUZZ_ASSERT(*error.reason != '\0');
		FUZZ_ASSERT(error.pos <= size);
	}
	free(json);
	return 0;
}
