#include "unit.h"
#include "lemo-subscription.h"

#define URL "\"url\":\"https://push.example.org/abc\""
#define P256DH "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bj" \
	"yPjs7Vd8pZGH6SRpkNtoIAiw4"
#define AUTH "BTBZMqHH6r4Tts7J_aSIgg"
#define KEYS "\"keys\":{\"p256dh\":\"" P256DH "\",\"auth\":\"" AUTH "\"}"

static struct lemo_subscription *parse(const char *json)
{
	struct lemo_subscription *sub = NULL;
	struct lemo_subscription_error error;
	size_t len = strlen(json);
	char *copy = exact_copy(json, len);

	if (lemo_subscription_parse(copy, len, "phone", &sub, &error) < 0)
		fail_msg("%s: field \"%s\": %s", json, error.field,
			 error.reason);
	/* nothing points into the text */
	poison(copy, len);
	free(copy);
	return sub;
}

static void test_defaults(void **state)
{
	struct lemo_subscription *sub = parse("{" URL "}");

	(void)state;
	assert_string_equal(sub->channel, "webhook");
	assert_string_equal(sub->url, "https://push.example.org/abc");
	assert_null(sub->p256dh);
	assert_null(sub->auth);
	assert_null(sub->verification_code);
	assert_string_equal(sub->filter, LEMO_FILTER_DEFAULT);
	assert_true(sub->filter_is_default);
	assert_null(sub->events);
	assert_true(sub->expires == 0);
	assert_int_equal(sub->urgency, LEMO_URGENCY_NORMAL);
	assert_int_equal(sub->format, LEMO_FORMAT_CLOUDEVENTS);
	assert_int_equal(sub->ttl, 86400);
	assert_int_equal(sub->collapse, 0);
	assert_false(sub->disabled);
	lemo_subscription_free(&sub);
	assert_null(sub);
	lemo_subscription_free(&sub);
}

/* PL-04: by default a push has no message data */
static void test_default_level_pl_04(void **state)
{
	struct lemo_subscription *sub = parse("{" URL "}");

	(void)state;
	assert_int_equal(sub->payload, LEMO_PAYLOAD_STATE);
	lemo_subscription_free(&sub);
}

static void test_all_fields(void **state)
{
	struct lemo_subscription *sub = parse(
		" {\n\t\"deviceClientId\": \"Phone\",\r\n" URL ","
		KEYS ", \"verificationCode\": \"code\","
		"\"expires\": \"2030-01-31T12:00:00Z\","
		"\"channel\": \"webhook\","
		"\"events\": \"(personal (MessageNew FlagChange))\","
		"\"filter\": \"FROM \\\"boss\\\"\","
		"\"payload\": 4, \"urgency\": \"high\","
		"\"format\": \"gotify\", \"ttl\": 60, \"collapse\": 3600,"
		"\"disabled\": true, \"whenConnected\": \"always\" } ");

	(void)state;
	assert_string_equal(sub->p256dh, P256DH);
	assert_string_equal(sub->auth, AUTH);
	assert_string_equal(sub->verification_code, "code");
	assert_true(sub->expires == 1896091200);
	assert_string_equal(sub->channel, "webhook");
	assert_non_null(sub->events);
	assert_string_equal(sub->filter, "FROM \"boss\"");
	assert_false(sub->filter_is_default);
	assert_int_equal(sub->payload, LEMO_PAYLOAD_SNIPPET);
	assert_int_equal(sub->urgency, LEMO_URGENCY_HIGH);
	assert_int_equal(sub->format, LEMO_FORMAT_GOTIFY);
	assert_int_equal(sub->ttl, 60);
	assert_int_equal(sub->collapse, 3600);
	assert_true(sub->disabled);
	assert_int_equal(sub->when_connected, LEMO_WHEN_CONNECTED_ALWAYS);
	lemo_subscription_free(&sub);
}

static void test_when_connected(void **state)
{
	static const char *const choices[] = { "mine", "any", "always" };
	struct lemo_subscription *sub = parse("{" URL "}");
	char json[200];
	unsigned int i;

	(void)state;
	assert_int_equal(sub->when_connected, LEMO_WHEN_CONNECTED_MINE);
	lemo_subscription_free(&sub);
	for (i = 0; i < N_ELEMENTS(choices); i++) {
		(void)snprintf(json, sizeof(json), "{" URL
			       ",\"whenConnected\":\"%s\"}", choices[i]);
		sub = parse(json);
		assert_int_equal(sub->when_connected, i);
		lemo_subscription_free(&sub);
	}
	assert_int_equal(LEMO_WHEN_CONNECTED_ALWAYS, 2);
}

