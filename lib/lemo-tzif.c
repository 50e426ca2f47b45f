#include "lemo-tzif.h"

#include <stdbool.h>
#include <string.h>

#include "lemo-banned.h"

#define HEADER_SIZE 44
#define INFO_SIZE 6
#define DAY_SECS 86400
/* A TZ string is short: the longest in use has some 50 octets. */
#define FOOTER_MAX 255
/* Times beyond, some 30 million years, are all the same to us. */
#define TIME_MAX INT64_C(1000000000000000)

/* The counts of a header, in the order of the file (RFC 9636 3.1). */
struct counts {
	uint32_t isut, isstd, leap, time, type, chars;
};

struct input {
	const unsigned char *pos, *end;
};

static uint32_t get_u32(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
		(uint32_t)p[2] << 8 | p[3];
}

static int64_t get_time(const struct lemo_tzif *tz, unsigned int i)
{
	const unsigned char *p = tz->times + (size_t)i * tz->time_size;

	if (tz->time_size == 4)
		return (int32_t)get_u32(p);
	return (int64_t)((uint64_t)get_u32(p) << 32 | get_u32(p + 4));
}

static int32_t get_info_offset(const struct lemo_tzif *tz, unsigned int type)
{
	return (int32_t)get_u32(tz->infos + (size_t)type * INFO_SIZE);
}

/*
 * The TZ string of the footer (RFC 9636 3.3.1)
 */

/* So many digits at most; false if there is none or it is over max. */
static bool get_number(const char **str, unsigned int max,
		       unsigned int *num_r)
{
	const char *p = *str;
	unsigned int num = 0;

	for (; *p >= '0' && *p <= '9' && p - *str < 3; p++)
		num = num * 10 + (*p - '0');
	if (p == *str || num > max)
		return false;
	*str = p;
	*num_r = num;
	return true;
}

static bool skip_char(const char **str, char c)
{
	if (**str != c)
		return false;
	(*str)++;
	return true;
}

/* [+-]hh[:mm[:ss]] */
static bool get_hms(const char **str, unsigned int hours_max, int32_t *secs_r)
{
	unsigned int hours, mins = 0, secs = 0;
	bool negative = **str == '-';

	if (**str == '-' || **str == '+')
		(*str)++;
	if (!get_number(str, hours_max, &hours))
		return false;
	if (skip_char(str, ':')) {
		if (!get_number(str, 59, &mins))
			return false;
		if (skip_char(str, ':') && !get_number(str, 59, &secs))
			return false;
	}
	*secs_r = hours * 3600 + mins * 60 + secs;
	if (negative)
		*secs_r = -*secs_r;
	return true;
}

/* EST or <-03> */
static bool skip_name(const char **str)
{
	const char *p = *str;
	size_t len;

	if (*p == '<') {
		len = strcspn(p, ">");
		if (p[len] == '\0' || len < 2)
			return false;
		*str += len + 1;
		return true;
	}
	len = strspn(p, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
		     "abcdefghijklmnopqrstuvwxyz");
	*str += len;
	return len >= 3;
}

/* POSIX counts west of Greenwich. */
static bool get_offset(const char **str, int32_t *offset_r)
{
	int32_t west;

	if (!get_hms(str, 24, &west))
		return false;
	*offset_r = -west;
	return true;
}

static bool get_day(const char **str, struct lemo_tzif_date *date)
{
	if (skip_char(str, 'M')) {
		date->kind = LEMO_TZIF_WEEK;
		return get_number(str, 12, &date->month) &&
			date->month > 0 && skip_char(str, '.') &&
			get_number(str, 5, &date->week) &&
			date->week > 0 && skip_char(str, '.') &&
			get_number(str, 6, &date->day);
	}
	if (skip_char(str, 'J')) {
		date->kind = LEMO_TZIF_JULIAN;
		return get_number(str, 365, &date->day) && date->day > 0;
	}
	date->kind = LEMO_TZIF_DAY;
	return get_number(str, 365, &date->day);
}

/* ,date[/time]; from version 3 on up to 167 hours */
static bool get_date(const char **str, struct lemo_tzif_date *date)
{
	date->time = 2 * 3600;
	return skip_char(str, ',') && get_day(str, date) &&
		(!skip_char(str, '/') || get_hms(str, 167, &date->time));
}

