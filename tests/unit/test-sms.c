#include "unit.h"
#include "lemo-sms.h"

#define QUERY_MAX 4096

static void test_number(void **state)
{
	static const struct {
		const char *url, *number;
	} rows[] = {
		{ "tel:+49301234567", "+49301234567" },
		{ "TEL:+49-(30)-12.34567", "+49301234567" },
		{ "sms:+358408676001", "+358408676001" },
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

static void test_query(void **state)
{
	static const struct {
		const char *text, *query;
	} rows[] = {
		{ "New mail", "to=%2B49301234567&charset=UTF-8&coding=0"
		  "&text=New%20mail" },
		{ "1&to=2\r\n", "to=%2B49301234567&charset=UTF-8&coding=2"
		  "&text=1%26to%3D2%0D%0A" },
		{ "\xd0\x9f", "to=%2B49301234567&charset=UTF-8&coding=2"
		  "&text=%D0%9F" }
	};
	struct lemo_sms_number number;
	struct lemo_buf buf;
	const char *error;
	unsigned int i;

	(void)state;
	assert_int_equal(lemo_sms_parse_url("tel:+49301234567", &number,
					    &error), 0);
	for (i = 0; i < N_ELEMENTS(rows); i++) {
		lemo_buf_init(&buf, QUERY_MAX);
		lemo_sms_add_query(&buf, &number, rows[i].text,
				   strlen(rows[i].text));
		assert_false(buf.failed);
		assert_string_equal(BUF_STR(&buf), rows[i].query);
		lemo_buf_free(&buf);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_number),
		cmocka_unit_test(test_number_bad),
		cmocka_unit_test(test_fit),
		cmocka_unit_test(test_query)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
