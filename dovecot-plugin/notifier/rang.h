#ifndef RANG_H
#define RANG_H

/*
 * Which messages rang which device: a read, trashed or expunged message is
 * worth a push only if it did, and one delivery rings a device once, however
 * many copies it makes. Some RANG_PER_DEVICE are remembered a device.
 */

#include "lemo-event.h"

struct notifier;

#define RANG_PER_DEVICE 256

struct rang *rang_init(struct notifier *notifier);
void rang_deinit(struct rang **rang);
int rang_load(struct rang *rang);

/* Inside a transaction. The event's messages are about to ring the device;
   ring: event_ring_key(). */
void rang_add(struct rang *rang, int64_t device,
	      const struct lemo_event *event, int64_t ring);
/* True if one of the event's messages did. */
bool rang_has(struct rang *rang, int64_t device,
	      const struct lemo_event *event);
/* Inside a transaction: this message did not ring it after all. mailbox:
   event_mailbox_key(). */
void rang_remove(struct rang *rang, int64_t device, int64_t mailbox,
		 uint32_t uid);
/* The ring keys of the last hour, latest first; returns how many, <= max. */
unsigned int rang_get_rings(struct rang *rang, int64_t device,
			    int64_t *rings_r, unsigned int max);
/* Inside a transaction: the device is gone. */
void rang_forget(struct rang *rang, int64_t device);
/* Inside a transaction: folds the log into the table if it is long, or, when
   there is nothing else to do, if it is not empty. */
void rang_maintain(struct rang *rang, bool idle);

#endif