static void test_choices(void **state)
{
	static const char *const urgencies[] = {
		"very-low", "low", "normal", "high"
	};
	static const char *const formats[] = {
		"cloudevents", "ntfy", "gotify", "apprise"
	};
	struct lemo_subscription *sub;
	char json[200];
	unsigned int i;

	(void)state;
	for (i = 0; i < 4; i++) {
		(void)snprintf(json, sizeof(json), "{" URL ",\"urgency\":"
			       "\"%s\",\"format\":\"%s\",\"payload\":%u}",
			       urgencies[i], formats[i], i);
		sub = parse(json);
		assert_int_equal(sub->urgency, i);
		assert_int_equal(sub->format, i);
		assert_int_equal(sub->payload, i);
		lemo_subscription_free(&sub);
	}
	assert_int_equal(LEMO_URGENCY_HIGH, 3);
	assert_int_equal(LEMO_FORMAT_APPRISE, 3);
}

static void test_nulls_of_rfc8620(void **state)
{
	struct lemo_subscription *sub = parse(
		"{" URL ",\"keys\":null,\"verificationCode\":null,"
		"\"expires\":null}");

	(void)state;
	assert_null(sub->p256dh);
	assert_null(sub->verification_code);
	assert_true(sub->expires == 0);
	assert_string_equal(sub->channel, "webhook");
	lemo_subscription_free(&sub);
}

/* What the channel's devices have in place of an https URL. */
static const char *uri_of(const char *channel)
{
	static const struct {
		const char *channel, *json;
	} uris[] = {
		{ "emn", ",\"url\":\"emn:+4930123\"" },
		{ "mailto", ",\"url\":\"mailto:a@b.example\"" },
		{ "sip", ",\"url\":\"sip:a@b.example\"" },
		{ "sms", ",\"url\":\"tel:+4930123\"" },
		{ "xmpp", ",\"url\":\"xmpp:a@b.example\"" }
	};
	unsigned int i;

	for (i = 0; i < N_ELEMENTS(uris); i++) {
		if (strcmp(uris[i].channel, channel) == 0)
			return uris[i].json;
	}
	return "";
}

static void test_channels(void **state)
{
	struct lemo_subscription *sub;
	char json[300];
	unsigned int i;

	(void)state;
	for (i = 0; lemo_channel_names[i] != NULL; i++) {
		const char *name = lemo_channel_names[i];
		bool webpush = strcmp(name, "webpush") == 0;
		const char *uri = uri_of(name);
		bool has_url = webpush || *uri != '\0' ||
			strcmp(name, "webhook") == 0;

		(void)snprintf(json, sizeof(json), "{\"channel\":\"%s\"%s%s}",
			       name, *uri != '\0' || !has_url ? uri : "," URL,
			       webpush ? "," KEYS : "");
		sub = parse(json);
		assert_string_equal(sub->channel, name);
		assert_row(i, (sub->url != NULL) == has_url);
		lemo_subscription_free(&sub);
	}
	assert_int_equal(i, 10);
}

static void test_mail_is_not_taken_back(void **state)
{
	struct lemo_subscription *sub = parse("{\"url\":\"mailto:a@b.example\"}");

	(void)state;
	assert_string_equal(sub->channel, "mailto");
	assert_true(sub->arrivals_only);
	assert_int_equal(sub->collapse, 0);
	lemo_subscription_free(&sub);
}

/* What costs money says less, unless it is asked to say more. */
static void test_costly_channels(void **state)
{
	static const struct {
		const char *json, *channel;
		uint32_t collapse;
	} rows[] = {
		{ "{\"url\":\"tel:+49301234567\"}", "sms", 300 },
		{ "{\"url\":\"sms:+49301234567\"}", "sms", 300 },
		{ "{\"url\":\"emn:+49301234567\"}", "emn", 300 },
		{ "{\"url\":\"emn:+49301234567\",\"collapse\":0}", "emn", 0 },
		{ "{\"url\":\"sip:a@b.example\"}", "sip", 0 }
	};
	struct lemo_subscription *sub;
	unsigned int i;

	(void)state;
	for (i = 0; i < N_ELEMENTS(rows); i++) {
		sub = parse(rows[i].json);
		assert_string_equal(sub->channel, rows[i].channel);
		assert_row(i, sub->collapse == rows[i].collapse);
		assert_row(i, sub->arrivals_only == (rows[i].channel[0] != 's' ||
						     rows[i].channel[1] == 'm'));
		lemo_subscription_free(&sub);
	}
}

