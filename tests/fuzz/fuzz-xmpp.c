#include "fuzz.h"
#include "lemo-device-uri.h"
#include "lemo-xmpp.h"
#include "lemo-xmpp-reader.h"

#define FROM "lemonade@notify.example.org"

/* What may stand in an address cannot end an attribute. */
static void check_uri(const char *str)
{
	struct lemo_xmpp_uri uri;
	struct lemo_buf value;
	const char *error;

	lemo_buf_init(&value, LEMO_XMPP_URI_MAX);
	if (lemo_xmpp_uri_parse(str, &uri, &error) < 0) {
		FUZZ_ASSERT(*error != '\0');
		FUZZ_ASSERT(lemo_xmpp_refusal(str, FROM, "") != NULL);
		return;
	}
	FUZZ_ASSERT(lemo_device_uri_find(str) != NULL);
	FUZZ_ASSERT(strlen(str) <= LEMO_XMPP_URI_MAX);
	FUZZ_ASSERT(uri.jid_len <= LEMO_XMPP_JID_MAX);
	FUZZ_ASSERT(uri.bare_len <= uri.jid_len && uri.domain_len > 0);
	FUZZ_ASSERT(strcspn(uri.jid, "\r\n\t <>&'\"%;") >= uri.jid_len);
	(void)lemo_xmpp_uri_get(&uri, "body", &value);
	FUZZ_ASSERT(!value.failed);
	lemo_buf_free(&value);
}

/* Whatever the text: one stanza, well-formed, and no element more. */
static void check_text(const char *str, size_t len)
{
	static const char begin[] = "<stream:stream xmlns='jabber:component:"
		"accept' xmlns:stream='http://etherx.jabber.org/streams'>"
		"<message id='";
	struct lemo_xmpp_reader *reader = lemo_xmpp_reader_init();
	const struct lemo_xmpp_stanza *stanza;
	const char *error;
	struct lemo_buf buf;

	lemo_buf_init(&buf, 2 * LEMO_XMPP_STANZA_MAX);
	lemo_buf_adds(&buf, begin);
	lemo_xmpp_text_add(&buf, str, len);
	lemo_buf_adds(&buf, "'><body>");
	lemo_xmpp_text_add(&buf, str, len);
	lemo_buf_adds(&buf, "</body></message>");
	if (!buf.failed && buf.len <= LEMO_XMPP_STANZA_MAX) {
		lemo_xmpp_reader_push(reader, buf.data, buf.len);
		FUZZ_ASSERT(lemo_xmpp_reader_next(reader, &stanza,
						  &error) == 1);
		FUZZ_ASSERT(stanza->kind == LEMO_XMPP_OPEN);
		FUZZ_ASSERT(lemo_xmpp_reader_next(reader, &stanza,
						  &error) == 1);
		FUZZ_ASSERT(stanza->kind == LEMO_XMPP_MESSAGE);
		FUZZ_ASSERT(lemo_xmpp_reader_next(reader, &stanza,
						  &error) == 0);
	}
	lemo_buf_free(&buf);
	lemo_xmpp_reader_deinit(&reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *str = fuzz_string(data, size);
	char *text = fuzz_copy(data, size);

	check_uri(str);
	(void)lemo_xmpp_is_address(str);
	check_text(text, size);
	free(text);
	free(str);
	return 0;
}
