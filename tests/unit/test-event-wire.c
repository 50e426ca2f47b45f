#include "unit.h"
#include "lemo-event-wire.h"
#include "lemo-event-fields.h"

#define ID "0123456789abcdef0123456789abcdef"
#define HEAD "EVENT\tvnd.lemonade.event=MessageNew\tvnd.lemonade.id=" ID \
	"\tuser=joe\ttimestamp=2026-01-31T12:00:00+01:00" \
	"\turi=imap://joe@host/INBOX;UIDVALIDITY=7/;UID=42"

#define DEVICE(name) "\tdevice=" name "\001tm"
#define TEN_DEVICES(n) \
	DEVICE(n "0") DEVICE(n "1") DEVICE(n "2") DEVICE(n "3") \
	DEVICE(n "4") DEVICE(n "5") DEVICE(n "6") DEVICE(n "7") \
	DEVICE(n "8") DEVICE(n "9")

static struct lemo_event minimal(void)
{
	struct lemo_event event;

	memset(&event, 0, sizeof(event));
	event.id = ID;
	event.type = LEMO_EVENT_MESSAGE_NEW;
	event.user = "joe";
	event.timestamp = "2026-01-31T12:00:00+01:00";
	event.uri = "imap://joe@host/INBOX;UIDVALIDITY=7/;UID=42";
	return event;
}

/* Every member set, with what needs escaping where it may stand. */
static struct lemo_event complete(void)
{
	struct lemo_event event = minimal();

	event.service = "imap";
	event.process = "imap";
	event.session = "s\001ession";
	event.server_fqdn = "mail.example.org";
	event.pid = 4294967295U;
	event.client_ip = "2001:db8::1";
	event.client_port = 65535;
	event.admin = "master\tuser";
	event.mailbox = "Gr\xc3\xbc\xc3\x9f" "e/a=b";
	event.mailbox_id = "imap://joe@host/INBOX;UIDVALIDITY=7";
	event.mailbox_guid = "00112233445566778899aabbccddeeff";
	event.old_mailbox = "Old";
	event.old_mailbox_id = "imap://joe@host/Old;UIDVALIDITY=7";
	event.uidvalidity = 7;
	event.uidnext = 43;
	event.messages = 5;
	event.unseen = 2;
	event.highest_modseq = UINT64_MAX;
	event.quota_root = "User quota";
	event.disk_quota = 1ULL << 40;
	event.disk_used = 1;
	event.max_messages = 4294967296ULL;
	event.uid = 42;
	event.uidset = "1:3,7";
	event.modseq = 12345678901234ULL;
	event.flag_names = "\\Seen $Forwarded";
	event.message_size = 1ULL << 40;
	event.message_guid = "guid";
	event.message_id = "<id@example.org>";
	event.from = "\"B\\oss\" <boss@example.org>";
	event.to = "joe@example.org";
	event.subject = "tab\there, line\r\nbreak, \001 one, 1t";
	event.date = "2026-01-31T11:00:00Z";
	event.snippet = "";
	event.feed = true;
	event.devices_count = 3;
	event.devices[0].name = "phone";
	event.devices[0].verdict = LEMO_VERDICT_MATCH;
	event.devices[0].subscription =
		"{\"url\":\n\t\"https://h/\001\"}\r\n";
	event.devices[1].name = "tab\tlet";
	event.devices[1].verdict = LEMO_VERDICT_FILTER;
	event.devices[2].name = "";
	event.devices[2].verdict = "";
	event.devices[2].subscription = "";
	return event;
}

static void assert_same_string(unsigned int row, const char *a, const char *b)
{
	assert_row(row, (a == NULL) == (b == NULL));
	if (a != NULL)
		assert_string_equal(a, b);
}

static void assert_same_field(unsigned int row, const void *a, const void *b)
{
	switch (lemo_event_fields[row].kind) {
	case LEMO_FIELD_U32:
		assert_row(row, *(const uint32_t *)a == *(const uint32_t *)b);
		break;
	case LEMO_FIELD_U64:
		assert_row(row, *(const uint64_t *)a == *(const uint64_t *)b);
		break;
	case LEMO_FIELD_BOOL:
		assert_row(row, *(const bool *)a == *(const bool *)b);
		break;
	default:
		assert_same_string(row, *(const char *const *)a,
				   *(const char *const *)b);
	}
}