static void test_http_is_judged_later(void **state)
{
	struct lemo_subscription *sub = parse(
		"{\"url\":\"http://10.0.0.1:8080/x\"}");

	(void)state;
	assert_string_equal(sub->url, "http://10.0.0.1:8080/x");
	lemo_subscription_free(&sub);
}

static void test_expires(void **state)
{
	static const struct {
		const char *date;
		int64_t time;
	} rows[] = {
		{ "2026-01-01T00:00:00Z", 1767225600 },
		{ "2026-01-01T00:00:00.999Z", 1767225600 },
		/* long ago is not "never" */
		{ "1970-01-01T00:00:00Z", 1 },
		{ "1900-01-01T00:00:00Z", 1 }
	};
	struct lemo_subscription *sub;
	char json[200];
	unsigned int i;

	(void)state;
	for (i = 0; i < N_ELEMENTS(rows); i++) {
		(void)snprintf(json, sizeof(json),
			       "{" URL ",\"expires\":\"%s\"}", rows[i].date);
		sub = parse(json);
		assert_row(i, sub->expires == rows[i].time);
		lemo_subscription_free(&sub);
	}
}

static void test_padded_keys(void **state)
{
	struct lemo_subscription *sub = parse(
		"{\"channel\":\"webhook\"," URL ",\"keys\":{\"auth\":\"" AUTH
		"==\",\"p256dh\":\"" P256DH "=\"}}");

	(void)state;
	assert_string_equal(sub->auth, AUTH "==");
	lemo_subscription_free(&sub);
}

/* keys mean Web Push */
static void test_webpush_wp_04(void **state)
{
	struct lemo_subscription *sub = parse("{" URL "," KEYS "}");

	(void)state;
	assert_string_equal(sub->channel, "webpush");
	assert_string_equal(sub->p256dh, P256DH);
	assert_string_equal(sub->auth, AUTH);
	lemo_subscription_free(&sub);
	sub = parse("{\"channel\":\"webpush\"," URL "," KEYS "}");
	assert_string_equal(sub->channel, "webpush");
	lemo_subscription_free(&sub);
	sub = parse("{\"channel\":\"webhook\"," URL "," KEYS "}");
	assert_string_equal(sub->channel, "webhook");
	lemo_subscription_free(&sub);
}

static void test_events(void **state)
{
	static const struct lemo_mailbox_facts inbox = {
		"INBOX", '/', true, false
	};
	struct lemo_subscription *sub = parse(
		"{" URL ",\"events\":\"(mailboxes \\\"INBOX\\\" "
		"(MessageNew))\"}");

	(void)state;
	assert_int_equal(lemo_notify_groups_events(sub->events, &inbox),
			 LEMO_EVENT_MASK(LEMO_EVENT_MESSAGE_NEW));
	lemo_subscription_free(&sub);
}

struct bad {
	const char *json, *field, *reason;
};

static void assert_refused(unsigned int row, const struct bad *bad,
			   const char *json, size_t len)
{
	struct lemo_subscription *sub;
	struct lemo_subscription_error error;
	char *copy = exact_copy(json, len);

	poison(&sub, sizeof(sub));
	poison(&error, sizeof(error));
	assert_row(row, lemo_subscription_parse(copy, len, "phone", &sub,
						&error) == -1);
	assert_row(row, is_poisoned(&sub, sizeof(sub)));
	if (strcmp(error.field, bad->field) != 0 ||
	    strstr(error.reason, bad->reason) == NULL) {
		fail_msg("row %u: %s: field \"%s\": %s", row, json,
			 error.field, error.reason);
	}
	free(copy);
}

static void assert_all_refused(const struct bad *rows, unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		assert_refused(i, &rows[i], rows[i].json,
			       strlen(rows[i].json));
}

