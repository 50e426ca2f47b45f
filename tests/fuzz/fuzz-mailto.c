#include "fuzz.h"
#include "lemo-mailto.h"
#include "lemo-utf8.h"

#define FROM "lemonade@example.org"

/* What may stand in an address cannot end it, nor a header or a command. */
static void check_uri(const char *str)
{
	struct lemo_mailto_address to;
	const char *error;

	if (lemo_mailto_parse(str, &to, &error) < 0) {
		FUZZ_ASSERT(lemo_mailto_refusal(str, FROM, "*") != NULL);
		FUZZ_ASSERT(!lemo_mailto_is_own(str, str, str));
		return;
	}
	FUZZ_ASSERT(to.local_len > 0 && to.domain_len > 0);
	FUZZ_ASSERT(strlen(to.local) <= LEMO_MAILTO_ADDRESS_MAX);
	FUZZ_ASSERT(strpbrk(str, "\r\n\t <>()[]\"\\;?&%,!|/") == NULL);
	FUZZ_ASSERT(lemo_mailto_is_own(str, to.local, NULL));
	FUZZ_ASSERT(lemo_mailto_refusal(str, to.local, "") == NULL);
}

static void check_relay(const char *str)
{
	struct lemo_mailto_relay relay;
	const char *error;

	if (lemo_mailto_relay_parse(str, &relay, &error) < 0)
		return;
	FUZZ_ASSERT(relay.port > 0 && *relay.host != '\0');
	FUZZ_ASSERT(strpbrk(relay.host, "\r\n /@") == NULL);
}

/* A mailbox of this name makes a mail all the same: one header, one text, no
   line too long. */
static void check_mail(const char *str)
{
	const struct lemo_event event = {
		.type = LEMO_EVENT_MESSAGE_NEW, .user = str, .uri = str,
		.mailbox = str
	};
	const struct lemo_payload_args args = {
		.device = "phone", .level = LEMO_PAYLOAD_LOCATOR,
		.events_count = 1
	};
	const struct lemo_mailto_mail mail = {
		.uri = "mailto:b@h", .from = FROM, .push_id = "0"
	};
	struct lemo_buf buf;
	size_t i, start = 0;

	lemo_buf_init(&buf, LEMO_PAYLOAD_MAX);
	FUZZ_ASSERT(lemo_mailto_add(&buf, &mail, &event, &args));
	FUZZ_ASSERT(!buf.failed);
	for (i = 0; i < buf.len; i++) {
		FUZZ_ASSERT((unsigned char)buf.data[i] < 0x7f);
		if (buf.data[i] != '\n')
			continue;
		FUZZ_ASSERT(i > 0 && buf.data[i - 1] == '\r');
		FUZZ_ASSERT(i - start <= LEMO_MAILTO_ADDRESS_MAX + 40);
		start = i + 1;
	}
	FUZZ_ASSERT(start == buf.len);
	lemo_buf_free(&buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *str = fuzz_string(data, size);

	check_uri(str);
	check_relay(str);
	(void)lemo_mailto_is_automatic(str, str);
	if (lemo_utf8_is_valid(str, strlen(str)))
		check_mail(str);
	free(str);
	return 0;
}
