#ifndef LEMO_RETRY_H
#define LEMO_RETRY_H

/*
 * When to try again. Pure: the caller brings the clock and the dice.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LEMO_RETRY_FIRST_MSECS 1000
#define LEMO_RETRY_MAX_MSECS (15 * 60 * 1000)
#define LEMO_RETRY_AFTER_MAX_SECS 3600

/* Milliseconds until try number `tries` + 1 (tries >= 1 have failed):
   exponential by 4, capped, jittered to 50..100 % by `random`. With
   retry_after_secs > 0 never earlier than that. */
uint32_t lemo_retry_delay(unsigned int tries, uint32_t retry_after_secs,
			  uint32_t random);

/* Retry-After (RFC 9110 10.2.3): delay-seconds or an IMF-fixdate, in seconds
   from now, capped to LEMO_RETRY_AFTER_MAX_SECS. 0 if absent or invalid. */
uint32_t lemo_retry_after_parse(const char *value, size_t len, int64_t now);

/* What an HTTP answer means for the row. */
enum lemo_answer {
	LEMO_ANSWER_DONE,      /* 2xx */
	LEMO_ANSWER_RETRY,     /* 408, 425, 429, 5xx, 0 = no answer */
	LEMO_ANSWER_PERMANENT, /* everything else, redirects included */
	LEMO_ANSWER_GONE       /* never by a status alone: the target is no
				  more, and whoever named it should forget it */
};
enum lemo_answer lemo_answer_of_status(unsigned int http_status);

/* A push resource that is not found (RFC 8030 7.3): it may be that the push
   service has lost its mind for a while, so that only LEMO_MISSING_ANSWERS in
   a row over LEMO_MISSING_SECS at least mean that it is gone. All zero = none
   yet. */
#define LEMO_MISSING_ANSWERS 3
#define LEMO_MISSING_SECS 3600
/* Between two of them, so that one push finds out. */
#define LEMO_MISSING_RETRY_SECS 1800
struct lemo_missing {
	unsigned int count; /* in a row */
	int64_t since;      /* Unix time of the first */
};
/* One more at `now'. Any other answer sets all to zero. */
enum lemo_answer lemo_missing_answer(struct lemo_missing *missing,
				     int64_t now);

/* Circuit breaker of one origin. All zero = closed. It cannot count what is
   in flight: while `failures' is LEMO_BREAKER_FAILURES or more, the caller
   lets one request at a time through whenever it is not open. */
#define LEMO_BREAKER_FAILURES 3
struct lemo_breaker {
	unsigned int failures; /* in a row */
	int64_t open_until;    /* ms; one probe is let through after it */
};
bool lemo_breaker_is_open(const struct lemo_breaker *b, int64_t now_msecs);
void lemo_breaker_success(struct lemo_breaker *b);
void lemo_breaker_failure(struct lemo_breaker *b, int64_t now_msecs,
			  uint32_t random);

/* Token bucket. */
struct lemo_budget {
	int64_t updated; /* ms */
	/* a token is 3,600,000 of it: `per_hour' more each millisecond, so
	   that nothing is ever rounded */
	uint64_t credit;
};
/* Takes one token of `per_hour`, of which `burst` may come at once. On
   refusal *wait_msecs_r is when the next will be there. 0 per_hour = no
   limit. A new (all zero) budget is full. Clock steps back are harmless. */
bool lemo_budget_take(struct lemo_budget *b, uint32_t per_hour, uint32_t burst,
		      int64_t now_msecs, uint32_t *wait_msecs_r);

#endif
