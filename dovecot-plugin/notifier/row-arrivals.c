#include "lib.h"
#include "array.h"
#include "device.h"
#include "event-line.h"
#include "notifier.h"
#include "push.h"
#include "rang.h"
#include "row-arrivals.h"
#include "users-private.h"

/* Up to this generation the row is in flight. */
static int64_t open_gen(const struct device *device)
{
	return device->push != NULL && device->push->state != PUSH_QUEUED ?
		device->push->gen : 0;
}

void row_arrivals_free(struct device *device)
{
	if (array_is_created(&device->arrivals.list))
		array_free(&device->arrivals.list);
	i_zero(&device->arrivals);
}

void row_arrivals_unknown(struct device *device)
{
	device->arrivals.unlisted_gen = device->gen;
	device->arrivals.others = TRUE;
}

static void arrivals_list(struct device *device, int64_t mailbox, uint32_t uid)
{
	struct row_arrivals *arrivals = &device->arrivals;
	struct row_arrival *arrival;

	if (!array_is_created(&arrivals->list))
		i_array_init(&arrivals->list, 4);
	if (uid == 0 || array_count(&arrivals->list) >= ROW_ARRIVALS_MAX) {
		arrivals->unlisted_gen = device->gen;
		return;
	}
	arrival = array_append_space(&arrivals->list);
	arrival->mailbox = mailbox;
	arrival->gen = device->gen;
	arrival->uid = uid;
}

void row_arrivals_known(struct device *device, int64_t mailbox, uint32_t uid)
{
	if (device->arrivals.unlisted_gen == 0)
		return;
	row_arrivals_free(device);
	arrivals_list(device, mailbox, uid);
}

void row_arrivals_add(struct device *device, const struct lemo_event *event)
{
	arrivals_list(device, event_mailbox_key(event), event->uid);
}

unsigned int row_arrivals_end(struct device *device,
			      const struct lemo_event *event, bool tried)
{
	struct row_arrivals *arrivals = &device->arrivals;
	int64_t mailbox = event_mailbox_key(event);
	const struct row_arrival *arrival;
	unsigned int i, ended = 0;

	if (!array_is_created(&arrivals->list))
		return 0;
	for (i = array_count(&arrivals->list); i-- > 0; ) {
		arrival = array_idx(&arrivals->list, i);
		if (arrival->mailbox != mailbox ||
		    !event_has_uid(event, arrival->uid))
			continue;
		if (!tried && arrival->gen > open_gen(device)) {
			rang_remove(device->users->notifier->rang, device->id,
				    mailbox, arrival->uid);
		}
		array_delete(&arrivals->list, i, 1);
		ended++;
	}
	return ended;
}

bool row_arrivals_wait(const struct device *device, int64_t *mailbox_r)
{
	const struct row_arrivals *arrivals = &device->arrivals;
	const struct row_arrival *arrival;
	int64_t open = open_gen(device);

	*mailbox_r = 0;
	if (array_is_created(&arrivals->list)) {
		array_foreach(&arrivals->list, arrival) {
			if (arrival->gen <= open)
				continue;
			*mailbox_r = arrival->mailbox;
			return TRUE;
		}
	}
	return arrivals->unlisted_gen > open;
}

void row_arrivals_sent(struct device *device, int64_t gen)
{
	struct row_arrivals *arrivals = &device->arrivals;
	const struct row_arrival *arrival;
	unsigned int i;

	arrivals->others = FALSE;
	if (arrivals->unlisted_gen <= gen)
		arrivals->unlisted_gen = 0;
	if (!array_is_created(&arrivals->list))
		return;
	for (i = array_count(&arrivals->list); i-- > 0; ) {
		arrival = array_idx(&arrivals->list, i);
		if (arrival->gen <= gen)
			array_delete(&arrivals->list, i, 1);
	}
}
