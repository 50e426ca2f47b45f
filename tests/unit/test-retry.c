#include "unit.h"
#include "lemo-retry.h"

#define HOUR 3600000LL
#define NOW 1767225600000LL /* 2026-01-01, ms */

static void test_delay_grows(void **state)
{
	static const uint32_t full[] = {
		1000, 4000, 16000, 64000, 256000, 900000, 900000
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < N_ELEMENTS(full); i++) {
		assert_row(i, lemo_retry_delay(i + 1, 0, 0) == full[i] / 2);
		assert_row(i, lemo_retry_delay(i + 1, 0, UINT32_MAX) >=
			   full[i] - 1);
		assert_row(i, lemo_retry_delay(i + 1, 0, UINT32_MAX) <=
			   full[i]);
	}
	assert_int_equal(lemo_retry_delay(0, 0, 0), 500);
	assert_int_equal(lemo_retry_delay(UINT32_MAX, 0, 0), 450000);
}

static void test_jitter_is_even(void **state)
{
	unsigned int i, low = 0;

	(void)state;
	for (i = 0; i < 1000; i++) {
		uint32_t ms = lemo_retry_delay(1, 0, i * 4294967U);

		assert_row(i, ms >= 500 && ms <= 1000);
		low += ms < 750;
	}
	assert_true(low >= 490 && low <= 510);
}

static void test_delay_minds_retry_after(void **state)
{
	(void)state;
	assert_int_equal(lemo_retry_delay(1, 5, 0), 5000);
	assert_int_equal(lemo_retry_delay(1, 5, UINT32_MAX), 5000);
	/* never earlier, but later if our own delay is longer */
	assert_int_equal(lemo_retry_delay(6, 5, 0), 450000);
	assert_int_equal(lemo_retry_delay(1, LEMO_RETRY_AFTER_MAX_SECS, 0),
			 LEMO_RETRY_AFTER_MAX_SECS * 1000);
	assert_int_equal(lemo_retry_delay(1, UINT32_MAX, 0),
			 LEMO_RETRY_AFTER_MAX_SECS * 1000);
}

static void test_retry_after(void **state)
{
	/* now is Sun, 06 Nov 1994 08:49:37 GMT */
	static const int64_t now = 784111777;
	static const struct {
		const char *value;
		uint32_t secs;
	} rows[] = {
		{ "", 0 }, { " ", 0 }, { "0", 0 }, { "1", 1 }, { "120", 120 },
		{ " 120\r", 120 }, { "\t7 ", 7 }, { "0007", 7 },
		{ "3600", 3600 }, { "3601", 3600 },
		{ "99999999999999999999999999", 3600 },
		{ "-1", 0 }, { "+1", 0 }, { "1.5", 0 }, { "1 2", 0 },
		{ "1s", 0 }, { "0x10", 0 }, { "soon", 0 },
		{ "Sun, 06 Nov 1994 08:49:37 GMT", 0 },
		{ "Sun, 06 Nov 1994 08:49:36 GMT", 0 },
		{ "Thu, 01 Jan 1970 00:00:00 GMT", 0 },
		{ "Sun, 06 Nov 1994 08:50:37 GMT", 60 },
		{ " Sun, 06 Nov 1994 08:50:37 GMT ", 60 },
		{ "Mon, 07 Nov 1994 08:50:37 GMT", 3600 },
		{ "Fri, 31 Dec 9999 23:59:59 GMT", 3600 },
		{ "Sun, 06 Nov 1994 08:50:37", 0 },
		{ "Sunday, 06-Nov-94 08:50:37 GMT", 0 }
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < N_ELEMENTS(rows); i++) {
		size_t len = strlen(rows[i].value);
		char *copy = exact_copy(rows[i].value, len);

		assert_row(i, lemo_retry_after_parse(copy, len, now) ==
			   rows[i].secs);
		free(copy);
	}
	assert_int_equal(lemo_retry_after_parse("12\0", 3, now), 0);
}

static void test_answers(void **state)
{
	unsigned int status;

	(void)state;
	for (status = 0; status < 1000; status++) {
		enum lemo_answer wanted = LEMO_ANSWER_PERMANENT;

		if (status >= 200 && status < 300)
			wanted = LEMO_ANSWER_DONE;
		else if (status == 0 || status == 408 || status == 425 ||
			 status == 429 || (status >= 500 && status < 600))
			wanted = LEMO_ANSWER_RETRY;
		assert_row(status, lemo_answer_of_status(status) == wanted);
	}
	assert_int_equal(lemo_answer_of_status(UINT32_MAX),
			 LEMO_ANSWER_PERMANENT);
}