static bool parse_tz(struct lemo_tzif *tz, const char *str)
{
	if (!skip_name(&str) || !get_offset(&str, &tz->std_offset))
		return false;
	tz->has_footer = true;
	if (*str == '\0')
		return true;
	tz->has_dst = true;
	tz->dst_offset = tz->std_offset + 3600;
	if (!skip_name(&str) ||
	    (*str != ',' && !get_offset(&str, &tz->dst_offset)))
		return false;
	return get_date(&str, &tz->dst_begin) &&
		get_date(&str, &tz->dst_end) && *str == '\0';
}

/* LF, the string, LF. */
static bool parse_footer(struct lemo_tzif *tz, const struct input *input)
{
	char str[FOOTER_MAX + 1];
	const unsigned char *lf;
	size_t len;

	if (input->end - input->pos < 2 || *input->pos != '\n')
		return false;
	lf = memchr(input->pos + 1, '\n', input->end - input->pos - 1);
	if (lf == NULL)
		return false;
	len = lf - input->pos - 1;
	if (len > FOOTER_MAX || memchr(input->pos + 1, '\0', len) != NULL)
		return false;
	memcpy(str, input->pos + 1, len);
	str[len] = '\0';
	return len == 0 || parse_tz(tz, str);
}

/*
 * The binary part
 */

static bool get_header(struct input *input, struct counts *counts_r,
		       unsigned int *version_r)
{
	const unsigned char *p = input->pos;

	if (input->end - p < HEADER_SIZE || memcmp(p, "TZif", 4) != 0 ||
	    (p[4] != '\0' && (p[4] < '2' || p[4] > '9')))
		return false;
	*version_r = p[4] == '\0' ? 1 : p[4] - '0';
	counts_r->isut = get_u32(p + 20);
	counts_r->isstd = get_u32(p + 24);
	counts_r->leap = get_u32(p + 28);
	counts_r->time = get_u32(p + 32);
	counts_r->type = get_u32(p + 36);
	counts_r->chars = get_u32(p + 40);
	input->pos += HEADER_SIZE;
	return true;
}

/* Below 2^38 */
static uint64_t body_size(const struct counts *counts, unsigned int time_size)
{
	return (uint64_t)counts->time * (time_size + 1) +
		(uint64_t)counts->type * INFO_SIZE + counts->chars +
		(uint64_t)counts->leap * (time_size + 4) + counts->isstd +
		counts->isut;
}

static bool has_body(const struct input *input, const struct counts *counts,
		     unsigned int time_size)
{
	return body_size(counts, time_size) <=
		(uint64_t)(input->end - input->pos);
}

static bool times_are_valid(const struct lemo_tzif *tz)
{
	unsigned int i;

	for (i = 0; i < tz->times_count; i++) {
		if (tz->types[i] >= tz->infos_count ||
		    (i > 0 && get_time(tz, i) <= get_time(tz, i - 1)))
			return false;
	}
	return true;
}

static bool infos_are_valid(const struct lemo_tzif *tz)
{
	unsigned int i;
	int32_t offset;

	for (i = 0; i < tz->infos_count; i++) {
		offset = get_info_offset(tz, i);
		if (offset < -LEMO_TZIF_OFFSET_MAX ||
		    offset > LEMO_TZIF_OFFSET_MAX)
			return false;
	}
	return tz->infos_count > 0;
}

static bool parse_body(struct lemo_tzif *tz, struct input *input,
		       const struct counts *counts, unsigned int time_size)
{
	if (!has_body(input, counts, time_size))
		return false;
	tz->time_size = time_size;
	tz->times_count = counts->time;
	tz->infos_count = counts->type;
	tz->times = input->pos;
	tz->types = tz->times + (size_t)counts->time * time_size;
	tz->infos = tz->types + counts->time;
	input->pos += body_size(counts, time_size);
	return times_are_valid(tz) && infos_are_valid(tz);
}

static const char *parse(struct lemo_tzif *tz, struct input *input)
{
	struct counts counts;
	unsigned int version;

	if (!get_header(input, &counts, &version))
		return "is no zoneinfo file";
	if (version >= 2) {
		/* the first block is for readers of version 1 */
		if (!has_body(input, &counts, 4))
			return "is cut short";
		input->pos += body_size(&counts, 4);
		if (!get_header(input, &counts, &version))
			return "has no second header";
	}
	if (counts.leap != 0)
		return "counts leap seconds";
	if (!parse_body(tz, input, &counts, version >= 2 ? 8 : 4))
		return "has a damaged table";
	if (version >= 2 && !parse_footer(tz, input))
		return "has a damaged footer";
	return NULL;
}

