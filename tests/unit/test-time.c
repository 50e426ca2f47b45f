#include "unit.h"
#include "lemo-time.h"

struct row {
	const char *str;
	int64_t time;
};

typedef bool parse_func_t(const char *str, size_t len, int64_t *time_r);

static void check_good(parse_func_t *parse, const struct row *rows,
		       unsigned int count)
{
	unsigned int i;
	int64_t t;

	for (i = 0; i < count; i++) {
		size_t len = strlen(rows[i].str);
		char *copy = exact_copy(rows[i].str, len);

		t = -1;
		assert_row(i, parse(copy, len, &t));
		assert_row(i, t == rows[i].time);
		free(copy);
	}
}

static void check_bad(parse_func_t *parse, const char *const *rows,
		      unsigned int count)
{
	unsigned int i;
	int64_t t;

	for (i = 0; i < count; i++) {
		size_t len = strlen(rows[i]);
		char *copy = exact_copy(rows[i], len);

		poison(&t, sizeof(t));
		assert_row(i, !parse(copy, len, &t));
		assert_row(i, is_poisoned(&t, sizeof(t)));
		free(copy);
	}
}

static void test_rfc3339(void **state)
{
	static const struct row rows[] = {
		{ "1970-01-01T00:00:00Z", 0 },
		{ "1969-12-31T23:59:59Z", -1 },
		{ "1970-01-01T01:00:00+01:00", 0 },
		{ "1969-12-31T19:00:00-05:00", 0 },
		/* RFC 3339 5.8 */
		{ "1985-04-12T23:20:50.52Z", 482196050 },
		{ "1996-12-19T16:39:57-08:00", 851042397 },
		{ "1990-12-31T23:59:60Z", 662688000 },
		{ "1990-12-31T15:59:60-08:00", 662688000 },
		{ "1937-01-01T12:00:27.87+00:20", -1041337173 },
		{ "2000-02-29T00:00:00Z", 951782400 },
		{ "2024-02-29T12:00:00Z", 1709208000 },
		{ "2026-03-01T00:00:00Z", 1772323200 },
		{ "2038-01-19T03:14:08Z", 2147483648LL },
		{ "9999-12-31T23:59:59Z", 253402300799LL },
		{ "0000-01-01T00:00:00Z", -62167219200LL },
		{ "2026-01-01T00:00:00.000000001+00:00", 1767225600 }
	};

	(void)state;
	check_good(lemo_time_parse_rfc3339, rows, N_ELEMENTS(rows));
}

static void test_rfc3339_bad(void **state)
{
	static const char *const rows[] = {
		"", "Z", "2026", "2026-01-01", "2026-01-01T00:00:00",
		"2026-01-01 00:00:00Z", "2026-01-01t00:00:00z",
		"2026-01-01T00:00:00z", "2026-1-01T00:00:00Z",
		"2026-00-01T00:00:00Z", "2026-13-01T00:00:00Z",
		"2026-01-00T00:00:00Z", "2026-01-32T00:00:00Z",
		"2026-04-31T00:00:00Z", "2026-02-29T00:00:00Z",
		"1900-02-29T00:00:00Z", "2026-01-01T24:00:00Z",
		"2026-01-01T00:60:00Z", "2026-01-01T00:00:61Z",
		"2026-01-01T00:00Z", "2026-01-01T00:00:00.Z",
		"2026-01-01T00:00:00,5Z", "2026-01-01T00:00:00+01",
		"2026-01-01T00:00:00+0100", "2026-01-01T00:00:00+24:00",
		"2026-01-01T00:00:00+01:60", "2026-01-01T00:00:00Z ",
		" 2026-01-01T00:00:00Z", "2026-01-01T00:00:00ZZ",
		"-026-01-01T00:00:00Z", "20 6-01-01T00:00:00Z",
		"2026-01-01T00:00:00.00000000000000000000000Z"
	};

	(void)state;
	check_bad(lemo_time_parse_rfc3339, rows, N_ELEMENTS(rows));
}

static void test_nul_inside(void **state)
{
	int64_t t;

	(void)state;
	poison(&t, sizeof(t));
	assert_false(lemo_time_parse_rfc3339("2026-01-01T00:00:00Z\0", 21,
					     &t));
	assert_true(is_poisoned(&t, sizeof(t)));
}

