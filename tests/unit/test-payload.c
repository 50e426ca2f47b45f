#include "unit.h"
#include "lemo-payload.h"

#include <jansson.h>

static struct lemo_event message_new(void)
{
	struct lemo_event event;

	memset(&event, 0, sizeof(event));
	event.id = "0123456789abcdef0123456789abcdef";
	event.type = LEMO_EVENT_MESSAGE_NEW;
	event.user = "joe";
	event.timestamp = "2026-01-31T12:00:00+01:00";
	event.uri = "imap://joe@mail.example.org/INBOX;UIDVALIDITY=7/;UID=42";
	event.service = "lmtp";
	event.process = "lmtp";
	event.session = "session";
	event.server_fqdn = "mail.example.org";
	event.pid = 77777;
	event.client_ip = "192.0.2.1";
	event.client_port = 54321;
	event.admin = "root";
	event.mailbox = "INBOX";
	event.mailbox_id = "imap://joe@mail.example.org/INBOX;UIDVALIDITY=7";
	event.mailbox_guid = "00112233445566778899aabbccddeeff";
	event.uidvalidity = 7;
	event.uidnext = 43;
	event.messages = 5;
	event.unseen = 2;
	event.highest_modseq = 98;
	event.uid = 42;
	event.modseq = 99;
	event.flag_names = "\\Flagged $Forwarded";
	event.message_size = 1234;
	event.message_guid = "guid";
	event.message_id = "<id@example.org>";
	event.from = "Boss <boss@example.org>";
	event.to = "joe@example.org";
	event.subject = "Lunch?";
	event.date = "2026-01-31T11:00:00Z";
	event.snippet = "Are you hungry";
	event.feed = true;
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

/* The body, to be freed. */
static char *body_of(const struct lemo_event *event,
		     const struct lemo_payload_args *args)
{
	struct lemo_buf buf;
	char *body;

	lemo_buf_init(&buf, LEMO_PAYLOAD_MAX);
	lemo_payload_add(&buf, event, args);
	assert_false(buf.failed);
	body = strdup(buf.data);
	assert_non_null(body);
	assert_int_equal(strlen(body), buf.len);
	lemo_buf_free(&buf);
	return body;
}

static json_t *json_of(const struct lemo_event *event,
		       const struct lemo_payload_args *args)
{
	char *body = body_of(event, args);
	json_error_t error;
	json_t *json = json_loads(body, JSON_REJECT_DUPLICATES, &error);

	if (json == NULL)
		fail_msg("%s: %s", error.text, body);
	free(body);
	return json;
}

static const char *str(json_t *json, const char *name)
{
	return json_string_value(json_object_get(json, name));
}

/* CloudEvents 1.0, JSON format */
static void test_cloudevent(void **state)
{
	struct lemo_event event = message_new();
	struct lemo_payload_args args = args_of(LEMO_PAYLOAD_LOCATOR);
	json_t *json = json_of(&event, &args);

	(void)state;
	assert_string_equal(str(json, "specversion"), "1.0");
	assert_string_equal(str(json, "id"), event.id);
	assert_string_equal(str(json, "source"), "imap://mail.example.org");
	assert_string_equal(str(json, "type"), "rfc5423.MessageNew");
	assert_string_equal(str(json, "subject"), "INBOX");
	assert_string_equal(str(json, "time"), event.timestamp);
	assert_string_equal(str(json, "datacontenttype"), "application/json");
	assert_true(json_is_object(json_object_get(json, "data")));
	assert_int_equal(json_object_size(json), 8);
	json_decref(json);
}

static void test_source(void **state)
{
	static const struct {
		const char *uri, *source;
	} rows[] = {
		{ "imap://mail.example.org/", "imap://mail.example.org" },
		{ "imap://mail.example.org", "imap://mail.example.org" },
		{ "imap://a%40b@h/x@y", "imap://h" },
		{ "imap://a@h:1143/", "imap://h:1143" },
		{ "imap://a@[2001:db8::1]/", "imap://[2001:db8::1]" },
		{ "imap://h?x@y", "imap://h" },
		{ "imap:", "imap:" },
		{ "imap://", "imap://" }
	};
	struct lemo_event event = message_new();
	struct lemo_payload_args args = args_of(LEMO_PAYLOAD_STATE);
	unsigned int i;

	(void)state;
	for (i = 0; i < N_ELEMENTS(rows); i++) {
		json_t *json;

		event.uri = rows[i].uri;
		json = json_of(&event, &args);
		assert_string_equal(str(json, "source"), rows[i].source);
		json_decref(json);
	}
}

static void test_type_of_each_event(void **state)
{
	struct lemo_event event = message_new();
	struct lemo_payload_args args = args_of(LEMO_PAYLOAD_STATE);
	unsigned int i;

	(void)state;
	for (i = 0; i < LEMO_EVENT_TYPE_COUNT; i++) {
		char type[60];
		json_t *json;

		event.type = i;
		json = json_of(&event, &args);
		(void)snprintf(type, sizeof(type), "%s%s",
			       i < LEMO_EVENT_DEVICE_SET ? "rfc5423." : "",
			       lemo_event_type_name(i));
		assert_string_equal(str(json, "type"), type);
		json_decref(json);
	}
}

/* Names of data in the order in which levels add them. */
static const struct {
	const char *name;
	unsigned int level;
} data_names[] = {
	{ "deviceClientId", 0 },
	{ "user", 1 },
	{ "messages", 1 },
	{ "vnd.lemonade.unseen", 1 },
	{ "uidnext", 1 },
	{ "vnd.lemonade.highestModseq", 1 },
	{ "vnd.lemonade.eventsCount", 1 },
	{ "timestamp", 2 },
	{ "uri", 2 },
	{ "mailboxID", 2 },
	{ "vnd.lemonade.mailbox", 2 },
	{ "vnd.lemonade.mailboxGuid", 2 },
	{ "vnd.lemonade.uidvalidity", 2 },
	{ "vnd.lemonade.uid", 2 },
	{ "modseq", 2 },
	{ "vnd.lemonade.messageGuid", 2 },
	{ "flagNames", 2 },
	{ "messageSize", 2 },
	{ "vnd.lemonade.from", 3 },
	{ "vnd.lemonade.to", 3 },
	{ "vnd.lemonade.subject", 3 },
	{ "vnd.lemonade.date", 3 },
	{ "vnd.lemonade.messageId", 3 },
	{ "vnd.lemonade.snippet", 4 }
};

static void test_levels_pl_04_ev_13(void **state)
{
	struct lemo_event event = message_new();
	unsigned int level, i, count;

	(void)state;
	for (level = 0; level <= LEMO_PAYLOAD_SNIPPET; level++) {
		struct lemo_payload_args args = args_of(level);
		json_t *json, *data;

		args.events_count = 3;
		json = json_of(&event, &args);
		data = json_object_get(json, "data");
		for (i = count = 0; i < N_ELEMENTS(data_names); i++) {
			bool told = data_names[i].level <= level;

			assert_row(i, told == (json_object_get(
				data, data_names[i].name) != NULL));
			count += told;
		}
		/* and nothing else */
		assert_int_equal(json_object_size(data), count);
		assert_row(level, (str(json, "subject") != NULL) ==
			   (level >= 2));
		json_decref(json);
	}
}

/* No octet of what a level hides is anywhere in the body. */
static void test_levels_leak_nothing_pl_04(void **state)
{
	static const struct {
		const char *text;
		enum lemo_payload level;
	} secrets[] = {
		{ "joe", LEMO_PAYLOAD_STATE },
		{ "INBOX", LEMO_PAYLOAD_LOCATOR },
		{ "guid", LEMO_PAYLOAD_LOCATOR },
		{ "Forwarded", LEMO_PAYLOAD_LOCATOR },
		{ "boss", LEMO_PAYLOAD_ENVELOPE },
		{ "Lunch", LEMO_PAYLOAD_ENVELOPE },
		{ "<id@", LEMO_PAYLOAD_ENVELOPE },
		{ "hungry", LEMO_PAYLOAD_SNIPPET },
		/* no phone's business at any level */
		{ "192.0.2.1", 99 }, { "54321", 99 }, { "lmtp", 99 },
		{ "77777", 99 }, { "session", 99 }, { "root", 99 }
	};
	struct lemo_event event = message_new();
	unsigned int format, level, i, n;

	(void)state;
	for (format = 0; format <= LEMO_FORMAT_APPRISE; format++) {
		for (level = 0; level <= LEMO_PAYLOAD_SNIPPET; level++) {
			struct lemo_payload_args args = args_of(level);
			struct lemo_buf buf;

			args.format = format;
			lemo_buf_init(&buf, LEMO_PAYLOAD_MAX);
			lemo_payload_add(&buf, &event, &args);
			for (n = 0; lemo_payload_add_header(&buf, &event,
							    &args, n); n++)
				lemo_buf_addc(&buf, '\n');
			for (i = 0; i < N_ELEMENTS(secrets); i++) {
				if (secrets[i].level > level &&
				    strstr(buf.data, secrets[i].text) != NULL)
					fail_msg("level %u: %s", level,
						 buf.data);
			}
			lemo_buf_free(&buf);
		}
	}
}

/* PL-02, PL-03: what a client needs to know a push again that comes late or
   twice */
static void test_locator_pl_02_pl_03(void **state)
{
	struct lemo_event event = message_new();
	struct lemo_payload_args args = args_of(LEMO_PAYLOAD_LOCATOR);
	json_t *json, *data;

	(void)state;
	event.modseq = (1ULL << 53) - 1;
	json = json_of(&event, &args);
	data = json_object_get(json, "data");
	assert_int_equal(json_integer_value(json_object_get(
		data, "vnd.lemonade.uidvalidity")), 7);
	assert_int_equal(json_integer_value(json_object_get(
		data, "vnd.lemonade.uid")), 42);
	assert_true(json_integer_value(json_object_get(data, "modseq")) ==
		    (1LL << 53) - 1);
	json_decref(json);
}

static void test_uidset(void **state)
{
	struct lemo_event event = message_new();
	struct lemo_payload_args args = args_of(LEMO_PAYLOAD_LOCATOR);
	char uidset[8001];
	json_t *json;

	(void)state;
	event.type = LEMO_EVENT_MESSAGE_EXPUNGE;
	event.uid = 0;
	event.modseq = 0;
	event.uidset = "3:5";
	json = json_of(&event, &args);
	assert_string_equal(str(json_object_get(json, "data"), "uidset"),
			    "3:5");
	assert_null(json_object_get(json_object_get(json, "data"), "modseq"));
	json_decref(json);
	/* too long for a push, but not for a feed */
	memset(uidset, '1', sizeof(uidset) - 1);
	uidset[sizeof(uidset) - 1] = '\0';
	event.uidset = uidset;
	json = json_of(&event, &args);
	assert_null(json_object_get(json_object_get(json, "data"), "uidset"));
	json_decref(json);
	args.device = NULL;
	json = json_of(&event, &args);
	assert_string_equal(str(json_object_get(json, "data"), "uidset"),
			    uidset);
	json_decref(json);
}

static void test_feed(void **state)
{
	static const char *const names[] = {
		"service", "process", "pid", "clientIP", "clientPort",
		"admin", "vnd.lemonade.session", "serverFQDN"
	};
	struct lemo_event event = message_new();
	struct lemo_payload_args args = args_of(LEMO_PAYLOAD_WAKEUP);
	json_t *json, *data;
	unsigned int i;

	(void)state;
	args.device = NULL;
	json = json_of(&event, &args);
	data = json_object_get(json, "data");
	for (i = 0; i < N_ELEMENTS(names); i++)
		assert_row(i, json_object_get(data, names[i]) != NULL);
	assert_int_equal(json_object_size(data), N_ELEMENTS(names));
	assert_int_equal(json_integer_value(json_object_get(data, "pid")),
			 77777);
	assert_string_equal(str(data, "admin"), "root");
	json_decref(json);
}

static void test_absent_values(void **state)
{
	struct lemo_event event;
	struct lemo_payload_args args = args_of(LEMO_PAYLOAD_SNIPPET);
	json_t *json, *data;

	(void)state;
	memset(&event, 0, sizeof(event));
	event.id = "0123456789abcdef0123456789abcdef";
	event.type = LEMO_EVENT_LOGIN;
	event.user = "joe";
	event.timestamp = "2026-01-31T12:00:00+01:00";
	event.uri = "imap://h/";
	json = json_of(&event, &args);
	data = json_object_get(json, "data");
	assert_int_equal(json_object_size(data), 4);
	assert_null(str(json, "subject"));
	json_decref(json);
}

static void test_odd_mailbox_names(void **state)
{
	struct lemo_event event = message_new();
	struct lemo_payload_args args = args_of(LEMO_PAYLOAD_LOCATOR);
	json_t *json;

	(void)state;
	/* an attribute must have no control character; data may */
	event.mailbox = "a\x01\x7f\"\\\xc2\x80" "b";
	json = json_of(&event, &args);
	assert_null(str(json, "subject"));
	assert_string_equal(str(json_object_get(json, "data"),
				"vnd.lemonade.mailbox"), event.mailbox);
	json_decref(json);
	event.mailbox = "";
	json = json_of(&event, &args);
	assert_null(str(json, "subject"));
	json_decref(json);
	event.mailbox = "Gr\xc3\xbc\xc3\x9f" "e \"x\"";
	json = json_of(&event, &args);
	assert_string_equal(str(json, "subject"), event.mailbox);
	json_decref(json);
}

static void test_verification_push(void **state)
{
	struct lemo_event event = message_new();
	struct lemo_payload_args args = args_of(LEMO_PAYLOAD_SNIPPET);
	json_t *json, *data;

	(void)state;
	args.verification_code = "lKZ26X4qTxawcQAiP95rK5";
	json = json_of(&event, &args);
	data = json_object_get(json, "data");
	assert_string_equal(str(json, "type"), "lemonade.PushVerification");
	assert_string_equal(str(data, "deviceClientId"), "phone");
	assert_string_equal(str(data, "verificationCode"),
			    args.verification_code);
	assert_int_equal(json_object_size(data), 2);
	assert_null(str(json, "subject"));
	json_decref(json);
}

static void test_verification_texts(void **state)
{
	struct lemo_event event = message_new();
	struct lemo_payload_args args = args_of(LEMO_PAYLOAD_SNIPPET);
	unsigned int format;

	(void)state;
	args.verification_code = "lKZ26X4qTxawcQAiP95rK5";
	for (format = 0; format <= LEMO_FORMAT_APPRISE; format++) {
		char *body;

		args.format = format;
		body = body_of(&event, &args);
		assert_non_null(strstr(body, args.verification_code));
		/* nothing has been proved yet: nothing is told */
		assert_null(strstr(body, "Lunch"));
		assert_null(strstr(body, "boss"));
		assert_null(strstr(body, "UID=42"));
		free(body);
	}
}

static void test_control_characters_and_cuts(void **state)
{
	struct lemo_event event = message_new();
	struct lemo_payload_args args = args_of(LEMO_PAYLOAD_SNIPPET);
	char subject[2001];
	const char *text;
	json_t *json;

	(void)state;
	event.from = "a\r\nBcc: x\t\x7f\xc2\x85" "b\"\\";
	memset(subject, 'x', sizeof(subject) - 1);
	subject[sizeof(subject) - 1] = '\0';
	memcpy(subject + 499, "\xc3\xbc", 2);
	event.subject = subject;
	json = json_of(&event, &args);
	assert_string_equal(str(json_object_get(json, "data"),
				"vnd.lemonade.from"), "a  Bcc: x   b\"\\");
	text = str(json_object_get(json, "data"), "vnd.lemonade.subject");
	/* not in the middle of the umlaut */
	assert_int_equal(strlen(text), 499 + 3);
	assert_string_equal(text + 499, "\xe2\x80\xa6");
	json_decref(json);
}

/* Whoever sends mail cannot make a push too large. */
static void test_senders_cannot_fill_it(void **state)
{
	static const char fillers[] = { 'x', '"', '\\', '\001', '\n' };
	struct lemo_event event = message_new();
	unsigned int i, format;
	char text[50001];

	(void)state;
	text[sizeof(text) - 1] = '\0';
	event.from = event.to = event.subject = event.snippet = text;
	event.message_id = event.date = text;
	for (i = 0; i < N_ELEMENTS(fillers); i++) {
		memset(text, fillers[i], sizeof(text) - 1);
		for (format = 0; format <= LEMO_FORMAT_APPRISE; format++) {
			struct lemo_payload_args args =
				args_of(LEMO_PAYLOAD_SNIPPET);
			char *body;

			args.format = format;
			body = body_of(&event, &args);
			assert_row(i, strlen(body) < LEMO_PAYLOAD_MAX / 2);
			free(body);
		}
	}
}

static void test_overflow(void **state)
{
	struct lemo_event event = message_new();
	struct lemo_payload_args args = args_of(LEMO_PAYLOAD_SNIPPET);
	struct lemo_buf buf;
	char *body = body_of(&event, &args);
	size_t max, len = strlen(body);

	(void)state;
	free(body);
	for (max = 0; max < len; max += 7) {
		lemo_buf_init(&buf, max);
		lemo_payload_add(&buf, &event, &args);
		assert_true(buf.failed);
		assert_true(buf.len <= max);
		lemo_buf_free(&buf);
	}
}

static void test_content_types(void **state)
{
	static const char *const types[] = {
		"application/cloudevents+json", "text/plain; charset=utf-8",
		"application/json", "application/json"
	};
	unsigned int i;

	(void)state;
	for (i = 0; i <= LEMO_FORMAT_APPRISE; i++)
		assert_string_equal(lemo_payload_content_type(i), types[i]);
}

/* What people read at each level: title, message */
static const char *const sentences[][2] = {
	{ "New mail", "New mail" },
	{ "New mail", "2 unread" },
	{ "New mail", "INBOX: 2 unread" },
	{ "Boss <boss@example.org>", "Lunch?" },
	{ "Boss <boss@example.org>", "Lunch?\nAre you hungry" }
};

static void test_gotify(void **state)
{
	static const int priorities[] = { 1, 3, 5, 8 };
	struct lemo_event event = message_new();
	unsigned int level, urgency;

	(void)state;
	for (level = 0; level <= LEMO_PAYLOAD_SNIPPET; level++) {
		struct lemo_payload_args args = args_of(level);
		json_t *json, *extras;

		urgency = level % 4;
		args.format = LEMO_FORMAT_GOTIFY;
		args.urgency = urgency;
		json = json_of(&event, &args);
		assert_string_equal(str(json, "title"), sentences[level][0]);
		assert_string_equal(str(json, "message"),
				    sentences[level][1]);
		assert_int_equal(json_integer_value(json_object_get(
			json, "priority")), priorities[urgency]);
		extras = json_object_get(json, "extras");
		assert_row(level, (extras != NULL) == (level >= 2));
		if (extras != NULL) {
			assert_string_equal(str(json_object_get(
				json_object_get(extras,
						"client::notification"),
				"click"), "url"), event.uri);
		}
		json_decref(json);
	}
}

/* Mailbox and quota events have words and numbers of their own. */
static void test_other_events_ev_04_ev_08(void **state)
{
	static const struct {
		enum lemo_event_type type;
		const char *title;
	} rows[] = {
		{ LEMO_EVENT_QUOTA_EXCEED, "Mailbox is full" },
		{ LEMO_EVENT_QUOTA_WITHIN, "Mailbox has room again" },
		{ LEMO_EVENT_QUOTA_CHANGE, "Mailbox limit changed" },
		{ LEMO_EVENT_MAILBOX_CREATE, "Mailbox created" },
		{ LEMO_EVENT_MAILBOX_DELETE, "Mailbox deleted" },
		{ LEMO_EVENT_MAILBOX_RENAME, "Mailbox renamed" }
	};
	struct lemo_payload_args args = args_of(LEMO_PAYLOAD_LOCATOR);
	struct lemo_event event = message_new();
	json_t *json, *data;
	unsigned int i;

	(void)state;
	event.from = event.subject = NULL;
	event.disk_quota = 1000;
	event.disk_used = 990;
	event.max_messages = 50;
	event.quota_root = "User quota";
	event.old_mailbox_id = "imap://joe@mail.example.org/Old";
	for (i = 0; i < N_ELEMENTS(rows); i++) {
		event.type = rows[i].type;
		args.format = LEMO_FORMAT_GOTIFY;
		json = json_of(&event, &args);
		assert_string_equal(str(json, "title"), rows[i].title);
		json_decref(json);
	}
	args.format = LEMO_FORMAT_CLOUDEVENTS;
	json = json_of(&event, &args);
	data = json_object_get(json, "data");
	assert_int_equal(json_integer_value(json_object_get(
		data, "diskQuota")), 1000);
	assert_int_equal(json_integer_value(json_object_get(
		data, "diskUsed")), 990);
	assert_int_equal(json_integer_value(json_object_get(
		data, "maxMessages")), 50);
	assert_string_equal(str(data, "vnd.lemonade.quotaRoot"),
			    "User quota");
	assert_string_equal(str(data, "oldMailboxID"), event.old_mailbox_id);
	json_decref(json);
}

static void test_apprise(void **state)
{
	struct lemo_event event = message_new();
	unsigned int level;

	(void)state;
	for (level = 0; level <= LEMO_PAYLOAD_SNIPPET; level++) {
		struct lemo_payload_args args = args_of(level);
		json_t *json;

		args.format = LEMO_FORMAT_APPRISE;
		json = json_of(&event, &args);
		assert_string_equal(str(json, "title"), sentences[level][0]);
		assert_string_equal(str(json, "body"), sentences[level][1]);
		assert_string_equal(str(json, "type"), "info");
		assert_string_equal(str(json, "format"), "text");
		assert_int_equal(json_object_size(json), 4);
		json_decref(json);
	}
}

static void assert_header(const struct lemo_event *event,
			  const struct lemo_payload_args *args,
			  unsigned int n, const char *wanted)
{
	struct lemo_buf buf;

	lemo_buf_init(&buf, LEMO_PAYLOAD_MAX);
	assert_row(n, lemo_payload_add_header(&buf, event, args, n) ==
		   (wanted != NULL));
	assert_false(buf.failed);
	assert_string_equal(BUF_STR(&buf), wanted == NULL ? "" : wanted);
	lemo_buf_free(&buf);
}

static void test_ntfy(void **state)
{
	static const char *const priorities[] = {
		"Priority: min", "Priority: low", "Priority: default",
		"Priority: high"
	};
	struct lemo_event event = message_new();
	unsigned int level;
	char title[100], *body;

	(void)state;
	for (level = 0; level <= LEMO_PAYLOAD_SNIPPET; level++) {
		struct lemo_payload_args args = args_of(level);

		args.format = LEMO_FORMAT_NTFY;
		args.urgency = level % 4;
		body = body_of(&event, &args);
		assert_string_equal(body, sentences[level][1]);
		free(body);
		(void)snprintf(title, sizeof(title), "Title: %s",
			       sentences[level][0]);
		assert_header(&event, &args, 0, title);
		assert_header(&event, &args, 1, priorities[level % 4]);
		assert_header(&event, &args, 2, "Tags: envelope");
		assert_header(&event, &args, 3, level < 2 ? NULL :
			      "Click: imap://joe@mail.example.org/INBOX"
			      ";UIDVALIDITY=7/;UID=42");
		assert_header(&event, &args, 4, NULL);
	}
}

static void test_ntfy_header_injection(void **state)
{
	struct lemo_event event = message_new();
	struct lemo_payload_args args = args_of(LEMO_PAYLOAD_ENVELOPE);

	(void)state;
	args.format = LEMO_FORMAT_NTFY;
	event.from = "x\r\nAuthorization: y\n\x01\xc2\x9b\x7f" "z";
	event.uri = "imap://h/\r\nX: y";
	assert_header(&event, &args, 0, "Title: x  Authorization: y    z");
	assert_header(&event, &args, 3, "Click: imap://h/  X: y");
}

static void test_no_headers_elsewhere(void **state)
{
	static const enum lemo_format formats[] = {
		LEMO_FORMAT_CLOUDEVENTS, LEMO_FORMAT_GOTIFY,
		LEMO_FORMAT_APPRISE
	};
	struct lemo_event event = message_new();
	struct lemo_payload_args args = args_of(LEMO_PAYLOAD_SNIPPET);
	unsigned int i;

	(void)state;
	for (i = 0; i < N_ELEMENTS(formats); i++) {
		args.format = formats[i];
		assert_header(&event, &args, 0, NULL);
	}
}

static void test_ntfy_verification(void **state)
{
	struct lemo_event event = message_new();
	struct lemo_payload_args args = args_of(LEMO_PAYLOAD_SNIPPET);
	char *body;

	(void)state;
	args.format = LEMO_FORMAT_NTFY;
	args.verification_code = "code";
	body = body_of(&event, &args);
	assert_string_equal(body, "Verification code: code");
	free(body);
	assert_header(&event, &args, 0, "Title: Lemonade verification");
	assert_header(&event, &args, 3, NULL);
}

static void test_title_counts_events(void **state)
{
	struct lemo_event event = message_new();
	struct lemo_payload_args args = args_of(LEMO_PAYLOAD_STATE);

	(void)state;
	args.format = LEMO_FORMAT_NTFY;
	args.events_count = 3;
	assert_header(&event, &args, 0, "Title: New mail (3)");
	args.level = LEMO_PAYLOAD_ENVELOPE;
	assert_header(&event, &args, 0, "Title: Boss <boss@example.org> (3)");
	args.level = LEMO_PAYLOAD_WAKEUP;
	assert_header(&event, &args, 0, "Title: New mail");
}

/* Never an empty notification, whatever is missing. */
static void test_sentences_without_values(void **state)
{
	struct lemo_event event = message_new();
	unsigned int type, level;

	(void)state;
	event.unseen = 0;
	event.mailbox = event.subject = event.from = "";
	event.snippet = NULL;
	for (type = 0; type < LEMO_EVENT_TYPE_COUNT; type++) {
		for (level = 0; level <= LEMO_PAYLOAD_SNIPPET; level++) {
			struct lemo_payload_args args = args_of(level);
			json_t *json;

			event.type = type;
			args.format = LEMO_FORMAT_GOTIFY;
			json = json_of(&event, &args);
			assert_row(type, *str(json, "title") != '\0');
			assert_row(type, *str(json, "message") != '\0');
			json_decref(json);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cloudevent),
		cmocka_unit_test(test_source),
		cmocka_unit_test(test_type_of_each_event),
		cmocka_unit_test(test_levels_pl_04_ev_13),
		cmocka_unit_test(test_levels_leak_nothing_pl_04),
		cmocka_unit_test(test_locator_pl_02_pl_03),
		cmocka_unit_test(test_uidset),
		cmocka_unit_test(test_feed),
		cmocka_unit_test(test_absent_values),
		cmocka_unit_test(test_odd_mailbox_names),
		cmocka_unit_test(test_verification_push),
		cmocka_unit_test(test_verification_texts),
		cmocka_unit_test(test_control_characters_and_cuts),
		cmocka_unit_test(test_senders_cannot_fill_it),
		cmocka_unit_test(test_overflow),
		cmocka_unit_test(test_content_types),
		cmocka_unit_test(test_gotify),
		cmocka_unit_test(test_other_events_ev_04_ev_08),
		cmocka_unit_test(test_apprise),
		cmocka_unit_test(test_ntfy),
		cmocka_unit_test(test_ntfy_header_injection),
		cmocka_unit_test(test_no_headers_elsewhere),
		cmocka_unit_test(test_ntfy_verification),
		cmocka_unit_test(test_title_counts_events),
		cmocka_unit_test(test_sentences_without_values)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
