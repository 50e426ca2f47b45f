#ifndef LEMO_TIME_H
#define LEMO_TIME_H

/*
 * Dates as text, to Unix time and from it. No clock, no time zone of the process.
 */

#include "lemo-buf.h"

/* RFC 3339 date-time, e.g. 2026-01-31T12:00:00.5+01:00; T and Z in upper
   case, as the stricter formats of RFC 8620 and CloudEvents want them. The
   fraction is checked and dropped. False, *time_r untouched, if it is none. */
bool lemo_time_parse_rfc3339(const char *str, size_t len, int64_t *time_r);
/* IMF-fixdate (RFC 9110 5.6.7), e.g. Sun, 06 Nov 1994 08:49:37 GMT. */
bool lemo_time_parse_imf(const char *str, size_t len, int64_t *time_r);

/* Appends the date as a mail's header has it (RFC 5322 3.3), in UTC, e.g.
   Sun, 06 Nov 1994 08:49:37 +0000. What is before 1970 is 1970. */
void lemo_time_add_rfc5322(struct lemo_buf *buf, int64_t time);

#endif