static void test_whole_object(void **state)
{
	static const struct bad rows[] = {
		{ "", "", "not valid JSON" },
		{ "{", "", "not valid JSON" },
		{ "{" URL "} x", "", "not valid JSON" },
		{ "{" URL ",}", "", "not valid JSON" },
		{ "{'url':1}", "", "not valid JSON" },
		{ "{\"url\":\"\\u0000\"}", "", "not valid JSON" },
		{ "{\"url\":\"\xff\"}", "", "not valid JSON" },
		{ "{\"ttl\":99999999999999999999}", "", "not valid JSON" },
		{ "[]", "", "must be a JSON object" },
		{ "[" URL "]", "", "not valid JSON" },
		{ "\"x\"", "", "not valid JSON" },
		{ "null", "", "not valid JSON" },
		{ "{}", "url", "is missing" },
		{ "{\"keys\":null}", "url", "is missing" }
	};

	(void)state;
	assert_all_refused(rows, N_ELEMENTS(rows));
}

static void test_unknown_and_doubled_fields(void **state)
{
	static const struct bad rows[] = {
		{ "{" URL ",\"ur1\":1}", "ur1", "unknown field" },
		{ "{\"\":1," URL "}", "", "unknown field" },
		{ "{" URL ",\"Url\":1}", "Url", "unknown field" },
		{ "{" URL ",\"types\":[]}", "types", "unknown field" },
		{ "{" URL "," URL "}", "url", "is there twice" },
		{ "{" URL ",\"ttl\":1,\"ttl\":2}", "ttl", "is there twice" },
		{ "{\"keys\":{\"auth\":1,\"auth\":2}}", "auth",
		  "is there twice" },
		/* the name is cleaned and cut before it is shown */
		{ "{\"a\\u0007b\xc3\xbc\":1}", "a?b??", "unknown field" },
		{ "{\"123456789012345678901234567890123456789012345678901234"
		  "56789012345\":1}", "1234567890123456789012345678901234567"
		  "890123456789012345678901234", "unknown field" }
	};

	(void)state;
	assert_all_refused(rows, N_ELEMENTS(rows));
}

static void test_wrong_types(void **state)
{
	static const char *const fields[] = {
		"deviceClientId", "url", "keys", "verificationCode",
		"expires", "channel", "events", "filter", "payload",
		"urgency", "format", "ttl", "collapse", "disabled",
		"whenConnected", "quiet"
	};
	static const char *const values[] = {
		"[]", "[\"x\"]", "{\"a\":1}", "1.5", "-1", "\"\\u00fc\""
	};
	unsigned int i, j;

	(void)state;
	for (i = 0; i < N_ELEMENTS(fields); i++) {
		for (j = 0; j < N_ELEMENTS(values); j++) {
			char json[300];
			struct bad bad = { json, fields[i], "" };

			/* these two take any text */
			if (values[j][0] == '"' &&
			    (strcmp(fields[i], "filter") == 0 ||
			     strcmp(fields[i], "verificationCode") == 0))
				continue;
			(void)snprintf(json, sizeof(json), "{\"%s\":%s}",
				       fields[i], values[j]);
			assert_refused(i * 100 + j, &bad, json, strlen(json));
		}
	}
}

