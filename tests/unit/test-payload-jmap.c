#include "unit.h"
#include "lemo-payload.h"

#include <jansson.h>

#define ID "0123456789abcdef0123456789abcdef"

static struct lemo_event event_of(enum lemo_event_type type)
{
	struct lemo_event event;

	memset(&event, 0, sizeof(event));
	event.id = ID;
	event.type = type;
	event.user = "joe@example.org";
	event.timestamp = "2026-01-31T12:00:00+01:00";
	event.uri = "imap://joe@mail.example.org/INBOX;UIDVALIDITY=7/;UID=42";
	event.mailbox = "INBOX";
	event.uidvalidity = 7;
	event.uidnext = 43;
	event.messages = 5;
	event.uid = 42;
	event.from = "Boss <boss@example.org>";
	event.subject = "Lunch?";
	return event;
}

static json_t *json_of(const struct lemo_event *event, const char *device,
		       enum lemo_payload level, const char *code)
{
	struct lemo_payload_args args = {
		.device = device, .level = level, .format = LEMO_FORMAT_JMAP,
		.events_count = 1, .verification_code = code
	};
	struct lemo_buf buf;
	json_error_t error;
	json_t *json;

	lemo_buf_init(&buf, LEMO_PAYLOAD_MAX);
	lemo_payload_add(&buf, event, &args);
	assert_false(buf.failed);
	json = json_loadb(buf.data, buf.len, JSON_REJECT_DUPLICATES, &error);
	if (json == NULL)
		fail_msg("%s: %s", error.text, buf.data);
	lemo_buf_free(&buf);
	return json;
}

static const char *str(json_t *json, const char *name)
{
	return json_string_value(json_object_get(json, name));
}

/* RFC 8620 7.1 */
static void test_state_change_pl_04(void **state)
{
	struct lemo_event event = event_of(LEMO_EVENT_MESSAGE_NEW);
	json_t *json = json_of(&event, "phone", LEMO_PAYLOAD_STATE, NULL);
	json_t *changed = json_object_get(json, "changed");
	json_t *types = json_object_get(changed, "joe_40example_2Eorg");

	(void)state;
	assert_string_equal(str(json, "@type"), "StateChange");
	assert_int_equal(json_object_size(changed), 1);
	assert_int_equal(json_object_size(types), 3);
	assert_string_equal(str(types, "Email"), ID);
	assert_string_equal(str(types, "EmailDelivery"), ID);
	assert_string_equal(str(types, "Mailbox"), ID);
	assert_string_equal(str(json, "deviceClientId"), "phone");
	assert_string_equal(str(json, "user"), "joe@example.org");
	assert_int_equal(json_integer_value(json_object_get(json,
							    "messages")), 5);
	assert_null(json_object_get(json, "vnd.lemonade.uid"));
	assert_null(json_object_get(json, "vnd.lemonade.subject"));
	json_decref(json);
}

/* What withdraws an alert says that nothing is unseen any more. */
static void test_zero_is_told(void **state)
{
	struct lemo_event event = event_of(LEMO_EVENT_MESSAGE_EXPUNGE);
	json_t *json, *unseen;

	(void)state;
	event.messages = 0;
	json = json_of(&event, "phone", LEMO_PAYLOAD_STATE, NULL);
	unseen = json_object_get(json, "vnd.lemonade.unseen");
	assert_true(json_is_integer(unseen));
	assert_int_equal(json_integer_value(unseen), 0);
	assert_true(json_is_integer(json_object_get(json, "messages")));
	json_decref(json);
	/* nobody has looked: not known */
	event.uidnext = 0;
	json = json_of(&event, "phone", LEMO_PAYLOAD_STATE, NULL);
	assert_null(json_object_get(json, "vnd.lemonade.unseen"));
	json_decref(json);
}

static void test_wake_up_pl_04(void **state)
{
	struct lemo_event event = event_of(LEMO_EVENT_MESSAGE_NEW);
	json_t *json = json_of(&event, "my.phone_1", LEMO_PAYLOAD_WAKEUP,
			       NULL);
	json_t *changed = json_object_get(json, "changed");

	(void)state;
	assert_int_equal(json_object_size(json), 3);
	assert_int_equal(json_object_size(changed), 1);
	assert_non_null(json_object_get(changed, "my_2Ephone_5F1"));
	assert_string_equal(str(json, "deviceClientId"), "my.phone_1");
	json_decref(json);
}

static void test_types(void **state)
{
	static const struct {
		enum lemo_event_type event;
		unsigned int count;
		const char *type;
	} rows[] = {
		{ LEMO_EVENT_MESSAGE_NEW, 3, "EmailDelivery" },
		{ LEMO_EVENT_MESSAGE_APPEND, 2, "Email" },
		{ LEMO_EVENT_MESSAGE_READ, 2, "Mailbox" },
		{ LEMO_EVENT_FLAGS_CLEAR, 2, "Email" },
		{ LEMO_EVENT_MAILBOX_RENAME, 1, "Mailbox" },
		{ LEMO_EVENT_QUOTA_EXCEED, 1, "Quota" },
		{ LEMO_EVENT_LOGIN, 0, NULL }
	};
	json_t *json, *types;
	unsigned int i;

	(void)state;
	for (i = 0; i < N_ELEMENTS(rows); i++) {
		struct lemo_event event = event_of(rows[i].event);

		json = json_of(&event, "p", LEMO_PAYLOAD_WAKEUP, NULL);
		types = json_object_get(json_object_get(json, "changed"), "p");
		assert_row(i, json_object_size(types) == rows[i].count);
		assert_row(i, rows[i].type == NULL ||
			   str(types, rows[i].type) != NULL);
		json_decref(json);
	}
}

/* RFC 8620 7.2.2 */
static void test_verification(void **state)
{
	struct lemo_event event = event_of(LEMO_EVENT_DEVICE_SET);
	json_t *json = json_of(&event, "phone", LEMO_PAYLOAD_SNIPPET, "c0de");

	(void)state;
	assert_int_equal(json_object_size(json), 3);
	assert_string_equal(str(json, "@type"), "PushVerification");
	assert_string_equal(str(json, "pushSubscriptionId"), "phone");
	assert_string_equal(str(json, "verificationCode"), "c0de");
	json_decref(json);
}

/* RFC 8620 1.2: 1 to 255 octets of A-Za-z0-9-_ */
static void test_ids(void **state)
{
	struct lemo_event event = event_of(LEMO_EVENT_MESSAGE_NEW);
	char user[LEMO_USER_MAX + 1];
	json_t *json, *value;
	const char *id;

	(void)state;
	memset(user, '"', LEMO_USER_MAX);
	user[LEMO_USER_MAX] = '\0';
	event.user = user;
	json = json_of(&event, "phone", LEMO_PAYLOAD_STATE, NULL);
	json_object_foreach(json_object_get(json, "changed"), id, value) {
		assert_int_equal(strlen(id), 255);
		assert_int_equal(strspn(id, "_2"), 255);
	}
	json_decref(json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_state_change_pl_04),
		cmocka_unit_test(test_zero_is_told),
		cmocka_unit_test(test_wake_up_pl_04),
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_verification),
		cmocka_unit_test(test_ids)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
