#include "lemo-quiet.h"

#include <string.h>
#include <strings.h>

#include "lemo-banned.h"

/* 1970-01-01 was a Thursday. */
#define EPOCH_MINUTE (3 * LEMO_QUIET_DAY)
/* Changes of the clock that are followed; there are two a year. */
#define CHANGES_MAX 64

bool lemo_zone_name_is_valid(const char *name)
{
	size_t len, total = strlen(name);

	if (total > LEMO_ZONE_NAME_MAX)
		return false;
	for (;; name += len + 1) {
		len = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			     "abcdefghijklmnopqrstuvwxyz0123456789_+-");
		if (len == 0 || (name[len] != '/' && name[len] != '\0'))
			return false;
		if (name[len] == '\0')
			return true;
	}
}

/* Two letters, after which *str points. */
static bool get_day(const char **str, unsigned int *day_r)
{
	static const char names[] = "motuwethfrsasu";
	unsigned int i;

	for (i = 0; i < 7; i++) {
		if (strncasecmp(*str, names + 2 * i, 2) == 0) {
			*str += 2;
			*day_r = i;
			return true;
		}
	}
	return false;
}

/* "mo" or "fr-mo" */
static bool get_days(const char **str, unsigned int *days)
{
	unsigned int day, last;

	if (!get_day(str, &day))
		return false;
	last = day;
	if (**str == '-') {
		(*str)++;
		if (!get_day(str, &last))
			return false;
	}
	for (; day != last; day = (day + 1) % 7)
		*days |= 1U << day;
	*days |= 1U << last;
	return true;
}

bool lemo_quiet_parse_days(const char *str, unsigned int *days_r)
{
	unsigned int days = 0;

	while (get_days(&str, &days)) {
		if (*str == '\0') {
			*days_r = days;
			return true;
		}
		if (*str++ != ',')
			return false;
	}
	return false;
}

bool lemo_quiet_parse_clock(const char *str, unsigned int *minutes_r)
{
	unsigned int hours, minutes;
	size_t i;

	if (strlen(str) != 5 || str[2] != ':')
		return false;
	for (i = 0; i < 5; i++) {
		if (i != 2 && (str[i] < '0' || str[i] > '9'))
			return false;
	}
	hours = (str[0] - '0') * 10 + (str[1] - '0');
	minutes = (str[3] - '0') * 10 + (str[4] - '0');
	if (minutes > 59 || hours * 60 + minutes > LEMO_QUIET_DAY)
		return false;
	*minutes_r = hours * 60 + minutes;
	return true;
}

static void set_quiet(struct lemo_quiet *quiet, unsigned int minute)
{
	minute %= LEMO_QUIET_WEEK;
	quiet->week[minute / 8] |= 1U << minute % 8;
}

static bool is_quiet(const struct lemo_quiet *quiet, int64_t minute)
{
	int64_t m = (minute + EPOCH_MINUTE) % LEMO_QUIET_WEEK;

	if (m < 0)
		m += LEMO_QUIET_WEEK;
	return (quiet->week[m / 8] >> m % 8 & 1) != 0;
}

void lemo_quiet_add(struct lemo_quiet *quiet, unsigned int days,
		    unsigned int from, unsigned int to)
{
	unsigned int day, minute;

	if (to <= from)
		to += LEMO_QUIET_DAY;
	for (day = 0; day < 7; day++) {
		if ((days & 1U << day) == 0)
			continue;
		for (minute = from; minute < to; minute++)
			set_quiet(quiet, day * LEMO_QUIET_DAY + minute);
	}
}

bool lemo_quiet_is_endless(const struct lemo_quiet *quiet)
{
	size_t i;

	for (i = 0; i < sizeof(quiet->week); i++) {
		if (quiet->week[i] != 0xff)
			return false;
	}
	return true;
}

/* The minute of a local time. */
static int64_t minute_of(int64_t local)
{
	return local / 60 - (local % 60 < 0 ? 1 : 0);
}

/* The local time when this quiet time ends, if no clock is changed. */
static int64_t local_end(const struct lemo_quiet *quiet, int64_t local)
{
	int64_t minute = minute_of(local), end = minute;

	while (end < minute + LEMO_QUIET_WEEK && is_quiet(quiet, end))
		end++;
	return end * 60;
}

bool lemo_quiet_at(const struct lemo_quiet *quiet, const struct lemo_tzif *tz,
		   int64_t t, int64_t *end_r)
{
	int64_t until, end = t;
	int32_t offset = lemo_tzif_offset(tz, t, &until);
	unsigned int changes = 0;

	if (!is_quiet(quiet, minute_of(t + offset)))
		return false;
	do {
		end = local_end(quiet, end + offset) - offset;
		if (end < until)
			break;
		/* the clock is changed first */
		end = until;
		offset = lemo_tzif_offset(tz, end, &until);
	} while (is_quiet(quiet, minute_of(end + offset)) &&
		 ++changes < CHANGES_MAX);
	*end_r = end;
	return true;
}