/* WP-03: 404 three times over at least an hour */
static void test_missing_wp_03(void **state)
{
	static const struct {
		int64_t now;
		enum lemo_answer answer;
	} rows[] = {
		{ 1000, LEMO_ANSWER_RETRY }, { 1001, LEMO_ANSWER_RETRY },
		{ 1002, LEMO_ANSWER_RETRY }, { 4599, LEMO_ANSWER_RETRY },
		{ 4600, LEMO_ANSWER_GONE }, { 9999, LEMO_ANSWER_GONE },
		/* put back: an hour from there on */
		{ 500, LEMO_ANSWER_RETRY }, { 4099, LEMO_ANSWER_RETRY },
		{ 4100, LEMO_ANSWER_GONE }
	};
	struct lemo_missing missing = { 0, 0 };
	unsigned int i;

	(void)state;
	for (i = 0; i < N_ELEMENTS(rows); i++) {
		assert_row(i, lemo_missing_answer(&missing, rows[i].now) ==
			   rows[i].answer);
	}
	/* an hour, but two answers only */
	missing.count = 0;
	assert_int_equal(lemo_missing_answer(&missing, 10),
			 LEMO_ANSWER_RETRY);
	assert_int_equal(lemo_missing_answer(&missing, 10000),
			 LEMO_ANSWER_RETRY);
	assert_int_equal(lemo_missing_answer(&missing, 10001),
			 LEMO_ANSWER_GONE);
}

static void test_breaker_opens(void **state)
{
	struct lemo_breaker b;
	unsigned int i;

	(void)state;
	memset(&b, 0, sizeof(b));
	assert_false(lemo_breaker_is_open(&b, NOW));
	for (i = 1; i < LEMO_BREAKER_FAILURES; i++) {
		lemo_breaker_failure(&b, NOW, 0);
		assert_false(lemo_breaker_is_open(&b, NOW));
	}
	lemo_breaker_failure(&b, NOW, 0);
	assert_true(lemo_breaker_is_open(&b, NOW));
	assert_true(lemo_breaker_is_open(&b, NOW + 499));
	assert_false(lemo_breaker_is_open(&b, NOW + 500));
	/* the probe failed: longer */
	lemo_breaker_failure(&b, NOW + 500, 0);
	assert_true(lemo_breaker_is_open(&b, NOW + 2499));
	assert_false(lemo_breaker_is_open(&b, NOW + 2500));
	lemo_breaker_success(&b);
	assert_int_equal(b.failures, 0);
	assert_false(lemo_breaker_is_open(&b, NOW));
}

static void test_breaker_success_in_between(void **state)
{
	struct lemo_breaker b;
	unsigned int i;

	(void)state;
	memset(&b, 0, sizeof(b));
	for (i = 0; i < 10; i++) {
		lemo_breaker_failure(&b, NOW, 0);
		lemo_breaker_failure(&b, NOW, 0);
		assert_false(lemo_breaker_is_open(&b, NOW));
		lemo_breaker_success(&b);
	}
}

static void test_breaker_is_bounded(void **state)
{
	struct lemo_breaker b;
	unsigned int i;

	(void)state;
	memset(&b, 0, sizeof(b));
	for (i = 0; i < 1000; i++)
		lemo_breaker_failure(&b, NOW, UINT32_MAX);
	assert_true(lemo_breaker_is_open(&b, NOW));
	assert_false(lemo_breaker_is_open(&b, NOW + LEMO_RETRY_MAX_MSECS));
	/* one success forgets it all */
	lemo_breaker_success(&b);
	lemo_breaker_failure(&b, NOW, 0);
	assert_false(lemo_breaker_is_open(&b, NOW));
}

static void test_breaker_clock_put_back(void **state)
{
	struct lemo_breaker b;
	unsigned int i;

	(void)state;
	memset(&b, 0, sizeof(b));
	for (i = 0; i < 10; i++)
		lemo_breaker_failure(&b, NOW, 0);
	assert_true(lemo_breaker_is_open(&b, NOW));
	assert_false(lemo_breaker_is_open(&b, NOW - 10 * HOUR));
}

/* Tokens taken in count tries, one each step ms. */
static unsigned int take_many(struct lemo_budget *b, uint32_t per_hour,
			      uint32_t burst, int64_t *now, int64_t step,
			      unsigned int count)
{
	unsigned int taken = 0;
	uint32_t wait;

	for (; count > 0; count--, *now += step) {
		if (lemo_budget_take(b, per_hour, burst, *now, &wait))
			taken++;
	}
	return taken;
}

