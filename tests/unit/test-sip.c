#include "unit.h"
#include "lemo-device-uri.h"
#include "lemo-sip.h"

#include <jansson.h>

#define FROM "sip:lemonade@example.org"
#define BOB "sip:bob@example.org"

static bool is_sip(const char *text)
{
	const struct lemo_device_uri *uri = lemo_device_uri_find(text);

	return uri != NULL && strcmp(uri->channel, "sip") == 0;
}

static void test_uris(void **state)
{
	static const struct {
		const char *text;
		bool sips;
		size_t user_len, host_len;
		unsigned int port;
	} rows[] = {
		{ "sip:bob@sip.example.org", false, 3, 15, 0 },
		{ "SIPS:bob@h:5061", true, 3, 1, 5061 },
		{ "sip:+49-30.1_2~*@192.0.2.1", false, 12, 9, 0 },
		{ "sip:b@x-y.example:65535", false, 1, 11, 65535 }
	};
	struct lemo_sip_uri uri;
	const char *error;
	unsigned int i;

	(void)state;
	for (i = 0; i < N_ELEMENTS(rows); i++) {
		assert_row(i, is_sip(rows[i].text));
		assert_row(i, lemo_sip_uri_parse(rows[i].text, &uri,
						 &error) == 0);
		assert_row(i, uri.sips == rows[i].sips);
		assert_row(i, uri.user_len == rows[i].user_len);
		assert_row(i, uri.host_len == rows[i].host_len);
		assert_row(i, uri.port == rows[i].port);
	}
	assert_false(is_sip("https://example.org/"));
	assert_false(is_sip("sip"));
	assert_false(is_sip("sipp:x"));
}

static void test_nothing_can_be_injected(void **state)
{
	static const char *const rows[] = {
		"", "sip", "sip:", "sip:@h", "sip:bob", "sip:bob@",
		"tel:+49301234", "sip:bob@h\r\nX: y", "sip:bob@h\n",
		"sip:b\rob@h", "sip:bob@h>\r\nX: y", "sip:bob@h;method=INVITE",
		"sip:bob@h;transport=tcp", "sip:bob@h?Subject=x",
		"sip:bob:secret@h", "sip:b%0d%0a@h", "sip:\"bob\"@h",
		"\"bob\" <sip:bob@h>", "sip:b ob@h", "sip:bob@h,sip:x@h",
		"sip:bob@h@i", "sip:bob@[::1]", "sip:bob@h:", "sip:bob@h:0",
		"sip:bob@h:65536", "sip:bob@h:123456", "sip:bob@h:5060x",
		"sip:bob@-h", "sip:bob@h-", "sip:bob@h-.x", "sip:bob@a..b",
		"sip:bob@.h", "sip:bob@h.", "sip:b\xc3\xb6@h", "sip:bob@\xff",
		"sip:b\x01@h", "sip:b'@h", "sip:b\\@h", "sip:b/@h"
	};
	struct lemo_sip_uri uri;
	const char *error;
	unsigned int i;

	(void)state;
	for (i = 0; i < N_ELEMENTS(rows); i++) {
		error = NULL;
		assert_row(i, lemo_sip_uri_parse(rows[i], &uri, &error) == -1);
		assert_row(i, error != NULL);
	}
}

static void test_length(void **state)
{
	char text[LEMO_SIP_URI_MAX + 2];
	struct lemo_sip_uri uri;
	const char *error;

	(void)state;
	memset(text, 'a', sizeof(text));
	memcpy(text, "sip:", 4);
	memcpy(text + LEMO_SIP_URI_MAX - 2, "@h", 2);
	text[LEMO_SIP_URI_MAX] = '\0';
	assert_int_equal(lemo_sip_uri_parse(text, &uri, &error), 0);
	memcpy(text + LEMO_SIP_URI_MAX, "h", 2);
	assert_int_equal(lemo_sip_uri_parse(text, &uri, &error), -1);
	assert_string_equal(error, "is a SIP URI longer than 200 octets");
}

static void test_the_proxy_is_no_relay(void **state)
{
	(void)state;
	assert_null(lemo_sip_refusal(BOB, FROM, ""));
	assert_null(lemo_sip_refusal("sips:bob@EXAMPLE.org", FROM, ""));
	assert_null(lemo_sip_refusal("sip:bob@Other.example", FROM,
				     "other.example"));
	assert_string_equal(lemo_sip_refusal("sip:bob@other.example", FROM,
					     ""),
			    "has a SIP domain that is not allowed here");
	assert_non_null(lemo_sip_refusal("sip:bob@example.org:22", FROM, ""));
	assert_non_null(lemo_sip_refusal("sip:bob@example.or", FROM, ""));
	assert_non_null(lemo_sip_refusal("sip:bob@xexample.org", FROM, ""));
	assert_non_null(lemo_sip_refusal(BOB, "", ""));
	assert_non_null(lemo_sip_refusal(BOB "?x", BOB "?x", ""));
}

