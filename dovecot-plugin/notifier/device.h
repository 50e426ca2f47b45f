#ifndef DEVICE_H
#define DEVICE_H

/*
 * A device's state: what its status entry shows, whether it is verified or
 * disabled, and what is known of its row in the outbox.
 */

#include "device-endpoint.h"
#include "lemo-event.h"
#include "lemo-retry.h"
#include "row-arrivals.h"

struct notifier;
struct users;
struct user;
struct target;
struct push;

/* Why an event did not become a push; counted for the status. */
enum held_back {
	HELD_BACK_INVALID = 0,
	HELD_BACK_DISABLED,
	HELD_BACK_EXPIRED,
	HELD_BACK_EVENTS,
	HELD_BACK_ACL,
	HELD_BACK_OWN,
	HELD_BACK_FILTER,
	HELD_BACK_UNVERIFIED,
	/* about a message that never rang this device */
	HELD_BACK_SILENT,
	/* a second copy of one delivery */
	HELD_BACK_COPY,
	/* delayed rather: too many pushes an hour */
	HELD_BACK_BUDGET,
	/* sent with less than it asked for */
	HELD_BACK_CEILING,
	/* delayed rather: quiet hours */
	HELD_BACK_QUIET,
	/* the push service knows it no more */
	HELD_BACK_GONE,
	/* the client is connected and sees it in-band */
	HELD_BACK_PRESENCE,
	/* push:none in the Sieve script */
	HELD_BACK_SCRIPT,
	/* no mail about mail of a machine */
	HELD_BACK_AUTO,
	HELD_BACK_COUNT
};
extern const char *const held_back_names[HELD_BACK_COUNT];

/* The delivery sessions remembered in memory. */
#define DEVICE_RINGS 8

/* A permanent error for this long, and nothing else, disables. */
#define DEVICE_DISABLE_SECS (24 * 3600)

struct device {
	struct device *next; /* of the same user */
	struct users *users;
	struct user *user;
	int64_t id; /* in the outbox; 0 = no row */
	char *name;
	/* NULL without a valid subscription */
	struct target *target;

	bool disabled;
	/* the last push met the end of the budget; for the log only */
	bool over_budget;
	/* wall clock, seconds, 0 = never */
	int64_t last_event, last_sent, failing_since;
	char *last_result;
	uint32_t held_back[HELD_BACK_COUNT];
	struct lemo_budget budget;
	struct device_endpoint endpoint;
	/* one of the above differs from the outbox */
	bool dirty;

	/* the waiting row: 0 = there is none */
	int64_t gen;
	unsigned int events; /* merged in it */
	unsigned int row_class;
	/* seconds that it may wait; 0 = not known */
	uint32_t row_ttl;
	/* an event waits for what is in flight, to follow it */
	bool row_follows;
	struct row_arrivals arrivals;
	/* it, while queued in memory, in flight or not yet written off */
	struct push *push;

	/* held by quiet hours, see held.h */
	unsigned int held_rows, held_events;

	int64_t rings[DEVICE_RINGS];
	unsigned int rings_next;
	bool rings_loaded;
};

/* Finds it in memory or in the outbox. NULL if there is none, or if the
   outbox fails. */
struct device *device_find(struct users *users, struct user *user,
			   const char *name);
/* The same, but makes one; in a uid that has as many as
   lemonade_outbox_limit one is forgotten for it. Inside a transaction. NULL on
   failure, also if all of them have rows that wait. */
struct device *device_get(struct users *users, struct user *user,
			  const char *name);
/* The subscription as it came with a line; parsed and stored if it differs
   from the one known, which also enables the device again. Inside a
   transaction. -1 with *error_r (data stack) if it is none. */
int device_set_subscription(struct device *device, const char *json,
			    const char **error_r);
/* Deletes it with all that belongs to it. Inside a transaction. */
void device_delete(struct device **device);
/* Writes the counters. Inside a transaction. */
void device_save(struct device *device);
/* Frees the memory only; for user.c. */
void device_free(struct device *device);

/* Something changed that device_save() writes. */
void device_set_dirty(struct device *device);
void device_hold_back(struct device *device, enum held_back reason);
/* The reason of a verdict. False if it is none of ours. */
bool held_back_of_verdict(const char *verdict, enum held_back *reason_r);
/* True the first time for this delivery (see event_ring_key()). */
bool device_rings_first_time(struct device *device, int64_t ring);
/* It has not rung for it after all. */
void device_forget_ring(struct device *device, int64_t ring);

/* A push was answered. */
void device_answered(struct device *device, enum lemo_answer answer,
		     const char *text);

/* Events that wait for being sent. */
unsigned int device_pending(const struct device *device);
/* The status entry, one line of JSON in the data stack. device: NULL for one
   that is not known. */
const char *device_status_json(const struct device *device);
/* First 8 hex digits of SHA-256("user\0device"), for logs; data stack. */
const char *device_log_name(const char *user, const char *device);

#endif