static void assert_same_event(const struct lemo_event *a,
			      const struct lemo_event *b)
{
	unsigned int i;

	/* the table's last row is the list of devices */
	for (i = 0; i < LEMO_EVENT_FIELDS_COUNT - 1; i++) {
		assert_same_field(
			i, lemo_event_field_get(a, &lemo_event_fields[i]),
			lemo_event_field_get(b, &lemo_event_fields[i]));
	}
	assert_int_equal(a->devices_count, b->devices_count);
	for (i = 0; i < a->devices_count; i++) {
		assert_same_string(i, a->devices[i].name, b->devices[i].name);
		assert_same_string(i, a->devices[i].verdict,
				   b->devices[i].verdict);
		assert_same_string(i, a->devices[i].subscription,
				   b->devices[i].subscription);
		assert_same_string(i, a->devices[i].text, b->devices[i].text);
		assert_same_string(i, a->devices[i].subject,
				   b->devices[i].subject);
		assert_same_string(i, a->devices[i].from, b->devices[i].from);
		assert_row(i, a->devices[i].importance ==
			   b->devices[i].importance);
		assert_row(i, a->devices[i].ttl == b->devices[i].ttl);
	}
}

/* The line without its LF, in memory that ends there. */
static char *encode(const struct lemo_event *event, size_t *len_r)
{
	struct lemo_buf buf;
	char *line;

	lemo_buf_init(&buf, LEMO_EVENT_LINE_MAX);
	lemo_event_encode(event, &buf);
	assert_false(buf.failed);
	assert_int_equal(buf.data[buf.len - 1], '\n');
	assert_ptr_equal(memchr(buf.data, '\n', buf.len),
			 buf.data + buf.len - 1);
	*len_r = buf.len - 1;
	line = exact_copy(buf.data, *len_r);
	lemo_buf_free(&buf);
	return line;
}

static void round_trip(const struct lemo_event *event)
{
	struct lemo_event decoded;
	const char *error = "none";
	size_t len;
	char *line = encode(event, &len);

	poison(&decoded, sizeof(decoded));
	if (lemo_event_decode(line, len, &decoded, &error) < 0)
		fail_msg("%s", error);
	assert_same_event(event, &decoded);
	free(line);
}

static void test_round_trip_minimal(void **state)
{
	struct lemo_event event = minimal();

	(void)state;
	round_trip(&event);
}

static void test_round_trip_complete(void **state)
{
	struct lemo_event event = complete();

	(void)state;
	round_trip(&event);
}

static void test_round_trip_each_type(void **state)
{
	struct lemo_event event = minimal();
	unsigned int i;

	(void)state;
	for (i = 0; i < LEMO_EVENT_TYPE_COUNT; i++) {
		event.type = i;
		round_trip(&event);
	}
}

static void test_round_trip_each_field_alone(void **state)
{
	struct lemo_event all = complete(), event;
	unsigned int i;

	(void)state;
	for (i = 4; i < LEMO_EVENT_FIELDS_COUNT - 2; i++) {
		const struct lemo_event_field *field = &lemo_event_fields[i];
		size_t size = field->kind == LEMO_FIELD_U32 ? 4 :
			field->kind == LEMO_FIELD_BOOL ? sizeof(bool) : 8;

		event = minimal();
		memcpy((char *)&event + field->offset,
		       lemo_event_field_get(&all, field), size);
		round_trip(&event);
	}
}

