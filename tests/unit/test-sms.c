#include "unit.h"
#include "lemo-sms.h"

static void test_number(void **state)
{
	static const struct {
		const char *url, *number;
	} rows[] = {
		{ "tel:+49301234567", "+49301234567" },
		{ "TEL:+49-(30)-12.34567", "+49301234567" },
		{ "sms:+358408676001", "+358408676001" },
		{ "EMN:+358408676001", "+358408676001" },
		{ "tel:+12345", "+12345" },
		{ "tel:+123456789012345", "+123456789012345" }
	};
	struct lemo_sms_number number;
	const char *error;
	unsigned int i;

	(void)state;
	for (i = 0; i < N_ELEMENTS(rows); i++) {
		assert_row(i, lemo_sms_parse_url(rows[i].url, &number,
						 &error) == 0);
		assert_string_equal(number.digits, rows[i].number);
	}
}

static void test_number_bad(void **state)
{
	static const char *const rows[] = {
		"", "tel:", "tel", "tel:+", "tel:110", "tel:0301234567",
		"tel:+1234", "tel:+1234567890123456", "tel:+0301234567",
		"tel:+4930;ext=5", "tel:+49301234567;phone-context=x",
		"sms:+49301234567?body=x", "sms:+49301234567,+49301234568",
		"tel:+49301234567 +49301234568", "tel:+4930\r\n1234567",
		"tel:+49%2030123456", "tel:+4930123456a", "tel:++4930123456",
		"mms:+49301234567", "https:+49301234567",
		"tel:+4930&text=x", "tel:+\xd9\xa1\xd9\xa2\xd9\xa3\xd9\xa4"
	};
	struct lemo_sms_number number;
	const char *error;
	unsigned int i;

	(void)state;
	for (i = 0; i < N_ELEMENTS(rows); i++) {
		poison(&number, sizeof(number));
		error = NULL;
		assert_row(i, lemo_sms_parse_url(rows[i], &number,
						 &error) == -1);
		assert_row(i, error != NULL);
		assert_row(i, is_poisoned(&number, sizeof(number)));
	}
}

/* count times str, whose octets may not be read past */
static void check_fit(const char *str, unsigned int count, size_t fits,
		      bool ucs2)
{
	size_t len = strlen(str) * count, n;
	char *text = malloc(len + 1);
	bool is_ucs2 = !ucs2;

	assert_non_null(text);
	for (n = 0; n < len; n++)
		text[n] = str[n % strlen(str)];
	n = lemo_sms_fit(text, len, &is_ucs2);
	free(text);
	if (n != fits || is_ucs2 != ucs2)
		fail_msg("%u of %s: %zu fit, %s", count, str, n,
			 is_ucs2 ? "UCS-2" : "GSM-7");
}

static void test_fit(void **state)
{
	(void)state;
	check_fit("a", 0, 0, false);
	check_fit("a", 160, 160, false);
	check_fit("a", 161, 160, false);
	/* two octets of UTF-8, one of GSM-7 */
	check_fit("\xc3\xbc", 161, 320, false);
	/* two septets, never cut between them */
	check_fit("\xe2\x82\xac", 81, 240, false);
	check_fit("[", 81, 80, false);
	check_fit("[a[", 54, 96, false);
	/* not in GSM-7 */
	check_fit("`", 71, 70, true);
	check_fit("\xc3\xa2", 71, 140, true);
	check_fit("\xd0\x9f", 70, 140, true);
	check_fit("\xf0\x9f\x93\xac", 36, 140, true);
	check_fit("a\xf0\x9f\x93\xac", 24, 116, true);
	check_fit("\t", 1, 1, true);
}

static void test_refusal(void **state)
{
	static const struct {
		const char *url, *allow;
		bool allowed;
	} rows[] = {
		{ "tel:+49301234567", "+49", true },
		{ "tel:+49301234567", "+43 +49", true },
		{ "tel:+49301234567", ", +4930,", true },
		{ "emn:+49301234567", "+49301234567", true },
		{ "sms:+49301234567", "", false },
		{ "sms:+49301234567", " , ", false },
		{ "sms:+49301234567", "+43", false },
		{ "sms:+49301234567", "+493012345678", false },
		{ "sms:+49301234567", "+4931 +50", false },
		{ "sms:+4930;x", "+49", false }
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < N_ELEMENTS(rows); i++) {
		assert_row(i, (lemo_sms_refusal(rows[i].url, rows[i].allow) ==
			       NULL) == rows[i].allowed);
	}
}

static void test_allow_list(void **state)
{
	static const struct {
		const char *allow;
		size_t pos;
	} bad[] = {
		{ "49", 0 }, { "+49 43", 4 }, { "+", 0 }, { "+0", 0 },
		{ "+49x", 0 }, { "+49, +4930-", 5 }, { "*", 0 },
		{ "+1234567890123456", 0 }
	};
	static const char *const good[] = { "", " ", "+4", "+49,+43 +1" };
	const char *error;
	unsigned int i;
	size_t pos;

	(void)state;
	for (i = 0; i < N_ELEMENTS(good); i++)
		assert_row(i, lemo_sms_allow_check(good[i], &error,
						   &pos) == 0);
	for (i = 0; i < N_ELEMENTS(bad); i++) {
		assert_row(i, lemo_sms_allow_check(bad[i].allow, &error,
						   &pos) == -1);
		assert_row(i, pos == bad[i].pos);
	}
}

