/* What others write (mailbox names, subjects, a script's words), in the
   messages of all channels for people: hostile words change no structure. */

#include "unit.h"
#include "lemo-mailto.h"
#include "lemo-sip.h"
#include "lemo-sms.h"
#include "lemo-utf8.h"
#include "lemo-xmpp.h"

#include <expat.h>
#include <jansson.h>

#define LONG_LEN 10000
#define HEADERS_SIP 5
#define HEADERS_MAIL 10

static const char *const words[] = {
	"", "plain", " ", "\r\nBcc: all@example.org\r\n\r\nbody",
	"\n.\nMAIL FROM:<x>", "a\rb", "\t", "\x01\x02\x1b[31m\x7f",
	"</body><body>", "]]>", "<!--", "&lt;&#0;&x;", "'\"<>&",
	"=?utf-8?Q?=0D=0A?=", "=", "?=", "\"},\"id\":2,\"x\":{\"", "\\", "\\r\\n",
	"%0d%0a", "%s%n", "\xc2\x85\xc2\x9b", "\xe2\x80\xa8\xe2\x80\xa9",
	"\xef\xbf\xbe\xef\xbf\xbf", "\xf0\x9f\x8d\x8b", "\xcc\x88\xcc\x88",
	"\xe2\x82\xac", "^{}[]~|\\", "`", "From x", ".", "..", "-- ",
	/* no UTF-8 */
	"\xff", "\xc3", "\xed\xa0\x80", "\xf0\x9f", "\xc0\x80", "\x80\x80\x80"
};
#define ROWS (N_ELEMENTS(words) * 2)

/* Each of them by itself, and again and again up to LONG_LEN octets. */
static char *make_words(unsigned int row)
{
	const char *word = words[row / 2];
	size_t i, len = strlen(word), total = len;
	char *text = malloc(LONG_LEN + 1);

	assert_non_null(text);
	if (row % 2 == 1 && len > 0)
		total = LONG_LEN / len * len;
	for (i = 0; i < total; i++)
		text[i] = word[i % len];
	text[total] = '\0';
	return text;
}

static void fill_event(struct lemo_event *event, const char *text, bool notify)
{
	memset(event, 0, sizeof(*event));
	event->id = "0123456789abcdef0123456789abcdef";
	event->type = LEMO_EVENT_MESSAGE_NEW;
	event->timestamp = "2026-01-05T10:00:00.000+01:00";
	event->uid = 7;
	event->unseen = 3;
	event->user = event->uri = event->mailbox = text;
	event->from = event->to = event->subject = event->snippet = text;
	if (notify) {
		event->notify_text = event->notify_subject = text;
		event->notify_from = text;
	}
}

typedef void check_t(unsigned int row, const struct lemo_event *event,
		     const struct lemo_payload_args *args);

static void for_all(check_t *check)
{
	struct lemo_payload_args args = {
		.device = "phone", .level = LEMO_PAYLOAD_SNIPPET,
		.urgency = LEMO_URGENCY_NORMAL, .events_count = 2
	};
	struct lemo_event event;
	unsigned int row;
	char *text;

	for (row = 0; row < ROWS; row++) {
		text = make_words(row);
		fill_event(&event, text, false);
		check(row, &event, &args);
		fill_event(&event, text, true);
		check(row, &event, &args);
		free(text);
	}
}

static bool is_utf8(unsigned int row)
{
	return strlen(words[row / 2]) == 0 ||
		lemo_utf8_is_valid(words[row / 2], strlen(words[row / 2]));
}

static void check_sms(unsigned int row, const struct lemo_event *event,
		      const struct lemo_payload_args *args)
{
	struct lemo_buf buf;
	bool ucs2;

	lemo_buf_init(&buf, LEMO_PAYLOAD_MAX);
	lemo_sms_text_add(&buf, event, args, &ucs2);
	assert_row(row, !buf.failed);
	assert_row(row, buf.len > 0 || !is_utf8(row));
	if (buf.len > 0) {
		assert_row(row, lemo_utf8_is_valid(buf.data, buf.len));
		assert_row(row, buf.len <= LEMO_SMS_SEPTETS_MAX * 3);
		assert_row(row, memchr(buf.data, '\r', buf.len) == NULL);
	}
	lemo_buf_free(&buf);
}

static void test_sms(void **state)
{
	(void)state;
	for_all(check_sms);
}