static void test_round_trip_all_devices(void **state)
{
	struct lemo_event event = minimal();
	char names[LEMO_EVENT_MAX_DEVICES][8], json[4097], token[4225];
	unsigned int i;

	(void)state;
	memset(json, 'x', sizeof(json) - 1);
	json[sizeof(json) - 1] = '\0';
	memset(token, 'x', sizeof(token) - 1);
	token[sizeof(token) - 1] = '\0';
	for (i = 0; i < LEMO_EVENT_MAX_DEVICES; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "d%u", i);
		event.devices[i].name = names[i];
		event.devices[i].verdict = LEMO_VERDICT_MATCH;
		event.devices[i].subscription = i < 10 ? json : token;
	}
	event.devices_count = LEMO_EVENT_MAX_DEVICES;
	round_trip(&event);
	/* the worst that JSON can be: all of it escaped twice */
	memset(json, '\t', sizeof(json) - 1);
	round_trip(&event);
}

/* The worst that eight scripts' words can be beside all other devices. */
static void test_round_trip_words(void **state)
{
	struct lemo_event event = minimal();
	struct lemo_event_device *device;
	char names[8][8], words[1001];
	unsigned int i;

	(void)state;
	memset(words, '\n', sizeof(words) - 1);
	words[sizeof(words) - 1] = '\0';
	for (i = 0; i < N_ELEMENTS(names); i++) {
		device = &event.devices[i];
		(void)snprintf(names[i], sizeof(names[i]), "d%u", i);
		device->name = names[i];
		device->verdict = LEMO_VERDICT_MATCH;
		device->subscription = "{}";
		device->text = words;
		device->importance = i % 4;
	}
	event.devices[0].text = "\t";
	event.devices[0].subject = "a\tb\001c";
	event.devices[0].ttl = 2419200;
	event.devices[1].from = "boss@example.org";
	/* no words, but how long the push may wait */
	event.devices[2].text = NULL;
	event.devices[2].importance = 0;
	event.devices[2].ttl = 1;
	event.devices_count = N_ELEMENTS(names);
	round_trip(&event);
}

static void test_text_of_a_line(void **state)
{
	struct lemo_event event = minimal();
	size_t len;
	char *line;

	(void)state;
	event.devices_count = 1;
	event.devices[0].name = "phone";
	event.devices[0].verdict = LEMO_VERDICT_MATCH;
	event.devices[0].subscription = "{\"a\":\t1}";
	line = encode(&event, &len);
	assert_int_equal(len, strlen(HEAD "\tdevice=phone\001tmatch\001t"
				     "{\"a\":\001" "1t1}"));
	assert_memory_equal(line, HEAD "\tdevice=phone\001tmatch\001t"
			    "{\"a\":\001" "1t1}", len);
	free(line);
}

static void test_encode_overflow(void **state)
{
	struct lemo_event event = complete();
	struct lemo_buf buf;
	size_t len;

	(void)state;
	free(encode(&event, &len));
	lemo_buf_init(&buf, len + 1);
	lemo_event_encode(&event, &buf);
	assert_false(buf.failed);
	lemo_buf_free(&buf);
	for (; len > 0; len -= len > 50 ? 50 : len) {
		lemo_buf_init(&buf, len);
		lemo_event_encode(&event, &buf);
		assert_true(buf.failed);
		assert_true(buf.len <= len);
		lemo_buf_free(&buf);
	}
}

static int decode(const char *text, size_t len, struct lemo_event *event_r,
		  const char **error_r)
{
	char *line = exact_copy(text, len);
	int ret = lemo_event_decode(line, len, event_r, error_r);

	free(line);
	return ret;
}

static void assert_refused(unsigned int row, const char *text, size_t len)
{
	struct lemo_event event;
	const char *error = NULL;

	poison(&event, sizeof(event));
	assert_row(row, decode(text, len, &event, &error) == -1);
	assert_row(row, is_poisoned(&event, sizeof(event)));
	assert_row(row, error != NULL && *error != '\0');
}

