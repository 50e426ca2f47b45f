#include "fuzz.h"
#include "lemo-presence.h"

/* What was read is written and read again as it was. It may become longer:
   a CR that came as it is gets escaped. */
static void check(const struct lemo_presence *presence)
{
	struct lemo_presence again;
	struct lemo_buf buf;
	const char *error;
	unsigned int i;

	FUZZ_ASSERT(presence->devices_count <= LEMO_DEVICES_MAX);
	lemo_buf_init(&buf, LEMO_PRESENCE_LINE_MAX + 1);
	lemo_presence_encode(presence, &buf);
	if (buf.failed) {
		lemo_buf_free(&buf);
		return;
	}
	FUZZ_ASSERT(lemo_presence_decode(buf.data, buf.len - 1, &again,
					 &error) == 0);
	FUZZ_ASSERT(strcmp(again.user, presence->user) == 0);
	FUZZ_ASSERT(strcmp(again.session, presence->session) == 0);
	FUZZ_ASSERT(strcmp(again.client_ip, presence->client_ip) == 0);
	FUZZ_ASSERT(again.devices_count == presence->devices_count);
	for (i = 0; i < again.devices_count; i++) {
		FUZZ_ASSERT(lemo_presence_has_device(presence,
						     again.devices[i]));
	}
	lemo_buf_free(&buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *line = fuzz_string(data, size);
	struct lemo_presence presence;
	const char *error;

	if (lemo_presence_decode(line, size, &presence, &error) == 0)
		check(&presence);
	else
		FUZZ_ASSERT(*error != '\0');
	free(line);
	return 0;
}