static void test_values(void **state)
{
	static const struct bad rows[] = {
		{ "{\"url\":\"ftp://x/\"}", "url", "must begin with https" },
		{ "{\"url\":\"\"}", "url", "must begin with https" },
		{ "{\"url\":null}", "url", "must be a string" },
		{ "{\"url\":\"https://u@h/\"}", "url", "user name" },
		{ "{\"deviceClientId\":\"tablet\"," URL "}", "deviceClientId",
		  "last component" },
		{ "{" URL ",\"payload\":5}", "payload",
		  "must be an integer from 0 to 4" },
		{ "{" URL ",\"payload\":-1}", "payload", "from 0 to 4" },
		{ "{" URL ",\"payload\":\"1\"}", "payload", "from 0 to 4" },
		{ "{" URL ",\"payload\":1.0}", "payload", "from 0 to 4" },
		{ "{" URL ",\"payload\":true}", "payload", "from 0 to 4" },
		{ "{" URL ",\"payload\":null}", "payload", "from 0 to 4" },
		{ "{" URL ",\"payload\":4294967296}", "payload",
		  "from 0 to 4" },
		{ "{" URL ",\"ttl\":2419201}", "ttl", "0 to 2419200" },
		{ "{" URL ",\"collapse\":3601}", "collapse", "0 to 3600" },
		{ "{" URL ",\"urgency\":\"High\"}", "urgency",
		  "very-low, low, normal or high" },
		{ "{" URL ",\"format\":\"json\"}", "format",
		  "cloudevents, ntfy, gotify or apprise" },
		{ "{" URL ",\"disabled\":0}", "disabled", "true or false" },
		{ "{" URL ",\"filter\":\"\"}", "filter", "SEARCH criteria" },
		{ "{" URL ",\"filter\":\"ALL\\r\\nX LOGOUT\"}", "filter",
		  "one line" },
		{ "{" URL ",\"verificationCode\":\"a\\nb\"}",
		  "verificationCode", "control characters" },
		{ "{" URL ",\"verificationCode\":5}", "verificationCode",
		  "must be a string" },
		{ "{" URL ",\"channel\":\"mms\"}", "channel",
		  "webhook, webpush, mailto, sip, xmpp, sms, emn, exec, log "
		  "or null" },
		{ "{" URL ",\"channel\":null}", "channel",
		  "webhook, webpush, mailto, sip, xmpp, sms, emn, exec, log "
		  "or null" },
		{ "{" URL ",\"whenConnected\":\"Mine\"}", "whenConnected",
		  "must be mine, any or always" },
		{ "{" URL ",\"whenConnected\":\"\"}", "whenConnected",
		  "mine, any or always" },
		{ "{" URL ",\"whenConnected\":null}", "whenConnected",
		  "mine, any or always" },
		{ "{\"channel\":\"log\"," URL "}", "url", "must be absent" },
		{ "{\"channel\":\"sip\"," URL "}", "url", "sip:user@host" },
		{ "{\"channel\":\"sip\"}", "url", "sip:user@host" },
		{ "{\"url\":\"sip:a@h?x\"}", "url", "sip:user@host" },
		{ "{\"url\":\"sip:a@h\",\"channel\":\"webhook\"}", "url",
		  "must be an https:// URL" },
		{ "{\"url\":\"sip:a@h\",\"format\":\"ntfy\"}", "format",
		  "must be absent" },
		{ "{\"channel\":\"mailto\"," URL "}", "url",
		  "mailto:user@host" },
		{ "{\"url\":\"mailto:a@h?cc=b@h\"}", "url",
		  "mailto:user@host" },
		{ "{\"url\":\"mailto:a@h\",\"format\":\"ntfy\"}", "format",
		  "must be absent" },
		{ "{\"channel\":\"xmpp\"}", "url", "xmpp:user@host" },
		{ "{\"url\":\"xmpp:a@h?message\"}", "url",
		  "xmpp:user@host" },
		{ "{\"channel\":\"webhook\"}", "url", "is missing" }
	};

	(void)state;
	assert_all_refused(rows, N_ELEMENTS(rows));
}

static void test_expires_refused(void **state)
{
	static const struct bad rows[] = {
		{ "{\"expires\":\"\"}", "expires", "UTC date such as" },
		{ "{\"expires\":\"never\"}", "expires", "UTC date such as" },
		{ "{\"expires\":1767225600}", "expires", "UTC date" },
		{ "{\"expires\":\"2030-01-31\"}", "expires", "UTC date" },
		{ "{\"expires\":\"2030-01-31T12:00:00+00:00\"}", "expires",
		  "UTC date" },
		{ "{\"expires\":\"2030-02-31T12:00:00Z\"}", "expires",
		  "UTC date" }
	};

	(void)state;
	assert_all_refused(rows, N_ELEMENTS(rows));
}

static void test_webpush_refused(void **state)
{
	static const struct bad rows[] = {
		{ "{" URL ",\"channel\":\"webpush\"}", "keys",
		  "is missing" },
		{ "{" URL ",\"channel\":\"webpush\",\"keys\":null}", "keys",
		  "is missing" },
		{ "{" KEYS "}", "url", "is missing" },
		{ "{\"channel\":\"log\"," URL "," KEYS "}", "url",
		  "must be absent" },
		{ "{" URL "," KEYS ",\"format\":\"cloudevents\"}", "format",
		  "must be absent with this channel" }
	};

	(void)state;
	assert_all_refused(rows, N_ELEMENTS(rows));
}

