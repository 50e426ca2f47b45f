#ifndef SCHEDULER_PRIVATE_H
#define SCHEDULER_PRIVATE_H

/* For scheduler.c, scheduler-load.c, origin.c and push*.c. */

#include "hash.h"
#include "priorityq.h"
#include "push.h"
#include "scheduler.h"

/* Origins in memory; idle ones give way first. */
#define ORIGINS_MAX 8192
/* An origin's rows in memory: what it can use soon, and no more. */
#define ORIGIN_QUEUE_MAX 256

/* One of the two tables that hold rows of an origin. */
struct origin_rows {
	/* rows may be due that are not in memory */
	bool backlog;
	/* where reading them goes on: all before are in memory or not due */
	int64_t cursor_due, cursor_uid, cursor_id;
	/* when the next row will be due, INT64_MAX if none is known */
	int64_t next_due;
};

struct origin {
	struct priorityq_item item; /* must be first; by wake_at */
	int64_t wake_at;
	bool in_priorityq, is_ready;

	struct scheduler *scheduler;
	struct origin *prev, *next;             /* all, latest used first */
	struct origin *ready_prev, *ready_next; /* those that take turns */
	int64_t key;
	char *name; /* NULL until a row told it */

	struct push *queue_head, *queue_tail;
	struct push *open_head;
	unsigned int queued, in_flight;
	/* no limit on requests: log and null */
	bool is_local;
	/* a feed's, see feeds.h: events and not requests, which count in no
	   other limit */
	unsigned int window;

	struct origin_rows device_rows, feed_rows;

	struct lemo_breaker breaker;
	struct lemo_budget budget;
	int64_t budget_until;
	/* failures of requests that were made before it are not news */
	int64_t last_failure;
};

struct scheduler {
	struct notifier *notifier;
	struct event *event;
	HASH_TABLE(int64_t *, struct origin *) origins;
	struct origin *head, *tail;
	struct origin *ready_head, *ready_tail;
	struct priorityq *wakes;

	struct push *finished_head, *finished_tail;
	/* in_flight: without those of origins that have a window */
	unsigned int finished_count, in_flight, pushes_count;

	struct timeout *to_wake, *to_sweep;
	/* where looking for origins goes on */
	int64_t sweep_device_origin, sweep_feed_origin;
	/* all have been looked at once since the outbox was opened */
	bool swept;
	bool running, stopping;
};

/* origin.c */
struct origin *origin_get(struct scheduler *scheduler, int64_t key);
void origin_set_name(struct origin *origin, const char *name);
void origin_free(struct origin *origin);
/* Back to where all its work is in the outbox only. */
void origin_drop_queue(struct origin *origin);
/* Puts it among the ready ones, or sets when to look at it again. */
void origin_update(struct origin *origin);
/* May one more request be made now? False sets when to ask again. */
bool origin_may_send(struct origin *origin);
void origin_answered(struct origin *origin, const struct push *push);
/* Up to now, rows have become due: marks their backlog. */
void origin_wake(struct origin *origin, int64_t now);
unsigned int origin_max_open(const struct origin *origin);

/* scheduler-load.c: reads some due rows into the origin's queue. */
void origin_load(struct origin *origin);
/* Looks at some more origins in the outbox. */
void scheduler_sweep(struct scheduler *scheduler);

/* scheduler.c */
void scheduler_finished(struct scheduler *scheduler, struct push *push);
void scheduler_wake_at(struct scheduler *scheduler);

#endif