/* Each day of 400 years is one day after the day before. */
static void test_every_day(void **state)
{
	static const unsigned int days[] = {
		31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31
	};
	unsigned int year, month, day, last;
	int64_t t, wanted = 0;
	char str[64];

	(void)state;
	for (year = 1970; year < 2370; year++) {
		for (month = 1; month <= 12; month++) {
			last = days[month - 1];
			if (month == 2 && (year % 400 == 0 ||
			    (year % 4 == 0 && year % 100 != 0)))
				last = 29;
			for (day = 1; day <= last; day++) {
				(void)snprintf(str, sizeof(str),
					       "%04u-%02u-%02uT00:00:00Z",
					       year, month, day);
				assert_true(lemo_time_parse_rfc3339(
					str, strlen(str), &t));
				assert_true(t == wanted);
				wanted += 86400;
			}
		}
	}
}

static void test_imf(void **state)
{
	static const struct row rows[] = {
		/* RFC 9110 5.6.7 */
		{ "Sun, 06 Nov 1994 08:49:37 GMT", 784111777 },
		{ "Thu, 01 Jan 1970 00:00:00 GMT", 0 },
		{ "Tue, 29 Feb 2028 23:59:59 GMT", 1835481599 },
		{ "Fri, 31 Dec 2027 00:00:00 GMT", 1830211200 }
	};

	(void)state;
	check_good(lemo_time_parse_imf, rows, N_ELEMENTS(rows));
}

static void test_imf_bad(void **state)
{
	static const char *const rows[] = {
		"", "GMT", "Sun, 06 Nov 1994 08:49:37",
		"Sun, 06 Nov 1994 08:49:37 UTC",
		"Sun, 06 Nov 1994 08:49:37 +0000",
		"sun, 06 Nov 1994 08:49:37 GMT",
		"Son, 06 Nov 1994 08:49:37 GMT",
		"Sun 06 Nov 1994 08:49:37 GMT",
		"Sun, 6 Nov 1994 08:49:37 GMT",
		"Sun, 06 nov 1994 08:49:37 GMT",
		"Sun, 31 Nov 1994 08:49:37 GMT",
		"Sun, 06 Nov 94 08:49:37 GMT",
		"Sun, 06 Nov 1994 25:49:37 GMT",
		"Sun, 06 Nov 1994 08:49:37 GMT ",
		"Sunday, 06-Nov-94 08:49:37 GMT",
		"Sun Nov  6 08:49:37 1994"
	};

	(void)state;
	check_bad(lemo_time_parse_imf, rows, N_ELEMENTS(rows));
}

static void test_rfc5322(void **state)
{
	static const struct row rows[] = {
		{ "Thu, 01 Jan 1970 00:00:00 +0000", 0 },
		{ "Thu, 01 Jan 1970 00:00:00 +0000", -1 },
		{ "Sun, 06 Nov 1994 08:49:37 +0000", 784111777 },
		{ "Tue, 29 Feb 2000 23:59:59 +0000", 951868799 },
		{ "Wed, 01 Mar 2000 00:00:00 +0000", 951868800 },
		{ "Fri, 31 Dec 2100 12:00:00 +0000", 4133937600 },
		{ "Mon, 01 Mar 2100 00:00:00 +0000", 4107542400 }
	};
	struct lemo_buf buf;
	unsigned int i;

	(void)state;
	for (i = 0; i < N_ELEMENTS(rows); i++) {
		lemo_buf_init(&buf, 100);
		lemo_time_add_rfc5322(&buf, rows[i].time);
		assert_row(i, strcmp(BUF_STR(&buf), rows[i].str) == 0);
		lemo_buf_free(&buf);
	}
}

/* The same date comes back, for every day of 400 years. */
static void test_rfc5322_back(void **state)
{
	struct lemo_buf buf;
	int64_t t, parsed;

	(void)state;
	for (t = 12345; t < (int64_t)146097 * 86400; t += 86399) {
		lemo_buf_init(&buf, 100);
		lemo_time_add_rfc5322(&buf, t);
		buf.len -= strlen("+0000");
		lemo_buf_adds(&buf, "GMT");
		assert_true(lemo_time_parse_imf(buf.data, buf.len, &parsed));
		assert_true(parsed == t);
		lemo_buf_free(&buf);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rfc3339),
		cmocka_unit_test(test_rfc3339_bad),
		cmocka_unit_test(test_nul_inside),
		cmocka_unit_test(test_every_day),
		cmocka_unit_test(test_imf),
		cmocka_unit_test(test_imf_bad),
		cmocka_unit_test(test_rfc5322),
		cmocka_unit_test(test_rfc5322_back)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