static void test_refused(void **state)
{
	static const char *const rows[] = {
		"",
		"E",
		"EVENTS",
		"STATUS\tjoe\tphone",
		"event\tuser=joe",
		"EVENT",
		"EVENT\t",
		HEAD "\t",
		HEAD "\tfeed",
		/* doubled keys */
		HEAD "\tuser=joe",
		HEAD "\tvnd.lemonade.event=MessageNew",
		HEAD "\tuidnext=1\tuidnext=1",
		/* numbers */
		HEAD "\tuidnext=",
		HEAD "\tuidnext=0",
		HEAD "\tuidnext=01",
		HEAD "\tuidnext=+1",
		HEAD "\tuidnext=-1",
		HEAD "\tuidnext= 1",
		HEAD "\tuidnext=1 ",
		HEAD "\tuidnext=0x1",
		HEAD "\tuidnext=4294967296",
		HEAD "\tuidnext=99999999999999999999",
		HEAD "\tmodseq=18446744073709551616",
		HEAD "\tvnd.lemonade.feed=2",
		/* escapes */
		HEAD "\tmailboxID=\001",
		HEAD "\tservice=\001x",
		HEAD "\tservice=a\001",
		HEAD "\tservice=\0010",
		/* URLs */
		HEAD "\tmailboxID=imap://h/a b",
		HEAD "\tmailboxID=imap://h/\xc3\xbc",
		HEAD "\tmailboxID=imap://h/\001n",
		HEAD "\tmailboxID=imap://h/\"",
		/* devices */
		HEAD "\tdevice=",
		HEAD "\tdevice=phone",
		HEAD "\tdevice=phone\001tmatch\001t{}\001tmore",
		HEAD "\tdevice=phone\001tmatch\001t{}\001tt\001t\001t",
		HEAD "\tdevice=phone\001tmatch\001t{}\001tt\001t\001t\001t",
		HEAD "\tdevice=phone\001tmatch\001t{}\001tt\001t\001t\001t4",
		HEAD "\tdevice=phone\001tmatch\001t{}\001tt\001t\001t\001t11",
		HEAD "\tdevice=phone\001tmatch\001t{}\001tt\001t\001t\001t1\001t",
		HEAD "\tdevice=phone\001tmatch\001t{}\001tt\001t\001t\001t1\001t0",
		HEAD "\tdevice=phone\001tmatch\001t{}\001tt\001t\001t\001t1\001t-1",
		HEAD "\tdevice=phone\001tmatch\001t{}\001t\001t\001t\001t0\001t"
			"2419201",
		HEAD "\tdevice=phone\001tmatch\001t{}\001tt\001t\001t\001t1\001t1"
			"\001t",
		HEAD "\tdevice=phone\001tmatch\001t\001" "1x",
		HEAD "\tdevice=phone\001tmatch\001t\001" "1",
		HEAD "\tdevice=a\001tmatch\tdevice=a\001tmatch",
		HEAD TEN_DEVICES("0") TEN_DEVICES("1") TEN_DEVICES("2"),
		/* line breaks, UTF-8 */
		HEAD "\tservice=a\nb",
		HEAD "\tservice=a\rb",
		HEAD "\n",
		HEAD "\tservice=\xc3",
		HEAD "\tservice=\xc0\x80",
		HEAD "\tvnd.other.key=\xff"
	};
	struct lemo_event event;
	const char *error;
	unsigned int i;

	(void)state;
	/* HEAD itself is good */
	assert_int_equal(decode(HEAD, strlen(HEAD), &event, &error), 0);
	for (i = 0; i < N_ELEMENTS(rows); i++)
		assert_refused(i, rows[i], strlen(rows[i]));
	assert_refused(i, HEAD "\tservice=\0", strlen(HEAD) + 10);
	assert_refused(i, HEAD "\0", strlen(HEAD) + 1);
}

#define LINE(type, id, user, timestamp, uri) \
	"EVENT\tvnd.lemonade.event=" type "\tvnd.lemonade.id=" id \
	"\tuser=" user "\ttimestamp=" timestamp "\turi=" uri
#define TS "2026-01-31T12:00:00Z"
#define U64 "uuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuu"

