#include "lib.h"
#include "notify-clock.h"

#include <time.h>

static int64_t clock_offset;

static int64_t clock_msecs(clockid_t id)
{
	struct timespec ts;

	if (clock_gettime(id, &ts) < 0)
		i_fatal("clock_gettime() failed: %m");
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

void notify_clock_init(int64_t at_least)
{
	int64_t monotonic = clock_msecs(CLOCK_MONOTONIC);
	int64_t now = clock_msecs(CLOCK_REALTIME);

	if (now < at_least)
		now = at_least;
	if (now - monotonic > clock_offset)
		clock_offset = now - monotonic;
}

int64_t notify_clock_msecs(void)
{
	return clock_msecs(CLOCK_MONOTONIC) + clock_offset;
}

const char *notify_clock_rfc3339(int64_t wall_secs)
{
	time_t secs = wall_secs;
	struct tm tm;
	char buf[sizeof("9999999999-12-31T23:59:59Z")];

	if (gmtime_r(&secs, &tm) == NULL ||
	    strftime(buf, sizeof(buf), "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		return "";
	return t_strdup(buf);
}
