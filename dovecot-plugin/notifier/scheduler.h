#ifndef SCHEDULER_H
#define SCHEDULER_H

/*
 * When which row is tried. Each origin (scheme, host, port) has a queue of
 * its own, a cap of open requests, a breaker and a budget; origins that have
 * work take turns. Rows stay in the outbox until they are due and their
 * origin has room; an origin is in memory while it has work.
 */

#include "lemo-retry.h"

struct notifier;
struct device;
struct user;
struct feed;
struct event_line;
struct push;

/* Requests in flight at once, to all origins together. */
#define SCHEDULER_OPEN_MAX 512

struct scheduler *scheduler_init(struct notifier *notifier);
void scheduler_deinit(struct scheduler **scheduler);
/* What is answered from now on leaves no trace. */
void scheduler_stop(struct scheduler *scheduler);
/* The outbox was opened anew: drops all that is queued in memory, lets what
   is in flight end without a trace, and looks for rows that are due. */
void scheduler_reset(struct scheduler *scheduler);

/* Inside a transaction: a row was added. Nothing is sent before
   scheduler_run(). */
void scheduler_add_device(struct scheduler *scheduler, struct device *device,
			  struct event_line *line, int64_t due,
			  int64_t expires);
void scheduler_add_feed(struct scheduler *scheduler, struct user *user,
			struct event_line *line, int64_t seq, int64_t due,
			int64_t expires);
/* Rows of this origin may be due that are not in memory. */
void scheduler_origin_changed(struct scheduler *scheduler, int64_t key);
/* Some row of this origin is due at that time. */
void scheduler_origin_due(struct scheduler *scheduler, int64_t key,
			  int64_t due);
/* doveadm lemonade retry: closes all breakers and looks for due rows. */
void scheduler_retry_all(struct scheduler *scheduler);

/* Sends what may be sent. Outside of transactions. */
void scheduler_run(struct scheduler *scheduler);
/* Pushes answered and not yet written off, and doing that inside a
   transaction. */
unsigned int scheduler_finished_count(const struct scheduler *scheduler);
void scheduler_flush(struct scheduler *scheduler);

struct scheduler_stats {
	unsigned int origins, breakers_open, in_flight, queued;
};
void scheduler_get_stats(struct scheduler *scheduler,
			 struct scheduler_stats *stats_r);

#endif