static void test_required_values(void **state)
{
	static const char *const rows[] = {
		LINE("", ID, "joe", TS, "imap://h/"),
		LINE("MessageNeww", ID, "joe", TS, "imap://h/"),
		LINE("3", ID, "joe", TS, "imap://h/"),
		LINE("MessageNew", "", "joe", TS, "imap://h/"),
		LINE("MessageNew", "0123456789abcdef", "joe", TS, "imap://h/"),
		LINE("MessageNew", ID "0", "joe", TS, "imap://h/"),
		LINE("MessageNew", "0123456789ABCDEF0123456789abcdef", "joe",
		     TS, "imap://h/"),
		LINE("MessageNew", "../../../../../../../../etc/pass",
		     "joe", TS, "imap://h/"),
		LINE("MessageNew", ID, "", TS, "imap://h/"),
		LINE("MessageNew", ID, U64 U64 U64 U64, TS, "imap://h/"),
		LINE("MessageNew", ID, "joe", "", "imap://h/"),
		LINE("MessageNew", ID, "joe", TS, "")
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < N_ELEMENTS(rows); i++)
		assert_refused(i, rows[i], strlen(rows[i]));
}

/* EV-11: local time with UTC offset, RFC 3339 */
static void test_timestamp_ev_11(void **state)
{
	static const char *const rows[] = {
		LINE("MessageNew", ID, "joe", "now", "imap://h/"),
		LINE("MessageNew", ID, "joe", "1767225600", "imap://h/"),
		LINE("MessageNew", ID, "joe", "2026-01-31T12:00:00",
		     "imap://h/"),
		LINE("MessageNew", ID, "joe", "2026-02-30T12:00:00Z",
		     "imap://h/"),
		LINE("MessageNew", ID, "joe", "Sat, 31 Jan 2026 12:00:00 GMT",
		     "imap://h/")
	};
	static const char good[] = LINE("MessageNew", ID, "joe",
					"2026-01-31T12:00:00-03:30",
					"imap://h/");
	struct lemo_event event;
	const char *error;
	unsigned int i;

	(void)state;
	for (i = 0; i < N_ELEMENTS(rows); i++)
		assert_refused(i, rows[i], strlen(rows[i]));
	assert_int_equal(decode(good, strlen(good), &event, &error), 0);
}

static void test_each_required_key(void **state)
{
	static const char *const keys[] = {
		"vnd.lemonade.event=MessageNew", "vnd.lemonade.id=" ID,
		"user=joe", "timestamp=" TS, "uri=imap://h/"
	};
	char line[1000];
	unsigned int i, missing, len;

	(void)state;
	for (missing = 0; missing <= N_ELEMENTS(keys); missing++) {
		struct lemo_event event;
		const char *error = NULL;

		len = (unsigned int)snprintf(line, sizeof(line), "EVENT");
		/* from last to first: the order does not matter */
		for (i = N_ELEMENTS(keys); i-- > 0;) {
			if (i != missing) {
				len += (unsigned int)snprintf(
					line + len, sizeof(line) - len,
					"\t%s", keys[i]);
			}
		}
		if (missing < N_ELEMENTS(keys))
			assert_refused(missing, line, len);
		else
			assert_int_equal(decode(line, len, &event, &error), 0);
	}
}

static void test_unknown_keys(void **state)
{
	static const char text[] = "EVENT\tx=1\tvnd.other=\001\t=\tx=1"
		"\tvnd.lemonade.event=FlagsSet\tuidnext=9"
		"\tvnd.lemonade.id=" ID "\tvnd.lemonade.ID=2\tuser=joe"
		"\ttimestamp=" TS "\turi=imap://h/\tUSER=x";
	char *line = exact_copy(text, strlen(text));
	struct lemo_event event;
	const char *error = "none";

	(void)state;
	if (lemo_event_decode(line, strlen(text), &event, &error) < 0)
		fail_msg("%s", error);
	assert_string_equal(event.user, "joe");
	assert_int_equal(event.uidnext, 9);
	assert_int_equal(event.type, LEMO_EVENT_FLAGS_SET);
	assert_int_equal(event.devices_count, 0);
	assert_null(event.service);
	free(line);
}

static void test_too_long(void **state)
{
	size_t len = LEMO_EVENT_LINE_MAX, head = strlen(HEAD "\tservice=");
	char *line = malloc(len);
	struct lemo_event event;
	const char *error = NULL;

	(void)state;
	assert_non_null(line);
	memset(line, 'x', len);
	memcpy(line, HEAD "\tservice=", head);
	assert_int_equal(lemo_event_decode(line, len, &event, &error), -1);
	assert_string_equal(error, "line too long");
	/* with its LF this one is as long as a line may be */
	memcpy(line, HEAD "\tservice=", head);
	assert_int_equal(lemo_event_decode(line, len - 1, &event, &error), 0);
	assert_int_equal(strlen(event.service), len - 1 - head);
	free(line);
}