/* WP-04: the client's point is on the curve */
static void test_points_refused_wp_04(void **state)
{
	/* y with one bit changed; x and y zero; a compressed point's mark */
	static const char *const points[] = {
		"BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4"
		"bjyPjs7Vd8pZGH6SRpkNtoIAiw8",
		"BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
		"AAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"AiVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4"
		"bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < N_ELEMENTS(points); i++) {
		char json[300];
		struct bad bad = {
			json, "keys.p256dh", i < 2 ? "not a point on the curve"
				: "must begin with 0x04"
		};

		(void)snprintf(json, sizeof(json), "{" URL ",\"keys\":"
			       "{\"p256dh\":\"%s\",\"auth\":\"" AUTH "\"}}",
			       points[i]);
		assert_refused(i, &bad, json, strlen(json));
	}
}

static void test_keys_refused(void **state)
{
	static const struct bad rows[] = {
		{ "{\"keys\":{}}", "keys", "p256dh and auth" },
		{ "{\"keys\":\"x\"}", "keys", "p256dh and auth" },
		{ "{\"keys\":{\"auth\":\"" AUTH "\"}}", "keys", "p256dh" },
		{ "{\"keys\":{\"auth\":\"" AUTH "\",\"p256dh\":\"x\"}}",
		  "keys.p256dh", "65 octets" },
		{ "{\"keys\":{\"auth\":\"" AUTH "\",\"p256dh\":7}}",
		  "keys.p256dh", "65 octets" },
		{ "{\"keys\":{\"auth\":\"" AUTH "\",\"x\":\"" P256DH "\"}}",
		  "keys.p256dh", "65 octets" },
		{ "{\"keys\":{\"auth\":\"" AUTH "A\",\"p256dh\":\"" P256DH
		  "\"}}", "keys.auth", "16 octets" },
		{ "{\"keys\":{\"auth\":\"BTBZMqHH6r4Tts7J/aSIgg\",\"p256dh\":"
		  "\"" P256DH "\"}}", "keys.auth", "16 octets" },
		{ "{\"keys\":{\"auth\":\"" AUTH "===\",\"p256dh\":\"" P256DH
		  "\"}}", "keys.auth", "16 octets" },
		{ "{\"keys\":{\"auth\":\"" AUTH "\",\"p256dh\":\"" P256DH
		  "\",\"x\":1}}", "keys", "p256dh and auth" }
	};

	(void)state;
	assert_all_refused(rows, N_ELEMENTS(rows));
}

static void test_events_refused(void **state)
{
	static const char json[] =
		"{" URL ",\"events\":\"(mailboxes \\\"a\\\" (MessageOld))\"}";
	struct lemo_subscription *sub;
	struct lemo_subscription_error error;

	(void)state;
	poison(&error, sizeof(error));
	assert_int_equal(lemo_subscription_parse(json, strlen(json), "phone",
						 &sub, &error), -1);
	assert_string_equal(error.field, "events");
	assert_non_null(strstr(error.reason, "unknown event"));
	/* in the string as the user wrote it, not as JSON quotes it */
	assert_int_equal(error.pos, strlen("(mailboxes \"a\" ("));
}

static void test_syntax_error_position(void **state)
{
	static const char json[] = "{\"url\": nonsense}";
	struct lemo_subscription *sub;
	struct lemo_subscription_error error;

	(void)state;
	assert_int_equal(lemo_subscription_parse(json, strlen(json), "phone",
						 &sub, &error), -1);
	assert_true(error.pos >= 8 && error.pos <= 16);
}

/* {"filter":"xxx...","url":...} of count x */
static char *with_filter(const char *field, unsigned int count, size_t *len_r)
{
	size_t size = count + 100;
	char *json = malloc(size), *x = malloc(count + 1);

	if (json == NULL || x == NULL)
		abort();
	memset(x, 'x', count);
	x[count] = '\0';
	*len_r = (size_t)snprintf(json, size, "{" URL ",\"%s\":\"%s\"}",
				  field, x);
	free(x);
	return json;
}

static void check_limit(const char *field, unsigned int max)
{
	const struct bad bad = { "", field, "too long" };
	struct lemo_subscription *sub;
	size_t len;
	char *json = with_filter(field, max, &len);

	sub = parse(json);
	lemo_subscription_free(&sub);
	free(json);
	json = with_filter(field, max + 1, &len);
	assert_refused(max, &bad, json, len);
	free(json);
}

