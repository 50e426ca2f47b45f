#ifndef LEMO_TZIF_H
#define LEMO_TZIF_H

/*
 * What a clock on the wall shows: the offset from UTC at a time, out of the
 * bytes of a zoneinfo file (TZif, RFC 9636, versions 1 to 4; RFC 8536).
 * Whatever the bytes are, nothing outside of them is read.
 */

#include <stddef.h>
#include <stdint.h>

/* Offsets are within so many seconds of UTC (RFC 9636 3.2 asks for -25 to
   +26 hours). */
#define LEMO_TZIF_OFFSET_MAX (26 * 3600)

/* When a part of the year begins, in the POSIX TZ string. */
struct lemo_tzif_date {
	enum {
		LEMO_TZIF_JULIAN, /* Jn: 1 to 365, no February 29 */
		LEMO_TZIF_DAY,    /* n: 0 to 365 */
		LEMO_TZIF_WEEK    /* Mm.w.d */
	} kind;
	unsigned int month, week, day;
	int32_t time; /* seconds from midnight, perhaps negative */
};

/* Private; points into the file. */
struct lemo_tzif {
	const unsigned char *times, *types, *infos;
	unsigned int times_count, time_size, infos_count;
	/* the TZ string in the footer: for times after the last transition */
	int has_footer, has_dst;
	int32_t std_offset, dst_offset;
	struct lemo_tzif_date dst_begin, dst_end;
};

/* Parses the bytes, which must live as long as *tz_r is used. Returns 0, or
   -1 with *error_r (constant) and *tz_r untouched. Files that count leap
   seconds ("right/") are refused: Unix time does not. */
int lemo_tzif_parse(const void *data, size_t size, struct lemo_tzif *tz_r,
		    const char **error_r);

/* The offset, seconds east of UTC, at the Unix time t. until_r: it is the
   same for all times before that one; INT64_MAX if it never changes again. */
int32_t lemo_tzif_offset(const struct lemo_tzif *tz, int64_t t,
			 int64_t *until_r);

#endif
