#ifndef ROW_ARRIVALS_H
#define ROW_ARRIVALS_H

/*
 * The messages whose alerts are merged in a device's row. One that is read
 * before the row was sent takes itself out of it, and not the others. In
 * memory only: after a restart it is not known, and then the row rings.
 */

#include "lemo-event.h"

struct device;

/* More are not listed, i.e. ring. */
#define ROW_ARRIVALS_MAX 64

struct row_arrival {
	int64_t mailbox, gen;
	uint32_t uid;
};

struct row_arrivals {
	ARRAY(struct row_arrival) list; /* created when it is needed */
	/* up to this generation of the row there are some that are not
	   listed; 0 = none */
	int64_t unlisted_gen;
	/* something else is merged in the row, too */
	bool others;
};

void row_arrivals_free(struct device *device);
/* The row was read from the outbox. */
void row_arrivals_unknown(struct device *device);
/* Then it turns out to have been one message's alert alone. */
void row_arrivals_known(struct device *device, int64_t mailbox, uint32_t uid);
/* The event, an arrival, is in the row as of its generation now. */
void row_arrivals_add(struct device *device, const struct lemo_event *event);
/* Its messages need no alert any more: forgets those of the row, and, inside a
   transaction, that they rang, unless they perhaps did. Returns how many. */
unsigned int row_arrivals_end(struct device *device,
			      const struct lemo_event *event, bool tried);
/* True if there are any whose push is not in flight. mailbox_r: of one of
   them, 0 if it is not known. */
bool row_arrivals_wait(const struct device *device, int64_t *mailbox_r);
/* The row was sent as it was in that generation. */
void row_arrivals_sent(struct device *device, int64_t gen);

#endif
