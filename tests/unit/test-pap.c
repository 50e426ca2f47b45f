#include "unit.h"
#include "lemo-pap.h"

#define PAP_MAX 4096

static const struct lemo_pap_push joe = {
	.push_id = "0123-2.89abcdef@mail.example.org",
	.number = "+49301234567",
	.ppg = "ppg.example.org",
	.emn = "\x03\x0d\x6a\0\x85", .emn_len = 5
};

#define BEFORE_EMN \
	"--lemonade-0\r\n" \
	"Content-Type: application/xml\r\n" \
	"\r\n" \
	"<?xml version=\"1.0\"?>\r\n" \
	"<!DOCTYPE pap PUBLIC \"-//WAPFORUM//DTD PAP 1.0//EN\"\r\n" \
	" \"http://www.wapforum.org/DTD/pap_1.0.dtd\">\r\n" \
	"<pap><push-message push-id=\"0123-2.89abcdef@mail.example.org\">" \
	"<address address-value=\"WAPPUSH=+49301234567/TYPE=PLMN@" \
	"ppg.example.org\"/></push-message></pap>\r\n" \
	"--lemonade-0\r\n" \
	"Content-Type: application/vnd.wap.emn+wbxml\r\n" \
	"X-Wap-Application-Id: x-wap-application:emn.ua\r\n" \
	"\r\n"

static void test_pa_01_request(void **state)
{
	static const char wanted[] = BEFORE_EMN "\x03\x0d\x6a\0\x85"
		"\r\n--lemonade-0--\r\n";
	char boundary[LEMO_PAP_BOUNDARY_SIZE];
	struct lemo_buf buf;

	(void)state;
	lemo_buf_init(&buf, PAP_MAX);
	assert_int_equal(lemo_pap_add(&buf, &joe, boundary), 0);
	assert_false(buf.failed);
	assert_string_equal(boundary, "lemonade-0");
	assert_int_equal(buf.len, sizeof(wanted) - 1);
	assert_memory_equal(buf.data, wanted, buf.len);
	lemo_buf_free(&buf);
}

static void test_pa_01_boundary_not_in_content(void **state)
{
	static const char emn[] = "lemonade-0 lemonade-1";
	char boundary[LEMO_PAP_BOUNDARY_SIZE];
	struct lemo_pap_push push = joe;
	struct lemo_buf buf;

	(void)state;
	push.emn = emn;
	push.emn_len = sizeof(emn) - 1;
	push.push_id = "lemonade-2";
	push.ppg = "lemonade-3.test";
	lemo_buf_init(&buf, PAP_MAX);
	assert_int_equal(lemo_pap_add(&buf, &push, boundary), 0);
	assert_string_equal(boundary, "lemonade-4");
	lemo_buf_free(&buf);
}

static void check_bad(const struct lemo_pap_push *push)
{
	char boundary[LEMO_PAP_BOUNDARY_SIZE];
	struct lemo_buf buf;

	lemo_buf_init(&buf, PAP_MAX);
	assert_int_equal(lemo_pap_add(&buf, push, boundary), -1);
	assert_int_equal(buf.len, 0);
	lemo_buf_free(&buf);
}

static void test_nothing_is_injected(void **state)
{
	static const char *const bad[] = {
		"", "a\"b", "a<b", "a>b", "a&b", "a'b", "a b", "a\r\nb",
		"a\x80", "a/TYPE=USER"
	};
	struct lemo_pap_push push;
	unsigned int i;

	(void)state;
	for (i = 0; i < N_ELEMENTS(bad); i++) {
		push = joe;
		push.push_id = bad[i];
		check_bad(&push);
		push = joe;
		push.number = bad[i];
		check_bad(&push);
		push = joe;
		push.ppg = bad[i];
		check_bad(&push);
	}
}

