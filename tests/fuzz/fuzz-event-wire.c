#include "fuzz.h"
#include "lemo-event-wire.h"
#include "lemo-payload.h"

/* What was decoded, encoded, and decoded again, encodes to the same line. */
static void check_round_trip(const struct lemo_event *event)
{
	struct lemo_event again;
	struct lemo_buf first, second;
	const char *error;
	char *line;

	lemo_buf_init(&first, 2 * LEMO_EVENT_LINE_MAX);
	lemo_buf_init(&second, 2 * LEMO_EVENT_LINE_MAX);
	lemo_event_encode(event, &first);
	line = fuzz_copy((const uint8_t *)first.data, first.len - 1);
	if (lemo_event_decode(line, first.len - 1, &again, &error) == 0) {
		lemo_event_encode(&again, &second);
		FUZZ_ASSERT(second.len == first.len &&
			    memcmp(first.data, second.data, first.len) == 0);
	} else {
		/* it may have grown past the limit, nothing else */
		FUZZ_ASSERT(first.len > LEMO_EVENT_LINE_MAX);
	}
	free(line);
	lemo_buf_free(&first);
	lemo_buf_free(&second);
}

/* Any decoded event makes a payload of each kind. */
static void check_payloads(const struct lemo_event *event, unsigned int seed)
{
	struct lemo_payload_args args = {
		.device = (seed & 1) != 0 ? "phone" : NULL,
		.level = seed % (LEMO_PAYLOAD_SNIPPET + 1),
		.format = seed / 8 % (LEMO_FORMAT_APPRISE + 1),
		.events_count = seed
	};
	struct lemo_buf buf;
	unsigned int n;

	lemo_buf_init(&buf, LEMO_PAYLOAD_MAX);
	lemo_payload_add(&buf, event, &args);
	FUZZ_ASSERT(buf.failed || buf.len > 0);
	for (n = 0; n < 10; n++) {
		lemo_buf_reset(&buf);
		if (!lemo_payload_add_header(&buf, event, &args, n))
			break;
		FUZZ_ASSERT(strpbrk(buf.data, "\r\n") == NULL);
	}
	FUZZ_ASSERT(n < 10);
	lemo_buf_free(&buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *line = fuzz_copy(data, size);
	struct lemo_event event;
	const char *error;

	if (lemo_event_decode(line, size, &event, &error) == 0) {
		check_round_trip(&event);
		check_payloads(&event, (unsigned int)size);
	}
	free(line);
	return 0;
}
