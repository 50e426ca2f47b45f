/* A clock that is set while the loop does not look. */

#include "lib.h"
#include "ioloop.h"
#include "time-util.h"
#include "test-common.h"
#include "clock-watch.h"
#include "notify-clock.h"

#include <signal.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define HOUR 3600

static long clock_ahead;

/* libdovecot finds this one before libc's. */
int gettimeofday(struct timeval *restrict tv, void *restrict tz ATTR_UNUSED)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_REALTIME, &ts) < 0)
		return -1;
	tv->tv_sec = ts.tv_sec + clock_ahead;
	tv->tv_usec = ts.tv_nsec / 1000;
	return 0;
}

static int fds[2];
static struct io *io;
static int64_t last_time;
static unsigned int ticks;

static void time_moved(const struct timeval *old ATTR_UNUSED,
		       const struct timeval *new ATTR_UNUSED)
{
}

static void input(void *context ATTR_UNUSED)
{
	io_remove(&io);
	clock_ahead -= HOUR;
}

static void tick(void *context ATTR_UNUSED)
{
	last_time = notify_clock_msecs();
	if (++ticks == 3)
		io_loop_stop(current_ioloop);
}

static void give_up(int sig ATTR_UNUSED)
{
	static const char text[] = "the timeout never came\n";

	if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
		_exit(2);
	_exit(1);
}

static void test_set_back_unseen(void)
{
	struct ioloop *ioloop = io_loop_create();
	struct clock_watch *watch = clock_watch_init();
	struct timeout *to = timeout_add_short(100, tick, NULL);
	int64_t started = notify_clock_msecs();

	test_begin("clock is set back while callbacks run");
	io_loop_set_time_moved_callback(ioloop, time_moved);
	if (pipe(fds) < 0)
		i_fatal("pipe() failed: %m");
	/* readable at once */
	io = io_add(fds[0], IO_READ, input, NULL);
	test_assert(write(fds[1], "x", 1) == 1);
	(void)signal(SIGALRM, give_up);
	(void)alarm(20);
	io_loop_run(ioloop);
	(void)alarm(0);
	test_assert(clock_ahead == -HOUR);
	test_assert(ticks == 3);
	test_assert(last_time - started >= 300);
	test_assert(last_time - started < 10 * 1000);
	timeout_remove(&to);
	clock_watch_deinit(&watch);
	io_loop_destroy(&ioloop);
	i_close_fd(&fds[0]);
	i_close_fd(&fds[1]);
	test_end();
}

int main(void)
{
	static void (*const tests[])(void) = {
		test_set_back_unseen,
		NULL
	};

	return test_run(tests);
}
