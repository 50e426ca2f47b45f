#include "lib.h"
#include "ioloop-private.h"
#include "time-util.h"
#include "clock-watch.h"
#include "notify-clock.h"

#include <sys/timerfd.h>
#include <unistd.h>

/* Between two beats of either timer, and how late a beat of the loop's may be.
   What the loop itself takes long for does not count: it beats first. */
#define BEAT_MSECS 500
#define LATE_MSECS (2 * BEAT_MSECS)

struct clock_watch {
	int fd;
	struct io *io;
	/* the loop's own timer and when it ran last, by both clocks */
	struct timeout *to;
	int64_t beat;
	struct timeval wall_beat;
};

static void clock_watch_beat(struct clock_watch *watch)
{
	watch->beat = notify_clock_msecs();
	i_gettimeofday(&watch->wall_beat);
}

/* What the wall clock showed now, had it not been set. */
static struct timeval clock_watch_expected(const struct clock_watch *watch)
{
	struct timeval tv = watch->wall_beat;

	timeval_add_msecs(&tv, notify_clock_msecs() - watch->beat);
	return tv;
}

static void clock_watch_input(struct clock_watch *watch)
{
	struct timeval now, expected = clock_watch_expected(watch);
	uint64_t count;

	if (read(watch->fd, &count, sizeof(count)) < 0)
		return;
	if (notify_clock_msecs() - watch->beat <= BEAT_MSECS + LATE_MSECS)
		return;
	i_gettimeofday(&now);
	if (timeval_cmp(&now, &expected) >= 0)
		return;
	/* as if this were the time before it was set back: the loop compares
	   the two and moves all its timeouts */
	ioloop_timeval = expected;
	io_loop_handle_timeouts(current_ioloop);
	clock_watch_beat(watch);
}

struct clock_watch *clock_watch_init(void)
{
	const struct itimerspec spec = {
		.it_interval = { .tv_nsec = BEAT_MSECS * 1000000 },
		.it_value = { .tv_nsec = BEAT_MSECS * 1000000 },
	};
	struct clock_watch *watch = i_new(struct clock_watch, 1);

	watch->fd = timerfd_create(CLOCK_MONOTONIC,
				   TFD_NONBLOCK | TFD_CLOEXEC);
	if (watch->fd < 0 || timerfd_settime(watch->fd, 0, &spec, NULL) < 0)
		i_fatal("timerfd failed: %m");
	watch->io = io_add(watch->fd, IO_READ, clock_watch_input, watch);
	watch->to = timeout_add_short(BEAT_MSECS, clock_watch_beat, watch);
	clock_watch_beat(watch);
	return watch;
}

void clock_watch_deinit(struct clock_watch **_watch)
{
	struct clock_watch *watch = *_watch;

	*_watch = NULL;
	timeout_remove(&watch->to);
	io_remove(&watch->io);
	i_close_fd(&watch->fd);
	i_free(watch);
}
