/*
 * Drives the notifier's http_sender against real endpoints and says in JSON,
 * a line each, what came of every request, and how late a 20 ms tick in the
 * same ioloop ever was: wall time, and CPU time between two ticks, which a busy
 * machine does not stretch. test_http_sender.py is its other half.
 *
 *   http-drive [-t timeout ms] [-a allow hosts] [-c CA file] [-x proxy]
 *              [-d dns-client socket] [-T] [-n rounds] [-j open at once]
 *              [-b body octets] [-k ms until deinit] [-m method] [-q] URL...
 *
 * -T: trusted URLs. -n: all URLs that often. -q: no line for a request.
 */

#include "lib.h"
#include "array.h"
#include "ioloop.h"
#include "lib-event.h"
#include "lemonade-settings.h"
#include "http-sender.h"

#include <stdio.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define TICK_MSECS 20

struct drive {
	struct http_sender *http;
	struct lemonade_settings set;
	const char *dns_socket, *method;
	bool trusted, quiet;
	unsigned int rounds, open_max, body_size, kill_msecs;
	const char *const *urls;
	unsigned int urls_count;

	unsigned int total, sent, done, open, ok;
	struct timeout *to_more;
	double last_tick, worst_gap, last_cpu, worst_cpu;
	unsigned int ticks;
};

struct drive_request {
	struct drive *drive;
	unsigned int number, calls;
	double started;
};

static double clock_msecs(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec * 1000.0 + ts.tv_nsec / 1000000.0;
}

static double now_msecs(void)
{
	return clock_msecs(CLOCK_MONOTONIC);
}

static void tick(struct drive *drive)
{
	double now = now_msecs(), cpu = clock_msecs(CLOCK_PROCESS_CPUTIME_ID);

	drive->worst_cpu = I_MAX(drive->worst_cpu, cpu - drive->last_cpu);
	drive->last_cpu = cpu;
	drive->worst_gap = I_MAX(drive->worst_gap, now - drive->last_tick);
	drive->last_tick = now;
	drive->ticks++;
}

static const char *answer_name(enum lemo_answer answer)
{
	switch (answer) {
	case LEMO_ANSWER_DONE:
		return "done";
	case LEMO_ANSWER_RETRY:
		return "retry";
	case LEMO_ANSWER_PERMANENT:
	case LEMO_ANSWER_GONE:
		break;
	}
	return "permanent";
}

static void drive_more(struct drive *drive);

static void drive_callback(const struct channel_result *result, void *context)
{
	struct drive_request *req = context;
	struct drive *drive = req->drive;

	i_assert(req->calls++ == 0);
	drive->done++;
	drive->open--;
	if (result->answer == LEMO_ANSWER_DONE)
		drive->ok++;
	if (!drive->quiet) {
		printf("{\"n\":%u,\"url\":%u,\"answer\":\"%s\","
		       "\"status\":%u,\"retry_after\":%u,\"origin_failed\":%s,"
		       "\"ms\":%.1f,\"text\":\"%s\"}\n", req->number,
		       req->number % drive->urls_count,
		       answer_name(result->answer), result->status,
		       result->retry_after,
		       result->origin_failed ? "true" : "false",
		       now_msecs() - req->started, result->text);
	}
	i_free(req);
	if (drive->done == drive->total)
		io_loop_stop(current_ioloop);
	else if (drive->to_more == NULL)
		drive->to_more = timeout_add_short(0, drive_more, drive);
}

static void drive_send(struct drive *drive)
{
	struct channel_request creq;
	struct drive_request *req;
	const char *type = "Content-Type: text/plain";

	i_zero(&creq);
	creq.method = drive->method;
	creq.url = drive->urls[drive->sent % drive->urls_count];
	t_array_init(&creq.headers, 1);
	array_push_back(&creq.headers, &type);
	lemo_buf_init(&creq.body, drive->body_size);
	while (creq.body.len < drive->body_size)
		lemo_buf_add(&creq.body, "x", 1);
	req = i_new(struct drive_request, 1);
	req->drive = drive;
	req->number = drive->sent++;
	req->started = now_msecs();
	drive->open++;
	http_sender_send(drive->http, &creq, drive->trusted, drive_callback,
			 req);
	lemo_buf_free(&creq.body);
}