static void test_statuses(void **state)
{
	static const struct {
		unsigned int status;
		enum lemo_answer answer;
	} rows[] = {
		{ 0, LEMO_ANSWER_RETRY }, { 100, LEMO_ANSWER_RETRY },
		{ 180, LEMO_ANSWER_RETRY }, { 200, LEMO_ANSWER_DONE },
		{ 202, LEMO_ANSWER_DONE }, { 302, LEMO_ANSWER_PERMANENT },
		{ 400, LEMO_ANSWER_PERMANENT }, { 401, LEMO_ANSWER_RETRY },
		{ 403, LEMO_ANSWER_PERMANENT }, { 407, LEMO_ANSWER_RETRY },
		{ 404, LEMO_ANSWER_PERMANENT }, { 408, LEMO_ANSWER_RETRY },
		{ 410, LEMO_ANSWER_PERMANENT }, { 415, LEMO_ANSWER_PERMANENT },
		{ 480, LEMO_ANSWER_RETRY }, { 486, LEMO_ANSWER_RETRY },
		{ 491, LEMO_ANSWER_RETRY }, { 500, LEMO_ANSWER_RETRY },
		{ 501, LEMO_ANSWER_PERMANENT }, { 503, LEMO_ANSWER_RETRY },
		{ 504, LEMO_ANSWER_RETRY }, { 505, LEMO_ANSWER_PERMANENT },
		{ 513, LEMO_ANSWER_PERMANENT }, { 600, LEMO_ANSWER_RETRY },
		{ 603, LEMO_ANSWER_PERMANENT }, { 604, LEMO_ANSWER_PERMANENT }
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < N_ELEMENTS(rows); i++) {
		assert_row(i, lemo_sip_answer_of_status(rows[i].status) ==
			   rows[i].answer);
	}
}

static struct lemo_event hostile = {
	.id = "0123456789abcdef0123456789abcdef",
	.type = LEMO_EVENT_MESSAGE_NEW,
	.user = "joe",
	.mailbox = "a\",\"b\r\n\r\nX: y\\",
	.from = "boss\r\nRoute: <sip:evil>",
	.subject = "merger",
	.snippet = "secret",
	.unseen = 3
};

/* The n-th parameter of the request, to be freed. */
static char *param(const struct lemo_payload_args *args, unsigned int n)
{
	struct lemo_buf buf;
	json_t *json;
	char *str;

	lemo_buf_init(&buf, LEMO_PAYLOAD_MAX);
	lemo_sip_rpc_add(&buf, BOB, FROM, &hostile, args);
	json = json_loadb(buf.data, buf.len, 0, NULL);
	assert_non_null(json);
	assert_int_equal(json_array_size(json_object_get(json, "params")), 6);
	str = strdup(json_string_value(json_array_get(
		json_object_get(json, "params"), n)));
	assert_non_null(str);
	json_decref(json);
	lemo_buf_free(&buf);
	return str;
}

static void assert_param(const struct lemo_payload_args *args, unsigned int n,
			 const char *wanted)
{
	char *str = param(args, n);

	assert_string_equal(str, wanted);
	free(str);
}

static void test_request(void **state)
{
	struct lemo_payload_args args = {
		.device = "phone",
		.level = LEMO_PAYLOAD_SNIPPET,
		.urgency = LEMO_URGENCY_HIGH,
		.events_count = 2
	};

	(void)state;
	assert_param(&args, 0, "MESSAGE");
	assert_param(&args, 1, BOB);
	assert_param(&args, 2, ".");
	assert_param(&args, 3, ".");
	/* never above level 2, and nobody else's words in a header */
	assert_param(&args, 4, "From: <" FROM ">\r\nTo: <" BOB ">\r\n"
		     "Subject: New mail (2)\r\nPriority: urgent\r\n"
		     "Content-Type: text/plain;charset=UTF-8\r\n");
	assert_param(&args, 5, "a\",\"b    X: y\\: 3 unread");
	args.level = LEMO_PAYLOAD_WAKEUP;
	args.urgency = LEMO_URGENCY_LOW;
	assert_param(&args, 4, "From: <" FROM ">\r\nTo: <" BOB ">\r\n"
		     "Subject: New mail\r\nPriority: non-urgent\r\n"
		     "Content-Type: text/plain;charset=UTF-8\r\n");
	assert_param(&args, 5, "New mail");
	args.verification_code = "c0de";
	assert_param(&args, 5, "Verification code: c0de");
}