static void test_codes(void **state)
{
	static const struct {
		const char *answer;
		unsigned int code;
	} rows[] = {
		/* Kannel's */
		{ "<?xml version=\"1.0\"?><!DOCTYPE pap PUBLIC "
		  "\"-//WAPFORUM//DTD PAP 1.0//EN\" "
		  "\"http://www.wapforum.org/DTD/pap_1.0.dtd\"><pap>"
		  "<push-response push-id=\"1@pi.example.com\" sender-name="
		  "\"WAP/1.3 KANNEL/1.4.5\" reply-time="
		  "\"2026-11-24T02:03:28Z\" sender-address=\"/wappush\">"
		  "<response-result code =\"1001\" desc=\"The request has "
		  "been accepted for processing\"></response-result>"
		  "</push-response></pap>", 1001 },
		{ "<badmessage-response code =\"2000\" desc=\"Not understood"
		  "\" bad-message-fragment=\"x\"></badmessage-response>",
		  2000 },
		{ "<response-result\n desc='x' code='2002'/>", 2002 },
		{ "<response-result code = '4000'>", 4000 },
		{ "<response-result code=\"0999\"/>", 0 },
		{ "<response-result code=\"10011\"/>", 0 },
		{ "<response-result code=\"100\"/>", 0 },
		{ "<response-result code=\"1001'/>", 0 },
		{ "<response-result code=\"1 01\"/>", 0 },
		{ "<response-result code=\"1001", 0 },
		{ "<response-result code", 0 },
		{ "<response-result code=", 0 },
		{ "<response-result", 0 },
		{ "<response-result/><x code=\"1001\"/>", 0 },
		{ "<response-resultcode=\"1001\"/>", 0 },
		{ "<push-response code=\"1001\"/>", 0 },
		{ "", 0 }
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < N_ELEMENTS(rows); i++) {
		size_t len = strlen(rows[i].answer);
		char *copy = exact_copy(rows[i].answer, len);

		assert_row(i, lemo_pap_code(copy, len) == rows[i].code);
		free(copy);
	}
}

static void test_long_answer(void **state)
{
	static const char answer[] = "<response-result code=\"1001\"/>";
	char text[LEMO_PAP_ANSWER_MAX + 1];

	(void)state;
	memset(text, ' ', sizeof(text));
	memcpy(text, answer, sizeof(answer) - 1);
	assert_int_equal(lemo_pap_code(text, sizeof(text) - 1), 1001);
	assert_int_equal(lemo_pap_code(text, sizeof(text)), 0);
}

static void test_pa_03_verdicts(void **state)
{
	static const struct {
		unsigned int status, code;
		enum lemo_gateway verdict;
	} rows[] = {
		{ 202, 1000, LEMO_GATEWAY_TAKEN },
		{ 202, 1001, LEMO_GATEWAY_TAKEN },
		{ 202, 2000, LEMO_GATEWAY_REFUSED },
		{ 202, 2001, LEMO_GATEWAY_REFUSED },
		{ 202, 2002, LEMO_GATEWAY_REFUSED },
		{ 200, 2005, LEMO_GATEWAY_REFUSED },
		{ 202, 2007, LEMO_GATEWAY_TAKEN },
		{ 202, 3000, LEMO_GATEWAY_BUSY },
		{ 202, 3006, LEMO_GATEWAY_BUSY },
		{ 202, 4000, LEMO_GATEWAY_BUSY },
		{ 500, 3000, LEMO_GATEWAY_BUSY },
		{ 200, 0, LEMO_GATEWAY_UNKNOWN },
		{ 302, 0, LEMO_GATEWAY_MISSET },
		{ 400, 0, LEMO_GATEWAY_REFUSED },
		{ 401, 0, LEMO_GATEWAY_MISSET },
		{ 403, 0, LEMO_GATEWAY_MISSET },
		{ 404, 0, LEMO_GATEWAY_MISSET },
		{ 429, 0, LEMO_GATEWAY_BUSY },
		{ 500, 0, LEMO_GATEWAY_UNKNOWN },
		{ 503, 0, LEMO_GATEWAY_BUSY }
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < N_ELEMENTS(rows); i++) {
		assert_row(i, lemo_pap_answer(rows[i].status, rows[i].code) ==
			   rows[i].verdict);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pa_01_request),
		cmocka_unit_test(test_pa_01_boundary_not_in_content),
		cmocka_unit_test(test_nothing_is_injected),
		cmocka_unit_test(test_codes),
		cmocka_unit_test(test_long_answer),
		cmocka_unit_test(test_pa_03_verdicts)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