static void test_field_limits(void **state)
{
	(void)state;
	check_limit("filter", LEMO_DEVICE_FILTER_MAX);
	check_limit("verificationCode", LEMO_DEVICE_CODE_MAX);
}

static void test_url_limit(void **state)
{
	static const char head[] = "{\"url\":\"https://h/";
	const struct bad bad = { "", "url", "longer than 1000 octets" };
	struct lemo_subscription *sub;
	char json[1100];
	size_t len = strlen(head) + LEMO_DEVICE_URL_MAX - strlen("https://h/");

	(void)state;
	memset(json, 'p', sizeof(json));
	memcpy(json, head, strlen(head));
	memcpy(json + len, "\"}", 3);
	sub = parse(json);
	assert_int_equal(strlen(sub->url), LEMO_DEVICE_URL_MAX);
	lemo_subscription_free(&sub);
	memcpy(json + len, "p\"}", 4);
	assert_refused(0, &bad, json, len + 3);
}

static void test_object_limit(void **state)
{
	const struct bad bad = { "", "", "longer than 4096 octets" };
	struct lemo_subscription *sub;
	char json[LEMO_DEVICE_MAX_SIZE + 2];
	size_t len = strlen("{" URL "}");

	(void)state;
	memset(json, ' ', sizeof(json));
	memcpy(json, "{" URL "}", len);
	json[LEMO_DEVICE_MAX_SIZE] = '\0';
	sub = parse(json);
	lemo_subscription_free(&sub);
	json[LEMO_DEVICE_MAX_SIZE] = ' ';
	assert_refused(0, &bad, json, LEMO_DEVICE_MAX_SIZE + 1);
}

static void test_deep_nesting(void **state)
{
	const struct bad bad = { "", "", "not valid JSON" };
	char json[LEMO_DEVICE_MAX_SIZE];

	(void)state;
	memset(json, '[', sizeof(json));
	assert_refused(0, &bad, json, sizeof(json));
}

#define X32 "12345678901234567890123456789012"

static void test_device_names(void **state)
{
	static const char *const good[] = {
		"a", "0", "-", ".", "..", "phone", "a.b_c-d", (X32 X32)
	};
	static const char *const bad[] = {
		"", "A", "a b", "a/b", "a\tb", "\xc3\xbc", "a*", "a\n",
		(X32 X32 "x")
	};
	struct lemo_subscription_error error;
	struct lemo_subscription *sub;
	unsigned int i;

	(void)state;
	for (i = 0; i < N_ELEMENTS(good); i++)
		assert_row(i, lemo_device_name_is_valid(good[i]));
	for (i = 0; i < N_ELEMENTS(bad); i++) {
		assert_row(i, !lemo_device_name_is_valid(bad[i]));
		poison(&sub, sizeof(sub));
		assert_row(i, lemo_subscription_parse(
			"{" URL "}", strlen("{" URL "}"), bad[i], &sub,
			&error) == -1);
		assert_row(i, is_poisoned(&sub, sizeof(sub)));
		assert_string_equal(error.field, "deviceClientId");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_default_level_pl_04),
		cmocka_unit_test(test_all_fields),
		cmocka_unit_test(test_choices),
		cmocka_unit_test(test_when_connected),
		cmocka_unit_test(test_nulls_of_rfc8620),
		cmocka_unit_test(test_channels),
		cmocka_unit_test(test_mail_is_not_taken_back),
		cmocka_unit_test(test_costly_channels),
		cmocka_unit_test(test_http_is_judged_later),
		cmocka_unit_test(test_expires),
		cmocka_unit_test(test_padded_keys),
		cmocka_unit_test(test_webpush_wp_04),
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_whole_object),
		cmocka_unit_test(test_unknown_and_doubled_fields),
		cmocka_unit_test(test_wrong_types),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_expires_refused),
		cmocka_unit_test(test_keys_refused),
		cmocka_unit_test(test_points_refused_wp_04),
		cmocka_unit_test(test_webpush_refused),
		cmocka_unit_test(test_events_refused),
		cmocka_unit_test(test_syntax_error_position),
		cmocka_unit_test(test_field_limits),
		cmocka_unit_test(test_url_limit),
		cmocka_unit_test(test_object_limit),
		cmocka_unit_test(test_deep_nesting),
		cmocka_unit_test(test_device_names)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
