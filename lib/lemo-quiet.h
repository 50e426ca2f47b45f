#ifndef LEMO_QUIET_H
#define LEMO_QUIET_H

/*
 * Quiet hours: times of the week at which a device is not to ring, by the
 * clock on the wall of a time zone. An hour that the clock shows twice is
 * quiet twice, and where it skips the end, quiet ends with the jump.
 */

#include "lemo-tzif.h"

#include <stdbool.h>

/* Octets of a zone's name; the longest of IANA has 32. */
#define LEMO_ZONE_NAME_MAX 64
/* Minutes of a day and a week. */
#define LEMO_QUIET_DAY 1440
#define LEMO_QUIET_WEEK (7 * LEMO_QUIET_DAY)

struct lemo_quiet {
	char zone[LEMO_ZONE_NAME_MAX + 1];
	/* hold urgent events, too */
	bool hold_urgent;
	/* a bit a minute from Monday 00:00 on, set where it is quiet */
	unsigned char week[LEMO_QUIET_WEEK / 8];
};

/* A name of the IANA time zone database: words of letters, digits, "_", "+"
   and "-" with "/" between them, so that it never leaves the directory in
   which it is looked up. */
bool lemo_zone_name_is_valid(const char *name);

/* "mo-fr", "sa,su", "fr-mo": days and ranges of them, in any case, into bits
   1 << 0 (Monday) to 1 << 6. False, *days_r untouched, if it is none. */
bool lemo_quiet_parse_days(const char *str, unsigned int *days_r);
/* "00:00" to "24:00" in minutes. */
bool lemo_quiet_parse_clock(const char *str, unsigned int *minutes_r);

/* Quiet from a minute of each of these days (below LEMO_QUIET_DAY) to the
   next `to' (at most LEMO_QUIET_DAY), which is on the next day if it is not
   after `from'. */
void lemo_quiet_add(struct lemo_quiet *quiet, unsigned int days,
		    unsigned int from, unsigned int to);
/* True if no minute is left in which it is not quiet. */
bool lemo_quiet_is_endless(const struct lemo_quiet *quiet);

/* True if it is quiet at the Unix time t; then *end_r is the first time after
   it when it is not. tz: of quiet->zone. */
bool lemo_quiet_at(const struct lemo_quiet *quiet, const struct lemo_tzif *tz,
		   int64_t t, int64_t *end_r);

#endif