/* RFC 6468 2.5: at most 1300 octets, of which up to 600 are headers. */
static void test_sn_09_words_fit(void **state)
{
	struct lemo_payload_args args = {
		.device = "phone", .level = LEMO_PAYLOAD_LOCATOR,
		.urgency = LEMO_URGENCY_HIGH, .events_count = 1
	};
	char words[3000], *body;

	(void)state;
	memset(words, 'x', sizeof(words) - 1);
	words[sizeof(words) - 1] = '\0';
	hostile.user = "alice@example.org";
	hostile.notify_text = words;
	body = param(&args, 5);
	assert_in_range(strlen(body), 500, 1300 - 600 - 2 * strlen(BOB) -
			strlen(FROM) + 3);
	assert_non_null(strstr(body, "x\xe2\x80\xa6 (Sieve filter of alice@"
			       "example.org)"));
	free(body);
	hostile.notify_text = "You got new mail!";
	assert_param(&args, 5, "You got new mail! (Sieve filter of "
		     "alice@example.org)");
	hostile.notify_text = NULL;
	hostile.user = "joe";
}

static void test_answers(void **state)
{
	static const struct {
		const char *answer;
		enum lemo_sip_rpc kind;
		unsigned int code;
	} rows[] = {
		{ "{\"jsonrpc\":\"2.0\",\"result\":{\"code\":200,"
		  "\"text\":\"OK\"},\"id\":1}", LEMO_SIP_RPC_STATUS, 200 },
		{ "{\"result\":{\"code\":404}}", LEMO_SIP_RPC_STATUS, 404 },
		{ "{\"error\":{\"code\":400,\"message\":\"x\"}}",
		  LEMO_SIP_RPC_ERROR, 400 },
		{ "{\"error\":{\"code\":-32601}}", LEMO_SIP_RPC_ERROR, 500 },
		{ "{\"error\":{}}", LEMO_SIP_RPC_ERROR, 500 },
		{ "", LEMO_SIP_RPC_UNKNOWN, 0 },
		{ "no\n", LEMO_SIP_RPC_UNKNOWN, 0 },
		{ "[]", LEMO_SIP_RPC_UNKNOWN, 0 },
		{ "{}", LEMO_SIP_RPC_UNKNOWN, 0 },
		{ "{\"result\":200}", LEMO_SIP_RPC_UNKNOWN, 0 },
		{ "{\"result\":{\"code\":\"200\"}}", LEMO_SIP_RPC_UNKNOWN, 0 },
		{ "{\"result\":{\"code\":99}}", LEMO_SIP_RPC_UNKNOWN, 0 },
		{ "{\"result\":{\"code\":700}}", LEMO_SIP_RPC_UNKNOWN, 0 },
		{ "{\"result\":{},\"error\":{\"code\":500}}",
		  LEMO_SIP_RPC_UNKNOWN, 0 },
		{ "{\"result\":{\"code\":200}", LEMO_SIP_RPC_UNKNOWN, 0 }
	};
	unsigned int i, code;

	(void)state;
	for (i = 0; i < N_ELEMENTS(rows); i++) {
		size_t len = strlen(rows[i].answer);
		char *copy = exact_copy(rows[i].answer, len);

		assert_row(i, lemo_sip_rpc_parse(copy, len, &code) ==
			   rows[i].kind);
		assert_row(i, code == rows[i].code);
		free(copy);
	}
}

static void test_answer_too_long(void **state)
{
	static const char answer[] = "{\"result\":{\"code\":200}}";
	char text[LEMO_SIP_ANSWER_MAX + 1];
	unsigned int code;

	(void)state;
	memset(text, ' ', sizeof(text));
	memcpy(text, answer, sizeof(answer) - 1);
	assert_int_equal(lemo_sip_rpc_parse(text, sizeof(text) - 1, &code),
			 LEMO_SIP_RPC_STATUS);
	assert_int_equal(lemo_sip_rpc_parse(text, sizeof(text), &code),
			 LEMO_SIP_RPC_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_uris),
		cmocka_unit_test(test_nothing_can_be_injected),
		cmocka_unit_test(test_length),
		cmocka_unit_test(test_the_proxy_is_no_relay),
		cmocka_unit_test(test_statuses),
		cmocka_unit_test(test_request),
		cmocka_unit_test(test_sn_09_words_fit),
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_answer_too_long)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