static void check_sip_headers(unsigned int row, const char *headers)
{
	const char *line = headers, *end;
	unsigned int count = 0;

	for (; *line != '\0'; line = end + 2, count++) {
		end = strstr(line, "\r\n");
		assert_row(row, end != NULL);
		assert_row(row, strcspn(line, "\r\n") == (size_t)(end - line));
		assert_row(row, *line >= 'C' && *line <= 'T');
	}
	assert_row(row, count == HEADERS_SIP);
}

static void check_sip(unsigned int row, const struct lemo_event *event,
		      const struct lemo_payload_args *args)
{
	struct lemo_buf buf;
	json_t *json, *params;

	lemo_buf_init(&buf, LEMO_PAYLOAD_MAX);
	lemo_sip_rpc_add(&buf, "sip:bob@example.org", "sip:l@example.org",
			 event, args);
	assert_row(row, !buf.failed);
	if (is_utf8(row)) {
		json = json_loadb(buf.data, buf.len, JSON_REJECT_DUPLICATES,
				  NULL);
		params = json_object_get(json, "params");
		assert_row(row, json_object_size(json) == 4);
		assert_row(row, json_array_size(params) == 6);
		check_sip_headers(row, json_string_value(
			json_array_get(params, 4)));
		/* RFC 3428 8 */
		assert_row(row, json_string_length(json_array_get(params, 4)) +
			   json_string_length(json_array_get(params, 5)) <
			   1300);
		json_decref(json);
	}
	lemo_buf_free(&buf);
}

static void test_sip(void **state)
{
	(void)state;
	for_all(check_sip);
}

static void XMLCALL count_element(void *context, const char *name,
				  const char **attrs)
{
	unsigned int *count = context;

	(void)name;
	(void)attrs;
	(*count)++;
}

static void check_xmpp(unsigned int row, const struct lemo_event *event,
		       const struct lemo_payload_args *args)
{
	XML_Parser parser = XML_ParserCreate("UTF-8");
	unsigned int elements = 0, expected = 5;
	struct lemo_buf buf;

	lemo_buf_init(&buf, LEMO_XMPP_MESSAGE_MAX);
	lemo_xmpp_message_add(&buf, "xmpp:bob@example.org", "l@example.org",
			      event->id, event, args);
	assert_row(row, !buf.failed);
	XML_SetUserData(parser, &elements);
	XML_SetElementHandler(parser, count_element, NULL);
	assert_row(row, XML_Parse(parser, buf.data, buf.len, 1) ==
		   XML_STATUS_OK);
	/* message, subject, body, headers, header; a script's is a header
	   more; x and url if there is room */
	expected += event->notify_from != NULL ? 1 : 0;
	assert_row(row, elements == expected || elements == expected + 2);
	XML_ParserFree(parser);
	lemo_buf_free(&buf);
}

static void test_xmpp(void **state)
{
	(void)state;
	for_all(check_xmpp);
}

/* Returns the number of lines before the empty one that are no continuation. */
static unsigned int check_mail_lines(unsigned int row, const char *mail,
				     size_t len)
{
	const char *p = mail, *stop = mail + len, *end;
	unsigned int headers = 0;
	bool in_body = false;

	for (; p < stop; p = end + 2) {
		end = memchr(p, '\n', stop - p);
		assert_row(row, end != NULL && end > p && end[-1] == '\r');
		end--;
		assert_row(row, end - p <= 78);
		assert_row(row, memchr(p, '\r', end - p) == NULL);
		if (end == p)
			in_body = true;
		if (!in_body && *p != ' ')
			headers++;
		for (; p < end; p++)
			assert_row(row, *p >= ' ' && *p <= '~');
	}
	return headers;
}

static void check_mail(unsigned int row, const struct lemo_event *event,
		       const struct lemo_payload_args *args)
{
	const struct lemo_mailto_mail mail = {
		.uri = "mailto:bob@example.org", .from = "l@example.org",
		.push_id = event->id, .now = 1795505677
	};
	struct lemo_buf buf;

	lemo_buf_init(&buf, LEMO_PAYLOAD_MAX);
	assert_row(row, lemo_mailto_add(&buf, &mail, event, args));
	assert_row(row, !buf.failed);
	assert_row(row, check_mail_lines(row, buf.data, buf.len) ==
		   HEADERS_MAIL);
	lemo_buf_free(&buf);
}

static void test_mail(void **state)
{
	(void)state;
	for_all(check_mail);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sms),
		cmocka_unit_test(test_sip),
		cmocka_unit_test(test_xmpp),
		cmocka_unit_test(test_mail)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
