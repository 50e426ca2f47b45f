#ifndef PUSH_H
#define PUSH_H

/*
 * A row of the outbox while it is in memory: queued because it is due and
 * there was room, in flight, or answered and not yet written off. At most
 * PUSHES_MAX of them exist; all others are only rows.
 */

#include "channel.h"

struct device;
struct feed;
struct notifier;
struct user;
struct scheduler;
struct origin;
struct event_line;

#define PUSHES_MAX 2048

/* Which event speaks for a merged row: the highest, then the latest. */
enum row_class {
	ROW_CLASS_VERIFICATION = 0,
	ROW_CLASS_OTHER,
	ROW_CLASS_ARRIVAL,
	/* an arrival that quiet hours let pass */
	ROW_CLASS_URGENT
};

enum push_state {
	PUSH_QUEUED,
	PUSH_IN_FLIGHT,
	PUSH_FINISHED
};

/* Why it finished without a request having been made. */
enum push_refusal {
	PUSH_REFUSED_NOT = 0,
	/* no channel, no target any more, never verified */
	PUSH_REFUSED_TARGET,
	/* it waited longer than it is worth */
	PUSH_REFUSED_LATE,
	/* try again at not_before */
	PUSH_REFUSED_BUDGET,
	/* quiet hours have begun */
	PUSH_REFUSED_QUIET
};

struct push {
	/* of the origin's queue, or of those finished */
	struct push *prev, *next;
	struct scheduler *scheduler;
	enum push_state state;
	struct origin *origin;

	/* NULL when the row is not to be touched any more */
	struct user *user;
	struct device *device; /* NULL for the feed */
	int64_t seq;           /* of the feed */
	const struct feed *feed;

	struct event_line *line;
	/* the row as it was when the request was made */
	int64_t gen, expires;
	unsigned int events, tries;

	/* while in flight */
	struct target *target;
	struct channel_job job;
	char *push_id, *code;
	int64_t sent_at, answered_at;
	/* sent_at in the wall clock's milliseconds */
	int64_t sent_wall;
	/* made when it was sent, for the duration of its named event */
	struct event *sent_event;

	/* the day that a try was counted in, see sms-cap.h; -1 = none */
	int64_t sms_day;

	/* when finished */
	enum push_refusal refusal;
	int64_t not_before;
	/* when it is tried again, 0 if it is not */
	int64_t next_try;
	struct channel_result result;
	char *result_text;
};

/* A new one at the end of its origin's queue, with a reference of its own to
   the line. */
struct push *push_add_device(struct origin *origin, struct device *device,
			     struct event_line *line);
/* feed: NULL if the admin took it away since. */
struct push *push_add_feed(struct origin *origin, struct user *user,
			   const struct feed *feed, struct event_line *line,
			   int64_t seq);
void push_free(struct push **push);
/* The row is gone or changes hands: a queued push is freed, one in flight ends
   without a trace. */
void push_detach(struct device *device);
/* What is in flight ends without a trace: its row will be tried again. */
void push_abandon(struct push *push);
/* Frees it if it is queued only; the row stays. */
void push_forget_queued(struct device *device);

/* Makes the request; it is taken from the queue already. */
void push_send(struct push *push);
/* Writes off what was answered. Inside a transaction; freed by the caller. */
void push_write_off(struct push *push);

/* Other words for what came of it; copied. */
void push_set_text(struct push *push, const char *text);

/* Fills a job for a device, for push_send() and for tests of the admin. */
void push_fill_job(struct channel_job *job, const struct target *target,
		   const struct event_line *line, unsigned int events);
void push_fill_feed_job(struct channel_job *job,
			const struct notifier *notifier,
			const struct feed *feed, const struct event_line *line,
			uint32_t uid);
bool push_is_verification(const struct event_line *line);

#endif