static void test_budget_burst(void **state)
{
	struct lemo_budget b;
	int64_t now = NOW;
	uint32_t wait = 1234;

	(void)state;
	memset(&b, 0, sizeof(b));
	assert_int_equal(take_many(&b, 60, 5, &now, 0, 5), 5);
	assert_false(lemo_budget_take(&b, 60, 5, now, &wait));
	assert_int_equal(wait, 60000);
	now += 59999;
	assert_false(lemo_budget_take(&b, 60, 5, now, &wait));
	assert_true(wait <= 60);
	now += wait;
	assert_true(lemo_budget_take(&b, 60, 5, now, &wait));
	assert_false(lemo_budget_take(&b, 60, 5, now, &wait));
	/* full again, but not fuller */
	now += 100 * HOUR;
	assert_int_equal(take_many(&b, 60, 5, &now, 0, 10), 5);
}

static void test_budget_wait_is_true(void **state)
{
	static const uint32_t rates[] = { 1, 7, 60, 1000, 3600, 86400 };
	struct lemo_budget b;
	unsigned int i, j;
	uint32_t wait;

	(void)state;
	for (i = 0; i < N_ELEMENTS(rates); i++) {
		int64_t now = NOW;

		memset(&b, 0, sizeof(b));
		assert_row(i, lemo_budget_take(&b, rates[i], 1, now, &wait));
		for (j = 0; j < 50; j++) {
			assert_row(i, !lemo_budget_take(&b, rates[i], 1, now,
							&wait));
			assert_row(i, wait >= 1 && wait <= HOUR);
			now += wait;
			assert_row(i, lemo_budget_take(&b, rates[i], 1, now,
						       &wait));
		}
	}
}

static void test_budget_asked_often(void **state)
{
	/* every millisecond for a minute: rounding must not eat it */
	static const uint32_t rates[] = { 600, 3600, 7000, 36000, 5000000 };
	unsigned int i;

	(void)state;
	for (i = 0; i < N_ELEMENTS(rates); i++) {
		struct lemo_budget b;
		int64_t now = NOW;
		unsigned int taken, fair = rates[i] / 60;

		if (fair > 60000)
			fair = 60000; /* tries */
		memset(&b, 0, sizeof(b));
		taken = take_many(&b, rates[i], 1, &now, 1, 60000);
		assert_row(i, taken <= fair + 1);
		assert_row(i, taken + 1 >= fair);
	}
}

static void test_budget_without_limit(void **state)
{
	struct lemo_budget b;
	int64_t now = NOW;

	(void)state;
	memset(&b, 0, sizeof(b));
	assert_int_equal(take_many(&b, 0, 1, &now, 0, 1000), 1000);
	assert_int_equal(b.updated, 0);
}

static void test_budget_zero_burst(void **state)
{
	struct lemo_budget b;
	int64_t now = NOW;

	(void)state;
	memset(&b, 0, sizeof(b));
	assert_int_equal(take_many(&b, 60, 0, &now, 0, 5), 1);
}

static void test_budget_clock_put_back(void **state)
{
	struct lemo_budget b;
	int64_t now = NOW;
	uint32_t wait;

	(void)state;
	memset(&b, 0, sizeof(b));
	assert_int_equal(take_many(&b, 60, 5, &now, 0, 3), 3);
	now -= 1000 * HOUR;
	assert_int_equal(take_many(&b, 60, 5, &now, 0, 5), 2);
	now += 60000;
	assert_true(lemo_budget_take(&b, 60, 5, now, &wait));
	assert_false(lemo_budget_take(&b, 60, 5, now, &wait));
}

static void test_budget_limits_change(void **state)
{
	struct lemo_budget b;
	int64_t now = NOW;

	(void)state;
	/* a lower burst applies at once, also to what was saved up */
	memset(&b, 0, sizeof(b));
	assert_int_equal(take_many(&b, 60, 100, &now, 0, 1), 1);
	assert_int_equal(take_many(&b, 60, 2, &now, 0, 5), 2);
	/* extremes do not overflow */
	memset(&b, 0, sizeof(b));
	assert_int_equal(take_many(&b, UINT32_MAX, UINT32_MAX, &now, 1, 100),
			 100);
	now += INT64_C(1) << 60;
	assert_int_equal(take_many(&b, 1, UINT32_MAX, &now, 1, 100), 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_delay_grows),
		cmocka_unit_test(test_jitter_is_even),
		cmocka_unit_test(test_delay_minds_retry_after),
		cmocka_unit_test(test_retry_after),
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_missing_wp_03),
		cmocka_unit_test(test_breaker_opens),
		cmocka_unit_test(test_breaker_success_in_between),
		cmocka_unit_test(test_breaker_is_bounded),
		cmocka_unit_test(test_breaker_clock_put_back),
		cmocka_unit_test(test_budget_burst),
		cmocka_unit_test(test_budget_wait_is_true),
		cmocka_unit_test(test_budget_asked_often),
		cmocka_unit_test(test_budget_without_limit),
		cmocka_unit_test(test_budget_zero_burst),
		cmocka_unit_test(test_budget_clock_put_back),
		cmocka_unit_test(test_budget_limits_change)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