/* Nothing behind the line is touched, whichever value is the last. */
static void test_octets_behind(void **state)
{
	static const char *const lasts[] = {
		"\tservice=x", "\tservice=", "\tservice=\001t", "\tpid=7",
		"\tdevice=a\001tb", "\tdevice=a\001t", "\tdevice=a\001tb\001t",
		"\tunknown=", "\tdevice=a\001tb\001t\0011n"
	};
	char line[1000];
	unsigned int i;

	(void)state;
	for (i = 0; i < N_ELEMENTS(lasts); i++) {
		struct lemo_event event;
		const char *error;
		size_t len;

		len = (size_t)snprintf(line, sizeof(line), "%s%s", HEAD,
				       lasts[i]);
		line[len] = '\n';
		line[len + 1] = '!';
		assert_row(i, lemo_event_decode(line, len, &event,
						&error) == 0);
		assert_row(i, line[len] == '\n' && line[len + 1] == '!');
	}
}

static void test_tabescape(void **state)
{
	static const struct {
		const char *str;
		size_t len;
		const char *escaped;
	} rows[] = {
		{ "", 0, "" },
		{ "plain", 5, "plain" },
		{ "\t", 1, "\001t" },
		{ "a\tb\nc\rd\001e", 9, "a\001tb\001nc\001rd\0011e" },
		{ "\0", 1, "\0010" },
		{ "\001\001", 2, "\0011\0011" },
		{ "\002\x0b\x1f\x7f\xc3\xbc", 6, "\002\x0b\x1f\x7f\xc3\xbc" }
	};
	struct lemo_buf buf;
	unsigned int i;

	(void)state;
	lemo_buf_init(&buf, 100);
	for (i = 0; i < N_ELEMENTS(rows); i++) {
		lemo_buf_addc(&buf, 'x'); /* has memory from now on */
		lemo_buf_reset(&buf);
		lemo_tabescape(&buf, rows[i].str, rows[i].len);
		assert_string_equal(BUF_STR(&buf), rows[i].escaped);
		if (memchr(rows[i].str, '\0', rows[i].len) != NULL)
			continue;
		assert_row(i, lemo_tabunescape(buf.data, buf.len) ==
			   (ptrdiff_t)rows[i].len);
		if (rows[i].len > 0) {
			assert_memory_equal(buf.data, rows[i].str,
					    rows[i].len);
		}
	}
	lemo_buf_free(&buf);
}

static void test_tabunescape_fails(void **state)
{
	static const struct {
		const char *str;
		size_t len;
	} rows[] = {
		{ "\001", 1 }, { "a\001", 2 }, { "\001t\001", 3 },
		{ "\0010", 2 }, { "\001T", 2 }, { "\001\001", 2 },
		{ "\0012", 2 }, { "\0", 1 }, { "a\0\001t", 4 }, { "\001t\0", 3 }
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < N_ELEMENTS(rows); i++) {
		char *copy = exact_copy(rows[i].str, rows[i].len);

		assert_row(i, lemo_tabunescape(copy, rows[i].len) == -1);
		free(copy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip_minimal),
		cmocka_unit_test(test_round_trip_complete),
		cmocka_unit_test(test_round_trip_each_type),
		cmocka_unit_test(test_round_trip_each_field_alone),
		cmocka_unit_test(test_round_trip_all_devices),
		cmocka_unit_test(test_round_trip_words),
		cmocka_unit_test(test_text_of_a_line),
		cmocka_unit_test(test_encode_overflow),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_required_values),
		cmocka_unit_test(test_timestamp_ev_11),
		cmocka_unit_test(test_each_required_key),
		cmocka_unit_test(test_unknown_keys),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_octets_behind),
		cmocka_unit_test(test_tabescape),
		cmocka_unit_test(test_tabunescape_fails)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
