#ifndef CLOCK_WATCH_H
#define CLOCK_WATCH_H

/*
 * Dovecot's timeouts are times of the wall clock. Its loop moves them when it
 * sees that the clock was set back, but it sees that only while it waits: set
 * back while callbacks run, all timeouts stand still until the clock is where
 * it was. The watch has a timer of the monotonic clock, notices, and makes the
 * loop look.
 */

/* A part of the current ioloop. */
struct clock_watch *clock_watch_init(void);
void clock_watch_deinit(struct clock_watch **watch);

#endif
