#ifndef HELD_H
#define HELD_H

/*
 * What quiet hours hold back: the events of a device in the outbox, each
 * message by itself, so that one that is read meanwhile is not counted. When
 * the hours end they become one row, a summary.
 */

#include "lemo-event.h"

struct notifier;
struct account;
struct device;

/* Messages held by themselves; of further ones only the number is known. */
#define HELD_PER_DEVICE 256

struct held *held_init(struct notifier *notifier);
void held_deinit(struct held **held);
/* The outbox was opened anew. -1 = it failed. */
int held_load(struct held *held);

/* Those below are called inside a transaction. */

/* Events that are one line: data, which event is decoded from. class: as in
   ingest-event.c. until: wall clock, seconds. */
struct held_event {
	const struct lemo_event *event;
	unsigned int class, events;
	const void *data;
	size_t len;
	int64_t until;
};
void held_add(struct held *held, struct device *device,
	      const struct held_event *add);
/* Holds what the device's row in the outbox has, which the caller then
   deletes. False if that may pass, or it is not quiet any more. */
bool held_take_row(struct held *held, struct device *device);

/* The event is about messages: those that are held need no alert any more,
   if it ends one. True if it says nothing of others. */
bool held_overtake(struct held *held, struct device *device,
		   const struct lemo_event *event);
/* The deliveries of those that were held last, see event_ring_key(); youngest
   first. Returns how many. */
unsigned int held_get_rings(struct held *held, const struct device *device,
			    int64_t *rings_r, unsigned int max);
/* Its quiet hours are others now. */
void held_recheck(struct held *held, struct device *device);
/* Deletes what is held. */
void held_forget(struct held *held, struct device *device);
/* Reads what is held of a device that comes into memory. -1 = it failed. */
int held_load_device(struct held *held, struct device *device);

#endif