static void check_text(const struct lemo_event *event,
		       const struct lemo_payload_args *args,
		       const char *wanted, bool ucs2)
{
	struct lemo_buf buf;
	bool is_ucs2 = !ucs2;

	lemo_buf_init(&buf, LEMO_PAYLOAD_MAX);
	lemo_sms_text_add(&buf, event, args, &is_ucs2);
	assert_false(buf.failed);
	assert_string_equal(BUF_STR(&buf), wanted);
	assert_int_equal(is_ucs2, ucs2);
	lemo_buf_free(&buf);
}

/* A script's words are cut so that their owner is named, in one message. */
static void test_sn_10_words_of_a_script(void **state)
{
	struct lemo_event event = {
		.type = LEMO_EVENT_MESSAGE_NEW, .user = "joe",
		.notify_text = "Call\nme", .notify_subject = "not told"
	};
	struct lemo_payload_args args = { .events_count = 1 };
	char words[2001], wanted[161];
	struct lemo_buf buf;
	bool ucs2;

	(void)state;
	check_text(&event, &args, "Call\nme (Sieve filter of joe)", false);
	memset(words, 'x', sizeof(words) - 1);
	words[sizeof(words) - 1] = '\0';
	event.notify_text = words;
	(void)snprintf(wanted, sizeof(wanted), "%.*s (Sieve filter of joe)",
		       160 - 22, words);
	check_text(&event, &args, wanted, false);
	/* UCS-2: 70 characters in all */
	memcpy(words, "\xd0\x9f", 2);
	(void)snprintf(wanted, sizeof(wanted), "%.*s (Sieve filter of joe)",
		       70 - 22 + 1, words);
	check_text(&event, &args, wanted, true);
	/* no room for any word */
	event.user = words + 2;
	lemo_buf_init(&buf, LEMO_PAYLOAD_MAX);
	lemo_sms_text_add(&buf, &event, &args, &ucs2);
	assert_int_equal(buf.len, 160);
	lemo_buf_free(&buf);
}

static void test_text(void **state)
{
	static char subject[10001];
	struct lemo_event event = {
		.type = LEMO_EVENT_MESSAGE_NEW, .mailbox = "INBOX\r\n",
		.from = "boss", .subject = subject, .snippet = "secret"
	};
	struct lemo_payload_args args = {
		.level = LEMO_PAYLOAD_SNIPPET, .events_count = 1
	};

	(void)state;
	memset(subject, 's', sizeof(subject) - 1);
	/* level 1 at most */
	check_text(&event, &args, "New mail", false);
	event.unseen = 3;
	check_text(&event, &args, "New mail: 3 unread", false);
	args.events_count = 2;
	check_text(&event, &args, "New mail (2): 3 unread", false);
	args.level = LEMO_PAYLOAD_WAKEUP;
	check_text(&event, &args, "New mail", false);
	args.verification_code = "c0de";
	check_text(&event, &args, "Verification code: c0de", false);
	args.verification_code = "\xd0\x9f";
	check_text(&event, &args, "Verification code: \xd0\x9f", true);
}

static void test_answers(void **state)
{
	static const struct {
		unsigned int status;
		const char *body;
		enum lemo_gateway verdict;
	} rows[] = {
		{ 202, "0: Accepted for delivery", LEMO_GATEWAY_TAKEN },
		{ 200, "0: Accepted for delivery", LEMO_GATEWAY_TAKEN },
		{ 202, "3: Queued for later delivery", LEMO_GATEWAY_TAKEN },
		{ 202, "", LEMO_GATEWAY_UNKNOWN },
		{ 200, "0", LEMO_GATEWAY_UNKNOWN },
		{ 200, "<html>0: no</html>", LEMO_GATEWAY_UNKNOWN },
		{ 302, "0: Accepted", LEMO_GATEWAY_MISSET },
		{ 400, "Missing receiver(s) number(s), rejected",
		  LEMO_GATEWAY_REFUSED },
		{ 401, "", LEMO_GATEWAY_MISSET },
		{ 403, "Authorization failed for sendsms",
		  LEMO_GATEWAY_MISSET },
		{ 403, "Not routable. Do not try again.",
		  LEMO_GATEWAY_REFUSED },
		{ 403, "", LEMO_GATEWAY_REFUSED },
		{ 404, "Unknown request.", LEMO_GATEWAY_MISSET },
		{ 415, "", LEMO_GATEWAY_MISSET },
		{ 429, "", LEMO_GATEWAY_BUSY },
		{ 500, "", LEMO_GATEWAY_UNKNOWN },
		{ 503, "Temporal failure, try again later.",
		  LEMO_GATEWAY_BUSY }
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < N_ELEMENTS(rows); i++) {
		size_t len = strlen(rows[i].body);
		char *copy = exact_copy(rows[i].body, len);

		assert_row(i, lemo_sms_answer(rows[i].status, copy, len) ==
			   rows[i].verdict);
		free(copy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_number),
		cmocka_unit_test(test_number_bad),
		cmocka_unit_test(test_fit),
		cmocka_unit_test(test_refusal),
		cmocka_unit_test(test_allow_list),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_sn_10_words_of_a_script),
		cmocka_unit_test(test_answers)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
