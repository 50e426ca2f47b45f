#include "lemo-retry.h"
#include "lemo-time.h"

#include "lemo-banned.h"

/* From 50 to 100 % of msecs. */
static uint32_t jitter(uint32_t msecs, uint32_t random)
{
	uint32_t half = msecs / 2;

	return msecs - half + (uint32_t)(((uint64_t)half * random) >> 32);
}

uint32_t lemo_retry_delay(unsigned int tries, uint32_t retry_after_secs,
			  uint32_t random)
{
	uint32_t msecs = LEMO_RETRY_FIRST_MSECS, least;

	for (; tries > 1 && msecs < LEMO_RETRY_MAX_MSECS; tries--)
		msecs *= 4;
	if (msecs > LEMO_RETRY_MAX_MSECS)
		msecs = LEMO_RETRY_MAX_MSECS;
	msecs = jitter(msecs, random);

	if (retry_after_secs > LEMO_RETRY_AFTER_MAX_SECS)
		retry_after_secs = LEMO_RETRY_AFTER_MAX_SECS;
	least = retry_after_secs * 1000;
	return msecs > least ? msecs : least;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* Digits only, capped while they are read. */
static bool parse_seconds(const char *value, size_t len, int64_t *secs_r)
{
	int64_t secs = 0;
	size_t i;

	for (i = 0; i < len; i++) {
		if (value[i] < '0' || value[i] > '9')
			return false;
		if (secs <= LEMO_RETRY_AFTER_MAX_SECS)
			secs = secs * 10 + (value[i] - '0');
	}
	*secs_r = secs;
	return len > 0;
}

uint32_t lemo_retry_after_parse(const char *value, size_t len, int64_t now)
{
	int64_t secs;

	for (; len > 0 && is_blank(*value); len--)
		value++;
	while (len > 0 && is_blank(value[len - 1]))
		len--;
	if (!parse_seconds(value, len, &secs)) {
		if (!lemo_time_parse_imf(value, len, &secs))
			return 0;
		secs -= now;
	}
	if (secs < 0)
		return 0;
	return secs > LEMO_RETRY_AFTER_MAX_SECS ?
		LEMO_RETRY_AFTER_MAX_SECS : (uint32_t)secs;
}

enum lemo_answer lemo_answer_of_status(unsigned int http_status)
{
	if (http_status >= 200 && http_status <= 299)
		return LEMO_ANSWER_DONE;
	switch (http_status) {
	case 0:
	case 408: /* Request Timeout */
	case 425: /* Too Early */
	case 429: /* Too Many Requests */
		return LEMO_ANSWER_RETRY;
	}
	return http_status >= 500 && http_status <= 599 ?
		LEMO_ANSWER_RETRY : LEMO_ANSWER_PERMANENT;
}

enum lemo_answer lemo_missing_answer(struct lemo_missing *missing, int64_t now)
{
	/* the clock was put back: the hour begins anew */
	if (missing->count == 0 || now < missing->since)
		missing->since = now;
	if (missing->count < LEMO_MISSING_ANSWERS)
		missing->count++;
	return missing->count >= LEMO_MISSING_ANSWERS &&
		now - missing->since >= LEMO_MISSING_SECS ?
		LEMO_ANSWER_GONE : LEMO_ANSWER_RETRY;
}

bool lemo_breaker_is_open(const struct lemo_breaker *b, int64_t now_msecs)
{
	/* longer than ever set: the clock was put back */
	return b->failures >= LEMO_BREAKER_FAILURES &&
		now_msecs < b->open_until &&
		b->open_until - now_msecs <= LEMO_RETRY_MAX_MSECS;
}

void lemo_breaker_success(struct lemo_breaker *b)
{
	b->failures = 0;
	b->open_until = 0;
}

void lemo_breaker_failure(struct lemo_breaker *b, int64_t now_msecs,
			  uint32_t random)
{
	if (b->failures < LEMO_BREAKER_FAILURES + 16)
		b->failures++;
	if (b->failures < LEMO_BREAKER_FAILURES)
		return;
	b->open_until = now_msecs +
		lemo_retry_delay(b->failures - LEMO_BREAKER_FAILURES + 1, 0,
				 random);
}

#define TOKEN 3600000 /* milliseconds of an hour */

/* Adds what has grown since the last time, up to full. */
static void budget_refill(struct lemo_budget *b, uint32_t per_hour,
			  uint64_t full, int64_t now_msecs)
{
	uint64_t elapsed = 0;

	if (b->updated == 0 || b->credit > full)
		b->credit = full;
	else if (now_msecs > b->updated)
		elapsed = (uint64_t)now_msecs - (uint64_t)b->updated;
	b->updated = now_msecs;
	if (elapsed > (full - b->credit) / per_hour)
		b->credit = full;
	else
		b->credit += elapsed * per_hour;
}

bool lemo_budget_take(struct lemo_budget *b, uint32_t per_hour, uint32_t burst,
		      int64_t now_msecs, uint32_t *wait_msecs_r)
{
	uint64_t full = (uint64_t)(burst > 0 ? burst : 1) * TOKEN;

	if (per_hour == 0)
		return true;
	budget_refill(b, per_hour, full, now_msecs);
	if (b->credit < TOKEN) {
		*wait_msecs_r = (TOKEN - b->credit + per_hour - 1) / per_hour;
		return false;
	}
	b->credit -= TOKEN;
	return true;
}
