#include "unit.h"
#include "lemo-payload.h"

#include <jansson.h>

static struct lemo_event notification(void)
{
	struct lemo_event event;

	memset(&event, 0, sizeof(event));
	event.id = "0123456789abcdef0123456789abcdef";
	event.type = LEMO_EVENT_MESSAGE_NEW;
	event.user = "joe";
	event.timestamp = "2026-01-31T12:00:00+01:00";
	event.uri = "imap://joe@mail.example.org/INBOX;UIDVALIDITY=7/;UID=42";
	event.subject = "Lunch?";
	event.notify_text = "Call\r\nme \"now\"\x01";
	event.notify_subject = "Urgent\r\nX: y";
	return event;
}

static struct lemo_payload_args args_of(enum lemo_payload level)
{
	struct lemo_payload_args args = {
		.device = "phone",
		.level = level,
		.format = LEMO_FORMAT_CLOUDEVENTS,
		.urgency = LEMO_URGENCY_NORMAL,
		.events_count = 1
	};

	return args;
}

static json_t *json_of(const struct lemo_event *event,
		       const struct lemo_payload_args *args)
{
	struct lemo_buf buf;
	json_t *json;

	lemo_buf_init(&buf, LEMO_PAYLOAD_MAX);
	lemo_payload_add(&buf, event, args);
	assert_false(buf.failed);
	json = json_loadb(buf.data, buf.len, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(json);
	lemo_buf_free(&buf);
	return json;
}

static const char *str(json_t *json, const char *name)
{
	return json_string_value(json_object_get(json, name));
}

static void assert_ntfy_title(const struct lemo_event *event,
			      const char *title)
{
	struct lemo_payload_args args = args_of(LEMO_PAYLOAD_WAKEUP);
	struct lemo_buf buf;

	args.format = LEMO_FORMAT_NTFY;
	lemo_buf_init(&buf, LEMO_PAYLOAD_MAX);
	assert_true(lemo_payload_add_header(&buf, event, &args, 0));
	assert_string_equal(buf.data, title);
	lemo_buf_free(&buf);
}

/* Whatever the level, a script's words and whose they are. */
static void test_sn_06_words_of_a_script(void **state)
{
	struct lemo_event event = notification();
	unsigned int level;

	(void)state;
	for (level = 0; level <= LEMO_PAYLOAD_SNIPPET; level++) {
		struct lemo_payload_args args = args_of(level);
		json_t *json = json_of(&event, &args), *data;

		data = json_object_get(json, "data");
		assert_string_equal(str(data, "vnd.lemonade.notifyText"),
				    "Call \nme \"now\" ");
		assert_string_equal(str(data, "user"), "joe");
		json_decref(json);
		args.format = LEMO_FORMAT_JMAP;
		json = json_of(&event, &args);
		assert_string_equal(str(json, "vnd.lemonade.notifyText"),
				    "Call \nme \"now\" ");
		json_decref(json);
		args.format = LEMO_FORMAT_GOTIFY;
		json = json_of(&event, &args);
		assert_string_equal(str(json, "title"), "Urgent  X: y");
		assert_string_equal(str(json, "message"), "Call \nme \"now\"  "
				    "(Sieve filter of joe)");
		json_decref(json);
	}
	assert_ntfy_title(&event, "Title: Urgent  X: y");
	event.notify_subject = NULL;
	assert_ntfy_title(&event, "Title: Sieve notification");
}

static void test_words_are_cut(void **state)
{
	struct lemo_event event = notification();
	struct lemo_payload_args args = args_of(LEMO_PAYLOAD_STATE);
	json_t *json;

	(void)state;
	event.notify_text = "123456789";
	event.notify_from = "boss@example.org";
	args.text_max = 5;
	args.format = LEMO_FORMAT_GOTIFY;
	json = json_of(&event, &args);
	assert_string_equal(str(json, "message"), "12345\xe2\x80\xa6 (Sieve "
			    "filter of joe, for boss@example.org)");
	json_decref(json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sn_06_words_of_a_script),
		cmocka_unit_test(test_words_are_cut)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
