#include "lemo-time.h"

#include <string.h>

#include "lemo-banned.h"

struct civil {
	unsigned int year, month, day, hour, minute, second;
};

static bool is_leap(unsigned int year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static unsigned int month_days(unsigned int year, unsigned int month)
{
	static const unsigned char days[12] = {
		31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31
	};

	return days[month - 1] + (month == 2 && is_leap(year) ? 1 : 0);
}

static bool civil_is_valid(const struct civil *c)
{
	return c->month >= 1 && c->month <= 12 && c->day >= 1 &&
		c->day <= month_days(c->year, c->month) &&
		c->hour <= 23 && c->minute <= 59 &&
		c->second <= 60; /* leap second */
}

static int64_t civil_to_unix(const struct civil *c)
{
	/* Counted from March, the leap day is the year's last: 153 days are
	   any five months from then on. 719468 = 0000-03-01 to 1970-01-01. */
	int64_t year = (int64_t)c->year - (c->month <= 2 ? 1 : 0);
	int64_t era = (year >= 0 ? year : year - 399) / 400;
	int64_t year_of_era = year - era * 400;
	int64_t month = (c->month + 9) % 12;
	int64_t day_of_era = year_of_era * 365 + year_of_era / 4 -
		year_of_era / 100 + (153 * month + 2) / 5 + c->day - 1;

	return (era * 146097 + day_of_era - 719468) * 86400 +
		c->hour * 3600 + c->minute * 60 + c->second;
}

/* The other way round; time is not before 1970. */
static void civil_from_unix(int64_t time, struct civil *c_r)
{
	int64_t days = time / 86400 + 719468, era = days / 146097;
	unsigned int day_of_era = days % 146097;
	unsigned int year_of_era = (day_of_era - day_of_era / 1460 +
		day_of_era / 36524 - day_of_era / 146096) / 365;
	unsigned int day = day_of_era - (year_of_era * 365 + year_of_era / 4 -
					 year_of_era / 100);
	unsigned int month = (5 * day + 2) / 153;

	c_r->day = day - (153 * month + 2) / 5 + 1;
	c_r->month = month < 10 ? month + 3 : month - 9;
	c_r->year = year_of_era + era * 400 + (c_r->month <= 2 ? 1 : 0);
	c_r->hour = time / 3600 % 24;
	c_r->minute = time / 60 % 60;
	c_r->second = time % 60;
}

/* Reads count digits at *pos and moves it. */
static bool take_digits(const char **pos, unsigned int count,
			unsigned int *num_r)
{
	unsigned int num = 0;

	for (; count > 0; count--, (*pos)++) {
		if (**pos < '0' || **pos > '9')
			return false;
		num = num * 10 + (**pos - '0');
	}
	*num_r = num;
	return true;
}

static bool take(const char **pos, const char *literal)
{
	size_t len = strlen(literal);

	if (strncmp(*pos, literal, len) != 0)
		return false;
	*pos += len;
	return true;
}

static bool take_clock(const char **pos, struct civil *c)
{
	return take_digits(pos, 2, &c->hour) && take(pos, ":") &&
		take_digits(pos, 2, &c->minute) && take(pos, ":") &&
		take_digits(pos, 2, &c->second);
}

static bool take_fraction(const char **pos)
{
	unsigned int digit;

	if (!take(pos, "."))
		return true;
	if (!take_digits(pos, 1, &digit))
		return false;
	*pos += strspn(*pos, "0123456789");
	return true;
}

/* Z or +hh:mm or -hh:mm, in seconds to be taken off. */
static bool take_offset(const char **pos, int *secs_r)
{
	unsigned int hours, minutes;
	int sign = **pos == '-' ? -1 : 1;

	*secs_r = 0;
	if (take(pos, "Z"))
		return true;
	if ((!take(pos, "+") && !take(pos, "-")) ||
	    !take_digits(pos, 2, &hours) || !take(pos, ":") ||
	    !take_digits(pos, 2, &minutes) || hours > 23 || minutes > 59)
		return false;
	*secs_r = sign * (int)(hours * 3600 + minutes * 60);
	return true;
}

/* The text as a NUL-terminated copy, so that the readers above may look one
   octet further. False if it is longer than any date or has a NUL. */
#define DATE_MAX 40
static bool copy_date(const char *str, size_t len, char copy_r[DATE_MAX + 1])
{
	if (len > DATE_MAX || memchr(str, '\0', len) != NULL)
		return false;
	memcpy(copy_r, str, len);
	copy_r[len] = '\0';
	return true;
}

bool lemo_time_parse_rfc3339(const char *str, size_t len, int64_t *time_r)
{
	char copy[DATE_MAX + 1];
	const char *pos = copy;
	struct civil c;
	int offset;

	if (!copy_date(str, len, copy) ||
	    !take_digits(&pos, 4, &c.year) || !take(&pos, "-") ||
	    !take_digits(&pos, 2, &c.month) || !take(&pos, "-") ||
	    !take_digits(&pos, 2, &c.day) || !take(&pos, "T") ||
	    !take_clock(&pos, &c) || !take_fraction(&pos) ||
	    !take_offset(&pos, &offset) || *pos != '\0' || !civil_is_valid(&c))
		return false;
	*time_r = civil_to_unix(&c) - offset;
	return true;
}

#define WEEKDAYS "SunMonTueWedThuFriSat"
#define MONTHS "JanFebMarAprMayJunJulAugSepOctNovDec"

/* A three-letter name out of a list of such; its number from 1. */
static bool take_name(const char **pos, const char *names, unsigned int *num_r)
{
	unsigned int i;

	for (i = 0; names[i * 3] != '\0'; i++) {
		if (strncmp(*pos, names + i * 3, 3) == 0) {
			*pos += 3;
			*num_r = i + 1;
			return true;
		}
	}
	return false;
}

bool lemo_time_parse_imf(const char *str, size_t len, int64_t *time_r)
{
	char copy[DATE_MAX + 1];
	const char *pos = copy;
	unsigned int weekday;
	struct civil c;

	if (!copy_date(str, len, copy) ||
	    !take_name(&pos, WEEKDAYS, &weekday) ||
	    !take(&pos, ", ") || !take_digits(&pos, 2, &c.day) ||
	    !take(&pos, " ") ||
	    !take_name(&pos, MONTHS, &c.month) ||
	    !take(&pos, " ") || !take_digits(&pos, 4, &c.year) ||
	    !take(&pos, " ") || !take_clock(&pos, &c) ||
	    !take(&pos, " GMT") || *pos != '\0' || !civil_is_valid(&c))
		return false;
	*time_r = civil_to_unix(&c);
	return true;
}

void lemo_time_add_rfc5322(struct lemo_buf *buf, int64_t time)
{
	struct civil c;

	if (time < 0)
		time = 0;
	civil_from_unix(time, &c);
	/* the first day was a Thursday */
	lemo_buf_add(buf, &WEEKDAYS[(time / 86400 + 4) % 7 * 3], 3);
	lemo_buf_addf(buf, ", %02u ", c.day);
	lemo_buf_add(buf, &MONTHS[(c.month - 1) * 3], 3);
	lemo_buf_addf(buf, " %04u %02u:%02u:%02u +0000", c.year, c.hour,
		      c.minute, c.second);
}
