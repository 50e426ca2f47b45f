#ifndef NOTIFY_CLOCK_H
#define NOTIFY_CLOCK_H

/*
 * The outbox's own time, milliseconds since the epoch or so. It starts at the
 * wall clock, then follows the monotonic one, and never goes back, not even
 * over a restart (the outbox remembers how far it was). So a clock that is
 * set an hour forward or back neither fires nor freezes what is queued.
 * Times for people (status, logs) are the wall clock's.
 */

#include <stdint.h>
#include <time.h>

/* Starts at the later of the wall clock and `at_least`. May be called again
   with a later time, when the outbox was opened. */
void notify_clock_init(int64_t at_least);
int64_t notify_clock_msecs(void);
/* The same in seconds. */
static inline time_t notify_clock_secs(void)
{
	return notify_clock_msecs() / 1000;
}
/* What the wall clock says, milliseconds. */
int64_t notify_clock_wall_msecs(void);

/* "2024-05-01T12:00:00Z" of the wall clock's seconds, in the data stack. */
const char *notify_clock_rfc3339(int64_t wall_secs);

#endif