int lemo_tzif_parse(const void *data, size_t size, struct lemo_tzif *tz_r,
		    const char **error_r)
{
	struct input input = { data, (const unsigned char *)data + size };
	struct lemo_tzif tz;
	const char *error;

	memset(&tz, 0, sizeof(tz));
	error = parse(&tz, &input);
	if (error != NULL) {
		*error_r = error;
		return -1;
	}
	*tz_r = tz;
	return 0;
}

/*
 * Times after the last transition
 */

static bool is_leap_year(int64_t year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* Days from 1970-01-01 to January 1 of the year, in the proleptic Gregorian
   calendar; 400 years have 146097. */
static int64_t days_to_year(int64_t year)
{
	int64_t era = (year >= 0 ? year : year - 399) / 400;
	int64_t y = year - era * 400; /* 0 to 399; 0 is a leap year */
	int64_t leaps = y == 0 ? 0 : 1 + (y - 1) / 4 - (y - 1) / 100;

	return era * 146097 + y * 365 + leaps - 719528;
}

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0 ? 1 : 0);
}

static int64_t year_of(int64_t t)
{
	int64_t days = floor_div(t, DAY_SECS);
	int64_t year = 1970 + floor_div(days * 400, 146097);

	/* a guess, off by one at most */
	while (days_to_year(year) > days)
		year--;
	while (days_to_year(year + 1) <= days)
		year++;
	return year;
}

/* The day of the year, from 0, of the week'th such weekday of a month. */
static int64_t week_day(const struct lemo_tzif_date *date, int64_t year)
{
	static const unsigned char lengths[12] = {
		31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31
	};
	int64_t first = 0, last, weekday;
	unsigned int i, length;

	for (i = 0; i + 1 < date->month; i++)
		first += lengths[i] + (i == 1 && is_leap_year(year) ? 1 : 0);
	length = lengths[i] + (i == 1 && is_leap_year(year) ? 1 : 0);
	last = first + length - 1;
	/* of the month's first day; 1970-01-01 was a Thursday */
	weekday = (days_to_year(year) + first) % 7;
	weekday = (weekday + 7 + 4) % 7;
	first += (date->day + 7 - weekday) % 7 + 7 * (date->week - 1);
	while (first > last)
		first -= 7;
	return first;
}

/* The local time at which the part of the year begins, as if it were UTC. */
static int64_t date_time(const struct lemo_tzif_date *date, int64_t year)
{
	int64_t day = date->day;

	if (date->kind == LEMO_TZIF_WEEK)
		day = week_day(date, year);
	else if (date->kind == LEMO_TZIF_JULIAN &&
		 (!is_leap_year(year) || day < 60))
		day--;
	return (days_to_year(year) + day) * DAY_SECS + date->time;
}

/* The changes around t: the last one not after it says what holds, the next
   one until when. Where both are at one time it is summer without end, for
   which zoneinfo writes such rules. */
static int32_t footer_offset(const struct lemo_tzif *tz, int64_t t,
			     int64_t *until_r)
{
	int64_t year = year_of(t), y, begin, end;
	int64_t last = INT64_MIN, next = INT64_MAX;
	int32_t offset = tz->std_offset;

	for (y = year - 2; tz->has_dst && y <= year + 2; y++) {
		end = date_time(&tz->dst_end, y) - tz->dst_offset;
		begin = date_time(&tz->dst_begin, y) - tz->std_offset;
		if (end <= t && end > last) {
			last = end;
			offset = tz->std_offset;
		}
		if (begin <= t && begin >= last) {
			last = begin;
			offset = tz->dst_offset;
		}
		if (end > t && end < next)
			next = end;
		if (begin > t && begin < next)
			next = begin;
	}
	*until_r = next;
	return offset;
}

/* How many transitions are at or before t. */
static unsigned int times_until(const struct lemo_tzif *tz, int64_t t)
{
	unsigned int low = 0, high = tz->times_count, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (get_time(tz, middle) <= t)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

int32_t lemo_tzif_offset(const struct lemo_tzif *tz, int64_t t,
			 int64_t *until_r)
{
	unsigned int count;

	if (t > TIME_MAX)
		t = TIME_MAX;
	else if (t < -TIME_MAX)
		t = -TIME_MAX;
	count = times_until(tz, t);
	if (count == tz->times_count && tz->has_footer)
		return footer_offset(tz, t, until_r);
	*until_r = count == tz->times_count ? INT64_MAX :
		get_time(tz, count);
	return get_info_offset(tz, count == 0 ? 0 : tz->types[count - 1]);
}