static void drive_more(struct drive *drive)
{
	timeout_remove(&drive->to_more);
	while (drive->sent < drive->total && drive->open < drive->open_max) {
		T_BEGIN {
			drive_send(drive);
		} T_END;
	}
}

static void drive_stop(struct drive *drive ATTR_UNUSED)
{
	io_loop_stop(current_ioloop);
}

static void drive_run(struct drive *drive)
{
	struct event *event = event_create(NULL);
	struct timeout *to_tick, *to_kill = NULL;
	struct rusage before, after;
	double started = now_msecs(), cpu;

	drive->http = http_sender_init(event, &drive->set, drive->dns_socket);
	drive->last_tick = started;
	drive->last_cpu = clock_msecs(CLOCK_PROCESS_CPUTIME_ID);
	getrusage(RUSAGE_SELF, &before);
	to_tick = timeout_add_short(TICK_MSECS, tick, drive);
	if (drive->kill_msecs > 0)
		to_kill = timeout_add(drive->kill_msecs, drive_stop, drive);
	drive->to_more = timeout_add_short(0, drive_more, drive);
	io_loop_run(current_ioloop);
	tick(drive);
	getrusage(RUSAGE_SELF, &after);
	timeout_remove(&drive->to_more);
	timeout_remove(&to_tick);
	timeout_remove(&to_kill);
	drive->total = UINT_MAX;
	i_assert(http_sender_open_count(drive->http) == drive->open);
	http_sender_deinit(&drive->http);
	timeout_remove(&drive->to_more);
	i_assert(drive->open == 0);
	event_unref(&event);
	cpu = after.ru_utime.tv_sec - before.ru_utime.tv_sec +
		after.ru_stime.tv_sec - before.ru_stime.tv_sec +
		(after.ru_utime.tv_usec - before.ru_utime.tv_usec +
		 after.ru_stime.tv_usec - before.ru_stime.tv_usec) / 1e6;
	printf("{\"ticks\":%u,\"gap_ms\":%.1f,\"gap_cpu_ms\":%.1f,"
	       "\"requests\":%u,\"ok\":%u,\"cpu_s\":%.3f,\"wall_s\":%.3f,"
	       "\"rss_kb\":%ld}\n", drive->ticks, drive->worst_gap,
	       drive->worst_cpu, drive->done, drive->ok, cpu,
	       (drive->last_tick - started) / 1000, after.ru_maxrss);
}

static unsigned int number(const char *str)
{
	unsigned int num;

	if (str_to_uint(str, &num) < 0)
		i_fatal("Not a number: %s", str);
	return num;
}

static bool drive_option(struct drive *drive, int option, const char *value)
{
	switch (option) {
	case 't': drive->set.lemonade_request_timeout = number(value); break;
	case 'a': drive->set.lemonade_allow_hosts = value; break;
	case 'c': drive->set.lemonade_ca_file = value; break;
	case 'x': drive->set.lemonade_http_proxy = value; break;
	case 'd': drive->dns_socket = value; break;
	case 'm': drive->method = value; break;
	case 'T': drive->trusted = TRUE; break;
	case 'q': drive->quiet = TRUE; break;
	case 'n': drive->rounds = number(value); break;
	case 'j': drive->open_max = number(value); break;
	case 'b': drive->body_size = number(value); break;
	case 'k': drive->kill_msecs = number(value); break;
	default: return FALSE;
	}
	return TRUE;
}

int main(int argc, char *argv[])
{
	struct drive drive = {
		.set = {
			.lemonade_request_timeout = 2000,
			.lemonade_allow_hosts = "",
			.lemonade_ca_file = "",
			.lemonade_http_proxy = "",
		},
		.dns_socket = "/nonexistent/dns-client",
		.method = "POST",
		.rounds = 1,
		.open_max = HTTP_SENDER_OPEN_MAX,
		.body_size = 300,
	};
	struct ioloop *ioloop;
	int option;

	while ((option = getopt(argc, argv, "t:a:c:x:d:m:Tqn:j:b:k:")) > 0) {
		if (!drive_option(&drive, option, optarg))
			return 2;
	}
	if (optind == argc)
		return 2;
	drive.urls = (const char *const *)argv + optind;
	drive.urls_count = argc - optind;
	drive.total = drive.rounds * drive.urls_count;
	lib_init();
	ioloop = io_loop_create();
	drive_run(&drive);
	io_loop_destroy(&ioloop);
	lib_deinit();
	return 0;
}
