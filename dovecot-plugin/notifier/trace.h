#ifndef TRACE_H
#define TRACE_H

/*
 * What became of which event, for `doveadm lemonade trace': lines of
 * lib/lemo-trace.h in files below lemonade_state_dir, those of each system
 * uid apart. They are written once a transaction, without fsync: the trace
 * may lack the last moment before a crash, but nobody waits for it. It never
 * holds a token, a key, a path of a URL or a word of a message.
 *
 * A file is named UID.START (wall clock, ms) and ends at a size or an age.
 * Files older than lemonade_trace_retention go; of more than
 * lemonade_trace_size together the oldest of the uid that has most, so that
 * a flood of one uid leaves the traces of others.
 *
 * All calls do nothing where lemonade_trace_retention is 0.
 */

#include "device.h"

struct account;
struct event_line;
struct notifier;
struct push;
struct trace;

#define TRACE_DIR_NAME "trace"

/* NULL if the trace is off. Needs accounts. */
struct trace *trace_init(struct notifier *notifier);
void trace_deinit(struct trace **trace);

/* A mail process told an event: what follows, until trace_end(), comes of it.
   feed: the feed gets it. */
void trace_event(struct trace *trace, struct account *account,
		 const struct lemo_event *event, bool feed);
/* What follows, until trace_end(), comes of this push. */
void trace_push(struct trace *trace, const struct push *push);
/* An event that trace_event() told is looked at once more. */
void trace_again(struct trace *trace, const struct lemo_event *event);
/* What follows, until trace_end(), comes of all events of a device that were
   kept back for this reason and go now; event: the one that speaks for them. */
void trace_resume(struct trace *trace, const struct lemo_event *event,
		  enum held_back reason);
void trace_end(struct trace *trace);

/* A condition did not let the event through; device_hold_back() calls it. */
void trace_held_back(const struct device *device, enum held_back reason);
/* Its row, as it is now. wait: milliseconds until it may go. */
void trace_queued(const struct device *device, int64_t wait);
void trace_merged(const struct device *device);
/* The row ends without a push; call it while the device has it. why: words
   without secrets. */
void trace_row_gone(const struct device *device, const char *why);
/* What was held back for later is not needed any more. */
void trace_not_resumed(const struct device *device, const char *why);
/* A push was answered, or refused before it was made: what stands for it in
   the log ("done", "retry", "permanent", ...). */
void trace_answered(const struct push *push, const char *what);
/* Anything else worth telling of a device: words without secrets. event: NULL
   for the one that trace_event() or trace_push() said, if any. */
void trace_note(const struct device *device, const struct lemo_event *event,
		const char *words);

/* The transaction is over: writes what it brought, or forgets it. */
void trace_commit(struct trace *trace, bool committed);

struct trace_stats {
	uint64_t octets;
	unsigned int files;
};
void trace_get_stats(const struct trace *trace, struct trace_stats *stats_r);

#endif
