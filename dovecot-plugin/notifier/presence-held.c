/* A client whose connection dies is known to be dead only some seconds after
   the first message that it was sent and did not get. So the last message that
   was held back is kept, to ring if that turns out. */

#include "lib.h"
#include "ioloop.h"
#include "llist.h"
#include "account.h"
#include "device.h"
#include "event-line.h"
#include "ingest.h"
#include "ingest-event.h"
#include "notifier.h"
#include "notify-clock.h"
#include "presence-private.h"

/* It may have been sent a little before the last acknowledgement, which was
   for something else. */
#define MARGIN_MSECS 1000

/* Where the outbox fails. */
#define RETRY_MSECS 1000

/* A message that rings after all, as soon as the outbox takes it. */
struct presence_ring {
	struct presence_ring *prev, *next;
	struct notifier *notifier;
	uint32_t uid;
	struct event_line *line;
	char *device;
};

void presence_held_set(struct presence_session *session,
		       const struct device *device, struct event_line *line)
{
	if (!event_is_arrival(&line->event))
		return;
	event_line_ref(line);
	presence_held_free(session);
	session->held = line;
	session->held_device = i_strdup(device->name);
	session->held_since = notify_clock_msecs();
}

void presence_held_free(struct presence_session *session)
{
	event_line_unref(&session->held);
	i_free(session->held_device);
}

static void ring_add(struct presence *presence,
		     const struct presence_session *session)
{
	struct presence_ring *ring = i_new(struct presence_ring, 1);

	ring->notifier = presence->notifier;
	ring->uid = session->user->account->uid;
	ring->line = session->held;
	event_line_ref(ring->line);
	ring->device = i_strdup(session->held_device);
	DLLIST2_APPEND(&presence->rings_head, &presence->rings_tail, ring);
}

static void ring_free(struct presence *presence)
{
	struct presence_ring *ring = presence->rings_head;

	DLLIST2_REMOVE(&presence->rings_head, &presence->rings_tail, ring);
	event_line_unref(&ring->line);
	i_free(ring->device);
	i_free(ring);
}

static void ring_again(void *context)
{
	struct presence_ring *ring = context;
	struct notifier *notifier = ring->notifier;

	ingest_event_again(notifier,
			   account_get(notifier->accounts, ring->uid),
			   ring->line, ring->device);
}

static void rings_run(struct presence *presence)
{
	struct ingest *ingest = presence->notifier->ingest;

	timeout_remove(&presence->to_rings);
	while (presence->rings_head != NULL &&
	       ingest_transaction(ingest, ring_again,
				  presence->rings_head) == 0)
		ring_free(presence);
	ingest_want_turn(ingest);
	if (presence->rings_head != NULL) {
		presence->to_rings = timeout_add(RETRY_MSECS, rings_run,
						 presence);
	}
}

void presence_held_ring(struct presence *presence,
			struct presence_session *session, int64_t dead_msecs)
{
	int64_t dead_since = notify_clock_msecs() - dead_msecs - MARGIN_MSECS;

	if (session->held != NULL && session->held_since >= dead_since) {
		ring_add(presence, session);
		rings_run(presence);
	}
	presence_held_free(session);
}

void presence_held_deinit(struct presence *presence)
{
	timeout_remove(&presence->to_rings);
	while (presence->rings_head != NULL)
		ring_free(presence);
}
